/* Newman's sweep for a model, from what the model says of one comparison. */
#ifndef VN_MM_INTERNAL_H
#define VN_MM_INTERNAL_H

#include <math.h>

#include "vn_problem.h"

/* A model's part, constant where it is used: a sweep is compiled for each model. */
typedef struct {
    /* How strongly x is pulled up and down where it met y; a, b: the masses with which the log of each
     * side's strength enters the likelihood. */
    void (*pulls)(double tie, double x, double y, double a, double b, double *up, double *down);
    /* The same of the tie parameter; NULL where there is none. */
    void (*tie_pulls)(double parameter, double x, double y, double win, double loss, double tie,
                      double *up, double *down);
    double (*new_tie)(double ties, double up, double down);
    double tie_mass; /* what one tie adds to both a and b */
} vn_mm_law;

/* Davidson's, and Bradley and Terry's with a tie parameter of zero. */
static inline void vn_mm_root_pulls(double tie, double x, double y, double a, double b, double *up,
                                    double *down)
{
    const double middle = tie > 0.0 ? tie * sqrt(x * y) : 0.0;
    const double inverse = 1.0 / (x + y + middle);
    *up += a * (y + 0.5 * middle) * inverse;
    *down += b * (x + 0.5 * middle) * inverse;
}

static inline void vn_mm_masses(const vn_problem *p, const vn_mm_law *law, int64_t e, double *a,
                                double *b)
{
    const double tie = p->tie ? law->tie_mass * p->tie[e] : 0.0;
    *a = p->win[e] + tie;
    *b = p->loss[e] + tie;
}

/* Whether to stop before item i of a pass over all edges: asked every 2^20 edges or so. */
static inline int vn_mm_stops(const vn_problem *p, int64_t i, vn_poll poll, void *context)
{
    return poll && (p->edge_ptr[i] + i) >> 20 != (p->edge_ptr[i + 1] + i + 1) >> 20 && poll(context);
}

static inline vn_status vn_mm_sweep(const vn_problem *p, const vn_mm_law *law, vn_poll poll,
                                    void *context, double *pi, double *home, double *tie)
{
    /* by order + 1: what the first item's strength is multiplied by, as the two meet */
    const double root = p->has_gamma ? sqrt(*home) : 1.0, boosts[3] = {1.0 / root, 1.0, root};
    double a, b;
    for (int64_t i = 0; i < p->n; i++) {
        double up = 0.0, down = 0.0;
        if (vn_mm_stops(p, i, poll, context)) return VN_INTERRUPTED;
        for (int64_t e = p->edge_ptr[i]; e < p->edge_ptr[i + 1]; e++) {
            const double boost = p->has_gamma ? boosts[p->order[e] + 1] : 1.0;
            vn_mm_masses(p, law, e, &a, &b);
            law->pulls(*tie, pi[i] * boost, pi[p->hi[e]] / boost, a, b, &up, &down);
        }
        for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++) {
            const int64_t e = p->lower[k];
            const double boost = p->has_gamma ? boosts[p->order[e] + 1] : 1.0;
            vn_mm_masses(p, law, e, &a, &b);
            law->pulls(*tie, pi[i] / boost, pi[p->h.col[k + p->edge_ptr[i]]] * boost, b, a, &up, &down);
        }
        if (down > 0.0) pi[i] *= up / down;
    }
    if (!p->has_gamma && !p->has_tie) return VN_OK;
    double up = 0.0, down = 0.0;                         /* of gamma */
    double ties = 0.0, tie_up = 0.0, tie_down = 0.0;     /* of the tie parameter */
    for (int64_t i = 0; i < p->n; i++) {
        if (vn_mm_stops(p, i, poll, context)) return VN_INTERRUPTED;
        for (int64_t e = p->edge_ptr[i]; e < p->edge_ptr[i + 1]; e++) {
            const int order = p->has_gamma ? p->order[e] : 0;
            const double boost = boosts[order + 1], x = pi[i] * boost, y = pi[p->hi[e]] / boost;
            vn_mm_masses(p, law, e, &a, &b);
            if (order > 0) law->pulls(*tie, x, y, a, b, &up, &down);
            if (order < 0) law->pulls(*tie, x, y, a, b, &down, &up);
        }
    }
    if (p->has_gamma && down > 0.0) *home *= up / down;
    if (!p->has_tie) return VN_OK;
    const double new_root = p->has_gamma ? sqrt(*home) : 1.0;
    const double new_boosts[3] = {1.0 / new_root, 1.0, new_root};
    for (int64_t i = 0; i < p->n; i++) {
        if (vn_mm_stops(p, i, poll, context)) return VN_INTERRUPTED;
        for (int64_t e = p->edge_ptr[i]; e < p->edge_ptr[i + 1]; e++) {
            const double boost = new_boosts[(p->has_gamma ? p->order[e] : 0) + 1];
            const double x = pi[i] * boost, y = pi[p->hi[e]] / boost;
            ties += p->tie[e];
            law->tie_pulls(*tie, x, y, p->win[e], p->loss[e], p->tie[e], &tie_up, &tie_down);
        }
    }
    *tie = law->new_tie(ties, tie_up, tie_down);
    return VN_OK;
}

#endif
