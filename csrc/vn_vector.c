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
