#include "vn_small_profile.h"

#include <math.h>
#include <string.h>

#define APART 1e-3     /* of central differences, in the unit of a predictor */
#define ENOUGH 1e-9    /* what a step may still promise of the value, twice */
#define NEAR 1e-4      /* of the root of the deviance to z: one more step ends the search */
#define MOST_STEPS 200 /* of Newton's method, */
#define MOST_TRIES 100 /* of the search */
#define CUTS 40

void vn_small_profile_free(vn_small_profile *p)
{
    vn_small_inverse_free(&p->inverse);
    vn_free(p->block_n);
    vn_free(p->block_edges);
    memset(p, 0, sizeof *p);
}

static vn_status reserve(vn_small_profile *p, const vn_small *w)
{
    if (w->rows > p->room_n) {
        const size_t n = (size_t)w->rows + VN_LANES, room = 2 * n;
        vn_free(p->block_n);
        p->room_n = 0;
        double *at = p->block_n = vn_aligned_alloc(64, 4 * room * sizeof(double));
        if (!at) return VN_NO_MEMORY;
        double **arrays[] = {&p->top, &p->contrast, &p->along, &p->variance};
        for (int k = 0; k < 4; k++, at += room) *arrays[k] = at;
        p->room_n = (int)room - VN_LANES;
    }
    if (w->edges > p->room_edges) {
        const size_t room = 2 * (size_t)w->edges;
        vn_free(p->block_edges);
        p->room_edges = 0;
        double *at = p->block_edges = vn_aligned_alloc(64, 5 * room * sizeof(double));
        if (!at) return VN_NO_MEMORY;
        double **arrays[] = {&p->of_d, &p->with_tie, &p->up, &p->tie_up, &p->bend};
        for (int k = 0; k < 5; k++, at += room) *arrays[k] = at;
        p->room_edges = (int)room;
    }
    return VN_OK;
}

static inline int has_tie(const vn_small *w) { return w->n_border && w->model->has_tie; }

static double log_tie_at(const vn_small *w, const double *x)
{
    if (!w->model->has_tie) return 0.0;
    return w->n_border ? x[w->rows + w->model->has_gamma] : w->model->fixed[w->model->has_gamma];
}

/* Factor the matrix that is in w. */
static vn_status factor(vn_small_profile *p, vn_small *w)
{
    p->own[0] = p->own[3] = 1.0;
    p->own[1] = p->own[2] = 0.0;
    return vn_small_variances(&p->inverse, w, NULL, p->variance, p->own);
}

/* Log of the determinant of the matrix that was factored. */
static double log_det(const vn_small_profile *p)
{
    const double *own = p->own;
    return vn_small_log_det(&p->inverse) - log(own[0] * own[3] - own[1] * own[2]);
}

/* What is maximised, at x; with Jeffreys' penalty, the matrix at x is left in w, factored. */
static vn_status value_at(vn_small_profile *p, vn_small *w, const double *x, double *value)
{
    double penalty = vn_prior_penalty(&w->prior, x, w->n);
    if (p->jeffreys) {
        vn_small_derivatives(w, x, w->next);
        const vn_status status = factor(p, w);
        if (status != VN_OK) return status;
        penalty -= 0.5 * log_det(p);
    }
    *value = vn_small_log_likelihood(w, x) - penalty;
    return VN_OK;
}

/* Of each edge the variance of its predictor, and its covariance with log tie, by the factor. */
static void spreads(vn_small_profile *p, const vn_small *w)
{
    const vn_small_inverse *s = &p->inverse;
    const int m = w->n_border, t = w->model->has_gamma;
    for (int e = 0; e < w->n_edges; e++) {
        const int a = s->place[w->a[e]], b = s->place[w->b[e]];
        const double *row = s->inverse + (size_t)a * (size_t)s->stride;
        double variance = row[a] - 2.0 * row[b] + (s->inverse + (size_t)b * (size_t)s->stride)[b];
        double f[VN_SMALL_BORDER] = {0.0, 0.0}, cross = 0.0;
        for (int k = 0; k < m; k++) {
            const double side = k == 0 && w->model->has_gamma ? w->side[e] : 0.0;
            f[k] = w->solved[k][w->a[e]] - w->solved[k][w->b[e]] - side;
        }
        for (int k = 0; k < m; k++)
            for (int j = 0; j < m; j++) variance += p->own[2 * k + j] * f[k] * f[j];
        for (int k = 0; k < m; k++)
            if (has_tie(w)) cross -= p->own[2 * k + t] * f[k];
        p->of_d[e] = variance;
        p->with_tie[e] = cross;
    }
}

