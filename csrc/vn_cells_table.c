/* Few items, many hard outcomes: count in a table with a slot for every pair and order class.
 *
 * Pairs (lo, hi) stand in order, so the table is read like the cells that come out of it. Random
 * additions to a table larger than the cache are slow; so rows are then packed first into 32 bits (slot
 * and outcome) and partitioned by ranges of slots, each of which is then counted in the cache by one
 * thread. Counts are whole numbers, so the order of additions does not matter. */
#include <string.h>

#include "vn_cells_internal.h"

enum { LOSS = 0, TIE = 1, WIN = 2 }; /* of lo */
#define RANGE_BITS 15     /* slots of a range: their counters take 384 KiB */
#define MAX_RANGES 1024
#define SMALL_TABLE 65536 /* slots: 768 KiB */
#define SEGMENT ((int64_t)1 << 19) /* rows per thread that are in work at a time, in the cache */

/* Slot of pair (lo, hi): classes * (row_start(lo) + hi) + class; the classes are 2 (hi had the order
 * advantage, lo had it) or 3 (hi, nobody, lo). */
static inline int64_t row_start(int64_t n, int64_t lo) { return lo * (2 * n - lo - 3) / 2 - 1; }

typedef struct {
    const vn_rows *rows;
    int64_t classes, *start;
    int shift, n_ranges; /* a packed row, slot << 2 | outcome, shifted right is its range */
} layout;

/* Slot << 2 | outcome of row r. *soft is set by a score that is not 0, 1/2 or 1, *same counts a == b.
 * No branches: which side comes first is as good as random. A row with a == b gets some other slot,
 * but is reported, and then nothing is used. */
static inline uint32_t code_of(const layout *t, int64_t r, int *soft, int64_t *same)
{
    const vn_rows *rows = t->rows;
    const int64_t a = rows->first[r], b = rows->second[r], flip = a > b, sign = 1 - 2 * flip;
    const int64_t cls = t->classes == 3 ? 1 + sign * rows->order[r] : !flip;
    const int64_t slot = t->classes * (t->start[VN_MIN(a, b)] + VN_MAX(a, b)) + cls;
    const double twice = 2.0 * (rows->score ? rows->score[r] : rows->one_score);
    const int64_t k = (int64_t)twice;
    *soft |= (double)k != twice;
    *same += a == b;
    return (uint32_t)VN_MAX(slot, 0) << 2 | (uint32_t)((1 + sign * (k - 1)) & 3);
}

/* A table that fits the cache of each processor: count at once. */
VN_CLONES
static void count_directly(const layout *t, int64_t begin, int64_t end, uint32_t *table, int *soft,
                           int64_t *same)
{
    int any_soft = 0;
    int64_t equal = 0;
    for (int64_t r = begin; r < end; r++) {
        const uint32_t code = code_of(t, r, &any_soft, &equal);
        table[3 * (code >> 2) + (code & 3)]++;
    }
    *soft |= any_soft;
    *same += equal;
}

/* Pack rows and count them by range. */
VN_CLONES
static void pack(const layout *t, int64_t begin, int64_t end, uint32_t *packed, int64_t *count,
                 int *soft, int64_t *same)
{
    int any_soft = 0;
    int64_t equal = 0;
    for (int64_t r = begin; r < end; r++) {
        const uint32_t code = code_of(t, r, &any_soft, &equal);
        *packed++ = code;
        count[code >> t->shift]++;
    }
    *soft |= any_soft;
    *same += equal;
}

/* Rows [begin, end): pack, partition, count. at[] holds the counts of each (chunk, range). */
static void add_segment(const layout *t, int64_t begin, int64_t end, int n_threads, uint32_t *packed,
                        uint32_t *sorted, int64_t *at, int64_t *first, uint32_t *table, int *soft,
                        int64_t *same)
{
    const int64_t n = end - begin;
    const int ranges = t->n_ranges, chunks = n_threads;
    int any_soft = 0;
    int64_t equal = 0;
    memset(at, 0, sizeof(int64_t) * (size_t)(ranges * chunks));
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1) reduction(|:any_soft) reduction(+:equal))
    for (int c = 0; c < chunks; c++)
        pack(t, begin + n * c / chunks, begin + n * (c + 1) / chunks, packed + n * c / chunks,
             at + c * ranges, &any_soft, &equal);
    *soft |= any_soft;
    *same += equal;
    if (*soft || *same) return;
    int64_t sum = 0;
    for (int g = 0; g < ranges; g++) {
        first[g] = sum;
        for (int c = 0; c < chunks; c++) {
            const int64_t count = at[c * ranges + g];
            at[c * ranges + g] = sum;
            sum += count;
        }
    }
    first[ranges] = sum;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
    for (int c = 0; c < chunks; c++) {
        int64_t *place = at + c * ranges;
        for (int64_t r = n * c / chunks; r < n * (c + 1) / chunks; r++)
            sorted[place[packed[r] >> t->shift]++] = packed[r];
    }
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 1))
    for (int g = 0; g < ranges; g++)
        for (int64_t k = first[g]; k < first[g + 1]; k++)
            table[3 * (int64_t)(sorted[k] >> 2) + (sorted[k] & 3)]++;
}

