#include "vn_problem.h"

#include <math.h>
#include <string.h>

#define TILE 1024
#define SUMS 8

vn_status vn_problem_build(vn_problem *p, int n_threads)
{
    const int64_t n = p->n, e = p->n_edges;
    if (e >= (int64_t)UINT32_MAX) return VN_TOO_LARGE;
    const int n_bend = p->has_gamma + p->has_tie;
    p->n_border = n_bend + p->has_level;
    p->n_tiles = (e + TILE - 1) / TILE;
    vn_laplacian *h = &p->h;
    h->n = n;
    p->lower_ptr = vn_calloc((size_t)n + 1, sizeof(int64_t));
    h->ptr = vn_malloc(sizeof(int64_t) * (size_t)(n + 1));
    h->col = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(2 * e, 1));
    h->val = vn_calloc((size_t)VN_MAX(2 * e, 1), sizeof(float));
    p->lower = vn_malloc(sizeof(uint32_t) * (size_t)VN_MAX(e, 1));
    p->slope = vn_malloc(sizeof(double) * (size_t)VN_MAX(e, 1));
    p->mass = vn_calloc((size_t)n, sizeof(double));
    p->tile_sums = vn_malloc(sizeof(double) * SUMS * (size_t)VN_MAX(p->n_tiles, 1));
    if (!p->lower_ptr || !h->ptr || !h->col || !h->val || !p->lower || !p->slope || !p->mass
        || !p->tile_sums)
        return VN_NO_MEMORY;
    for (int k = 0; k < p->n_border; k++) {
        p->border[k] = vn_calloc((size_t)n, sizeof(double));
        if (k < n_bend) p->bend[k] = vn_malloc(sizeof(float) * (size_t)VN_MAX(e, 1));
        if (!p->border[k] || (k < n_bend && !p->bend[k])) return VN_NO_MEMORY;
    }
    if (p->has_level) memcpy(p->border[0], p->pull, sizeof(double) * (size_t)n);

    /* The transpose: each thread owns a range of hi and goes over all edges in order. */
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
    for (int t = 0; t < n_threads; t++) {
        const int32_t from = (int32_t)(n * t / n_threads), to = (int32_t)(n * (t + 1) / n_threads);
        for (int64_t k = 0; k < e; k++)
            if (p->hi[k] >= from && p->hi[k] < to) p->lower_ptr[p->hi[k] + 1]++;
    }
    for (int64_t i = 0; i < n; i++) p->lower_ptr[i + 1] += p->lower_ptr[i];
    for (int64_t i = 0; i <= n; i++) h->ptr[i] = p->lower_ptr[i] + p->edge_ptr[i];
    vn_status status = vn_laplacian_finish(h);
    if (status != VN_OK) return status;
    p->partial = vn_malloc(sizeof(double) * (size_t)VN_MAX(h->n_blocks, 1));
    /* diag serves as the cursor of each row while the lower entries are placed */
    int64_t *cursor = vn_malloc(sizeof(int64_t) * (size_t)VN_MAX(n, 1));
    if (!p->partial || !cursor) {
        vn_free(cursor);
        return VN_NO_MEMORY;
    }
    memcpy(cursor, p->lower_ptr, sizeof(int64_t) * (size_t)n);
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
    for (int t = 0; t < n_threads; t++) {
        const int32_t from = (int32_t)(n * t / n_threads), to = (int32_t)(n * (t + 1) / n_threads);
        for (int64_t lo = 0; lo < n; lo++)
            for (int64_t k = p->edge_ptr[lo]; k < p->edge_ptr[lo + 1]; k++) {
                const int32_t hi = p->hi[k];
                if (hi < from || hi >= to) continue;
                const int64_t at = cursor[hi]++;
                p->lower[at] = (uint32_t)k;
                h->col[at + p->edge_ptr[hi]] = (int32_t)lo;
            }
    }
    vn_free(cursor);
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t b = 0; b < h->n_blocks; b++)
        for (int64_t i = h->block[b]; i < h->block[b + 1]; i++) {
            double mass = 0.0;
            for (int64_t k = p->edge_ptr[i]; k < p->edge_ptr[i + 1]; k++) {
                h->col[p->lower_ptr[i + 1] + k] = p->hi[k];
                mass += p->win[k] + p->loss[k] + (p->tie ? p->tie[k] : 0.0);
            }
            for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++) {
                const uint32_t q = p->lower[k];
                mass += p->win[q] + p->loss[q] + (p->tie ? p->tie[q] : 0.0);
            }
            p->mass[i] = mass;
        }
    vn_problem_set_prior(p, p->prior);
    double most = 0.0, least = INFINITY, direct = 0.0;
    p->total = 0.0;
    for (int64_t i = 0; i < n; i++) {
        p->total += p->mass[i];
        if (p->pull) {
            const double weight = p->pull[i] > 1.0 ? sqrt(p->pull[i]) : p->pull[i];
            direct += weight;
            p->mass[i] += weight;
        }
        if (p->mass[i] > 0.0) {
            most = fmax(most, p->mass[i]);
            least = fmin(least, p->mass[i]);
        }
    }
    p->total = p->has_level ? direct : 0.5 * p->total;
    p->mass_ratio = most > 0.0 ? most / least : 1.0;
    return VN_OK;
}

