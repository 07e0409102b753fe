#include "vn_ridge.h"

#include <math.h>
#include <string.h>

#include "vn_team.h"

#define PANEL 48 /* columns of the factor that are found together, and rows of a block */
#define TILE 4   /* rows that share what is read of another row */

typedef struct {
    const vn_sparse_rows *x;
    const double *curvature, *ridge;
    const int32_t *place;  /* of each column among the free ones; -1: not free */
    const int32_t *column; /* of each free one */
    int64_t n;             /* free columns */
    double *a;             /* n x n; its lower triangle becomes the factor */
    int64_t from, to;      /* the panel */
} job;

/* First cell of a row whose column is at least `column`. */
static int64_t first_cell(const vn_sparse_rows *x, int64_t row, int32_t column)
{
    int64_t low = x->ptr[row], high = x->ptr[row + 1];
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (x->column[middle] < column) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Rows [PANEL * block, ...) of the matrix. */
static vn_status fill_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_sparse_rows *x = j->x;
    const int64_t begin = block * PANEL, end = vn_block_end(j->n, PANEL, block);
    const int32_t last = j->column[end - 1];
    (void)worker;
    memset(j->a + begin * j->n, 0, sizeof(double) * (size_t)((end - begin) * j->n));
    for (int64_t i = begin; i < end; i++) j->a[i * j->n + i] = j->ridge[j->column[i]];
    for (int64_t r = 0; r < x->n_rows; r++) {
        const double h = j->curvature[r];
        if (h == 0.0) continue;
        for (int64_t k = first_cell(x, r, j->column[begin]);
             k < x->ptr[r + 1] && x->column[k] <= last; k++) {
            if (j->place[x->column[k]] < 0) continue;
            double *row = j->a + j->place[x->column[k]] * j->n;
            const double hv = h * x->value[k];
            for (int64_t c = x->ptr[r]; c <= k; c++)
                if (j->place[x->column[c]] >= 0) row[j->place[x->column[c]]] += hv * x->value[c];
        }
    }
    return VN_OK;
}

/* Take from rows [begin, end) of the panel what the columns before it account for. */
VN_CLONES
static void reduce_rows(double *a, int64_t n, int64_t from, int64_t to, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i += TILE) {
        const int64_t m = VN_MIN(end - i, (int64_t)TILE);
        const double *r0 = a + i * n, *r1 = a + (i + VN_MIN(m - 1, 1)) * n;
        const double *r2 = a + (i + VN_MIN(m - 1, 2)) * n, *r3 = a + (i + m - 1) * n;
        for (int64_t k = from; k < VN_MIN(to, i + m); k++) {
            const double *other = a + k * n;
            double s[TILE], s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
            VN_PRAGMA(omp simd reduction(+:s0, s1, s2, s3))
            for (int64_t c = 0; c < from; c++) {
                s0 += r0[c] * other[c];
                s1 += r1[c] * other[c];
                s2 += r2[c] * other[c];
                s3 += r3[c] * other[c];
            }
            s[0] = s0;
            s[1] = s1;
            s[2] = s2;
            s[3] = s3;
            for (int64_t t = 0; t < m; t++) a[(i + t) * n + k] -= s[t];
        }
    }
}

/* Columns [from, to) of one row of the factor, whose diagonal block is done up to that row. */
static void finish_row(double *a, int64_t n, int64_t from, int64_t to, int64_t i)
{
    double *row = a + i * n;
    for (int64_t k = from; k < VN_MIN(to, i + 1); k++) {
        const double *other = a + k * n;
        double sum = row[k];
        for (int64_t c = from; c < k; c++) sum -= row[c] * other[c];
        row[k] = k == i ? sqrt(sum) : sum / other[k];
    }
}

static vn_status factor_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t begin = j->to + block * PANEL, end = VN_MIN(begin + PANEL, j->n);
    (void)worker;
    reduce_rows(j->a, j->n, j->from, j->to, begin, end);
    for (int64_t i = begin; i < end; i++) finish_row(j->a, j->n, j->from, j->to, i);
    return VN_OK;
}

/* Solve L L' x = x. */
static void solve(const double *a, int64_t n, double *x)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = x[i];
        for (int64_t c = 0; c < i; c++) sum -= a[i * n + c] * x[c];
        x[i] = sum / a[i * n + i];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        x[i] /= a[i * n + i];
        for (int64_t c = 0; c < i; c++) x[c] -= a[i * n + c] * x[i];
    }
}

vn_status vn_ridge_step(const vn_sparse_rows *x, const double *curvature, const double *ridge,
                        const double *gradient, const uint8_t *free, int n_threads, vn_poll poll,
                        void *context, double *step)
{
    const int64_t columns = x->n_columns;
    int32_t *place = vn_malloc(sizeof(int32_t) * (size_t)(2 * columns + 1));
    int32_t *column = place ? place + columns : NULL;
    vn_status status = VN_NO_MEMORY;
    double *a = NULL, *b = NULL;
    int64_t n = 0;
    if (!place) return VN_NO_MEMORY;
    for (int64_t c = 0; c < columns; c++) {
        place[c] = free[c] ? (int32_t)n : -1;
        if (free[c]) column[n++] = (int32_t)c;
    }
    memset(step, 0, sizeof(double) * (size_t)columns);
    a = vn_malloc(sizeof(double) * (size_t)(n * n + 1));
    b = vn_malloc(sizeof(double) * (size_t)(n + 1));
    if (!a || !b) goto done;
    job j = {x, curvature, ridge, place, column, n, a, 0, 0};
    status = vn_team_run(fill_block, &j, vn_n_blocks(n, PANEL), n_threads, poll, context);
    for (j.from = 0; j.from < n && status == VN_OK; j.from = j.to) {
        j.to = VN_MIN(j.from + PANEL, n);
        reduce_rows(a, n, j.from, j.to, j.from, j.to);
        for (int64_t i = j.from; i < j.to; i++) finish_row(a, n, j.from, j.to, i);
        status = vn_team_run(factor_block, &j, vn_n_blocks(n - j.to, PANEL), n_threads, poll,
                             context);
    }
    if (status != VN_OK) goto done;
    for (int64_t k = 0; k < n; k++) b[k] = gradient[column[k]];
    solve(a, n, b);
    for (int64_t k = 0; k < n; k++) step[column[k]] = b[k];
done:
    vn_free(place);
    vn_free(a);
    vn_free(b);
    return status;
}
