/* Rows to a table: see vn_count.h. The table becomes cells in vn_count_cells.c. */
#include <string.h>

#include "vn_count_internal.h"
#include "vn_team.h"

#define BATCH 1024          /* rows that are unpacked at a time, in the nearest cache */
#define LINE 8              /* numbers in a line of the cache */
#define ROWS ((int64_t)1 << 13) /* of a block: below what a counter holds beside its guard bit */
#define SAMPLES 16          /* of so many rows are looked at for the range of the labels */
#define SAMPLE ((int64_t)256)
#define MOST_SLOTS ((int64_t)1 << 26)
#define SUM_ROWS ((int64_t)1 << 18) /* of a block whose rows are added one by one */
#define MOST_MASS 1e30      /* of a row: fits of more fail (venire._core.checks.LARGEST) */

enum { OUTSIDE = 1, SAME = 2, SOFT = 4, WRONG = 8, WEIGHTED = 16 };

/* ---- columns ---------------------------------------------------------------------------------- */

#define EACH_INTEGER(M) \
    M(VN_I8, int8_t) M(VN_I16, int16_t) M(VN_I32, int32_t) M(VN_I64, int64_t) M(VN_U8, uint8_t) \
    M(VN_U16, uint16_t) M(VN_U32, uint32_t) M(VN_U64, uint64_t)
#define EACH_NUMBER(M) EACH_INTEGER(M) M(VN_F32, float) M(VN_F64, double)

/* The loop over a column, once for values that lie side by side and once for others. */
#define FOR_VALUES(type, c, begin, n, ...)                                                           \
    if ((c)->stride == (int64_t)sizeof(type)) {                                                      \
        const type *x = (const type *)(c)->data + (begin);                                           \
        for (int i = 0; i < (n); i++) { const type value = x[i]; __VA_ARGS__ }                       \
    } else {                                                                                         \
        const char *x = (c)->data + (begin) * (c)->stride;                                           \
        for (int i = 0; i < (n); i++) { const type value = *(const type *)(x + i * (c)->stride); __VA_ARGS__ } \
    }

/* Labels less `low`; OUTSIDE if one is not in [low, low + size). */
VN_CLONES
static int load_labels(const vn_column *c, int64_t begin, int n, int64_t low, int64_t size,
                       uint32_t *out)
{
    uint64_t outside = 0;
#define CASE(kind, type)                                                                             \
    case kind:                                                                                       \
        FOR_VALUES(type, c, begin, n, {                                                              \
            const uint64_t d = (uint64_t)(int64_t)value - (uint64_t)low;                             \
            outside |= (d >= (uint64_t)size) | (kind == VN_U64 && (uint64_t)value >> 63);            \
            out[i] = (uint32_t)d;                                                                    \
        })                                                                                           \
        break;
    switch (c->kind) {
        EACH_INTEGER(CASE)
    default: outside = 1;
    }
#undef CASE
    return outside ? OUTSIDE : 0;
}

/* Least and largest label; an unsigned one beyond int64 makes the range too wide for any table. */
VN_CLONES
static void range_of(const vn_column *c, int64_t begin, int n, int64_t *low, int64_t *high)
{
    int64_t least = *low, most = *high;
#define CASE(kind, type)                                                                             \
    case kind:                                                                                       \
        FOR_VALUES(type, c, begin, n, {                                                              \
            const int64_t v = (int64_t)value;                                                        \
            least = VN_MIN(least, v);                                                                \
            most = kind == VN_U64 && v < 0 ? INT64_MAX : VN_MAX(most, v);                            \
        })                                                                                           \
        break;
    switch (c->kind) {
        EACH_INTEGER(CASE)
    default: break;
    }
#undef CASE
    *low = least;
    *high = most;
}

VN_CLONES
static void load_numbers(const vn_column *c, int64_t begin, int n, double *out)
{
#define CASE(kind, type)                                                                             \
    case kind:                                                                                       \
        FOR_VALUES(type, c, begin, n, { out[i] = (double)value; })                                   \
        break;
    switch (c->kind) {
        EACH_NUMBER(CASE)
    }
#undef CASE
}

/* ---- slots ------------------------------------------------------------------------------------ */

/* Slot of (a, b): a * size + b, a being the side with the advantage; behind these, where there is a
 * column of orders, the slots of pairs in which nobody has it. turned: the second item had it.
 * Returns flags. */
