#include "vn_cells.h"

#include <string.h>

#include "vn_cells_internal.h"

/* Key of a row: lo | hi | order class + 1 (2 bits) | outcome (2 bits: loss, tie, win of lo).
 * Sorting ignores the outcome bits. */

static int bits_of(uint64_t x)
{
    int b = 0;
    while (x) { b++; x >>= 1; }
    return b;
}

static inline int64_t chunk_start(int64_t n, int t, int n_chunks)
{
    return (int64_t)((__int128)n * t / n_chunks);
}

/* Fill keys for the rows [begin, end). Returns the first row that compares an item with itself,
 * or -1; *soft is set when a score is not 0, 1/2 or 1; *sorted is cleared when keys decrease. */
VN_CLONES
static int64_t fill_keys(const vn_rows *rows, int bits, int64_t begin, int64_t end,
                         uint64_t *keys, int *soft, int *sorted)
{
    const int hi_shift = 4, lo_shift = 4 + bits;
    int any_soft = 0, decreasing = 0;
    int64_t bad = -1;
    uint64_t previous = 0;
    for (int64_t r = begin; r < end; r++) {
        const int32_t a = rows->first[r], b = rows->second[r];
        const int flip = a > b;
        const uint64_t lo = (uint64_t)(flip ? b : a), hi = (uint64_t)(flip ? a : b);
        const int adv = rows->order ? rows->order[r] : 1;
        const uint64_t cls = (uint64_t)((flip ? -adv : adv) + 1);
        uint64_t out = 0;
        if (!rows->win) {
            const double s = rows->score ? rows->score[r] : rows->one_score;
            const double twice = s + s;
            const int k = (int)twice;
            any_soft |= (double)k != twice;
            out = (uint64_t)((flip ? 2 - k : k) & 3);
        }
        if (a == b && bad < 0) bad = r;
        const uint64_t key = lo << lo_shift | hi << hi_shift | cls << 2 | out;
        decreasing |= (key >> 2) < (previous >> 2);
        previous = key;
        keys[r] = key;
    }
    if (any_soft) *soft = 1;
    if (decreasing) *sorted = 0;
    return bad;
}

/* Stable least-significant-digit radix sort of keys by bits [low, high), carrying `carry`
 * (may be NULL). The result ends in *keys and *carry; the buffers may have been swapped. */
static vn_status radix_sort(uint64_t **keys, uint64_t **spare, uint32_t **carry,
                            uint32_t **spare_carry, int64_t n, int low, int high, int n_threads)
{
    const int passes = (high - low + 10) / 11;
    int chunks = n_threads;
    if (n < (int64_t)1 << 16) chunks = 1;
    const int width_max = 11;
    int64_t *count = vn_malloc(sizeof(int64_t) * (size_t)chunks << width_max);
    if (!count) return VN_NO_MEMORY;
    for (int p = 0; p < passes; p++) {
        const int from = low + (int)((int64_t)(high - low) * p / passes);
        const int to = low + (int)((int64_t)(high - low) * (p + 1) / passes);
        const int64_t size = (int64_t)1 << (to - from);
        const uint64_t mask = (uint64_t)size - 1;
        const uint64_t *in = *keys;
        const uint32_t *cin = carry ? *carry : NULL;
        uint64_t *out = *spare;
        uint32_t *cout = carry ? *spare_carry : NULL;
        memset(count, 0, sizeof(int64_t) * (size_t)(size * chunks));
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
        for (int t = 0; t < chunks; t++) {
            int64_t *c = count + t * size;
            const int64_t end = chunk_start(n, t + 1, chunks);
            for (int64_t r = chunk_start(n, t, chunks); r < end; r++) c[in[r] >> from & mask]++;
        }
        int64_t sum = 0;
        int single = 0;
        for (int64_t d = 0; d < size; d++) {
            const int64_t before = sum;
            for (int t = 0; t < chunks; t++) {
                const int64_t c = count[t * size + d];
                count[t * size + d] = sum;
                sum += c;
            }
            single |= sum - before == n;
        }
        if (single) continue;
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
        for (int t = 0; t < chunks; t++) {
            int64_t *c = count + t * size;
            const int64_t end = chunk_start(n, t + 1, chunks);
            if (cin) {
                for (int64_t r = chunk_start(n, t, chunks); r < end; r++) {
                    const int64_t at = c[in[r] >> from & mask]++;
                    out[at] = in[r];
                    cout[at] = cin[r];
                }
            } else {
                for (int64_t r = chunk_start(n, t, chunks); r < end; r++)
                    out[c[in[r] >> from & mask]++] = in[r];
            }
        }
        uint64_t *k = *keys; *keys = *spare; *spare = k;
        if (carry) { uint32_t *c = *carry; *carry = *spare_carry; *spare_carry = c; }
    }
    vn_free(count);
    return VN_OK;
}

