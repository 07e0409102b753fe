#include "vn_mm.h"

#include <math.h>

/* How strongly x is pulled up and down where it met y: a, b are their masses. Bradley-Terry is
 * Davidson with a tie parameter of zero. */
static inline void pulls(const vn_problem *p, double tie, double x, double y, double a, double b,
                         double *up, double *down)
{
    if (p->model == VN_RAO_KUPPER) {
        *up += a * tie * y / (x + tie * y);
        *down += b * tie * x / (y + tie * x);
    } else {
        const double middle = tie > 0.0 ? tie * sqrt(x * y) : 0.0;
        const double inverse = 1.0 / (x + y + middle);
        *up += a * (y + 0.5 * middle) * inverse;
        *down += b * (x + 0.5 * middle) * inverse;
    }
}

/* Masses with which the log of each side's strength enters the likelihood. */
static inline void masses(const vn_problem *p, int64_t e, double *a, double *b)
{
    const double tie = p->tie ? (p->model == VN_RAO_KUPPER ? 1.0 : 0.5) * p->tie[e] : 0.0;
    *a = p->win[e] + tie;
    *b = p->loss[e] + tie;
}

/* Whether to stop before item i of a pass over all edges: asked every 2^20 edges or so. */
static inline int stops(const vn_problem *p, int64_t i, vn_poll poll, void *context)
{
    return poll && (p->edge_ptr[i] + i) >> 20 != (p->edge_ptr[i + 1] + i + 1) >> 20 && poll(context);
}

vn_status vn_newman_sweep(const vn_problem *p, vn_poll poll, void *context, double *pi, double *home,
                          double *tie)
{
    /* by order + 1: what the first item's strength is multiplied by, as the two meet */
    const double root = p->has_gamma ? sqrt(*home) : 1.0, boosts[3] = {1.0 / root, 1.0, root};
    double a, b;
    for (int64_t i = 0; i < p->n; i++) {
        double up = 0.0, down = 0.0;
        if (stops(p, i, poll, context)) return VN_INTERRUPTED;
        for (int64_t e = p->edge_ptr[i]; e < p->edge_ptr[i + 1]; e++) {
            const double boost = p->has_gamma ? boosts[p->order[e] + 1] : 1.0;
            masses(p, e, &a, &b);
            pulls(p, *tie, pi[i] * boost, pi[p->hi[e]] / boost, a, b, &up, &down);
        }
        for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++) {
            const int64_t e = p->lower[k];
            const double boost = p->has_gamma ? boosts[p->order[e] + 1] : 1.0;
            masses(p, e, &a, &b);
            pulls(p, *tie, pi[i] / boost, pi[p->h.col[k + p->edge_ptr[i]]] * boost, b, a, &up, &down);
        }
        if (down > 0.0) pi[i] *= up / down;
    }
    if (!p->has_gamma && !p->has_tie) return VN_OK;
    double up = 0.0, down = 0.0;                         /* of gamma */
    double ties = 0.0, tie_up = 0.0, tie_down = 0.0;     /* of the tie parameter */
    for (int64_t i = 0; i < p->n; i++) {
        if (stops(p, i, poll, context)) return VN_INTERRUPTED;
        for (int64_t e = p->edge_ptr[i]; e < p->edge_ptr[i + 1]; e++) {
            const int order = p->has_gamma ? p->order[e] : 0;
            const double boost = boosts[order + 1], x = pi[i] * boost, y = pi[p->hi[e]] / boost;
            masses(p, e, &a, &b);
            if (order > 0) pulls(p, *tie, x, y, a, b, &up, &down);
            if (order < 0) pulls(p, *tie, x, y, a, b, &down, &up);
        }
    }
    if (p->has_gamma && down > 0.0) *home *= up / down;
    if (!p->has_tie) return VN_OK;
    const double new_root = p->has_gamma ? sqrt(*home) : 1.0;
    const double new_boosts[3] = {1.0 / new_root, 1.0, new_root};
    for (int64_t i = 0; i < p->n; i++) {
        if (stops(p, i, poll, context)) return VN_INTERRUPTED;
        for (int64_t e = p->edge_ptr[i]; e < p->edge_ptr[i + 1]; e++) {
            const double boost = new_boosts[(p->has_gamma ? p->order[e] : 0) + 1];
            const double x = pi[i] * boost, y = pi[p->hi[e]] / boost;
            ties += p->tie[e];
            if (p->model == VN_RAO_KUPPER) {
                masses(p, e, &a, &b);
                tie_down += a * y / (x + *tie * y) + b * x / (y + *tie * x);
            } else {
                const double middle = sqrt(x * y), inverse = 1.0 / (x + y + *tie * middle);
                tie_up += p->tie[e] * (x + y) * inverse;
                tie_down += (p->win[e] + p->loss[e]) * middle * inverse;
            }
        }
    }
    if (p->model == VN_RAO_KUPPER) { /* S (eta^2 - 1) = 2 ties eta */
        const double k = ties / tie_down;
        *tie = k + sqrt(k * k + 1.0);
    } else {
        *tie = tie_up / tie_down;
    }
    return VN_OK;
}
