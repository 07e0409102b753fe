#include "vn_tilted.h"

#include <math.h>

#include "vn_team.h"

#define BLOCK 256    /* comparisons of a block: what it keeps stays in the cache */
#define STEPS 60     /* of Newton's method to a mode */
#define CLOSE 1e-7   /* step at which it is found, in the unit of the spread about it */

typedef struct {
    const vn_model_row *model;
    const vn_tilted_rule *rule;
    int64_t n;
    const double *m, *v, *win, *loss;
    double *mode, *g, *h, *slope2, *bend;
} job;

/* The modes of `len` tilted densities, and the spread about each. The slope of the log density falls,
 * so a root lies between two ends. Newton's step is taken unless it leaves them, or is not half as
 * long as the one before: then their middle. */
static void find_modes(const vn_model_row *row, int len, const double *m, const double *v,
                       const double *win, const double *loss, double *x, double *sd)
{
    double slope[BLOCK], bend[BLOCK], low[BLOCK], high[BLOCK], last[BLOCK];
    for (int k = 0; k < len; k++) {
        low[k] = -INFINITY;
        high[k] = last[k] = INFINITY;
    }
    for (int step = 0; step < STEPS; step++) {
        int far = 0;
        row->derivatives(row, x, win, loss, NULL, 0.0, len, slope, bend, NULL, NULL);
        for (int k = 0; k < len; k++) {
            const double up = slope[k] - (x[k] - m[k]) / v[k], down = bend[k] + 1.0 / v[k];
            double next = x[k] + up / down;
            if (up > 0.0) low[k] = x[k];
            else high[k] = x[k];
            const double middle = 0.5 * (low[k] + high[k]);
            if (isfinite(middle)
                && (!(next > low[k] && next < high[k]) || fabs(next - x[k]) > 0.5 * last[k]))
                next = middle;
            sd[k] = 1.0 / sqrt(down);
            last[k] = fabs(next - x[k]);
            far |= last[k] > CLOSE * sd[k];
            x[k] = next;
        }
        if (!far) break;
    }
}

static void tilt(const job *j, int64_t from, int len)
{
    enum { Q = VN_TILTED_NODES };
    const vn_model_row *row = j->model;
    const double *m = j->m + from, *v = j->v + from, *win = j->win + from, *loss = j->loss + from;
    double sd[BLOCK], x[BLOCK], slope[Q][BLOCK], bend[Q][BLOCK], *mode = j->mode + from;
    find_modes(row, len, m, v, win, loss, mode, sd);
    for (int q = 0; q < Q; q++) {
        for (int k = 0; k < len; k++) x[k] = mode[k] + sd[k] * j->rule->node[q];
        row->derivatives(row, x, win, loss, NULL, 0.0, len, slope[q], bend[q], NULL, NULL);
    }
    for (int k = 0; k < len; k++) {
        double p[Q], most = -INFINITY, mass = 0.0, mean = 0.0, square = 0.0, s2 = 0.0, b = 0.0;
        for (int q = 0; q < Q; q++) {
            const double at = mode[k] + sd[k] * j->rule->node[q], away = at - m[k];
            p[q] = row->log_likelihood(row, &at, win + k, loss + k, NULL, 0.0, 1)
                   - away * away / (2.0 * v[k]) + j->rule->log_weight[q];
            most = VN_MAX(most, p[q]);
        }
        for (int q = 0; q < Q; q++) {
            p[q] = exp(p[q] - most);
            mass += p[q];
            mean += p[q] * j->rule->node[q];
        }
        mean /= mass;
        for (int q = 0; q < Q; q++) {
            const double away = j->rule->node[q] - mean;
            square += p[q] * away * away;
            s2 += p[q] * slope[q][k] * slope[q][k];
            b += p[q] * bend[q][k];
        }
        const double variance = sd[k] * sd[k] * square / mass;
        j->g[from + k] = (mode[k] - m[k] + sd[k] * mean) / v[k];
        j->h[from + k] = VN_MAX(1.0 - variance / v[k], 0.0) / v[k];
        j->slope2[from + k] = s2 / mass;
        j->bend[from + k] = b / mass;
    }
}

static vn_status tilt_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t from = block * BLOCK;
    (void)worker;
    tilt(j, from, (int)(vn_block_end(j->n, BLOCK, block) - from));
    return VN_OK;
}

vn_status vn_tilted(const vn_model_row *model, const vn_tilted_rule *rule, int64_t n,
                    const double *m, const double *v, const double *win, const double *loss,
                    int n_threads, vn_poll poll, void *context, double *mode, double *g, double *h,
                    double *slope2, double *bend)
{
    job j = {model, rule, n, m, v, win, loss, mode, g, h, slope2, bend};
    return vn_team_run(tilt_block, &j, vn_n_blocks(n, BLOCK), n_threads, poll, context);
}
