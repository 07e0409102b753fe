#include "vn_allocate_internal.h"

#include <math.h>
#include <string.h>

#include "vn_math.h"

#define SETTLED 1e-6 /* last step: its square, and ETA of it, are the error left */
#define ETA 1e-4
#define STEPS 100
#define CUTS 40

void vn_posterior_free(vn_posterior *w)
{
    void *blocks[] = {w->a, w->b, w->win, w->loss, w->h, w->start, w->other, w->edge, w->value,
                      w->block_n, w->extra_a, w->extra_b, w->extra_x, w->c, w->history, w->panel,
                      w->turned};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) vn_free(blocks[k]);
    memset(w, 0, sizeof *w);
}

static vn_status reserve(vn_posterior *w, int64_t n, int64_t edges)
{
    if (n > w->room_n) {
        double **rows[] = {&w->theta, &w->trial, &w->slope, &w->next, &w->step, &w->diagonal,
                           &w->r, &w->z, &w->p, &w->q};
        const int64_t many = sizeof rows / sizeof *rows;
        w->room_n = 0;
        if (!vn_renew(&w->block_n, many * n, sizeof(double))) return VN_NO_MEMORY;
        if (!vn_renew(&w->start, n + 1, sizeof(int64_t))) return VN_NO_MEMORY;
        for (int64_t k = 0; k < many; k++) *rows[k] = w->block_n + k * n;
        w->room_n = n;
    }
    if (edges > w->room_edges) {
        w->room_edges = 0;
        if (!vn_renew(&w->a, edges, 4) || !vn_renew(&w->b, edges, 4) || !vn_renew(&w->win, edges, 8)
            || !vn_renew(&w->loss, edges, 8) || !vn_renew(&w->h, edges, 8) || !vn_renew(&w->other, 2 * edges, 4)
            || !vn_renew(&w->edge, 2 * edges, 8) || !vn_renew(&w->value, 2 * edges, 8))
            return VN_NO_MEMORY;
        w->room_edges = edges;
    }
    return VN_OK;
}

/* Neighbours of each item. */
static void link_items(vn_posterior *w)
{
    memset(w->start, 0, sizeof(int64_t) * (size_t)(w->n + 1));
    for (int64_t e = 0; e < w->n_edges; e++) w->start[w->a[e] + 1]++, w->start[w->b[e] + 1]++;
    for (int i = 0; i < w->n; i++) w->start[i + 1] += w->start[i];
    for (int64_t e = 0; e < w->n_edges; e++) {
        const int32_t ends[2] = {w->a[e], w->b[e]};
        for (int side = 0; side < 2; side++) {
            const int64_t at = w->start[ends[side]]++;
            w->other[at] = ends[1 - side];
            w->edge[at] = e;
        }
    }
    for (int i = w->n; i > 0; i--) w->start[i] = w->start[i - 1];
    w->start[0] = 0;
}

vn_status vn_posterior_load(vn_posterior *w, const vn_allocate_votes *v, int64_t k,
                            const uint8_t *held)
{
    const int64_t from = v->cell_ptr[k], to = v->cell_ptr[k + 1];
    const vn_status status = reserve(w, v->item_ptr[k + 1] - v->item_ptr[k], to - from);
    if (status != VN_OK) return status;
    w->n = (int)(v->item_ptr[k + 1] - v->item_ptr[k]);
    w->mean = v->mean + v->item_ptr[k];
    w->precision = v->precision;
    w->n_extra = 0;
    w->n_history = 0;
    int64_t e = 0;
    for (int64_t q = from; q < to; q++) {
        const double half = v->tie ? 0.5 * v->tie[q] : 0.0;
        const double win = v->win[q] + half, loss = v->loss[q] + half;
        if ((held && held[q]) || !(win + loss > 0.0)) continue;
        if (e > 0 && w->a[e - 1] == v->first[q] && w->b[e - 1] == v->second[q]) {
            w->win[e - 1] += win;
            w->loss[e - 1] += loss;
            continue;
        }
        w->a[e] = v->first[q];
        w->b[e] = v->second[q];
        w->win[e] = win;
        w->loss[e++] = loss;
    }
    w->n_edges = e;
    link_items(w);
    return VN_OK;
}

