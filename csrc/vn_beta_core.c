/* A tail is its ratio to the density times the density: the ratio by the even part of the continued
 * fraction of I_x(a, b) (DLMF 8.17.22; Didonato and Morris 1992, doi:10.1145/131766.131776), whose
 * terms are multiplied through so that none needs a division; the density in a form that stays
 * exact for large shapes. Points of a block are ordered by the steps that they will need, so that
 * those which are worked on together end together.
 *
 * What is done to a point is written once, for `lanes` of them, and compiled for LANES and for 1. */
#include "vn_beta_core.h"

#include "vn_beta_math.h"

#define BLOCK VN_BETA_BLOCK
#define LANES 16
#define STRIDE 4 /* steps between two tests of convergence */
#define MAX_STEPS 200000
#define TOLERANCE 1e-15
#define LIGHT 32.0 /* sum of shapes below which the density's logarithms need no care */
#define CLASSES 32 /* of expected steps, for each of the three kinds of density */
#define N_KEYS (3 * CLASSES)
#define INLINE static inline __attribute__((always_inline))

/* The point as the tail that is computed sees it: shapes p and q, u + v = 1, d = p v - q u. */
typedef struct {
    double p[BLOCK], q[BLOCK], u[BLOCK], v[BLOCK], d[BLOCK];
} side;

INLINE double slope_at(double a, double b, double x, double y, double y_rest)
{
    const double bx = b * x, bx_rest = fma(b, x, -bx);
    return (fma(a, y, -bx) - bx_rest) + a * y_rest;
}

/* Whether the upper tail is computed: x > (a + 1) / (a + b + 2). */
INLINE int is_other(double slope, double x) { return slope < 2.0 * x - 1.0; }

VN_CLONES
static void choose(vn_beta_block *restrict s, side *restrict w, int *restrict key, int len)
{
    for (int64_t k = 0; k < len; k++) {
        const double a = s->a[k], b = s->b[k], x = s->x[k], y = s->y[k];
        const double slope = slope_at(a, b, x, y, s->y_rest[k]);
        const int other = is_other(slope, x);
        s->slope[k] = slope;
        s->other[k] = other ? 1.0 : 0.0;
        w->p[k] = other ? b : a;
        w->q[k] = other ? a : b;
        w->u[k] = other ? y : x;
        w->v[k] = other ? x : y;
        w->d[k] = other ? -slope : slope;
    }
    /* About 7 c^2 / (c + 0.15 d) steps with c the cube root of p q / n, here from the exponent. */
    for (int64_t k = 0; k < len; k++) {
        const double p = w->p[k], q = w->q[k], n = p + q, size = p * q / n;
        uint64_t bits;
        memcpy(&bits, &size, sizeof bits);
        bits = (((bits >> 32) * 0x55555556ULL >> 32) + 0x2a9f7893ULL) << 32;
        double root;
        memcpy(&root, &bits, sizeof root);
        const double steps = root * root / (root + 0.15 * VN_MAX(w->d[k], 0.0));
        memcpy(&bits, &steps, sizeof bits);
        const int64_t expected = (int64_t)(bits >> 50) - (1021 << 2); /* four to the octave */
        const int class = (int)VN_MAX(VN_MIN(expected, CLASSES - 1), 0);
        key[k] = class + (n < LIGHT ? 0 : VN_MIN(p, q) < 8.0 ? CLASSES : 2 * CLASSES);
    }
}

/* position[j] = which point is j-th by its key. */
static void order(const int *key, int len, int *position)
{
    int start[N_KEYS + 1] = {0};
    for (int64_t k = 0; k < len; k++) start[key[k] + 1]++;
    for (int i = 0; i < N_KEYS; i++) start[i + 1] += start[i];
    for (int64_t k = 0; k < len; k++) position[start[key[k]]++] = k;
}

/* Log-density of so many points; n = p + q. Light shapes: by logarithms of all its factors, with
 * Stirling's formula eight steps up. Others:
 *   log f = log(p q / (2 pi n))/2 - p e(d/p) - q e(-d/q) + stirling(n) - stirling(p) - stirling(q)
 * where e(z) = -log(1 - z) - z: what remains of p log(u) + q log(v) - log B after its maximum is
 * taken out. The two terms with e are not negative, and d is exact to rounding. */
