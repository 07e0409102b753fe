#include "vn_solver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Iterations of one solve, by level, before the next level is tried. */
static const int64_t patience[] = {40, 60, INT64_MAX};

/* Multigrid is passed over where items' weights differ by more than this: it failed on all such
 * graphs that were tried. */
#define WIDE 1e7

struct vn_solver {
    const vn_problem *p;
    int has_elimination;
    vn_elimination elimination;
    vn_solver_level level;
    int stale_elimination, stale_level;
    int has_multigrid, has_cholesky;
    vn_multigrid multigrid;
    vn_cholesky cholesky;
    int64_t first_iter, last_iter; /* of the first solve with this factor, and of the last one */
    double *r, *z, *d, *q;  /* n + n_border: residual, M^-1 r, direction, A d */
    double *work, *core_r, *core_z; /* with elimination only */
};

vn_status vn_solver_new(const vn_problem *p, int parallel_edges, int n_threads, vn_solver **out)
{
    (void)n_threads;
    *out = NULL;
    vn_solver *s = calloc(1, sizeof *s);
    if (!s) return VN_NO_MEMORY;
    s->p = p;
    const size_t size = sizeof(double) * (size_t)(p->n + VN_MAX_BORDER);
    s->r = malloc(size);
    s->z = malloc(size);
    s->d = malloc(size);
    s->q = malloc(size);
    vn_status status = s->r && s->z && s->d && s->q ? VN_OK : VN_NO_MEMORY;
    if (status == VN_OK)
        status = vn_eliminate_pattern(&p->h, p->lower_ptr, p->lower, p->n_edges, parallel_edges,
                                      &s->elimination, &s->has_elimination);
    if (status == VN_OK && s->has_elimination) {
        const size_t core = sizeof(double) * (size_t)VN_MAX(s->elimination.core.n, 1);
        s->core_r = malloc(core);
        s->core_z = malloc(core);
        s->work = malloc(size);
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

static void release_multigrid(vn_solver *s)
{
    if (s->has_multigrid) vn_multigrid_free(&s->multigrid);
    s->has_multigrid = 0;
}

void vn_solver_free(vn_solver *s)
{
    if (!s) return;
    vn_elimination_free(&s->elimination);
    release_multigrid(s);
    vn_cholesky_free(&s->cholesky);
    free(s->r);
    free(s->z);
    free(s->d);
    free(s->q);
    free(s->work);
    free(s->core_r);
    free(s->core_z);
    free(s);
}

void vn_solver_refresh(vn_solver *s) { s->stale_elimination = s->stale_level = 1; }

vn_solver_level vn_solver_current_level(const vn_solver *s) { return s->level; }

static const vn_laplacian *core_of(const vn_solver *s)
{
    return s->has_elimination ? &s->elimination.core : &s->p->h;
}

/* Bring elimination and preconditioner up to date with the matrix and the level. */
static vn_status prepare(vn_solver *s, int n_threads)
{
    if (s->has_elimination && s->stale_elimination)
        vn_eliminate_refresh(&s->elimination, &s->p->h, s->p->lower_ptr, n_threads);
    s->stale_elimination = 0;
    vn_status status = VN_OK;
    if (s->level == VN_MULTIGRID && s->stale_level) {
        if (s->has_multigrid) {
            status = vn_multigrid_refresh(&s->multigrid, n_threads);
        } else {
            status = vn_multigrid_build(core_of(s), n_threads, &s->multigrid);
            s->has_multigrid = 1;
        }
    }
    /* an old factor serves until solves take half as many iterations again as its first */
    if (s->level == VN_CHOLESKY && s->stale_level
        && (!s->has_cholesky || 2 * s->last_iter > 3 * s->first_iter + 6)) {
        vn_cholesky_free(&s->cholesky);
        status = vn_cholesky_build(core_of(s), &s->cholesky);
        s->has_cholesky = status == VN_OK;
        s->first_iter = s->last_iter = 0;
    }
    s->stale_level = 0;
    return status;
}

/* z = M^-1 r on the theta block. */
static void precondition(vn_solver *s, int n_threads)
{
    const vn_problem *p = s->p;
    const vn_laplacian *core = core_of(s);
    double *r = s->r, *z = s->z;
    if (s->has_elimination) {
        memcpy(s->work, s->r, sizeof(double) * (size_t)p->n);
        vn_eliminate_forward(&s->elimination, s->work, s->core_r);
        r = s->core_r;
        z = s->core_z;
    }
    if (s->level == VN_MULTIGRID) {
        vn_multigrid_apply(&s->multigrid, r, z, n_threads);
    } else if (s->level == VN_CHOLESKY) {
        vn_cholesky_apply(&s->cholesky, r, z);
    } else {
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (core->n > 8192))
        for (int64_t i = 0; i < core->n; i++)
            z[i] = core->diag[i] > 0.0 ? r[i] / core->diag[i] : 0.0;
    }
    if (s->has_elimination) vn_eliminate_back(&s->elimination, s->work, s->core_z, s->z);
}

/* The bordering rows: z there from the corner alone, y += border terms of the product with d. */
static void precondition_border(const vn_solver *s)
{
    const vn_problem *p = s->p;
    const double *r = s->r + p->n;
    double *z = s->z + p->n;
    if (p->n_border == 1) {
        z[0] = p->corner[0][0] > 0.0 ? r[0] / p->corner[0][0] : 0.0;
    } else if (p->n_border == 2) {
        const double a = p->corner[0][0], b = p->corner[0][1], c = p->corner[1][1];
        const double det = a * c - b * b;
        z[0] = det > 0.0 ? (c * r[0] - b * r[1]) / det : a > 0.0 ? r[0] / a : 0.0;
        z[1] = det > 0.0 ? (a * r[1] - b * r[0]) / det : c > 0.0 ? r[1] / c : 0.0;
    }
}

static double apply(vn_solver *s, int n_threads)
{
    const vn_problem *p = s->p;
    const int64_t n = p->n;
    double dot = vn_laplacian_apply(&p->h, s->d, s->q, p->partial, n_threads);
    for (int b = 0; b < p->n_border; b++) {
        const double db = s->d[n + b], *border = p->border[b];
        const double bd = vn_laplacian_dot(&p->h, border, s->d, p->partial, n_threads);
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (n > 8192))
        for (int64_t i = 0; i < n; i++) s->q[i] += db * border[i];
        double sum = bd;
        for (int c = 0; c < p->n_border; c++) sum += p->corner[b][c] * s->d[n + c];
        s->q[n + b] = sum;
        dot += db * bd + db * sum;
    }
    return dot;
}

