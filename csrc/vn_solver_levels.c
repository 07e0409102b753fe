#include "vn_solver_internal.h"

#include <math.h>
#include <string.h>

/* Multigrid is passed over where items' weights differ by more than this: it failed on all such
 * graphs that were tried. */
#define WIDE 1e7

/* Graphs at least this large are renumbered when neighbours are farther apart, on average, than
 * this share of the items. */
#define RENUMBER_SIZE 20000
#define FAR 0.05

static void release_multigrid(vn_solver *s)
{
    if (s->has_multigrid) vn_multigrid_free(&s->multigrid);
    s->has_multigrid = 0;
}

void vn_solver_release_order(vn_solver *s)
{
    vn_renumber_free(&s->renumbered);
    vn_free(s->mass);
    s->mass = NULL;
    for (int b = 0; s->border && b < s->p->n_border; b++) {
        vn_free(s->border[b]);
        s->border[b] = NULL;
    }
}

/* Work on vertices in `order`, which is taken over. */
static vn_status work_in_order(vn_solver *s, int32_t *order, int n_threads)
{
    const vn_problem *p = s->p;
    vn_status status = vn_renumber_build(&p->h, order, n_threads, &s->renumbered);
    s->mass = vn_malloc(sizeof(double) * (size_t)p->n);
    if (!s->mass) status = VN_NO_MEMORY;
    for (int b = 0; b < p->n_border; b++) {
        s->border[b] = vn_malloc(sizeof(double) * (size_t)p->n);
        if (!s->border[b]) status = VN_NO_MEMORY;
    }
    if (status != VN_OK) {
        vn_solver_release_order(s);
        return status;
    }
    vn_renumber_gather(&s->renumbered, p->mass, s->mass);
    s->view = (vn_solver_view){&s->renumbered.a, s->mass, s->border};
    s->is_renumbered = 1;
    return VN_OK;
}

/* Number the vertices as the multigrid groups them, if that brings neighbours nearer. */
static vn_status renumber(vn_solver *s, int n_threads)
{
    const vn_problem *p = s->p;
    if (s->is_renumbered || s->has_elimination || p->n < RENUMBER_SIZE || s->multigrid.n_levels < 2
        || vn_neighbour_distance(&p->h) < FAR)
        return VN_OK;
    int32_t *order;
    vn_status status = vn_multigrid_order(&s->multigrid, &order);
    if (status == VN_OK) status = work_in_order(s, order, n_threads);
    if (status == VN_OK)
        vn_multigrid_renumber(&s->multigrid, &s->renumbered.a, s->renumbered.order);
    return status;
}

vn_status vn_solver_detach(vn_solver *s, vn_solver **out)
{
    *out = NULL;
    const int has_own = (s->has_multigrid && !s->multigrid.shared)
                     || (s->has_cholesky && !s->cholesky.shared);
    if (s->has_elimination || !has_own) return VN_OK;
    vn_solver *d = vn_calloc(1, sizeof *d);
    if (!d) return VN_NO_MEMORY;
    d->n = s->n;
    d->level = s->level;
    d->is_renumbered = s->is_renumbered;
    d->renumbered.order = s->renumbered.order;
    s->renumbered.order = NULL;
    d->has_multigrid = s->has_multigrid;
    d->multigrid = s->multigrid;
    d->multigrid.level[0].a = (vn_laplacian){0};
    s->has_multigrid = 0;
    d->has_cholesky = s->has_cholesky;
    d->cholesky = s->cholesky;
    s->has_cholesky = 0;
    memset(&s->cholesky, 0, sizeof s->cholesky);
    *out = d;
    return VN_OK;
}

vn_status vn_solver_adopt(vn_solver *s, const vn_solver *donor, int n_threads)
{
    const int64_t n = s->n;
    if (s->has_elimination || donor->n != n) return VN_OK;
    if (donor->is_renumbered) {
        int32_t *order = vn_malloc(sizeof(int32_t) * (size_t)n);
        if (!order) return VN_NO_MEMORY;
        memcpy(order, donor->renumbered.order, sizeof(int32_t) * (size_t)n);
        const vn_status status = work_in_order(s, order, n_threads);
        if (status != VN_OK) return status;
    }
    s->level = donor->level;
    if (donor->has_cholesky) {
        s->has_cholesky = 1;
        return vn_cholesky_share(&donor->cholesky, &s->cholesky);
    }
    s->has_multigrid = 1;
    return vn_multigrid_share(&donor->multigrid, s->view.h, &s->multigrid);
}

/* The values of the renumbered copies. */
static void refresh_view(vn_solver *s, int n_threads)
{
    if (!s->is_renumbered) return;
    vn_renumber_refresh(&s->renumbered, &s->p->h, n_threads);
    for (int b = 0; b < s->p->n_border; b++)
        vn_renumber_gather(&s->renumbered, s->p->border[b], s->border[b]);
}

