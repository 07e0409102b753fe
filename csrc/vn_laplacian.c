#include "vn_laplacian.h"

#define BLOCK_ROWS 2048
#define BLOCK_ENTRIES 16384

int64_t vn_laplacian_most_blocks(int64_t n, int64_t entries)
{
    return VN_MIN(n, n / BLOCK_ROWS + entries / BLOCK_ENTRIES + 1);
}

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
double vn_laplacian_apply_rows(const vn_laplacian *a, const double *x, double *y, int64_t from,
                               int64_t to)
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

/* ---- loops over the blocks ------------------------------------------------------------------- */

typedef struct {
    const vn_laplacian *a;
    vn_rows_body body;
    void *job;
} rows_run;

static vn_status rows_of_block(void *arg, int64_t block, int worker)
{
    const rows_run *r = arg;
    (void)worker;
    r->body(r->job, block, r->a->block[block], r->a->block[block + 1]);
    return VN_OK;
}

void vn_laplacian_run(const vn_laplacian *a, vn_rows_body body, void *job, int n_threads)
{
    rows_run r = {a, body, job};
    vn_team_run(rows_of_block, &r, a->n_blocks, a->n_blocks > 4 ? n_threads : 1, NULL, NULL);
}

void vn_laplacian_run_rows(const vn_laplacian *a, vn_rows_body body, void *job, int n_threads)
{
    rows_run r = {a, body, job};
    vn_team_run(rows_of_block, &r, a->n_blocks, a->n > 4 * BLOCK_ROWS ? n_threads : 1, NULL, NULL);
}

/* The arrays of the loops below; each uses what it needs. */
typedef struct {
    const vn_laplacian *a;
    const double *x, *b;
    double *out, omega;
} loop;

static void diagonal(void *arg, int64_t block, int64_t from, int64_t to)
{
    (void)block;
    block_diagonal(arg, from, to);
}

void vn_laplacian_diagonal(vn_laplacian *a, int n_threads)
{
    vn_laplacian_run(a, diagonal, a, n_threads);
}

static void residual(void *arg, int64_t block, int64_t from, int64_t to)
{
    const loop *j = arg;
    (void)block;
    block_residual(j->a, j->x, j->b, j->out, from, to);
}

void vn_laplacian_residual(const vn_laplacian *a, const double *x, const double *b, double *r,
                           int n_threads)
{
    vn_laplacian_run(a, residual, &(loop){.a = a, .x = x, .b = b, .out = r}, n_threads);
}

static void jacobi(void *arg, int64_t block, int64_t from, int64_t to)
{
    const loop *j = arg;
    (void)block;
    block_jacobi(j->a, j->omega, j->b, j->out, from, to);
}

void vn_laplacian_smooth(const vn_laplacian *a, const double *b, double omega, double *x,
                         double *work, int n_threads)
{
    vn_laplacian_residual(a, x, b, work, n_threads);
    vn_laplacian_run_rows(a, jacobi, &(loop){.a = a, .b = work, .omega = omega, .out = x},
                          n_threads);
}