static inline uint32_t source_row(const vn_sorted *s, int64_t r)
{
    return s->row ? s->row[r] : (uint32_t)r;
}

/* Does a cell start at sorted row r? */
static inline int starts_cell(const vn_rows *rows, const vn_sorted *s, int64_t r)
{
    if (r == 0 || s->keys[r] >> 2 != s->keys[r - 1] >> 2) return 1;
    return rows->cluster
        && rows->cluster[source_row(s, r)] != rows->cluster[source_row(s, r - 1)];
}

static vn_status count_cells(const vn_rows *rows, vn_sorted *s, int n_threads)
{
    const int64_t n = rows->n_rows;
    s->n_chunks = n < (int64_t)1 << 16 ? 1 : n_threads;
    s->chunk_cells = vn_calloc((size_t)s->n_chunks + 1, sizeof(int64_t));
    if (!s->chunk_cells) return VN_NO_MEMORY;
    int64_t pairs = 0;
    int ties = 0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1) reduction(+:pairs) reduction(|:ties))
    for (int t = 0; t < s->n_chunks; t++) {
        int64_t cells = 0;
        const int64_t end = chunk_start(n, t + 1, s->n_chunks);
        for (int64_t r = chunk_start(n, t, s->n_chunks); r < end; r++) {
            cells += starts_cell(rows, s, r);
            pairs += r == 0 || s->keys[r] >> 4 != s->keys[r - 1] >> 4;
            ties |= (s->keys[r] & 3) == 1;
        }
        s->chunk_cells[t + 1] = cells;
    }
    for (int t = 0; t < s->n_chunks; t++) s->chunk_cells[t + 1] += s->chunk_cells[t];
    s->n_cells = s->chunk_cells[s->n_chunks];
    s->n_pairs = pairs;
    s->has_tie = ties;
    return VN_OK;
}

