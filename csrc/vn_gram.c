#include "vn_gram.h"

#include "vn_team.h"

/* A tile is 4 replicates by 16 products, held in registers over a block of rows. */
#define ROWS 256
#define REPLICATES 4
#define PRODUCTS 16
#define GROUP 64 /* most quadruples of replicates that share a panel of products */
#define QUADS 16 /* quadruples that are packed in one block */

typedef double v8 __attribute__((vector_size(64)));

typedef struct {
    int64_t n, d, q, n_resamples, stride, tiles, quads, group; /* group: quads in one */
    const double *z, *real;
    const int32_t *counts;
    const int32_t *a, *b; /* columns of each product, padded to whole tiles */
    int64_t row, rows;    /* those at hand */
    double *weights;      /* of all quads: (quads, ROWS, 4) */
    double *grams;
} gram_job;

static inline double weight_of(const gram_job *g, int64_t k, int64_t row)
{
    return g->counts ? (double)g->counts[k * g->stride + row] : g->real[k * g->stride + row];
}

/* out (rows, 4): the weights of four replicates, 0 for those beyond the last */
static void pack_weights(const gram_job *g, int64_t quad, int64_t from, int64_t rows, double *out)
{
    for (int64_t r = 0; r < REPLICATES; r++) {
        const int64_t k = quad * REPLICATES + r;
        if (k < g->n_resamples)
            for (int64_t i = 0; i < rows; i++) out[i * REPLICATES + r] = weight_of(g, k, from + i);
        else
            for (int64_t i = 0; i < rows; i++) out[i * REPLICATES + r] = 0.0;
    }
}

/* out (rows, 16): the products of one tile */
static void pack_products(const gram_job *g, int64_t tile, int64_t from, int64_t rows, double *out)
{
    const int32_t *a = g->a + tile * PRODUCTS, *b = g->b + tile * PRODUCTS;
    for (int64_t i = 0; i < rows; i++) {
        const double *z = g->z + (from + i) * g->d;
        for (int j = 0; j < PRODUCTS; j++) out[i * PRODUCTS + j] = z[a[j]] * z[b[j]];
    }
}

/* sums (4, 16) = transposed weights times products */
VN_CLONES
static void multiply(int64_t rows, const double *weights, const double *products, double *sums)
{
    const v8 *p = (const v8 *)products;
    v8 s00 = {0}, s01 = {0}, s10 = {0}, s11 = {0}, s20 = {0}, s21 = {0}, s30 = {0}, s31 = {0};
    for (int64_t i = 0; i < rows; i++) {
        const v8 left = p[2 * i], right = p[2 * i + 1];
        const double *w = weights + i * REPLICATES;
        s00 += w[0] * left;
        s01 += w[0] * right;
        s10 += w[1] * left;
        s11 += w[1] * right;
        s20 += w[2] * left;
        s21 += w[2] * right;
        s30 += w[3] * left;
        s31 += w[3] * right;
    }
    v8 *out = (v8 *)sums;
    out[0] = s00;
    out[1] = s01;
    out[2] = s10;
    out[3] = s11;
    out[4] = s20;
    out[5] = s21;
    out[6] = s30;
    out[7] = s31;
}

/* One panel of products against the quads from first to last */
static void one_panel(const gram_job *g, int64_t tile, int64_t first, int64_t last,
                      const double *products)
{
    double sums[REPLICATES * PRODUCTS] __attribute__((aligned(64)));
    const int64_t width = VN_MIN(PRODUCTS, g->q - tile * PRODUCTS);
    for (int64_t quad = first; quad < last; quad++) {
        multiply(g->rows, g->weights + quad * ROWS * REPLICATES, products, sums);
        for (int64_t r = 0; r < VN_MIN(REPLICATES, g->n_resamples - quad * REPLICATES); r++) {
            double *out = g->grams + (quad * REPLICATES + r) * g->q + tile * PRODUCTS;
            for (int64_t j = 0; j < width; j++) out[j] += sums[r * PRODUCTS + j];
        }
    }
}

/* ROWS rows at a time: first their weights are packed, then each block multiplies them with the
 * products of one tile for one group of replicates. */
static vn_status pack_block(void *arg, int64_t block, int worker)
{
    const gram_job *g = arg;
    (void)worker;
    for (int64_t quad = block * QUADS; quad < vn_block_end(g->quads, QUADS, block); quad++)
        pack_weights(g, quad, g->row, g->rows, g->weights + quad * ROWS * REPLICATES);
    return VN_OK;
}

static vn_status multiply_block(void *arg, int64_t block, int worker)
{
    const gram_job *g = arg;
    const int64_t tile = block % g->tiles, first = block / g->tiles * g->group;
    double products[ROWS * PRODUCTS] __attribute__((aligned(64)));
    (void)worker;
    pack_products(g, tile, g->row, g->rows, products);
    one_panel(g, tile, first, VN_MIN(g->quads, first + g->group), products);
    return VN_OK;
}

vn_status vn_weighted_grams(int64_t n, int64_t d, const double *z, int64_t n_resamples,
                            const int32_t *counts, const double *real, int64_t stride,
                            int n_threads, double *grams)
{
    if (n == 0 || n_resamples == 0) return VN_OK;
    const int64_t q = d * (d + 1) / 2, tiles = vn_n_blocks(q, PRODUCTS);
    const int64_t quads = vn_n_blocks(n_resamples, REPLICATES), groups = vn_n_blocks(quads, GROUP);
    int32_t *columns = vn_calloc(2 * (size_t)(tiles * PRODUCTS), sizeof *columns);
    double *weights = vn_aligned_alloc(64, sizeof(double) * (size_t)(quads * ROWS * REPLICATES));
    vn_status status = columns && weights ? VN_OK : VN_NO_MEMORY;
    for (int64_t a = 0, k = 0; columns && a < d; a++)
        for (int64_t b = a; b < d; b++, k++) {
            columns[k] = (int32_t)a;
            columns[tiles * PRODUCTS + k] = (int32_t)b;
        }
    gram_job g = {.n = n, .d = d, .q = q, .n_resamples = n_resamples, .stride = stride,
                  .tiles = tiles, .quads = quads, .group = vn_n_blocks(quads, groups), .z = z,
                  .real = real, .counts = counts, .a = columns, .b = columns + tiles * PRODUCTS,
                  .weights = weights, .grams = grams};
    for (; status == VN_OK && g.row < n; g.row += ROWS) {
        g.rows = VN_MIN(ROWS, n - g.row);
        status = vn_team_run(pack_block, &g, vn_n_blocks(quads, QUADS), n_threads, NULL, NULL);
        /* a run is worth another thread from some quads and tiles on */
        if (status == VN_OK)
            status = vn_team_run(multiply_block, &g, tiles * groups,
                                 quads * tiles > QUADS ? n_threads : 1, NULL, NULL);
    }
    vn_free(columns);
    vn_free(weights);
    return status;
}
