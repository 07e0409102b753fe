#include <math.h>
#include <string.h>

#include "vn_small.h"

#define QUICK 200 /* iterations after which float32 has had its chance */

/* Sums in a fixed order, which a compiler may keep in one vector. */
static inline double total(const double *s)
{
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

double vn_small_dot(const double *restrict x, const double *restrict y, int n)
{
    double s[VN_LANES] = {0.0};
    for (int i = 0; i < n; i += VN_LANES)
        for (int k = 0; k < VN_LANES; k++) s[k] += x[i + k] * y[i + k];
    return total(s);
}

/* q = H p; returns p.q */
VN_CLONES
static double product(const vn_small *w, const double *restrict p, double *restrict q)
{
    const double *restrict diag = w->diag;
    for (int i = 0; i < w->rows; i++) q[i] = diag[i] * p[i];
    for (int s = 0; s < w->n_slots; s++) {
        const double *restrict v = w->val + w->slot[s];
        const int32_t *restrict col = w->col + w->slot[s];
        const int reach = w->reach[s];
        for (int i = 0; i < reach; i++) q[i] -= v[i] * p[col[i]];
    }
    for (int e = 0; e < w->n_more; e++) {
        q[w->more_a[e]] -= w->more[e] * p[w->more_b[e]];
        q[w->more_b[e]] -= w->more[e] * p[w->more_a[e]];
    }
    double sum[VN_LANES] = {0.0};
    for (int i = 0; i < w->rows; i += VN_LANES)
        for (int k = 0; k < VN_LANES; k++) sum[k] += p[i + k] * q[i + k];
    return total(sum);
}

/* x += alpha p, r -= alpha q, z = D^-1 r; returns r.z */
VN_CLONES
static double advance(const vn_small *w, double alpha, double *restrict x, double *restrict r,
                      double *restrict z, const double *restrict p, const double *restrict q)
{
    const double *restrict per_diag = w->per_diag;
    double sum[VN_LANES] = {0.0};
    for (int i = 0; i < w->rows; i += VN_LANES)
        for (int k = 0; k < VN_LANES; k++) {
            x[i + k] += alpha * p[i + k];
            r[i + k] -= alpha * q[i + k];
            z[i + k] = per_diag[i + k] * r[i + k];
            sum[k] += r[i + k] * z[i + k];
        }
    return total(sum);
}

VN_CLONES
static void turn(double beta, const double *restrict z, double *restrict p, int n)
{
    for (int i = 0; i < n; i++) p[i] = z[i] + beta * p[i];
}

int vn_small_solve(vn_small *w, const double *rhs, double eta, int limit, double *x)
{
    const int n = w->rows;
    double *r = w->r, *z = w->z, *p = w->p, *q = w->q;
    const int quick = vn_small_solve_wide(w, rhs, eta, VN_MIN(limit, QUICK), x);
    if (quick >= 0) return quick;
    memset(x, 0, sizeof(double) * (size_t)n);
    memset(p, 0, sizeof(double) * (size_t)n);
    memset(q, 0, sizeof(double) * (size_t)n);
    memcpy(r, rhs, sizeof(double) * (size_t)n);
    double rz = advance(w, 0.0, x, r, z, p, q);
    const double first = rz, goal = eta * eta * rz;
    memcpy(p, z, sizeof(double) * (size_t)n);
    int it = 0;
    for (; rz > goal && it < limit; it++) {
        if (w->watch && it % 16 == 15 && vn_watch_stops(w->watch, w->worker)) return -1;
        const double pq = product(w, p, q);
        if (!(pq > 0.0)) break;
        const double before = rz;
        rz = advance(w, rz / pq, x, r, z, p, q);
        turn(rz / before, z, p, n);
    }
    w->reached = first > 0.0 ? sqrt(rz / first) : 0.0;
    return rz > goal && it == limit ? -1 : it;
}

double vn_small_left(vn_small *w, const double *rhs, const double *x)
{
    product(w, x, w->q);
    for (int i = 0; i < w->rows; i++) w->r[i] = rhs[i] - w->q[i];
    return vn_small_largest_ratio(w, w->r);
}
