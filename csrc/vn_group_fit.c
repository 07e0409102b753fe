#include "vn_group_fit.h"

#include <math.h>
#include <string.h>

#include "vn_existence.h"
#include "vn_group_internal.h"
#include "vn_team.h"

#define FIT_GROUPS 8   /* groups of a block */

void vn_group_space_free(vn_group_space *w)
{
    vn_small_free(&w->small);
    vn_free(w->row_ptr);
}

static int64_t *row_ptr_of(vn_group_space *w, const vn_small_cells *c)
{
    if (c->n_items + 1 > w->room) {
        vn_free(w->row_ptr);
        w->room = 2 * (c->n_items + 1);
        w->row_ptr = vn_malloc(sizeof(int64_t) * (size_t)w->room);
        if (!w->row_ptr) {
            w->room = 0;
            return NULL;
        }
    }
    memset(w->row_ptr, 0, sizeof(int64_t) * (size_t)(c->n_items + 1));
    for (int64_t k = 0; k < c->n_cells; k++) w->row_ptr[c->first[k] + 1]++;
    for (int64_t i = 0; i < c->n_items; i++) w->row_ptr[i + 1] += w->row_ptr[i];
    return w->row_ptr;
}

/* Whether a unique finite fit exists; labels of the components are not needed here. */
static vn_status is_identified(vn_group_space *w, const vn_small_cells *c, const vn_small_model *m, int *yes)
{
    const int gamma = m->free_border && m->has_gamma, tie = m->free_border && m->has_tie;
    *yes = 1;
    const int prior = vn_prior_is_given(&m->prior);
    if (prior && !gamma && !tie) return VN_OK;
    int64_t *row_ptr = row_ptr_of(w, c);
    if (!row_ptr) return VN_NO_MEMORY;
    const vn_cells graph = {.n = c->n_items, .row_ptr = row_ptr, .hi = c->second, .order = c->order,
                            .win = c->win, .loss = c->loss, .tie = c->tie};
    int64_t n_weak;
    int reason;
    int32_t *labels = (int32_t *)w->small.p; /* room for twice as many */
    const vn_status status = vn_existence(&graph, gamma, tie, prior, NULL, NULL, labels, &n_weak,
                                          &reason);
    *yes = reason == VN_EXISTS;
    return status;
}

static void start_border(vn_small *w, const vn_small_cells *c)
{
    if (!w->n_border || !w->model->has_tie) return;
    double ties = 0.0;
    for (int64_t k = 0; k < c->n_cells; k++) ties += c->tie[k];
    const double share = ties / w->total; /* as if all items were equal */
    w->x[w->rows + w->model->has_gamma] = w->model->model->log_tie(share);
}

static void keep(const vn_group_result *out, const vn_group_options *o, vn_small *w, int64_t items,
                 int64_t k)
{
    const double centre = w->model->centre;
    vn_small_level(w, w->x);
    for (int i = 0; i < w->n; i++) {
        const double x = w->x[w->row[i]];
        out->theta[items + i] = centre == 0.0 ? x : centre + x;
    }
    if (!o->model.free_border) return;
    if (o->model.has_gamma) out->gamma[k] = w->x[w->rows];
    if (o->model.has_tie) {
        const double none = o->model.model->least_log_tie;
        out->log_tie[k] = w->model->has_tie ? w->x[w->rows + w->model->has_gamma] : none;
    }
}

static void refuse(const vn_group_result *out, const vn_group_options *o, vn_group_status why,
                   const vn_small_cells *c, int64_t items, int64_t k)
{
    out->status[k] = (int8_t)why;
    const double value = why == VN_GROUP_NO_COMPARISONS ? 0.0 : NAN;
    const vn_prior *prior = &o->model.prior;
    for (int64_t i = 0; i < c->n_items; i++)
        out->theta[items + i] = value + (prior->mean ? prior->mean[items + i] : o->model.centre);
    out->residual[k] = value;
    out->n_iter[k] = 0;
    if (o->model.free_border && o->model.has_gamma) out->gamma[k] = NAN;
    if (o->model.free_border && o->model.has_tie) out->log_tie[k] = NAN;
}

