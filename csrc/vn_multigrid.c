#include "vn_multigrid.h"

#include <stdlib.h>
#include <string.h>

#define DENSE 256          /* coarsest graphs up to here are factored */
#define OMEGA (2.0 / 3.0)  /* Jacobi damping */
#define STRONG 0.25        /* a partner's edge is at least this share of the strongest */

/* ---- groups ------------------------------------------------------------------------------- */

/* Sum the weights from the members of group g to other groups into sum[], listing them. */
static int64_t neighbours(const vn_laplacian *a, const int32_t *group_of, const int64_t *member_ptr,
                          const int32_t *member, int64_t g, float *sum, int32_t *list)
{
    int64_t found = 0;
    for (int64_t m = member_ptr[g]; m < member_ptr[g + 1]; m++) {
        const int32_t v = member[m];
        for (int64_t k = a->ptr[v]; k < a->ptr[v + 1]; k++) {
            const int32_t u = group_of[a->col[k]];
            if (u == (int32_t)g) continue;
            if (sum[u] == 0.0f) list[found++] = u;
            sum[u] += a->val[k] + 1e-37f; /* an edge counts even where its weight is zero */
        }
    }
    return found;
}

/* Match each group with its strongest unmatched neighbour, groups of few neighbours first; what is
 * left over joins the strongest neighbour's pair. New group numbers go to pair_of. */
static int64_t match(const vn_laplacian *a, const int32_t *group_of, const int64_t *member_ptr,
                     const int32_t *member, int64_t n_groups, const int32_t *visit, float *sum,
                     int32_t *list, int32_t *pair_of)
{
    int64_t pairs = 0;
    for (int64_t g = 0; g < n_groups; g++) pair_of[g] = -1;
    for (int64_t i = 0; i < n_groups; i++) {
        const int32_t g = visit[i];
        if (pair_of[g] >= 0) continue;
        const int64_t found = neighbours(a, group_of, member_ptr, member, g, sum, list);
        float strongest = 0.0f, best = -1.0f;
        int32_t partner = -1, any = -1;
        for (int64_t k = 0; k < found; k++) {
            const float w = sum[list[k]];
            if (w > strongest) {
                strongest = w;
                any = list[k];
            }
            if (pair_of[list[k]] < 0 && (w > best || (w == best && list[k] < partner))) {
                best = w;
                partner = list[k];
            }
        }
        for (int64_t k = 0; k < found; k++) sum[list[k]] = 0.0f;
        if (partner >= 0 && best >= (float)STRONG * strongest) {
            pair_of[g] = pair_of[partner] = (int32_t)pairs++;
        } else if (any >= 0) {
            pair_of[g] = pair_of[any] >= 0 ? pair_of[any] : (pair_of[any] = (int32_t)pairs++);
        } else {
            pair_of[g] = (int32_t)pairs++;
        }
    }
    return pairs;
}

/* Members of each group, ascending; member_ptr has n_groups + 2 entries while it is filled. */
static void list_members(const int32_t *group_of, int64_t n, int64_t n_groups, int64_t *member_ptr,
                         int32_t *member)
{
    memset(member_ptr, 0, sizeof(int64_t) * (size_t)(n_groups + 2));
    for (int64_t v = 0; v < n; v++)
        if (group_of[v] >= 0) member_ptr[group_of[v] + 2]++;
    for (int64_t g = 0; g < n_groups; g++) member_ptr[g + 2] += member_ptr[g + 1];
    for (int64_t v = 0; v < n; v++)
        if (group_of[v] >= 0) member[member_ptr[group_of[v] + 1]++] = (int32_t)v;
}

/* Vertices in order of degree (counting sort, ids ascending within a degree, capped). */
static void by_degree(const int64_t *degree, int64_t n, int32_t *visit)
{
    enum { CAP = 256 };
    int64_t start[CAP + 2] = {0};
    for (int64_t v = 0; v < n; v++) start[VN_MIN(degree[v], (int64_t)CAP) + 1]++;
    for (int d = 0; d < CAP; d++) start[d + 1] += start[d];
    for (int64_t v = 0; v < n; v++) visit[start[VN_MIN(degree[v], (int64_t)CAP)]++] = (int32_t)v;
}

