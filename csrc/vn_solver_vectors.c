#include "vn_solver_internal.h"

#include <math.h>
#include <string.h>

/* What a pass adds up, by block. */
enum { LARGEST = 0, ZR = 0, ZQ = 1, DQ = 0, DB = 1 };

/* The arguments of the loops below; each uses what it needs. */
typedef struct {
    const vn_solver *s;
    const vn_solve_options *o;
    double *x, step, beta;
    int jacobi;
} pass;

static double sum_of(const vn_solver *s, int which)
{
    double sum = 0.0;
    for (int64_t k = 0; k < s->view.h->n_blocks; k++) sum += s->partial[k * s->n_sums + which];
    return sum;
}

/* ---- a step ---------------------------------------------------------------------------------- */

VN_CLONES
static void move_rows(double step, const double *d, const double *q, int64_t from, int64_t to,
                      double *restrict x, double *restrict r)
{
    for (int64_t i = from; i < to; i++) {
        x[i] += step * d[i];
        r[i] -= step * q[i];
    }
}

VN_CLONES
static double excess_rows(const vn_solver_view *v, const vn_solve_options *o, const double *r,
                          int64_t from, int64_t to)
{
    const double *mass = v->mass, *diag = v->h->diag;
    const double mass_tolerance = o->mass_tolerance, diagonal_tolerance = o->diagonal_tolerance;
    double largest = 0.0;
    VN_PRAGMA(omp simd reduction(max:largest))
    for (int64_t i = from; i < to; i++) {
        const double by_mass = mass_tolerance * mass[i], by_diagonal = diagonal_tolerance * diag[i];
        const double allowed = by_mass < by_diagonal ? by_mass : by_diagonal;
        const double ratio = allowed > 0.0 ? fabs(r[i]) / allowed : 0.0;
        largest = ratio > largest ? ratio : largest;
    }
    return largest;
}

static void advance(void *arg, int64_t block, int64_t from, int64_t to)
{
    const pass *j = arg;
    const vn_solver *s = j->s;
    if (j->step != 0.0) move_rows(j->step, s->d, s->q, from, to, j->x, s->r);
    s->partial[block * s->n_sums + LARGEST] = excess_rows(&s->view, j->o, s->r, from, to);
}

double vn_solver_advance(vn_solver *s, const vn_solve_options *o, double step, double *x)
{
    const vn_problem *p = s->p;
    const vn_laplacian *h = s->view.h;
    double largest = 0.0;
    vn_laplacian_run_rows(h, advance, &(pass){.s = s, .o = o, .x = x, .step = step}, o->n_threads);
    for (int64_t k = 0; k < h->n_blocks; k++)
        largest = fmax(largest, s->partial[k * s->n_sums + LARGEST]);
    for (int64_t i = p->n; i < p->n + s->n_border; i++) {
        if (step != 0.0) {
            x[i] += step * s->d[i];
            s->r[i] -= step * s->q[i];
        }
        largest = fmax(largest, fabs(s->r[i]) / (o->mass_tolerance * p->border_mass[i - p->n]));
    }
    return largest;
}

/* ---- what the preconditioner made of the residual -------------------------------------------- */

VN_CLONES
static void divide_rows(const vn_laplacian *a, const double *r, int64_t from, int64_t to,
                        double *restrict z)
{
    for (int64_t i = from; i < to; i++) z[i] = a->diag[i] > 0.0 ? r[i] / a->diag[i] : 0.0;
}

typedef struct {
    const vn_laplacian *a;
    const double *r;
    double *z;
} division;

static void divide(void *arg, int64_t block, int64_t from, int64_t to)
{
    const division *j = arg;
    (void)block;
    divide_rows(j->a, j->r, from, to, j->z);
}

void vn_solver_divide(const vn_laplacian *a, const double *r, double *z, int n_threads)
{
    vn_laplacian_run_rows(a, divide, &(division){a, r, z}, n_threads);
}

