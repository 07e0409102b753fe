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

#define GROUPS 256 /* of a block */

/* Scratch of one worker, made at its first block: zero sums, and what was found. */
typedef struct {
    double *sum;
    int32_t *list;
} coarse_scratch;

typedef struct {
    const vn_level *fine;
    vn_laplacian *coarse;
    int fill;
    coarse_scratch *scratch;
} coarse_job;

static vn_status coarse_block(void *arg, int64_t block, int worker)
{
    const coarse_job *j = arg;
    coarse_scratch *w = &j->scratch[worker];
    const int64_t n = j->coarse->n;
    if (!w->sum) w->sum = vn_calloc((size_t)n, sizeof(double));
    if (!w->list) w->list = vn_malloc(sizeof(int32_t) * (size_t)n);
    if (!w->sum || !w->list) return VN_NO_MEMORY;
    coarse_rows(j->fine, j->coarse, GROUPS * block, vn_block_end(n, GROUPS, block), j->fill, w->sum,
                w->list);
    return VN_OK;
}

static vn_status coarse_pass(const vn_level *fine, vn_laplacian *coarse, int fill, int n_threads,
                             vn_poll poll, void *context)
{
    const int64_t n_blocks = vn_n_blocks(coarse->n, GROUPS);
    const int threads = n_blocks > 8 ? n_threads : 1, n_workers = vn_team_size(threads, n_blocks);
    coarse_job j = {fine, coarse, fill, vn_calloc((size_t)n_workers, sizeof(coarse_scratch))};
    if (!j.scratch) return VN_NO_MEMORY;
    const vn_status status = vn_team_run(coarse_block, &j, n_blocks, threads, poll, context);
    for (int w = 0; w < n_workers; w++) {
        vn_free(j.scratch[w].sum);
        vn_free(j.scratch[w].list);
    }
    vn_free(j.scratch);
    return status;
}

static vn_status coarse_pattern(const vn_level *fine, int64_t n, vn_laplacian *coarse, int n_threads,
                                vn_poll poll, void *context)
{
    coarse->n = n;
    coarse->ptr = vn_calloc((size_t)n + 1, sizeof(int64_t));
    if (!coarse->ptr) return VN_NO_MEMORY;
    vn_status status = coarse_pass(fine, coarse, 0, n_threads, poll, context);
    if (status != VN_OK) return status;
    for (int64_t g = 0; g < n; g++) coarse->ptr[g + 1] += coarse->ptr[g];
    coarse->col = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(coarse->ptr[n], 1));
    coarse->val = vn_calloc((size_t)VN_MAX(coarse->ptr[n], 1), sizeof(float));
    if (!coarse->col || !coarse->val) return VN_NO_MEMORY;
    status = coarse_pass(fine, coarse, 1, n_threads, poll, context);
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

/* The arrays of the loops below; each uses what it needs. */
typedef struct {
    const vn_level *l;
    const double *r;
    double *x, first, second;
} loop;

enum { SUMS = 3 }; /* of each block, in l->partial */

static double sum_of(const vn_level *l, int which)
{
    double sum = 0.0;
    for (int64_t k = 0; k < l->a.n_blocks; k++) sum += l->partial[k * SUMS + which];
    return sum;
}

static void cycle(vn_multigrid *m, int k, const double *r, double *x, int n_threads);

static vn_status restrict_block(void *arg, int64_t block, int worker)
{
    const loop *j = arg;
    const vn_groups *groups = &j->l->groups;
    const int64_t n = j->l[1].a.n;
    (void)worker;
    for (int64_t g = block * GROUPS; g < vn_block_end(n, GROUPS, block); g++) {
        double sum = 0.0;
        for (int64_t q = groups->member_ptr[g]; q < groups->member_ptr[g + 1]; q++)
            sum += j->r[groups->member[q]];
        j->x[g] = sum;
    }
    return VN_OK;
}

/* Sums of r over the groups of l: the right-hand side of the next level. */
static void restrict_to_next(const vn_level *l, const double *r, double *next, int n_threads)
{
    const int64_t n_blocks = vn_n_blocks(l[1].a.n, GROUPS);
    vn_team_run(restrict_block, &(loop){.l = l, .r = r, .x = next}, n_blocks,
                n_blocks > 8 ? n_threads : 1, NULL, NULL);
}

