#include "vn_problem.h"

#include <math.h>
#include <string.h>

#define TILE 1024
#define TILES 4 /* of a block */
#define SUMS 8

/* ---- set-up ----------------------------------------------------------------------------------- */

static inline int64_t row_of_edge(const vn_problem *p, int64_t e)
{
    int64_t lo = 0, hi = p->n;
    while (hi - lo > 1) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (p->edge_ptr[mid] <= e) lo = mid; else hi = mid;
    }
    return lo;
}

/* The transpose: edges sorted by `hi`, those of one `hi` in order. Chunks of edges are counted by
 * `hi` each on its own, and then placed. */
typedef struct {
    vn_problem *p;
    int64_t n_chunks;
    uint32_t *at; /* (n_chunks, n): how many edges a chunk has of each `hi`; then where they go */
} transposing;

/* A table of n counts for each chunk must stay cheap beside the chunk itself. */
static int64_t chunks_of(const vn_problem *p)
{
    if (p->n_edges < 1 << 17) return 1;
    return VN_MAX(VN_MIN(p->n_edges / VN_MAX(p->n, 1), 16), 4);
}

static vn_status count_chunk(void *arg, int64_t chunk, int worker)
{
    const transposing *t = arg;
    const vn_problem *p = t->p;
    uint32_t *count = t->at + chunk * p->n;
    (void)worker;
    for (int64_t e = p->n_edges * chunk / t->n_chunks; e < p->n_edges * (chunk + 1) / t->n_chunks; e++)
        count[p->hi[e]]++;
    return VN_OK;
}

/* lower_ptr, and where the edges of each chunk go. */
static void find_places(const transposing *t)
{
    const int64_t n = t->p->n;
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++) {
        t->p->lower_ptr[i] = at;
        for (int64_t c = 0; c < t->n_chunks; c++) {
            const uint32_t count = t->at[c * n + i];
            t->at[c * n + i] = (uint32_t)at;
            at += count;
        }
    }
    t->p->lower_ptr[n] = at;
}

static vn_status place_chunk(void *arg, int64_t chunk, int worker)
{
    const transposing *t = arg;
    vn_problem *p = t->p;
    uint32_t *next = t->at + chunk * p->n;
    const int64_t end = p->n_edges * (chunk + 1) / t->n_chunks;
    int64_t e = p->n_edges * chunk / t->n_chunks;
    (void)worker;
    for (int64_t row = e < end ? row_of_edge(p, e) : 0; e < end; row++)
        for (; e < VN_MIN(p->edge_ptr[row + 1], end); e++) {
            const int32_t hi = p->hi[e];
            const int64_t at = next[hi]++;
            p->lower[at] = (uint32_t)e;
            p->h.col[at + p->edge_ptr[hi]] = (int32_t)row;
        }
    return VN_OK;
}

