#include "vn_boost.h"

#include <math.h>

#include "vn_team.h"

#define PART 4096 /* rows whose weights are added up together */
#define PARTS 4   /* of a block */

/* The arguments of the loops below; each uses what it needs. */
typedef struct {
    int64_t n;
    const double *weight, *difference;
    const uint8_t *wrong;
    vn_boost_loss loss;
    double sum, down, divisor, power; /* sum: of the new weights; its inverse may overflow */
    double *next, *part, *other; /* part, other: one number for each part */
} job;

typedef void (*part_of)(const job *j, int64_t part, int64_t from, int64_t to);

/* The loops over rows are written for one part; a block has several. */
typedef struct {
    const job *j;
    part_of body;
} parts;

static vn_status some_parts(void *arg, int64_t block, int worker)
{
    const parts *p = arg;
    const int64_t n = p->j->n;
    (void)worker;
    for (int64_t k = block * PARTS; k < vn_block_end(vn_n_blocks(n, PART), PARTS, block); k++)
        p->body(p->j, k, k * PART, vn_block_end(n, PART, k));
    return VN_OK;
}

static vn_status run(part_of body, const job *j, int n_threads)
{
    parts p = {j, body};
    return vn_team_run(some_parts, &p, vn_n_blocks(vn_n_blocks(j->n, PART), PARTS), n_threads, NULL,
                       NULL);
}

static double add_up(const double *part, int64_t n)
{
    double total = 0.0;
    for (int64_t k = 0; k < vn_n_blocks(n, PART); k++) total += part[k];
    return total;
}

/* next = max(next / sum, the least), 0 where it is below 0 */
static void rescale(const job *j, int64_t part, int64_t from, int64_t to)
{
    (void)part;
    for (int64_t i = from; i < to; i++) {
        const double w = j->next[i] / j->sum;
        j->next[i] = j->next[i] < 0.0 ? 0.0 : VN_MAX(w, VN_BOOST_LEAST);
    }
}

/* Leave the weights as they are, divided by their sum. */
static void stay(const job *j, int64_t part, int64_t from, int64_t to)
{
    (void)part;
    for (int64_t i = from; i < to; i++) j->next[i] = j->weight[i] / j->sum;
}

/* part: sum of the weights; other: of those that are wrong */
static void weigh_wrong(const job *j, int64_t part, int64_t from, int64_t to)
{
    double all = 0.0, bad = 0.0;
    for (int64_t i = from; i < to; i++) {
        all += j->weight[i];
        bad += j->wrong[i] ? j->weight[i] : 0.0;
    }
    j->part[part] = all;
    j->other[part] = bad;
}

static void samme_rows(const job *j, int64_t part, int64_t from, int64_t to)
{
    (void)part;
    for (int64_t i = from; i < to; i++) {
        const double w = j->weight[i] * (j->wrong[i] ? 1.0 : j->down) / j->sum;
        j->next[i] = j->weight[i] > 0.0 ? VN_MAX(w, VN_BOOST_LEAST) : 0.0;
    }
}

vn_status vn_boost_samme(int64_t n, const double *weight, const uint8_t *wrong, double n_classes,
                         double rate, int n_threads, double *next, vn_boost_step *step)
{
    const int64_t n_parts = vn_n_blocks(n, PART);
    double *part = vn_malloc(2 * (size_t)n_parts * sizeof *part);
    if (!part) return VN_NO_MEMORY;
    job j = {.n = n, .weight = weight, .wrong = wrong, .next = next, .part = part,
             .other = part + n_parts};
    vn_status status = run(weigh_wrong, &j, n_threads);
    const double total = add_up(j.part, n), bad = add_up(j.other, n);
    vn_free(part);
    if (status != VN_OK) return status;
    step->error = bad / total;
    if (step->error <= 0.0 || step->error >= 1.0 - 1.0 / n_classes) {
        step->state = step->error <= 0.0 ? VN_BOOST_PERFECT : VN_BOOST_USELESS;
        step->alpha = step->error <= 0.0 ? 1.0 : 0.0;
        j.sum = total;
        return run(stay, &j, n_threads);
    }
    step->state = VN_BOOST_GOES_ON;
    step->alpha = rate * (log((1.0 - step->error) / step->error) + log(n_classes - 1.0));
    /* what is right goes down instead of what is wrong going up: nothing overflows */
    j.down = exp(-step->alpha);
    j.sum = bad + (total - bad) * j.down;
    return run(samme_rows, &j, n_threads);
}

