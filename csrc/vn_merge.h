/* Cells of the order classes -> one cell per pair. */
#ifndef VN_MERGE_H
#define VN_MERGE_H

#include "vn_common.h"

/* Add up the order classes of each pair. `half_ties`: ties go half and half to win and loss, and
 * out_tie is not written. Outputs have n_pairs entries; tie and out_tie may be NULL. VN_BAD_VALUE: the
 * cells have another number of pairs, which out_ptr then ends with. */
vn_status vn_merge_classes(int64_t n_items, int64_t n_pairs, const int64_t *row_ptr,
                           const int32_t *hi, const double *win, const double *loss,
                           const double *tie, int half_ties, int n_threads, int64_t *out_ptr,
                           int32_t *out_hi, double *out_win, double *out_loss, double *out_tie);

#endif
