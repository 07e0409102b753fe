#include "vn_multigrid.h"

#include <stdlib.h>
#include <string.h>

#define DENSE 256          /* coarsest graphs up to here are factored */
#define OMEGA (2.0 / 3.0)  /* Jacobi damping */

/* ---- coarse matrices ---------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Rows [from, to) of the coarse matrix: counts only (coarse->col NULL), pattern, or values. */
static void coarse_rows(const vn_level *fine, vn_laplacian *coarse, int64_t from, int64_t to,
                        int fill, double *sum, int32_t *list)
{
    const vn_laplacian *a = &fine->a;
    for (int64_t g = from; g < to; g++) {
        int64_t found = 0;
        double extra = 0.0;
        for (int64_t m = fine->groups.member_ptr[g]; m < fine->groups.member_ptr[g + 1]; m++) {
            const int32_t v = fine->groups.member[m];
            extra += a->extra[v];
            for (int64_t k = a->ptr[v]; k < a->ptr[v + 1]; k++) {
                const int32_t u = fine->groups.of[a->col[k]];
                if (u == (int32_t)g) continue;
                if (fill == 2) {
                    sum[u] += (double)a->val[k];
                } else if (sum[u] == 0.0) {
                    sum[u] = 1.0;
                    list[found++] = u;
                }
            }
        }
        if (fill == 2) {
            for (int64_t k = coarse->ptr[g]; k < coarse->ptr[g + 1]; k++) {
                coarse->val[k] = (float)sum[coarse->col[k]];
                sum[coarse->col[k]] = 0.0;
            }
            coarse->extra[g] = extra;
        } else {
            for (int64_t k = 0; k < found; k++) sum[list[k]] = 0.0;
            if (fill == 1) {
                qsort(list, (size_t)found, sizeof(int32_t), by_id);
                memcpy(coarse->col + coarse->ptr[g], list, sizeof(int32_t) * (size_t)found);
            } else {
                coarse->ptr[g + 1] = found;
            }
        }
    }
}

static vn_status coarse_pass(const vn_level *fine, vn_laplacian *coarse, int fill, int n_threads)
{
    const int64_t n = coarse->n;
    int failed = 0;
    VN_PRAGMA(omp parallel num_threads(n_threads) reduction(|:failed) if (n > 2048))
    {
        double *sum = vn_calloc((size_t)n, sizeof(double));
        int32_t *list = vn_malloc(sizeof(int32_t) * (size_t)n);
        failed |= !sum || !list;
        if (!failed) {
            VN_PRAGMA(omp for schedule(dynamic, 1))
            for (int64_t b = 0; b < (n + 255) / 256; b++)
                coarse_rows(fine, coarse, 256 * b, VN_MIN(256 * b + 256, n), fill, sum, list);
        }
        vn_free(sum);
        vn_free(list);
    }
    return failed ? VN_NO_MEMORY : VN_OK;
}

static vn_status coarse_pattern(const vn_level *fine, int64_t n, vn_laplacian *coarse, int n_threads)
{
    coarse->n = n;
    coarse->ptr = vn_calloc((size_t)n + 1, sizeof(int64_t));
    if (!coarse->ptr) return VN_NO_MEMORY;
    vn_status status = coarse_pass(fine, coarse, 0, n_threads);
    if (status != VN_OK) return status;
    for (int64_t g = 0; g < n; g++) coarse->ptr[g + 1] += coarse->ptr[g];
    coarse->col = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(coarse->ptr[n], 1));
    coarse->val = vn_calloc((size_t)VN_MAX(coarse->ptr[n], 1), sizeof(float));
    if (!coarse->col || !coarse->val) return VN_NO_MEMORY;
    status = coarse_pass(fine, coarse, 1, n_threads);
    return status == VN_OK ? vn_laplacian_finish(coarse) : status;
}

/* ---- the coarsest level ------------------------------------------------------------------- */

/* Cholesky factor (lower, row major) of a Laplacian; the last vertex of each component has a pivot
 * that is zero but for rounding and is left out: its inverse pivot is 0. */