/* Half the slopes of the log of the determinant into `gradient`, and what it adds to the curvature
 * edge by edge into p->bend. The factor at x is there; third derivatives are central differences. */
static void penalty_slopes(vn_small_profile *p, vn_small *w, const double *x, double *gradient)
{
    const int m = w->n_edges, t = w->model->has_gamma, tied = has_tie(w);
    const double tie = log_tie_at(w, x), own_tie = tied ? p->own[2 * t + t] : 0.0;
    double above[2], below[2], slope_tie = 0.0;
    spreads(p, w);
    for (int e = 0; e < m; e++) p->up[e] = p->tie_up[e] = 0.0, p->bend[e] = -2.0 * w->h[e];
    if (tied) {
        /* d h / d tie = d dt / d d: by differences in log tie */
        const double room = fmin(APART, 0.5 * (tie - w->model->model->least_log_tie));
        vn_small_links(w, tie + room, above);
        for (int e = 0; e < m; e++) p->up[e] = w->h[e], p->tie_up[e] = w->dt[e];
        vn_small_links(w, tie - room, below);
        for (int e = 0; e < m; e++) {
            const double of_tie = (p->up[e] - w->h[e]) / (2.0 * room);
            const double twice = (p->tie_up[e] - w->dt[e]) / (2.0 * room);
            slope_tie += 0.5 * of_tie * p->of_d[e] + twice * p->with_tie[e];
            p->tie_up[e] = of_tie * p->with_tie[e] + 0.5 * twice * own_tie;
        }
        slope_tie += 0.5 * (above[1] - below[1]) / (2.0 * room) * own_tie;
    }
    for (int e = 0; e < m; e++) w->d[e] += APART;
    vn_small_links(w, tie, above);
    for (int e = 0; e < m; e++) p->up[e] = w->h[e], p->bend[e] += w->h[e], w->d[e] -= 2.0 * APART;
    vn_small_links(w, tie, below);
    for (int e = 0; e < m; e++) {
        const double slope = (p->up[e] - w->h[e]) / (2.0 * APART), v = p->of_d[e];
        const double bend = (p->bend[e] + w->h[e]) / (APART * APART);
        p->up[e] = 0.5 * slope * v + p->tie_up[e];
        p->bend[e] = fmax(0.5 * (slope * slope * v * v - bend * v), 0.0);
    }
    vn_small_derivatives(w, x, gradient);
    for (int e = 0; e < m; e++) {
        gradient[w->a[e]] += p->up[e];
        gradient[w->b[e]] -= p->up[e];
        if (w->n_border && w->model->has_gamma) gradient[w->rows] += w->side[e] * p->up[e];
    }
    if (tied) gradient[w->rows + t] += slope_tie;
}

/* The gradient at w->x into w->gradient, and a factor of the curvature. With Jeffreys' penalty the
 * factor of the information is there. */
static vn_status look(vn_small_profile *p, vn_small *w)
{
    if (!p->jeffreys) {
        vn_small_derivatives(w, w->x, w->gradient);
        return factor(p, w);
    }
    penalty_slopes(p, w, w->x, w->gradient);
    for (int e = 0; e < w->n_edges; e++) {
        w->h[e] += p->bend[e];
        w->diag[w->a[e]] += p->bend[e];
        w->diag[w->b[e]] += p->bend[e];
    }
    return factor(p, w);
}

