/* Rankings of items and the Plackett-Luce model of them: the likelihood, its slopes and curvatures.
 *
 * A ranking lists items, best first. At each stage an item is chosen from those that are left, in
 * proportion to exp(theta). `ranked` items at the front are in order; the others of the set were below
 * them, in no order. Tied items, d of them at one stage, share its choice set, which counts d times
 * (Breslow 1974, doi:10.2307/2529620): once less at the very end, where the last item is no choice, and
 * each of the tied ones then counts (d - 1) / d. Two items that tie are so half a win to each side.
 *
 * With S_s the sum of exp(theta) over the choice set of stage s, and c_s how often it counts,
 *
 *     l = sum W_i theta_i - sum c_s log S_s             W_i: how often item i was chosen
 *     dl / dtheta_i = W_i - e_i G_i                     G_i = sum c_s / S_s over i's stages
 *     -d2l / dtheta_i dtheta_j = -e_i e_j sum c_s / S_s^2 over the stages of both:
 *
 * minus the second derivatives are a weighted graph Laplacian (Hunter 2004,
 * doi:10.1214/aos/1079120141). Rankings of one length are worked on LANES at a time, position by
 * position; exp is taken once for each item, or, where theta is spread too far for that, in logarithms
 * ranking by ranking. */
#ifndef VN_RANKING_H
#define VN_RANKING_H

#include "vn_team.h"

#define VN_RANKING_LANES 8

typedef struct {
    int64_t n_items, n_rankings;
    const int64_t *offsets; /* n_rankings + 1 */
    const int32_t *item;    /* offsets[n_rankings]: distinct in each ranking, below n_items */
    const int32_t *ranked;  /* n_rankings: 0 to the ranking's length */
    const uint8_t *tied;    /* with the item before, which is ranked too; or NULL */
} vn_ranking_data;

typedef struct vn_rankings vn_rankings;

/* The data are kept by reference. Weights are 1. */
vn_status vn_rankings_new(const vn_ranking_data *data, int n_threads, vn_poll poll, void *context,
                          vn_rankings **out);
void vn_rankings_free(vn_rankings *r);

/* `weight` (n_rankings, >= 0), copied; NULL: 1. */
vn_status vn_rankings_weigh(vn_rankings *r, const double *weight, int n_threads, vn_poll poll,
                            void *context);

/* W and the weight of the rankings of each item, (n_items) both: the owner is r. */
const double *vn_rankings_chosen(const vn_rankings *r);
const double *vn_rankings_mass(const vn_rankings *r);

/* pull[i] = e_i G_i, so that W - pull are the slopes; diagonal[i] = minus the second derivative in
 * theta_i, or NULL: one of these costs about half as much. */
vn_status vn_rankings_pull(vn_rankings *r, const double *theta, int n_threads, vn_poll poll,
                           void *context, double *pull, double *diagonal);

vn_status vn_rankings_log_likelihood(vn_rankings *r, const double *theta, int n_threads, vn_poll poll,
                                     void *context, double *out);

/* The pairs of items that some stage has together, as edges from each item to later ones, sorted:
 * *edge_ptr (n_items + 1) and *hi belong to r. VN_TOO_LARGE: over 2^31 pairs of all rankings, and more
 * items than make a table of their pairs. */
vn_status vn_rankings_pairs(vn_rankings *r, vn_poll poll, void *context, int64_t *n_edges,
                            const int64_t **edge_ptr, const int32_t **hi);

/* Weights of these edges: minus the second derivatives. After vn_rankings_pairs. */
vn_status vn_rankings_curvature(vn_rankings *r, const double *theta, int n_threads, vn_poll poll,
                                void *context, double *edge);

/* Scores: slopes of each entry of each ranking, c_s being 1 time its weight: (offsets[n_rankings]). */
vn_status vn_rankings_scores(vn_rankings *r, const double *theta, int n_threads, vn_poll poll,
                             void *context, double *score);

/* The graph of "ranked above", of rankings with a weight above 0.
 *
 * Weak components: labels (n_items), numbered by their first item. *strong: whether everything in the
 * one component there is is ranked above everything else, directly or in a chain; 0 also where a few
 * sweeps do not tell. */
vn_status vn_rankings_connected(const vn_rankings *r, vn_poll poll, void *context, int32_t *labels,
                                int64_t *n_weak, int *strong);

/* All arcs from an item to one ranked below it that are needed to reach all of those: ptr (n_items + 1);
 * `to` NULL: only how many. */
void vn_rankings_arcs(const vn_rankings *r, int64_t *ptr, int32_t *to);

#endif
