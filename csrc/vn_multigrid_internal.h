/* Shared by the files of the multigrid only. */
#ifndef VN_MULTIGRID_INTERNAL_H
#define VN_MULTIGRID_INTERNAL_H

#include "vn_multigrid.h"

#define VN_BLOCK_GROUPS 256 /* groups whose rows of the coarse matrix, or sums, are a block's */
#define VN_LEVEL_SUMS 3     /* of each block, in a level's `partial` */

/* The matrix of the n groups of `fine`: its pattern, with room for the rest; and its values. */
vn_status vn_coarse_pattern(const vn_level *fine, int64_t n, vn_laplacian *coarse, int n_threads,
                            vn_poll poll, void *context);
vn_status vn_coarse_values(const vn_level *fine, vn_laplacian *coarse, int n_threads, vn_poll poll,
                           void *context);

#endif
