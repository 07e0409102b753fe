/* Statistics of replicates, a tile of columns at a time. Columns are sorted by a network over rows:
 * every comparison is one of two rows, and thus a plain loop over the tile. */
#include <math.h>
#include <string.h>

#include "vn_group_replicates.h"
#include "vn_team.h"

#define TILE 32
#define BLOCK 4 /* groups */

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

/* Memory of one worker. */
typedef struct {
    int64_t *used; /* n_resamples */
    double *x;     /* a tile of them */
} space;

typedef struct {
    const int64_t *ptr;
    int64_t n_groups, n_resamples, stride, status_stride;
    const double *theta, *probs;
    const int8_t *status;
    int n_probs;
    double *mean, *deviation, *quantiles;
    space *spaces;
} job;

static vn_status reserve(space *s, int64_t n_resamples)
{
    const size_t rows = (size_t)VN_MAX(n_resamples, 1);
    if (!s->used) s->used = vn_malloc(sizeof *s->used * rows);
    if (!s->x) s->x = vn_aligned_alloc(64, sizeof *s->x * TILE * rows);
    return s->used && s->x ? VN_OK : VN_NO_MEMORY;
}

static void one_group(const job *j, space *s, int64_t k)
{
    const int64_t from = j->ptr[k] - j->ptr[0], to = j->ptr[k + 1] - j->ptr[0];
    const int n_probs = j->n_probs;
    int64_t n = 0;
    for (int64_t r = 0; r < j->n_resamples; r++)
        if (j->status[r * j->status_stride + k] == VN_REPLICATE_DONE) s->used[n++] = r;
    for (int64_t i = from; i < to; i += TILE) {
        const int width = (int)VN_MIN(to - i, (int64_t)TILE);
        if (n >= 2) {
            tile(j->theta + i, j->stride, s->used, n, width, n_probs, j->probs, s->x, j->mean + i,
                 j->deviation + i, j->quantiles + i * n_probs);
            continue;
        }
        for (int q = 0; q < width; q++) j->mean[i + q] = j->deviation[i + q] = NAN;
        for (int q = 0; q < width * n_probs; q++) j->quantiles[i * n_probs + q] = NAN;
    }
}

static vn_status summarise(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_status status = reserve(&j->spaces[worker], j->n_resamples);
    if (status != VN_OK) return status;
    const int64_t stop = vn_block_end(j->n_groups, BLOCK, block);
    for (int64_t k = block * BLOCK; k < stop; k++) one_group(j, &j->spaces[worker], k);
    return VN_OK;
}

vn_status vn_group_summary(const int64_t *ptr, int64_t n_groups, int64_t n_resamples,
                           const double *theta, int64_t stride, const int8_t *status,
                           int64_t status_stride, int n_probs, const double *probs, int n_threads,
                           vn_poll poll, void *context, double *mean, double *deviation,
                           double *quantiles)
{
    job j = {.ptr = ptr, .n_groups = n_groups, .n_resamples = n_resamples, .theta = theta,
             .stride = stride, .status = status, .status_stride = status_stride,
             .n_probs = n_probs, .probs = probs, .mean = mean, .deviation = deviation,
             .quantiles = quantiles};
    const int64_t n_blocks = vn_n_blocks(n_groups, BLOCK);
    const int n_workers = vn_team_size(n_threads, n_blocks);
    j.spaces = vn_calloc((size_t)n_workers, sizeof *j.spaces);
    if (!j.spaces) return VN_NO_MEMORY;
    const vn_status how = vn_team_run(summarise, &j, n_blocks, n_threads, poll, context);
    for (int k = 0; k < n_workers; k++) {
        vn_free(j.spaces[k].used);
        vn_free(j.spaces[k].x);
    }
    vn_free(j.spaces);
    return how;
}
