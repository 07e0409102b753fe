/* A team of threads that share the blocks of a loop: fork and join, and nobody waits for a core.
 *
 * A run is a loop over blocks. The thread that calls works through blocks itself; helpers, which sleep
 * between runs, take blocks too where they get a core in time. The caller never waits for a helper
 * that has not begun: it only waits, at the end, for blocks that are being worked on. So on a machine
 * that is busy with other work a run costs what the caller alone would need, or less.
 *
 * What a block is depends on the data alone, never on the number of threads; sums are combined in the
 * order of the blocks. So results are the same to the bit for any number of threads.
 *
 * Any thread may call, many at once, and a body may start a run of its own: helpers go to the oldest
 * run that still wants some. After a fork the child starts helpers of its own when it first needs
 * them. Helpers block all signals: these go to the caller's threads. They end with the process. A
 * caller's thread that is ended inside `poll` waits for its helpers first. */
#ifndef VN_TEAM_H
#define VN_TEAM_H

#include "vn_common.h"

#define VN_TEAM_MOST 256 /* workers of a run */

/* Does block `block`. `worker` is 0 in the thread that called and one of 1 ... vn_team_size() - 1 in a
 * helper; no two threads have the same number at a time, so it can choose scratch. */
typedef vn_status (*vn_body)(void *job, int64_t block, int worker);

/* How many workers a run of n_blocks has at most: room for scratch. At least 1. */
int vn_team_size(int n_threads, int64_t n_blocks);

/* Do the blocks 0 ... n_blocks - 1, each once, on up to n_threads threads.
 *
 * Returns the status of the first block (by number) that did not return VN_OK; blocks before it are
 * all done, later ones may be left out. Between blocks the caller asks `poll` (NULL: nobody) every few
 * hundredths of a second; if it says so the run ends early with VN_INTERRUPTED. A process that was
 * forked in the middle of a run, by `poll`, has lost the blocks that helpers had: VN_NO_MEMORY. */
vn_status vn_team_run(vn_body body, void *job, int64_t n_blocks, int n_threads, vn_poll poll,
                      void *context);

/* Number of blocks of `size` in n, and the end of one. */
static inline int64_t vn_n_blocks(int64_t n, int64_t size) { return (n + size - 1) / size; }
static inline int64_t vn_block_end(int64_t n, int64_t size, int64_t block)
{
    return VN_MIN(n, (block + 1) * size);
}

/* Where chunk `chunk` starts if n is cut into so many of about the same size. */
static inline int64_t vn_chunk_start(int64_t n, int64_t chunk, int64_t n_chunks)
{
    return (int64_t)((__int128)n * chunk / n_chunks);
}

#endif
