#include "vn_multigrid_internal.h"

#include "vn_dense.h"

#define OMEGA (2.0 / 3.0) /* Jacobi damping */

/* The arrays of the loops below; each uses what it needs. */
typedef struct {
    const vn_level *l;
    const double *r;
    double *x, first, second;
} loop;

static double sum_of(const vn_level *l, int which)
{
    double sum = 0.0;
    for (int64_t k = 0; k < l->a.n_blocks; k++) sum += l->partial[k * VN_LEVEL_SUMS + which];
    return sum;
}

static void cycle(vn_multigrid *m, int k, const double *r, double *x, int n_threads);

static vn_status restrict_block(void *arg, int64_t block, int worker)
{
    const loop *j = arg;
    const vn_groups *groups = &j->l->groups;
    const int64_t n = j->l[1].a.n;
    (void)worker;
    for (int64_t g = block * VN_BLOCK_GROUPS; g < vn_block_end(n, VN_BLOCK_GROUPS, block); g++) {
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
    const int64_t n_blocks = vn_n_blocks(l[1].a.n, VN_BLOCK_GROUPS);
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
static void first_product(void *arg, int64_t block, int64_t from, int64_t to)
{
    const loop *j = arg;
    const vn_level *l = j->l;
    double *sums = l->partial + block * VN_LEVEL_SUMS;
    sums[2] = vn_laplacian_apply_rows(&l->a, j->x, l->q, from, to);
    cross_rows(j->r, j->r, j->x, from, to, sums);
}

/* v = A p; p.q, p.b and p.v with b = r */
static void second_product(void *arg, int64_t block, int64_t from, int64_t to)
{
    const loop *j = arg;
    const vn_level *l = j->l;
    double *sums = l->partial + block * VN_LEVEL_SUMS;
    sums[2] = vn_laplacian_apply_rows(&l->a, l->p, l->v, from, to);
    cross_rows(l->p, l->q, j->r, from, to, sums);
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
static void subtract(void *arg, int64_t block, int64_t from, int64_t to)
{
    const loop *j = arg;
    j->l->partial[block * VN_LEVEL_SUMS] = subtract_rows(j->first, j->l->q, from, to, j->x);
}

VN_CLONES
static void combine_rows(double first, double second, const double *p, int64_t from, int64_t to,
                         double *restrict x)
{
    for (int64_t i = from; i < to; i++) x[i] = first * x[i] + second * p[i];
}

/* x = first x + second p */
static void combine(void *arg, int64_t block, int64_t from, int64_t to)
{
    const loop *j = arg;
    (void)block;
    combine_rows(j->first, j->second, j->l->p, from, to, j->x);
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
static void begin(void *arg, int64_t block, int64_t from, int64_t to)
{
    const loop *j = arg;
    (void)block;
    begin_rows(&j->l->a, j->first, j->r, from, to, j->x);
}

/* x += what the next level says of the group */
static void prolong(void *arg, int64_t block, int64_t from, int64_t to)
{
    const loop *j = arg;
    const int32_t *of = j->l->groups.of;
    const double *next = j->l[1].x;
    (void)block;
    for (int64_t i = from; i < to; i++)
        if (of[i] >= 0) j->x[i] += next[of[i]];
}

/* x = D^-1 r + what the next level says of the group */
static void begin_and_prolong(void *arg, int64_t block, int64_t from, int64_t to)
{
    begin(arg, block, from, to);
    prolong(arg, block, from, to);
}

static void cycle(vn_multigrid *m, int k, const double *r, double *x, int n_threads)
{
    const vn_level *l = &m->level[k];
    const vn_laplacian *a = &l->a;
    loop j = {.l = l, .r = r, .x = x, .first = OMEGA};
    if (k + 1 == m->n_levels && m->factor) {
        vn_dense_solve(m->factor, a->n, r, x);
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