/* Few slots: a table for each thread, added up afterwards. */
static vn_status fill_small_table(const layout *t, int64_t size, int n_threads, uint32_t *table,
                                  int *soft, int64_t *same)
{
    const int64_t n = t->rows->n_rows, entries = 3 * size + 16; /* 16: lines of their own */
    uint32_t *own = vn_calloc((size_t)(entries * n_threads), sizeof(uint32_t));
    if (!own) return VN_NO_MEMORY;
    int any_soft = 0;
    int64_t equal = 0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1) reduction(|:any_soft) reduction(+:equal))
    for (int c = 0; c < n_threads; c++)
        count_directly(t, n * c / n_threads, n * (c + 1) / n_threads, own + c * entries, &any_soft,
                       &equal);
    for (int c = 0; c < n_threads; c++)
        for (int64_t i = 0; i < 3 * size; i++) table[i] += own[c * entries + i];
    *soft = any_soft;
    *same = equal;
    vn_free(own);
    return VN_OK;
}

static vn_status fill_table(const layout *t, int n_threads, uint32_t *table, int *soft, int64_t *same)
{
    const int64_t n = t->rows->n_rows, segment = VN_MIN(SEGMENT * n_threads, n);
    uint32_t *packed = vn_malloc(sizeof(uint32_t) * (size_t)segment);
    uint32_t *sorted = vn_malloc(sizeof(uint32_t) * (size_t)segment);
    int64_t *at = vn_malloc(sizeof(int64_t) * (size_t)(t->n_ranges * n_threads));
    int64_t *first = vn_malloc(sizeof(int64_t) * (size_t)(t->n_ranges + 1));
    vn_status status = VN_NO_MEMORY;
    if (packed && sorted && at && first) {
        status = VN_OK;
        for (int64_t begin = 0; begin < n && !*soft && !*same; begin += segment)
            add_segment(t, begin, VN_MIN(begin + segment, n), n_threads, packed, sorted, at, first,
                        table, soft, same);
    }
    vn_free(packed);
    vn_free(sorted);
    vn_free(at);
    vn_free(first);
    return status;
}

/* Cells and pairs of each row of items into s. */
static void count_cells(const layout *t, int n_threads, vn_sorted *s)
{
    const int64_t n = t->rows->n_items;
    int64_t pairs = 0;
    int ties = 0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 16) reduction(+:pairs) reduction(|:ties))
    for (int64_t lo = 0; lo < n; lo++) {
        const uint32_t *m = s->table + 3 * t->classes * (t->start[lo] + lo + 1);
        int64_t cells = 0;
        for (int64_t hi = lo + 1; hi < n; hi++) {
            int any = 0;
            for (int64_t c = 0; c < t->classes; c++, m += 3) {
                const int here = (m[LOSS] | m[TIE] | m[WIN]) != 0;
                cells += here;
                any |= here;
                ties |= m[TIE] != 0;
            }
            pairs += any;
        }
        s->chunk_cells[lo + 1] = cells;
    }
    for (int64_t i = 0; i < n; i++) s->chunk_cells[i + 1] += s->chunk_cells[i];
    s->n_cells = s->chunk_cells[n];
    s->n_pairs = pairs;
    s->has_tie = ties;
}

vn_status vn_table_count(const vn_rows *rows, int n_threads, vn_sorted *s, int *soft,
                         int64_t *bad_row)
{
    const int64_t n = rows->n_items, classes = rows->order ? 3 : 2, size = classes * n * (n - 1) / 2;
    const int64_t codes = size << 2;
    layout t = {rows, classes, vn_malloc(sizeof(int64_t) * (size_t)n), RANGE_BITS + 2, 0};
    while (t.shift > 10 && codes >> t.shift < 8 * n_threads) t.shift--;
    while (codes >> t.shift >= MAX_RANGES) t.shift++;
    t.n_ranges = (int)(codes >> t.shift) + 1;
    s->table = vn_calloc((size_t)(3 * VN_MAX(size, 1)), sizeof(uint32_t));
    s->chunk_cells = vn_calloc((size_t)n + 1, sizeof(int64_t));
    vn_status status = VN_NO_MEMORY;
    int64_t same = 0;
    if (t.start && s->table && s->chunk_cells) {
        for (int64_t lo = 0; lo < n; lo++) t.start[lo] = row_start(n, lo);
        status = size <= SMALL_TABLE
                   ? fill_small_table(&t, size, n_threads, s->table, soft, &same)
                   : fill_table(&t, n_threads, s->table, soft, &same);
    }
    if (status == VN_OK && same) {
        int64_t r = 0;
        while (rows->first[r] != rows->second[r]) r++;
        *bad_row = r;
        status = VN_BAD_VALUE;
    } else if (status == VN_OK && *soft) {
        vn_free(s->table);
        vn_free(s->chunk_cells);
        s->table = NULL;
        s->chunk_cells = NULL;
    } else if (status == VN_OK) {
        count_cells(&t, n_threads, s);
    }
    vn_free(t.start);
    return status;
}

vn_status vn_table_write(const vn_rows *rows, const vn_sorted *s, int n_threads,
                         int64_t *row_ptr, int32_t *hi, int8_t *order, double *win, double *loss,
                         double *tie)
{
    const int64_t n = rows->n_items, classes = rows->order ? 3 : 2;
    memcpy(row_ptr, s->chunk_cells, sizeof(int64_t) * (size_t)(n + 1));
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 16))
    for (int64_t lo = 0; lo < n; lo++) {
        int64_t cell = s->chunk_cells[lo];
        const uint32_t *m = s->table + 3 * classes * (row_start(n, lo) + lo + 1);
        for (int64_t h = lo + 1; h < n; h++)
            for (int64_t c = 0; c < classes; c++, m += 3) {
                if (!(m[LOSS] | m[TIE] | m[WIN])) continue;
                hi[cell] = (int32_t)h;
                order[cell] = (int8_t)(classes == 3 ? c - 1 : 2 * c - 1);
                loss[cell] = m[LOSS];
                win[cell] = m[WIN];
                if (tie) tie[cell] = m[TIE];
                cell++;
            }
    }
    return VN_OK;
}
