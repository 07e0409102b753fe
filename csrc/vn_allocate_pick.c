#include "vn_allocate_pick.h"

#include <math.h>
#include <string.h>

#include "vn_random.h"

#define PI_OVER_2 1.5707963267948966
#define BLOCK 512     /* candidates that are scored together: their numbers stay in the cache */
#define FLOOR 0.02    /* what the metric of the top has besides P (1 - P) */
#define AGAIN 1e30    /* off the residual score for each time that a pair was picked */
#define TRIES 8       /* solves that look for the best pair of a sketch, per pick */

void vn_picker_free(vn_picker *w)
{
    vn_posterior_free(&w->posterior);
    void *blocks[] = {w->a, w->b, w->asked, w->block_candidates, w->lead, w->ask_start, w->ask_other,
                      w->ask_number, w->block_n};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) vn_free(blocks[k]);
    memset(w, 0, sizeof *w);
}

static vn_status reserve(vn_picker *w, int64_t n, int64_t candidates, int64_t asks)
{
    if (n > w->room_n) {
        double **rows[] = {&w->metric, &w->column, &w->best, &w->turned, &w->scaled};
        const int64_t many = sizeof rows / sizeof *rows, room = n + VN_PANEL;
        w->room_n = 0;
        if (!vn_renew(&w->block_n, many * room, 8) || !vn_renew(&w->lead, n, 4)
            || !vn_renew(&w->ask_start, n + 1, 8))
            return VN_NO_MEMORY;
        for (int64_t k = 0; k < many; k++) *rows[k] = w->block_n + k * room;
        memset(w->block_n, 0, sizeof(double) * (size_t)(many * room));
        w->room_n = n;
    }
    if (candidates > w->room_candidates) {
        double **rows[] = {&w->delta, &w->weight, &w->r, &w->spread, &w->fixed, &w->score};
        const int64_t many = sizeof rows / sizeof *rows;
        w->room_candidates = 0;
        if (!vn_renew(&w->block_candidates, many * candidates, 8) || !vn_renew(&w->a, candidates, 4)
            || !vn_renew(&w->b, candidates, 4) || !vn_renew(&w->asked, candidates, 4))
            return VN_NO_MEMORY;
        for (int64_t k = 0; k < many; k++) *rows[k] = w->block_candidates + k * candidates;
        w->room_candidates = candidates;
    }
    if (asks > w->room_asks) {
        w->room_asks = 0;
        if (!vn_renew(&w->ask_other, asks, 4) || !vn_renew(&w->ask_number, asks, 8)) return VN_NO_MEMORY;
        w->room_asks = asks;
    }
    return VN_OK;
}

/* ---- asks ------------------------------------------------------------------------------------- */

static inline double effective(double n, double rho)
{
    return n > 0.0 ? n / (1.0 + (n - 1.0) * rho) : 0.0;
}

/* Effective votes of one more ask of a pair that was asked so often. */
static inline double weight_of(const vn_allocate_options *o, int64_t asked)
{
    const double votes = (double)o->votes_per_ask, before = (double)asked * votes;
    return effective(before + votes, o->rho) - effective(before, o->rho);
}

/* Sort asks of both lists by their smaller item, keeping their order. */
static void sort_asks(vn_picker *w, int n, const int32_t *first, const int32_t *second,
                      int64_t n_first, const int32_t *more_first, const int32_t *more_second,
                      int64_t n_more)
{
    memset(w->ask_start, 0, sizeof(int64_t) * (size_t)(n + 1));
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t q = 0; q < n_first + n_more; q++) {
            const int32_t i = q < n_first ? first[q] : more_first[q - n_first];
            const int32_t j = q < n_first ? second[q] : more_second[q - n_first];
            if (pass == 0) {
                w->ask_start[VN_MIN(i, j) + 1]++;
            } else {
                const int64_t at = w->ask_start[VN_MIN(i, j)]++;
                w->ask_other[at] = VN_MAX(i, j);
                w->ask_number[at] = q;
            }
        }
        if (pass == 0)
            for (int i = 0; i < n; i++) w->ask_start[i + 1] += w->ask_start[i];
    }
    for (int i = n; i > 0; i--) w->ask_start[i] = w->ask_start[i - 1];
    w->ask_start[0] = 0;
}