static vn_status find_groups(const vn_laplacian *a, int passes, vn_level *level, int64_t *n_groups)
{
    const int64_t n = a->n;
    float *sum = calloc((size_t)n, sizeof(float));
    int32_t *list = malloc(sizeof(int32_t) * (size_t)n), *visit = malloc(sizeof(int32_t) * (size_t)n);
    int32_t *pair_of = malloc(sizeof(int32_t) * (size_t)n);
    int64_t *degree = malloc(sizeof(int64_t) * (size_t)n);
    level->coarse_of = malloc(sizeof(int32_t) * (size_t)n);
    level->member = malloc(sizeof(int32_t) * (size_t)n);
    level->member_ptr = malloc(sizeof(int64_t) * (size_t)(n + 2));
    vn_status status = VN_NO_MEMORY;
    if (!sum || !list || !visit || !pair_of || !degree || !level->coarse_of || !level->member
        || !level->member_ptr)
        goto done;
    int64_t groups = n;
    for (int64_t v = 0; v < n; v++) {
        level->coarse_of[v] = (int32_t)v;
        level->member[v] = (int32_t)v;
        level->member_ptr[v] = v;
    }
    level->member_ptr[n] = n;
    for (int pass = 0; pass < passes; pass++) {
        for (int64_t g = 0; g < groups; g++) {
            degree[g] = 0;
            for (int64_t m = level->member_ptr[g]; m < level->member_ptr[g + 1]; m++)
                degree[g] += a->ptr[level->member[m] + 1] - a->ptr[level->member[m]];
        }
        by_degree(degree, groups, visit);
        const int64_t pairs = match(a, level->coarse_of, level->member_ptr, level->member, groups,
                                    visit, sum, list, pair_of);
        /* number the new groups by their first member, for locality */
        for (int64_t g = 0; g < pairs; g++) list[g] = -1;
        int64_t next = 0;
        for (int64_t v = 0; v < n; v++) {
            const int32_t g = pair_of[level->coarse_of[v]];
            if (list[g] < 0) list[g] = (int32_t)next++;
            level->coarse_of[v] = list[g];
        }
        groups = pairs;
        list_members(level->coarse_of, n, groups, level->member_ptr, level->member);
    }
    /* groups without an edge to others leave the hierarchy */
    int64_t kept = 0;
    for (int64_t g = 0; g < groups; g++) {
        int linked = 0;
        for (int64_t m = level->member_ptr[g]; m < level->member_ptr[g + 1] && !linked; m++) {
            const int32_t v = level->member[m];
            for (int64_t k = a->ptr[v]; k < a->ptr[v + 1] && !linked; k++)
                linked = level->coarse_of[a->col[k]] != (int32_t)g;
            linked |= a->extra[v] > 0.0;
        }
        visit[g] = linked ? (int32_t)kept++ : -1;
    }
    if (kept < groups) {
        for (int64_t v = 0; v < n; v++) level->coarse_of[v] = visit[level->coarse_of[v]];
        groups = kept;
        list_members(level->coarse_of, n, groups, level->member_ptr, level->member);
    }
    *n_groups = groups;
    status = VN_OK;
done:
    free(sum);
    free(list);
    free(visit);
    free(pair_of);
    free(degree);
    return status;
}

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
        for (int64_t m = fine->member_ptr[g]; m < fine->member_ptr[g + 1]; m++) {
            const int32_t v = fine->member[m];
            extra += a->extra[v];
            for (int64_t k = a->ptr[v]; k < a->ptr[v + 1]; k++) {
                const int32_t u = fine->coarse_of[a->col[k]];
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
        double *sum = calloc((size_t)n, sizeof(double));
        int32_t *list = malloc(sizeof(int32_t) * (size_t)n);
        failed |= !sum || !list;
        if (!failed) {
            VN_PRAGMA(omp for schedule(dynamic, 1))
            for (int64_t b = 0; b < (n + 255) / 256; b++)
                coarse_rows(fine, coarse, 256 * b, VN_MIN(256 * b + 256, n), fill, sum, list);
        }
        free(sum);
        free(list);
    }
    return failed ? VN_NO_MEMORY : VN_OK;
}

