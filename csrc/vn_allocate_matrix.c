#include "vn_allocate_internal.h"

#include <math.h>
#include <string.h>

static inline double *row_of(const vn_posterior *w, int row)
{
    return w->c + (size_t)row * (size_t)w->stride;
}

static double *matrix(int64_t rows, int64_t columns)
{
    return vn_aligned_alloc(64, (size_t)(rows * columns) * sizeof(double)); /* columns: multiple of 8 */
}

static vn_status reserve(vn_posterior *w, int64_t n)
{
    if (n <= w->room_matrix) return VN_OK;
    const int64_t room = (n + VN_PANEL - 1) / VN_PANEL * VN_PANEL;
    vn_free(w->c), vn_free(w->history), vn_free(w->panel), vn_free(w->turned);
    w->room_matrix = 0;
    w->c = matrix(room, room);
    w->history = matrix(VN_HISTORY, room);
    w->panel = matrix(VN_PANEL, room);
    w->turned = matrix(VN_PANEL, room);
    if (!w->c || !w->history || !w->panel || !w->turned) return VN_NO_MEMORY;
    w->room_matrix = room;
    return VN_OK;
}

/* m (k x k, positive definite) becomes minus its inverse, by sweeps (Beaton 1964). */
static void invert_small(int k, double m[VN_PANEL][VN_PANEL])
{
    for (int p = 0; p < k; p++) {
        const double d = 1.0 / m[p][p];
        for (int i = 0; i < k; i++)
            if (i != p)
                for (int j = 0; j < k; j++)
                    if (j != p) m[i][j] -= m[i][p] * d * m[p][j];
        for (int i = 0; i < k; i++)
            if (i != p) m[i][p] *= d, m[p][i] *= d;
        m[p][p] = -d;
    }
}

/* Sweep the pivots [from, from + k) of the symmetric matrix together. After all sweeps it is minus
 * its inverse. */
static void sweep(vn_posterior *w, int from, int k)
{
    const int n = w->n, stride = w->stride;
    double core[VN_PANEL][VN_PANEL], factor[VN_PANEL];
    for (int r = 0; r < k; r++) {
        memcpy(w->panel + r * stride, row_of(w, from + r), sizeof(double) * (size_t)stride);
        memcpy(core[r], w->panel + r * stride + from, sizeof(double) * (size_t)k);
    }
    invert_small(k, core);
    for (int r = 0; r < k; r++) { /* turned = core^-1 panel */
        double *row = w->turned + r * stride;
        memset(row, 0, sizeof(double) * (size_t)stride);
        vn_subtract_rows(stride, k, core[r], w->panel, stride, row);
    }
    for (int i = 0; i < n; i++) {
        if (i >= from && i < from + k) continue;
        double *row = row_of(w, i);
        for (int r = 0; r < k; r++) factor[r] = w->panel[r * stride + i];
        vn_subtract_rows(stride, k, factor, w->turned, stride, row);
        for (int r = 0; r < k; r++) row[from + r] = w->turned[r * stride + i];
    }
    for (int r = 0; r < k; r++) {
        double *row = row_of(w, from + r);
        memcpy(row, w->turned + r * stride, sizeof(double) * (size_t)stride);
        memcpy(row + from, core[r], sizeof(double) * (size_t)k);
    }
}

vn_status vn_posterior_covariance(vn_posterior *w, int dense)
{
    w->dense = dense;
    if (!dense) return VN_OK;
    const vn_status status = reserve(w, w->n);
    if (status != VN_OK) return status;
    const int n = w->n;
    w->stride = (n + VN_PANEL - 1) / VN_PANEL * VN_PANEL;
    const size_t size = (size_t)n * (size_t)w->stride;
    memset(w->c, 0, size * sizeof(double));
    const vn_small *s = &w->small;
    for (int i = 0; i < n; i++) row_of(w, i)[i] = s->diag[s->row[i]];
    for (int e = 0; e < s->n_edges; e++) {
        const int i = w->item[s->a[e]], j = w->item[s->b[e]];
        row_of(w, i)[j] -= s->h[e];
        row_of(w, j)[i] -= s->h[e];
    }
    for (int from = 0; from < n; from += VN_PANEL) {
        sweep(w, from, VN_MIN(VN_PANEL, n - from));
        if (vn_posterior_stops(w, VN_PANEL * (int64_t)size)) return VN_INTERRUPTED;
    }
    for (size_t q = 0; q < size; q++) w->c[q] = -w->c[q];
    int lost = 0; /* the prior, in rounding: votes do not see the mean, so C times the precisions is 1 */
    for (int i = 0; i < n; i++) {
        double sum = 0.0;
        for (int k = 0; k < n; k++) sum += row_of(w, i)[k] * vn_prior_precision(&w->model.prior, k);
        lost |= !(fabs(sum - 1.0) < 0.5);
    }
    for (size_t q = 0; lost && q < size; q++) w->c[q] = NAN;
    return VN_OK;
}