VN_CLONES
static void weigh_rows(const double *z, const double *r, const double *q, int64_t from, int64_t to,
                       double *sums)
{
    double zr = 0.0, zq = 0.0;
    VN_PRAGMA(omp simd reduction(+:zr, zq))
    for (int64_t i = from; i < to; i++) {
        zr += z[i] * r[i];
        zq += z[i] * q[i];
    }
    sums[ZR] = zr;
    sums[ZQ] = zq;
}

static void weigh(void *arg, int64_t block, int64_t from, int64_t to)
{
    const pass *j = arg;
    const vn_solver *s = j->s;
    if (j->jacobi) divide_rows(s->view.h, s->r, from, to, s->z);
    weigh_rows(s->z, s->r, s->q, from, to, s->partial + block * s->n_sums);
}

void vn_solver_weigh(vn_solver *s, int jacobi, int n_threads, double *zr, double *zq)
{
    const vn_problem *p = s->p;
    vn_laplacian_run_rows(s->view.h, weigh, &(pass){.s = s, .jacobi = jacobi}, n_threads);
    *zr = sum_of(s, ZR);
    *zq = sum_of(s, ZQ);
    for (int64_t i = p->n; i < p->n + s->n_border; i++) {
        *zr += s->z[i] * s->r[i];
        *zq += s->z[i] * s->q[i];
    }
}

/* ---- the next direction ---------------------------------------------------------------------- */

VN_CLONES
static void turn_rows(double beta, const double *z, int64_t from, int64_t to, double *restrict d)
{
    for (int64_t i = from; i < to; i++) d[i] = z[i] + beta * d[i];
}

static void turn(void *arg, int64_t block, int64_t from, int64_t to)
{
    const pass *j = arg;
    const vn_solver *s = j->s;
    (void)block;
    if (j->beta == 0.0) memcpy(s->d + from, s->z + from, sizeof(double) * (size_t)(to - from));
    else turn_rows(j->beta, s->z, from, to, s->d);
}

VN_CLONES
static double border_rows(const double *border, const double *d, double own, int64_t from,
                          int64_t to, double *restrict q)
{
    double sum = 0.0;
    VN_PRAGMA(omp simd reduction(+:sum))
    for (int64_t i = from; i < to; i++) {
        sum += border[i] * d[i];
        q[i] += own * border[i];
    }
    return sum;
}

/* q = A d, bordering columns included; d.(A d) without them, and their products with d. */
static void along(void *arg, int64_t block, int64_t from, int64_t to)
{
    const pass *j = arg;
    const vn_solver *s = j->s;
    double *sums = s->partial + block * s->n_sums;
    sums[DQ] = vn_laplacian_apply_rows(s->view.h, s->d, s->q, from, to);
    for (int b = 0; b < s->n_border; b++)
        sums[DB + b] = border_rows(s->view.border[b], s->d, s->d[s->p->n + b], from, to, s->q);
}

double vn_solver_turn(vn_solver *s, double beta, int n_threads)
{
    const vn_problem *p = s->p;
    const int64_t n = p->n;
    double *d = s->d + n;
    for (int b = 0; b < s->n_border; b++) d[b] = s->z[n + b] + (beta == 0.0 ? 0.0 : beta * d[b]);
    vn_laplacian_run_rows(s->view.h, turn, &(pass){.s = s, .beta = beta}, n_threads);
    vn_laplacian_run(s->view.h, along, &(pass){.s = s}, n_threads);
    double dot = sum_of(s, DQ);
    for (int b = 0; b < s->n_border; b++) {
        const double bd = sum_of(s, DB + b);
        double sum = bd;
        for (int c = 0; c < s->n_border; c++) sum += p->corner[b * p->n_border + c] * d[c];
        s->q[n + b] = sum;
        dot += d[b] * bd + d[b] * sum;
    }
    return dot;
}
