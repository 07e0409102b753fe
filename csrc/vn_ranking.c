#include <math.h>
#include <string.h>

#include "vn_math.h"
#include "vn_ranking_internal.h"
#include "vn_vector.h"

#define CHUNK ((int64_t)1 << 15) /* entries of a chunk, about */
#define MOST_CHUNKS 64
#define POLL_EVERY ((int64_t)1 << 16) /* rankings */

/* Which lanes a ranking goes to: LONGEST x length + stages; 0: by itself; -1: it says nothing. */
static int64_t class_of(const vn_rankings *r, int64_t k)
{
    const vn_ranking_one o = vn_ranking_at(r, k);
    if (o.length < 2 || o.ranked < 1) return -1;
    for (int64_t p = 1; o.tied && p < o.ranked; p++)
        if (o.tied[p]) return 0;
    if (o.length > LONGEST) return 0;
    return (o.length - 1) * LONGEST + VN_MIN(o.ranked, o.length - 1);
}

/* Into tiles of one class each, the rankings of a class in their order; what is left over is `rest`. */
static vn_status arrange(vn_rankings *r, vn_poll poll, void *context)
{
    const int64_t n = r->data.n_rankings;
    enum { CLASSES = LONGEST * LONGEST };
    int64_t *count = vn_calloc(CLASSES, sizeof(int64_t)), *start = vn_calloc(CLASSES, sizeof(int64_t));
    vn_status status = VN_NO_MEMORY;
    if (!count || !start) goto done;
    for (int64_t k = 0; k < n; k++) {
        const int64_t c = class_of(r, k);
        if (c > 0) count[c]++;
        else if (c == 0) r->n_rest++;
        r->longest = VN_MAX(r->longest, r->data.offsets[k + 1] - r->data.offsets[k]);
        if (k % POLL_EVERY == 0 && poll && poll(context)) { status = VN_INTERRUPTED; goto done; }
    }
    for (int64_t c = 1; c < CLASSES; c++) {
        start[c] = r->n_tiles;
        r->n_tiles += count[c] / LANES;
        r->n_rest += count[c] % LANES;
    }
    r->tile = vn_malloc(sizeof(vn_ranking_tile) * (size_t)VN_MAX(r->n_tiles, 1));
    r->lane_ranking = vn_malloc(sizeof(int64_t) * (size_t)VN_MAX(r->n_tiles * LANES, 1));
    r->lane_weight = vn_malloc(sizeof(double) * (size_t)VN_MAX(r->n_tiles * LANES, 1));
    r->rest = vn_malloc(sizeof(int64_t) * (size_t)VN_MAX(r->n_rest, 1));
    if (!r->tile || !r->lane_ranking || !r->lane_weight || !r->rest) goto done;
    int64_t at = 0, n_rest = 0;
    for (int64_t c = 1; c < CLASSES; c++)
        for (int64_t t = 0; t < count[c] / LANES; t++) {
            const int32_t length = (int32_t)(c / LONGEST + 1);
            r->tile[start[c] + t] = (vn_ranking_tile){length, (int32_t)(c % LONGEST), at};
            at += length * LANES;
        }
    r->lane_item = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(at, 1));
    if (!r->lane_item) goto done;
    for (int64_t c = 1; c < CLASSES; c++) {
        const int64_t tiled = count[c] - count[c] % LANES;
        count[c] = tiled;
        start[c] *= LANES;
    }
    for (int64_t k = 0; k < n; k++) {
        const int64_t c = class_of(r, k);
        if (c > 0 && count[c] > 0) {
            r->lane_ranking[start[c]++] = k;
            count[c]--;
        } else if (c >= 0) {
            r->rest[n_rest++] = k;
        }
    }
    status = VN_OK;
done:
    vn_free(count);
    vn_free(start);
    return status;
}