VN_CLONES
static double inner(int n, const double *restrict x, const double *restrict y)
{
    double sum[8] = {0.0};
    for (int i = 0; i < n; i += 8)
        for (int l = 0; l < 8; l++) sum[l] += x[i + l] * y[i + l];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* Vectors have room for whole panels; what is beyond n is 0 here and in the matrix. */
static void clear_rest(const vn_posterior *w, double *x)
{
    for (int i = w->n; i < w->stride; i++) x[i] = 0.0;
}

/* out = the solution of what is in `next`, row by row. */
static void solve(vn_posterior *w, double *out)
{
    vn_small *s = &w->small;
    vn_small_solve(s, s->next, 1e-8, 10 * w->n + 100, s->step);
    for (int i = 0; i < w->n; i++) out[i] = s->step[s->row[i]];
}

void vn_posterior_column(vn_posterior *w, int i, int j, double *out)
{
    if (!w->dense) {
        vn_small *s = &w->small;
        memset(s->next, 0, sizeof(double) * (size_t)s->rows);
        s->next[s->row[i]] = 1.0;
        s->next[s->row[j]] = -1.0;
        solve(w, out);
        return;
    }
    const double *one = row_of(w, i);
    const double *two = row_of(w, j);
    double factor[VN_HISTORY];
    for (int k = 0; k < w->stride; k++) out[k] = one[k] - two[k];
    for (int k = 0; k < w->n_history; k++) {
        const double *row = w->history + (size_t)k * (size_t)w->stride;
        factor[k] = w->factor[k] * (row[i] - row[j]);
    }
    vn_subtract_rows(w->stride, w->n_history, factor, w->history, w->stride, out);
}

void vn_posterior_multiply(vn_posterior *w, const double *v, double *out)
{
    if (!w->dense) {
        for (int i = 0; i < w->n; i++) w->small.next[w->small.row[i]] = v[i];
        solve(w, out);
        return;
    }
    double factor[VN_HISTORY];
    for (int i = 0; i < w->n; i++) out[i] = inner(w->stride, row_of(w, i), v);
    clear_rest(w, out);
    for (int k = 0; k < w->n_history; k++)
        factor[k] = w->factor[k] * inner(w->stride, w->history + (size_t)k * (size_t)w->stride, v);
    vn_subtract_rows(w->stride, w->n_history, factor, w->history, w->stride, out);
}

void vn_posterior_flush(vn_posterior *w)
{
    double factor[VN_HISTORY];
    for (int i = 0; w->n_history > 0 && i < w->n; i++) {
        for (int k = 0; k < w->n_history; k++)
            factor[k] = w->factor[k] * w->history[(size_t)k * (size_t)w->stride + (size_t)i];
        vn_subtract_rows(w->stride, w->n_history, factor, w->history, w->stride,
                         row_of(w, i));
    }
    w->n_history = 0;
}

vn_status vn_posterior_update(vn_posterior *w, int i, int j, double x, double r,
                              const double *column)
{
    if (w->dense) {
        if (w->n_history == VN_HISTORY) vn_posterior_flush(w);
        double *row = w->history + (size_t)w->n_history * (size_t)w->stride;
        memcpy(row, column, sizeof(double) * (size_t)w->stride);
        w->factor[w->n_history++] = x / (1.0 + x * r);
    }
    return vn_small_more(&w->small, w->small.row[i], w->small.row[j], x);
}
