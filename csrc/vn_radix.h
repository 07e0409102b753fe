/* Stable radix sort of 64-bit keys by some of their bits, and the chunks of rows it works on. */
#ifndef VN_RADIX_H
#define VN_RADIX_H

#include "vn_team.h"

/* Who works on the chunks, and who may stop it. */
typedef struct {
    int n_threads;
    vn_poll poll;
    void *context;
} vn_crew;

/* n rows are cut into chunks that do not depend on the threads: how many, and where one starts. */
#define VN_CHUNK_ROWS ((int64_t)1 << 16)
#define VN_MOST_CHUNKS 64

static inline int vn_n_chunks(int64_t n)
{
    return (int)VN_MAX(VN_MIN(n / VN_CHUNK_ROWS, VN_MOST_CHUNKS), 1);
}

static inline int64_t vn_chunk_start(int64_t n, int64_t chunk, int n_chunks)
{
    return (int64_t)((__int128)n * chunk / n_chunks);
}

static inline vn_status vn_each_chunk(vn_body body, void *job, int n_chunks, const vn_crew *by)
{
    return vn_team_run(body, job, n_chunks, by->n_threads, by->poll, by->context);
}

/* Sort keys by bits [low, high), least significant digit first, carrying `carry` (may be NULL). The
 * result ends in *keys and *carry; the buffers may have been swapped with the spare ones. */
vn_status vn_radix_sort(uint64_t **keys, uint64_t **spare, uint32_t **carry,
                        uint32_t **spare_carry, int64_t n, int low, int high, const vn_crew *by);

#endif
