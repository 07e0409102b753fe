#include "vn_poisson.h"

#include <math.h>

/* Equivalent Python: venire.reference.poisson_weights. Returns the number of values from *low on, or
 * -1 without memory; weight is owned by the caller. */
static int64_t whole_weights(double mean, int64_t *low, uint64_t **weight)
{
    const int64_t mode = (int64_t)mean;
    const int64_t reach = 40 + (int64_t)(10.0 * sqrt(mean));
    const int64_t from = VN_MAX(mode - reach, 0), n = mode + reach - from + 1;
    double *p = vn_malloc(sizeof(double) * (size_t)n);
    uint64_t *w = vn_malloc(sizeof(uint64_t) * (size_t)n);
    if (!p || !w) {
        vn_free(p);
        vn_free(w);
        return -1;
    }
    const int64_t top = mode - from;
    p[top] = 1.0;
    for (int64_t k = top; k > 0; k--) p[k - 1] = p[k] * ((double)(from + k) / mean);
    for (int64_t k = top + 1; k < n; k++) p[k] = p[k - 1] * (mean / (double)(from + k));
    double total = 0.0;
    for (int64_t k = 0; k < n; k++) total += p[k];
    uint64_t sum = 0;
    for (int64_t k = 0; k < n; k++) {
        w[k] = (uint64_t)floor(p[k] / total * 0x1p32 + 0.5);
        sum += w[k];
    }
    w[top] += (uint64_t)1 << 32; /* what rounding left over, of either sign */
    w[top] -= sum;
    int64_t first = 0, last = n - 1;
    while (!w[first]) first++;
    while (!w[last]) last--;
    for (int64_t k = first; k <= last; k++) w[k - first] = w[k];
    vn_free(p);
    *low = from + first;
    *weight = w;
    return last - first + 1;
}

vn_status vn_poisson_table(double mean, vn_poisson *t)
{
    uint64_t *weight;
    int64_t low;
    const int64_t n = whole_weights(mean, &low, &weight);
    if (n < 0) return VN_NO_MEMORY;
    t->low = (int32_t)low;
    t->bits = 0;
    t->column = NULL;
    if (n <= VN_POISSON_STEPS) {
        uint32_t below = 0;
        for (int64_t k = 0; k < VN_POISSON_STEPS; k++) {
            below += k < n - 1 ? (uint32_t)weight[k] : 0;
            t->step[k] = k < n - 1 ? below - 1 : UINT32_MAX;
        }
        vn_free(weight);
        return VN_OK;
    }
    int bits = 1;
    while ((int64_t)1 << bits < n) bits++;
    const int64_t size = (int64_t)1 << bits;
    const uint64_t room = (uint64_t)1 << (32 - bits);
    t->bits = bits;
    t->column = vn_calloc((size_t)size, sizeof(uint64_t));
    uint64_t *left = vn_calloc((size_t)size, sizeof(uint64_t));
    int32_t *stack = vn_malloc(sizeof(int32_t) * (size_t)size); /* short columns grow up, long ones down */
    if (bits > 16 || !t->column || !left || !stack) {
        vn_free(weight);
        vn_free(left);
        vn_free(stack);
        vn_free(t->column);
        t->column = NULL;
        return bits > 16 ? VN_TOO_LARGE : VN_NO_MEMORY;
    }
    for (int64_t k = 0; k < n; k++) left[k] = weight[k];
    int64_t n_short = 0, n_long = 0;
    for (int64_t k = 0; k < size; k++) {
        if (left[k] < room) stack[n_short++] = (int32_t)k;
        else stack[size - 1 - n_long++] = (int32_t)k;
    }
    while (n_short) {
        const int32_t own = stack[--n_short], other = stack[size - n_long];
        t->column[own] = left[own] << bits << 32 | (uint64_t)other << 16 | (uint64_t)own;
        left[other] -= room - left[own];
        if (left[other] < room) {
            n_long--;
            stack[n_short++] = other;
        }
    }
    for (; n_long; n_long--) { /* exactly full */
        const uint64_t own = (uint64_t)stack[size - n_long];
        t->column[own] = own << 16 | own;
    }
    vn_free(weight);
    vn_free(left);
    vn_free(stack);
    return VN_OK;
}