VN_CLONES
static int find_slots(const vn_counted *t, int64_t begin, int n, uint32_t *a, uint32_t *b,
                      uint32_t *slot, uint32_t *turned)
{
    const uint32_t size = (uint32_t)t->size;
    uint32_t same = 0, order[BATCH];
    const int flags = load_labels(&t->columns.first, begin, n, t->low, t->size, a)
        | load_labels(&t->columns.second, begin, n, t->low, t->size, b);
    if (flags) return flags;
    if (!t->columns.order.data) {
        for (int i = 0; i < n; i++) {
            same |= a[i] == b[i];
            slot[i] = a[i] * size + b[i];
        }
        return same ? SAME : 0;
    }
    if (load_labels(&t->columns.order, begin, n, -1, 3, order)) return WRONG;
    for (int i = 0; i < n; i++) {
        const uint32_t nobody = order[i] == 1, second = nobody ? a[i] > b[i] : order[i] == 0;
        same |= a[i] == b[i];
        turned[i] = second;
        slot[i] = (second ? b[i] : a[i]) * size + (second ? a[i] : b[i]) + (nobody ? size * size : 0);
    }
    return same ? SAME : 0;
}

/* ---- whole outcomes --------------------------------------------------------------------------- */

/* The bits of the three whole outcomes. */
#define BITS_HALF 0x3FE0000000000000u
#define BITS_ONE 0x3FF0000000000000u

/* What a row adds: 1 in the counter of loss, tie or win of the item that the slot names first. */
VN_CLONES
static int find_steps(const double *score, const uint32_t *turned, int n, uint64_t *step)
{
    uint64_t soft = 0;
    for (int i = 0; i < n; i++) {
        const double x = score[i] + 0.0; /* no -0 */
        uint64_t bits;
        memcpy(&bits, &x, sizeof bits);
        const uint64_t loss = bits == 0, tie = bits == BITS_HALF, win = bits == BITS_ONE;
        soft |= !(loss | tie | win);
        step[i] = loss | tie << VN_COUNTER | win << (2 * VN_COUNTER);
    }
    if (turned)
        for (int i = 0; i < n; i++) {
            const uint64_t tie = step[i] & (uint64_t)1 << VN_COUNTER;
            const uint64_t other = step[i] << (2 * VN_COUNTER) | step[i] >> (2 * VN_COUNTER);
            step[i] = turned[i] && !tie ? other : step[i];
        }
    return soft ? SOFT : 0;
}

/* Ask for a row of the next batch while this one is counted: the processor's own prefetching stops with
 * the reading. Rows behind the last are no fault. */
static inline void prefetch(const vn_column *c, int64_t row)
{
    __builtin_prefetch((const void *)((uintptr_t)c->data + (uintptr_t)(row * c->stride)), 0, 2);
}

/* Empty a worker's counters into wide ones. */
static int flush(vn_counted *t, int worker)
{
    uint64_t *word = t->word[worker];
    int64_t **wide = &t->wide[worker];
    if (!*wide) *wide = vn_calloc((size_t)(3 * t->n_slots), sizeof(int64_t));
    if (!*wide) return 0;
    for (int64_t k = 0; k < t->n_slots; k++) {
        if (!word[k]) continue;
        for (int o = 0; o < 3; o++) (*wide)[3 * k + o] += vn_counter(word[k], o);
        word[k] = 0;
    }
    return 1;
}

static vn_status count_block(void *arg, int64_t block, int worker)
{
    vn_counted *t = arg;
    if (!t->word[worker]) t->word[worker] = vn_calloc((size_t)t->n_slots, sizeof(uint64_t));
    uint64_t *word = t->word[worker], guard = 0, step[BATCH];
    if (!word) return VN_NO_MEMORY;
    uint32_t a[BATCH], b[BATCH], slot[BATCH], turned[BATCH];
    double score[BATCH];
    const int64_t end = vn_block_end(t->columns.n_rows, ROWS, block);
    for (int64_t r = block * ROWS; r < end; r += BATCH) {
        const int n = (int)VN_MIN(end - r, (int64_t)BATCH);
        int flags = find_slots(t, r, n, a, b, slot, turned);
        if (!flags) {
            load_numbers(&t->columns.score, r, n, score);
            flags = find_steps(score, t->columns.order.data ? turned : NULL, n, step);
        }
        if (flags) {
            __atomic_fetch_or(&t->flags, flags, __ATOMIC_RELAXED);
            return VN_BAD_VALUE;
        }
        int i = 0;
        for (; i + LINE <= n; i += LINE) {
            prefetch(&t->columns.first, r + BATCH + i);
            prefetch(&t->columns.second, r + BATCH + i);
            prefetch(&t->columns.score, r + BATCH + i);
#pragma GCC unroll 8
            for (int k = i; k < i + LINE; k++) guard |= word[slot[k]] += step[k];
        }
        for (; i < n; i++) guard |= word[slot[i]] += step[i];
    }
    if (guard & VN_GUARDS && !flush(t, worker)) return VN_NO_MEMORY;
    return VN_OK;
}

