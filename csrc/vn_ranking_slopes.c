#include <string.h>

#include "vn_math.h"
#include "vn_ranking_internal.h"

typedef struct {
    vn_rankings *r;
    const double *theta; /* where it is too wide for a table; else NULL */
    double *room;        /* of each worker: 3 x longest */
    double *score;
    int squares;         /* whether a diagonal is wanted */
} pass;

/* Workers' scratch and the table of exp(theta). */
static vn_status begin(pass *j, vn_rankings *r, const double *theta, int n_threads, double *largest)
{
    const int workers = vn_team_size(n_threads, r->n_chunks);
    *j = (pass){.r = r, .theta = vn_ranking_table(r, theta, largest) ? NULL : theta};
    j->room = vn_malloc(sizeof(double) * (size_t)(workers * 3 * VN_MAX(r->longest, 1)));
    return j->room ? VN_OK : VN_NO_MEMORY;
}

/* Sums over the choice sets of a tile, from the back: left[p] of each stage p. */
static inline void choice_sets(const int32_t *item, const vn_ranking_tile *t, const double *e,
                               double *left)
{
    double sum[LANES] = {0.0};
    for (int32_t p = t->length - 1; p >= 0; p--) {
        VN_PRAGMA(omp simd)
        for (int lane = 0; lane < LANES; lane++) {
            sum[lane] += e[item[p * LANES + lane]];
            left[p * LANES + lane] = sum[lane];
        }
    }
}

/* Adds the sums of 1 / S over the stages of each item; of 1 / S^2 too, unless `square` is NULL. */
static inline void pull_tile(const int32_t *item, const vn_ranking_tile *t, const double *weight,
                             const double *e, double *out, double *square)
{
    double left[LONGEST * LANES], sum[LANES] = {0.0}, both[LANES] = {0.0};
    choice_sets(item, t, e, left);
    for (int32_t p = 0; p < t->length; p++) {
        if (p < t->stages) {
            VN_PRAGMA(omp simd)
            for (int lane = 0; lane < LANES; lane++) {
                const double over = 1.0 / left[p * LANES + lane], share = weight[lane] * over;
                sum[lane] += share;
                if (square) both[lane] += share * over;
            }
        }
        for (int lane = 0; lane < LANES; lane++) out[item[p * LANES + lane]] += sum[lane];
        for (int lane = 0; square && lane < LANES; lane++) square[item[p * LANES + lane]] += both[lane];
    }
}

static inline double value_tile(const int32_t *item, const vn_ranking_tile *t, const double *weight,
                                const double *e)
{
    double left[LONGEST * LANES], sum[LANES] = {0.0}, value = 0.0;
    choice_sets(item, t, e, left);
    for (int32_t p = 0; p < t->stages; p++) {
        VN_PRAGMA(omp simd)
        for (int lane = 0; lane < LANES; lane++) sum[lane] += vn_log(left[p * LANES + lane]);
    }
    for (int lane = 0; lane < LANES; lane++) value += weight[lane] * sum[lane];
    return value;
}

VN_CLONES
static void pull_tiles(vn_rankings *r, int64_t from, int64_t to, double *out)
{
    for (int64_t t = from; t < to; t++)
        pull_tile(r->lane_item + r->tile[t].at, r->tile + t, r->lane_weight + t * LANES, r->e, out, NULL);
}

VN_CLONES
static void pull_tiles_twice(vn_rankings *r, int64_t from, int64_t to, double *out, double *square)
{
    for (int64_t t = from; t < to; t++)
        pull_tile(r->lane_item + r->tile[t].at, r->tile + t, r->lane_weight + t * LANES, r->e, out,
                  square);
}

VN_CLONES
static double value_tiles(vn_rankings *r, int64_t from, int64_t to)
{
    double sum = 0.0;
    for (int64_t t = from; t < to; t++)
        sum += value_tile(r->lane_item + r->tile[t].at, r->tile + t, r->lane_weight + t * LANES, r->e);
    return sum;
}

/* One ranking: adds to `out` (n_items), and to `square`, unless they are NULL; returns its sum c log S. */
static double one(const pass *j, int64_t k, int worker, double *out, double *square)
{
    const vn_ranking_one o = vn_ranking_at(j->r, k);
    double *e = j->room + worker * 3 * j->r->longest, *q = e + o.length, value = 0.0;
    for (int power = square ? 2 : 1; power > 0; power--) {
        double *to = power == 2 ? square : out;
        value = vn_ranking_cumulate(j->r, &o, j->theta, power, e, q, q + o.length);
        for (int64_t p = 0; to && p < o.length; p++) {
            const double unit = !j->theta ? 1.0 : power == 2 ? e[p] * e[p] : e[p];
            to[o.item[p]] += o.weight * unit * q[p];
        }
    }
    return o.weight * value;
}

/* All rankings of a chunk, one by one where there is no table. */
static double over_chunk(const pass *j, int64_t chunk, int worker, double *out, double *square)
{
    vn_rankings *r = j->r;
    const int64_t from = r->tile_of[chunk], to = r->tile_of[chunk + 1];
    double sum = 0.0;
    if (j->theta)
        for (int64_t k = from * LANES; k < to * LANES; k++)
            sum += one(j, r->lane_ranking[k], worker, out, square);
    else if (square)
        pull_tiles_twice(r, from, to, out, square);
    else if (out)
        pull_tiles(r, from, to, out);
    else
        sum = value_tiles(r, from, to);
    for (int64_t k = r->rest_of[chunk]; k < r->rest_of[chunk + 1]; k++)
        sum += one(j, r->rest[k], worker, out, square);
    return sum;
}

