#include "vn_memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define LARGE (2 * HUGE_PAGE)

/* Advise what lies within whole huge pages; the advice may be refused, which is no loss. */
static void *advised(void *block, size_t size)
{
#ifdef MADV_HUGEPAGE
    if (block && size >= LARGE) {
        const uintptr_t from = ((uintptr_t)block + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
        const uintptr_t to = ((uintptr_t)block + size) & ~(HUGE_PAGE - 1);
        madvise((void *)from, to - from, MADV_HUGEPAGE);
    }
#else
    (void)size;
#endif
    return block;
}

/* Large blocks begin with a huge page. An alignment is a power of two, of a pointer at least. */
static void *aligned(size_t alignment, size_t size)
{
    void *block = NULL;
    if (posix_memalign(&block, size >= LARGE ? HUGE_PAGE : alignment, size))
        return NULL;
    return advised(block, size);
}

#ifdef VN_TEST_MEMORY
#include <stdatomic.h>

static _Atomic int64_t n_requests, n_in_use, fails_at;
static _Atomic int fails_ever_after;

static int refuse(void)
{
    const int64_t at = atomic_load(&fails_at), n = atomic_fetch_add(&n_requests, 1) + 1;
    return at > 0 && (n == at || (n > at && atomic_load(&fails_ever_after)));
}

static void *counted(void *block)
{
    if (block) atomic_fetch_add(&n_in_use, 1);
    return block;
}

int64_t vn_memory_fail(int64_t n, int all)
{
    atomic_store(&fails_at, n);
    atomic_store(&fails_ever_after, all);
    return atomic_exchange(&n_requests, 0);
}

int64_t vn_memory_in_use(void) { return atomic_load(&n_in_use); }

static void forget(void *block)
{
    if (block) atomic_fetch_sub(&n_in_use, 1);
}
#else
static inline int refuse(void) { return 0; }

static inline void *counted(void *block) { return block; }

static inline void forget(void *block) { (void)block; }

int64_t vn_memory_fail(int64_t n, int all)
{
    (void)n;
    (void)all;
    return -1;
}

int64_t vn_memory_in_use(void) { return -1; }
#endif

void *vn_malloc(size_t size)
{
    return refuse() ? NULL : counted(size >= LARGE ? aligned(HUGE_PAGE, size) : malloc(size));
}

void *vn_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || refuse()) return NULL;
    if (bytes < LARGE) return counted(calloc(1, bytes));
    void *block = aligned(HUGE_PAGE, bytes);
    return counted(block ? memset(block, 0, bytes) : NULL);
}

void *vn_realloc(void *block, size_t size)
{
    if (refuse()) return NULL;
    void *moved = advised(realloc(block, size), size);
    return block ? moved : counted(moved);
}

void *vn_aligned_alloc(size_t alignment, size_t size)
{
    return refuse() ? NULL : counted(aligned(alignment, size));
}

void vn_free(void *block)
{
    forget(block);
    free(block);
}
