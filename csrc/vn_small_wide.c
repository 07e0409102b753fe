/* The solve of vn_small_solve.c for few items, in registers: with AVX-512 the vector that a product
 * looks things up in fits into eight of them, and a permutation of registers is several times
 * faster than a gather from memory. In float32, of a right-hand side scaled to 1; what that loses
 * the caller's next Newton step makes up for. */
#include "vn_small.h"

#if defined(VN_DISPATCH) && defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)

#include <immintrin.h>
#include <math.h>

#define WIDE __attribute__((target("avx512f")))
#define LANES 16
#define MOST_ROWS 128
#define MOST_ENTRIES 4096
#define LEAST_ETA 4e-6 /* about what float32 can tell */

typedef struct {
    int blocks;                      /* of 16 rows */
    float val[MOST_ENTRIES];         /* slots of whole blocks, one after another */
    int32_t col[MOST_ENTRIES];
    int first[MOST_ROWS + 1];        /* entry of each slot */
    int reach[MOST_ROWS + 1];        /* blocks that it covers */
    int n_slots;
    float diag[MOST_ROWS], per_diag[MOST_ROWS];
    float p[MOST_ROWS], q[MOST_ROWS], r[MOST_ROWS], z[MOST_ROWS], x[MOST_ROWS];
} wide;

/* Copy the matrix; 0 where it does not fit. */
WIDE
static int load(wide *m, const vn_small *w)
{
    const int n = w->rows;
    int entries = 0;
    if (n > MOST_ROWS || w->n_slots > MOST_ROWS) return 0;
    m->blocks = (n + LANES - 1) / LANES;
    m->n_slots = w->n_slots;
    for (int s = 0; s < w->n_slots; s++) {
        m->first[s] = entries;
        m->reach[s] = (w->reach[s] + LANES - 1) / LANES;
        entries += m->reach[s] * LANES;
    }
    if (entries > MOST_ENTRIES) return 0;
    for (int s = 0; s < w->n_slots; s++) {
        const double *val = w->val + w->slot[s];
        const int32_t *col = w->col + w->slot[s];
        float *to = m->val + m->first[s];
        int32_t *to_col = m->col + m->first[s];
        const int reach = w->reach[s];
        for (int i = 0; i < reach; i++) to[i] = (float)val[i];
        for (int i = 0; i < reach; i++) to_col[i] = col[i];
        for (int i = reach; i < m->reach[s] * LANES; i++) {
            to[i] = 0.0f;
            to_col[i] = 0;
        }
    }
    for (int i = 0; i < n; i++) m->diag[i] = (float)w->diag[i];
    for (int i = 0; i < n; i++) m->per_diag[i] = (float)w->per_diag[i];
    for (int i = n; i < m->blocks * LANES; i++) m->diag[i] = m->per_diag[i] = 0.0f;
    return 1;
}

/* p[index] for 16 indices below 16 * `registers`. */
WIDE
static inline __attribute__((always_inline)) __m512 look_up(const __m512 *p, __m512i index, int registers)
{
    __m512 low = _mm512_permutex2var_ps(p[0], index, p[1]);
    if (registers == 2) return low;
    const __mmask16 odd = _mm512_test_epi32_mask(index, _mm512_set1_epi32(32));
    low = _mm512_mask_blend_ps(odd, low, _mm512_permutex2var_ps(p[2], index, p[3]));
    if (registers == 4) return low;
    __m512 high = _mm512_permutex2var_ps(p[4], index, p[5]);
    high = _mm512_mask_blend_ps(odd, high, _mm512_permutex2var_ps(p[6], index, p[7]));
    return _mm512_mask_blend_ps(_mm512_test_epi32_mask(index, _mm512_set1_epi32(64)), low, high);
}

/* q = H p; returns p.q */
WIDE
static inline __attribute__((always_inline)) float product(wide *m, int registers)
{
    __m512 p[8], sum = _mm512_setzero_ps();
    for (int k = 0; k < registers; k++)
        p[k] = k < m->blocks ? _mm512_loadu_ps(m->p + LANES * k) : _mm512_setzero_ps();
    for (int b = 0; b < m->blocks; b++) {
        const __m512 own = _mm512_loadu_ps(m->p + LANES * b);
        __m512 q = _mm512_mul_ps(_mm512_loadu_ps(m->diag + LANES * b), own);
        for (int s = 0; s < m->n_slots && b < m->reach[s]; s++) {
            const int at = m->first[s] + LANES * b;
            const __m512 other = look_up(p, _mm512_loadu_si512(m->col + at), registers);
            q = _mm512_fnmadd_ps(_mm512_loadu_ps(m->val + at), other, q);
        }
        _mm512_storeu_ps(m->q + LANES * b, q);
        sum = _mm512_fmadd_ps(own, q, sum);
    }
    return _mm512_reduce_add_ps(sum);
}

