/* Masses, connectivity and gradients of replicates, a block of lanes at a time. */
#include <math.h>
#include <string.h>

#include "vn_math.h"
#include "vn_replicates_internal.h"

VN_CLONES
void vn_replicate_masses(const vn_replicates *p, vn_replicate_block *w)
{
    const size_t edges = sizeof(double) * LANES * (size_t)p->n_edges;
    const size_t items = sizeof(double) * LANES * (size_t)p->n_items;
    memset(w->a, 0, edges);
    if (!p->model->has_scores) memset(w->b, 0, edges);
    memset(w->fixed, 0, items);
    memset(w->mass, 0, items);
    memset(w->up, 0, sizeof(uint32_t) * (size_t)p->n_edges);
    memset(w->down, 0, sizeof(uint32_t) * (size_t)p->n_edges);
    for (int l = 0; l < LANES; l++) w->total[l] = w->ties[l] = 0.0;
    for (int64_t k = 0; k < p->n_rows; k++) {
        const int64_t e = p->edge[k];
        const int outcome = p->outcome[k];
        const double *draw = w->draw + LANES * (p->unit ? (int64_t)p->unit[k] : k);
        const double scale = p->mass ? p->mass[k] : 1.0;
        double *restrict a = w->a + LANES * e, *restrict b = w->b + LANES * e;
        double *restrict mass_i = w->mass + LANES * (int64_t)p->first[e];
        double *restrict mass_j = w->mass + LANES * (int64_t)p->second[e];
        const double pa = scale * p->model->parts[outcome][0];
        const double pb = scale * p->model->parts[outcome][1];
        uint32_t seen = 0;
        for (int l = 0; l < LANES; l++) {
            const double n = scale * draw[l];
            seen |= (uint32_t)(n > 0.0) << l;
            a[l] += pa * draw[l];
            mass_i[l] += n;
            mass_j[l] += n;
            w->total[l] += n;
        }
        if (outcome == 2)
            for (int l = 0; l < LANES; l++) w->ties[l] += scale * draw[l];
        if (pb != 0.0)
            for (int l = 0; l < LANES; l++) b[l] += pb * draw[l];
        if (p->model->has_scores) {
            const double share = scale * p->model->parts[outcome][2], other = scale - share;
            double *restrict s_i = w->fixed + LANES * (int64_t)p->first[e];
            double *restrict s_j = w->fixed + LANES * (int64_t)p->second[e];
            for (int l = 0; l < LANES; l++) {
                s_i[l] += share * draw[l];
                s_j[l] += other * draw[l];
            }
        }
        const int both = outcome == 2 && !p->has_tie; /* half a win each way */
        if (outcome == 0 || both) w->up[e] |= seen;
        if (outcome == 1 || both) w->down[e] |= seen;
    }
}

/* Lanes in which all items of each component are reached from its first one. */
static uint32_t reached(const vn_replicates *p, vn_replicate_block *w, const uint32_t *up,
                        const uint32_t *down)
{
    uint32_t *reach = w->reach;
    int32_t seen = -1; /* components are numbered by their first item */
    for (int64_t i = 0; i < p->n_items; i++) {
        reach[i] = p->component[i] > seen ? UINT32_MAX : 0;
        seen = VN_MAX(seen, p->component[i]);
    }
    for (int change = 1; change;) {
        change = 0;
        for (int64_t e = 0; e < p->n_edges; e++) {
            const int32_t i = p->first[e], j = p->second[e];
            const uint32_t to_j = reach[j] | (reach[i] & up[e]);
            const uint32_t to_i = reach[i] | (to_j & down[e]);
            change |= to_j != reach[j] || to_i != reach[i];
            reach[j] = to_j;
            reach[i] = to_i;
        }
    }
    uint32_t all = UINT32_MAX;
    for (int64_t i = 0; i < p->n_items; i++) all &= reach[i];
    return all;
}

uint32_t vn_replicate_connected(const vn_replicates *p, vn_replicate_block *w)
{
    const uint32_t from = reached(p, w, w->up, w->down);
    return from ? from & reached(p, w, w->down, w->up) : 0;
}

VN_CLONES
static void finish(const vn_replicates *p, vn_replicate_block *w, double *restrict residual)
{
    for (int l = 0; l < LANES; l++) residual[l] = 0.0;
    for (int64_t i = 0; i < p->n_items; i++) {
        double *restrict g = w->g + LANES * i;
        const double *restrict x = w->x + LANES * i, *restrict mass = w->mass + LANES * i;
        const double prior = vn_prior_weight(&p->prior, i);
        for (int l = 0; l < LANES; l++) {
            g[l] += vn_prior_slope(&p->prior, i, x[l]);
            const double weight = mass[l] + prior;
            const double ratio = weight > 0.0 ? fabs(g[l]) / weight : fabs(g[l]);
            /* NaN comes through */
            residual[l] = (ratio > residual[l]) | (ratio != ratio) ? ratio : residual[l];
        }
    }
    if (!p->has_tie) return;
    for (int l = 0; l < LANES; l++) {
        w->g[LANES * p->n_items + l] = w->rest[l];
        const double ratio = fabs(w->rest[l]) / w->total[l];
        residual[l] = ratio <= residual[l] ? residual[l] : ratio;
    }
}

void vn_replicate_gradient(const vn_replicates *p, vn_replicate_block *w, double *residual)
{
    const int64_t n = LANES * p->n_items, all = n + (p->has_tie ? LANES : 0);
    const double power = p->model->power;
    memcpy(w->g, w->fixed, sizeof(double) * (size_t)n);
    if (power > 0.0) {
        for (int64_t k = 0; k < n; k++) w->strength[k] = exp(power * w->x[k]);
        for (int64_t k = n; k < all; k++) w->strength[k] = exp(w->x[k]);
    }
    p->model->replicate_gradient(p, w);
    finish(p, w, residual);
}