/* ---- sums ------------------------------------------------------------------------------------- */

/* One row's masses, seen from the smaller item. Returns flags. */
static inline int add_score(double s, double w, int is_first, double *sum)
{
    const double t = is_first ? s : 1.0 - s, u = is_first ? 1.0 - s : s;
    const int tie = s == 0.5;
    sum[VN_WIN] += tie ? 0.0 : w * t;
    sum[VN_LOSS] += tie ? 0.0 : w * u;
    sum[VN_TIE] += tie ? w : 0.0;
    sum[VN_SQUARE] += w * t * t;
    return (s >= 0.0 && s <= 1.0 && w >= 0.0 && w <= MOST_MASS ? 0 : WRONG)
        | (w != 1.0 ? WEIGHTED : 0) | (s != 0.0 && s != 1.0 && !tie ? SOFT : 0);
}

static inline int add_masses(double win, double loss, double tie, int is_first, double *sum)
{
    const double mine = is_first ? win : loss;
    sum[VN_WIN] += mine;
    sum[VN_LOSS] += is_first ? loss : win;
    sum[VN_TIE] += tie;
    sum[VN_SQUARE] += mine + 0.25 * tie;
    const int right = win >= 0.0 && loss >= 0.0 && tie >= 0.0 && win <= MOST_MASS
        && loss <= MOST_MASS && tie <= MOST_MASS;
    return right ? SOFT : WRONG;
}

/* Read before it is written: marks of a hot item then cause no traffic between the caches. */
static inline void mark(uint8_t *used)
{
    if (!__atomic_load_n(used, __ATOMIC_RELAXED)) __atomic_store_n(used, 1, __ATOMIC_RELAXED);
}

/* A block of rows into the sums; the blocks one after the other, so that each sum is that of its rows
 * in their order: the same if they come in pieces. */
static vn_status add_rows(void *arg, int64_t block, int worker)
{
    vn_counted *t = arg;
    (void)worker;
    const vn_columns *c = &t->columns;
    double *sum = t->sum;
    uint32_t a[BATCH], b[BATCH], slot[BATCH], turned[BATCH];
    double x[BATCH], y[BATCH], z[BATCH], w[BATCH];
    const int64_t end = vn_block_end(c->n_rows, SUM_ROWS, block);
    int seen = 0;
    memset(z, 0, sizeof z);
    for (int i = 0; i < BATCH; i++) w[i] = 1.0;
    for (int64_t r = block * SUM_ROWS; r < end; r += BATCH) {
        const int n = (int)VN_MIN(end - r, (int64_t)BATCH);
        const int flags = find_slots(t, r, n, a, b, slot, turned);
        if (!flags && c->weight.data) load_numbers(&c->weight, r, n, w);
        if (!flags && c->win.data) {
            load_numbers(&c->win, r, n, x);
            load_numbers(&c->loss, r, n, y);
            if (c->tie.data) load_numbers(&c->tie, r, n, z);
            for (int i = 0; i < n; i++)
                seen |= add_masses(w[i] * x[i], w[i] * y[i], w[i] * z[i], a[i] < b[i],
                                   sum + VN_SUMS * (int64_t)slot[i]);
        } else if (!flags) {
            load_numbers(&c->score, r, n, x);
            for (int i = 0; i < n; i++)
                seen |= add_score(x[i], w[i], a[i] < b[i], sum + VN_SUMS * (int64_t)slot[i]);
        }
        if (flags || seen & WRONG) {
            __atomic_fetch_or(&t->flags, flags | (seen & WRONG), __ATOMIC_RELAXED);
            return VN_BAD_VALUE;
        }
        for (int i = 0; i < n; i++) { /* a row without weight names its items all the same */
            mark(t->used + a[i]);
            mark(t->used + b[i]);
        }
    }
    __atomic_fetch_or(&t->flags, seen, __ATOMIC_RELAXED);
    return VN_OK;
}

/* ---- the range of labels ---------------------------------------------------------------------- */

static void range_of_rows(const vn_columns *c, int64_t begin, int n, int64_t *low, int64_t *high)
{
    range_of(&c->first, begin, n, low, high);
    range_of(&c->second, begin, n, low, high);
}