/* x += alpha p, r -= alpha q, z = D^-1 r; returns r.z */
WIDE
static inline float advance(wide *m, float alpha)
{
    const __m512 a = _mm512_set1_ps(alpha);
    __m512 sum = _mm512_setzero_ps();
    for (int i = 0; i < m->blocks * LANES; i += LANES) {
        const __m512 r = _mm512_fnmadd_ps(a, _mm512_loadu_ps(m->q + i), _mm512_loadu_ps(m->r + i));
        const __m512 z = _mm512_mul_ps(_mm512_loadu_ps(m->per_diag + i), r);
        _mm512_storeu_ps(m->x + i, _mm512_fmadd_ps(a, _mm512_loadu_ps(m->p + i), _mm512_loadu_ps(m->x + i)));
        _mm512_storeu_ps(m->r + i, r);
        _mm512_storeu_ps(m->z + i, z);
        sum = _mm512_fmadd_ps(r, z, sum);
    }
    return _mm512_reduce_add_ps(sum);
}

WIDE
static inline void turn(wide *m, float beta)
{
    const __m512 b = _mm512_set1_ps(beta);
    for (int i = 0; i < m->blocks * LANES; i += LANES)
        _mm512_storeu_ps(m->p + i, _mm512_fmadd_ps(b, _mm512_loadu_ps(m->p + i), _mm512_loadu_ps(m->z + i)));
}

/* One loop for each number of registers. */
WIDE
static inline __attribute__((always_inline)) int iterate(wide *m, float eta, int limit, float *reached,
                                                          int registers)
{
    float rz = advance(m, 0.0f);
    const float first = rz, goal = eta * eta * rz;
    int it = 0;
    turn(m, 0.0f);
    for (; rz > goal && it < limit; it++) {
        const float pq = product(m, registers);
        if (!(pq > 0.0f)) break;
        const float before = rz;
        rz = advance(m, rz / pq);
        turn(m, rz / before);
    }
    *reached = first > 0.0f ? sqrtf(rz / first) : 0.0f;
    return rz <= goal ? it : -1; /* also where float32 overflowed */
}

WIDE
static int solve(vn_small *w, const double *rhs, double eta, int limit, double *x)
{
    wide m;
    if (!load(&m, w)) return -1;
    const int n = w->rows, size = m.blocks * LANES;
    double most = 0.0;
    for (int i = 0; i < n; i++) most = fabs(rhs[i]) > most ? fabs(rhs[i]) : most;
    const double scale = most > 0.0 ? 1.0 / most : 0.0;
    for (int i = 0; i < size; i++) m.p[i] = m.q[i] = m.x[i] = m.r[i] = 0.0f;
    for (int i = 0; i < n; i++) m.r[i] = (float)(rhs[i] * scale);
    float reached;
    const int it = m.blocks <= 2   ? iterate(&m, (float)eta, limit, &reached, 2)
                   : m.blocks <= 4 ? iterate(&m, (float)eta, limit, &reached, 4)
                                   : iterate(&m, (float)eta, limit, &reached, 8);
    if (it < 0) return -1;
    for (int i = 0; i < n; i++) x[i] = most * (double)m.x[i];
    w->reached = (double)reached;
    return it;
}

int vn_small_solve_wide(vn_small *w, const double *rhs, double eta, int limit, double *x)
{
    if (w->rows > MOST_ROWS || w->n_more > 0 || eta < LEAST_ETA || !__builtin_cpu_supports("avx512f")) return -1;
    return solve(w, rhs, eta, limit, x);
}

#else

int vn_small_solve_wide(vn_small *w, const double *rhs, double eta, int limit, double *x)
{
    (void)w; (void)rhs; (void)eta; (void)limit; (void)x;
    return -1;
}

#endif
