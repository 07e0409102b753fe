#include "vn_group_replicates.h"

#include <math.h>
#include <string.h>

#include "vn_group_internal.h"
#include "vn_team.h"

#define LANES 32             /* replicates of a task */
#define MOST_DRAWS (1 << 22) /* numbers of a block of draws, about */
#define OUTCOMES 3           /* first won, second won, tie */

typedef struct {
    int32_t *first, *second;
    int8_t *order;
    double *mass[OUTCOMES];
} edges;

/* Memory of one worker. */
typedef struct {
    vn_group_space fit;
    int64_t room;            /* edges */
    void *block;             /* what the arrays are cut from */
    edges all, own;          /* of the group; of a replicate, those that were drawn */
    double *count;           /* comparisons (or cells) that each unit stands for */
    int32_t *unit[OUTCOMES]; /* what each mass is drawn with; -1: there is none */
    double *draw;
    size_t draw_room;
} workspace;

/* What is drawn in one group. */
typedef struct {
    int by_cell;
    int64_t n_edges, n_units;
    double total;
} drawing;

static void *cut(char *block, size_t *used, size_t bytes)
{
    void *at = block ? block + *used : NULL;
    *used += (bytes + 63) / 64 * 64;
    return at;
}

/* With a NULL block only the bytes are added up. */
static size_t place(workspace *w, char *block, size_t n)
{
    size_t used = 0;
    edges *both[] = {&w->all, &w->own};
    for (int k = 0; k < 2; k++) {
        both[k]->first = cut(block, &used, sizeof(int32_t) * n);
        both[k]->second = cut(block, &used, sizeof(int32_t) * n);
        both[k]->order = cut(block, &used, n);
        for (int q = 0; q < OUTCOMES; q++)
            both[k]->mass[q] = cut(block, &used, sizeof(double) * n);
    }
    for (int q = 0; q < OUTCOMES; q++) w->unit[q] = cut(block, &used, sizeof(int32_t) * n);
    w->count = cut(block, &used, sizeof(double) * OUTCOMES * n);
    return used;
}

static vn_status reserve(workspace *w, int64_t n)
{
    if (n <= w->room) return VN_OK;
    const size_t room = 2 * (size_t)n;
    vn_free(w->block);
    w->room = 0;
    w->block = vn_malloc(place(w, NULL, room));
    if (!w->block) return VN_NO_MEMORY;
    place(w, w->block, room);
    w->room = (int64_t)room;
    return VN_OK;
}

static vn_status reserve_draws(workspace *w, size_t n)
{
    if (n <= w->draw_room) return VN_OK;
    vn_free(w->draw);
    w->draw = vn_aligned_alloc(64, (sizeof(double) * n + 63) / 64 * 64);
    w->draw_room = w->draw ? n : 0;
    return w->draw ? VN_OK : VN_NO_MEMORY;
}

static void release(workspace *w)
{
    vn_group_space_free(&w->fit);
    vn_free(w->block);
    vn_free(w->draw);
}

static int all_whole(const vn_small_cells *c)
{
    const double *mass[OUTCOMES] = {c->win, c->loss, c->tie};
    for (int q = 0; q < OUTCOMES && mass[q]; q++)
        for (int64_t k = 0; k < c->n_cells; k++)
            if (mass[q][k] != rint(mass[q][k])) return 0;
    return 1;
}

/* Edges of the group with their masses and units; order classes of a pair are one edge where
 * outcomes are drawn and the order has no effect. */
static drawing prepare(workspace *w, const vn_small_cells *c, vn_group_unit unit, int has_gamma)
{
    drawing d = {.by_cell = unit == VN_UNIT_CELLS || (unit == VN_UNIT_AUTO && !all_whole(c))};
    const int merge = !d.by_cell && !has_gamma;
    edges *all = &w->all;
    int64_t e = -1;
    for (int64_t k = 0; k < c->n_cells; k++) {
        const double mass[OUTCOMES] = {c->win[k], c->loss[k], c->tie ? c->tie[k] : 0.0};
        if (!(merge && e >= 0 && all->first[e] == c->first[k] && all->second[e] == c->second[k])) {
            e++;
            all->first[e] = c->first[k];
            all->second[e] = c->second[k];
            all->order[e] = c->order[k];
            for (int q = 0; q < OUTCOMES; q++) all->mass[q][e] = 0.0;
        }
        for (int q = 0; q < OUTCOMES; q++) all->mass[q][e] += mass[q];
    }
    d.n_edges = e + 1;
    for (int64_t k = 0; k < d.n_edges; k++) {
        if (d.by_cell) {
            const double mass = all->mass[0][k] + all->mass[1][k] + all->mass[2][k];
            if (mass > 0.0) w->count[d.n_units] = 1.0;
            for (int q = 0; q < OUTCOMES; q++)
                w->unit[q][k] = all->mass[q][k] > 0.0 ? (int32_t)d.n_units : -1;
            d.n_units += mass > 0.0;
            continue;
        }
        for (int q = 0; q < OUTCOMES; q++) {
            const double mass = all->mass[q][k];
            w->unit[q][k] = mass > 0.0 ? (int32_t)d.n_units : -1;
            if (mass > 0.0) w->count[d.n_units++] = mass;
        }
    }
    for (int64_t u = 0; u < d.n_units; u++) d.total += w->count[u];
    return d;
}

