#include "vn_allocate.h"

#include <math.h>
#include <string.h>

#include "vn_allocate_pick.h"
#include "vn_math.h"

static int is_small(const vn_allocate_votes *v, const vn_allocate_options *o, int64_t k)
{
    return v->item_ptr[k + 1] - v->item_ptr[k] <= o->dense;
}

vn_status vn_allocate(const vn_allocate_votes *votes, const vn_allocate_asks *asks,
                      const vn_allocate_options *o, int64_t start, int64_t stop, int n_threads,
                      vn_poll poll, void *context, const int64_t *pick_ptr, int32_t *first,
                      int32_t *second, double *gain)
{
    vn_status status = VN_OK;
    volatile int halt = 0;
    VN_PRAGMA(omp parallel num_threads(n_threads))
    {
        vn_picker w;
        memset(&w, 0, sizeof w);
        w.stop = &halt;
        w.n_threads = 1;
        int mine = 1;
#ifdef _OPENMP
        mine = omp_get_thread_num() == 0;
#endif
        if (mine) w.poll = poll, w.context = context;
        VN_PRAGMA(omp for schedule(dynamic))
        for (int64_t k = start; k < stop; k++) {
            const int64_t at = pick_ptr[k], m = pick_ptr[k + 1] - at;
            if (halt || m == 0 || !is_small(votes, o, k)) continue;
            const vn_status one = vn_pick_group(&w, votes, asks, o, k, m, first + at, second + at, gain + at);
            if (one != VN_OK) {
                halt = 1;
                VN_PRAGMA(omp atomic write)
                status = one;
            }
        }
        vn_picker_free(&w);
    }
    vn_picker w;
    memset(&w, 0, sizeof w);
    w.stop = &halt;
    w.n_threads = n_threads;
    w.poll = poll;
    w.context = context;
    for (int64_t k = start; k < stop && status == VN_OK && !halt; k++) {
        const int64_t at = pick_ptr[k], m = pick_ptr[k + 1] - at;
        if (m == 0 || is_small(votes, o, k)) continue;
        status = vn_pick_group(&w, votes, asks, o, k, m, first + at, second + at, gain + at);
    }
    vn_picker_free(&w);
    return halt && status == VN_OK ? VN_INTERRUPTED : status;
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
