/* Statistics of replicates, a tile of columns at a time. Columns are sorted by a network over rows:
 * every comparison is one of two rows, and thus a plain loop over the tile. */
#include <math.h>
#include <string.h>

#include "vn_group_replicates.h"

#define TILE 32

/* The smaller values into x, the larger ones into y. */
static inline __attribute__((always_inline)) void in_order(double *restrict x, double *restrict y)
{
    for (int i = 0; i < TILE; i++) {
        const double low = x[i] < y[i] ? x[i] : y[i], high = x[i] < y[i] ? y[i] : x[i];
        x[i] = low;
        y[i] = high;
    }
}

/* Sort the n rows in each column: merge exchange (Batcher 1968, doi:10.1145/1468075.1468121). */
VN_CLONES
static void sort_columns(double *x, int64_t n)
{
    int64_t top = 1;
    while (2 * top < n) top *= 2;
    for (int64_t p = top; p > 0; p /= 2) {
        int64_t q = top, r = 0, d = p;
        for (;;) {
            for (int64_t i = 0; i < n - d; i++)
                if ((i & p) == r) in_order(x + i * TILE, x + (i + d) * TILE);
            if (q == p) break;
            d = q - p;
            q /= 2;
            r = p;
        }
    }
}

VN_CLONES
static void moments(const double *restrict x, int64_t n, double *restrict mean,
                    double *restrict deviation)
{
    double sum[TILE] = {0.0}, square[TILE] = {0.0};
    for (int64_t r = 0; r < n; r++)
        for (int i = 0; i < TILE; i++) sum[i] += x[r * TILE + i];
    for (int i = 0; i < TILE; i++) mean[i] = sum[i] / (double)n;
    for (int64_t r = 0; r < n; r++)
        for (int i = 0; i < TILE; i++) {
            const double off = x[r * TILE + i] - mean[i];
            square[i] += off * off;
        }
    for (int i = 0; i < TILE; i++) deviation[i] = sqrt(square[i] / (double)(n - 1));
}

/* As numpy.quantile interpolates. */
static double between(double a, double b, double t)
{
    return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1.0 - t);
}

/* `width` columns from `theta` on, whose n used replicates are listed in `used`. */
static void tile(const double *theta, int64_t stride, const int64_t *used, int64_t n, int width,
                 int n_probs, const double *probs, double *x, double *mean, double *deviation,
                 double *quantiles)
{
    double means[TILE], deviations[TILE];
    for (int64_t r = 0; r < n; r++) {
        memset(x + r * TILE, 0, sizeof(double) * TILE);
        memcpy(x + r * TILE, theta + used[r] * stride, sizeof(double) * (size_t)width);
    }
    moments(x, n, means, deviations);
    memcpy(mean, means, sizeof(double) * (size_t)width);
    memcpy(deviation, deviations, sizeof(double) * (size_t)width);
    if (n_probs == 0) return;
    sort_columns(x, n);
    for (int p = 0; p < n_probs; p++) {
        const double at = probs[p] * (double)(n - 1);
        const int64_t low = (int64_t)at, high = VN_MIN(low + 1, n - 1);
        for (int i = 0; i < width; i++)
            quantiles[i * n_probs + p]
                = between(x[low * TILE + i], x[high * TILE + i], at - (double)low);
    }
}

vn_status vn_group_summary(const int64_t *ptr, int64_t n_groups, int64_t n_resamples,
                           const double *theta, int64_t stride, const int8_t *status,
                           int64_t status_stride, int n_probs, const double *probs, int n_threads,
                           double *mean, double *deviation, double *quantiles)
{
    (void)n_threads;
    vn_status failed = VN_OK;
    VN_PRAGMA(omp parallel num_threads(n_threads))
    {
        const size_t rows = (size_t)VN_MAX(n_resamples, 1);
        int64_t *used = vn_malloc(sizeof(int64_t) * rows);
        double *x = vn_aligned_alloc(64, sizeof(double) * TILE * rows);
        if (!used || !x) {
            VN_PRAGMA(omp atomic write)
            failed = VN_NO_MEMORY;
        }
        VN_PRAGMA(omp for schedule(dynamic, 4))
        for (int64_t k = 0; k < n_groups; k++) {
            if (!used || !x) continue;
            int64_t n = 0;
            for (int64_t r = 0; r < n_resamples; r++)
                if (status[r * status_stride + k] == VN_REPLICATE_DONE) used[n++] = r;
            for (int64_t i = ptr[k] - ptr[0]; i < ptr[k + 1] - ptr[0]; i += TILE) {
                const int width = (int)VN_MIN(ptr[k + 1] - ptr[0] - i, (int64_t)TILE);
                if (n >= 2) {
                    tile(theta + i, stride, used, n, width, n_probs, probs, x, mean + i,
                         deviation + i, quantiles + i * n_probs);
                    continue;
                }
                for (int j = 0; j < width; j++) mean[i + j] = deviation[i + j] = NAN;
                for (int j = 0; j < width * n_probs; j++) quantiles[i * n_probs + j] = NAN;
            }
        }
        vn_free(used);
        vn_free(x);
    }
    return failed;
}
