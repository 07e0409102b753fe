/* A table of counts or sums becomes cells: see vn_count.h.
 *
 * Cell (lo, hi, +1) is slot (lo, hi), cell (lo, hi, -1) slot (hi, lo). */
#include <string.h>

#include "vn_count_internal.h"

#define SLOTS ((int64_t)1 << 14) /* of a block */
#define TILE 8                   /* smaller items that are written together: a line of the table */
#define STRETCH 256              /* larger items at a time */

/* Something, and a tie, in a word. */
#define ANY ((uint64_t)1)
#define ANY_TIE ((uint64_t)1 << VN_COUNTER)
#define TIES ((((uint64_t)1 << VN_COUNTER) - 1) << VN_COUNTER)

/* ---- one table of many ------------------------------------------------------------------------ */

static vn_status add_words(void *arg, int64_t block, int worker)
{
    vn_counted *t = arg;
    (void)worker;
    const int64_t end = vn_block_end(t->n_slots, SLOTS, block);
    for (int w = 1; w < VN_TEAM_MOST && t->word[w]; w++)
        for (int64_t k = block * SLOTS; k < end; k++) t->word[0][k] += t->word[w][k];
    return VN_OK;
}

static vn_status widen(void *arg, int64_t block, int worker)
{
    vn_counted *t = arg;
    (void)worker;
    int64_t *total = t->wide[0];
    const int64_t end = vn_block_end(t->n_slots, SLOTS, block);
    for (int w = 0; w < VN_TEAM_MOST && t->word[w]; w++)
        for (int64_t k = block * SLOTS; k < end; k++)
            for (int o = 0; o < 3; o++)
                total[3 * k + o] += vn_counter(t->word[w][k], o) + (w && t->wide[w] ? t->wide[w][3 * k + o] : 0);
    for (int64_t k = block * SLOTS; k < end; k++) {
        const int64_t *x = total + 3 * k;
        t->word[0][k] = (x[VN_LOSS] || x[VN_WIN] ? ANY : 0) | (x[VN_TIE] ? ANY_TIE : 0);
    }
    return VN_OK;
}

static vn_status mark_sums(void *arg, int64_t block, int worker)
{
    vn_counted *t = arg;
    (void)worker;
    const int64_t from = block * SLOTS, end = vn_block_end(t->n_slots, SLOTS, block);
    for (int64_t k = from; k < end; k++) {
        const double *x = t->sum + VN_SUMS * k;
        t->word[0][k] = (x[VN_LOSS] > 0.0 || x[VN_WIN] > 0.0 ? ANY : 0) | (x[VN_TIE] > 0.0 ? ANY_TIE : 0);
    }
    return VN_OK;
}

/* Workers that got no block have no table: the others to the front. */
static int gather_tables(vn_counted *t)
{
    int n = 0, any_wide = 0;
    for (int w = 0; w < VN_TEAM_MOST; w++) {
        if (!t->word[w]) continue;
        uint64_t *word = t->word[w];
        int64_t *wide = t->wide[w];
        t->word[w] = NULL;
        t->wide[w] = NULL;
        t->word[n] = word;
        t->wide[n++] = wide;
        any_wide |= wide != NULL;
    }
    return any_wide;
}

static vn_status bring_together(vn_counted *t, int n_threads)
{
    const int64_t blocks = vn_n_blocks(t->n_slots, SLOTS);
    if (!t->is_whole) {
        t->word[0] = vn_malloc(sizeof(uint64_t) * (size_t)t->n_slots);
        return t->word[0] ? vn_team_run(mark_sums, t, blocks, n_threads, NULL, NULL) : VN_NO_MEMORY;
    }
    const int any_wide = gather_tables(t);
    if (!any_wide && t->columns.n_rows < (int64_t)1 << VN_COUNTER)
        return t->word[1] ? vn_team_run(add_words, t, blocks, n_threads, NULL, NULL) : VN_OK;
    if (!t->wide[0]) t->wide[0] = vn_calloc((size_t)(3 * t->n_slots), sizeof(int64_t));
    return t->wide[0] ? vn_team_run(widen, t, blocks, n_threads, NULL, NULL) : VN_NO_MEMORY;
}