/* How many asks of the pair came before number `before`. */
static int64_t count_asks(const vn_picker *w, int32_t i, int32_t j, int64_t before)
{
    const int32_t low = VN_MIN(i, j), high = VN_MAX(i, j);
    int64_t count = 0;
    for (int64_t q = w->ask_start[low]; q < w->ask_start[low + 1]; q++)
        count += w->ask_other[q] == high && w->ask_number[q] < before;
    return count;
}

/* ---- one pick --------------------------------------------------------------------------------- */

/* The normal distribution that is as steep as the model's between equals says how much uncertainty of
 * theta blurs P (MacKay 1992). */
static double blur_of(const vn_model_row *model)
{
    const double d = 0.0, win = 1.0, loss = 0.0;
    double slope, curve; /* twice the density, as P = 1/2 */
    model->derivatives(model, &d, &win, &loss, NULL, 0.0, 1, &slope, &curve, NULL, NULL);
    return PI_OVER_2 * slope * slope;
}

VN_CLONES
static void blurred(int64_t n, const double *restrict delta, const double *restrict r, double blur,
                    double *restrict out)
{
    for (int64_t e = 0; e < n; e++) out[e] = delta[e] / sqrt(1.0 + blur * r[e]);
}

/* What one vote is expected to tell of pairs at distance delta with variance r. */
static void informations(const vn_picker *w, int64_t n, const double *delta, const double *r,
                         double *out)
{
    const vn_model_row *model = w->posterior.model.model;
    blurred(n, delta, r, w->blur, out);
    model->information(model, n, out);
}

/* What one ask is expected to tell: x. */
static double information(const vn_picker *w, double delta, double r, double weight)
{
    double x;
    informations(w, 1, &delta, &r, &x);
    return weight * x;
}

/* Whether picks are valued by d'C M C d. */
static int has_metric(const vn_allocate_options *o)
{
    return o->criterion == VN_PICK_A || o->criterion == VN_PICK_TOP;
}

/* Sum of metric column^2. */
static double spread_of(const vn_picker *w, const double *column)
{
    double sum = 0.0;
    for (int i = 0; i < w->posterior.n; i++) sum += w->metric[i] * column[i] * column[i];
    return sum;
}

/* What is left of an estimate may be too little for exact updates. */
static inline double not_below_0(double x) { return x > 0.0 ? x : 0.0; }

/* r and spread after C -= factor column column'; turned is C M column, square is column' M column. */
VN_CLONES
static void change_candidates(vn_picker *w, const double *restrict column, double factor,
                              const double *restrict turned, double square)
{
    const int32_t *restrict a = w->a, *restrict b = w->b;
    double *restrict r = w->r, *restrict spread = w->spread;
    const double twice = 2.0 * factor, bent = factor * factor * square;
    if (turned) {
        VN_PRAGMA(omp simd)
        for (int64_t e = 0; e < w->n_candidates; e++) {
            const double u = column[a[e]] - column[b[e]], v = turned[a[e]] - turned[b[e]];
            r[e] = not_below_0(r[e] - factor * u * u);
            spread[e] = not_below_0(spread[e] + u * (bent * u - twice * v));
        }
    } else {
        VN_PRAGMA(omp simd)
        for (int64_t e = 0; e < w->n_candidates; e++) {
            const double u = column[a[e]] - column[b[e]];
            r[e] = not_below_0(r[e] - factor * u * u);
        }
    }
}

/* Ask (i, j), whose column is C (e_i - e_j), padded: posterior, candidates and counts change. */
static vn_status ask(vn_picker *w, const vn_allocate_options *o, int32_t i, int32_t j, double weight,
                     const double *column, double *gain)
{
    vn_posterior *p = &w->posterior;
    const double r = column[i] - column[j], x = information(w, fabs(p->theta[i] - p->theta[j]), r, weight);
    const double factor = x / (1.0 + x * r);
    double square = 0.0;
    *gain = log1p(x * r);
    if (has_metric(o)) {
        square = spread_of(w, column);
        for (int k = 0; k < p->n; k++) w->scaled[k] = w->metric[k] * column[k];
        vn_posterior_multiply(p, w->scaled, w->turned);
        *gain = factor * square;
    }
    change_candidates(w, column, factor, has_metric(o) ? w->turned : NULL, square);
    w->lead[i]++;
    w->lead[j]--;
    return vn_posterior_update(p, i, j, x, r, column);
}

