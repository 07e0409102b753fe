#include "vn_cells_internal.h"

/* Key of a row: lo | hi | order class + 1 (2 bits) | outcome (2 bits: loss, tie, win of lo; where there
 * are strata, whether lo is second, and whether a cell starts here). Sorting ignores the last two. */

/* Fill keys for the rows [begin, end). Returns the first row that does not compare two items, or -1;
 * *soft is set when a score is not 0, 1/2 or 1, *tie when one may be 1/2; *sorted is cleared when keys
 * decrease. */
VN_CLONES
static int64_t fill_keys(const vn_rows *rows, int bits, int64_t begin, int64_t end,
                         uint64_t *keys, int *soft, int *tie, int *sorted)
{
    const int hi_shift = 4, lo_shift = 4 + bits, apart = vn_has_strata(rows);
    const uint32_t n_items = (uint32_t)rows->n_items;
    int any_soft = 0, any_tie = 0, decreasing = 0;
    int64_t bad = -1;
    uint64_t previous = 0;
    for (int64_t r = begin; r < end; r++) {
        const int32_t a = rows->first[r], b = rows->second[r];
        const int flip = a > b;
        const uint64_t lo = (uint64_t)(flip ? b : a), hi = (uint64_t)(flip ? a : b);
        const int adv = rows->order ? rows->order[r] : 1;
        const uint64_t cls = (uint64_t)((flip ? -adv : adv) + 1);
        uint64_t out = apart ? (uint64_t)flip << 1 : 0;
        if (!rows->win) {
            const double s = rows->score ? rows->score[r] : rows->one_score;
            const double twice = s + s;
            const int k = (int)twice;
            any_soft |= (double)k != twice;
            any_tie |= k == 1;
            if (!apart) out = (uint64_t)((flip ? 2 - k : k) & 3);
        }
        const int wrong = (uint32_t)a >= n_items || (uint32_t)b >= n_items || a == b;
        if (wrong && bad < 0) bad = r;
        const uint64_t key = lo << lo_shift | hi << hi_shift | cls << 2 | out;
        decreasing |= (key >> 2) < (previous >> 2);
        previous = key;
        keys[r] = key;
    }
    if (any_soft) *soft = 1;
    if (any_tie) *tie = 1;
    if (decreasing) *sorted = 0;
    return bad;
}

typedef struct {
    const vn_rows *rows;
    uint64_t *keys;
    int bits, n_chunks;
    int64_t bad_row; /* the first that does not compare two items; n_rows: none */
    int soft, tie, sorted;
} key_job;

static vn_status fill_chunk(void *arg, int64_t t, int worker)
{
    key_job *j = arg;
    int soft = 0, tie = 0, sorted = 1;
    const int64_t n = j->rows->n_rows;
    (void)worker;
    const int64_t bad = fill_keys(j->rows, j->bits, vn_chunk_start(n, t, j->n_chunks),
                                  vn_chunk_start(n, t + 1, j->n_chunks), j->keys, &soft, &tie,
                                  &sorted);
    if (soft) __atomic_store_n(&j->soft, 1, __ATOMIC_RELAXED);
    if (tie) __atomic_store_n(&j->tie, 1, __ATOMIC_RELAXED);
    if (!sorted) __atomic_store_n(&j->sorted, 0, __ATOMIC_RELAXED);
    if (bad >= 0) vn_atomic_least(&j->bad_row, bad);
    return VN_OK;
}

/* Does a cell start at sorted row r? */
static inline int starts_cell(const vn_rows *rows, const vn_sorted *s, int64_t r)
{
    if (vn_has_strata(rows)) return (int)(s->keys[r] & 1);
    return r == 0 || s->keys[r] >> 2 != s->keys[r - 1] >> 2;
}

typedef struct {
    const vn_rows *rows;
    vn_sorted *s;
    int64_t pairs;
} cell_job;

static vn_status count_chunk(void *arg, int64_t t, int worker)
{
    cell_job *j = arg;
    vn_sorted *s = j->s;
    const int64_t n = j->rows->n_rows, end = vn_chunk_start(n, t + 1, s->n_chunks);
    int64_t cells = 0, pairs = 0;
    (void)worker;
    for (int64_t r = vn_chunk_start(n, t, s->n_chunks); r < end; r++) {
        cells += starts_cell(j->rows, s, r);
        pairs += r == 0 || s->keys[r] >> 4 != s->keys[r - 1] >> 4;
    }
    s->chunk_cells[t + 1] = cells;
    __atomic_fetch_add(&j->pairs, pairs, __ATOMIC_RELAXED);
    return VN_OK;
}