void vn_problem_free(vn_problem *p)
{
    vn_laplacian_free(&p->h);
    vn_free(p->lower_ptr);
    vn_free(p->lower);
    vn_free(p->slope);
    vn_free(p->mass);
    vn_free(p->tile_sums);
    vn_free(p->partial);
    for (int k = 0; k < VN_MAX_BORDER; k++) {
        vn_free(p->border[k]);
        vn_free(p->bend[k]);
    }
    memset(p, 0, sizeof *p);
}

void vn_problem_set_prior(vn_problem *p, double prior)
{
    p->prior = prior;
    for (int64_t i = 0; i < p->n; i++) p->h.extra[i] = prior + (p->pull ? p->pull[i] : 0.0);
}

static inline int64_t row_of_edge(const vn_problem *p, int64_t e)
{
    int64_t lo = 0, hi = p->n;
    while (hi - lo > 1) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (p->edge_ptr[mid] <= e) lo = mid; else hi = mid;
    }
    return lo;
}

/* Linear predictors of the edges [first, first + len) less their offsets: linear in x. */
VN_CLONES
static void differences(const vn_problem *p, const double *x, int64_t first, int len, double *d)
{
    int64_t row = row_of_edge(p, first), e = first;
    const int64_t end = first + len;
    while (e < end) {
        while (p->edge_ptr[row + 1] <= e) row++;
        const int64_t stop = VN_MIN(p->edge_ptr[row + 1], end);
        const double here = x[row];
        for (; e < stop; e++) d[e - first] = here - x[p->hi[e]];
    }
    if (p->has_gamma) {
        const double gamma = x[p->n];
        for (int k = 0; k < len; k++) d[k] += gamma * (double)p->order[first + k];
    }
    if (p->scale)
        for (int k = 0; k < len; k++) d[k] *= p->scale[first + k];
}

static void predictors(const vn_problem *p, const double *x, int64_t first, int len, double *d)
{
    differences(p, x, first, len, d);
    if (p->offset)
        for (int k = 0; k < len; k++) d[k] += p->offset[first + k];
}

/* Derivatives of one tile of edges: slopes, curvatures into the upper entries of h, border terms. */
VN_CLONES
static void tile_derivatives(vn_problem *p, const double *x, int64_t tile)
{
    double d[TILE], h[TILE], dt[TILE], model_sums[2] = {0.0, 0.0};
    const int64_t first = tile * TILE;
    const int len = (int)VN_MIN((int64_t)TILE, p->n_edges - first);
    const double t = p->has_tie ? x[p->n + p->has_gamma] : 0.0;
    const double *win = p->win + first, *loss = p->loss + first;
    const double *tie = p->tie ? p->tie + first : NULL;
    double *g = p->slope + first, *sums = p->tile_sums + tile * SUMS;
    predictors(p, x, first, len, d);
    vn_derivatives(p->model)(d, win, loss, tie, t, len, g, h, dt, model_sums);
    if (p->scale) {
        const double *scale = p->scale + first;
        for (int k = 0; k < len; k++) {
            g[k] *= scale[k];
            h[k] *= scale[k] * scale[k];
            if (p->has_tie) dt[k] *= scale[k];
        }
    }
    for (int k = 0; k < len; k++) {
        const double floor = 1e-20 * (win[k] + loss[k]);
        h[k] = h[k] > floor ? h[k] : floor;
    }
    /* upper entries stand at lower_ptr[lo + 1] + edge */
    int64_t row = row_of_edge(p, first), e = first;
    while (e < first + len) {
        while (p->edge_ptr[row + 1] <= e) row++;
        const int64_t stop = VN_MIN(p->edge_ptr[row + 1], first + len);
        float *out = p->h.val + p->lower_ptr[row + 1];
        for (; e < stop; e++) out[e] = (float)h[e - first];
    }
    for (int k = 0; k < SUMS; k++) sums[k] = 0.0;
    int b = 0;
    if (p->has_gamma) {
        const int8_t *order = p->order + first;
        float *bend = p->bend[b++] + first;
        for (int k = 0; k < len; k++) {
            const double o = (double)order[k];
            bend[k] = (float)(h[k] * o);
            sums[0] += g[k] * o;
            sums[1] += h[k] * o * o;
            if (p->has_tie) sums[2] += dt[k] * o;
        }
    }
    if (p->has_tie) {
        float *bend = p->bend[b] + first;
        for (int k = 0; k < len; k++) bend[k] = (float)dt[k];
        sums[3] = model_sums[0];
        sums[4] = model_sums[1];
    }
}