/* From rows here and there: nearly always the whole range, and counting finds out where it is not. */
static void guess_range(vn_counted *t)
{
    const int64_t n = t->columns.n_rows, samples = VN_MIN(vn_n_blocks(n, SAMPLE), SAMPLES);
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (int64_t k = 0; k < samples; k++) {
        const int64_t begin = samples > 1 ? (n - SAMPLE) / (samples - 1) * k : 0;
        range_of_rows(&t->columns, begin, (int)VN_MIN(n - begin, SAMPLE), &low, &high);
    }
    t->low = low;
    t->high = high;
}

static vn_status range_block(void *arg, int64_t block, int worker)
{
    vn_counted *t = arg;
    int64_t low = INT64_MAX, high = INT64_MIN;
    (void)worker;
    range_of_rows(&t->columns, block * ROWS,
                  (int)(vn_block_end(t->columns.n_rows, ROWS, block) - block * ROWS), &low, &high);
    vn_atomic_least(&t->low, low);
    vn_atomic_most(&t->high, high);
    return VN_OK;
}

/* ---- the whole -------------------------------------------------------------------------------- */

static void forget_tables(vn_counted *t)
{
    for (int k = 0; k < VN_TEAM_MOST; k++) {
        vn_free(t->word[k]);
        vn_free(t->wide[k]);
        t->word[k] = NULL;
        t->wide[k] = NULL;
    }
    vn_free(t->sum);
    t->sum = NULL;
    vn_free(t->used);
    t->used = NULL;
    t->flags = 0;
}

void vn_counted_free(vn_counted *t)
{
    if (!t) return;
    forget_tables(t);
    vn_free(t->row_cells);
    vn_free(t);
}

/* Tables for the range low ... high, if it is worth one: the table must not be larger than the rows. */
static vn_status choose_tables(vn_counted *t)
{
    const int64_t n = t->columns.n_rows;
    const uint64_t span = (uint64_t)t->high - (uint64_t)t->low;
    forget_tables(t);
    if (span >= 8192) return VN_TOO_LARGE;
    t->size = (int64_t)span + 1;
    t->n_slots = t->size * t->size * (t->columns.order.data ? 2 : 1);
    if (t->n_slots > MOST_SLOTS || t->n_slots > VN_MAX(8 * n, (int64_t)4096)) return VN_TOO_LARGE;
    t->used = vn_calloc((size_t)t->size, 1);
    return t->used ? VN_OK : VN_NO_MEMORY;
}

/* Try to count; soft scores and weights are added up instead. */
static vn_status fill(vn_counted *t, int n_threads, vn_poll poll, void *context)
{
    const int64_t n = t->columns.n_rows;
    vn_status status = choose_tables(t);
    if (status != VN_OK) return status;
    if (!t->columns.weight.data && !t->columns.win.data) {
        /* a worker's table costs as much as that many rows */
        const int64_t worth = n / VN_MAX(t->n_slots, ROWS);
        const int threads = (int)VN_MIN((int64_t)n_threads, VN_MAX(worth, 1));
        t->is_whole = 1;
        status = vn_team_run(count_block, t, vn_n_blocks(n, ROWS), threads, poll, context);
        if (status != VN_BAD_VALUE || t->flags != SOFT) return status;
        status = choose_tables(t);
        if (status != VN_OK) return status;
    }
    t->is_whole = 0;
    t->sum = vn_calloc((size_t)(VN_SUMS * t->n_slots), sizeof(double));
    if (!t->sum) return VN_NO_MEMORY;
    return vn_team_run(add_rows, t, vn_n_blocks(n, SUM_ROWS), 1, poll, context);
}

vn_status vn_count(const vn_columns *c, int n_threads, vn_poll poll, void *context, vn_counted **out,
                   int64_t *low, int64_t *n_range, const uint8_t **used, int64_t *n_cells,
                   int *has_tie, int *has_square)
{
    *out = NULL;
    vn_counted *t = vn_calloc(1, sizeof *t);
    if (!t) return VN_NO_MEMORY;
    t->columns = *c;
    guess_range(t);
    vn_status status = fill(t, n_threads, poll, context);
    if (status == VN_BAD_VALUE && t->flags & OUTSIDE) {
        status = vn_team_run(range_block, t, vn_n_blocks(c->n_rows, ROWS), n_threads, poll, context);
        if (status == VN_OK) status = fill(t, n_threads, poll, context);
    }
    if (status == VN_OK) status = vn_counted_settle(t, n_threads);
    if (status != VN_OK) {
        vn_counted_free(t);
        return status;
    }
    *out = t;
    *low = t->low;
    *n_range = t->size;
    *used = t->used;
    *n_cells = t->n_cells;
    *has_tie = t->has_tie;
    *has_square = !t->is_whole && (t->flags & (SOFT | WEIGHTED)) != 0;
    return VN_OK;
}
