#include "vn_allocate.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "vn_allocate_pick.h"
#include "vn_math.h"

static int is_small(const vn_allocate_votes *v, const vn_allocate_options *o, int64_t k)
{
    return v->item_ptr[k + 1] - v->item_ptr[k] <= o->dense;
}

/* What the threads share. */
typedef struct {
    const vn_allocate_votes *votes;
    const vn_allocate_asks *asks;
    const vn_allocate_options *options;
    const int64_t *pick_ptr;
    int32_t *first, *second;
    double *gain;
    volatile int stop;
    int64_t left;     /* groups that are not done */
    vn_status status; /* of a group that failed */
} allocation;

static void one_group(allocation *all, vn_picker *w, int64_t k)
{
    const int64_t at = all->pick_ptr[k], m = all->pick_ptr[k + 1] - at;
    if (m == 0 || all->stop) return;
    const vn_status status = vn_pick_group(w, all->votes, all->asks, all->options, k, m,
                                           all->first + at, all->second + at, all->gain + at);
    if (status != VN_OK) {
        all->stop = 1;
        VN_PRAGMA(omp atomic write)
        all->status = status;
    }
}

/* The caller's thread has no more to do, but is the one that hears of Ctrl-C. */
static void wait_for_others(allocation *all, vn_poll poll, void *context)
{
    const struct timespec pause = {0, 20000000};
    for (;;) {
        int64_t left;
        VN_PRAGMA(omp atomic read)
        left = all->left;
        if (left == 0 || all->stop) return;
        if (poll(context)) all->stop = 1;
        nanosleep(&pause, NULL);
    }
}

vn_status vn_allocate(const vn_allocate_votes *votes, const vn_allocate_asks *asks,
                      const vn_allocate_options *options, int64_t start, int64_t stop, int n_threads,
                      vn_poll poll, void *context, const int64_t *pick_ptr, int32_t *first,
                      int32_t *second, double *gain)
{
    allocation all = {.votes = votes, .asks = asks, .options = options, .pick_ptr = pick_ptr,
                      .first = first, .second = second, .gain = gain, .left = stop - start};
    VN_PRAGMA(omp parallel num_threads(n_threads))
    {
        vn_picker w;
        memset(&w, 0, sizeof w);
        w.posterior.stop = &all.stop;
        w.n_threads = 1;
        int is_caller = 1;
#ifdef _OPENMP
        is_caller = omp_get_thread_num() == 0;
#endif
        if (is_caller) w.posterior.poll = poll, w.posterior.context = context;
        VN_PRAGMA(omp for schedule(dynamic) nowait)
        for (int64_t k = start; k < stop; k++) {
            if (is_small(votes, options, k)) one_group(&all, &w, k);
            VN_PRAGMA(omp atomic update)
            all.left--;
        }
        if (is_caller && poll) wait_for_others(&all, poll, context);
        vn_picker_free(&w);
    }
    vn_picker w;
    memset(&w, 0, sizeof w);
    w.posterior.stop = &all.stop;
    w.posterior.poll = poll;
    w.posterior.context = context;
    w.n_threads = n_threads;
    for (int64_t k = start; k < stop; k++)
        if (!is_small(votes, options, k)) one_group(&all, &w, k);
    vn_picker_free(&w);
    return all.stop && all.status == VN_OK ? VN_INTERRUPTED : all.status;
}

/* -log of the chance of the outcome that is d ahead. */
static inline double loss_of(double d)
{
    return log1p(vn_exp_neg(-fabs(d))) + (d < 0.0 ? -d : 0.0);
}

vn_status vn_held_out(const vn_allocate_votes *v, const uint8_t *held, int64_t start, int64_t stop,
                      int n_threads, double *loss)
{
    vn_status status = VN_OK;
    (void)n_threads; /* in a build for one thread */
    VN_PRAGMA(omp parallel num_threads(n_threads))
    {
        vn_posterior w;
        memset(&w, 0, sizeof w);
        VN_PRAGMA(omp for schedule(dynamic))
        for (int64_t k = start; k < stop; k++) {
            const vn_status one = vn_posterior_load(&w, v, k, held);
            if (one != VN_OK) {
                VN_PRAGMA(omp atomic write)
                status = one;
                continue;
            }
            vn_posterior_mode(&w);
            double sum = 0.0;
            for (int64_t q = v->cell_ptr[k]; q < v->cell_ptr[k + 1]; q++) {
                if (!held[q]) continue;
                const double half = v->tie ? 0.5 * v->tie[q] : 0.0;
                const double d = w.theta[v->first[q]] - w.theta[v->second[q]];
                sum += (v->win[q] + half) * loss_of(d) + (v->loss[q] + half) * loss_of(-d);
            }
            loss[k] = sum;
        }
        vn_posterior_free(&w);
    }
    return status;
}