/* Cut the tiles and the rest into chunks. */
static vn_status cut(vn_rankings *r)
{
    const int64_t n = VN_MAX(r->data.n_items, 1), entries = r->data.offsets[r->data.n_rankings];
    r->n_chunks = VN_MAX(VN_MIN(VN_MIN(entries / CHUNK, MOST_CHUNKS), entries / (4 * n)), 1);
    r->tile_of = vn_malloc(sizeof(int64_t) * (size_t)(r->n_chunks + 1));
    r->rest_of = vn_malloc(sizeof(int64_t) * (size_t)(r->n_chunks + 1));
    r->partial = vn_malloc(sizeof(double) * (size_t)(r->n_chunks * n));
    r->sums = vn_malloc(sizeof(double) * (size_t)r->n_chunks);
    r->e = vn_malloc(sizeof(double) * (size_t)n);
    r->chosen = vn_malloc(sizeof(double) * (size_t)n);
    r->mass = vn_malloc(sizeof(double) * (size_t)n);
    if (!r->tile_of || !r->rest_of || !r->partial || !r->sums || !r->e || !r->chosen || !r->mass)
        return VN_NO_MEMORY;
    for (int64_t c = 0; c <= r->n_chunks; c++) {
        r->tile_of[c] = vn_chunk_start(r->n_tiles, c, r->n_chunks);
        r->rest_of[c] = vn_chunk_start(r->n_rest, c, r->n_chunks);
    }
    return VN_OK;
}

static vn_status lay(void *job, int64_t chunk, int worker)
{
    vn_rankings *r = job;
    (void)worker;
    for (int64_t t = r->tile_of[chunk]; t < r->tile_of[chunk + 1]; t++) {
        const vn_ranking_tile *tile = r->tile + t;
        for (int64_t lane = 0; lane < LANES; lane++) {
            const int32_t *from = r->data.item + r->data.offsets[r->lane_ranking[t * LANES + lane]];
            int32_t *to = r->lane_item + tile->at + lane;
            for (int64_t p = 0; p < tile->length; p++) to[p * LANES] = from[p];
        }
    }
    return VN_OK;
}

vn_status vn_rankings_new(const vn_ranking_data *data, int n_threads, vn_poll poll, void *context,
                          vn_rankings **out)
{
    vn_rankings *r = vn_calloc(1, sizeof(vn_rankings));
    if (!r) return VN_NO_MEMORY;
    r->data = *data;
    vn_status status = arrange(r, poll, context);
    if (status == VN_OK) status = cut(r);
    if (status == VN_OK) status = vn_team_run(lay, r, r->n_chunks, n_threads, poll, context);
    if (status == VN_OK) status = vn_rankings_weigh(r, NULL, n_threads, poll, context);
    if (status != VN_OK) {
        vn_rankings_free(r);
        return status;
    }
    *out = r;
    return VN_OK;
}

void vn_rankings_free(vn_rankings *r)
{
    if (!r) return;
    vn_free(r->tile);
    vn_free(r->lane_item);
    vn_free(r->lane_ranking);
    vn_free(r->lane_weight);
    vn_free(r->rest);
    vn_free(r->slot_at);
    vn_free(r->weight);
    vn_free(r->chosen);
    vn_free(r->mass);
    vn_free(r->e);
    vn_free(r->tile_of);
    vn_free(r->rest_of);
    vn_free(r->partial);
    vn_free(r->squares);
    vn_free(r->sums);
    vn_free(r->edge_ptr);
    vn_free(r->hi);
    vn_free(r->slot);
    vn_free(r);
}

/* ---- weights ------------------------------------------------------------------------------- */

typedef struct {
    vn_rankings *r;
    int chosen; /* else the mass */
} counting;

static vn_status count_chunk(void *job, int64_t chunk, int worker)
{
    const counting *j = job;
    vn_rankings *r = j->r;
    double *sum = r->partial + chunk * r->data.n_items;
    (void)worker;
    memset(sum, 0, sizeof(double) * (size_t)r->data.n_items);
    for (int64_t t = r->tile_of[chunk]; t < r->tile_of[chunk + 1]; t++) {
        const vn_ranking_tile *tile = r->tile + t;
        double *weight = r->lane_weight + t * LANES;
        const int64_t *from = r->lane_ranking + t * LANES;
        for (int lane = 0; lane < LANES; lane++) weight[lane] = r->weight ? r->weight[from[lane]] : 1.0;
        const int32_t *item = r->lane_item + tile->at;
        const int32_t last = j->chosen ? tile->stages : tile->length;
        for (int32_t p = 0; p < last; p++)
            for (int lane = 0; lane < LANES; lane++) sum[item[p * LANES + lane]] += weight[lane];
    }
    for (int64_t q = r->rest_of[chunk]; q < r->rest_of[chunk + 1]; q++) {
        const vn_ranking_one o = vn_ranking_at(r, r->rest[q]);
        for (int64_t p = 0, end; p < o.length; p = end) {
            double count;
            end = vn_ranking_stage(&o, p, &count);
            const double each = o.weight * (j->chosen ? count / (double)(end - p) : 1.0);
            for (int64_t s = p; s < end; s++) sum[o.item[s]] += each;
        }
    }
    return VN_OK;
}