VN_CLONES
static void cross_rows(const double *x, const double *y, const double *b, int64_t from, int64_t to,
                       double *sums)
{
    double xy = 0.0, xb = 0.0;
    VN_PRAGMA(omp simd reduction(+:xy, xb))
    for (int64_t i = from; i < to; i++) {
        xy += x[i] * y[i];
        xb += x[i] * b[i];
    }
    sums[0] = xy;
    sums[1] = xb;
}

/* q = A x; b.b, b.x and x.q with b = r */
static vn_status first_product(void *arg, int64_t k, int worker)
{
    const loop *j = arg;
    const vn_laplacian *a = &j->l->a;
    (void)worker;
    j->l->partial[k * SUMS + 2] = vn_laplacian_apply_block(a, j->x, j->l->q, k);
    cross_rows(j->r, j->r, j->x, a->block[k], a->block[k + 1], j->l->partial + k * SUMS);
    return VN_OK;
}

/* v = A p; p.q, p.b and p.v with b = r */
static vn_status second_product(void *arg, int64_t k, int worker)
{
    const loop *j = arg;
    const vn_level *l = j->l;
    (void)worker;
    l->partial[k * SUMS + 2] = vn_laplacian_apply_block(&l->a, l->p, l->v, k);
    cross_rows(l->p, l->q, j->r, l->a.block[k], l->a.block[k + 1], l->partial + k * SUMS);
    return VN_OK;
}

VN_CLONES
static double subtract_rows(double step, const double *q, int64_t from, int64_t to,
                            double *restrict b)
{
    double sum = 0.0;
    VN_PRAGMA(omp simd reduction(+:sum))
    for (int64_t i = from; i < to; i++) {
        b[i] -= step * q[i];
        sum += b[i] * b[i];
    }
    return sum;
}

/* b -= first q, b in place of x; b.b */
static vn_status subtract(void *arg, int64_t k, int worker)
{
    const loop *j = arg;
    const vn_level *l = j->l;
    (void)worker;
    l->partial[k * SUMS] = subtract_rows(j->first, l->q, l->a.block[k], l->a.block[k + 1], j->x);
    return VN_OK;
}

VN_CLONES
static void combine_rows(double first, double second, const double *p, int64_t from, int64_t to,
                         double *restrict x)
{
    for (int64_t i = from; i < to; i++) x[i] = first * x[i] + second * p[i];
}

/* x = first x + second p */
static vn_status combine(void *arg, int64_t k, int worker)
{
    const loop *j = arg;
    const vn_laplacian *a = &j->l->a;
    (void)worker;
    combine_rows(j->first, j->second, j->l->p, a->block[k], a->block[k + 1], j->x);
    return VN_OK;
}

/* x = about A^-1 b on level k: one or two flexible conjugate-gradient steps (b is changed). */
static void coarse_solve(vn_multigrid *m, int k, double *b, double *x, int n_threads)
{
    const vn_level *l = &m->level[k];
    cycle(m, k, b, x, n_threads);
    if (k + 1 == m->n_levels) return;
    vn_laplacian_run(&l->a, first_product, &(loop){.l = l, .r = b, .x = x}, n_threads);
    const double before = sum_of(l, 0), xb = sum_of(l, 1), rho = sum_of(l, 2);
    if (!(rho > 0.0)) return;
    const double step = xb / rho;
    vn_laplacian_run_rows(&l->a, subtract, &(loop){.l = l, .x = b, .first = step}, n_threads);
    if (sum_of(l, 0) <= 0.0625 * before) {
        for (int64_t i = 0; i < l->a.n; i++) x[i] *= step;
        return;
    }
    cycle(m, k, b, l->p, n_threads);
    vn_laplacian_run(&l->a, second_product, &(loop){.l = l, .r = b}, n_threads);
    const double cross = sum_of(l, 0), pb = sum_of(l, 1), beta = sum_of(l, 2);
    const double left = beta - cross * cross / rho;
    const double second = left > 0.0 ? pb / left : 0.0;
    const double first = step - cross * second / rho;
    vn_laplacian_run_rows(&l->a, combine, &(loop){.l = l, .x = x, .first = first, .second = second},
                          n_threads);
}

VN_CLONES
static void begin_rows(const vn_laplacian *a, double omega, const double *r, int64_t from,
                       int64_t to, double *restrict x)
{
    for (int64_t i = from; i < to; i++) x[i] = a->diag[i] > 0.0 ? omega * r[i] / a->diag[i] : 0.0;
}