static vn_status coarse_pattern(const vn_level *fine, int64_t n, vn_laplacian *coarse, int n_threads)
{
    coarse->n = n;
    coarse->ptr = calloc((size_t)n + 1, sizeof(int64_t));
    if (!coarse->ptr) return VN_NO_MEMORY;
    vn_status status = coarse_pass(fine, coarse, 0, n_threads);
    if (status != VN_OK) return status;
    for (int64_t g = 0; g < n; g++) coarse->ptr[g + 1] += coarse->ptr[g];
    coarse->col = malloc(sizeof(int32_t) * (size_t)VN_MAX(coarse->ptr[n], 1));
    coarse->val = calloc((size_t)VN_MAX(coarse->ptr[n], 1), sizeof(float));
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
        for (int64_t q = l->member_ptr[g]; q < l->member_ptr[g + 1]; q++) sum += r[l->member[q]];
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
        if (l->coarse_of[i] >= 0) x[i] += c->x[l->coarse_of[i]];
    vn_laplacian_smooth(a, r, OMEGA, x, l->work, n_threads);
}

/* ---- set-up ------------------------------------------------------------------------------- */

static vn_status level_vectors(vn_level *l)
{
    double **all[] = {&l->r, &l->x, &l->p, &l->q, &l->v, &l->work};
    for (int k = 0; k < 6; k++) {
        *all[k] = malloc(sizeof(double) * (size_t)VN_MAX(l->a.n, 1));
        if (!*all[k]) return VN_NO_MEMORY;
    }
    l->partial = malloc(sizeof(double) * (size_t)VN_MAX(l->a.n_blocks, 1));
    return l->partial ? VN_OK : VN_NO_MEMORY;
}

vn_status vn_multigrid_build(const vn_laplacian *a, int n_threads, vn_multigrid *m)
{
    memset(m, 0, sizeof *m);
    m->level[0].a = *a;
    m->level[0].work = malloc(sizeof(double) * (size_t)VN_MAX(a->n, 1));
    if (!m->level[0].work) return VN_NO_MEMORY;
    m->n_levels = 1;
    while (m->n_levels < VN_MAX_LEVELS) {
        vn_level *fine = &m->level[m->n_levels - 1];
        const int64_t n = fine->a.n;
        if (n <= DENSE) break;
        int64_t groups;
        const int passes = m->n_levels > 1 ? 2 : fine->a.ptr[n] > 16 * n ? 6 : 4;
        vn_status status = find_groups(&fine->a, passes, fine, &groups);
        if (status != VN_OK) return status;
        if (groups == 0 || groups * 10 > n * 9) break;
        vn_level *coarse = fine + 1;
        m->n_levels++;
        status = coarse_pattern(fine, groups, &coarse->a, n_threads);
        if (status == VN_OK) status = level_vectors(coarse);
        if (status == VN_OK) status = coarse_pass(fine, &coarse->a, 2, n_threads);
        if (status != VN_OK) return status;
        vn_laplacian_diagonal(&coarse->a, n_threads);
    }
    const int64_t n = m->level[m->n_levels - 1].a.n;
    if (n <= DENSE) {
        m->factor = malloc(sizeof(double) * (size_t)(n * n));
        if (!m->factor) return VN_NO_MEMORY;
    }
    return vn_multigrid_refresh(m, n_threads);
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
        const int32_t g = l->coarse_of[i];
        x[i] = (a->diag[i] > 0.0 ? r[i] / a->diag[i] : 0.0) + (g >= 0 ? m->level[1].x[g] : 0.0);
    }
}

void vn_multigrid_free(vn_multigrid *m)
{
    for (int k = 0; k < m->n_levels; k++) {
        vn_level *l = &m->level[k];
        if (k > 0) vn_laplacian_free(&l->a);
        free(l->coarse_of);
        free(l->member_ptr);
        free(l->member);
        free(l->r);
        free(l->x);
        free(l->p);
        free(l->q);
        free(l->v);
        free(l->partial);
        free(l->work);
    }
    free(m->factor);
    memset(m, 0, sizeof *m);
}
