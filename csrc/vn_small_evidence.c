#include "vn_small_evidence.h"

#include <math.h>
#include <string.h>

#define APART 0.02 /* how far the largest predictor is moved for the derivative along w */

/* Part k of what the border takes of an edge: of d = theta_a - theta_b + gamma * side. */
static inline double beside(const vn_small *w, int k, int e)
{
    const double side = k == 0 && w->model->has_gamma ? w->side[e] : 0.0;
    return w->solved[k][w->a[e]] - w->solved[k][w->b[e]] - side;
}

/* tr(A^-1 B), B being the matrix, less the prior, that the last derivatives left in w. */
static double weigh(const vn_small_inverse *s, const vn_small *w, const double *own)
{
    const int m = w->n_border, t = w->model->has_gamma, has_tie = m && w->model->has_tie;
    double sum = 0.0;
    for (int e = 0; e < w->n_edges; e++) {
        const int a = s->place[w->a[e]], b = s->place[w->b[e]];
        const double *row = s->inverse + (size_t)a * (size_t)s->stride;
        double variance = row[a] - 2.0 * row[b] + (s->inverse + (size_t)b * (size_t)s->stride)[b];
        double with_tie = 0.0;
        for (int k = 0; k < m; k++) {
            const double f = beside(w, k, e);
            for (int j = 0; j < m; j++) variance += own[2 * k + j] * f * beside(w, j, e);
            if (has_tie) with_tie -= own[2 * k + t] * f;
        }
        sum += w->h[e] * variance;
        if (has_tie) sum += 2.0 * w->dt[e] * with_tie;
    }
    return has_tie ? sum + w->corner[t][t] * own[2 * t + t] : sum;
}

/* w = A^-1 m into w->step, of the border, too. */
static void follow(const vn_small_inverse *s, vn_small *w, const double *own)
{
    double *y = w->step, q[VN_SMALL_BORDER] = {0.0, 0.0};
    vn_small_inverse_solve(s, y);
    for (int k = 0; k < w->n_border; k++) q[k] = vn_small_dot(w->border[k], y, w->rows);
    for (int k = 0; k < w->n_border; k++) {
        double part = 0.0;
        for (int j = 0; j < w->n_border; j++) part += own[2 * k + j] * q[j];
        for (int i = 0; i < w->n; i++) y[i] += part * w->solved[k][i];
        y[w->rows + k] = -part;
    }
}

/* How far along w->step to go: both ways the tie parameter must stay above its bound. */
static double reach(const vn_small *w)
{
    const double *y = w->step;
    const int t = w->rows + w->model->has_gamma;
    double size = 0.0;
    for (int e = 0; e < w->n_edges; e++) {
        double d = y[w->a[e]] - y[w->b[e]];
        if (w->n_border && w->model->has_gamma) d += y[w->rows] * w->side[e];
        size = fmax(size, fabs(d));
    }
    if (w->n_border && w->model->has_tie) {
        const double room = fmin(APART, 0.5 * (w->x[t] - w->model->model->least_log_tie));
        size = fmax(size, APART * fabs(y[t]) / room);
    }
    return size > 0.0 ? APART / size : 0.0;
}

void vn_small_find_evidence(const vn_small_inverse *s, vn_small *w, const double *variance,
                            const double *own, vn_small_evidence *out)
{
    const double *precision = w->prior.precision ? w->precision : NULL;
    const double p = precision ? precision[0] : w->prior.all;
    memset(w->step, 0, sizeof(double) * (size_t)(w->rows + VN_LANES));
    out->squares = out->bend = out->skew = 0.0;
    out->trace = out->of_squares = 0.0;
    const double level = w->n_parts / (p * w->n); /* of which nothing but the prior is known */
    for (int i = 0; i < w->n; i++) {
        w->step[i] = w->x[i] - (precision ? w->mean[i] : 0.0);
        out->squares += w->step[i] * w->step[i];
        out->trace += variance[i] + level;
        out->of_squares += (variance[i] + level) * (variance[i] + level);
    }
    memcpy(w->r, w->step, sizeof(double) * (size_t)w->n);
    follow(s, w, own);
    for (int i = 0; i < w->n; i++) out->bend += w->r[i] * w->step[i];
    const double step = reach(w);
    out->more = w->n_border;
    for (int side = 1; step > 0.0 && side >= -1; side -= 2) {
        for (int i = 0; i < w->rows + w->n_border; i++)
            w->trial[i] = w->x[i] + side * step * w->step[i];
        vn_small_derivatives(w, w->trial, w->next);
        out->skew += side * weigh(s, w, own) / (2.0 * step);
    }
}