/* Row sums of the slopes and border terms, and the lower entries of h from the upper ones. */
VN_CLONES
static void block_gather(vn_problem *p, const double *x, double *gradient, int64_t from, int64_t to)
{
    vn_laplacian *h = &p->h;
    const int n_bend = p->n_border - p->has_level;
    const double level = p->has_level ? x[p->n] : 0.0;
    for (int64_t i = from; i < to; i++) {
        double g = -p->prior * x[i];
        if (p->pull) g += p->pull[i] * (p->target[i] - (x[i] + level));
        double b[VN_MAX_BORDER] = {0.0, 0.0};
        for (int64_t k = p->edge_ptr[i]; k < p->edge_ptr[i + 1]; k++) g += p->slope[k];
        for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++) {
            const uint32_t e = p->lower[k];
            const int64_t at = k + p->edge_ptr[i];
            g -= p->slope[e];
            h->val[at] = h->val[p->lower_ptr[h->col[at] + 1] + (int64_t)e];
        }
        for (int q = 0; q < n_bend; q++) {
            for (int64_t k = p->edge_ptr[i]; k < p->edge_ptr[i + 1]; k++)
                b[q] += (double)p->bend[q][k];
            for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++)
                b[q] -= (double)p->bend[q][p->lower[k]];
            p->border[q][i] = b[q];
        }
        gradient[i] = g;
    }
}

void vn_problem_derivatives(vn_problem *p, const double *x, double *gradient, int n_threads)
{
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 8) if (p->n_tiles > 2))
    for (int64_t t = 0; t < p->n_tiles; t++) tile_derivatives(p, x, t);
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 4) if (p->h.n_blocks > 2))
    for (int64_t b = 0; b < p->h.n_blocks; b++)
        block_gather(p, x, gradient, p->h.block[b], p->h.block[b + 1]);
    vn_laplacian_diagonal(&p->h, n_threads);
    double sums[SUMS] = {0.0};
    for (int64_t t = 0; t < p->n_tiles; t++)
        for (int k = 0; k < SUMS; k++) sums[k] += p->tile_sums[t * SUMS + k];
    const int g = 0, t = p->has_gamma;
    if (p->has_gamma) {
        gradient[p->n] = sums[0];
        p->corner[g][g] = sums[1];
    }
    if (p->has_tie) {
        gradient[p->n + t] = sums[3];
        p->corner[t][t] = sums[4];
    }
    if (p->has_gamma && p->has_tie) p->corner[0][1] = p->corner[1][0] = sums[2];
    if (p->has_level) {
        double slope = 0.0, curvature = 0.0;
        for (int64_t i = 0; i < p->n; i++) {
            slope += p->pull[i] * (p->target[i] - (x[i] + x[p->n]));
            curvature += p->pull[i];
        }
        gradient[p->n] = slope;
        p->corner[0][0] = curvature;
    }
}

double vn_problem_log_likelihood(const vn_problem *p, const double *x, int n_threads)
{
    double *sums = p->tile_sums;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 8) if (p->n_tiles > 2))
    for (int64_t tile = 0; tile < p->n_tiles; tile++) {
        double d[TILE];
        const int64_t first = tile * TILE;
        const int len = (int)VN_MIN((int64_t)TILE, p->n_edges - first);
        predictors(p, x, first, len, d);
        sums[tile] = vn_log_likelihood(p->model, d, p->win + first, p->loss + first,
                                       p->tie ? p->tie + first : NULL,
                                       p->has_tie ? x[p->n + p->has_gamma] : 0.0, len);
    }
    double direct = 0.0;
    for (int64_t i = 0; p->pull && i < p->n; i++) {
        const double miss = p->target[i] - (x[i] + (p->has_level ? x[p->n] : 0.0));
        direct += p->pull[i] * miss * miss;
    }
    return vn_ordered_sum(sums, p->n_tiles) - 0.5 * direct;
}

double vn_problem_largest_difference(const vn_problem *p, const double *step, int n_threads)
{
    double largest = 0.0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) reduction(max:largest) if (p->n_tiles > 2))
    for (int64_t tile = 0; tile < p->n_tiles; tile++) {
        double d[TILE];
        const int64_t first = tile * TILE;
        const int len = (int)VN_MIN((int64_t)TILE, p->n_edges - first);
        differences(p, step, first, len, d);
        for (int k = 0; k < len; k++) largest = fabs(d[k]) > largest ? fabs(d[k]) : largest;
    }
    return largest;
}

double vn_problem_overreach(const vn_problem *p, const double *parameters, const double *step,
                            double room, int n_threads)
{
    double largest = 0.0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) reduction(max:largest) if (p->n_tiles > 2))
    for (int64_t tile = 0; tile < p->n_tiles; tile++) {
        double d[TILE], change[TILE];
        const int64_t first = tile * TILE;
        const int len = (int)VN_MIN((int64_t)TILE, p->n_edges - first);
        predictors(p, parameters, first, len, d);
        differences(p, step, first, len, change);
        for (int k = 0; k < len; k++) {
            const double reach = fabs(change[k]) / (room + fabs(d[k]));
            largest = reach > largest ? reach : largest;
        }
    }
    return largest;
}