static vn_status count_cells(const vn_rows *rows, vn_sorted *s, const vn_crew *by)
{
    cell_job j = {.rows = rows, .s = s};
    s->n_chunks = vn_n_chunks(rows->n_rows);
    s->chunk_cells = vn_calloc((size_t)s->n_chunks + 1, sizeof(int64_t));
    if (!s->chunk_cells) return VN_NO_MEMORY;
    const vn_status status = vn_each_chunk(count_chunk, &j, s->n_chunks, by);
    for (int t = 0; t < s->n_chunks; t++) s->chunk_cells[t + 1] += s->chunk_cells[t];
    s->n_cells = s->chunk_cells[s->n_chunks];
    s->n_pairs = j.pairs;
    return status;
}

/* Sorted keys, and where needed the rows they came from, into s. */
static vn_status sort_keys(const vn_rows *rows, vn_sorted *s, const vn_crew *by)
{
    const int64_t n = rows->n_rows;
    uint64_t *spare = vn_malloc(sizeof(uint64_t) * (size_t)n);
    uint32_t *spare_row = NULL;
    vn_status status = VN_NO_MEMORY;
    if (s->soft) {
        s->row = vn_malloc(sizeof(uint32_t) * (size_t)n);
        spare_row = vn_malloc(sizeof(uint32_t) * (size_t)n);
    }
    if (spare && (!s->soft || (s->row && spare_row))) {
        if (s->soft)
            for (int64_t r = 0; r < n; r++) s->row[r] = (uint32_t)r;
        status = vn_radix_sort(&s->keys, &spare, s->soft ? &s->row : NULL, s->soft ? &spare_row : NULL,
                            n, 2, 4 + 2 * s->bits, by);
    }
    vn_free(spare);
    vn_free(spare_row);
    return status;
}

static vn_status make_keys(const vn_rows *rows, vn_sorted *s, const vn_crew *by, int64_t *bad_row)
{
    const int64_t n = rows->n_rows;
    key_job j = {.rows = rows, .bits = s->bits, .n_chunks = vn_n_chunks(n), .bad_row = n, .sorted = 1,
                 .soft = rows->win ? rows->square != NULL : rows->weight != NULL};
    s->keys = j.keys = vn_malloc(sizeof(uint64_t) * (size_t)n);
    if (!j.keys) return VN_NO_MEMORY;
    vn_status status = vn_each_chunk(fill_chunk, &j, j.n_chunks, by);
    if (status != VN_OK) return status;
    if (j.bad_row < n) {
        *bad_row = j.bad_row;
        return VN_BAD_VALUE;
    }
    for (int t = 1; t < j.n_chunks; t++) {
        const int64_t at = vn_chunk_start(n, t, j.n_chunks);
        if (s->keys[at] >> 2 < s->keys[at - 1] >> 2) j.sorted = 0;
    }
    s->has_square = j.soft;
    s->has_tie = rows->win ? rows->tie != NULL : j.tie;
    s->soft = j.soft || rows->win || vn_has_strata(rows);
    if (s->soft && n > (int64_t)UINT32_MAX) return VN_TOO_LARGE;
    if (!j.sorted) status = sort_keys(rows, s, by);
    return status == VN_OK && vn_has_strata(rows) ? vn_sort_strata(rows, s, by) : status;
}

vn_status vn_sort_rows(const vn_rows *rows, int n_threads, vn_poll poll, void *context,
                       vn_sorted **out, int64_t *n_cells, int64_t *n_pairs, int *has_tie,
                       int *has_square, int64_t *bad_row)
{
    const vn_crew by = {n_threads, poll, context};
    const int bits = VN_MAX(vn_bits_of((uint64_t)(rows->n_items - 1)), 1);
    *out = NULL;
    *bad_row = -1;
    if (bits > 30) return VN_TOO_LARGE;
    vn_sorted *s = vn_calloc(1, sizeof *s);
    if (!s) return VN_NO_MEMORY;
    s->bits = bits;
    vn_status status = make_keys(rows, s, &by, bad_row);
    if (status == VN_OK) status = count_cells(rows, s, &by);
    if (status != VN_OK) {
        vn_sorted_free(s);
        return status;
    }
    *n_cells = s->n_cells;
    *n_pairs = s->n_pairs;
    *has_tie = s->has_tie;
    *has_square = s->has_square;
    *out = s;
    return VN_OK;
}

/* Sums of one cell, seen from lo. */
typedef struct { double win, loss, tie, square; } masses;

