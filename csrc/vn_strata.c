/* Rows of one pair and order by stratum: their cluster, date and covariates as lo sees them. */
#include "vn_cells_internal.h"

#include <string.h>

#define AHEAD 16 /* rows that are fetched before they are needed: each lies somewhere else */
#define SHORT 12 /* rows up to which insertion is fastest, */
#define RANKED 64 /* and counting those before each, where their numbers differ */

/* A row, the first number of its stratum, and the sign with which lo sees its covariates. */
typedef struct {
    double key;
    uint32_t row;
    float sign;
} entry;

static inline double first_number(const vn_rows *rows, uint32_t row, double sign)
{
    if (rows->cluster) return (double)rows->cluster[row];
    if (rows->date) return (double)rows->date[row];
    return sign * rows->covariates[(int64_t)row * rows->n_covariates];
}

/* What the number of a row that is needed soon is made of (always_inline: else GCC finds that it does
 * nothing, and leaves it out). */
__attribute__((always_inline)) static inline void fetch_first(const vn_rows *rows, uint32_t row)
{
    if (rows->cluster) __builtin_prefetch(rows->cluster + row);
    else if (rows->date) __builtin_prefetch(rows->date + row);
    else __builtin_prefetch(rows->covariates + (int64_t)row * rows->n_covariates);
}

/* Below 0, 0 or above: whether the stratum of a comes before that of b. */
static int compare_strata(const vn_rows *rows, entry a, entry b)
{
    if (rows->cluster && rows->cluster[a.row] != rows->cluster[b.row])
        return rows->cluster[a.row] < rows->cluster[b.row] ? -1 : 1;
    if (rows->date && rows->date[a.row] != rows->date[b.row])
        return rows->date[a.row] < rows->date[b.row] ? -1 : 1;
    if (!rows->n_covariates) return 0;
    const double *x = rows->covariates + (int64_t)a.row * rows->n_covariates;
    const double *y = rows->covariates + (int64_t)b.row * rows->n_covariates;
    for (int k = 0; k < rows->n_covariates; k++) {
        const double p = (double)a.sign * x[k], q = (double)b.sign * y[k];
        if (p != q) return p < q ? -1 : 1;
    }
    return 0;
}

static inline int comes_after(const vn_rows *rows, entry a, entry b)
{
    return a.key > b.key || (a.key == b.key && compare_strata(rows, a, b) > 0);
}

/* How many of n numbers are below each; the sum of these. */
VN_CLONES
static int64_t count_below(const double *key, int n, int32_t *below)
{
    int64_t total = 0;
    for (int i = 0; i < n; i++) {
        const double own = key[i];
        int64_t count = 0;
        VN_PRAGMA(omp simd reduction(+:count))
        for (int j = 0; j < n; j++) count += key[j] < own;
        below[i] = (int32_t)count;
        total += count;
    }
    return total;
}

/* Sort a few entries by their places, with room for as many; 0 where two numbers are equal, which leave
 * the places open. */
static int place_entries(entry *x, entry *spare, int n)
{
    double key[RANKED] = {0.0};
    int32_t below[RANKED];
    for (int k = 0; k < n; k++) key[k] = x[k].key;
    if (count_below(key, n, below) != (int64_t)n * (n - 1) / 2) return 0;
    for (int k = 0; k < n; k++) spare[below[k]] = x[k];
    memcpy(x, spare, sizeof *x * (size_t)n);
    return 1;
}

