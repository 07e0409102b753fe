#include "vn_cluster_scores.h"

#include <string.h>

#define AHEAD 16        /* cells that are fetched before they are needed */
#define POLLED (1 << 16) /* cells between two looks */

/* always_inline: else GCC finds it to do nothing, and leaves it out */
__attribute__((always_inline)) static inline void fetch_cell(const vn_clustered *x, int64_t k)
{
    __builtin_prefetch(x->i + k);
    __builtin_prefetch(x->j + k);
    __builtin_prefetch(x->slope + k);
    if (x->n_moving) __builtin_prefetch(x->moving + k * x->n_moving);
    if (x->n_moving) __builtin_prefetch(x->moving + (k + 1) * x->n_moving - 1);
    if (x->tie_slope) __builtin_prefetch(x->tie_slope + k);
}

/* Where an item's sum stands while its cluster is added up. */
typedef struct {
    int64_t cluster, at;
} place;

static inline int64_t place_of(place *seen, int64_t item, int64_t cluster, int64_t *next,
                               int32_t *index, double *value)
{
    if (seen[item].cluster != cluster) {
        seen[item] = (place){cluster, *next};
        index[*next] = (int32_t)item;
        value[*next] = 0.0;
        (*next)++;
    }
    return seen[item].at;
}

/* The cells by cluster, in their order; `ends` (n_clusters) where each one's end. */
static void sort_by_cluster(const vn_clustered *x, int64_t *ends, uint32_t *cells)
{
    int64_t at = 0;
    for (int64_t k = 0; k < x->n_cells; k++) ends[x->cluster[k]]++;
    for (int64_t c = 0; c < x->n_clusters; c++) {
        const int64_t count = ends[c];
        ends[c] = at;
        at += count;
    }
    for (int64_t k = 0; k < x->n_cells; k++) cells[ends[x->cluster[k]]++] = (uint32_t)k;
}

static vn_status add_clusters(const vn_clustered *x, const int64_t *ends, const uint32_t *cells,
                              place *seen, vn_poll poll, void *context, int64_t *ptr, int32_t *index,
                              double *value, double *rest)
{
    const int m = x->n_moving, width = m + (x->tie_slope != NULL);
    int64_t next = 0, s = 0;
    for (int64_t c = 0; c < x->n_clusters; c++) {
        double *own = rest + c * width;
        ptr[c] = next;
        for (int b = 0; b < width; b++) own[b] = 0.0;
        for (; s < ends[c]; s++) {
            if (s % POLLED == 0 && poll && poll(context)) return VN_INTERRUPTED;
            if (s + AHEAD < x->n_cells) fetch_cell(x, cells[s + AHEAD]);
            const int64_t k = cells[s];
            const double slope = x->slope[k];
            value[place_of(seen, x->i[k], c, &next, index, value)] += slope;
            value[place_of(seen, x->j[k], c, &next, index, value)] -= slope;
            for (int b = 0; b < m; b++) own[b] += slope * x->moving[k * m + b];
            if (x->tie_slope) own[m] += x->tie_slope[k];
        }
    }
    ptr[x->n_clusters] = next;
    return VN_OK;
}

vn_status vn_cluster_scores(const vn_clustered *x, vn_poll poll, void *context, int64_t *ptr,
                            int32_t *index, double *value, double *rest)
{
    if (x->n_cells >= (int64_t)UINT32_MAX || x->n >= (int64_t)INT32_MAX) return VN_TOO_LARGE;
    int64_t *ends = vn_calloc((size_t)VN_MAX(x->n_clusters, 1), sizeof(int64_t));
    uint32_t *cells = vn_malloc(sizeof(uint32_t) * (size_t)VN_MAX(x->n_cells, 1));
    place *seen = vn_malloc(sizeof(place) * (size_t)VN_MAX(x->n, 1));
    vn_status status = VN_NO_MEMORY;
    if (ends && cells && seen) {
        for (int64_t i = 0; i < x->n; i++) seen[i].cluster = -1;
        sort_by_cluster(x, ends, cells);
        status = add_clusters(x, ends, cells, seen, poll, context, ptr, index, value, rest);
    }
    vn_free(ends);
    vn_free(cells);
    vn_free(seen);
    return status;
}

VN_CLONES
static void add_row(double times, const double *restrict x, int64_t n, double *restrict to)
{
    for (int64_t k = 0; k < n; k++) to[k] += times * x[k];
}

vn_status vn_score_products(int64_t n, int64_t from, int64_t to, const int64_t *ptr,
                            const int32_t *index, const double *value, int m, const double *rest,
                            double *form, double *cross)
{
    double *row = vn_calloc((size_t)VN_MAX(n, 1), sizeof(double));
    if (!row) return VN_NO_MEMORY;
    for (int64_t c = from; c < to; c++) {
        const int64_t first = ptr[c], count = ptr[c + 1] - first;
        const int32_t *at = index + first;
        const double *v = value + first;
        for (int64_t a = 0; a < count; a++)
            for (int b = 0; b < m; b++) cross[at[a] * m + b] += v[a] * rest[c * m + b];
        if (count > n / 8) { /* a row at a time */
            for (int64_t k = 0; k < count; k++) row[at[k]] = v[k];
            for (int64_t k = 0; k < count; k++) add_row(v[k], row, n, form + at[k] * n);
            for (int64_t k = 0; k < count; k++) row[at[k]] = 0.0;
        } else {
            for (int64_t a = 0; a < count; a++) {
                double *own = form + at[a] * n;
                for (int64_t b = 0; b < count; b++) own[at[b]] += v[a] * v[b];
            }
        }
    }
    vn_free(row);
    return VN_OK;
}