VN_CLONES
static void factor_dense(const vn_laplacian *a, double *l)
{
    const int64_t n = a->n;
    memset(l, 0, sizeof(double) * (size_t)(n * n));
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = a->ptr[i]; k < a->ptr[i + 1]; k++)
            if (a->col[k] < i) l[i * n + a->col[k]] -= (double)a->val[k];
        l[i * n + i] = a->diag[i];
    }
    for (int64_t j = 0; j < n; j++) {
        double *row = l + j * n;
        double pivot = row[j];
        for (int64_t k = 0; k < j; k++) pivot -= row[k] * row[k];
        const double inverse = pivot > 1e-12 * a->diag[j] ? 1.0 / __builtin_sqrt(pivot) : 0.0;
        row[j] = inverse;
        for (int64_t i = j + 1; i < n; i++) {
            double *other = l + i * n, sum = other[j];
            VN_PRAGMA(omp simd reduction(+:sum))
            for (int64_t k = 0; k < j; k++) sum -= other[k] * row[k];
            other[j] = sum * inverse;
        }
    }
}

VN_CLONES
static void solve_dense(const double *l, int64_t n, const double *b, double *x)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = b[i];
        for (int64_t k = 0; k < i; k++) sum -= l[i * n + k] * x[k];
        x[i] = sum * l[i * n + i];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        const double xi = x[i] * l[i * n + i];
        for (int64_t k = 0; k < i; k++) x[k] -= l[i * n + k] * xi;
        x[i] = xi;
    }
}

/* ---- the cycle ---------------------------------------------------------------------------- */

static void cycle(vn_multigrid *m, int k, const double *r, double *x, int n_threads);

static void restrict_to(const vn_level *l, const double *r, vn_level *c, int n_threads)
{
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (c->a.n > 2048))
    for (int64_t g = 0; g < c->a.n; g++) {
        double sum = 0.0;
        for (int64_t q = l->groups.member_ptr[g]; q < l->groups.member_ptr[g + 1]; q++) sum += r[l->groups.member[q]];
        c->r[g] = sum;
    }
}

/* x = about A^-1 b on level k: one or two flexible conjugate-gradient steps (b is changed). */
static void coarse_solve(vn_multigrid *m, int k, double *b, double *x, int n_threads)
{
    vn_level *l = &m->level[k];
    const int64_t n = l->a.n;
    if (k + 1 == m->n_levels) {
        cycle(m, k, b, x, n_threads);
        return;
    }
    cycle(m, k, b, x, n_threads);
    const double rho = vn_laplacian_apply(&l->a, x, l->q, l->partial, n_threads);
    const double xb = vn_laplacian_dot(&l->a, x, b, l->partial, n_threads);
    if (!(rho > 0.0)) return;
    const double before = vn_laplacian_dot(&l->a, b, b, l->partial, n_threads);
    const double step = xb / rho;
    for (int64_t i = 0; i < n; i++) b[i] -= step * l->q[i];
    const double after = vn_laplacian_dot(&l->a, b, b, l->partial, n_threads);
    if (after <= 0.0625 * before) {
        for (int64_t i = 0; i < n; i++) x[i] *= step;
        return;
    }
    cycle(m, k, b, l->p, n_threads);
    const double beta = vn_laplacian_apply(&l->a, l->p, l->v, l->partial, n_threads);
    const double cross = vn_laplacian_dot(&l->a, l->p, l->q, l->partial, n_threads);
    const double pb = vn_laplacian_dot(&l->a, l->p, b, l->partial, n_threads);
    const double left = beta - cross * cross / rho;
    const double second = left > 0.0 ? pb / left : 0.0;
    const double first = step - cross * second / rho;
    for (int64_t i = 0; i < n; i++) x[i] = first * x[i] + second * l->p[i];
}

static void cycle(vn_multigrid *m, int k, const double *r, double *x, int n_threads)
{
    vn_level *l = &m->level[k];
    const vn_laplacian *a = &l->a;
    if (k + 1 == m->n_levels && m->factor) {
        solve_dense(m->factor, a->n, r, x);
        return;
    }
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (a->n > 8192))
    for (int64_t i = 0; i < a->n; i++) x[i] = a->diag[i] > 0.0 ? OMEGA * r[i] / a->diag[i] : 0.0;
    if (k + 1 == m->n_levels) {
        for (int s = 0; s < 4; s++) vn_laplacian_smooth(a, r, OMEGA, x, l->work, n_threads);
        return;
    }
    vn_level *c = &m->level[k + 1];
    vn_laplacian_residual(a, x, r, l->work, n_threads);
    restrict_to(l, l->work, c, n_threads);
    coarse_solve(m, k + 1, c->r, c->x, n_threads);
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (a->n > 8192))
    for (int64_t i = 0; i < a->n; i++)
        if (l->groups.of[i] >= 0) x[i] += c->x[l->groups.of[i]];
    vn_laplacian_smooth(a, r, OMEGA, x, l->work, n_threads);
}