static void add_up(const vn_rankings *r, double *out)
{
    const int64_t n = r->data.n_items;
    memset(out, 0, sizeof(double) * (size_t)n);
    for (int64_t c = 0; c < r->n_chunks; c++)
        for (int64_t i = 0; i < n; i++) out[i] += r->partial[c * n + i];
}

vn_status vn_rankings_weigh(vn_rankings *r, const double *weight, int n_threads, vn_poll poll,
                            void *context)
{
    if (weight) {
        const size_t size = sizeof(double) * (size_t)VN_MAX(r->data.n_rankings, 1);
        if (!r->weight) r->weight = vn_malloc(size);
        if (!r->weight) return VN_NO_MEMORY;
        memcpy(r->weight, weight, sizeof(double) * (size_t)r->data.n_rankings);
    } else {
        vn_free(r->weight);
        r->weight = NULL;
    }
    for (int chosen = 0; chosen < 2; chosen++) {
        counting j = {r, chosen};
        const vn_status status = vn_team_run(count_chunk, &j, r->n_chunks, n_threads, poll, context);
        if (status != VN_OK) return status;
        add_up(r, chosen ? r->chosen : r->mass);
    }
    return VN_OK;
}

const double *vn_rankings_chosen(const vn_rankings *r) { return r->chosen; }
const double *vn_rankings_mass(const vn_rankings *r) { return r->mass; }

/* ---- one ranking --------------------------------------------------------------------------- */

int vn_ranking_table(vn_rankings *r, const double *theta, double *largest)
{
    const int64_t n = r->data.n_items;
    double most = n ? theta[0] : 0.0, least = most;
    for (int64_t i = 0; i < n; i++) {
        most = theta[i] > most ? theta[i] : most;
        least = theta[i] < least ? theta[i] : least;
    }
    *largest = most;
    if (!(most - least <= NARROW)) return 0;
    for (int64_t i = 0; i < n; i++) r->e[i] = vn_exp_neg(theta[i] - most);
    return 1;
}

/* The logarithms of the choice sets are sums from the back; what is cumulated is kept in units of the
 * stage at hand, which has the smallest choice set so far: no factor exceeds 1. */
static double cumulate_wide(const vn_ranking_one *o, const double *theta, int power, double *e,
                            double *q, double *room)
{
    double log_sum = -INFINITY, value = 0.0, sum = 0.0, before = 0.0;
    for (int64_t p = o->length - 1; p >= 0; p--) {
        const double x = theta[o->item[p]], high = x > log_sum ? x : log_sum;
        const double low = x > log_sum ? log_sum : x;
        log_sum = high + log1p(exp(low - high));
        room[p] = log_sum;
    }
    for (int64_t p = 0, end; p < o->length; p = end) {
        double count;
        end = vn_ranking_stage(o, p, &count);
        if (count > 0.0 || p == 0) {
            sum = count + (p ? sum * exp(power * (room[p] - before)) : 0.0);
            before = room[p];
            value += count * room[p];
        }
        for (int64_t s = p; s < end; s++) {
            e[s] = exp(theta[o->item[s]] - before);
            q[s] = sum;
            room[s] = before;
        }
    }
    return value;
}

double vn_ranking_cumulate(const vn_rankings *r, const vn_ranking_one *o, const double *wide, int power,
                           double *e, double *q, double *room)
{
    if (wide) return cumulate_wide(o, wide, power, e, q, room);
    double left = 0.0, sum = 0.0, value = 0.0;
    for (int64_t p = o->length - 1; p >= 0; p--) {
        e[p] = r->e[o->item[p]];
        left += e[p];
        room[p] = left;
    }
    for (int64_t p = 0, end; p < o->length; p = end) {
        double count;
        end = vn_ranking_stage(o, p, &count);
        if (count > 0.0) {
            const double over = 1.0 / room[p];
            sum += count * (power == 2 ? over * over : over);
            value += count * log(room[p]);
        }
        for (int64_t s = p; s < end; s++) q[s] = sum;
    }
    return value;
}