/* A parameter that those before it all but determine is taken by itself. */
static void factor_corner(vn_solver *s)
{
    const int n = s->p->n_border;
    double *l = s->corner;
    for (int a = 0; a < n; a++) {
        const double own = s->p->corner[a * n + a];
        double pivot = own;
        for (int b = 0; b < a; b++) {
            double sum = s->p->corner[a * n + b];
            for (int c = 0; c < b; c++) sum -= l[a * n + c] * l[b * n + c];
            l[a * n + b] = sum * l[b * n + b];
            pivot -= l[a * n + b] * l[a * n + b];
        }
        if (!(pivot > 1e-10 * own)) {
            memset(l + a * n, 0, sizeof(double) * (size_t)a);
            pivot = own;
        }
        l[a * n + a] = pivot > 0.0 ? 1.0 / sqrt(pivot) : 0.0;
    }
}

vn_status vn_solver_prepare(vn_solver *s, const vn_solve_options *o)
{
    const int n_threads = o->n_threads;
    vn_status status = VN_OK;
    if (s->stale_matrix) {
        refresh_view(s, n_threads);
        factor_corner(s);
        if (s->has_elimination)
            vn_eliminate_refresh(&s->elimination, &s->p->h, s->p->lower_ptr, n_threads);
    }
    s->stale_matrix = 0;
    if (s->level == VN_MULTIGRID && s->stale_level) {
        if (s->has_multigrid) {
            if (!s->multigrid.shared)
                status = vn_multigrid_refresh(&s->multigrid, n_threads, o->poll, o->poll_context);
        } else {
            status = vn_multigrid_build(vn_solver_core(s), n_threads, o->poll, o->poll_context,
                                        &s->multigrid);
            s->has_multigrid = 1;
            if (status == VN_OK) status = renumber(s, n_threads);
            refresh_view(s, n_threads);
        }
        if (status != VN_OK) release_multigrid(s);
    }
    /* an old factor serves until solves take half as many iterations again as its first */
    if (s->level == VN_CHOLESKY && s->stale_level
        && (!s->has_cholesky || 2 * s->last_iter > 3 * s->first_iter + 6)) {
        vn_cholesky_free(&s->cholesky);
        status = vn_cholesky_build(vn_solver_core(s), o->poll, o->poll_context, &s->cholesky);
        s->has_cholesky = status == VN_OK;
        s->first_iter = s->last_iter = 0;
    }
    s->stale_level = status != VN_OK;
    return status;
}

void vn_solver_enter_numbering(vn_solver *s, double *x)
{
    const size_t size = sizeof(double) * (size_t)s->p->n;
    vn_renumber_gather(&s->renumbered, s->r, s->z);
    memcpy(s->r, s->z, size);
    vn_renumber_gather(&s->renumbered, x, s->z);
    memcpy(x, s->z, size);
}

void vn_solver_leave_numbering(vn_solver *s, double *x)
{
    vn_renumber_scatter(&s->renumbered, x, s->z);
    memcpy(x, s->z, sizeof(double) * (size_t)s->p->n);
}

vn_status vn_solver_level_up(vn_solver *s, const vn_solve_options *o, double *x)
{
    const int was_renumbered = s->is_renumbered;
    s->level = s->p->mass_ratio > WIDE ? VN_CHOLESKY : s->level + 1;
    s->stale_level = 1;
    const vn_status status = vn_solver_prepare(s, o);
    if (status != VN_OK) return status;
    if (s->is_renumbered && !was_renumbered) vn_solver_enter_numbering(s, x);
    if (s->level == VN_CHOLESKY) release_multigrid(s);
    return VN_OK;
}

/* The bordering rows of z: from the corner alone. */
static void precondition_border(const vn_solver *s)
{
    const int n = s->n_border;
    const double *r = s->r + s->p->n, *l = s->corner;
    double *z = s->z + s->p->n;
    for (int a = 0; a < n; a++) {
        double sum = r[a];
        for (int b = 0; b < a; b++) sum -= l[a * n + b] * z[b];
        z[a] = sum * l[a * n + a];
    }
    for (int a = n - 1; a >= 0; a--) {
        double sum = z[a];
        for (int b = a + 1; b < n; b++) sum -= l[b * n + a] * z[b];
        z[a] = sum * l[a * n + a];
    }
}

void vn_solver_precondition(vn_solver *s, int n_threads, double *zr, double *zq)
{
    const int is_plain = s->level == VN_JACOBI && !s->has_elimination;
    double *r = s->r, *z = s->z;
    if (s->has_elimination) {
        memcpy(s->work, s->r, sizeof(double) * (size_t)s->p->n);
        vn_eliminate_forward(&s->elimination, s->work, s->core_r);
        r = s->core_r;
        z = s->core_z;
    }
    if (s->level == VN_MULTIGRID)
        vn_multigrid_apply(&s->multigrid, r, z, n_threads);
    else if (s->level == VN_CHOLESKY)
        vn_cholesky_apply(&s->cholesky, r, z);
    else if (!is_plain)
        vn_solver_divide(vn_solver_core(s), r, z, n_threads);
    if (s->has_elimination) vn_eliminate_back(&s->elimination, s->work, s->core_z, s->z);
    precondition_border(s);
    vn_solver_weigh(s, is_plain, n_threads, zr, zq);
}
