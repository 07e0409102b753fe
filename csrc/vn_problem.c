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

/* The upper entries' columns, and the weight of each item's comparisons; p->slope holds those of the
 * edges. */
static vn_status fill_rows(void *arg, int64_t block, int worker)
{
    vn_problem *p = arg;
    vn_laplacian *h = &p->h;
    (void)worker;
    for (int64_t i = h->block[block]; i < h->block[block + 1]; i++) {
        double mass = 0.0;
        for (int64_t k = p->edge_ptr[i]; k < p->edge_ptr[i + 1]; k++) {
            h->col[p->lower_ptr[i + 1] + k] = p->hi[k];
            mass += p->slope[k];
        }
        for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++) mass += p->slope[p->lower[k]];
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

/* Tiles of whole edges. */
static vn_status cut_tiles(vn_problem *p)
{
    const int64_t e = p->n_edges;
    p->n_tiles = vn_n_blocks(e, VN_TILE);
    if (!p->cell_ptr) return VN_OK;
    for (int pass = 0; pass < 2; pass++) {
        int64_t tiles = 0, start = 0;
        for (int64_t k = 0; k < e; k++)
            if (k == 0 || p->cell_ptr[k + 1] - p->cell_ptr[start] > VN_TILE) {
                if (pass) p->tile_ptr[tiles] = k;
                tiles++;
                start = k;
            }
        if (!pass) {
            p->tile_ptr = vn_malloc(sizeof(int64_t) * (size_t)(tiles + 1));
            if (!p->tile_ptr) return VN_NO_MEMORY;
        }
        p->n_tiles = tiles;
        p->tile_ptr[tiles] = e;
    }
    return VN_OK;
}

/* Room for everything but the pattern's transpose. */
static vn_status make_room(vn_problem *p)
{
    const size_t n = (size_t)VN_MAX(p->n, 1), e = (size_t)VN_MAX(p->n_edges, 1);
    const int n_bend = vn_n_moving(p) + p->has_tie;
    const size_t n_border = (size_t)(n_bend + p->has_level), some = VN_MAX(n_border, 1);
    vn_laplacian *h = &p->h;
    h->n = p->n;
    p->n_border = (int)n_border;
    p->n_sums = VN_MAX(n_bend + n_bend * (n_bend + 1) / 2, 2 * p->n_covariates + 1);
    p->lower_ptr = vn_calloc(n + 1, sizeof(int64_t));
    h->ptr = vn_malloc(sizeof(int64_t) * (n + 1));
    h->col = vn_malloc(sizeof(int32_t) * 2 * e);
    h->val = vn_calloc(2 * e, sizeof(float));
    p->lower = vn_malloc(sizeof(uint32_t) * e);
    p->slope = vn_malloc(sizeof(double) * e);
    p->mass = vn_calloc(n, sizeof(double));
    p->tile_sums = vn_calloc((size_t)VN_MAX(p->n_tiles, 1) * (size_t)p->n_sums, sizeof(double));
    p->unit = vn_malloc(sizeof(double) * some);
    p->border_mass = vn_malloc(sizeof(double) * some);
    p->corner = vn_calloc(some * some, sizeof(double));
    p->border = vn_calloc(some, sizeof(double *));
    p->bend = vn_calloc(some, sizeof(float *));
    if (!p->lower_ptr || !h->ptr || !h->col || !h->val || !p->lower || !p->slope || !p->mass
        || !p->tile_sums || !p->unit || !p->border_mass || !p->corner || !p->border || !p->bend)
        return VN_NO_MEMORY;
    for (int k = 0; k < p->n_border; k++) {
        p->unit[k] = 1.0;
        p->border[k] = vn_calloc(n, sizeof(double));
        if (k < n_bend) p->bend[k] = vn_malloc(sizeof(float) * e);
        if (!p->border[k] || (k < n_bend && !p->bend[k])) return VN_NO_MEMORY;
    }
    if (p->has_level) memcpy(p->border[0], p->direct.precision, sizeof(double) * (size_t)p->n);
    return VN_OK;
}

vn_status vn_problem_build(vn_problem *p, int n_threads, vn_poll poll, void *context)
{
    const int64_t n = p->n, e = p->n_edges;
    if (e >= (int64_t)UINT32_MAX) return VN_TOO_LARGE;
    p->stride = 1;
    vn_status status = cut_tiles(p);
    if (status == VN_OK) status = make_room(p);
    if (status == VN_OK) status = vn_problem_weigh(p, n_threads, poll, context);
    if (status != VN_OK) return status;

    transposing t = {.p = p, .n_chunks = chunks_of(p)};
    t.at = vn_calloc((size_t)(t.n_chunks * VN_MAX(n, 1)), sizeof(uint32_t));
    if (!t.at) return VN_NO_MEMORY;
    status = build_rows(p, &t, n_threads, poll, context);
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
    for (int k = 0; k < p->n_border; k++)
        if (k < p->has_gamma || k >= vn_n_moving(p)) p->border_mass[k] = p->total;
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
    vn_free(p->tile_ptr);
    for (int k = 0; k < p->n_border; k++) {
        if (p->border) vn_free(p->border[k]);
        if (p->bend) vn_free(p->bend[k]);
    }
    vn_free(p->unit);
    vn_free(p->border_mass);
    vn_free(p->corner);
    vn_free(p->border);
    vn_free(p->bend);
    memset(p, 0, sizeof *p);
}

void vn_problem_prior_changed(vn_problem *p)
{
    for (int64_t i = 0; i < p->n; i++)
        p->h.extra[i] = vn_prior_precision(&p->prior, i) + vn_prior_precision(&p->direct, i);
}
