/* Beta variates as X / (X + Y) of two gamma variates, each by Marsaglia and Tsang (2000,
 * doi:10.1145/358407.358414), whole blocks of proposals at a time; what was turned down proposes
 * again. A shape below 1 is drawn at shape + 1 and multiplied by u^(1/shape), in logarithms.
 *
 * Draw i uses the counters (i, 2 t) for its two normals and (i, 2 t + 1) for its two uniforms in
 * attempt t, and (i, 2^63) for u: nothing depends on how the work is cut. */
#include <math.h>

#include "vn_beta.h"
#include "vn_beta_math.h"
#include "vn_random.h"
#include "vn_team.h"

#define BLOCK 256
#define TURN (4 * BLOCK) /* draws that a thread makes at a time */
#define BOOST 0x8000000000000000ULL

typedef struct {
    double shape[2][BLOCK]; /* at least 1 */
    double value[2][BLOCK]; /* the proposals */
    double sure[2][BLOCK], uniform[2][BLOCK], log_room[2][BLOCK]; /* for the test of acceptance */
    uint64_t counter[BLOCK];
} proposals;

VN_CLONES
static void propose(proposals *restrict w, int len, const uint64_t key[2], uint64_t attempt)
{
    double normal[2][BLOCK];
    for (int64_t k = 0; k < len; k++) {
        uint64_t w0, w1;
        vn_threefry(key, w->counter[k], 2 * attempt, &w0, &w1);
        vn_normals(w0, w1, &normal[0][k], &normal[1][k]);
    }
    for (int64_t k = 0; k < len; k++) {
        uint64_t w0, w1;
        vn_threefry(key, w->counter[k], 2 * attempt + 1, &w0, &w1);
        w->uniform[0][k] = vn_uniform(w0);
        w->uniform[1][k] = vn_uniform(w1);
    }
    /* With t = z / (3 sqrt d) and v = (1 + t)^3 the test is log u < z^2/2 + d (1 - v + log v), whose
     * right side is a series that starts with -(3/4) d t^4: at least -1.28 d t^4 for |t| <= 1/2. */
    for (int side = 0; side < 2; side++)
        for (int64_t k = 0; k < len; k++) {
            const double d = w->shape[side][k] - 1.0 / 3.0, z = normal[side][k];
            const double t = z / (3.0 * sqrt(d)), t2 = t * t, root = 1.0 + t;
            w->value[side][k] = d * (root * root * root);
            w->sure[side][k]
                = t2 <= 0.25 && w->uniform[side][k] < 1.0 - 1.28 * d * (t2 * t2) ? 1.0 : 0.0;
            w->log_room[side][k] = 0.5 * z * z + d;
        }
}

/* The same test without the bound. */
static int accepted(const proposals *w, int side, int k)
{
    const double value = w->value[side][k], d = w->shape[side][k] - 1.0 / 3.0;
    return w->sure[side][k] != 0.0
        || (value > 0.0
            && vn_log(w->uniform[side][k]) < w->log_room[side][k] - value + d * vn_log(value / d));
}

/* x = 1 / (1 + Y/X) where a shape below 1 may send X or Y beyond the range of double. */
VN_CLONES
static void combine_small(int len, const uint64_t key[2], const uint64_t *restrict counter,
                          const double *restrict a, const double *restrict b,
                          const double *restrict gamma_a, const double *restrict gamma_b,
                          double *restrict out)
{
    for (int64_t k = 0; k < len; k++) {
        uint64_t w0, w1;
        vn_threefry(key, counter[k], BOOST, &w0, &w1);
        const double x = vn_log(gamma_a[k]) + (a[k] < 1.0 ? vn_log(vn_uniform(w0)) / a[k] : 0.0);
        const double y = vn_log(gamma_b[k]) + (b[k] < 1.0 ? vn_log(vn_uniform(w1)) / b[k] : 0.0);
        const double e = vn_exp_neg(-fabs(x - y)), big = 1.0 / (1.0 + e);
        out[k] = x >= y ? big : e * big;
    }
}

static void draw(int64_t from, int len, vn_values a_in, vn_values b_in, const uint64_t key[2],
                 uint64_t first, double *out)
{
    proposals w;
    double a[BLOCK], b[BLOCK], gamma[2][BLOCK];
    uint64_t counter[BLOCK];
    int at[BLOCK], small = 0, left = len;
    for (int64_t k = 0; k < len; k++) {
        a[k] = a_in.at[(from + k) * a_in.step];
        b[k] = b_in.at[(from + k) * b_in.step];
        counter[k] = w.counter[k] = first + (uint64_t)(from + k);
        w.shape[0][k] = a[k] < 1.0 ? a[k] + 1.0 : a[k];
        w.shape[1][k] = b[k] < 1.0 ? b[k] + 1.0 : b[k];
        gamma[0][k] = gamma[1][k] = -1.0;
        at[k] = k;
        small += a[k] < 1.0 || b[k] < 1.0;
    }
    for (uint64_t attempt = 0; left; attempt++) {
        propose(&w, left, key, attempt);
        int again = 0;
        for (int64_t k = 0; k < left; k++) {
            if (attempt == 0 && w.sure[0][k] + w.sure[1][k] == 2.0) {
                gamma[0][k] = w.value[0][k];
                gamma[1][k] = w.value[1][k];
                continue;
            }
            const int i = at[k];
            for (int side = 0; side < 2; side++)
                if (gamma[side][i] < 0.0 && accepted(&w, side, k))
                    gamma[side][i] = w.value[side][k];
            if (gamma[0][i] < 0.0 || gamma[1][i] < 0.0) {
                at[again] = i;
                w.counter[again] = counter[i];
                w.shape[0][again] = w.shape[0][k];
                w.shape[1][again] = w.shape[1][k];
                again++;
            }
        }
        left = again;
    }
    for (int64_t k = 0; k < len; k++) out[k] = gamma[0][k] / (gamma[0][k] + gamma[1][k]);
    if (!small) return;
    int n = 0; /* those with a small shape, packed */
    for (int64_t k = 0; k < len; k++) {
        if (a[k] >= 1.0 && b[k] >= 1.0) continue;
        at[n] = k;
        a[n] = a[k];
        b[n] = b[k];
        counter[n] = counter[k];
        gamma[0][n] = gamma[0][k];
        gamma[1][n++] = gamma[1][k];
    }
    double result[BLOCK];
    combine_small(n, key, counter, a, b, gamma[0], gamma[1], result);
    for (int64_t k = 0; k < n; k++) out[at[k]] = result[k];
}

typedef struct {
    int64_t n;
    vn_values a, b;
    const uint64_t *key;
    uint64_t first;
    double *out;
} job;

static vn_status draw_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t end = vn_block_end(j->n, TURN, block);
    (void)worker;
    for (int64_t k = block * TURN; k < end; k += BLOCK)
        draw(k, (int)VN_MIN(end - k, (int64_t)BLOCK), j->a, j->b, j->key, j->first, j->out + k);
    return VN_OK;
}

vn_status vn_beta_sample(int64_t n, vn_values a, vn_values b, const uint64_t key[2], uint64_t first,
                         int n_threads, vn_poll poll, void *context, double *out)
{
    return vn_team_run(draw_block, &(job){n, a, b, key, first, out}, vn_n_blocks(n, TURN), n_threads, poll,
                       context);
}
