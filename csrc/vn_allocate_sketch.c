#include <math.h>
#include <string.h>

#include "vn_allocate_pick.h"
#include "vn_random.h"
#include "vn_team.h"

#define LANES VN_LANES
#define AT_ONCE 8 /* blocks of LANES combinations whose solutions are held together */
#define ETA 1e-4  /* far below what the sketch leaves */
#define CANDIDATES 2048 /* of a block */

void vn_posterior_noise(const vn_posterior *w, const double *draw, double *out)
{
    const vn_small *s = &w->small;
    const double *of_item = draw + s->n_edges, *of_ask = of_item + w->n;
    for (int i = 0; i < w->n; i++)
        out[i] = sqrt(vn_prior_precision(&w->model.prior, i)) * of_item[i];
    for (int e = 0; e < s->n_edges; e++) {
        const double x = sqrt(s->h[e]) * draw[e];
        out[w->item[s->a[e]]] += x;
        out[w->item[s->b[e]]] -= x;
    }
    for (int e = 0; e < s->n_more; e++) {
        const double x = sqrt(s->more[e]) * of_ask[e];
        out[w->item[s->more_a[e]]] += x;
        out[w->item[s->more_b[e]]] -= x;
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
    const int64_t count = w->small.n_edges + n + w->small.n_more, padded = n + VN_PANEL;
    double *draws = vn_malloc((size_t)(2 * count + 3 * padded) * sizeof *draws);
    if (!draws) return VN_NO_MEMORY;
    double *noise = draws + 2 * count, *theta = noise + padded, *heap = theta + padded;
    memset(noise, 0, sizeof(double) * (size_t)padded);
    for (int i = 0; i < n; i++) chance[i] = 0.0;
    for (int t = 0; t < VN_N_DRAWS; t++) {
        for (int64_t q = 0; t % 2 == 0 && q < count; q++) {
            uint64_t word0, word1;
            vn_threefry(key, VN_STREAM_NORMAL + (uint64_t)(t / 2) * (uint64_t)count + (uint64_t)q, group,
                        &word0, &word1);
            vn_normals(word0, word1, &draws[q], &draws[count + q]);
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
                    int columns, const double *metric, vn_lanes *out)
{
    double sign[LANES];
    const vn_small *s = &w->small;
    const uint64_t items = (uint64_t)s->n_edges, asks = items + (uint64_t)w->n;
    memset(out, 0, sizeof *out * (size_t)s->rows);
    for (int i = 0; i < w->n; i++) {
        signs(key, group, items + (uint64_t)i, column, columns, sign);
        const double x = sqrt(metric ? metric[i] : vn_prior_precision(&w->model.prior, i));
        for (int l = 0; l < LANES; l++) out[s->row[i]][l] = x * sign[l];
    }
    for (int e = 0; !metric && e < s->n_edges + s->n_more; e++) {
        const int voted = e < s->n_edges, k = voted ? e : e - s->n_edges;
        const int32_t a = voted ? s->a[k] : s->more_a[k], b = voted ? s->b[k] : s->more_b[k];
        const double x = sqrt(voted ? s->h[k] : s->more[k]);
        signs(key, group, voted ? (uint64_t)k : asks + (uint64_t)k, column, columns, sign);
        for (int l = 0; l < LANES; l++) {
            out[a][l] += x * sign[l];
            out[b][l] -= x * sign[l];
        }
    }
}

typedef struct {
    const vn_picker *picker;
    const vn_allocate_options *options;
    uint64_t group;
    const double *metric;
    int columns, from; /* combinations; the first block of those at hand, */
    int some;          /* and how many */
    vn_lanes *solved, **room;
    double *out;
} sketch_job;

static vn_status solve_combinations(void *arg, int64_t k, int worker)
{
    const sketch_job *j = arg;
    const vn_posterior *p = &j->picker->posterior;
    const int64_t rows = p->small.rows;
    vn_lanes **room = &j->room[worker];
    if (!*room) *room = vn_aligned_alloc(64, sizeof(vn_lanes) * (size_t)(3 * rows));
    if (!*room) return VN_NO_MEMORY;
    combine(p, j->options->key, j->group, (j->from + (int)k) * LANES, j->columns, j->metric, *room);
    vn_small_solve_lanes(&p->small, *room, ETA, 10 * p->n + 100, j->solved + k * rows, *room + rows,
                         *room + 2 * rows, worker);
    return vn_watch_over(p->small.watch) ? VN_INTERRUPTED : VN_OK;
}

static vn_status add_squares(void *arg, int64_t block, int worker)
{
    const sketch_job *j = arg;
    const vn_picker *w = j->picker;
    const vn_small *s = &w->posterior.small;
    (void)worker;
    const int64_t stop = vn_block_end(w->n_candidates, CANDIDATES, block);
    for (int64_t e = block * CANDIDATES; e < stop; e++) {
        double sum = 0.0;
        for (int k = 0; k < j->some; k++) {
            const vn_lanes *solved = j->solved + (int64_t)k * s->rows;
            const double *one = solved[s->row[w->a[e]]], *two = solved[s->row[w->b[e]]];
            for (int l = 0; l < LANES; l++) sum += (one[l] - two[l]) * (one[l] - two[l]);
        }
        j->out[e] += sum / j->columns;
    }
    return VN_OK;
}

vn_status vn_sketch(vn_picker *w, const vn_allocate_options *o, uint64_t group,
                    const double *metric, double *out)
{
    const vn_small *s = &w->posterior.small;
    const int columns = (o->sketch + LANES - 1) / LANES * LANES, blocks = columns / LANES;
    vn_lanes *room[AT_ONCE] = {NULL};
    sketch_job j = {.picker = w, .options = o, .group = group, .metric = metric,
                    .columns = columns, .room = room, .out = out};
    j.solved = vn_aligned_alloc(64, sizeof(vn_lanes) * (size_t)(AT_ONCE * s->rows));
    vn_status status = j.solved ? VN_OK : VN_NO_MEMORY;
    for (int64_t e = 0; e < w->n_candidates; e++) out[e] = 0.0;
    for (j.from = 0; j.from < blocks && status == VN_OK; j.from += AT_ONCE) {
        j.some = VN_MIN(AT_ONCE, blocks - j.from);
        status = vn_team_run(solve_combinations, &j, j.some, w->n_threads, vn_watch_poll, s->watch);
        if (status == VN_OK)
            status = vn_team_run(add_squares, &j, vn_n_blocks(w->n_candidates, CANDIDATES),
                                 w->n_threads, vn_watch_poll, s->watch);
    }
    for (int k = 0; k < AT_ONCE; k++) vn_free(room[k]);
    vn_free(j.solved);
    return status;
}
