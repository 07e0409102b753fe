#include "vn_boost.h"

#include <math.h>

#define BLOCK 4096

static inline int64_t n_blocks(int64_t n)
{
    return (n + BLOCK - 1) / BLOCK;
}

static double add_up(const double *part, int64_t blocks)
{
    double total = 0.0;
    for (int64_t b = 0; b < blocks; b++) total += part[b];
    return total;
}

/* next = max(scale * weight, the least), 0 where old is 0; may be in place. */
static void rescale(int64_t n, const double *weight, double scale, int n_threads, double *next)
{
    (void)n_threads;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t i = 0; i < n; i++) {
        const double w = weight[i] * scale;
        next[i] = weight[i] < 0.0 ? 0.0 : VN_MAX(w, VN_BOOST_LEAST);
    }
}

/* A weight of 0 is marked by -1 between the passes: it must not be lifted to the least. */
static inline double marked(double weight, double changed)
{
    return weight > 0.0 ? changed : -1.0;
}

static inline double shaped(double x, vn_boost_loss loss)
{
    return loss == VN_BOOST_SQUARE ? x * x : loss == VN_BOOST_EXPONENTIAL ? -expm1(-x) : x;
}

/* Leave the weights as they are, divided by their sum. */
static void stay(int64_t n, const double *weight, double total, int n_threads, double *next)
{
    (void)n_threads;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t i = 0; i < n; i++) next[i] = weight[i] / total;
}

vn_status vn_boost_samme(int64_t n, const double *weight, const uint8_t *wrong, double n_classes,
                         double rate, int n_threads, double *next, vn_boost_step *step)
{
    (void)n_threads;
    const int64_t blocks = n_blocks(n);
    double *part = vn_malloc(2 * (size_t)blocks * sizeof *part);
    if (!part) return VN_NO_MEMORY;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t b = 0; b < blocks; b++) {
        double all = 0.0, bad = 0.0;
        for (int64_t i = b * BLOCK; i < VN_MIN(n, (b + 1) * BLOCK); i++) {
            all += weight[i];
            bad += wrong[i] ? weight[i] : 0.0;
        }
        part[b] = all;
        part[blocks + b] = bad;
    }
    const double total = add_up(part, blocks), bad = add_up(part + blocks, blocks);
    vn_free(part);
    step->error = bad / total;
    if (step->error <= 0.0 || step->error >= 1.0 - 1.0 / n_classes) {
        step->state = step->error <= 0.0 ? VN_BOOST_PERFECT : VN_BOOST_USELESS;
        step->alpha = step->error <= 0.0 ? 1.0 : 0.0;
        stay(n, weight, total, n_threads, next);
        return VN_OK;
    }
    step->state = VN_BOOST_GOES_ON;
    step->alpha = rate * (log((1.0 - step->error) / step->error) + log(n_classes - 1.0));
    /* what is right goes down instead of what is wrong going up: nothing overflows */
    const double down = exp(-step->alpha), scale = 1.0 / (bad + (total - bad) * down);
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t i = 0; i < n; i++) {
        const double w = weight[i] * (wrong[i] ? 1.0 : down) * scale;
        next[i] = weight[i] > 0.0 ? VN_MAX(w, VN_BOOST_LEAST) : 0.0;
    }
    return VN_OK;
}

vn_status vn_boost_r2(int64_t n, const double *weight, const double *difference, vn_boost_loss loss,
                      double rate, int n_threads, double *next, vn_boost_step *step)
{
    (void)n_threads;
    const int64_t blocks = n_blocks(n);
    double *part = vn_malloc(2 * (size_t)blocks * sizeof *part), *bad_part = part + blocks;
    if (!part) return VN_NO_MEMORY;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t b = 0; b < blocks; b++) {
        double all = 0.0, most = 0.0;
        for (int64_t i = b * BLOCK; i < VN_MIN(n, (b + 1) * BLOCK); i++) {
            const double size = fabs(difference[i]);
            all += weight[i];
            if (weight[i] > 0.0 && size > most) most = size;
        }
        part[b] = all;
        bad_part[b] = most;
    }
    const double total = add_up(part, blocks);
    double most = 0.0;
    for (int64_t b = 0; b < blocks; b++) most = VN_MAX(most, bad_part[b]);
    const double divisor = most > 0.0 ? most : 1.0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t b = 0; b < blocks; b++) {
        double bad = 0.0;
        for (int64_t i = b * BLOCK; i < VN_MIN(n, (b + 1) * BLOCK); i++)
            if (weight[i] > 0.0) bad += weight[i] * shaped(fabs(difference[i]) / divisor, loss);
        bad_part[b] = bad;
    }
    step->error = add_up(bad_part, blocks) / total;
    if (step->error <= 0.0 || step->error >= 0.5) {
        step->state = step->error <= 0.0 ? VN_BOOST_PERFECT : VN_BOOST_USELESS;
        step->alpha = step->error <= 0.0 ? 1.0 : 0.0;
        vn_free(part);
        stay(n, weight, total, n_threads, next);
        return VN_OK;
    }
    const double log_beta = log(step->error / (1.0 - step->error));
    step->state = VN_BOOST_GOES_ON;
    step->alpha = -rate * log_beta;
    /* the row with the largest loss counts most, relative to what it had: with the loss of that row
     * (1, or 1 - 1/e) taken off, the factors are at most 1 and one of them is 1 */
    const double worst = shaped(1.0, loss);
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t b = 0; b < blocks; b++) {
        double all = 0.0;
        for (int64_t i = b * BLOCK; i < VN_MIN(n, (b + 1) * BLOCK); i++) {
            const double lost = shaped(fabs(difference[i]) / divisor, loss);
            const double factor = exp(log_beta * rate * (worst - VN_MIN(lost, worst)));
            next[i] = marked(weight[i], weight[i] * factor);
            all += VN_MAX(next[i], 0.0);
        }
        part[b] = all;
    }
    const double scale = 1.0 / add_up(part, blocks);
    vn_free(part);
    rescale(n, next, scale, n_threads, next);
    return VN_OK;
}
