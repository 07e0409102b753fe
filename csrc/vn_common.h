/* What every file of the C layer shares: sizes, status codes, memory, run-time dispatch.
 *
 * The layer knows nothing of Python. Every function that can fail returns a vn_status; outputs are
 * owned by the caller and are the last arguments; nothing is global but the team of threads
 * (vn_team.h); a result never depends on their number (work is cut into blocks by the data alone,
 * partial sums are added in block order). */
#ifndef VN_COMMON_H
#define VN_COMMON_H

#include <stddef.h>
#include <stdint.h>

#include "vn_memory.h"

#define VN_PRAGMA(x) _Pragma(#x) /* for omp simd: threads are the team's alone */

typedef enum {
    VN_OK = 0,
    VN_NO_MEMORY = 1,     /* an allocation failed */
    VN_INTERRUPTED = 2,   /* the poll function asked to stop */
    VN_NOT_CONVERGED = 3, /* the iteration limit was reached */
    VN_TOO_LARGE = 4,     /* an index does not fit its type */
    VN_BAD_VALUE = 5      /* an input is out of range: see the position that was returned */
} vn_status;

/* Called between long steps from the thread that made the call; non-zero asks to stop. */
typedef int (*vn_poll)(void *context);

/* Hot loops are compiled for several instruction sets; the loader picks one (ELF ifunc). */
#if defined(VN_DISPATCH) && defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
#define VN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VN_CLONES
#endif

#define VN_MIN(a, b) ((a) < (b) ? (a) : (b))
#define VN_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Bits that x needs. */
static inline int vn_bits_of(uint64_t x)
{
    int b = 0;
    while (x) { b++; x >>= 1; }
    return b;
}

/* Lower or raise what several threads share. */
static inline void vn_atomic_least(int64_t *shared, int64_t x)
{
    int64_t now = __atomic_load_n(shared, __ATOMIC_RELAXED);
    while (x < now
           && !__atomic_compare_exchange_n(shared, &now, x, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

static inline void vn_atomic_most(int64_t *shared, int64_t x)
{
    int64_t now = __atomic_load_n(shared, __ATOMIC_RELAXED);
    while (x > now
           && !__atomic_compare_exchange_n(shared, &now, x, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

#endif
