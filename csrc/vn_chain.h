/* Systems of dense symmetric blocks in a row, each linked to the next: factor, solve, and the diagonal
 * blocks of the inverse.
 *
 * The matrix is block tridiagonal: beside the blocks stands minus `weight` where an item of a block is
 * linked with the same item of the next one. With S_1 = A_1 and S_(t+1) = A_(t+1) - weight^2 S_t^-1 (on
 * the linked items) a solve is a pass forth and one back, and the diagonal blocks of the inverse follow
 * backwards (Takahashi, Fagan and Chen 1973). No BLAS: its threads would spin beside others' work, and
 * its sums depend on their number. Results are the same for any number of threads. */
#ifndef VN_CHAIN_H
#define VN_CHAIN_H

#include "vn_team.h"

typedef struct {
    int64_t n_blocks;
    const int64_t *ptr;      /* n_blocks + 1: rows of block t are those from ptr[t] to ptr[t + 1] */
    const int64_t *start;    /* n_blocks + 1: where block t starts in `blocks` */
    const int64_t *link_ptr; /* n_blocks: links of block t with the next one from link_ptr[t] to
                              * link_ptr[t + 1], of which there are none behind the last */
    const int32_t *here, *there; /* rows in the block and in the next one, ascending in both */
    double weight;
    double *blocks;          /* each by rows, without gaps */
} vn_chain;

/* The blocks' lower triangles become the inverses of the pivots S_t, whole. *log_determinant: of the
 * matrix, NaN where it is not positive definite. */
vn_status vn_chain_factor(const vn_chain *c, int n_threads, vn_poll poll, void *context,
                          double *log_determinant);

/* After that: x (k x ptr[n_blocks]), by rows, becomes the inverse times each of its rows. VN_NO_MEMORY */
vn_status vn_chain_solve(const vn_chain *c, int64_t k, double *x);

/* The diagonal blocks of the inverse, laid out like the blocks. */
vn_status vn_chain_inverse(const vn_chain *c, int n_threads, vn_poll poll, void *context, double *out);

#endif