/* The upper entries' columns, and the weight of each item's comparisons. */
static vn_status fill_rows(void *arg, int64_t block, int worker)
{
    vn_problem *p = arg;
    vn_laplacian *h = &p->h;
    (void)worker;
    for (int64_t i = h->block[block]; i < h->block[block + 1]; i++) {
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
    return VN_OK;
}

/* The pattern of h, whose upper entries are the edges in order, and the masses. */
static vn_status build_rows(vn_problem *p, transposing *t, int n_threads, vn_poll poll, void *context)
{
    vn_laplacian *h = &p->h;
    vn_status status = vn_team_run(count_chunk, t, t->n_chunks, n_threads, poll, context);
    if (status != VN_OK) return status;
    find_places(t);
    for (int64_t i = 0; i <= p->n; i++) h->ptr[i] = p->lower_ptr[i] + p->edge_ptr[i];
    status = vn_laplacian_finish(h);
    if (status == VN_OK)
        status = vn_team_run(place_chunk, t, t->n_chunks, n_threads, poll, context);
    if (status == VN_OK) status = vn_team_run(fill_rows, p, h->n_blocks, n_threads, poll, context);
    return status;
}

vn_status vn_problem_build(vn_problem *p, int n_threads, vn_poll poll, void *context)
{
    const int64_t n = p->n, e = p->n_edges;
    if (e >= (int64_t)UINT32_MAX) return VN_TOO_LARGE;
    const int n_bend = p->has_gamma + p->has_tie;
    p->n_border = n_bend + p->has_level;
    p->n_tiles = vn_n_blocks(e, TILE);
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

    transposing t = {.p = p, .n_chunks = chunks_of(p)};
    t.at = vn_calloc((size_t)(t.n_chunks * VN_MAX(n, 1)), sizeof(uint32_t));
    if (!t.at) return VN_NO_MEMORY;
    const vn_status status = build_rows(p, &t, n_threads, poll, context);
    vn_free(t.at);
    if (status != VN_OK) return status;
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

/* ---- derivatives ------------------------------------------------------------------------------ */

/* Tile t has the edges [*first, *first + returned). */
static inline int edges_of(const vn_problem *p, int64_t tile, int64_t *first)
{
    *first = tile * TILE;
    return (int)VN_MIN((int64_t)TILE, p->n_edges - *first);
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
    int64_t first;
    const int len = edges_of(p, tile, &first);
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

/* The arguments of the loops over tiles and rows; each uses what it needs. */
typedef struct {
    const vn_problem *p;
    vn_problem *changed;
    const double *x, *step;
    double *out, room;
} job;

static vn_status over_tiles(vn_body body, job *j, int n_threads, vn_poll poll, void *context)
{
    return vn_team_run(body, j, vn_n_blocks(j->p->n_tiles, TILES), n_threads, poll, context);
}

static vn_status derive_tiles(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    (void)worker;
    for (int64_t t = block * TILES; t < vn_block_end(j->p->n_tiles, TILES, block); t++)
        tile_derivatives(j->changed, j->x, t);
    return VN_OK;
}

static vn_status gather_rows(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    (void)worker;
    block_gather(j->changed, j->x, j->out, j->p->h.block[block], j->p->h.block[block + 1]);
    return VN_OK;
}

vn_status vn_problem_derivatives(vn_problem *p, const double *x, int n_threads, vn_poll poll,
                                 void *context, double *gradient)
{
    job j = {.p = p, .changed = p, .x = x, .out = gradient};
    vn_status status = over_tiles(derive_tiles, &j, n_threads, poll, context);
    if (status == VN_OK)
        status = vn_team_run(gather_rows, &j, p->h.n_blocks, n_threads, poll, context);
    if (status != VN_OK) return status;
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
    return VN_OK;
}

/* ---- sums and maxima over the edges ----------------------------------------------------------- */

static vn_status likelihood_tiles(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_problem *p = j->p;
    const double tie = p->has_tie ? j->x[p->n + p->has_gamma] : 0.0;
    (void)worker;
    for (int64_t t = block * TILES; t < vn_block_end(p->n_tiles, TILES, block); t++) {
        double d[TILE];
        int64_t first;
        const int len = edges_of(p, t, &first);
        predictors(p, j->x, first, len, d);
        j->out[t] = vn_log_likelihood(p->model, d, p->win + first, p->loss + first,
                                      p->tie ? p->tie + first : NULL, tie, len);
    }
    return VN_OK;
}

vn_status vn_problem_log_likelihood(const vn_problem *p, const double *x, int n_threads, vn_poll poll,
                                    void *context, double *out)
{
    job j = {.p = p, .x = x, .out = p->tile_sums};
    const vn_status status = over_tiles(likelihood_tiles, &j, n_threads, poll, context);
    double direct = 0.0;
    for (int64_t i = 0; p->pull && i < p->n; i++) {
        const double miss = p->target[i] - (x[i] + (p->has_level ? x[p->n] : 0.0));
        direct += p->pull[i] * miss * miss;
    }
    *out = vn_ordered_sum(p->tile_sums, p->n_tiles) - 0.5 * direct;
    return status;
}

static vn_status difference_tiles(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    (void)worker;
    for (int64_t t = block * TILES; t < vn_block_end(j->p->n_tiles, TILES, block); t++) {
        double d[TILE], largest = 0.0;
        int64_t first;
        const int len = edges_of(j->p, t, &first);
        differences(j->p, j->step, first, len, d);
        for (int k = 0; k < len; k++) largest = fabs(d[k]) > largest ? fabs(d[k]) : largest;
        j->out[t] = largest;
    }
    return VN_OK;
}

static vn_status overreach_tiles(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    (void)worker;
    for (int64_t t = block * TILES; t < vn_block_end(j->p->n_tiles, TILES, block); t++) {
        double d[TILE], change[TILE], largest = 0.0;
        int64_t first;
        const int len = edges_of(j->p, t, &first);
        predictors(j->p, j->x, first, len, d);
        differences(j->p, j->step, first, len, change);
        for (int k = 0; k < len; k++) {
            const double reach = fabs(change[k]) / (j->room + fabs(d[k]));
            largest = reach > largest ? reach : largest;
        }
        j->out[t] = largest;
    }
    return VN_OK;
}

static double largest_of(const double *x, int64_t n)
{
    double largest = 0.0;
    for (int64_t k = 0; k < n; k++) largest = x[k] > largest ? x[k] : largest;
    return largest;
}

vn_status vn_problem_largest_difference(const vn_problem *p, const double *step, int n_threads,
                                        vn_poll poll, void *context, double *out)
{
    job j = {.p = p, .step = step, .out = p->tile_sums};
    const vn_status status = over_tiles(difference_tiles, &j, n_threads, poll, context);
    *out = largest_of(p->tile_sums, p->n_tiles);
    return status;
}

vn_status vn_problem_overreach(const vn_problem *p, const double *x, const double *step, double room,
                               int n_threads, vn_poll poll, void *context, double *out)
{
    job j = {.p = p, .x = x, .step = step, .out = p->tile_sums, .room = room};
    const vn_status status = over_tiles(overreach_tiles, &j, n_threads, poll, context);
    *out = largest_of(p->tile_sums, p->n_tiles);
    return status;
}
