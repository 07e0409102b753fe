#include "vn_judges.h"

#include <math.h>
#include <string.h>

#include "vn_math.h"
#include "vn_team.h"

#define ROWS 4096      /* of a block of rows */
#define CHUNK 512      /* looks that are worked on at a time */
#define SEGMENT 16384  /* looks of one judge in a sum */
#define SEGMENTS 64    /* of a block, at most; */
#define LOOKS 32768    /* and looks of a block, about */

/* Looks of a chunk, laid out for vectors. */
typedef struct {
    double d[CHUNK], v[CHUNK], o[CHUNK], win[CHUNK], mass[CHUNK], slope[CHUNK];
} chunk;

static inline void outcome_of(const vn_look_columns *c, int64_t k, chunk *x, int64_t at)
{
    const uint32_t code = c->code[k];
    x->win[at] = c->win ? c->win[k] : 0.5 * ((code >> 1) & 3u);
    x->mass[at] = c->win ? c->mass[k] : 1.0;
}

typedef struct {
    const vn_looks *looks;
    const double *difference, *variance, *slope, *bias;
    double *score, *curve;
    /* by judge */
    int64_t n_blocks;
    const int64_t *segment; /* n_segments + 1: where each starts, in the looks by judge */
    const int64_t *block;   /* n_blocks + 1: segments of each */
    const int32_t *judge;   /* of each segment */
    double *sums;
} job;

/* ---- by row -------------------------------------------------------------------------------- */

/* mass, win -> curvature and slope in d; o holds the bias with its sign. */
VN_CLONES
static void derivatives(chunk *restrict x, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        const double eta = x->slope[k] * x->d[k] + x->o[k];
        const double t = vn_exp_neg(-fabs(eta)), q = 1.0 / (1.0 + t);
        const double p = eta >= 0.0 ? q : t * q, h = t * q * q;
        x->win[k] = x->slope[k] * (x->win[k] - x->mass[k] * p);
        x->mass[k] = x->slope[k] * x->slope[k] * (x->mass[k] * h);
    }
}

static vn_status rows_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_looks *l = j->looks;
    const int64_t end = vn_block_end(l->n_rows, ROWS, block);
    chunk x;
    (void)worker;
    for (int64_t r = block * ROWS; r < end; r++) j->score[r] = j->curve[r] = 0.0;
    for (int64_t r = block * ROWS, k = l->row_ptr[r], last = l->row_ptr[end]; k < last;) {
        int64_t n = 0, row = r;
        for (const int64_t first = k; n < CHUNK && k < last; n++, k++) {
            while (k >= l->row_ptr[row + 1]) row++;
            const uint32_t code = l->by_row.code[k];
            const int64_t judge = code >> VN_LOOK_BITS;
            if (k == first) r = row;
            x.d[n] = j->difference[row];
            x.slope[n] = j->slope[judge];
            x.o[n] = code & 1u ? -j->bias[judge] : j->bias[judge];
            outcome_of(&l->by_row, k, &x, n);
        }
        derivatives(&x, n);
        for (int64_t i = 0, at = k - n; i < n; r++) {
            double score = 0.0, curve = 0.0;
            for (; i < n && at < l->row_ptr[r + 1]; i++, at++) {
                score += x.win[i];
                curve += x.mass[i];
            }
            j->score[r] += score;
            j->curve[r] += curve;
        }
        r = row; /* its rest may follow */
    }
    return VN_OK;
}

vn_status vn_looks_by_row(const vn_looks *looks, const double *difference, const double *slope,
                          const double *bias, int n_threads, vn_poll poll, void *context,
                          double *score, double *curve)
{
    return vn_team_run(rows_block,
                       &(job){.looks = looks, .difference = difference, .slope = slope, .bias = bias,
                              .score = score, .curve = curve},
                       vn_n_blocks(looks->n_rows, ROWS), n_threads, poll, context);
}

/* ---- by judge ------------------------------------------------------------------------------ */

VN_CLONES
static void add_up(const chunk *restrict x, int64_t n, double a, double g, double *restrict sums)
{
    double rd = 0, ro = 0, dd = 0, d1 = 0, hh = 0, v0 = 0, v1 = 0, v2 = 0, v3 = 0, v4 = 0, v5 = 0, mm = 0;
    VN_PRAGMA(omp simd reduction(+ : rd, ro, dd, d1, hh, v0, v1, v2, v3, v4, v5, mm))
    for (int64_t k = 0; k < n; k++) {
        const double d = x->d[k], o = x->o[k], m = x->mass[k], eta = a * d + g * o;
        const double t = vn_exp_neg(-fabs(eta)), q = 1.0 / (1.0 + t);
        const double p = eta >= 0.0 ? q : t * q, h = t * q * q, r = x->win[k] - m * p;
        const double mh = m * h, vh = mh * x->v[k], tilt = (1.0 - t) * q;
        const double v_first = vh * (eta >= 0.0 ? -tilt : tilt), v_second = vh * (1.0 - 6.0 * h);
        rd += r * d;
        ro += r * o;
        dd += mh * d * d;
        d1 += mh * d * o;
        hh += mh;
        v0 += vh;
        v1 += v_first * d;
        v2 += v_first * o;
        v3 += v_second * d * d;
        v4 += v_second * d * o;
        v5 += v_second;
        mm += m;
    }
    const double found[VN_JUDGE_SUMS] = {rd, ro, dd, d1, hh, v0, v1, v2, v3, v4, v5, mm};
    for (int q = 0; q < VN_JUDGE_SUMS; q++) sums[q] += found[q];
}