/* The edges of one replicate; returns how many were drawn. */
static int64_t replicate(workspace *w, const drawing *d, const double *draw, int lanes)
{
    const edges *all = &w->all;
    edges *own = &w->own;
    int64_t n = 0;
    for (int64_t k = 0; k < d->n_edges; k++) {
        double mass[OUTCOMES], sum = 0.0;
        for (int q = 0; q < OUTCOMES; q++) {
            const int32_t u = w->unit[q][k];
            mass[q] = u < 0 ? 0.0 : draw[(int64_t)u * lanes] * (d->by_cell ? all->mass[q][k] : 1.0);
            sum += mass[q];
        }
        if (!(sum > 0.0)) continue;
        own->first[n] = all->first[k];
        own->second[n] = all->second[k];
        own->order[n] = all->order[k];
        for (int q = 0; q < OUTCOMES; q++) own->mass[q][n] = mass[q];
        n++;
    }
    return n;
}

/* Where the results of one replicate of one group go. */
typedef struct {
    double *theta, *gamma, *log_tie, *residual;
    int8_t *status;
    int32_t *n_iter;
} slot;

static slot slot_of(const vn_group_replicates *out, int64_t row, int64_t item, int64_t group)
{
    const int64_t at = row * out->group_stride + group;
    return (slot){.theta = out->theta + row * out->item_stride + item,
                  .gamma = out->gamma ? out->gamma + at : NULL,
                  .log_tie = out->log_tie ? out->log_tie + at : NULL,
                  .residual = out->residual + at,
                  .status = out->status + at,
                  .n_iter = out->n_iter + at};
}

static void no_fit(const slot *s, int64_t n_items, vn_replicate_status why)
{
    for (int64_t i = 0; i < n_items; i++) s->theta[i] = NAN;
    if (s->gamma) *s->gamma = NAN;
    if (s->log_tie) *s->log_tie = NAN;
    *s->residual = NAN;
    *s->status = (int8_t)why;
    *s->n_iter = 0;
}

/* What the status of a fit says of a replicate of a group of `n_parts` components. */
static vn_replicate_status said(const vn_group_result *fit, const vn_group_options *o, int n_parts)
{
    const int prior = vn_prior_is_given(&o->model.prior), apart = !prior && fit->n_parts[0] > n_parts;
    const int free_gamma = o->model.free_border && o->model.has_gamma;
    switch (fit->status[0]) {
    case VN_GROUP_NO_COMPARISONS:
        return prior && !free_gamma ? VN_REPLICATE_DONE : VN_REPLICATE_NO_FIT;
    case VN_GROUP_NOT_IDENTIFIED: /* with a finite theta: each component by itself */
        return apart || isnan(fit->theta[0]) ? VN_REPLICATE_NO_FIT : VN_REPLICATE_DONE;
    case VN_GROUP_CONVERGED: return VN_REPLICATE_DONE;
    case VN_GROUP_ITERATION_LIMIT:
        return apart ? VN_REPLICATE_NO_FIT : VN_REPLICATE_NOT_CONVERGED;
    default: return VN_REPLICATE_UNSURE;
    }
}

static vn_status fit_one(workspace *w, const vn_group_options *o, const vn_group_result *whole,
                         int64_t item, int64_t n_items, int64_t k, int64_t n_edges, const slot *s)
{
    const int64_t item_ptr[2] = {0, n_items}, cell_ptr[2] = {0, n_edges};
    const edges *e = &w->own;
    const vn_grouped one = {.n_groups = 1, .item_ptr = item_ptr, .cell_ptr = cell_ptr,
                            .first = e->first, .second = e->second, .order = e->order,
                            .win = e->mass[0], .loss = e->mass[1], .tie = e->mass[2]};
    int32_t n_parts;
    int8_t status = VN_GROUP_CONVERGED;
    vn_group_result own = {.theta = s->theta, .gamma = s->gamma, .log_tie = s->log_tie,
                           .residual = s->residual, .n_iter = s->n_iter, .n_parts = &n_parts,
                           .status = &status};
    memcpy(s->theta, whole->theta + item, sizeof(double) * (size_t)n_items);
    if (s->gamma) *s->gamma = whole->gamma[k];
    if (s->log_tie) *s->log_tie = whole->log_tie[k];
    const vn_status failed = vn_group_fit_one(&w->fit, &one, 0, o, &own);
    if (failed != VN_OK) return failed;
    const vn_replicate_status how = said(&own, o, whole->n_parts[k]);
    *s->status = (int8_t)how;
    if (how == VN_REPLICATE_NO_FIT || how == VN_REPLICATE_UNSURE) no_fit(s, n_items, how);
    else if (status == VN_GROUP_NO_COMPARISONS && s->log_tie)
        *s->log_tie = o->model.model->least_log_tie;
    return VN_OK;
}