/* ---- what there is ---------------------------------------------------------------------------- */

/* Cells of the smaller item of each slot of row `a`, ties, and labels that occur. */
VN_CLONES
static void measure_row(const uint64_t *row, int64_t a, int64_t n, int64_t *cells, uint8_t *used,
                        uint64_t *ties)
{
    uint64_t tie = 0;
    int64_t own = 0, any = 0;
    for (int64_t b = 0; b < a; b++) {
        const int here = row[b] != 0;
        cells[b] += here;
        used[b] |= (uint8_t)here;
        any |= here;
        tie |= row[b];
    }
    for (int64_t b = a + 1; b < n; b++) {
        const int here = row[b] != 0;
        own += here;
        used[b] |= (uint8_t)here;
        tie |= row[b];
    }
    cells[a] += own;
    used[a] |= (uint8_t)(any || own > 0);
    *ties |= tie & TIES;
}

vn_status vn_counted_settle(vn_counted *t, int n_threads)
{
    uint64_t ties = 0;
    t->row_cells = vn_calloc((size_t)t->size, sizeof(int64_t));
    if (!t->row_cells) return VN_NO_MEMORY;
    const vn_status status = bring_together(t, n_threads);
    if (status != VN_OK) return status;
    for (int64_t k = 0; k * t->size < t->n_slots; k++)
        measure_row(t->word[0] + k * t->size, k % t->size, t->size, t->row_cells, t->used, &ties);
    for (int64_t lo = 0; lo < t->size; lo++) t->n_cells += t->row_cells[lo];
    t->has_tie = ties != 0;
    return t->n_cells ? VN_OK : VN_BAD_VALUE;
}

/* ---- cells ------------------------------------------------------------------------------------ */

/* Where the cells go. */
typedef struct {
    int32_t *hi;
    int8_t *order;
    double *win, *loss, *tie, *square;
} cells;

/* Slots that are not empty, in the order of their cells. */
typedef struct {
    uint64_t word[3 * STRETCH];
    int64_t slot[3 * STRETCH];
    int32_t hi[3 * STRETCH];
    int8_t order[3 * STRETCH];
} stretch;

/* Collect the slots of lo and [from, to) without a branch on what is empty; returns how many. */
static int collect(const vn_counted *t, int64_t lo, int64_t from, int64_t to,
                   const int32_t *restrict code, stretch *restrict s, int64_t *pairs)
{
    const int64_t n = t->size, half = t->columns.order.data ? n * n : 0;
    const uint64_t *restrict word = t->word[0];
    int64_t found = 0;
    int m = 0;
#define ADD(which, what, class)                                                                      \
    s->word[m] = which;                                                                              \
    s->slot[m] = what;                                                                               \
    s->hi[m] = code[hi];                                                                             \
    s->order[m] = class;                                                                             \
    m += which != 0
    for (int64_t hi = from; hi < to; hi++) {
        const int64_t back = hi * n + lo, forth = lo * n + hi;
        const uint64_t behind = word[back], ahead = word[forth];
        const uint64_t even = half ? word[half + forth] : 0;
        found += (behind | even | ahead) != 0;
        ADD(behind, back, -1);
        if (half) {
            ADD(even, half + forth, 0);
        }
        ADD(ahead, forth, 1);
    }
#undef ADD
    *pairs += found;
    return m;
}