vn_status vn_group_fit_one(vn_group_space *space, const vn_grouped *g, int64_t k,
                           const vn_group_options *o, vn_group_result *out)
{
    vn_small *w = &space->small;
    const int64_t items = g->item_ptr[k];
    const vn_small_cells c = vn_group_cells_of(g, k);
    if (c.n_cells == 0) {
        out->n_parts[k] = (int32_t)c.n_items;
        refuse(out, o, VN_GROUP_NO_COMPARISONS, &c, items, k);
        return VN_OK;
    }
    const vn_small_model model = vn_group_model(&o->model, &c, items);
    vn_status status = vn_small_load(w, &c, &model, 0);
    if (status != VN_OK) return status;
    out->n_parts[k] = w->n_parts;
    int yes;
    status = is_identified(space, &c, &model, &yes);
    if (status != VN_OK) return status;
    if (!yes) {
        refuse(out, o, VN_GROUP_NOT_IDENTIFIED, &c, items, k);
        return VN_OK;
    }
    if (o->warm) {
        vn_group_parameters(w, out, items, k);
    } else {
        start_border(w, &c);
        vn_small_start(w, w->x);
    }
    vn_small_level(w, w->x);
    vn_small_progress at = {0};
    static const vn_group_status said[] = {[VN_SMALL_CONVERGED] = VN_GROUP_CONVERGED,
                                           [VN_SMALL_LIMIT] = VN_GROUP_ITERATION_LIMIT,
                                           [VN_SMALL_SLOW] = VN_GROUP_ELSEWHERE};
    vn_group_status how = said[vn_small_newton(w, o->tol, o->max_iter, o->patience, &at)];
    if (vn_watch_over(w->watch)) return VN_INTERRUPTED;
    if (how == VN_GROUP_CONVERGED && w->n_parts > 1 && !vn_prior_is_given(&model.prior))
        how = VN_GROUP_NOT_IDENTIFIED; /* each component by itself: no common scale */
    out->status[k] = (int8_t)how;
    out->residual[k] = at.residual;
    out->n_iter[k] = at.n_iter;
    keep(out, o, w, items, k);
    return VN_OK;
}

typedef struct {
    const vn_grouped *g;
    int64_t from, to;
    const vn_group_options *options;
    vn_group_result *out;
    vn_group_space *space;
    vn_watch watch;
} fit_job;

static vn_status fit_groups(void *arg, int64_t block, int worker)
{
    fit_job *j = arg;
    vn_group_space *space = &j->space[worker];
    space->small.watch = &j->watch;
    space->small.worker = worker;
    const int64_t stop = VN_MIN(j->from + (block + 1) * FIT_GROUPS, j->to);
    for (int64_t k = j->from + block * FIT_GROUPS; k < stop; k++) {
        if (j->out->status[k] != VN_GROUP_CONVERGED) continue;
        const vn_status status = vn_group_fit_one(space, j->g, k, j->options, j->out);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

vn_status vn_fit_groups(const vn_grouped *g, int64_t from, int64_t to, const vn_group_options *o,
                        int n_threads, vn_poll poll, void *context, vn_group_result *out)
{
    const int64_t n_blocks = vn_n_blocks(to - from, FIT_GROUPS);
    const int n_workers = vn_team_size(n_threads, n_blocks);
    fit_job j = {.g = g, .from = from, .to = to, .options = o, .out = out,
                 .watch = {.poll = poll, .context = context}};
    j.space = vn_calloc((size_t)n_workers, sizeof *j.space);
    if (!j.space) return VN_NO_MEMORY;
    const vn_status status
        = vn_team_run(fit_groups, &j, n_blocks, n_threads, vn_watch_poll, &j.watch);
    for (int k = 0; k < n_workers; k++) vn_group_space_free(&j.space[k]);
    vn_free(j.space);
    return vn_watch_over(&j.watch) ? VN_INTERRUPTED : status;
}
