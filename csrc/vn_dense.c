#include "vn_dense.h"

#include <string.h>

VN_CLONES
void vn_dense_factor(const vn_laplacian *a, double *l)
{
    const int64_t n = a->n;
    memset(l, 0, sizeof(double) * (size_t)(n * n));
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = a->ptr[i]; k < a->ptr[i + 1]; k++)
            if (a->col[k] < i) l[i * n + a->col[k]] -= (double)a->val[k];
        l[i * n + i] = a->diag[i];
    }
    for (int64_t j = 0; j < n; j++) {
        double *row = l + j * n;
        double pivot = row[j];
        for (int64_t k = 0; k < j; k++) pivot -= row[k] * row[k];
        const double inverse = pivot > 1e-12 * a->diag[j] ? 1.0 / __builtin_sqrt(pivot) : 0.0;
        row[j] = inverse;
        for (int64_t i = j + 1; i < n; i++) {
            double *other = l + i * n, sum = other[j];
            VN_PRAGMA(omp simd reduction(+:sum))
            for (int64_t k = 0; k < j; k++) sum -= other[k] * row[k];
            other[j] = sum * inverse;
        }
    }
}

VN_CLONES
void vn_dense_solve(const double *l, int64_t n, const double *b, double *x)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = b[i];
        for (int64_t k = 0; k < i; k++) sum -= l[i * n + k] * x[k];
        x[i] = sum * l[i * n + i];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        const double xi = x[i] * l[i * n + i];
        for (int64_t k = 0; k < i; k++) x[k] -= l[i * n + k] * xi;
        x[i] = xi;
    }
}