/* x = first D^-1 r */
static vn_status begin(void *arg, int64_t k, int worker)
{
    const loop *j = arg;
    const vn_laplacian *a = &j->l->a;
    (void)worker;
    begin_rows(a, j->first, j->r, a->block[k], a->block[k + 1], j->x);
    return VN_OK;
}

/* x += what the next level says of the group */
static vn_status prolong(void *arg, int64_t k, int worker)
{
    const loop *j = arg;
    const int32_t *of = j->l->groups.of;
    const double *next = j->l[1].x;
    (void)worker;
    for (int64_t i = j->l->a.block[k]; i < j->l->a.block[k + 1]; i++)
        if (of[i] >= 0) j->x[i] += next[of[i]];
    return VN_OK;
}

/* x = D^-1 r + what the next level says of the group */
static vn_status begin_and_prolong(void *arg, int64_t k, int worker)
{
    const vn_status status = begin(arg, k, worker);
    return status == VN_OK ? prolong(arg, k, worker) : status;
}

static void cycle(vn_multigrid *m, int k, const double *r, double *x, int n_threads)
{
    const vn_level *l = &m->level[k];
    const vn_laplacian *a = &l->a;
    loop j = {.l = l, .r = r, .x = x, .first = OMEGA};
    if (k + 1 == m->n_levels && m->factor) {
        solve_dense(m->factor, a->n, r, x);
        return;
    }
    vn_laplacian_run_rows(a, begin, &j, n_threads);
    if (k + 1 == m->n_levels) {
        for (int s = 0; s < 4; s++) vn_laplacian_smooth(a, r, OMEGA, x, l->work, n_threads);
        return;
    }
    vn_laplacian_residual(a, x, r, l->work, n_threads);
    restrict_to_next(l, l->work, l[1].r, n_threads);
    coarse_solve(m, k + 1, l[1].r, l[1].x, n_threads);
    vn_laplacian_run_rows(a, prolong, &j, n_threads);
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
    const int64_t blocks = vn_laplacian_most_blocks(l->a.n, l->a.ptr[l->a.n]);
    l->partial = vn_malloc(sizeof(double) * SUMS * (size_t)VN_MAX(blocks, 1));
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
static vn_status coarsen(vn_level *fine, vn_level *coarse, int n_threads, vn_poll poll,
                         void *context, int64_t *n_groups)
{
    const int64_t n = fine->a.n;
    vn_status status = vn_find_groups(&fine->a, fine->a.ptr[n] > 16 * n ? 3 : 2, poll, context,
                                      &fine->groups, n_groups);
    if (status != VN_OK || *n_groups == 0 || *n_groups * 10 > n * 9) return status;
    status = coarse_pattern(fine, *n_groups, &coarse->a, n_threads, poll, context);
    if (status == VN_OK) status = coarse_pass(fine, &coarse->a, 2, n_threads, poll, context);
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

vn_status vn_multigrid_build(const vn_laplacian *a, int n_threads, vn_poll poll, void *context,
                             vn_multigrid *m)
{
    memset(m, 0, sizeof *m);
    m->level[0].a = *a;
    m->n_levels = 1;
    int skipped = 0;
    while (m->n_levels < VN_MAX_LEVELS) {
        vn_level *fine = &m->level[m->n_levels - 1];
        int64_t groups = 0;
        if (fine->a.n <= DENSE) break;
        const vn_status status = coarsen(fine, fine + 1, n_threads, poll, context, &groups);
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

vn_status vn_multigrid_refresh(vn_multigrid *m, int n_threads, vn_poll poll, void *context)
{
    for (int k = 1; k < m->n_levels; k++) {
        const vn_status status = coarse_pass(&m->level[k - 1], &m->level[k].a, 2, n_threads,
                                             poll, context);
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
    const vn_level *l = m->level;
    if (m->n_levels == 1) {
        cycle(m, 0, r, x, n_threads);
        return;
    }
    restrict_to_next(l, r, l[1].r, n_threads);
    coarse_solve(m, 1, l[1].r, l[1].x, n_threads);
    vn_laplacian_run_rows(&l->a, begin_and_prolong,
                          &(loop){.l = l, .r = r, .x = x, .first = 1.0}, n_threads);
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
