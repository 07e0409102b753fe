#include "vn_vector.h"

#include <math.h>

#define BLOCK ((int64_t)4096)

VN_CLONES
static double block_dot(const double *x, const double *y, int64_t n)
{
    double sum = 0.0;
    VN_PRAGMA(omp simd reduction(+ : sum))
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

double vn_dot(const double *x, const double *y, int64_t n)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i += BLOCK) sum += block_dot(x + i, y + i, VN_MIN(n - i, BLOCK));
    return sum;
}

VN_CLONES
double vn_largest(const double *x, const double *scale, int64_t n)
{
    double most = 0.0, strange = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double by = scale && scale[i] > 0.0 ? scale[i] : 1.0, ratio = fabs(x[i]) / by;
        most = ratio > most ? ratio : most;
        strange += x[i] - x[i]; /* NaN if x is NaN or infinite */
    }
    return strange == 0.0 ? most : most == INFINITY ? INFINITY : NAN;
}

/* Four rows at a time: `out` is read and written once for them. */
VN_CLONES
void vn_subtract_rows(int64_t length, int k, const double *factor, const double *rows,
                      int64_t stride, double *out)
{
    int r = 0;
    for (; r + 4 <= k; r += 4) {
        const double f0 = factor[r], f1 = factor[r + 1], f2 = factor[r + 2], f3 = factor[r + 3];
        const double *restrict x0 = rows + r * stride, *restrict x1 = x0 + stride;
        const double *restrict x2 = x1 + stride, *restrict x3 = x2 + stride;
        double *restrict y = out;
        for (int64_t i = 0; i < length; i++)
            y[i] -= (f0 * x0[i] + f1 * x1[i]) + (f2 * x2[i] + f3 * x3[i]);
    }
    for (; r < k; r++) {
        const double f = factor[r];
        const double *restrict x = rows + r * stride;
        double *restrict y = out;
        for (int64_t i = 0; i < length; i++) y[i] -= f * x[i];
    }
}