/* y (rows, then the border's) = M^-1 y */
static void solve(const vn_small_profile *p, vn_small *w, double *y)
{
    const int m = w->n_border;
    double left[VN_SMALL_BORDER] = {0.0, 0.0};
    vn_small_inverse_solve(&p->inverse, y);
    if (!w->prior.precision) vn_small_level(w, y);
    for (int k = 0; k < m; k++) left[k] = y[w->rows + k] - vn_small_dot(w->border[k], y, w->rows);
    for (int k = 0; k < m; k++) {
        double part = 0.0;
        for (int j = 0; j < m; j++) part += p->own[2 * k + j] * left[j];
        for (int i = 0; i < w->n; i++) y[i] -= part * w->solved[k][i];
        y[w->rows + k] = part;
    }
}

static double dot(const vn_small *w, const double *x, const double *y)
{
    double sum = vn_small_dot(x, y, w->rows);
    for (int k = w->rows; k < w->rows + w->n_border; k++) sum += x[k] * y[k];
    return sum;
}

/* How much of the step to take at first: predictors do not run away, log tie stays above its bound. */
static double first_length(const vn_small *w)
{
    const int t = w->rows + w->model->has_gamma;
    double most = 0.0, length = 1.0;
    for (int e = 0; e < w->n_edges; e++) most = fmax(most, fabs(w->step[w->a[e]] - w->step[w->b[e]]));
    if (most > 4.0) length = 4.0 / most;
    if (has_tie(w) && w->step[t] < 0.0)
        length = fmin(length, 0.9 * (w->x[t] - w->model->model->least_log_tie) / -w->step[t]);
    return length;
}

/* Maximise from w->x, whose value is p->value, along steps that leave c'x alone, or (`c` NULL) freely;
 * *slope is what the value changes by with c'x. *found is 0 where that fails. */
static vn_status climb(vn_small_profile *p, vn_small *w, const double *c, double *slope, int *found)
{
    const size_t size = (size_t)(w->rows + w->n_border);
    *found = 0;
    for (int k = 0; k < MOST_STEPS; k++) {
        vn_status status = look(p, w);
        if (status != VN_OK) return status;
        memcpy(w->step, w->gradient, size * sizeof(double));
        solve(p, w, w->step);
        if (c) {
            memcpy(p->along, c, size * sizeof(double));
            solve(p, w, p->along);
            *slope = dot(w, c, w->step) / dot(w, c, p->along);
            for (size_t i = 0; i < size; i++) w->step[i] -= *slope * p->along[i];
        }
        const double gain = dot(w, w->gradient, w->step);
        if (!isfinite(gain)) return VN_OK;
        if (gain <= ENOUGH) {
            *found = 1;
            return VN_OK;
        }
        double length = first_length(w), value = NAN;
        for (int cut = 0; cut < CUTS; cut++, length *= 0.5) {
            for (size_t i = 0; i < size; i++) w->trial[i] = w->x[i] + length * w->step[i];
            status = value_at(p, w, w->trial, &value);
            if (status != VN_OK) return status;
            if (value - p->value >= 1e-4 * length * gain) break;
        }
        if (!(value > p->value)) { /* rounding: as far as it goes */
            *found = gain <= fmax(1e-6, 1e-13 * fabs(p->value));
            return VN_OK;
        }
        memcpy(w->x, w->trial, size * sizeof(double));
        p->value = value;
    }
    return VN_OK;
}

vn_status vn_small_profile_start(vn_small_profile *p, vn_small *w, int jeffreys, int *found)
{
    double slope;
    p->jeffreys = jeffreys;
    *found = 0;
    vn_status status = reserve(p, w);
    if (status == VN_OK) status = value_at(p, w, w->x, &p->value);
    if (status == VN_OK && isfinite(p->value)) status = climb(p, w, NULL, &slope, found);
    if (status != VN_OK || !*found) return status;
    p->best = p->value;
    memcpy(p->top, w->x, (size_t)(w->rows + w->n_border) * sizeof(double));
    return VN_OK;
}

