/* Newton's method for one small fit. Its rules are those of venire.ratings.newton, which says why. */
#include <math.h>

#include "vn_newton.h"
#include "vn_small.h"

/* The Newton step: theta's part by conjugate gradients, the border's by its Schur complement.
 * Returns 0 where the solver was too slow. */
static int newton_step(vn_small *w, double eta, int patience)
{
    const int endless = 20 * (w->n + 20), m = w->n_border, n = w->rows;
    const int limit = patience ? VN_MIN(patience, endless) : endless;
    if (m > 0) eta *= 0.1; /* the border's part is a difference of solutions */
    if (vn_small_solve(w, w->gradient, eta, limit, w->step) < 0 && patience) return 0;
    if (m == 0) return 1;
    double schur[2][2], rhs[2], y[2] = {0.0, 0.0};
    for (int k = 0; k < m; k++)
        if (vn_small_solve(w, w->border[k], eta, limit, w->solved[k]) < 0 && patience) return 0;
    for (int k = 0; k < m; k++) {
        rhs[k] = w->gradient[n + k] - vn_small_dot(w->border[k], w->step, n);
        for (int j = 0; j < m; j++)
            schur[k][j] = w->corner[k][j] - vn_small_dot(w->border[k], w->solved[j], n);
    }
    if (m == 1) {
        y[0] = rhs[0] / schur[0][0];
    } else {
        const double det = schur[0][0] * schur[1][1] - schur[0][1] * schur[1][0];
        y[0] = (schur[1][1] * rhs[0] - schur[0][1] * rhs[1]) / det;
        y[1] = (schur[0][0] * rhs[1] - schur[1][0] * rhs[0]) / det;
    }
    for (int k = 0; k < m; k++) {
        w->step[n + k] = y[k];
        for (int i = 0; i < n; i++) w->step[i] -= y[k] * w->solved[k][i];
    }
    return 1;
}

static double step_of_gamma(const vn_small *w)
{
    return w->n_border && w->model->has_gamma ? w->step[w->rows] : 0.0;
}

/* Largest change of a linear predictor along the step, and the largest over (VN_NEWTON_ROOM + |predictor|):
 * w->d must hold the predictors at x. */
VN_CLONES
static void changes(const vn_small *w, double gamma_step, double *largest, double *overreach)
{
    double most = 0.0, reach = 0.0;
    const double *restrict step = w->step;
    for (int e = 0; e < w->edges; e++) {
        const double change = fabs(step[w->a[e]] - step[w->b[e]] + gamma_step * w->side[e]);
        const double over = change / (VN_NEWTON_ROOM + fabs(w->d[e]));
        most = change > most ? change : most;
        reach = over > reach ? over : reach;
    }
    *largest = most;
    *overreach = reach;
}

static double objective(vn_small *w, const double *x)
{
    return vn_small_log_likelihood(w, x) - vn_prior_penalty(&w->prior, x, w->rows);
}

static double slope_along(const vn_small *w, const double *gradient)
{
    double slope = vn_small_dot(gradient, w->step, w->rows);
    for (int k = 0; k < w->n_border; k++) slope += gradient[w->rows + k] * w->step[w->rows + k];
    return slope;
}

static double size_of(const vn_small *w, const double *gradient)
{
    double sum = vn_small_dot(gradient, gradient, w->rows);
    for (int k = 0; k < w->n_border; k++) sum += fabs(gradient[w->rows + k]);
    return sum;
}

/* 1, or less where a predictor would be carried far into saturation or a bound be reached. */
static double first_length(const vn_small *w, double overreach)
{
    double length = overreach > 1.0 ? 1.0 / overreach : 1.0;
    const int t = w->rows + w->model->has_gamma;
    if (w->n_border && w->model->has_tie && w->step[t] < 0.0)
        length = fmin(length, 0.9 * (w->x[t] - w->model->model->least_log_tie) / -w->step[t]);
    return length;
}

/* Move x along the step as far as it helps; the rules are those of the single fit's driver. Returns
 * 0 when no length makes progress. */