static inline masses soft_masses(const vn_rows *rows, uint32_t r, int flip)
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
    if (flip) {
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

typedef struct {
    const vn_rows *rows;
    const vn_sorted *s;
    const vn_cells_out *out;
} write_job;

static void write_stratum(const vn_rows *rows, uint32_t row, double sign, int64_t cell,
                          const vn_cells_out *out)
{
    if (out->cluster) out->cluster[cell] = rows->cluster[row];
    if (out->date) out->date[cell] = rows->date[row];
    for (int k = 0; k < rows->n_covariates; k++) {
        const int64_t at = (int64_t)row * rows->n_covariates + k;
        out->covariates[cell * rows->n_covariates + k] = sign * rows->covariates[at] + 0.0;
    }
}

#define AHEAD 24 /* sorted rows that are fetched before they are needed: each lies somewhere else */

/* always_inline: else GCC finds it to do nothing, and leaves it out */
__attribute__((always_inline)) static inline void fetch_row(const vn_rows *rows, const vn_sorted *s, int64_t r)
{
    const uint32_t row = s->row[r];
    if (!vn_has_strata(rows)) {
        __builtin_prefetch(rows->first + row);
        __builtin_prefetch(rows->second + row);
    }
    if (rows->score) __builtin_prefetch(rows->score + row);
    if (rows->weight) __builtin_prefetch(rows->weight + row);
    if (!rows->n_covariates) return;
    const double *x = rows->covariates + (int64_t)row * rows->n_covariates;
    for (int k = 0; k < rows->n_covariates; k += 8) __builtin_prefetch(x + k);
    __builtin_prefetch(x + rows->n_covariates - 1);
}

/* One cell from sorted row r on; returns the row behind it. */
static int64_t write_cell(const write_job *j, int64_t r, int64_t cell)
{
    const vn_rows *rows = j->rows;
    const vn_sorted *s = j->s;
    const vn_cells_out *out = j->out;
    const int64_t n = rows->n_rows;
    const uint64_t key = s->keys[r];
    masses sum = {0.0, 0.0, 0.0, 0.0};
    out->hi[cell] = (int32_t)(key >> 4 & (((uint64_t)1 << s->bits) - 1));
    out->order[cell] = (int8_t)((int)(key >> 2 & 3) - 1);
    if (vn_has_strata(rows))
        write_stratum(rows, vn_source_row(s, r), vn_is_turned(key) ? -1.0 : 1.0, cell, out);
    if (s->soft) {
        do {
            if (s->row && r + AHEAD < n) fetch_row(rows, s, r + AHEAD);
            const uint32_t row = vn_source_row(s, r);
            const int flip = vn_has_strata(rows) ? vn_is_turned(s->keys[r])
                                                 : rows->first[row] > rows->second[row];
            const masses m = soft_masses(rows, row, flip);
            sum.win += m.win;
            sum.loss += m.loss;
            sum.tie += m.tie;
            sum.square += m.square;
            r++;
        } while (r < n && !starts_cell(rows, s, r));
    } else {
        int64_t count[4] = {0, 0, 0, 0};
        do {
            count[s->keys[r] & 3]++;
            r++;
        } while (r < n && s->keys[r] >> 2 == key >> 2);
        sum.loss = (double)count[0];
        sum.tie = (double)count[1];
        sum.win = (double)count[2];
    }
    out->win[cell] = sum.win;
    out->loss[cell] = sum.loss;
    if (out->tie) out->tie[cell] = sum.tie;
    if (out->square) out->square[cell] = sum.square;
    return r;
}

static vn_status write_chunk(void *arg, int64_t t, int worker)
{
    const write_job *j = arg;
    const vn_sorted *s = j->s;
    const int shift = 4 + s->bits;
    int64_t cell = s->chunk_cells[t], r = vn_chunk_start(j->rows->n_rows, t, s->n_chunks);
    const int64_t end = vn_chunk_start(j->rows->n_rows, t + 1, s->n_chunks);
    (void)worker;
    while (r < end && !starts_cell(j->rows, s, r)) r++;
    while (r < end) {
        /* rows of the first chunk that reach lo own the pointers up to it */
        const int64_t lo = (int64_t)(s->keys[r] >> shift);
        const int64_t from = r == 0 ? 0 : (int64_t)(s->keys[r - 1] >> shift) + 1;
        for (int64_t i = from; i <= lo; i++) j->out->row_ptr[i] = cell;
        r = write_cell(j, r, cell++);
    }
    return VN_OK;
}

vn_status vn_write_cells(const vn_rows *rows, const vn_sorted *s, int n_threads, vn_poll poll,
                         void *context, const vn_cells_out *out)
{
    const vn_crew by = {n_threads, poll, context};
    write_job j = {rows, s, out};
    const vn_status status = vn_each_chunk(write_chunk, &j, s->n_chunks, &by);
    const int64_t last = (int64_t)(s->keys[rows->n_rows - 1] >> (4 + s->bits));
    for (int64_t i = last + 1; i <= rows->n_items; i++) out->row_ptr[i] = s->n_cells;
    return status;
}

void vn_sorted_free(vn_sorted *s)
{
    if (!s) return;
    vn_free(s->keys);
    vn_free(s->row);
    vn_free(s->chunk_cells);
    vn_free(s);
}