static inline double shaped(double x, vn_boost_loss loss)
{
    return loss == VN_BOOST_SQUARE ? x * x : loss == VN_BOOST_EXPONENTIAL ? -expm1(-x) : x;
}

/* part: sum of the weights; other: largest difference of a row that has weight */
static void look_at_differences(const job *j, int64_t part, int64_t from, int64_t to)
{
    double all = 0.0, most = 0.0;
    for (int64_t i = from; i < to; i++) {
        const double size = fabs(j->difference[i]);
        all += j->weight[i];
        if (j->weight[i] > 0.0 && size > most) most = size;
    }
    j->part[part] = all;
    j->other[part] = most;
}

/* other: sum of the weighted losses */
static void weigh_losses(const job *j, int64_t part, int64_t from, int64_t to)
{
    double bad = 0.0;
    for (int64_t i = from; i < to; i++)
        if (j->weight[i] > 0.0)
            bad += j->weight[i] * shaped(fabs(j->difference[i]) / j->divisor, j->loss);
    j->other[part] = bad;
}

/* New weights but for their scale; part: their sum. A weight of 0 is marked by -1: it must not be
 * lifted to the least. The row with the largest loss counts most, relative to what it had: with the
 * loss of that row (1, or 1 - 1/e) taken off, the factors are at most 1 and one of them is 1. */
static void r2_rows(const job *j, int64_t part, int64_t from, int64_t to)
{
    const double worst = shaped(1.0, j->loss);
    double all = 0.0;
    for (int64_t i = from; i < to; i++) {
        const double lost = shaped(fabs(j->difference[i]) / j->divisor, j->loss);
        const double factor = exp(j->power * (worst - VN_MIN(lost, worst)));
        j->next[i] = j->weight[i] > 0.0 ? j->weight[i] * factor : -1.0;
        all += VN_MAX(j->next[i], 0.0);
    }
    j->part[part] = all;
}

vn_status vn_boost_r2(int64_t n, const double *weight, const double *difference, vn_boost_loss loss,
                      double rate, int n_threads, double *next, vn_boost_step *step)
{
    const int64_t n_parts = vn_n_blocks(n, PART);
    double *part = vn_malloc(2 * (size_t)n_parts * sizeof *part);
    if (!part) return VN_NO_MEMORY;
    job j = {.n = n, .weight = weight, .difference = difference, .loss = loss, .next = next,
             .part = part, .other = part + n_parts};
    vn_status status = run(look_at_differences, &j, n_threads);
    const double total = add_up(part, n);
    double most = 0.0;
    for (int64_t k = 0; k < n_parts; k++) most = VN_MAX(most, j.other[k]);
    j.divisor = most > 0.0 ? most : 1.0;
    if (status == VN_OK) status = run(weigh_losses, &j, n_threads);
    step->error = add_up(j.other, n) / total;
    if (status == VN_OK && step->error > 0.0 && step->error < 0.5) {
        const double log_beta = log(step->error / (1.0 - step->error));
        step->state = VN_BOOST_GOES_ON;
        step->alpha = -rate * log_beta;
        j.power = rate * log_beta;
        status = run(r2_rows, &j, n_threads);
        j.sum = add_up(part, n);
        if (status == VN_OK) status = run(rescale, &j, n_threads);
    } else if (status == VN_OK) {
        step->state = step->error <= 0.0 ? VN_BOOST_PERFECT : VN_BOOST_USELESS;
        step->alpha = step->error <= 0.0 ? 1.0 : 0.0;
        j.sum = total;
        status = run(stay, &j, n_threads);
    }
    vn_free(part);
    return status;
}