/* Counters of a word, turned round where the slot names the larger item first. */
VN_CLONES
static void write_counts(const uint64_t *restrict word, const int8_t *restrict order, int m,
                         double *restrict win, double *restrict loss, double *restrict tie)
{
    const uint64_t mask = ((uint64_t)1 << VN_COUNTER) - 1;
    for (int i = 0; i < m; i++) {
        const int32_t low = (int32_t)(word[i] & mask), high = (int32_t)(word[i] >> (2 * VN_COUNTER));
        win[i] = order[i] < 0 ? low : high;
        loss[i] = order[i] < 0 ? high : low;
    }
    if (tie)
        for (int i = 0; i < m; i++) tie[i] = (int32_t)(word[i] >> VN_COUNTER & mask);
}

static void write_stretch(const vn_counted *t, const cells *c, const stretch *s, int m, int64_t k)
{
    memcpy(c->hi + k, s->hi, sizeof *s->hi * (size_t)m);
    memcpy(c->order + k, s->order, sizeof *s->order * (size_t)m);
    if (t->is_whole && !t->wide[0]) {
        write_counts(s->word, s->order, m, c->win + k, c->loss + k, c->tie ? c->tie + k : NULL);
        return;
    }
    for (int i = 0; i < m; i++, k++) {
        const int win = t->is_whole && s->order[i] < 0 ? VN_LOSS : VN_WIN;
        if (t->is_whole) {
            const int64_t *x = t->wide[0] + 3 * s->slot[i];
            c->win[k] = (double)x[win];
            c->loss[k] = (double)x[2 - win];
            if (c->tie) c->tie[k] = (double)x[VN_TIE];
        } else {
            const double *x = t->sum + VN_SUMS * s->slot[i];
            c->win[k] = x[VN_WIN];
            c->loss[k] = x[VN_LOSS];
            if (c->tie) c->tie[k] = x[VN_TIE];
            if (c->square) c->square[k] = x[VN_SQUARE];
        }
    }
}

/* The cells of one smaller item, from k on; returns the number of its pairs. */
static int64_t write_row(const vn_counted *t, const cells *c, const int32_t *code, int64_t lo, int64_t k)
{
    stretch s;
    int64_t pairs = 0;
    for (int64_t from = lo + 1; from < t->size; from += STRETCH) {
        const int m = collect(t, lo, from, VN_MIN(from + STRETCH, t->size), code, &s, &pairs);
        write_stretch(t, c, &s, m, k);
        k += m;
    }
    return pairs;
}

typedef struct {
    const vn_counted *t;
    cells cells;
    const int32_t *code;
    const int64_t *start;
    int64_t n_pairs;
} job;

static vn_status write_tile(void *arg, int64_t tile, int worker)
{
    job *j = arg;
    int64_t pairs = 0;
    (void)worker;
    for (int64_t lo = tile * TILE; lo < vn_block_end(j->t->size, TILE, tile); lo++)
        if (j->t->used[lo]) pairs += write_row(j->t, &j->cells, j->code, lo, j->start[j->code[lo]]);
    __atomic_fetch_add(&j->n_pairs, pairs, __ATOMIC_RELAXED);
    return VN_OK;
}

int64_t vn_counted_write(const vn_counted *t, int n_threads, const int32_t *code, int64_t n_items,
                         int64_t *row_ptr, int32_t *hi, int8_t *order, double *win, double *loss,
                         double *tie, double *square)
{
    memset(row_ptr, 0, sizeof(int64_t) * (size_t)(n_items + 1));
    for (int64_t k = 0; k < t->size; k++)
        if (t->used[k]) row_ptr[code[k] + 1] = t->row_cells[k];
    for (int64_t i = 0; i < n_items; i++) row_ptr[i + 1] += row_ptr[i];
    const cells c = {hi, order, win, loss, tie, square};
    job j = {.t = t, .cells = c, .code = code, .start = row_ptr};
    const int threads = t->n_slots >= SLOTS ? n_threads : 1;
    vn_team_run(write_tile, &j, vn_n_blocks(t->size, TILE), threads, NULL, NULL);
    return j.n_pairs;
}
