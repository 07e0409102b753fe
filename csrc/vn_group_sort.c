#include <string.h>

#include "vn_group_cells.h"

static inline int64_t label_at(const int32_t *narrow, const int64_t *wide, int64_t k)
{
    return narrow ? narrow[k] : wide[k];
}

void vn_group_runs(const int32_t *label32, const int64_t *label64, int64_t n, int n_threads,
                   int *sorted, int64_t *n_groups, int64_t *row_ptr)
{
    /* each thread looks at a range of rows and at the row before it; twice: count, then write */
    int64_t *starts = vn_calloc((size_t)n_threads + 1, sizeof(int64_t));
    int descends = starts == NULL;
    for (int pass = 0; pass < (row_ptr ? 2 : 1) && !descends; pass++) {
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1) reduction(|:descends))
        for (int t = 0; t < n_threads; t++) {
            const int64_t from = n * t / n_threads, to = n * (t + 1) / n_threads;
            int64_t count = pass ? starts[t] : 0;
            int64_t before = from > 0 ? label_at(label32, label64, from - 1) : 0;
            for (int64_t k = from; k < to; k++) {
                const int64_t here = label_at(label32, label64, k);
                if (k == 0 || here != before) {
                    if (pass) row_ptr[count] = k;
                    count++;
                    descends |= k > 0 && here < before;
                }
                before = here;
            }
            if (!pass) starts[t + 1] = count;
        }
        if (!pass)
            for (int t = 0; t < n_threads; t++) starts[t + 1] += starts[t];
    }
    *sorted = !descends;
    *n_groups = descends ? 0 : starts[n_threads];
    if (row_ptr && !descends) row_ptr[*n_groups] = n;
    vn_free(starts);
}

vn_status vn_group_sort(const int32_t *code, int64_t n, int64_t n_groups, int n_threads,
                        int64_t *row_ptr, uint32_t *row)
{
    if (n >= (int64_t)UINT32_MAX) return VN_TOO_LARGE;
    int64_t *next = vn_malloc(sizeof(int64_t) * (size_t)VN_MAX(n_groups, 1));
    if (!next) return VN_NO_MEMORY;
    memset(row_ptr, 0, sizeof(int64_t) * (size_t)(n_groups + 1));
    /* each thread owns a range of groups and goes over all rows in order */
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
    for (int t = 0; t < n_threads; t++) {
        const int64_t from = n_groups * t / n_threads, to = n_groups * (t + 1) / n_threads;
        for (int64_t k = 0; k < n; k++)
            if (code[k] >= from && code[k] < to) row_ptr[code[k] + 1]++;
    }
    for (int64_t g = 0; g < n_groups; g++) row_ptr[g + 1] += row_ptr[g];
    memcpy(next, row_ptr, sizeof(int64_t) * (size_t)n_groups);
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
    for (int t = 0; t < n_threads; t++) {
        const int64_t from = n_groups * t / n_threads, to = n_groups * (t + 1) / n_threads;
        for (int64_t k = 0; k < n; k++)
            if (code[k] >= from && code[k] < to) row[next[code[k]]++] = (uint32_t)k;
    }
    vn_free(next);
    return VN_OK;
}
