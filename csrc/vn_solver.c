#include "vn_solver_internal.h"

#include <math.h>
#include <string.h>

/* Iterations of one solve, by level, before the next level is tried. */
static const int64_t patience[] = {40, 120, INT64_MAX};

#define LOOK 15    /* iterations after which progress is judged */
#define HOPELESS 2 /* Jacobi is left at once when it would need this many times its patience */

vn_status vn_solver_new(const vn_problem *p, int parallel_edges, vn_poll poll, void *context,
                        vn_solver **out)
{
    *out = NULL;
    vn_solver *s = vn_calloc(1, sizeof *s);
    if (!s) return VN_NO_MEMORY;
    s->p = p;
    s->n = p->n;
    s->view.h = &p->h;
    s->view.mass = p->mass;
    s->view.border = p->border;
    s->n_sums = 1 + VN_MAX(p->n_border, 1);
    const size_t n_border = (size_t)p->n_border, size = sizeof(double) * ((size_t)p->n + n_border);
    s->corner = vn_malloc(sizeof(double) * VN_MAX(n_border * n_border, 1));
    s->border = vn_calloc(VN_MAX(n_border, 1), sizeof(double *));
    s->r = vn_malloc(size);
    s->z = vn_malloc(size);
    s->d = vn_malloc(size);
    s->q = vn_calloc(1, size);
    const int64_t blocks = vn_laplacian_most_blocks(p->n, p->h.ptr[p->n]);
    s->partial = vn_malloc(sizeof(double) * (size_t)s->n_sums * (size_t)VN_MAX(blocks, 1));
    vn_status status = s->r && s->z && s->d && s->q && s->partial && s->corner && s->border
                           ? VN_OK : VN_NO_MEMORY;
    if (status == VN_OK)
        status = vn_eliminate_pattern(&p->h, p->lower_ptr, p->lower, p->n_edges, parallel_edges,
                                      poll, context, &s->elimination, &s->has_elimination);
    if (status == VN_OK && s->has_elimination) {
        const size_t core = sizeof(double) * (size_t)VN_MAX(s->elimination.core.n, 1);
        s->core_r = vn_malloc(core);
        s->core_z = vn_malloc(core);
        s->work = vn_malloc(size);
        if (!s->core_r || !s->core_z || !s->work) status = VN_NO_MEMORY;
    }
    if (status != VN_OK) {
        vn_solver_free(s);
        return status;
    }
    vn_solver_refresh(s);
    *out = s;
    return VN_OK;
}

void vn_solver_free(vn_solver *s)
{
    if (!s) return;
    vn_elimination_free(&s->elimination);
    vn_solver_release_order(s);
    vn_free(s->border);
    vn_free(s->corner);
    if (s->has_multigrid) vn_multigrid_free(&s->multigrid);
    vn_cholesky_free(&s->cholesky);
    vn_free(s->r);
    vn_free(s->z);
    vn_free(s->d);
    vn_free(s->q);
    vn_free(s->work);
    vn_free(s->partial);
    vn_free(s->core_r);
    vn_free(s->core_z);
    vn_free(s);
}

void vn_solver_refresh(vn_solver *s) { s->stale_matrix = s->stale_level = 1; }

vn_solver_level vn_solver_current_level(const vn_solver *s) { return s->level; }

/* Iterations of this level before the next is tried: its patience; as many again where the progress
 * so far promises an end in fewer than that; few of Jacobi where it promises none. */
static int64_t limit_of(const vn_solver *s, int64_t done, double first, double now)
{
    const int64_t limit = patience[s->level];
    if (done < LOOK || s->level == VN_CHOLESKY) return limit;
    const double rate = log(first / now) / (double)done;
    if (s->level == VN_JACOBI && rate * (double)(HOPELESS * limit) < log(now)) return done;
    return done >= limit && rate * (double)(2 * limit - done) > log(now) ? 2 * limit : limit;
}

