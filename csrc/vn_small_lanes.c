/* The solve of vn_small_solve.c for VN_LANES right-hand sides: the matrix is read once for all. */
#include "vn_small.h"

#define BLOCK 64 /* rows whose sums stay in the cache */

/* y = H x, lane by lane */
VN_CLONES
static void product(const vn_small *w, const vn_lanes *restrict x, vn_lanes *restrict y)
{
    for (int from = 0; from < w->rows; from += BLOCK) {
        const int to = VN_MIN(from + BLOCK, w->rows);
        for (int i = from; i < to; i++)
            for (int l = 0; l < VN_LANES; l++) y[i][l] = w->diag[i] * x[i][l];
        for (int s = 0; s < w->n_slots && w->reach[s] > from; s++) {
            const double *restrict v = w->val + w->slot[s];
            const int32_t *restrict col = w->col + w->slot[s];
            for (int i = from; i < VN_MIN(to, w->reach[s]); i++)
                for (int l = 0; l < VN_LANES; l++) y[i][l] -= v[i] * x[col[i]][l];
        }
    }
    for (int e = 0; e < w->n_more; e++)
        for (int l = 0; l < VN_LANES; l++) {
            y[w->more_a[e]][l] -= w->more[e] * x[w->more_b[e]][l];
            y[w->more_b[e]][l] -= w->more[e] * x[w->more_a[e]][l];
        }
}

VN_CLONES
void vn_small_solve_lanes(const vn_small *w, vn_lanes *restrict r, double eta, int limit,
                          vn_lanes *restrict x, vn_lanes *restrict p, vn_lanes *restrict q, int worker)
{
    const int n = w->rows;
    const double *restrict per = w->per_diag;
    vn_lanes size = {0.0}, enough;
    for (int i = 0; i < n; i++)
        for (int l = 0; l < VN_LANES; l++) {
            x[i][l] = 0.0;
            p[i][l] = r[i][l] * per[i];
            size[l] += r[i][l] * p[i][l];
        }
    for (int l = 0; l < VN_LANES; l++) enough[l] = eta * eta * size[l];
    for (int it = 0; it < limit; it++) {
        int left = 0;
        vn_lanes across = {0.0}, length, turn, now = {0.0};
        for (int l = 0; l < VN_LANES; l++) left += size[l] > enough[l];
        if (!left || (w->watch && it % 16 == 15 && vn_watch_stops(w->watch, worker))) return;
        product(w, (const vn_lanes *)p, q);
        for (int i = 0; i < n; i++)
            for (int l = 0; l < VN_LANES; l++) across[l] += p[i][l] * q[i][l];
        for (int l = 0; l < VN_LANES; l++) length[l] = across[l] > 0.0 ? size[l] / across[l] : 0.0;
        for (int i = 0; i < n; i++)
            for (int l = 0; l < VN_LANES; l++) {
                x[i][l] += length[l] * p[i][l];
                r[i][l] -= length[l] * q[i][l];
                now[l] += r[i][l] * r[i][l] * per[i];
            }
        for (int l = 0; l < VN_LANES; l++) {
            turn[l] = size[l] > 0.0 ? now[l] / size[l] : 0.0;
            size[l] = now[l];
        }
        for (int i = 0; i < n; i++)
            for (int l = 0; l < VN_LANES; l++) p[i][l] = r[i][l] * per[i] + turn[l] * p[i][l];
    }
}