/* ---- set-up ------------------------------------------------------------------------------- */

/* The finest level needs scratch only. */
static vn_status level_vectors(vn_level *l, int finest)
{
    double **all[] = {&l->work, &l->r, &l->x, &l->p, &l->q, &l->v};
    for (int k = 0; k < (finest ? 1 : 6); k++) {
        *all[k] = vn_malloc(sizeof(double) * (size_t)VN_MAX(l->a.n, 1));
        if (!*all[k]) return VN_NO_MEMORY;
    }
    l->partial = vn_malloc(sizeof(double) * (size_t)VN_MAX(l->a.n_blocks, 1));
    return l->partial ? VN_OK : VN_NO_MEMORY;
}

static void free_vectors(vn_level *l)
{
    double *vectors[] = {l->r, l->x, l->p, l->q, l->v, l->work, l->partial};
    for (int k = 0; k < 7; k++) vn_free(vectors[k]);
}

static void free_level(vn_level *l, int owns_matrix)
{
    if (owns_matrix) vn_laplacian_free(&l->a);
    vn_groups_free(&l->groups);
    free_vectors(l);
    memset(l, 0, sizeof *l);
}

/* Groups of `fine`, and the matrix of `coarse` with its values. */
static vn_status coarsen(vn_level *fine, vn_level *coarse, int n_threads, int64_t *n_groups)
{
    const int64_t n = fine->a.n;
    vn_status status = vn_find_groups(&fine->a, fine->a.ptr[n] > 16 * n ? 3 : 2, &fine->groups, n_groups);
    if (status != VN_OK || *n_groups == 0 || *n_groups * 10 > n * 9) return status;
    status = coarse_pattern(fine, *n_groups, &coarse->a, n_threads);
    if (status == VN_OK) status = coarse_pass(fine, &coarse->a, 2, n_threads);
    if (status == VN_OK) vn_laplacian_diagonal(&coarse->a, n_threads);
    return status;
}

/* Let level 1 go: groups of groups become the groups of level 0. */
static void skip_level(vn_multigrid *m)
{
    vn_level *l = m->level;
    vn_groups *g = &l[0].groups;
    for (int64_t v = 0; v < l[0].a.n; v++)
        if (g->of[v] >= 0) g->of[v] = l[1].groups.of[g->of[v]];
    vn_list_members(g->of, l[0].a.n, l[2].a.n, g->member_ptr, g->member);
    free_level(&l[1], 1);
    l[1] = l[2];
    memset(&l[2], 0, sizeof l[2]);
    m->n_levels--;
}

vn_status vn_multigrid_build(const vn_laplacian *a, int n_threads, vn_multigrid *m)
{
    memset(m, 0, sizeof *m);
    m->level[0].a = *a;
    m->n_levels = 1;
    int skipped = 0;
    while (m->n_levels < VN_MAX_LEVELS) {
        vn_level *fine = &m->level[m->n_levels - 1];
        int64_t groups = 0;
        if (fine->a.n <= DENSE) break;
        const vn_status status = coarsen(fine, fine + 1, n_threads, &groups);
        if (status != VN_OK) {
            free_level(fine + 1, 1);
            return status;
        }
        if (groups == 0 || groups * 10 > fine->a.n * 9) break;
        m->n_levels++;
        /* a long first step: the finest level is cheap (see vn_multigrid_apply), the next is not */
        if (m->n_levels == 3 && !skipped) {
            skip_level(m);
            skipped = 1;
        }
    }
    for (int k = 0; k < m->n_levels; k++) {
        const vn_status status = level_vectors(&m->level[k], k == 0);
        if (status != VN_OK) return status;
    }
    const int64_t n = m->level[m->n_levels - 1].a.n;
    if (n <= DENSE) {
        m->factor = vn_malloc(sizeof(double) * (size_t)(n * n));
        if (!m->factor) return VN_NO_MEMORY;
        factor_dense(&m->level[m->n_levels - 1].a, m->factor);
    }
    return VN_OK;
}