VN_CLONES
static void score_block(int64_t n, int metric, const double *restrict x, const double *restrict weight,
                        const double *restrict r, const double *restrict spread, double *restrict score)
{
    if (metric)
        for (int64_t e = 0; e < n; e++) {
            const double told = weight[e] * x[e];
            score[e] = told * spread[e] / (1.0 + told * r[e]);
        }
    else
        for (int64_t e = 0; e < n; e++) score[e] = r[e] * (weight[e] * x[e]);
}

static void score_all(vn_picker *w, const vn_allocate_options *o)
{
    const int64_t n = w->n_candidates;
    if (o->criterion != VN_PICK_D && !has_metric(o)) {
        memcpy(w->score, o->criterion == VN_PICK_SD ? w->r : w->fixed, sizeof(double) * (size_t)n);
        return;
    }
    double x[BLOCK];
    for (int64_t e = 0; e < n; e += BLOCK) {
        const int64_t len = VN_MIN(n - e, BLOCK);
        informations(w, len, w->delta + e, w->r + e, x);
        score_block(len, has_metric(o), x, w->weight + e, w->r + e, w->spread + e, w->score + e);
    }
}

/* The first of the largest scores. */
VN_CLONES
static int64_t best_candidate(const double *restrict score, int64_t n)
{
    double lane[8];
    int64_t e = 0, at = 0;
    for (int l = 0; l < 8; l++) lane[l] = -INFINITY;
    for (; e + 8 <= n; e += 8)
        for (int l = 0; l < 8; l++) lane[l] = score[e + l] > lane[l] ? score[e + l] : lane[l];
    double most = -INFINITY;
    for (int l = 0; l < 8; l++) most = lane[l] > most ? lane[l] : most;
    for (; e < n; e++) most = score[e] > most ? score[e] : most;
    while (at + 1 < n && score[at] != most) at++;
    return at;
}

/* Score of one candidate whose variance has become known. */
static double rescore(const vn_picker *w, const vn_allocate_options *o, int64_t e)
{
    const double x = information(w, w->delta[e], w->r[e], w->weight[e]);
    if (o->criterion == VN_PICK_D) return x * w->r[e];
    if (has_metric(o)) return x * w->spread[e] / (1.0 + x * w->r[e]);
    return o->criterion == VN_PICK_SD ? w->r[e] : w->fixed[e];
}

/* The candidate to pick; its column into w->best. Of a sketch the best few are looked at exactly. */
static int64_t choose(vn_picker *w, const vn_allocate_options *o)
{
    vn_posterior *p = &w->posterior;
    score_all(w, o);
    int64_t chosen = best_candidate(w->score, w->n_candidates);
    vn_posterior_column(p, w->a[chosen], w->b[chosen], w->best);
    for (int turn = 0; !p->dense && turn < TRIES; turn++) {
        const double *column = turn ? w->column : w->best;
        const int64_t e = turn ? best_candidate(w->score, w->n_candidates) : chosen;
        if (turn) {
            if (e == chosen) break;
            vn_posterior_column(p, w->a[e], w->b[e], w->column);
        }
        w->r[e] = column[w->a[e]] - column[w->b[e]];
        if (has_metric(o)) w->spread[e] = spread_of(w, column);
        w->score[e] = rescore(w, o, e);
        if (turn && w->score[e] > w->score[chosen]) {
            double *swap = w->best;
            w->best = w->column;
            w->column = swap;
            chosen = e;
        }
    }
    return chosen;
}

/* ---- candidates ------------------------------------------------------------------------------- */

static inline int32_t below(uint64_t word, int64_t n)
{
    return (int32_t)((word >> 32) * (uint64_t)n >> 32);
}