static vn_status pull_chunk(void *job, int64_t chunk, int worker)
{
    const pass *j = job;
    const size_t size = sizeof(double) * (size_t)j->r->data.n_items;
    double *out = j->r->partial + chunk * j->r->data.n_items;
    double *square = j->squares ? j->r->squares + chunk * j->r->data.n_items : NULL;
    memset(out, 0, size);
    if (square) memset(square, 0, size);
    over_chunk(j, chunk, worker, out, square);
    return VN_OK;
}

static vn_status value_chunk(void *job, int64_t chunk, int worker)
{
    const pass *j = job;
    j->r->sums[chunk] = over_chunk(j, chunk, worker, NULL, NULL);
    return VN_OK;
}

#define ITEMS ((int64_t)1 << 12)

typedef struct {
    const vn_rankings *r;
    int narrow;
    double *out, *diagonal;
} gathering;

/* The chunks' sums in their order; times exp(theta) where that was left out. */
static vn_status gather(void *job, int64_t block, int worker)
{
    const gathering *j = job;
    const vn_rankings *r = j->r;
    const int64_t n = r->data.n_items, from = block * ITEMS, to = vn_block_end(n, ITEMS, block);
    (void)worker;
    for (int64_t i = from; i < to; i++) j->out[i] = 0.0;
    for (int64_t c = 0; c < r->n_chunks; c++)
        for (int64_t i = from; i < to; i++) j->out[i] += r->partial[c * n + i];
    for (int64_t i = from; j->narrow && i < to; i++) j->out[i] *= r->e[i];
    if (!j->diagonal) return VN_OK;
    for (int64_t i = from; i < to; i++) j->diagonal[i] = 0.0;
    for (int64_t c = 0; c < r->n_chunks; c++)
        for (int64_t i = from; i < to; i++) j->diagonal[i] += r->squares[c * n + i];
    for (int64_t i = from; i < to; i++) {
        const double e = j->narrow ? r->e[i] : 1.0, left = j->out[i] - e * j->diagonal[i] * e;
        j->diagonal[i] = left > 0.0 ? left : 0.0;
    }
    return VN_OK;
}

vn_status vn_rankings_pull(vn_rankings *r, const double *theta, int n_threads, vn_poll poll,
                           void *context, double *pull, double *diagonal)
{
    pass j;
    double largest;
    if (diagonal && !r->squares) {
        r->squares = vn_malloc(sizeof(double) * (size_t)(r->n_chunks * VN_MAX(r->data.n_items, 1)));
        if (!r->squares) return VN_NO_MEMORY;
    }
    vn_status status = begin(&j, r, theta, n_threads, &largest);
    j.squares = diagonal != NULL;
    if (status == VN_OK) status = vn_team_run(pull_chunk, &j, r->n_chunks, n_threads, poll, context);
    vn_free(j.room);
    if (status != VN_OK) return status;
    gathering g = {r, j.theta == NULL, pull, diagonal};
    const int64_t blocks = vn_n_blocks(r->data.n_items, ITEMS);
    return vn_team_run(gather, &g, blocks, blocks > 2 ? n_threads : 1, NULL, NULL);
}

vn_status vn_rankings_log_likelihood(vn_rankings *r, const double *theta, int n_threads, vn_poll poll,
                                     void *context, double *out)
{
    pass j;
    double largest, chosen = 0.0;
    vn_status status = begin(&j, r, theta, n_threads, &largest);
    if (status == VN_OK) status = vn_team_run(value_chunk, &j, r->n_chunks, n_threads, poll, context);
    vn_free(j.room);
    const double shift = j.theta ? 0.0 : largest;
    for (int64_t i = 0; i < r->data.n_items; i++) chosen += r->chosen[i] * (theta[i] - shift);
    for (int64_t c = 0; status == VN_OK && c < r->n_chunks; c++) chosen -= r->sums[c];
    *out = chosen;
    return status;
}

/* ---- scores -------------------------------------------------------------------------------- */

static void scores_of(const pass *j, int64_t k, int worker)
{
    const vn_ranking_one o = vn_ranking_at(j->r, k);
    double *e = j->room + worker * 3 * j->r->longest, *q = e + o.length;
    double *out = j->score + j->r->data.offsets[k];
    vn_ranking_cumulate(j->r, &o, j->theta, 1, e, q, q + o.length);
    for (int64_t p = 0, end; p < o.length; p = end) {
        double count;
        end = vn_ranking_stage(&o, p, &count);
        for (int64_t s = p; s < end; s++) out[s] = count / (double)(end - p) - e[s] * q[s];
    }
}

static vn_status score_chunk(void *job, int64_t chunk, int worker)
{
    const pass *j = job;
    const vn_rankings *r = j->r;
    for (int64_t k = r->tile_of[chunk] * LANES; k < r->tile_of[chunk + 1] * LANES; k++)
        scores_of(j, r->lane_ranking[k], worker);
    for (int64_t k = r->rest_of[chunk]; k < r->rest_of[chunk + 1]; k++)
        scores_of(j, r->rest[k], worker);
    return VN_OK;
}

vn_status vn_rankings_scores(vn_rankings *r, const double *theta, int n_threads, vn_poll poll,
                             void *context, double *score)
{
    pass j;
    double largest;
    vn_status status = begin(&j, r, theta, n_threads, &largest);
    j.score = score;
    memset(score, 0, sizeof(double) * (size_t)r->data.offsets[r->data.n_rankings]);
    if (status == VN_OK) status = vn_team_run(score_chunk, &j, r->n_chunks, n_threads, poll, context);
    vn_free(j.room);
    return status;
}