/* `lanes` replicates of group k from `first` on. */
static vn_status block(workspace *w, const vn_grouped *g, int64_t k, const vn_group_options *o,
                       const vn_group_resampling *how, const vn_group_result *fit, int64_t from,
                       int64_t first, int lanes, const vn_group_replicates *out)
{
    const int64_t item = g->item_ptr[k], n_items = g->item_ptr[k + 1] - item;
    const int64_t column = item - g->item_ptr[from], row = first - how->begin;
    const vn_small_cells c = vn_group_cells_of(g, k);
    vn_group_options own = *o; /* a replicate is a group by itself */
    own.model.prior = vn_prior_of(&o->model.prior, item, n_items, &own.model.centre);
    vn_status status = reserve(w, c.n_cells);
    if (status != VN_OK) return status;
    drawing d = {0};
    if (vn_group_is_fitted(g, fit, k)) d = prepare(w, &c, how->unit, o->model.has_gamma);
    if (d.total < 2.0) {
        for (int l = 0; l < lanes; l++) {
            const slot s = slot_of(out, row + l, column, k - from);
            no_fit(&s, n_items, VN_REPLICATE_NOTHING);
        }
        return VN_OK;
    }
    const int64_t wide = VN_MAX(MOST_DRAWS / d.n_units, 1);
    vn_draws *draws;
    status = vn_draws_new(how->kind, d.n_units, w->count, &draws);
    for (int done = 0; done < lanes && status == VN_OK;) {
        const int now = (int)VN_MIN((int64_t)(lanes - done), wide);
        status = reserve_draws(w, (size_t)d.n_units * (size_t)now);
        if (status == VN_OK) vn_draws_block(draws, how->key + 2 * k, first + done, now, w->draw);
        for (int l = 0; l < now && status == VN_OK; l++) {
            const int64_t n_edges = replicate(w, &d, w->draw + l, now);
            const slot s = slot_of(out, row + done + l, column, k - from);
            status = fit_one(w, &own, fit, item, n_items, k, n_edges, &s);
        }
        done += now;
    }
    vn_draws_free(draws);
    return status;
}

typedef struct {
    const vn_grouped *g;
    int64_t from, n_blocks; /* blocks of replicates of each group */
    const vn_group_options *options;
    const vn_group_resampling *how;
    const vn_group_result *fit;
    const vn_group_replicates *out;
    workspace *space;
    vn_watch watch;
} bootstrap_job;

static vn_status bootstrap(void *arg, int64_t task, int worker)
{
    bootstrap_job *j = arg;
    workspace *w = &j->space[worker];
    w->fit.small.watch = &j->watch;
    w->fit.small.worker = worker;
    const int64_t k = j->from + task / j->n_blocks;
    const int64_t first = j->how->begin + task % j->n_blocks * LANES;
    if (j->fit->status[k] == VN_GROUP_ELSEWHERE) return VN_OK;
    const int lanes = (int)VN_MIN(j->how->end - first, (int64_t)LANES);
    return block(w, j->g, k, j->options, j->how, j->fit, j->from, first, lanes, j->out);
}

vn_status vn_group_bootstrap(const vn_grouped *g, int64_t from, int64_t to,
                             const vn_group_options *options, const vn_group_resampling *how,
                             const vn_group_result *fit, int n_threads, vn_poll poll, void *context,
                             vn_group_replicates *out)
{
    vn_group_options o = *options;
    o.warm = 1;
    bootstrap_job j = {.g = g, .from = from, .n_blocks = vn_n_blocks(how->end - how->begin, LANES),
                       .options = &o, .how = how, .fit = fit, .out = out,
                       .watch = {.poll = poll, .context = context}};
    const int64_t n_tasks = (to - from) * j.n_blocks;
    const int n_workers = vn_team_size(n_threads, n_tasks);
    j.space = vn_calloc((size_t)n_workers, sizeof *j.space);
    if (!j.space) return VN_NO_MEMORY;
    const vn_status status
        = vn_team_run(bootstrap, &j, n_tasks, n_threads, vn_watch_poll, &j.watch);
    for (int k = 0; k < n_workers; k++) release(&j.space[k]);
    vn_free(j.space);
    return vn_watch_over(&j.watch) ? VN_INTERRUPTED : status;
}
