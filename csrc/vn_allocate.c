#include "vn_allocate.h"

#include "vn_allocate_pick.h"
#include "vn_team.h"

static int is_small(const vn_grouped *v, const vn_allocate_options *o, int64_t k)
{
    return v->item_ptr[k + 1] - v->item_ptr[k] <= o->dense;
}

/* What the workers share. */
typedef struct {
    const vn_grouped *votes;
    const vn_small_model *model;
    const vn_allocate_asks *asks;
    const vn_allocate_options *options;
    int64_t start;
    const int64_t *pick_ptr;
    int32_t *first, *second;
    double *gain;
    vn_picker *pickers;
    vn_watch watch;
} allocation;

static vn_status pick(allocation *all, vn_picker *w, int64_t k)
{
    const int64_t at = all->pick_ptr[k], m = all->pick_ptr[k + 1] - at;
    if (m == 0) return VN_OK;
    const vn_status status = vn_pick_group(w, all->votes, all->model, all->asks, all->options, k, m,
                                           all->first + at, all->second + at, all->gain + at);
    return vn_watch_over(&all->watch) ? VN_INTERRUPTED : status;
}

static vn_status small_group(void *arg, int64_t block, int worker)
{
    allocation *all = arg;
    vn_picker *w = &all->pickers[worker];
    w->posterior.small.watch = &all->watch;
    w->posterior.small.worker = worker;
    w->n_threads = 1;
    const int64_t k = all->start + block;
    return is_small(all->votes, all->options, k) ? pick(all, w, k) : VN_OK;
}

vn_status vn_allocate(const vn_grouped *votes, const vn_small_model *model,
                      const vn_allocate_asks *asks, const vn_allocate_options *options,
                      int64_t start, int64_t stop, int n_threads, vn_poll poll, void *context, const int64_t *pick_ptr, int32_t *first,
                      int32_t *second, double *gain)
{
    allocation all = {.votes = votes, .model = model, .asks = asks, .options = options,
                      .start = start, .pick_ptr = pick_ptr, .first = first, .second = second, .gain = gain,
                      .watch = {.poll = poll, .context = context}};
    const int n_workers = vn_team_size(n_threads, stop - start);
    all.pickers = vn_calloc((size_t)n_workers, sizeof *all.pickers);
    if (!all.pickers) return VN_NO_MEMORY;
    vn_status status
        = vn_team_run(small_group, &all, stop - start, n_threads, vn_watch_poll, &all.watch);
    for (int k = 1; k < n_workers; k++) vn_picker_free(&all.pickers[k]);
    vn_picker *w = &all.pickers[0]; /* large groups: all threads on each */
    w->posterior.small.watch = &all.watch;
    w->n_threads = n_threads;
    for (int64_t k = start; k < stop && status == VN_OK; k++)
        if (!is_small(votes, options, k)) status = pick(&all, w, k);
    vn_picker_free(w);
    vn_free(all.pickers);
    return vn_watch_over(&all.watch) ? VN_INTERRUPTED : status;
}

typedef struct {
    const vn_grouped *votes;
    const vn_small_model *model;
    const uint8_t *held;
    int64_t start;
    double *loss;
    vn_posterior *posteriors;
    vn_watch watch;
} held_job;

static vn_status held_out(void *arg, int64_t block, int worker)
{
    held_job *j = arg;
    vn_posterior *w = &j->posteriors[worker];
    w->small.watch = &j->watch;
    w->small.worker = worker;
    const int64_t k = j->start + block;
    const vn_status status = vn_posterior_load(w, j->votes, j->model, k, j->held);
    if (status != VN_OK) return status;
    vn_posterior_mode(w);
    if (vn_watch_over(&j->watch)) return VN_INTERRUPTED;
    j->loss[k] = -vn_posterior_held(w, j->votes, k, j->held);
    return VN_OK;
}

vn_status vn_held_out(const vn_grouped *votes, const vn_small_model *model, const uint8_t *held,
                      int64_t start, int64_t stop, int n_threads, vn_poll poll, void *context,
                      double *loss)
{
    held_job j = {.votes = votes, .model = model, .held = held, .start = start, .loss = loss,
                  .watch = {.poll = poll, .context = context}};
    const int n_workers = vn_team_size(n_threads, stop - start);
    j.posteriors = vn_calloc((size_t)n_workers, sizeof *j.posteriors);
    if (!j.posteriors) return VN_NO_MEMORY;
    const vn_status status
        = vn_team_run(held_out, &j, stop - start, n_threads, vn_watch_poll, &j.watch);
    for (int k = 0; k < n_workers; k++) vn_posterior_free(&j.posteriors[k]);
    vn_free(j.posteriors);
    return vn_watch_over(&j.watch) ? VN_INTERRUPTED : status;
}
