/* Memory of the C layer: malloc and its like, with two additions.
 *
 * Large blocks are advised to be huge pages: clearing fresh small pages costs more than most of the
 * arithmetic that is done in them. And a build for tests (VN_TEST_MEMORY) counts the blocks that are
 * in use and can let the n-th request fail. */
#ifndef VN_MEMORY_H
#define VN_MEMORY_H

#include <stddef.h>
#include <stdint.h>

void *vn_malloc(size_t size);
void *vn_calloc(size_t count, size_t size);
void *vn_realloc(void *block, size_t size);
void *vn_aligned_alloc(size_t alignment, size_t size); /* a power of two, 8 to 2^21 */
void vn_free(void *block);

/* In a build for tests: let request `n` from now on fail (0: none), for ever after if `all`. Returns
 * how many requests there were since the last call. Otherwise: does nothing and returns -1. */
int64_t vn_memory_fail(int64_t n, int all);

/* Blocks in use, in a build for tests; -1 otherwise. */
int64_t vn_memory_in_use(void);

#endif