static void draw_candidates(vn_picker *w, const uint64_t key[2], uint64_t group)
{
    const int64_t n = w->posterior.n;
    int64_t e = 0;
    if (w->n_candidates == n * (n - 1) / 2) {
        for (int32_t i = 0; i < n; i++)
            for (int32_t j = i + 1; j < n; j++, e++) w->a[e] = i, w->b[e] = j;
        return;
    }
    for (; e < w->n_candidates; e++) {
        uint64_t word0, word1;
        vn_threefry(key, VN_STREAM_CANDIDATE + (uint64_t)e, group, &word0, &word1);
        const int32_t one = below(word0, n), rest = below(word1, n - 1), other = rest + (rest >= one);
        w->a[e] = VN_MIN(one, other);
        w->b[e] = VN_MAX(one, other);
    }
}

/* Variance of each candidate, and what the metric makes of it; the matrix holds all asks. */
VN_CLONES
static void measure_dense(vn_picker *w, int metric)
{
    const vn_posterior *p = &w->posterior;
    for (int64_t e = 0; e < w->n_candidates; e++) {
        const double *restrict one = p->c + (size_t)w->a[e] * (size_t)p->stride;
        const double *restrict two = p->c + (size_t)w->b[e] * (size_t)p->stride;
        w->r[e] = one[w->a[e]] + two[w->b[e]] - 2.0 * one[w->b[e]];
        if (!metric) continue;
        double sum[8] = {0.0};
        for (int i = 0; i < p->stride; i += 8)
            for (int l = 0; l < 8; l++) {
                const double u = one[i + l] - two[i + l];
                sum[l] += w->metric[i + l] * u * u;
            }
        w->spread[e] = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
    }
}

static vn_status set_metric(vn_picker *w, const vn_allocate_options *o, uint64_t group)
{
    const int n = w->posterior.n;
    for (int i = 0; i < n; i++) w->metric[i] = 1.0;
    for (int i = n; i < n + VN_PANEL; i++) w->metric[i] = w->scaled[i] = 0.0;
    if (o->criterion != VN_PICK_TOP) return VN_OK;
    const vn_status status = vn_posterior_chance(&w->posterior, o->top, o->key, group, w->metric);
    for (int i = 0; i < n; i++) w->metric[i] = w->metric[i] * (1.0 - w->metric[i]) + FLOOR;
    return status;
}

static vn_status set_candidates(vn_picker *w, const vn_allocate_options *o,
                                const vn_grouped *votes, int64_t k, int64_t n_asks)
{
    const vn_posterior *p = &w->posterior;
    draw_candidates(w, o->key, (uint64_t)k);
    for (int64_t e = 0; e < w->n_candidates; e++) {
        const int32_t i = w->a[e], j = w->b[e];
        w->delta[e] = fabs(p->theta[i] - p->theta[j]);
        w->asked[e] = (int32_t)count_asks(w, i, j, n_asks);
        w->weight[e] = weight_of(o, w->asked[e]);
        if (o->criterion == VN_PICK_RESIDUAL) {
            const double *r = o->residual + votes->item_ptr[k], *v = o->noise + votes->item_ptr[k];
            w->fixed[e] = (r[i] - r[j]) * (r[i] - r[j]) - (v[i] + v[j]);
        }
    }
    if (p->dense) {
        measure_dense(w, has_metric(o));
        return VN_OK;
    }
    const vn_status status = vn_sketch(w, o, (uint64_t)k, NULL, w->r);
    if (status != VN_OK || !has_metric(o)) return status;
    return vn_sketch(w, o, (uint64_t)k, w->metric, w->spread);
}

/* Which of the pair is shown first: the one that was so less often. */
static void put_in_order(const vn_picker *w, const uint64_t key[2], uint64_t group, int64_t pick,
                         int32_t *i, int32_t *j)
{
    int turn = w->lead[*i] > w->lead[*j];
    if (w->lead[*i] == w->lead[*j]) {
        uint64_t word0, word1;
        vn_threefry(key, VN_STREAM_SIDE + (uint64_t)pick, group, &word0, &word1);
        turn = (int)(word0 >> 63);
    }
    if (turn) {
        const int32_t swap = *i;
        *i = *j;
        *j = swap;
    }
}

