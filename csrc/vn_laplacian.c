#include "vn_laplacian.h"

#include "vn_team.h"

#define BLOCK_ROWS 2048
#define BLOCK_ENTRIES 16384

vn_status vn_laplacian_finish(vn_laplacian *a)
{
    const int64_t n = a->n;
    a->extra = vn_calloc((size_t)VN_MAX(n, 1), sizeof(double));
    a->diag = vn_calloc((size_t)VN_MAX(n, 1), sizeof(double));
    a->n_blocks = 0;
    for (int pass = 0; pass < 2; pass++) {
        int64_t blocks = 0, start = 0;
        for (int64_t i = 0; i < n; i++) {
            const int last = i + 1 == n;
            if (i + 1 - start >= BLOCK_ROWS || a->ptr[i + 1] - a->ptr[start] >= BLOCK_ENTRIES || last) {
                if (pass) a->block[blocks] = start;
                blocks++;
                start = i + 1;
            }
        }
        if (!pass) {
            a->block = vn_malloc(sizeof(int64_t) * (size_t)(blocks + 1));
            if (!a->extra || !a->diag || !a->block) return VN_NO_MEMORY;
        } else {
            a->block[blocks] = n;
            a->n_blocks = blocks;
        }
    }
    return VN_OK;
}

void vn_laplacian_free(vn_laplacian *a)
{
    vn_free(a->ptr);
    vn_free(a->col);
    vn_free(a->val);
    vn_free(a->extra);
    vn_free(a->diag);
    vn_free(a->block);
    *a = (vn_laplacian){0};
}

VN_CLONES
static void block_diagonal(const vn_laplacian *a, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) {
        double sum = 0.0;
        VN_PRAGMA(omp simd reduction(+:sum))
        for (int64_t k = a->ptr[i]; k < a->ptr[i + 1]; k++) sum += (double)a->val[k];
        a->diag[i] = sum + a->extra[i];
    }
}

/* (A x)_i. Four partial sums, scalar: gathers into vectors are slower on the machines measured. */
static inline double row_product(const vn_laplacian *a, const double *x, int64_t i)
{
    const double xi = x[i];
    const int64_t begin = a->ptr[i], end = a->ptr[i + 1];
    const int32_t *col = a->col;
    const float *val = a->val;
    double s0 = a->extra[i] * xi, s1 = 0.0, s2 = 0.0, s3 = 0.0;
    int64_t k = begin;
    for (; k + 4 <= end; k += 4) {
        s0 += (double)val[k] * (xi - x[col[k]]);
        s1 += (double)val[k + 1] * (xi - x[col[k + 1]]);
        s2 += (double)val[k + 2] * (xi - x[col[k + 2]]);
        s3 += (double)val[k + 3] * (xi - x[col[k + 3]]);
    }
    for (; k < end; k++) s0 += (double)val[k] * (xi - x[col[k]]);
    return (s0 + s1) + (s2 + s3);
}

VN_CLONES
static double block_apply(const vn_laplacian *a, const double *x, double *y, int64_t from, int64_t to)
{
    double dot = 0.0;
    for (int64_t i = from; i < to; i++) {
        y[i] = row_product(a, x, i);
        dot += x[i] * y[i];
    }
    return dot;
}

VN_CLONES
static void block_residual(const vn_laplacian *a, const double *x, const double *b, double *r,
                           int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) r[i] = b[i] - row_product(a, x, i);
}

VN_CLONES
static void block_jacobi(const vn_laplacian *a, double omega, const double *r, double *x,
                         int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) x[i] += a->diag[i] > 0.0 ? omega * r[i] / a->diag[i] : 0.0;
}

VN_CLONES
static double block_dot(const double *x, const double *y, int64_t from, int64_t to)
{
    double dot = 0.0;
    VN_PRAGMA(omp simd reduction(+:dot))
    for (int64_t i = from; i < to; i++) dot += x[i] * y[i];
    return dot;
}

/* The arrays of the loops below; each uses what it needs. */
typedef struct {
    vn_laplacian *changed;
    const vn_laplacian *a;
    const double *x, *b;
    double *out, *partial, omega;
} job;

/* Too few blocks are not worth the other threads. */
static void run(vn_body body, job *j, int n_threads)
{
    vn_team_run(body, j, j->a->n_blocks, j->a->n_blocks > 4 ? n_threads : 1, NULL, NULL);
}

static vn_status diagonal(void *arg, int64_t k, int worker)
{
    job *j = arg;
    (void)worker;
    block_diagonal(j->changed, j->a->block[k], j->a->block[k + 1]);
    return VN_OK;
}

void vn_laplacian_diagonal(vn_laplacian *a, int n_threads)
{
    run(diagonal, &(job){.changed = a, .a = a}, n_threads);
}

static vn_status apply(void *arg, int64_t k, int worker)
{
    job *j = arg;
    (void)worker;
    j->partial[k] = block_apply(j->a, j->x, j->out, j->a->block[k], j->a->block[k + 1]);
    return VN_OK;
}

double vn_laplacian_apply(const vn_laplacian *a, const double *x, double *y, double *partial,
                          int n_threads)
{
    run(apply, &(job){.a = a, .x = x, .out = y, .partial = partial}, n_threads);
    return vn_ordered_sum(partial, a->n_blocks);
}

static vn_status residual(void *arg, int64_t k, int worker)
{
    job *j = arg;
    (void)worker;
    block_residual(j->a, j->x, j->b, j->out, j->a->block[k], j->a->block[k + 1]);
    return VN_OK;
}

void vn_laplacian_residual(const vn_laplacian *a, const double *x, const double *b, double *r,
                           int n_threads)
{
    run(residual, &(job){.a = a, .x = x, .b = b, .out = r}, n_threads);
}

static vn_status jacobi(void *arg, int64_t k, int worker)
{
    job *j = arg;
    (void)worker;
    block_jacobi(j->a, j->omega, j->b, j->out, j->a->block[k], j->a->block[k + 1]);
    return VN_OK;
}

void vn_laplacian_smooth(const vn_laplacian *a, const double *b, double omega, double *x,
                         double *work, int n_threads)
{
    vn_laplacian_residual(a, x, b, work, n_threads);
    run(jacobi, &(job){.a = a, .b = work, .omega = omega, .out = x}, n_threads);
}

static vn_status dot(void *arg, int64_t k, int worker)
{
    job *j = arg;
    (void)worker;
    j->partial[k] = block_dot(j->x, j->b, j->a->block[k], j->a->block[k + 1]);
    return VN_OK;
}

double vn_laplacian_dot(const vn_laplacian *a, const double *x, const double *y, double *partial,
                        int n_threads)
{
    run(dot, &(job){.a = a, .x = x, .b = y, .partial = partial}, n_threads);
    return vn_ordered_sum(partial, a->n_blocks);
}