vn_status vn_sort_rows(const vn_rows *rows, int n_threads, vn_sorted **out, int64_t *n_cells,
                       int64_t *n_pairs, int *has_tie, int *has_square, int64_t *bad_row)
{
    const int64_t n = rows->n_rows;
    const int bits = VN_MAX(bits_of((uint64_t)(rows->n_items - 1)), 1);
    vn_status status = VN_NO_MEMORY;
    uint64_t *spare = NULL;
    uint32_t *spare_row = NULL;
    int soft = rows->weight || rows->win || rows->cluster, sorted = 1;
    int64_t bad = -1;
    *out = NULL;
    *bad_row = -1;
    if (bits > 30) return VN_TOO_LARGE;
    vn_sorted *s = vn_calloc(1, sizeof *s);
    if (!s) return VN_NO_MEMORY;

    if (!soft && rows->n_items <= 16384 && rows->n_items * rows->n_items <= n && n < UINT32_MAX) {
        status = vn_table_count(rows, n_threads, s, &soft, bad_row);
        if (status != VN_OK || !soft) goto done;
    }
    s->keys = vn_malloc(sizeof(uint64_t) * (size_t)n);
    if (!s->keys) goto done;
    status = VN_OK;
    const int chunks = n < (int64_t)1 << 16 ? 1 : n_threads;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
    for (int t = 0; t < chunks; t++) {
        int my_soft = 0, my_sorted = 1;
        const int64_t b = fill_keys(rows, bits, chunk_start(n, t, chunks),
                                    chunk_start(n, t + 1, chunks), s->keys, &my_soft, &my_sorted);
        VN_PRAGMA(omp critical)
        {
            soft |= my_soft;
            sorted &= my_sorted;
            if (b >= 0 && (bad < 0 || b < bad)) bad = b;
        }
    }
    if (bad >= 0) {
        *bad_row = bad;
        status = VN_BAD_VALUE;
        goto done;
    }
    for (int t = 1; t < chunks; t++) {
        const int64_t at = chunk_start(n, t, chunks);
        if (at > 0 && s->keys[at] >> 2 < s->keys[at - 1] >> 2) sorted = 0;
    }
    s->soft = soft;
    if (soft && n > (int64_t)UINT32_MAX) {
        status = VN_TOO_LARGE;
        goto done;
    }
    if (!sorted) {
        status = VN_NO_MEMORY;
        spare = vn_malloc(sizeof(uint64_t) * (size_t)n);
        if (!spare) goto done;
        if (soft) {
            s->row = vn_malloc(sizeof(uint32_t) * (size_t)n);
            spare_row = vn_malloc(sizeof(uint32_t) * (size_t)n);
            if (!s->row || !spare_row) goto done;
            for (int64_t r = 0; r < n; r++) s->row[r] = (uint32_t)r;
        }
        status = radix_sort(&s->keys, &spare, soft ? &s->row : NULL, soft ? &spare_row : NULL, n,
                            2, 4 + 2 * bits, n_threads);
        if (status != VN_OK) goto done;
    }
    status = count_cells(rows, s, n_threads);
done:
    vn_free(spare);
    vn_free(spare_row);
    if (status != VN_OK) {
        vn_sorted_free(s);
        return status;
    }
    s->bits = bits;
    *n_cells = s->n_cells;
    *n_pairs = s->n_pairs;
    *has_tie = s->soft ? 1 : s->has_tie;
    *has_square = s->soft;
    *out = s;
    return VN_OK;
}

/* Sums of one cell, seen from lo. */
typedef struct { double win, loss, tie, square; } masses;

static inline masses soft_masses(const vn_rows *rows, uint32_t r)
{
    masses m;
    if (rows->win) {
        m.win = rows->win[r];
        m.loss = rows->loss[r];
        m.tie = rows->tie ? rows->tie[r] : 0.0;
        m.square = rows->square ? rows->square[r] : m.win + 0.25 * m.tie;
    } else {
        const double s = rows->score ? rows->score[r] : rows->one_score;
        const double w = rows->weight ? rows->weight[r] : 1.0;
        const int tie = s == 0.5;
        m.win = tie ? 0.0 : w * s;
        m.loss = tie ? 0.0 : w * (1.0 - s);
        m.tie = tie ? w : 0.0;
        m.square = w * s * s;
    }
    if (rows->first[r] > rows->second[r]) {
        const double win = m.win, total = m.win + m.loss + m.tie;
        if (rows->win) {
            m.square = total - 2.0 * (win + 0.5 * m.tie) + m.square;
        } else {
            const double s = 1.0 - (rows->score ? rows->score[r] : rows->one_score);
            m.square = (rows->weight ? rows->weight[r] : 1.0) * s * s;
        }
        m.win = m.loss;
        m.loss = win;
    }
    return m;
}