/* Derivative of the log-likelihood by each edge's difference, and its curvature h. */
VN_CLONES
static void links(int64_t n_edges, const int32_t *restrict a, const int32_t *restrict b,
                  const double *restrict win, const double *restrict loss,
                  const double *restrict theta, double *restrict g, double *restrict h)
{
    VN_PRAGMA(omp simd)
    for (int64_t e = 0; e < n_edges; e++) {
        const double d = theta[a[e]] - theta[b[e]];
        const double t = vn_exp_neg(-fabs(d)), per = 1.0 / (1.0 + t);
        const double p = d >= 0.0 ? per : t * per, mass = win[e] + loss[e];
        g[e] = win[e] - mass * p;
        h[e] = mass * t * per * per;
    }
}

/* Gradient of the log-posterior at x; `value` and `diagonal` get the information there. */
static void derivatives(vn_posterior *w, const double *x, double *gradient)
{
    double *g = w->value; /* room for 2 n_edges: it is filled below, from h */
    links(w->n_edges, w->a, w->b, w->win, w->loss, x, g, w->h);
    for (int i = 0; i < w->n; i++) gradient[i] = -w->precision * (x[i] - w->mean[i]);
    for (int64_t e = 0; e < w->n_edges; e++) {
        gradient[w->a[e]] += g[e];
        gradient[w->b[e]] -= g[e];
    }
    for (int i = 0; i < w->n; i++) {
        double sum = w->precision;
        for (int64_t q = w->start[i]; q < w->start[i + 1]; q++) {
            w->value[q] = w->h[w->edge[q]];
            sum += w->value[q];
        }
        w->diagonal[i] = sum;
    }
}

VN_CLONES
static double dot(int n, const double *restrict x, const double *restrict y)
{
    double sum[8] = {0.0};
    int i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) sum[l] += x[i + l] * y[i + l];
    for (; i < n; i++) sum[i % 8] += x[i] * y[i];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* y = (H + extra) x */
VN_CLONES
static void apply(const vn_posterior *w, const double *restrict x, double *restrict y)
{
    for (int i = 0; i < w->n; i++) {
        double sum = w->diagonal[i] * x[i];
        for (int64_t q = w->start[i]; q < w->start[i + 1]; q++) sum -= w->value[q] * x[w->other[q]];
        y[i] = sum;
    }
    for (int64_t e = 0; e < w->n_extra; e++) { /* the diagonal has its part */
        y[w->extra_a[e]] -= w->extra_x[e] * x[w->extra_b[e]];
        y[w->extra_b[e]] -= w->extra_x[e] * x[w->extra_a[e]];
    }
}

VN_CLONES
void vn_posterior_solve(vn_posterior *w, const double *rhs, double eta, double *x)
{
    const int n = w->n;
    double *restrict r = w->r, *restrict z = w->z, *restrict p = w->p, *restrict q = w->q;
    for (int i = 0; i < n; i++) {
        x[i] = 0.0;
        r[i] = rhs[i];
        z[i] = p[i] = rhs[i] / w->diagonal[i];
    }
    double size = dot(n, r, z);
    const double enough = eta * eta * size;
    for (int64_t iteration = 0; iteration < 10L * n + 100 && size > enough; iteration++) {
        apply(w, p, q);
        const double length = size / dot(n, p, q);
        for (int i = 0; i < n; i++) {
            x[i] += length * p[i];
            r[i] -= length * q[i];
            z[i] = r[i] / w->diagonal[i];
        }
        const double now = dot(n, r, z), turn = now / size;
        for (int i = 0; i < n; i++) p[i] = z[i] + turn * p[i];
        size = now;
    }
}

void vn_posterior_mode(vn_posterior *w)
{
    const int n = w->n;
    memcpy(w->theta, w->mean, sizeof(double) * (size_t)n);
    derivatives(w, w->theta, w->slope);
    for (int k = 0; k < STEPS; k++) {
        vn_posterior_solve(w, w->slope, ETA, w->step);
        double most = 0.0;
        for (int i = 0; i < n; i++) most = fmax(most, fabs(w->step[i]));
        const double rise = dot(n, w->slope, w->step);
        double length = 1.0;
        for (int cut = 0; cut < CUTS; cut++) { /* the slope along the step falls to 0 at the best length */
            for (int i = 0; i < n; i++) w->trial[i] = w->theta[i] + length * w->step[i];
            derivatives(w, w->trial, w->next);
            const double left = dot(n, w->next, w->step);
            if (!(left < -0.5 * rise)) break;
            length *= fmax(0.1, rise / (rise - left));
        }
        double *swap = w->theta;
        w->theta = w->trial;
        w->trial = swap;
        swap = w->slope;
        w->slope = w->next;
        w->next = swap;
        if (!(most > SETTLED)) return;
    }
}
