#include "vn_allocate_internal.h"

#include <string.h>

#define TOL 1e-9
#define STEPS 100

void vn_posterior_free(vn_posterior *w)
{
    vn_small_free(&w->small);
    void *blocks[] = {w->item, w->theta, w->c, w->history, w->panel, w->turned, w->first, w->second,
                      w->win, w->loss, w->d};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) vn_free(blocks[k]);
    memset(w, 0, sizeof *w);
}

static vn_status reserve(vn_posterior *w, int64_t n, int64_t cells)
{
    if (n > w->room_n) {
        w->room_n = 0;
        if (!vn_renew(&w->item, n, 4) || !vn_renew(&w->theta, n, 8)) return VN_NO_MEMORY;
        w->room_n = n;
    }
    if (cells > w->room_cells) {
        w->room_cells = 0;
        if (!vn_renew(&w->first, cells, 4) || !vn_renew(&w->second, cells, 4)
            || !vn_renew(&w->win, cells, 8) || !vn_renew(&w->loss, cells, 8)
            || !vn_renew(&w->d, cells, 8))
            return VN_NO_MEMORY;
        w->room_cells = cells;
    }
    return VN_OK;
}

/* The masses of a cell, half of its ties in either; whether it has any. */
static inline int masses(const vn_grouped *g, int64_t cell, double *win, double *loss)
{
    const double half = g->tie ? 0.5 * g->tie[cell] : 0.0;
    *win = g->win[cell] + half;
    *loss = g->loss[cell] + half;
    return *win + *loss > 0.0;
}

vn_status vn_posterior_load(vn_posterior *w, const vn_grouped *g, const vn_small_model *model,
                            int64_t k, const uint8_t *held)
{
    const int64_t items = g->item_ptr[k], n = g->item_ptr[k + 1] - items;
    const int64_t from = g->cell_ptr[k], to = g->cell_ptr[k + 1];
    vn_status status = reserve(w, n, to - from);
    if (status != VN_OK) return status;
    int64_t e = 0;
    for (int64_t q = from; q < to; q++) {
        if ((held && held[q]) || !masses(g, q, &w->win[e], &w->loss[e])) continue;
        w->first[e] = g->first[q];
        w->second[e++] = g->second[q];
    }
    w->n = (int)n;
    w->n_history = 0;
    w->model = *model;
    w->model.prior = vn_prior_of(&model->prior, items, n, &w->model.centre);
    const vn_small_cells cells = {.n_items = n, .n_cells = e, .first = w->first,
                                  .second = w->second, .win = w->win, .loss = w->loss};
    status = vn_small_load(&w->small, &cells, &w->model, 0);
    for (int i = 0; status == VN_OK && i < w->n; i++) w->item[w->small.row[i]] = i;
    return status;
}

void vn_posterior_mode(vn_posterior *w)
{
    vn_small *s = &w->small;
    vn_small_progress at = {0};
    vn_small_start(s, s->x);
    vn_small_level(s, s->x);
    vn_small_newton(s, TOL, STEPS, 0, &at);
    vn_small_derivatives(s, s->x, s->gradient);
    for (int i = 0; i < w->n; i++) w->theta[i] = w->model.centre + s->x[s->row[i]];
}

double vn_posterior_held(vn_posterior *w, const vn_grouped *g, int64_t k, const uint8_t *held)
{
    int n = 0;
    for (int64_t q = g->cell_ptr[k]; q < g->cell_ptr[k + 1]; q++) {
        if (!held[q] || !masses(g, q, &w->win[n], &w->loss[n])) continue;
        w->d[n++] = w->theta[g->first[q]] - w->theta[g->second[q]];
    }
    return w->model.model->log_likelihood(w->model.model, w->d, w->win, w->loss, NULL, 0.0, n);
}
