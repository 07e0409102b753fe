/* Scans of integer labels: see vn_labels.h. Tables of keys: vn_labels_table.c, vn_labels_text.c. */
#include "vn_labels.h"

#include "vn_team.h"

/* Rows of a block, and of the first step of a scan that may stop early; each step is four times the
 * last, so that threads meet a few times only. */
#define ROWS ((int64_t)1 << 15)
#define STEP ((int64_t)1 << 19)

typedef struct {
    const void *x;
    int64_t start, n, low, size;
    const int32_t *table;
    int32_t *codes;
    uint8_t *seen;
    int64_t least, most;
} job;

static int64_t count_marks(const uint8_t *seen, int64_t size)
{
    int64_t total = 0;
    for (int64_t i = 0; i < size; i++) {
        total += seen[i];
    }
    return total;
}

/* The marks are read before they are written: rows of a hot item then cause no traffic between the
 * caches. Relaxed atomics make the shared table legal C and cost nothing here. */
static inline void mark(uint8_t *seen)
{
    if (!__atomic_load_n(seen, __ATOMIC_RELAXED)) {
        __atomic_store_n(seen, 1, __ATOMIC_RELAXED);
    }
}

/* Where a label stands in a table: whatever it was when their range was taken, it may be anything
 * now, for the labels are the caller's, and another thread may be writing. */
static inline uint64_t offset(int64_t x, int64_t low)
{
    return (uint64_t)x - (uint64_t)low;
}

#define VN_INTEGER_LABELS(SUFFIX, TYPE)                                                            \
    VN_CLONES                                                                                      \
    static void range_of_##SUFFIX(const TYPE *x, int64_t n, int64_t *least, int64_t *most)         \
    {                                                                                              \
        TYPE low = x[0], high = x[0];                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            low = VN_MIN(low, x[i]);                                                               \
            high = VN_MAX(high, x[i]);                                                             \
        }                                                                                          \
        *least = low;                                                                              \
        *most = high;                                                                              \
    }                                                                                              \
                                                                                                   \
    static vn_status range_block_##SUFFIX(void *arg, int64_t block, int worker)                    \
    {                                                                                              \
        job *j = arg;                                                                              \
        const int64_t from = block * ROWS;                                                         \
        int64_t least, most;                                                                       \
        (void)worker;                                                                              \
        range_of_##SUFFIX((const TYPE *)j->x + from, vn_block_end(j->n, ROWS, block) - from,       \
                          &least, &most);                                                          \
        vn_atomic_least(&j->least, least);                                                         \
        vn_atomic_most(&j->most, most);                                                            \
        return VN_OK;                                                                              \
    }                                                                                              \
                                                                                                   \
    void vn_range_##SUFFIX(const TYPE *x, int64_t n, int n_threads, TYPE *low, TYPE *high)         \
    {                                                                                              \
        job j = {.x = x, .n = n, .least = INT64_MAX, .most = INT64_MIN};                           \
        vn_team_run(range_block_##SUFFIX, &j, vn_n_blocks(n, ROWS), n_threads, NULL, NULL);        \
        *low = (TYPE)j.least;                                                                      \
        *high = (TYPE)j.most;                                                                      \
    }                                                                                              \
                                                                                                   \
    static vn_status mark_block_##SUFFIX(void *arg, int64_t block, int worker)                     \
    {                                                                                              \
        const job *j = arg;                                                                        \
        const TYPE *x = (const TYPE *)j->x + j->start;                                             \
        (void)worker;                                                                              \
        for (int64_t i = block * ROWS; i < vn_block_end(j->n, ROWS, block); i++) {                 \
            const uint64_t at = offset((int64_t)x[i], j->low);                                     \
            if (at < (uint64_t)j->size) {                                                          \
                mark(j->seen + at);                                                                \
            }                                                                                      \
        }                                                                                          \
        return VN_OK;                                                                              \
    }                                                                                              \
                                                                                                   \
    int64_t vn_mark_##SUFFIX(const TYPE *x, int64_t n, int64_t low, int64_t size, int n_threads,   \
                             uint8_t *seen)                                                        \
    {                                                                                              \
        int64_t step = VN_MAX(STEP, size), marks = 0;                                              \
        for (int64_t start = 0; start < n && marks < size; start += step, step *= 4) {             \
            job j = {.x = x, .start = start, .n = VN_MIN(n - start, step), .low = low,             \
                     .size = size, .seen = seen};                                                  \
            vn_team_run(mark_block_##SUFFIX, &j, vn_n_blocks(j.n, ROWS), n_threads, NULL, NULL);   \
            marks = count_marks(seen, size);                                                       \
        }                                                                                          \
        return marks;                                                                              \
    }                                                                                              \
                                                                                                   \
    static vn_status take_block_##SUFFIX(void *arg, int64_t block, int worker)                     \
    {                                                                                              \
        const job *j = arg;                                                                        \
        const TYPE *x = j->x;                                                                      \
        int32_t *codes = j->codes; /* may be x itself */                                           \
        const int64_t from = block * ROWS, end = vn_block_end(j->n, ROWS, block), low = j->low;    \
        const uint64_t size = (uint64_t)j->size;                                                   \
        (void)worker;                                                                              \
        if (j->table == NULL) {                                                                    \
            for (int64_t i = from; i < end; i++) {                                                 \
                const uint64_t at = offset((int64_t)x[i], low);                                    \
                codes[i] = at < size ? (int32_t)at : 0;                                            \
            }                                                                                      \
            return VN_OK;                                                                          \
        }                                                                                          \
        for (int64_t i = from; i < end; i++) {                                                     \
            const uint64_t at = offset((int64_t)x[i], low);                                        \
            codes[i] = j->table[at < size ? at : 0];                                               \
        }                                                                                          \
        return VN_OK;                                                                              \
    }                                                                                              \
                                                                                                   \
    void vn_take_##SUFFIX(const TYPE *x, int64_t n, int64_t low, int64_t size,                     \
                          const int32_t *table, int n_threads, int32_t *codes)                     \
    {                                                                                              \
        job j = {.x = x, .n = n, .low = low, .size = size, .table = table, .codes = codes};        \
        vn_team_run(take_block_##SUFFIX, &j, vn_n_blocks(n, ROWS), n_threads, NULL, NULL);         \
    }

VN_INTEGER_LABELS(i32, int32_t)
VN_INTEGER_LABELS(i64, int64_t)

int64_t vn_first_null(const uint8_t *bitmap, int64_t offset, int64_t n)
{
    int64_t i = 0;
    while (i < n) {
        int64_t bit = offset + i;
        if ((bit & 7) == 0 && n - i >= 8 && bitmap[bit >> 3] == 0xFF) {
            i += 8;
        } else if (bitmap[bit >> 3] >> (bit & 7) & 1) {
            i += 1;
        } else {
            return i;
        }
    }
    return -1;
}
