#include <math.h>
#include <string.h>

#include "vn_allocate_pick.h"
#include "vn_random.h"

#define LANES VN_LANES_SOLVED
#define AT_ONCE 8 /* blocks of LANES combinations whose solutions are held together */
#define ETA 1e-4  /* far below what the sketch leaves */

void vn_posterior_noise(const vn_posterior *w, const double *draw, double *out)
{
    const double root = sqrt(w->precision);
    const double *of_item = draw + w->n_edges, *of_extra = of_item + w->n;
    for (int i = 0; i < w->n; i++) out[i] = root * of_item[i];
    for (int64_t e = 0; e < w->n_edges; e++) {
        const double x = sqrt(w->h[e]) * draw[e];
        out[w->a[e]] += x;
        out[w->b[e]] -= x;
    }
    for (int64_t e = 0; e < w->n_extra; e++) {
        const double x = sqrt(w->extra_x[e]) * of_extra[e];
        out[w->extra_a[e]] += x;
        out[w->extra_b[e]] -= x;
    }
}

/* The k-th largest of x, k <= n: a heap of the k largest so far, its least at the top. */
static double kth_largest(const double *x, int n, int64_t k, double *heap)
{
    int64_t size = 0;
    for (int i = 0; i < n; i++) {
        if (size == k && !(x[i] > heap[0])) continue;
        int64_t at;
        if (size < k) {
            for (at = size++; at > 0 && heap[(at - 1) / 2] > x[i]; at = (at - 1) / 2)
                heap[at] = heap[(at - 1) / 2];
        } else {
            at = 0;
            for (int64_t child; (child = 2 * at + 1) < k; at = child) {
                if (child + 1 < k && heap[child + 1] < heap[child]) child++;
                if (!(heap[child] < x[i])) break;
                heap[at] = heap[child];
            }
        }
        heap[at] = x[i];
    }
    return heap[0];
}

vn_status vn_posterior_chance(vn_posterior *w, int64_t top, const uint64_t key[2], uint64_t group,
                              double *chance)
{
    const int n = w->n;
    const int64_t count = w->n_edges + n + w->n_extra, padded = n + VN_PANEL;
    double *draws = vn_malloc((size_t)(2 * count + 3 * padded) * sizeof *draws);
    if (!draws) return VN_NO_MEMORY;
    double *noise = draws + 2 * count, *theta = noise + padded, *heap = theta + padded;
    memset(noise, 0, sizeof(double) * (size_t)padded);
    for (int i = 0; i < n; i++) chance[i] = 0.0;
    for (int t = 0; t < VN_N_DRAWS; t++) {
        for (int64_t q = 0; t % 2 == 0 && q < count; q++) {
            uint64_t word0, word1;
            double cosine, sine;
            vn_threefry(key, VN_STREAM_NORMAL + (uint64_t)(t / 2) * (uint64_t)count + (uint64_t)q, group,
                        &word0, &word1);
            const double radius = sqrt(-2.0 * vn_log(vn_uniform(word0)));
            vn_circle(vn_uniform(word1), &cosine, &sine);
            draws[q] = radius * cosine;
            draws[count + q] = radius * sine;
        }
        vn_posterior_noise(w, draws + (t % 2 ? count : 0), noise);
        vn_posterior_multiply(w, noise, theta);
        for (int i = 0; i < n; i++) theta[i] += w->theta[i];
        const double least = kth_largest(theta, n, VN_MIN(top, n), heap);
        for (int i = 0; i < n; i++) chance[i] += theta[i] >= least ? 1.0 / VN_N_DRAWS : 0.0;
    }
    vn_free(draws);
    return VN_OK;
}

/* ---- many right-hand sides -------------------------------------------------------------------- */

typedef double lanes[LANES];

/* y = (H + extra) x, lane by lane */
VN_CLONES
static void apply_lanes(const vn_posterior *w, const lanes *restrict x, lanes *restrict y)
{
    for (int i = 0; i < w->n; i++) {
        lanes sum;
        for (int l = 0; l < LANES; l++) sum[l] = w->diagonal[i] * x[i][l];
        for (int64_t q = w->start[i]; q < w->start[i + 1]; q++)
            for (int l = 0; l < LANES; l++) sum[l] -= w->value[q] * x[w->other[q]][l];
        for (int l = 0; l < LANES; l++) y[i][l] = sum[l];
    }
    for (int64_t e = 0; e < w->n_extra; e++)
        for (int l = 0; l < LANES; l++) {
            y[w->extra_a[e]][l] -= w->extra_x[e] * x[w->extra_b[e]][l];
            y[w->extra_b[e]][l] -= w->extra_x[e] * x[w->extra_a[e]][l];
        }
}