VN_CLONES
static double likelihood(const chunk *restrict x, int64_t n, double a, double g)
{
    double sum = 0.0;
    VN_PRAGMA(omp simd reduction(+ : sum))
    for (int64_t k = 0; k < n; k++) {
        const double eta = a * x->d[k] + g * x->o[k];
        const double t = vn_exp_neg(-fabs(eta)), lost = x->mass[k] - x->win[k];
        sum -= x->mass[k] * vn_log(1.0 + t) + (eta >= 0.0 ? lost * eta : -x->win[k] * eta);
    }
    return sum;
}

/* Looks k ... k + n - 1 of a judge; those of rows that are not known have no mass. */
static void gather(const job *j, int64_t k, int64_t n, chunk *x)
{
    const vn_looks *l = j->looks;
    const double side = l->has_order ? 1.0 : 0.0;
    for (int64_t i = 0; i < n; i++) {
        const uint32_t code = l->by_judge.code[k + i];
        const int64_t row = code >> VN_LOOK_BITS;
        const double d = j->difference[row];
        const int known = !isnan(d);
        outcome_of(&l->by_judge, k + i, x, i);
        x->d[i] = known ? d : 0.0;
        x->v[i] = known && j->variance ? j->variance[row] : 0.0;
        x->o[i] = code & 1u ? -side : side;
        x->win[i] = known ? x->win[i] : 0.0;
        x->mass[i] = known ? x->mass[i] : 0.0;
    }
}

static vn_status judges_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int sums = j->variance ? VN_JUDGE_SUMS : 1;
    chunk x;
    (void)worker;
    for (int64_t s = j->block[block]; s < j->block[block + 1]; s++) {
        const double a = j->slope[j->judge[s]], g = j->bias[j->judge[s]];
        double *out = j->sums + s * sums;
        for (int q = 0; q < sums; q++) out[q] = 0.0;
        for (int64_t k = j->segment[s]; k < j->segment[s + 1]; k += CHUNK) {
            const int64_t n = VN_MIN((int64_t)CHUNK, j->segment[s + 1] - k);
            gather(j, k, n, &x);
            if (j->variance)
                add_up(&x, n, a, g, out);
            else
                out[0] += likelihood(&x, n, a, g);
        }
    }
    return VN_OK;
}

/* Sums of each judge: its looks are cut into segments, segments are added in order. */
static vn_status over_judges(job *j, int n_threads, vn_poll poll, void *context, double *out)
{
    const vn_looks *l = j->looks;
    const int sums = j->variance ? VN_JUDGE_SUMS : 1;
    int64_t n = 0;
    for (int64_t k = 0; k < l->n_judges; k++)
        n += vn_n_blocks(l->judge_ptr[k + 1] - l->judge_ptr[k], SEGMENT);
    int64_t *segment = vn_malloc(((size_t)n + 1) * sizeof(int64_t));
    int64_t *block = vn_malloc(((size_t)n + 1) * sizeof(int64_t));
    int32_t *judge = vn_malloc(((size_t)n + 1) * sizeof(int32_t));
    double *part = vn_malloc(((size_t)n * sums + 1) * sizeof(double));
    vn_status status = VN_NO_MEMORY;
    if (!segment || !block || !judge || !part) goto done;
    int64_t s = 0, blocks = 0;
    block[0] = 0;
    for (int64_t k = 0; k < l->n_judges; k++)
        for (int64_t at = l->judge_ptr[k]; at < l->judge_ptr[k + 1]; at += SEGMENT, s++) {
            if (s - block[blocks] >= SEGMENTS || (s > block[blocks] && at - segment[block[blocks]] >= LOOKS))
                block[++blocks] = s;
            segment[s] = at;
            judge[s] = (int32_t)k;
        }
    segment[n] = l->n_looks;
    if (n) block[++blocks] = n;
    j->segment = segment, j->block = block, j->judge = judge, j->sums = part;
    status = vn_team_run(judges_block, j, blocks, n_threads, poll, context);
    if (status != VN_OK) goto done;
    memset(out, 0, (size_t)l->n_judges * sums * sizeof(double));
    for (s = 0; s < n; s++)
        for (int q = 0; q < sums; q++) out[(int64_t)judge[s] * sums + q] += part[s * sums + q];
done:
    vn_free(segment);
    vn_free(block);
    vn_free(judge);
    vn_free(part);
    return status;
}

vn_status vn_looks_by_judge(const vn_looks *looks, const double *difference, const double *variance,
                            const double *slope, const double *bias, int n_threads, vn_poll poll,
                            void *context, double *sums)
{
    job j = {.looks = looks, .difference = difference, .variance = variance, .slope = slope,
             .bias = bias};
    return over_judges(&j, n_threads, poll, context, sums);
}

vn_status vn_looks_likelihood(const vn_looks *looks, const double *difference, const double *slope,
                              const double *bias, int n_threads, vn_poll poll, void *context,
                              double *value)
{
    job j = {.looks = looks, .difference = difference, .slope = slope, .bias = bias};
    return over_judges(&j, n_threads, poll, context, value);
}