/* ---- a group ---------------------------------------------------------------------------------- */

vn_status vn_pick_group(vn_picker *w, const vn_grouped *votes, const vn_small_model *model,
                        const vn_allocate_asks *asks, const vn_allocate_options *o, int64_t k,
                        int64_t n_picks, int32_t *first, int32_t *second, double *gain)
{
    vn_posterior *p = &w->posterior;
    const int64_t n = votes->item_ptr[k + 1] - votes->item_ptr[k], all = n * (n - 1) / 2;
    const int64_t n_asks = asks->ptr[k + 1] - asks->ptr[k];
    const int given = o->criterion == VN_PICK_GIVEN;
    const int32_t *old_first = asks->first + asks->ptr[k], *old_second = asks->second + asks->ptr[k];
    int64_t wanted = o->candidates > all / n_picks ? all : o->candidates * n_picks;
    if (o->criterion == VN_PICK_RESIDUAL && n <= o->dense) wanted = all;
    vn_status status = reserve(w, n, wanted, n_asks + (given ? n_picks : 0));
    if (status == VN_OK) status = vn_posterior_load(p, votes, model, k, NULL);
    if (status != VN_OK) return status;
    w->blur = blur_of(model->model);
    vn_posterior_mode(p);
    if (vn_watch_over(p->small.watch)) return VN_INTERRUPTED;
    status = vn_posterior_covariance(p, n <= o->dense);
    if (status != VN_OK) return status;
    sort_asks(w, (int)n, old_first, old_second, n_asks, first, second, given ? n_picks : 0);
    memset(w->lead, 0, sizeof(int32_t) * (size_t)n);
    w->n_candidates = 0; /* none to change yet */
    const int64_t answered = n_asks - asks->pending[k];
    for (int64_t q = 0; q < answered; q++) w->lead[old_first[q]]++, w->lead[old_second[q]]--;
    vn_allocate_options plain = *o; /* asks that are out and given ones are valued by D */
    plain.criterion = VN_PICK_D;
    for (int64_t q = answered; q < n_asks + (given ? n_picks : 0) && status == VN_OK; q++) {
        const int32_t i = q < n_asks ? old_first[q] : first[q - n_asks];
        const int32_t j = q < n_asks ? old_second[q] : second[q - n_asks];
        double unused;
        vn_posterior_column(p, i, j, w->best);
        status = ask(w, &plain, i, j, weight_of(o, count_asks(w, i, j, q)), w->best,
                     q < n_asks ? &unused : gain + (q - n_asks));
        if (vn_posterior_stops(p, p->dense ? 64 * n : 100 * (n + p->small.n_edges))) return VN_INTERRUPTED;
    }
    if (given || status != VN_OK) return status;
    vn_posterior_flush(p);
    status = set_metric(w, o, (uint64_t)k);
    w->n_candidates = wanted;
    if (status == VN_OK) status = set_candidates(w, o, votes, k, n_asks);
    const int64_t cost = 20 * wanted + (p->dense ? 64 * n : 100 * (n + p->small.n_edges));
    for (int64_t q = 0; q < n_picks && status == VN_OK; q++) {
        const int64_t e = choose(w, o);
        int32_t i = w->a[e], j = w->b[e];
        const int64_t asked = ++w->asked[e];
        const double weight = w->weight[e], next = weight_of(o, asked);
        for (int64_t other = 0; other < wanted; other++) /* the pair may be there twice */
            if (w->a[other] == i && w->b[other] == j) {
                w->asked[other] = (int32_t)asked;
                w->weight[other] = next;
                if (o->criterion == VN_PICK_RESIDUAL) w->fixed[other] -= AGAIN;
            }
        put_in_order(w, o->key, (uint64_t)k, q, &i, &j);
        if (i > j)
            for (int64_t l = 0; l < n; l++) w->best[l] = -w->best[l];
        status = ask(w, o, i, j, weight, w->best, gain + q);
        first[q] = i;
        second[q] = j;
        if (vn_posterior_stops(p, cost)) return VN_INTERRUPTED;
    }
    return status;
}