/* Stable merge sort of n entries, with room for as many. */
static void sort_entries(const vn_rows *rows, entry *x, entry *spare, int64_t n)
{
    const int differ = !rows->cluster && !rows->date; /* as a rule: covariates */
    if (differ && n <= RANKED && place_entries(x, spare, (int)n)) return;
    if (n <= SHORT) {
        for (int64_t k = 1; k < n; k++) {
            const entry own = x[k];
            int64_t at = k;
            for (; at > 0 && comes_after(rows, x[at - 1], own); at--) x[at] = x[at - 1];
            x[at] = own;
        }
        return;
    }
    const int64_t half = n / 2;
    sort_entries(rows, x, spare, half);
    sort_entries(rows, x + half, spare, n - half);
    if (!comes_after(rows, x[half - 1], x[half])) return;
    memcpy(spare, x, sizeof *x * (size_t)half);
    int64_t a = 0, b = half, to = 0;
    while (a < half && b < n) { /* which comes next is anyone's guess: chosen without a branch */
        int later = spare[a].key > x[b].key;
        if (spare[a].key == x[b].key) later = compare_strata(rows, spare[a], x[b]) > 0;
        const entry *next = later ? x + b : spare + a;
        x[to++] = *next;
        b += later;
        a += !later;
    }
    memcpy(x + to, spare + a, sizeof *x * (size_t)(half - a));
}

/* A key, whose last bits another worker may write meanwhile. */
static inline uint64_t key_at(const vn_sorted *s, int64_t r)
{
    return __atomic_load_n(&s->keys[r], __ATOMIC_RELAXED);
}

/* The rows [begin, end) have one pair and order; those up to `mine` are not another worker's. */
static vn_status sort_run(const vn_rows *rows, vn_sorted *s, int64_t begin, int64_t end, int64_t mine,
                          entry **room, int64_t *has)
{
    const int64_t n = end - begin;
    if (n > *has) {
        vn_free(*room);
        *has = VN_MAX(n + n / 4, 1024);
        *room = vn_malloc(sizeof(entry) * 2 * (size_t)*has);
        if (!*room) return VN_NO_MEMORY;
    }
    entry *x = *room;
    for (int64_t k = 0; k < n; k++) {
        const uint32_t row = s->row[begin + k];
        if (begin + k + AHEAD < mine) fetch_first(rows, s->row[begin + k + AHEAD]);
        const double sign = vn_is_turned(key_at(s, begin + k)) ? -1.0 : 1.0;
        x[k] = (entry){first_number(rows, row, sign), row, (float)sign};
    }
    sort_entries(rows, x, x + n, n);
    for (int64_t k = 0; k < n; k++) {
        const int starts = k == 0 || x[k].key != x[k - 1].key
                        || compare_strata(rows, x[k - 1], x[k]) != 0;
        const uint64_t last = (uint64_t)(x[k].sign < 0.0f) << 1 | (uint64_t)starts;
        s->row[begin + k] = x[k].row;
        __atomic_store_n(&s->keys[begin + k], (key_at(s, begin) & ~(uint64_t)3) | last,
                         __ATOMIC_RELAXED);
    }
    return VN_OK;
}

typedef struct {
    const vn_rows *rows;
    vn_sorted *s;
    int n_chunks;
} strata_job;

/* The runs that begin in a chunk of rows. */
static vn_status sort_chunk(void *arg, int64_t t, int worker)
{
    const strata_job *j = arg;
    vn_sorted *s = j->s;
    const int64_t n = j->rows->n_rows, stop = vn_chunk_start(n, t + 1, j->n_chunks);
    int64_t r = vn_chunk_start(n, t, j->n_chunks), has = 0;
    entry *room = NULL;
    vn_status status = VN_OK;
    (void)worker;
    while (r > 0 && r < stop && key_at(s, r) >> 2 == key_at(s, r - 1) >> 2) r++;
    while (r < stop && status == VN_OK) {
        int64_t end = r + 1;
        while (end < n && key_at(s, end) >> 2 == key_at(s, r) >> 2) end++;
        status = sort_run(j->rows, s, r, end, VN_MAX(end, stop), &room, &has);
        r = end;
    }
    vn_free(room);
    return status;
}

vn_status vn_sort_strata(const vn_rows *rows, vn_sorted *s, const vn_crew *by)
{
    const int64_t n = rows->n_rows;
    if (!s->row) {
        s->row = vn_malloc(sizeof(uint32_t) * (size_t)n);
        if (!s->row) return VN_NO_MEMORY;
        for (int64_t r = 0; r < n; r++) s->row[r] = (uint32_t)r;
    }
    strata_job j = {rows, s, vn_n_chunks(n)};
    return vn_each_chunk(sort_chunk, &j, j.n_chunks, by);
}
