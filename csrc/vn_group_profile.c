#include <math.h>
#include <string.h>

#include "vn_group_internal.h"
#include "vn_small_profile.h"
#include "vn_team.h"

/* Memory of one worker, and which group it has at hand: with its top, or without. */
typedef struct {
    vn_small small;
    vn_small_profile profile;
    vn_small_model model;
    int64_t group;
    int found;
} space;

typedef struct {
    const vn_grouped *g;
    const vn_small_model *model;
    const vn_group_result *fit;
    double z;
    int jeffreys;
    const int32_t *anchor;
    const int8_t *wanted;
    double *bounds;
    int64_t from, to, first; /* groups; the first one's first item */
    space *spaces;
} job;

/* The group of an item: the last that starts at it or before it. */
static int64_t group_of(const job *j, int64_t item)
{
    int64_t low = j->from, high = j->to;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (j->g->item_ptr[middle] <= item) low = middle; else high = middle;
    }
    return low;
}

static vn_status open_group(const job *j, space *s, int64_t k)
{
    const vn_small_cells c = vn_group_cells_of(j->g, k);
    s->group = k;
    s->found = 0;
    if (!vn_group_is_fitted(j->g, j->fit, k)) return VN_OK;
    s->model = vn_group_model(j->model, &c, j->g->item_ptr[k]);
    if (j->jeffreys) s->model.prior = (vn_prior){.all = 0.0};
    const vn_status status = vn_small_load(&s->small, &c, &s->model, j->fit->n_parts[k] == 1);
    if (status != VN_OK) return status;
    vn_group_parameters(&s->small, j->fit, j->g->item_ptr[k], k);
    return vn_small_profile_start(&s->profile, &s->small, j->jeffreys, &s->found);
}

static vn_status one_item(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t item = j->first + block, k = group_of(j, item), start = j->g->item_ptr[k];
    if (j->wanted && !j->wanted[item]) return VN_OK;
    space *s = &j->spaces[worker];
    vn_status status = s->group == k ? VN_OK : open_group(j, s, k);
    if (status != VN_OK) return status;
    double *out = j->bounds + 2 * item;
    out[0] = out[1] = NAN;
    if (!s->found) return VN_OK;
    vn_small *w = &s->small;
    const int anchor = j->anchor && j->anchor[k] >= 0 ? w->row[j->anchor[k]] : -1;
    status = vn_small_profile_bounds(&s->profile, w, w->row[item - start], anchor, j->z, &out[0],
                                     &out[1]);
    for (int side = 0; anchor < 0 && side < 2; side++) out[side] += s->model.centre;
    return status;
}

vn_status vn_group_profile(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                           const vn_group_result *fit, double z, int jeffreys, const int32_t *anchor,
                           const int8_t *wanted, int n_threads, vn_poll poll, void *context,
                           double *bounds)
{
    const int64_t first = g->item_ptr[from], n_items = g->item_ptr[to] - first;
    const int n_workers = vn_team_size(n_threads, n_items);
    job j = {.g = g, .model = model, .fit = fit, .z = z, .jeffreys = jeffreys, .anchor = anchor,
             .wanted = wanted, .bounds = bounds, .from = from, .to = to, .first = first};
    j.spaces = vn_calloc((size_t)n_workers, sizeof *j.spaces);
    if (!j.spaces) return VN_NO_MEMORY;
    for (int k = 0; k < n_workers; k++) j.spaces[k].group = -1;
    const vn_status status = vn_team_run(one_item, &j, n_items, n_threads, poll, context);
    for (int k = 0; k < n_workers; k++) {
        vn_small_free(&j.spaces[k].small);
        vn_small_profile_free(&j.spaces[k].profile);
    }
    vn_free(j.spaces);
    return status;
}