static double dot(const vn_solver *s, const double *x, const double *y, int n_threads)
{
    double sum = vn_laplacian_dot(&s->p->h, x, y, s->p->partial, n_threads);
    for (int b = 0; b < s->p->n_border; b++) sum += x[s->p->n + b] * y[s->p->n + b];
    return sum;
}

/* Does every entry of the residual meet both tolerances? */
static int small(const vn_solver *s, const vn_solve_options *o)
{
    const vn_problem *p = s->p;
    int64_t large = 0;
    VN_PRAGMA(omp parallel for num_threads(o->n_threads) schedule(static) reduction(+:large) if (p->n > 8192))
    for (int64_t i = 0; i < p->n; i++)
        large += fabs(s->r[i]) > o->mass_tolerance * p->mass[i]
              || fabs(s->r[i]) > o->diagonal_tolerance * p->h.diag[i];
    for (int b = 0; b < p->n_border; b++)
        large += fabs(s->r[p->n + b]) > o->mass_tolerance * p->total;
    return large == 0;
}

vn_status vn_solver_solve(vn_solver *s, const double *rhs, const vn_solve_options *o, double *x,
                          int64_t *n_iter)
{
    const vn_problem *p = s->p;
    const int64_t n = p->n, size = n + p->n_border;
    const int threads = o->n_threads;
    int64_t at_level = 0, work = 0;
    *n_iter = 0;
    vn_status status = prepare(s, threads);
    if (status != VN_OK) return status;
    memcpy(s->r, rhs, sizeof(double) * (size_t)size);
    memset(x, 0, sizeof(double) * (size_t)size);
    int restart = 1;
    double zr = 0.0, step = 0.0;
    while (!small(s, o)) {
        if (*n_iter >= o->max_iter) return VN_NOT_CONVERGED;
        if (at_level >= patience[s->level]) {
            s->level = p->mass_ratio > WIDE ? VN_CHOLESKY : s->level + 1;
            s->stale_level = 1;
            status = prepare(s, threads);
            if (status != VN_OK) return status;
            if (s->level == VN_CHOLESKY) release_multigrid(s);
            at_level = 0;
            restart = 1;
        }
        precondition(s, threads);
        precondition_border(s);
        const double rz = dot(s, s->z, s->r, threads);
        if (!(rz > 0.0)) break;
        /* flexible: z.(r - r_before) = -step * z.(A d); the cycle is not a fixed linear map */
        const double beta = restart ? 0.0 : -step * dot(s, s->z, s->q, threads) / zr;
        VN_PRAGMA(omp parallel for num_threads(threads) schedule(static) if (n > 8192))
        for (int64_t i = 0; i < size; i++) s->d[i] = s->z[i] + (restart ? 0.0 : beta * s->d[i]);
        restart = 0;
        zr = rz;
        const double curvature = apply(s, threads);
        if (!(curvature > 0.0)) break;
        step = rz / curvature;
        VN_PRAGMA(omp parallel for num_threads(threads) schedule(static) if (n > 8192))
        for (int64_t i = 0; i < size; i++) {
            x[i] += step * s->d[i];
            s->r[i] -= step * s->q[i];
        }
        ++*n_iter;
        at_level++;
        work += 2 * p->n_edges + 10 * n;
        if (o->poll && work > 20000000) {
            work = 0;
            if (o->poll(o->poll_context)) return VN_INTERRUPTED;
        }
    }
    s->last_iter = at_level;
    if (s->first_iter == 0) s->first_iter = at_level;
    return small(s, o) ? VN_OK : VN_NOT_CONVERGED;
}

int vn_solver_levels(const vn_solver *s, int room, int64_t *n_vertices, int64_t *n_entries)
{
    const int n_levels = s->has_multigrid ? s->multigrid.n_levels : 1;
    for (int k = 0; k < VN_MIN(n_levels, room); k++) {
        const vn_laplacian *a = s->has_multigrid ? &s->multigrid.level[k].a : core_of(s);
        n_vertices[k] = a->n;
        n_entries[k] = a->ptr[a->n];
    }
    return n_levels;
}
