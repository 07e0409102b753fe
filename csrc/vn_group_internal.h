/* Shared by the files of the groups only: vn_group_fit.c, vn_group_after.c, vn_group_replicates.c; and
 * by vn_api_fit.c, whose rows are not cells yet. */
#ifndef VN_GROUP_INTERNAL_H
#define VN_GROUP_INTERNAL_H

#include <math.h>

#include "vn_group_fit.h"

static inline vn_small_cells vn_group_cells_of(const vn_grouped *g, int64_t k)
{
    const int64_t cells = g->cell_ptr[k];
    return (vn_small_cells){.n_items = g->item_ptr[k + 1] - g->item_ptr[k],
                            .n_cells = g->cell_ptr[k + 1] - cells,
                            .first = g->first + cells,
                            .second = g->second + cells,
                            .order = g->order + cells,
                            .win = g->win + cells,
                            .loss = g->loss + cells,
                            .tie = g->tie ? g->tie + cells : NULL};
}

/* The model of the group whose items start at `items`: with their priors; without a tie parameter of
 * its own where it has no ties. */
static inline vn_small_model vn_group_model(const vn_small_model *model, const vn_small_cells *c,
                                            int64_t items)
{
    vn_small_model own = *model;
    own.prior = vn_prior_of(&model->prior, items, c->n_items, &own.centre);
    if (!own.has_tie || !own.free_border) return own;
    double ties = 0.0;
    for (int64_t k = 0; c->tie && k < c->n_cells; k++) ties += c->tie[k];
    if (!(ties > 0.0)) {
        own.has_tie = 0;
        own.model = own.model->without_ties;
    }
    return own;
}

/* Whether group k has parameters, and comparisons. */
static inline int vn_group_is_fitted(const vn_grouped *g, const vn_group_result *fit, int64_t k)
{
    const int8_t status = fit->status[k];
    const int known = status == VN_GROUP_CONVERGED || status == VN_GROUP_ITERATION_LIMIT
                      || status == VN_GROUP_NOT_IDENTIFIED;
    return known && g->cell_ptr[k + 1] > g->cell_ptr[k] && !isnan(fit->theta[g->item_ptr[k]]);
}

/* Parameters of a fitted group into w->x; its model as vn_group_model made it. */
static inline void vn_group_parameters(vn_small *w, const vn_group_result *fit, int64_t items,
                                       int64_t k)
{
    for (int i = 0; i < w->n; i++) w->x[w->row[i]] = fit->theta[items + i] - w->model->centre;
    int at = w->rows;
    if (w->n_border && w->model->has_gamma) w->x[at++] = fit->gamma[k];
    if (w->n_border && w->model->has_tie) w->x[at] = fit->log_tie[k];
}

/* Memory of one worker. */
typedef struct {
    vn_small small;
    int64_t *row_ptr; /* of the graph of wins */
    int64_t room;
} vn_group_space;

void vn_group_space_free(vn_group_space *w);

/* Fit group k, whatever its status was. VN_INTERRUPTED where the watch says so. */
vn_status vn_group_fit_one(vn_group_space *space, const vn_grouped *g, int64_t k,
                           const vn_group_options *o, vn_group_result *out);

#endif
