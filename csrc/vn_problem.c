#include "vn_problem_internal.h"

#include <math.h>
#include <string.h>

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
    const int64_t end = vn_chunk_start(p->n_edges, chunk + 1, t->n_chunks);
    for (int64_t e = vn_chunk_start(p->n_edges, chunk, t->n_chunks); e < end; e++) count[p->hi[e]]++;
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
    const int64_t end = vn_chunk_start(p->n_edges, chunk + 1, t->n_chunks);
    int64_t e = vn_chunk_start(p->n_edges, chunk, t->n_chunks);
    (void)worker;
    for (int64_t row = e < end ? vn_row_of_edge(p, e) : 0; e < end; row++)
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
    p->n_tiles = vn_n_blocks(e, VN_TILE);
    vn_laplacian *h = &p->h;
    h->n = n;
    p->lower_ptr = vn_calloc((size_t)n + 1, sizeof(int64_t));
    h->ptr = vn_malloc(sizeof(int64_t) * (size_t)(n + 1));
    h->col = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(2 * e, 1));
    h->val = vn_calloc((size_t)VN_MAX(2 * e, 1), sizeof(float));
    p->lower = vn_malloc(sizeof(uint32_t) * (size_t)VN_MAX(e, 1));
    p->slope = vn_malloc(sizeof(double) * (size_t)VN_MAX(e, 1));
    p->mass = vn_calloc((size_t)n, sizeof(double));
    p->tile_sums = vn_malloc(sizeof(double) * VN_TILE_SUMS * (size_t)VN_MAX(p->n_tiles, 1));
    if (!p->lower_ptr || !h->ptr || !h->col || !h->val || !p->lower || !p->slope || !p->mass
        || !p->tile_sums)
        return VN_NO_MEMORY;
    for (int k = 0; k < p->n_border; k++) {
        p->border[k] = vn_calloc((size_t)n, sizeof(double));
        if (k < n_bend) p->bend[k] = vn_malloc(sizeof(float) * (size_t)VN_MAX(e, 1));
        if (!p->border[k] || (k < n_bend && !p->bend[k])) return VN_NO_MEMORY;
    }
    if (p->has_level) memcpy(p->border[0], p->direct.precision, sizeof(double) * (size_t)n);

    transposing t = {.p = p, .n_chunks = chunks_of(p)};
    t.at = vn_calloc((size_t)(t.n_chunks * VN_MAX(n, 1)), sizeof(uint32_t));
    if (!t.at) return VN_NO_MEMORY;
    const vn_status status = build_rows(p, &t, n_threads, poll, context);
    vn_free(t.at);
    if (status != VN_OK) return status;
    vn_problem_prior_changed(p);
    double most = 0.0, least = INFINITY, direct = 0.0;
    p->total = 0.0;
    for (int64_t i = 0; i < n; i++) {
        p->total += p->mass[i];
        const double pull = vn_prior_precision(&p->direct, i), weight = pull > 1.0 ? sqrt(pull) : pull;
        direct += weight;
        p->mass[i] += weight + vn_prior_weight(&p->prior, i);
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
    for (int k = 0; k < VN_MAX_BORDER; k++) {
        vn_free(p->border[k]);
        vn_free(p->bend[k]);
    }
    memset(p, 0, sizeof *p);
}

void vn_problem_prior_changed(vn_problem *p)
{
    for (int64_t i = 0; i < p->n; i++)
        p->h.extra[i] = vn_prior_precision(&p->prior, i) + vn_prior_precision(&p->direct, i);
}
