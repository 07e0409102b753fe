#include "vn_merge.h"

#include "vn_team.h"

typedef struct {
    int64_t n_items;
    const int64_t *row_ptr;
    const int32_t *hi;
    const double *win, *loss, *tie;
    int half_ties;
    int64_t *out_ptr;
    int32_t *out_hi;
    double *out_win, *out_loss, *out_tie;
} merge_job;

#define MERGE_ITEMS 32

static vn_status count_pairs(void *arg, int64_t block, int worker)
{
    const merge_job *j = arg;
    (void)worker;
    for (int64_t i = block * MERGE_ITEMS; i < vn_block_end(j->n_items, MERGE_ITEMS, block); i++) {
        int64_t pairs = 0;
        for (int64_t k = j->row_ptr[i]; k < j->row_ptr[i + 1]; k++)
            pairs += k == j->row_ptr[i] || j->hi[k] != j->hi[k - 1];
        j->out_ptr[i + 1] = pairs;
    }
    return VN_OK;
}

static vn_status merge_pairs(void *arg, int64_t block, int worker)
{
    const merge_job *j = arg;
    (void)worker;
    for (int64_t i = block * MERGE_ITEMS; i < vn_block_end(j->n_items, MERGE_ITEMS, block); i++) {
        int64_t at = j->out_ptr[i] - 1;
        for (int64_t k = j->row_ptr[i]; k < j->row_ptr[i + 1]; k++) {
            const double t = j->tie ? j->tie[k] : 0.0, half = j->half_ties ? 0.5 * t : 0.0;
            if (k == j->row_ptr[i] || j->hi[k] != j->hi[k - 1]) {
                at++;
                j->out_hi[at] = j->hi[k];
                j->out_win[at] = j->out_loss[at] = 0.0;
                if (j->out_tie) j->out_tie[at] = 0.0;
            }
            j->out_win[at] += j->win[k] + half;
            j->out_loss[at] += j->loss[k] + half;
            if (j->out_tie) j->out_tie[at] += t;
        }
    }
    return VN_OK;
}

vn_status vn_merge_classes(int64_t n_items, int64_t n_pairs, const int64_t *row_ptr,
                           const int32_t *hi, const double *win, const double *loss,
                           const double *tie, int half_ties, int n_threads, int64_t *out_ptr,
                           int32_t *out_hi, double *out_win, double *out_loss, double *out_tie)
{
    merge_job j = {n_items, row_ptr, hi, win, loss, tie, half_ties,
                   out_ptr, out_hi, out_win, out_loss, out_tie};
    const int64_t blocks = vn_n_blocks(n_items, MERGE_ITEMS);
    out_ptr[0] = 0;
    vn_team_run(count_pairs, &j, blocks, n_threads, NULL, NULL);
    for (int64_t i = 0; i < n_items; i++) out_ptr[i + 1] += out_ptr[i];
    if (out_ptr[n_items] != n_pairs) return VN_BAD_VALUE;
    vn_team_run(merge_pairs, &j, blocks, n_threads, NULL, NULL);
    return VN_OK;
}
