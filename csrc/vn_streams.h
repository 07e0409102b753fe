/* Numbers first, first + 1, ... of the stream of a key (vn_random.h), n of them. Number i has the words
 * of the counter (i, 0): of these, */
#ifndef VN_STREAMS_H
#define VN_STREAMS_H

#include "vn_common.h"

/* a uniform variate takes the first, */
vn_status vn_stream_uniform(const uint64_t key[2], uint64_t first, int64_t n, int n_threads, vn_poll poll,
                            void *context, double *out);

/* a normal one both (the cosine of Box and Muller), */
vn_status vn_stream_normal(const uint64_t key[2], uint64_t first, int64_t n, int n_threads, vn_poll poll,
                           void *context, double *out);

/* and a Poisson one, 0 <= mean <= VN_POISSON_MEAN, the lower half of the first. VN_NO_MEMORY. */
vn_status vn_stream_poisson(const uint64_t key[2], uint64_t first, int64_t n, double mean, int n_threads,
                            vn_poll poll, void *context, int32_t *out);

#endif