/* Conjugate gradients from x = 0, r = rhs in place, until no excess is left. */
static vn_status iterate(vn_solver *s, const vn_solve_options *o, double *x, int64_t *n_iter)
{
    const vn_problem *p = s->p;
    int64_t at_level = 0, work = 0;
    int restart = 1;
    double before = 0.0, step = 0.0, first = 0.0, now;
    for (;;) {
        now = vn_solver_advance(s, o, step, x);
        if (now <= 1.0) break;
        if (*n_iter >= o->max_iter) return VN_NOT_CONVERGED;
        if (at_level == 0) first = now;
        if (at_level >= limit_of(s, at_level, first, now)) {
            const vn_status status = vn_solver_level_up(s, o, x);
            if (status != VN_OK) return status;
            at_level = 0;
            first = now;
            restart = 1;
        }
        double zr, zq;
        vn_solver_precondition(s, o->n_threads, &zr, &zq);
        if (!(zr > 0.0)) break;
        /* flexible: z.(r - r_before) = -step * z.(A d); the cycle is not a fixed linear map */
        const double beta = restart ? 0.0 : -step * zq / before;
        const double curvature = vn_solver_turn(s, beta, o->n_threads);
        if (!(curvature > 0.0)) break;
        restart = 0;
        before = zr;
        step = zr / curvature;
        ++*n_iter;
        at_level++;
        work += 2 * p->n_edges + 10 * p->n;
        if (o->poll && work > 20000000) {
            work = 0;
            if (o->poll(o->poll_context)) return VN_INTERRUPTED;
        }
    }
    s->last_iter = at_level;
    if (s->first_iter == 0) s->first_iter = at_level;
    return now <= 1.0 ? VN_OK : VN_NOT_CONVERGED;
}

vn_status vn_solver_solve(vn_solver *s, const double *rhs, const vn_solve_options *o, double *x,
                          int64_t *n_iter)
{
    const vn_problem *p = s->p;
    s->n_border = o->without_border ? 0 : p->n_border;
    const size_t size = sizeof(double) * (size_t)(p->n + s->n_border);
    *n_iter = 0;
    vn_status status = vn_solver_prepare(s, o);
    if (status != VN_OK) return status;
    memcpy(s->r, rhs, size);
    memset(x, 0, size);
    for (int b = 0; b < s->n_border; b++) s->r[p->n + b] /= p->unit[b];
    if (s->is_renumbered) vn_solver_enter_numbering(s, x);
    status = iterate(s, o, x, n_iter);
    if (s->is_renumbered) vn_solver_leave_numbering(s, x);
    for (int b = 0; b < s->n_border; b++) x[p->n + b] /= p->unit[b];
    return status;
}

/* Root mean square of b over the masses, where those are positive. */
static double relative_size(const double *b, const double *mass, int64_t n)
{
    double square = 0.0;
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        if (mass[i] > 0.0) {
            square += (b[i] / mass[i]) * (b[i] / mass[i]);
            count++;
        }
    return count ? sqrt(square / (double)count) : 0.0;
}

vn_status vn_solver_solve_rows(vn_solver *s, const double *rhs, int64_t count, const double *mass,
                               double tol, int n_threads, vn_poll poll, void *context, double *x)
{
    const int64_t n = s->p->n + s->p->n_border;
    vn_status all = VN_OK;
    for (int64_t k = 0; k < count; k++, rhs += n, x += n) {
        const vn_solve_options o = {.mass_tolerance = tol * relative_size(rhs, mass, n),
                                    .diagonal_tolerance = 1e300, .max_iter = 2000,
                                    .n_threads = n_threads, .poll = poll, .poll_context = context};
        int64_t n_iter;
        memset(x, 0, sizeof(double) * (size_t)n);
        if (!(o.mass_tolerance > 0.0)) continue;
        const vn_status status = vn_solver_solve(s, rhs, &o, x, &n_iter);
        if (status != VN_OK && status != VN_NOT_CONVERGED) return status;
        if (status != VN_OK) all = status;
    }
    return all;
}

int vn_solver_levels(const vn_solver *s, int room, int64_t *n_vertices, int64_t *n_entries)
{
    const int n_levels = s->has_multigrid ? s->multigrid.n_levels : 1;
    for (int k = 0; k < VN_MIN(n_levels, room); k++) {
        const vn_laplacian *a = s->has_multigrid ? &s->multigrid.level[k].a : vn_solver_core(s);
        n_vertices[k] = a->n;
        n_entries[k] = a->ptr[a->n];
    }
    return n_levels;
}