/* x = (H + extra)^-1 r, which is used up, by conjugate gradients in every lane; p, q: room. */
VN_CLONES
static void solve_lanes(const vn_posterior *w, lanes *restrict r, lanes *restrict x,
                        lanes *restrict p, lanes *restrict q)
{
    const int n = w->n;
    lanes size = {0.0}, enough;
    for (int i = 0; i < n; i++)
        for (int l = 0; l < LANES; l++) {
            x[i][l] = 0.0;
            p[i][l] = r[i][l] / w->diagonal[i];
            size[l] += r[i][l] * p[i][l];
        }
    for (int l = 0; l < LANES; l++) enough[l] = ETA * ETA * size[l];
    for (int64_t iteration = 0; iteration < 10 * (int64_t)n + 100; iteration++) {
        int left = 0;
        lanes across = {0.0}, length, turn, now = {0.0};
        for (int l = 0; l < LANES; l++) left += size[l] > enough[l];
        if (!left) return;
        apply_lanes(w, (const lanes *)p, q);
        for (int i = 0; i < n; i++)
            for (int l = 0; l < LANES; l++) across[l] += p[i][l] * q[i][l];
        for (int l = 0; l < LANES; l++) length[l] = across[l] > 0.0 ? size[l] / across[l] : 0.0;
        for (int i = 0; i < n; i++) {
            const double per = 1.0 / w->diagonal[i];
            for (int l = 0; l < LANES; l++) {
                x[i][l] += length[l] * p[i][l];
                r[i][l] -= length[l] * q[i][l];
                now[l] += r[i][l] * r[i][l] * per;
            }
        }
        for (int l = 0; l < LANES; l++) turn[l] = size[l] > 0.0 ? now[l] / size[l] : 0.0, size[l] = now[l];
        for (int i = 0; i < n; i++) {
            const double per = 1.0 / w->diagonal[i];
            for (int l = 0; l < LANES; l++) p[i][l] = r[i][l] * per + turn[l] * p[i][l];
        }
    }
}

/* Random signs of combinations [column, column + LANES) for the number `at`. */
static inline void signs(const uint64_t key[2], uint64_t group, uint64_t at, int column, int columns,
                         double *out)
{
    uint64_t word0, word1;
    vn_threefry(key, VN_STREAM_SIGN + at * (uint64_t)((columns + 63) / 64) + (uint64_t)(column / 64),
                group, &word0, &word1);
    for (int l = 0; l < LANES; l++) out[l] = (word0 >> (column % 64 + l) & 1) ? 1.0 : -1.0;
}

/* One block of combinations: of the votes and the prior, or of the items where `metric`. */
static void combine(const vn_posterior *w, const uint64_t key[2], uint64_t group, int column,
                    int columns, const double *metric, lanes *out)
{
    double s[LANES];
    const double root = sqrt(w->precision);
    const uint64_t items = (uint64_t)w->n_edges, extra = items + (uint64_t)w->n;
    for (int i = 0; i < w->n; i++) {
        signs(key, group, items + (uint64_t)i, column, columns, s);
        const double x = metric ? sqrt(metric[i]) : root;
        for (int l = 0; l < LANES; l++) out[i][l] = x * s[l];
    }
    for (int64_t e = 0; !metric && e < w->n_edges + w->n_extra; e++) {
        const int old = e < w->n_edges;
        const int64_t k = old ? e : e - w->n_edges;
        const int32_t a = old ? w->a[k] : w->extra_a[k], b = old ? w->b[k] : w->extra_b[k];
        const double x = sqrt(old ? w->h[k] : w->extra_x[k]);
        signs(key, group, old ? (uint64_t)e : extra + (uint64_t)k, column, columns, s);
        for (int l = 0; l < LANES; l++) {
            out[a][l] += x * s[l];
            out[b][l] -= x * s[l];
        }
    }
}

vn_status vn_sketch(vn_picker *w, const vn_allocate_options *o, uint64_t group,
                    const double *metric, double *out)
{
    const vn_posterior *p = &w->posterior;
    const int64_t n = p->n;
    const int columns = (o->sketch + LANES - 1) / LANES * LANES, blocks = columns / LANES;
    lanes *solved = vn_aligned_alloc(64, sizeof(lanes) * (size_t)(AT_ONCE * n));
    vn_status status = solved ? VN_OK : VN_NO_MEMORY;
    for (int64_t e = 0; e < w->n_candidates; e++) out[e] = 0.0;
    for (int from = 0; from < blocks && status == VN_OK; from += AT_ONCE) {
        const int some = VN_MIN(AT_ONCE, blocks - from);
        VN_PRAGMA(omp parallel for num_threads(w->n_threads) schedule(dynamic))
        for (int k = 0; k < some; k++) {
            lanes *room = vn_aligned_alloc(64, sizeof(lanes) * (size_t)(3 * n));
            if (room) {
                combine(p, o->key, group, (from + k) * LANES, columns, metric, room);
                solve_lanes(p, room, solved + k * n, room + n, room + 2 * n);
            } else {
                VN_PRAGMA(omp atomic write)
                status = VN_NO_MEMORY;
            }
            vn_free(room);
        }
        VN_PRAGMA(omp parallel for num_threads(w->n_threads) schedule(static))
        for (int64_t e = 0; e < w->n_candidates; e++) {
            double sum = 0.0;
            for (int k = 0; k < some; k++) {
                const double *one = solved[k * n + w->a[e]], *two = solved[k * n + w->b[e]];
                for (int l = 0; l < LANES; l++) sum += (one[l] - two[l]) * (one[l] - two[l]);
            }
            out[e] += sum / columns;
        }
        if (vn_posterior_stops(&w->posterior, AT_ONCE * LANES * 50 * (n + p->n_edges)))
            status = VN_INTERRUPTED;
    }
    vn_free(solved);
    return status;
}