vn_status vn_multigrid_refresh(vn_multigrid *m, int n_threads)
{
    for (int k = 1; k < m->n_levels; k++) {
        const vn_status status = coarse_pass(&m->level[k - 1], &m->level[k].a, 2, n_threads);
        if (status != VN_OK) return status;
        vn_laplacian_diagonal(&m->level[k].a, n_threads);
    }
    if (m->factor) factor_dense(&m->level[m->n_levels - 1].a, m->factor);
    return VN_OK;
}

/* The finest level is additive, D^-1 r + P A_c^-1 P' r: products with its matrix are what costs, and
 * conjugate gradients needs one of them per iteration anyway. */
void vn_multigrid_apply(vn_multigrid *m, const double *r, double *x, int n_threads)
{
    vn_level *l = &m->level[0];
    const vn_laplacian *a = &l->a;
    if (m->n_levels == 1) {
        cycle(m, 0, r, x, n_threads);
        return;
    }
    restrict_to(l, r, &m->level[1], n_threads);
    coarse_solve(m, 1, m->level[1].r, m->level[1].x, n_threads);
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (a->n > 8192))
    for (int64_t i = 0; i < a->n; i++) {
        const int32_t g = l->groups.of[i];
        x[i] = (a->diag[i] > 0.0 ? r[i] / a->diag[i] : 0.0) + (g >= 0 ? m->level[1].x[g] : 0.0);
    }
}

void vn_multigrid_free(vn_multigrid *m)
{
    for (int k = 0; k < m->n_levels; k++) {
        if (m->shared) free_vectors(&m->level[k]);
        else free_level(&m->level[k], k > 0);
    }
    if (!m->shared) vn_free(m->factor);
    memset(m, 0, sizeof *m);
}

vn_status vn_multigrid_share(const vn_multigrid *m, const vn_laplacian *a, vn_multigrid *out)
{
    memset(out, 0, sizeof *out);
    out->shared = 1;
    out->n_levels = m->n_levels;
    out->factor = m->factor;
    for (int k = 0; k < m->n_levels; k++) {
        out->level[k].a = k ? m->level[k].a : *a;
        out->level[k].groups = m->level[k].groups;
    }
    for (int k = 0; k < m->n_levels; k++) {
        const vn_status status = level_vectors(&out->level[k], k == 0);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

vn_status vn_multigrid_order(const vn_multigrid *m, int32_t **out)
{
    int32_t *above = NULL; /* order of the level above the one at hand; NULL: as numbered */
    int64_t n_above = m->level[m->n_levels - 1].a.n;
    for (int k = m->n_levels - 2; k >= 0; k--) {
        const vn_groups *g = &m->level[k].groups;
        const int64_t n = m->level[k].a.n;
        int32_t *order = vn_malloc(sizeof(int32_t) * (size_t)n);
        if (!order) {
            vn_free(above);
            return VN_NO_MEMORY;
        }
        int64_t at = 0;
        for (int64_t i = 0; i < n_above; i++) {
            const int32_t group = above ? above[i] : (int32_t)i;
            for (int64_t q = g->member_ptr[group]; q < g->member_ptr[group + 1]; q++)
                order[at++] = g->member[q];
        }
        for (int64_t v = 0; v < n; v++)
            if (g->of[v] < 0) order[at++] = (int32_t)v;
        vn_free(above);
        above = order;
        n_above = n;
    }
    *out = above;
    return VN_OK;
}

void vn_multigrid_renumber(vn_multigrid *m, const vn_laplacian *a, const int32_t *order)
{
    vn_groups *g = &m->level[0].groups;
    const int64_t n = a->n;
    int32_t *of = g->member; /* the members are listed anew: their place holds the new numbers */
    for (int64_t i = 0; i < n; i++) of[i] = g->of[order[i]];
    g->member = g->of;
    g->of = of;
    vn_list_members(g->of, n, m->level[1].a.n, g->member_ptr, g->member);
    m->level[0].a = *a;
}
