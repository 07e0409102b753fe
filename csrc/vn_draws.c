#include "vn_draws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vn_poisson.h"
#include "vn_random.h"

#define COUNTERS 256
#define TILE 1024
#define MARGIN 3.0 /* standard deviations by which the first total stays below */
#define MOST_LANES 64
#define SURE 1e9

enum { FILL = 0, SINGLE = 1, GAMMA = 2, PURPOSES = 4 };

struct vn_draws {
    vn_resample_kind kind;
    int64_t n;
    double total;
    double *count;
    vn_poisson *table; /* one for each distinct count */
    int64_t n_tables;
    int32_t *which;    /* of each unit */
    int bits;          /* of the alias table for single draws: 2^bits columns of `total` parts */
    uint64_t *threshold;
    int32_t *other;
};

void vn_draws_free(vn_draws *d)
{
    if (!d) return;
    for (int64_t k = 0; d->table && k < d->n_tables; k++) vn_free(d->table[k].column);
    vn_free(d->table);
    vn_free(d->which);
    vn_free(d->count);
    vn_free(d->threshold);
    vn_free(d->other);
    vn_free(d);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static vn_status make_tables(vn_draws *d)
{
    double *sorted = vn_malloc(sizeof(double) * (size_t)d->n);
    if (!sorted) return VN_NO_MEMORY;
    memcpy(sorted, d->count, sizeof(double) * (size_t)d->n);
    qsort(sorted, (size_t)d->n, sizeof(double), ascending);
    int64_t m = 0;
    for (int64_t k = 0; k < d->n; k++)
        if (!k || sorted[k] != sorted[m - 1]) sorted[m++] = sorted[k];
    d->table = vn_calloc((size_t)m, sizeof(vn_poisson));
    d->which = vn_malloc(sizeof(int32_t) * (size_t)d->n);
    vn_status status = d->table && d->which ? VN_OK : VN_NO_MEMORY;
    double share = 1.0; /* of the total that the first pass aims at */
    if (d->kind == VN_MULTINOMIAL) share = VN_MAX(1.0 - MARGIN / sqrt(d->total), 0.0);
    d->n_tables = m;
    /* nothing is expected of a first pass: all draws are single ones */
    for (int64_t k = 0; k < m && status == VN_OK && share > 0.0; k++)
        status = vn_poisson_table(sorted[k] * share, &d->table[k]);
    for (int64_t u = 0; u < d->n && status == VN_OK; u++) {
        int64_t low = 0, high = m;
        while (high - low > 1) {
            const int64_t middle = (low + high) / 2;
            if (sorted[middle] <= d->count[u]) low = middle;
            else high = middle;
        }
        d->which[u] = share > 0.0 ? (int32_t)low : -1;
    }
    vn_free(sorted);
    return status;
}

/* Walker's table of the counts: each count times the columns, in columns of `total`. */
static vn_status make_alias(vn_draws *d)
{
    d->bits = 1;
    while ((int64_t)1 << d->bits < d->n) d->bits++;
    const int64_t size = (int64_t)1 << d->bits;
    const uint64_t room = (uint64_t)d->total;
    if (d->total * (double)size > 0x1p62) return VN_TOO_LARGE;
    uint64_t *left = vn_calloc((size_t)size, sizeof(uint64_t));
    int32_t *stack = vn_malloc(sizeof(int32_t) * (size_t)size);
    d->threshold = vn_calloc((size_t)size, sizeof(uint64_t));
    d->other = vn_calloc((size_t)size, sizeof(int32_t));
    if (!left || !stack || !d->threshold || !d->other) {
        vn_free(left);
        vn_free(stack);
        return VN_NO_MEMORY;
    }
    int64_t n_short = 0, n_long = 0;
    for (int64_t k = 0; k < size; k++) {
        left[k] = k < d->n ? (uint64_t)d->count[k] << d->bits : 0;
        if (left[k] < room) stack[n_short++] = (int32_t)k;
        else stack[size - 1 - n_long++] = (int32_t)k;
        d->threshold[k] = room;
        d->other[k] = (int32_t)k;
    }
    while (n_short) {
        const int32_t own = stack[--n_short], other = stack[size - n_long];
        d->threshold[own] = left[own];
        d->other[own] = other;
        left[other] -= room - left[own];
        if (left[other] < room) {
            n_long--;
            stack[n_short++] = other;
        }
    }
    vn_free(left);
    vn_free(stack);
    return VN_OK;
}

vn_status vn_draws_new(vn_resample_kind kind, int64_t n, const double *count, vn_draws **out)
{
    vn_draws *d = vn_calloc(1, sizeof *d);
    *out = d;
    if (!d) return VN_NO_MEMORY;
    d->kind = kind;
    d->n = n;
    d->count = vn_malloc(sizeof(double) * (size_t)n);
    if (!d->count) return VN_NO_MEMORY;
    memcpy(d->count, count, sizeof(double) * (size_t)n);
    double most = 0.0;
    for (int64_t u = 0; u < n; u++) {
        if (!(count[u] >= 1.0)) return VN_BAD_VALUE;
        most = VN_MAX(most, count[u]);
        d->total += count[u];
    }
    if (!isfinite(d->total)) return VN_BAD_VALUE;
    if (kind == VN_BAYESIAN) return VN_OK;
    /* from here on counts are whole numbers that integers hold */
    if (most > VN_POISSON_MEAN) return VN_TOO_LARGE;
    const vn_status status = make_tables(d);
    return status == VN_OK && kind == VN_MULTINOMIAL ? make_alias(d) : status;
}

/* One counter's words of all lanes. */
VN_CLONES
static void words_of_lanes(const uint64_t *restrict key0, const uint64_t *restrict key1, uint64_t c0,
                           uint64_t c1, int lanes, uint32_t *restrict word)
{
    for (int l = 0; l < lanes; l++) {
        const uint64_t key[2] = {key0[l], key1[l]};
        uint64_t w0, w1;
        vn_threefry(key, c0, c1, &w0, &w1);
        word[l] = (uint32_t)w0;
        word[l + MOST_LANES] = (uint32_t)(w0 >> 32);
        word[l + 2 * MOST_LANES] = (uint32_t)w1;
        word[l + 3 * MOST_LANES] = (uint32_t)(w1 >> 32);
    }
}

VN_CLONES
static void lookup(const vn_poisson *t, int lanes, const uint32_t *restrict word,
                   double *restrict out, double *restrict sum)
{
    const vn_poisson table = *t;
    if (table.bits)
        for (int l = 0; l < lanes; l++) out[l] = (double)vn_poisson_value(&table, word[l]);
    else
        for (int l = 0; l < lanes; l++) out[l] = (double)vn_poisson_small(&table, word[l]);
    for (int l = 0; l < lanes; l++) sum[l] += out[l];
}

static void fill(const vn_draws *d, const uint64_t *key0, const uint64_t *key1, uint64_t attempt,
                 int lanes, double *out, double *sum)
{
    uint32_t word[4 * MOST_LANES];
    for (int l = 0; l < lanes; l++) sum[l] = 0.0;
    for (int64_t tile = 0; tile * TILE < d->n; tile++)
        for (int64_t k = 0; k < COUNTERS && tile * TILE + k < d->n; k++) {
            words_of_lanes(key0, key1, (uint64_t)(tile * COUNTERS + k), attempt * PURPOSES + FILL,
                           lanes, word);
            for (int64_t q = 0; q < 4; q++) {
                const int64_t u = tile * TILE + q * COUNTERS + k;
                if (u >= d->n) break;
                lookup(&d->table[d->which[u]], lanes, word + q * MOST_LANES, out + u * lanes,
                       sum);
            }
        }
}

VN_CLONES
static void totals(int64_t n, int lanes, const double *restrict x, double *restrict sum)
{
    for (int l = 0; l < lanes; l++) sum[l] = 0.0;
    for (int64_t u = 0; u < n; u++)
        for (int l = 0; l < lanes; l++) sum[l] += x[u * lanes + l];
}

#define SINGLES 256 /* at a time */

/* Columns and parts of single draws. */
VN_CLONES
static void singles(const uint64_t key[2], uint64_t start, uint64_t purpose, int shift,
                    uint64_t *restrict column, uint64_t *restrict part)
{
    for (int64_t j = 0; j < SINGLES; j++) {
        uint64_t w0, w1;
        vn_threefry(key, start + (uint64_t)j, purpose, &w0, &w1);
        column[j] = w0 >> shift;
        part[j] = w1;
    }
}

/* What is missing of the total, drawn one by one into a lane. */
static void add_singles(const vn_draws *d, const uint64_t key[2], uint64_t attempt, int64_t missing,
                        int lanes, double *out)
{
    uint64_t column[SINGLES], part[SINGLES];
    const uint64_t total = (uint64_t)d->total;
    for (int64_t from = 0; from < missing; from += SINGLES) {
        const int64_t len = VN_MIN(missing - from, (int64_t)SINGLES);
        singles(key, (uint64_t)from, attempt * PURPOSES + SINGLE, 64 - d->bits, column, part);
        for (int64_t j = 0; j < len; j++) {
            const uint64_t own = column[j];
            const uint64_t at = (uint64_t)((unsigned __int128)part[j] * total >> 64);
            column[j] = at < d->threshold[own] ? own : (uint64_t)d->other[own];
            __builtin_prefetch(out + (int64_t)column[j] * lanes, 1);
        }
        for (int64_t j = 0; j < len; j++) out[(int64_t)column[j] * lanes] += 1.0;
    }
}

static void complete(const vn_draws *d, const uint64_t *key0, const uint64_t *key1, int lanes,
                     double *sum, double *out)
{
    for (int l = 0; l < lanes; l++) {
        const uint64_t key[2] = {key0[l], key1[l]};
        uint64_t attempt = 0;
        while (sum[l] > d->total) { /* rare: this lane once more */
            attempt++;
            sum[l] = 0.0;
            for (int64_t tile = 0; tile * TILE < d->n; tile++)
                for (int64_t k = 0; k < COUNTERS; k++) {
                    uint32_t word[4 * MOST_LANES];
                    words_of_lanes(key, key + 1, (uint64_t)(tile * COUNTERS + k),
                                   attempt * PURPOSES + FILL, 1, word);
                    for (int64_t q = 0; q < 4; q++) {
                        const int64_t u = tile * TILE + q * COUNTERS + k;
                        if (u >= d->n) break;
                        double *own = out + u * lanes + l;
                        lookup(&d->table[d->which[u]], 1, word + q * MOST_LANES, own, sum + l);
                    }
                }
        }
        add_singles(d, key, attempt, (int64_t)(d->total - sum[l]), lanes, out + l);
    }
}

/* A gamma variate of shape >= 1 (Marsaglia and Tsang 2000, doi:10.1145/358407.358414). */
static double gamma_variate(const uint64_t key[2], int64_t u, double shape)
{
    const double d = shape - 1.0 / 3.0, c = 1.0 / (3.0 * sqrt(d));
    for (uint64_t attempt = 0;; attempt++) {
        uint64_t w0, w1, v0, v1;
        vn_threefry(key, (uint64_t)u, 2 * attempt * PURPOSES + GAMMA, &w0, &w1);
        vn_threefry(key, (uint64_t)u, (2 * attempt + 1) * PURPOSES + GAMMA, &v0, &v1);
        double z, unused;
        vn_normals(w0, w1, &z, &unused);
        const double root = 1.0 + c * z;
        const double v = root * root * root;
        /* of a shape beyond SURE less than one in it is refused, and rounding would decide which */
        if (!(v > 0.0)) continue;
        if (d > SURE || vn_log(vn_uniform(v0)) < 0.5 * z * z + d * (1.0 - v + vn_log(v)))
            return d * v;
    }
}

static void dirichlet(const vn_draws *d, const uint64_t *key0, const uint64_t *key1, int lanes,
                      double *out)
{
    double sum[MOST_LANES];
    for (int64_t u = 0; u < d->n; u++)
        for (int l = 0; l < lanes; l++) {
            const uint64_t key[2] = {key0[l], key1[l]};
            out[u * lanes + l] = gamma_variate(key, u, d->count[u]);
        }
    totals(d->n, lanes, out, sum);
    for (int l = 0; l < lanes; l++) sum[l] = d->total / sum[l];
    for (int64_t u = 0; u < d->n; u++)
        for (int l = 0; l < lanes; l++) out[u * lanes + l] *= sum[l];
}

void vn_draws_block(const vn_draws *d, const uint64_t key[2], int64_t first, int lanes, double *out)
{
    uint64_t key0[MOST_LANES], key1[MOST_LANES];
    for (int l = 0; l < lanes; l++)
        vn_threefry(key, (uint64_t)(first + l), UINT64_MAX, &key0[l], &key1[l]);
    if (d->kind == VN_BAYESIAN) {
        dirichlet(d, key0, key1, lanes, out);
        return;
    }
    double sum[MOST_LANES] = {0.0};
    if (d->which[0] < 0) memset(out, 0, sizeof(double) * (size_t)(d->n * lanes));
    else fill(d, key0, key1, 0, lanes, out, sum);
    if (d->kind == VN_MULTINOMIAL) complete(d, key0, key1, lanes, sum, out);
}