/* The contrast of an item; 0: there is none. */
static int contrast_of(vn_small_profile *p, const vn_small *w, int item, int anchor)
{
    memset(p->contrast, 0, (size_t)(w->rows + w->n_border) * sizeof(double));
    p->contrast[item] = 1.0;
    if (anchor >= 0) {
        p->contrast[anchor] -= 1.0;
        return anchor != item && (w->part[anchor] == w->part[item] || w->prior.precision);
    }
    if (w->prior.precision) return 1;
    int size = 0;
    for (int i = 0; i < w->n; i++) size += w->part[i] == w->part[item];
    for (int i = 0; i < w->n; i++)
        if (w->part[i] == w->part[item]) p->contrast[i] -= 1.0 / size;
    return size > 1;
}

/* From the top along p->along, scaled to c'(x - top) = 1, at first by `t`: where the root of the
 * deviance is z. */
static vn_status search(vn_small_profile *p, vn_small *w, double t, double z, double *bound)
{
    const size_t size = (size_t)(w->rows + w->n_border);
    const double sign = t < 0.0 ? -1.0 : 1.0;
    double inside = 0.0, outside = INFINITY; /* distances from the top */
    double at = 0.0, scale, slope = 0.0;
    t = fabs(t);
    *bound = NAN;
    memcpy(w->x, p->top, size * sizeof(double));
    for (int k = 0; k < MOST_TRIES; k++) {
        /* on along the path of the constrained maxima */
        const double per = 1.0 / dot(w, p->contrast, p->along);
        const double tie_before = log_tie_at(w, w->x);
        for (size_t i = 0; i < size; i++) w->x[i] += sign * (t - at) * per * p->along[i];
        if (has_tie(w)) {
            double *tie = &w->x[w->rows + w->model->has_gamma];
            const double least = w->model->model->least_log_tie;
            if (*tie <= least) *tie = least + 0.1 * (tie_before - least);
        }
        at = t;
        vn_status status = value_at(p, w, w->x, &p->value);
        int found = 0;
        if (status == VN_OK && isfinite(p->value)) status = climb(p, w, p->contrast, &slope, &found);
        if (status != VN_OK) return status;
        if (!found) return VN_OK;
        const double root = sqrt(fmax(2.0 * (p->best - p->value), 0.0));
        scale = -sign * slope / root; /* what the root changes by with t */
        if (root < z) inside = t; else outside = t;
        double next = t + (z - root) / scale;
        const int good = isfinite(next) && next > 0.0 && scale > 0.0;
        if (good && fabs(z - root) < NEAR) {
            *bound = sign * next;
            return VN_OK;
        }
        if (isinf(outside))
            next = good && next < 3.0 * t ? next : 3.0 * t;
        else if (!good || !(next > inside && next < outside))
            next = 0.5 * (inside + outside);
        if (!(next > inside && next < outside)) return VN_OK;
        t = next;
    }
    return VN_OK;
}

vn_status vn_small_profile_bounds(vn_small_profile *p, vn_small *w, int item, int anchor, double z,
                                  double *lower, double *upper)
{
    const size_t size = (size_t)(w->rows + w->n_border);
    *lower = *upper = NAN;
    if (!contrast_of(p, w, item, anchor)) return VN_OK;
    const double top = dot(w, p->contrast, p->top);
    for (int side = -1; side <= 1; side += 2) {
        double *bound = side < 0 ? lower : upper;
        memcpy(w->x, p->top, size * sizeof(double));
        vn_status status = value_at(p, w, w->x, &p->value);
        if (status == VN_OK) status = look(p, w);
        if (status != VN_OK) return status;
        memcpy(p->along, p->contrast, size * sizeof(double));
        solve(p, w, p->along);
        const double variance = dot(w, p->contrast, p->along);
        if (!(variance > 0.0)) return VN_OK;
        status = search(p, w, side * z * sqrt(variance), z, bound);
        if (status != VN_OK) return status;
        *bound += top;
    }
    return VN_OK;
}
