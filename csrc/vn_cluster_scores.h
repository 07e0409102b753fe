/* Scores of clusters: sums over the cells of each, as columns of a sparse matrix, and products of them.
 *
 * Equivalent NumPy code, with Z (n + m, n_clusters) dense:
 *
 *     np.add.at(Z, (i, cluster), slope)
 *     np.add.at(Z, (j, cluster), -slope)
 *     np.add.at(Z[n:].T, cluster, np.column_stack([slope[:, None] * moving, tie_slope]))
 *     form += Z[:n] @ Z[:n].T
 *     cross += Z[:n] @ Z[n:].T
 *
 * A cluster's cells lie far apart; its sums are made side by side for one cluster after the other. */
#ifndef VN_CLUSTER_SCORES_H
#define VN_CLUSTER_SCORES_H

#include "vn_common.h"

typedef struct {
    int64_t n, n_cells, n_clusters;
    const int64_t *i, *j;     /* of each cell, its places in 0 ... n - 1 */
    const int32_t *cluster;
    const double *slope;      /* dl/dd */
    int n_moving;
    const double *moving;     /* n_moving of each cell: what else its slope is multiplied by */
    const double *tie_slope;  /* dl/dt; NULL: there is no t */
} vn_clustered;

/* The first n rows by columns: those of cluster c are index and value [ptr[c], ptr[c + 1]), in no order,
 * with room for 2 n_cells; ptr has n_clusters + 1. The others in `rest`, (n_clusters, n_moving, or one
 * more with tie_slope). */
vn_status vn_cluster_scores(const vn_clustered *x, vn_poll poll, void *context, int64_t *ptr,
                            int32_t *index, double *value, double *rest);

/* form (n, n) += the products of the columns [from, to), cross (n, m) those with `rest`. */
vn_status vn_score_products(int64_t n, int64_t from, int64_t to, const int64_t *ptr,
                            const int32_t *index, const double *value, int m, const double *rest,
                            double *form, double *cross);

#endif