vn_status vn_write_cells(const vn_rows *rows, const vn_sorted *s, int n_threads,
                         int64_t *row_ptr, int32_t *hi, int8_t *order, int32_t *cluster,
                         double *win, double *loss, double *tie, double *square)
{
    if (s->table)
        return vn_table_write(rows, s, n_threads, row_ptr, hi, order, win, loss, tie);
    const int64_t n = rows->n_rows;
    const uint64_t item_mask = ((uint64_t)1 << s->bits) - 1;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
    for (int t = 0; t < s->n_chunks; t++) {
        int64_t cell = s->chunk_cells[t], r = chunk_start(n, t, s->n_chunks);
        const int64_t end = chunk_start(n, t + 1, s->n_chunks);
        while (r < end && !starts_cell(rows, s, r)) r++;
        while (r < end) {
            const uint64_t key = s->keys[r];
            masses sum = {0.0, 0.0, 0.0, 0.0};
            const int64_t lo = (int64_t)(key >> (4 + s->bits));
            /* rows of the first chunk that reach lo own the pointers up to it */
            const int64_t from = r == 0 ? 0 : (int64_t)(s->keys[r - 1] >> (4 + s->bits)) + 1;
            for (int64_t i = from; i <= lo; i++) row_ptr[i] = cell;
            hi[cell] = (int32_t)(key >> 4 & item_mask);
            order[cell] = (int8_t)((int)(key >> 2 & 3) - 1);
            if (cluster) cluster[cell] = rows->cluster[source_row(s, r)];
            int64_t q = r;
            if (s->soft) {
                do {
                    const masses m = soft_masses(rows, source_row(s, q));
                    sum.win += m.win;
                    sum.loss += m.loss;
                    sum.tie += m.tie;
                    sum.square += m.square;
                    q++;
                } while (q < n && !starts_cell(rows, s, q));
            } else {
                int64_t count[4] = {0, 0, 0, 0};
                do {
                    count[s->keys[q] & 3]++;
                    q++;
                } while (q < n && s->keys[q] >> 2 == key >> 2);
                sum.loss = (double)count[0];
                sum.tie = (double)count[1];
                sum.win = (double)count[2];
            }
            win[cell] = sum.win;
            loss[cell] = sum.loss;
            if (tie) tie[cell] = sum.tie;
            if (square) square[cell] = sum.square;
            cell++;
            r = q;
        }
    }
    const int64_t last = (int64_t)(s->keys[n - 1] >> (4 + s->bits));
    for (int64_t i = last + 1; i <= rows->n_items; i++) row_ptr[i] = s->n_cells;
    return VN_OK;
}

void vn_sorted_free(vn_sorted *s)
{
    if (!s) return;
    vn_free(s->keys);
    vn_free(s->row);
    vn_free(s->chunk_cells);
    vn_free(s->table);
    vn_free(s);
}

vn_status vn_merge_classes(int64_t n_items, const int64_t *row_ptr, const int32_t *hi,
                           const double *win, const double *loss, const double *tie,
                           int half_ties, int n_threads, int64_t *out_ptr, int32_t *out_hi,
                           double *out_win, double *out_loss, double *out_tie)
{
    out_ptr[0] = 0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 256))
    for (int64_t i = 0; i < n_items; i++) {
        int64_t pairs = 0;
        for (int64_t k = row_ptr[i]; k < row_ptr[i + 1]; k++)
            pairs += k == row_ptr[i] || hi[k] != hi[k - 1];
        out_ptr[i + 1] = pairs;
    }
    for (int64_t i = 0; i < n_items; i++) out_ptr[i + 1] += out_ptr[i];
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 256))
    for (int64_t i = 0; i < n_items; i++) {
        int64_t at = out_ptr[i] - 1;
        for (int64_t k = row_ptr[i]; k < row_ptr[i + 1]; k++) {
            const double t = tie ? tie[k] : 0.0, half = half_ties ? 0.5 * t : 0.0;
            if (k == row_ptr[i] || hi[k] != hi[k - 1]) {
                at++;
                out_hi[at] = hi[k];
                out_win[at] = out_loss[at] = 0.0;
                if (out_tie) out_tie[at] = 0.0;
            }
            out_win[at] += win[k] + half;
            out_loss[at] += loss[k] + half;
            if (out_tie) out_tie[at] += t;
        }
    }
    return VN_OK;
}
