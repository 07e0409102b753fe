/* Many small fits in one call: parallel over groups, each group by one worker in its own memory. */
#ifndef VN_GROUP_FIT_H
#define VN_GROUP_FIT_H

#include "vn_small_evidence.h"

/* Cells of all groups: those of group k are cell_ptr[k] .. cell_ptr[k + 1]; its items are counted
 * from 0 and stand at item_ptr[k] in arrays of items. */
typedef struct {
    int64_t n_groups;
    const int64_t *item_ptr, *cell_ptr;
    const int32_t *first, *second;
    const int8_t *order;
    const double *win, *loss, *tie; /* tie: NULL where no group has any */
} vn_grouped;

typedef enum {
    VN_GROUP_CONVERGED = 0,
    VN_GROUP_NOT_IDENTIFIED = 1,
    VN_GROUP_NO_COMPARISONS = 2,
    VN_GROUP_ITERATION_LIMIT = 3,
    VN_GROUP_ELSEWHERE = 4 /* too large, or conjugate gradients are slow on it: see the caller */
} vn_group_status;

typedef struct {
    vn_small_model model;
    double tol;
    int max_iter;
    int patience; /* conjugate gradient iterations per solve, at most; 0: as many as it takes */
    int warm; /* start from theta (and gamma, log_tie) as given, else from the outcomes */
} vn_group_options;

/* By item (theta) or by group. */
typedef struct {
    double *theta;           /* IN where warm, OUT: centred in each component; NaN: no finite fit */
    double *gamma, *log_tie; /* likewise; NULL where not estimated in each group */
    double *residual;
    int32_t *n_iter;
    int32_t *n_parts;        /* components */
    int8_t *status;          /* IN: groups that are not VN_GROUP_CONVERGED are left alone; OUT */
} vn_group_result;

/* Fit the groups [from, to). A group without ties is fitted without a tie parameter where that is
 * estimated in each group: its log_tie is -inf (Davidson) or 0 (Rao-Kupper). VN_INTERRUPTED. */
vn_status vn_fit_groups(const vn_grouped *g, int64_t from, int64_t to, const vn_group_options *options,
                        int n_threads, vn_poll poll, void *context, vn_group_result *result);

/* What follows from a fit, for the groups [from, to) whose status is converged or iteration limit;
 * `border`: the inverse Schur complement where gamma and log tie are shared, NULL otherwise. */

/* Variances of theta, of the difference of each cell's items (not where NULL), and of gamma and log_tie
 * where each group has its own (else NULL). */
vn_status vn_group_variances(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                             const vn_group_result *fit, const double *border, int n_threads,
                             vn_poll poll, void *context, double *variance, double *difference,
                             double *gamma_variance, double *log_tie_variance);

vn_status vn_group_log_likelihoods(const vn_grouped *g, int64_t from, int64_t to,
                                   const vn_small_model *model, const vn_group_result *fit,
                                   int n_threads, vn_poll poll, void *context, double *value);

/* What the evidence says of the precision of the prior: (to - from) of them, untouched where a group
 * has no such fit. Shared parameters are taken as known. */
vn_status vn_group_evidence(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                            const vn_group_result *fit, int n_threads, vn_poll poll, void *context,
                            vn_small_evidence *out);

/* Profile-likelihood bounds of theta, 2 for each item (lower, upper) with `wanted` (NULL: all), others
 * untouched; `jeffreys`, and `anchor` (position in the group for each group; negative, or NULL: none), as
 * in vn_small_profile.h. NaN where there are none. VN_INTERRUPTED. */
vn_status vn_group_profile(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                           const vn_group_result *fit, double z, int jeffreys, const int32_t *anchor,
                           const int8_t *wanted, int n_threads, vn_poll poll, void *context,
                           double *bounds);

/* Of the parameters that all groups share, at theta: the log-likelihood's slopes and the Schur
 * complement of their curvature, 2 and 4 numbers per group (in the order gamma, log tie). */
vn_status vn_group_border(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                          const vn_group_result *fit, int n_threads, vn_poll poll, void *context,
                          double *slope, double *schur);

#endif