INLINE void density_of(const double *p, const double *q, const double *u, const double *v,
                       const double *gap, const int lanes, double *restrict log_density)
{
    const double lift = 0x1p200, log_lift = 138.62943611198906;
    double lift_u[LANES], lift_v[LANES], cu[LANES], cv[LANES];
    double most = 0.0, least = 8.0;
    for (int64_t k = 0; k < lanes; k++) {
        most = VN_MAX(most, p[k] + q[k]);
        least = VN_MIN(least, VN_MIN(p[k], q[k]));
        const int tiny_u = u[k] < 0x1p-800, tiny_v = v[k] < 0x1p-800;
        cu[k] = tiny_u ? u[k] * lift : u[k];
        cv[k] = tiny_v ? v[k] * lift : v[k];
        lift_u[k] = tiny_u ? log_lift : 0.0;
        lift_v[k] = tiny_v ? log_lift : 0.0;
    }
    if (most < LIGHT) {
        for (int64_t k = 0; k < lanes; k++) {
            const double n = p[k] + q[k], pu = p[k] + 8.0, qu = q[k] + 8.0, nu = n + 8.0;
            const double steps = vn_eight_steps(p[k]) / vn_eight_steps(n) * vn_eight_steps(q[k]);
            const double inverse = 1.0 / (pu * qu * nu);
            const double rest = vn_stirling_large(inverse * (pu * qu))
                              - vn_stirling_large(inverse * (qu * nu))
                              - vn_stirling_large(inverse * (pu * nu));
            log_density[k] = p[k] * (vn_log(cu[k]) - lift_u[k]) + q[k] * (vn_log(cv[k]) - lift_v[k])
                           + ((nu - 0.5) * vn_log(nu) - (pu - 0.5) * vn_log(pu)
                              - (qu - 0.5) * vn_log(qu) + (8.0 - 0.9189385332046727))
                           + (vn_log(steps) + rest);
        }
        return;
    }
    for (int64_t k = 0; k < lanes; k++) {
        const double n = p[k] + q[k], d = gap[k], wp = 1.0 / p[k], wq = 1.0 / q[k];
        const double e = p[k] * vn_log_excess(d * wp, cu[k] * (n * wp), lift_u[k])
                       + q[k] * vn_log_excess(-d * wq, cv[k] * (n * wq), lift_v[k]);
        log_density[k] = 0.5 * vn_log(p[k] * (q[k] / n) * 0.15915494309189535) - e;
    }
    if (least >= 8.0)
        for (int64_t k = 0; k < lanes; k++)
            log_density[k] += vn_stirling_large(1.0 / (p[k] + q[k]))
                            - vn_stirling_large(1.0 / p[k]) - vn_stirling_large(1.0 / q[k]);
    else
        for (int64_t k = 0; k < lanes; k++)
            log_density[k] += vn_stirling(p[k] + q[k]) - vn_stirling(p[k]) - vn_stirling(q[k]);
}

VN_CLONES
static void density(const side *restrict w, int64_t from, double *restrict log_density)
{
    density_of(w->p + from, w->q + from, w->u + from, w->v + from, w->d + from, LANES, log_density);
}

/* tail / f of so many points. With c(m) = p + 2m - 1 and n = p + q
 *   f / tail = b(0) + a(1) / (b(1) + a(2) / (b(2) + ...)),
 *   a(m) = (p + m - 1) (n + m - 1) m (q - m) u^2 / c(m)^2,
 *   b(m) = m + m (q - m) u / c(m) + (p + m) (d + 1 + m (1 + v)) / c(m + 1).
 * Multiplied through by c(m) c(m + 1); numerators and denominators are carried forward. */