static int line_search(vn_small *w, double slope, double length, vn_small_progress *at)
{
    const int size = w->rows + w->n_border;
    double before = NAN;
    for (int cut = 0; cut < VN_NEWTON_CUTS; cut++) {
        for (int i = 0; i < size; i++) w->trial[i] = w->x[i] + length * w->step[i];
        const double residual = vn_small_derivatives(w, w->trial, w->next);
        if (residual > 2.0 * at->residual && cut < VN_NEWTON_CUTS_FOR_RESIDUAL) {
            length *= 0.5;
            continue;
        }
        const double new_slope = slope_along(w, w->next);
        int good = -0.1 * slope <= new_slope;
        if (!good) {
            if (isnan(before)) before = objective(w, w->x);
            const double after = objective(w, w->trial);
            good = after - before >= 1e-4 * length * slope - 4e-16 * fabs(before);
        }
        if (good) {
            double *swap = w->x;
            w->x = w->trial;
            w->trial = swap;
            swap = w->gradient;
            w->gradient = w->next;
            w->next = swap;
            at->residual = residual;
            return 1;
        }
        length *= fmin(0.5, fmax(0.1, slope / (slope - new_slope)));
    }
    return 0;
}

/* Take the step unverified where that is safe: what the linear system leaves, and at most the square
 * of the largest change of a predictor, which bounds the part that is not linear, are far below the
 * tolerance; and so is the solver's error in theta, as far as it can tell. */
static int finish(vn_small *w, double tol, double change, vn_small_progress *at)
{
    if (w->n_border || change * change > 0.1 * tol) return 0; /* the system is theta's alone */
    const double left = vn_small_left(w, w->gradient, w->step) + change * change;
    double most = 0.0;
    for (int i = 0; i < w->rows; i++) most = fabs(w->step[i]) > most ? fabs(w->step[i]) : most;
    if (!(left <= 0.1 * tol && w->reached * most <= tol)) return 0;
    for (int i = 0; i < w->rows; i++) w->x[i] += w->step[i];
    at->residual = left;
    at->change = change;
    at->n_iter++;
    return 1;
}

/* One more step, unverified: it costs no derivatives, and takes off most of the error left. */
static void polish(vn_small *w, int patience, const vn_small_progress *at)
{
    if (!(at->residual > VN_NEWTON_ROUNDING) || !newton_step(w, 0.02, patience)) return;
    double most = 0.0;
    for (int i = 0; i < w->rows + w->n_border; i++) most = fmax(most, fabs(w->step[i]));
    for (int i = 0; most <= VN_NEWTON_SETTLED && i < w->rows + w->n_border; i++) w->x[i] += w->step[i];
}

vn_small_end vn_small_newton(vn_small *w, double tol, int max_iter, int patience, vn_small_progress *at)
{
    int extra = 0;
    at->residual = vn_small_derivatives(w, w->x, w->gradient);
    at->change = 0.0;
    while (at->n_iter < max_iter && extra < VN_NEWTON_EXTRA
           && (at->residual > 0.5 * tol || at->change > VN_NEWTON_SETTLED)) {
        /* as exactly as the step is good; the last one to a part of the tolerance */
        double eta = fmax(fmin(0.1, 3.0 * at->residual), 0.05 * tol / at->residual);
        if (at->residual <= 0.5 * tol) {
            extra++;
            eta = 1e-9;
        }
        if (w->watch && vn_watch_stops(w->watch, w->worker)) return VN_SMALL_LIMIT;
        if (!newton_step(w, eta, patience)) return VN_SMALL_SLOW;
        const double slope = slope_along(w, w->gradient);
        if (!(slope > 0.0)) break;
        double change, overreach;
        changes(w, step_of_gamma(w), &change, &overreach);
        if (finish(w, tol, change, at)) return VN_SMALL_CONVERGED;
        const double length = first_length(w, overreach);
        if (!line_search(w, slope, length, at)) break;
        at->change = change;
        at->n_iter++;
    }
    if (!(at->residual <= tol && at->change <= VN_NEWTON_SETTLED)) return VN_SMALL_LIMIT;
    if (!isfinite(size_of(w, w->gradient))) return VN_SMALL_LIMIT; /* NaN is passed over by maxima */
    polish(w, patience, at);
    return VN_SMALL_CONVERGED;
}
