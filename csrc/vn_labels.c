/* Scans of integer labels: see vn_labels.h. Tables of keys: vn_labels_table.c, vn_labels_text.c. */
#include "vn_labels.h"

/* Rows in the first step of a scan that may stop early; each step is four times the last, so that
 * threads meet a few times only. */
#define STEP ((int64_t)1 << 19)

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
#define VN_INTEGER_LABELS(SUFFIX, TYPE)                                                            \
    void vn_range_##SUFFIX(const TYPE *x, int64_t n, int n_threads, TYPE *low, TYPE *high)         \
    {                                                                                              \
        TYPE least = x[0], most = x[0];                                                            \
        (void)n_threads;                                                                           \
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (n > STEP)           \
                  reduction(min : least) reduction(max : most))                                    \
        for (int64_t i = 0; i < n; i++) {                                                          \
            least = VN_MIN(least, x[i]);                                                           \
            most = VN_MAX(most, x[i]);                                                             \
        }                                                                                          \
        *low = least;                                                                              \
        *high = most;                                                                              \
    }                                                                                              \
                                                                                                   \
    int64_t vn_mark_##SUFFIX(const TYPE *x, int64_t n, int64_t low, int64_t size, int n_threads,   \
                             uint8_t *seen)                                                        \
    {                                                                                              \
        int64_t step = VN_MAX(STEP, size), marks = 0;                                              \
        (void)n_threads;                                                                           \
        for (int64_t start = 0, stop; start < n && marks < size; start = stop, step *= 4) {        \
            stop = VN_MIN(n, start + step);                                                        \
            VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static)                     \
                      if (stop - start >= STEP))                                                   \
            for (int64_t i = start; i < stop; i++) {                                               \
                uint8_t *mark = seen + ((int64_t)x[i] - low);                                      \
                if (!__atomic_load_n(mark, __ATOMIC_RELAXED)) {                                    \
                    __atomic_store_n(mark, 1, __ATOMIC_RELAXED);                                   \
                }                                                                                  \
            }                                                                                      \
            marks = count_marks(seen, size);                                                       \
        }                                                                                          \
        return marks;                                                                              \
    }                                                                                              \
                                                                                                   \
    void vn_take_##SUFFIX(const TYPE *x, int64_t n, int64_t low, const int32_t *table,             \
                          int n_threads, int32_t *codes)                                           \
    {                                                                                              \
        (void)n_threads;                                                                           \
        if (table == NULL) {                                                                       \
            VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (n > STEP))      \
            for (int64_t i = 0; i < n; i++) {                                                      \
                codes[i] = (int32_t)((int64_t)x[i] - low);                                         \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (n > STEP))          \
        for (int64_t i = 0; i < n; i++) {                                                          \
            codes[i] = table[(int64_t)x[i] - low];                                                 \
        }                                                                                          \
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