INLINE void fraction_of(const double *given_p, const double *given_q, const double *given_u,
                        const double *given_v, const double *given_d, const int lanes,
                        double *restrict ratio)
{
    double p[LANES], n[LANES], q[LANES], u[LANES], v[LANES], d[LANES];
    double num0[LANES], num[LANES], den0[LANES], den[LANES], old[LANES];
    for (int64_t k = 0; k < lanes; k++) {
        p[k] = given_p[k];
        q[k] = given_q[k];
        u[k] = given_u[k];
        v[k] = 1.0 + given_v[k];
        d[k] = 1.0 + given_d[k];
        n[k] = p[k] + q[k];
        /* the step m = 1, which has no c(0) */
        const double c1 = p[k] + 1.0, c2 = p[k] + 3.0, first = p[k] * d[k];
        const double a1 = p[k] * n[k] * (q[k] - 1.0) * (u[k] * u[k]) * c2;
        const double b1 = c1 * c2 + (q[k] - 1.0) * u[k] * c2 + c1 * (d[k] + v[k]) * c1;
        num[k] = b1 * first + a1;
        num0[k] = first;
        den[k] = b1;
        den0[k] = 1.0;
        old[k] = first;
    }
    double m = 1.0;
    for (int step = 0; step < MAX_STEPS; step += STRIDE) {
        int busy = 0;
        for (int64_t k = 0; k < lanes; k++) {
            const double scale = 1.0 / den[k];
            num[k] *= scale;
            num0[k] *= scale;
            den0[k] *= scale;
            den[k] = 1.0;
            busy += fabs(num[k] - old[k]) > TOLERANCE * fabs(num[k]);
            old[k] = num[k];
        }
        if (!busy) break;
        for (int j = 1; j <= STRIDE; j++) {
            const double mj = m + j;
            for (int64_t k = 0; k < lanes; k++) {
                const double c = p[k] + (2.0 * mj - 1.0), pm = p[k] + mj;
                const double qm = mj * (q[k] - mj) * u[k];
                const double am
                    = (pm - 1.0) * (n[k] + (mj - 1.0)) * (qm * u[k]) * ((c + 2.0) * (c - 2.0));
                const double bm = (mj * c + qm) * (c + 2.0) + pm * c * (d[k] + mj * v[k]);
                const double next_num = bm * num[k] + am * num0[k];
                const double next_den = bm * den[k] + am * den0[k];
                num0[k] = num[k];
                den0[k] = den[k];
                num[k] = next_num;
                den[k] = next_den;
            }
        }
        m += STRIDE;
    }
    for (int64_t k = 0; k < lanes; k++) ratio[k] = (p[k] + 1.0) / old[k];
}

VN_CLONES
static void fraction(const side *restrict w, int64_t from, double *restrict ratio)
{
    fraction_of(w->p + from, w->q + from, w->u + from, w->v + from, w->d + from, LANES, ratio);
}

VN_CLONES
double vn_beta_point_density(double a, double b, double x, double y, double y_rest)
{
    const double slope = slope_at(a, b, x, y, y_rest);
    const int other = is_other(slope, x);
    const double p = other ? b : a, q = other ? a : b, u = other ? y : x, v = other ? x : y;
    const double d = other ? -slope : slope;
    double log_density;
    density_of(&p, &q, &u, &v, &d, 1, &log_density);
    return log_density;
}

VN_CLONES
vn_beta_point vn_beta_point_at(double a, double b, double x, double y, double y_rest)
{
    const double slope = slope_at(a, b, x, y, y_rest);
    const int other = is_other(slope, x);
    const double p = other ? b : a, q = other ? a : b, u = other ? y : x, v = other ? x : y;
    const double d = other ? -slope : slope;
    vn_beta_point point = {.slope = slope, .other = other};
    density_of(&p, &q, &u, &v, &d, 1, &point.log_density);
    fraction_of(&p, &q, &u, &v, &d, 1, &point.ratio);
    return point;
}

static int pad(vn_beta_block *s, int len)
{
    const int padded = (len + LANES - 1) / LANES * LANES;
    for (int64_t k = len; k < padded; k++) {
        s->a[k] = s->b[k] = 8.0;
        s->x[k] = s->y[k] = 0.5;
        s->y_rest[k] = 0.0;
    }
    return padded;
}

void vn_beta_densities(vn_beta_block *s, int len)
{
    const int padded = pad(s, len);
    side given;
    int key[BLOCK];
    choose(s, &given, key, padded);
    for (int64_t j = 0; j < padded; j += LANES) density(&given, j, s->log_density + j);
}

void vn_beta_tails(vn_beta_block *s, int len)
{
    if (len == 1) {
        const vn_beta_point at = vn_beta_point_at(s->a[0], s->b[0], s->x[0], s->y[0], s->y_rest[0]);
        s->slope[0] = at.slope;
        s->log_density[0] = at.log_density;
        s->ratio[0] = at.ratio;
        s->other[0] = at.other;
        return;
    }
    const int padded = pad(s, len);
    side given, sorted;
    int key[BLOCK], position[BLOCK];
    double log_density[LANES], ratio[LANES];
    choose(s, &given, key, padded);
    order(key, padded, position);
    for (int64_t j = 0; j < padded; j++) {
        const int k = position[j];
        sorted.p[j] = given.p[k];
        sorted.q[j] = given.q[k];
        sorted.u[j] = given.u[k];
        sorted.v[j] = given.v[k];
        sorted.d[j] = given.d[k];
    }
    for (int64_t j = 0; j < padded; j += LANES) {
        density(&sorted, j, log_density);
        fraction(&sorted, j, ratio);
        for (int64_t k = 0; k < LANES; k++) {
            s->log_density[position[j + k]] = log_density[k];
            s->ratio[position[j + k]] = ratio[k];
        }
    }
}
