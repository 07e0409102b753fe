#include "vn_renumber.h"

#include <string.h>

#define SAMPLE 4096 /* rows looked at */

double vn_neighbour_distance(const vn_laplacian *a)
{
    const int64_t stride = VN_MAX(a->n / SAMPLE, 1);
    double sum = 0.0;
    int64_t count = 0;
    for (int64_t i = 0; i < a->n; i += stride)
        for (int64_t k = a->ptr[i]; k < a->ptr[i + 1]; k++, count++)
            sum += (double)(a->col[k] > i ? a->col[k] - i : i - a->col[k]);
    return count ? sum / (double)count / (double)a->n : 0.0;
}

typedef struct {
    const vn_laplacian *a;
    vn_renumbered *out;
    const int32_t *place; /* new number of each old one */
} job;

static void columns(void *arg, int64_t block, int64_t first, int64_t end)
{
    const job *j = arg;
    const vn_laplacian *a = j->a;
    vn_laplacian *b = &j->out->a;
    (void)block;
    for (int64_t i = first; i < end; i++) {
        const int64_t from = a->ptr[j->out->order[i]] - b->ptr[i];
        for (int64_t k = b->ptr[i]; k < b->ptr[i + 1]; k++) b->col[k] = j->place[a->col[k + from]];
    }
}

vn_status vn_renumber_build(const vn_laplacian *a, int32_t *order, int n_threads, vn_renumbered *out)
{
    const int64_t n = a->n, entries = a->ptr[n];
    memset(out, 0, sizeof *out);
    out->order = order;
    vn_laplacian *b = &out->a;
    b->n = n;
    b->ptr = vn_malloc(sizeof(int64_t) * (size_t)(n + 1));
    b->col = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(entries, 1));
    b->val = vn_malloc(sizeof(float) * (size_t)VN_MAX(entries, 1));
    int32_t *place = vn_malloc(sizeof(int32_t) * (size_t)n);
    vn_status status = VN_NO_MEMORY;
    if (b->ptr && b->col && b->val && place) {
        b->ptr[0] = 0;
        for (int64_t i = 0; i < n; i++) {
            place[order[i]] = (int32_t)i;
            b->ptr[i + 1] = b->ptr[i] + a->ptr[order[i] + 1] - a->ptr[order[i]];
        }
        status = vn_laplacian_finish(b);
    }
    if (status == VN_OK) vn_laplacian_run(b, columns, &(job){a, out, place}, n_threads);
    vn_free(place);
    if (status != VN_OK) vn_renumber_free(out);
    return status;
}

static void values(void *arg, int64_t block, int64_t first, int64_t end)
{
    const job *j = arg;
    const vn_laplacian *a = j->a;
    vn_laplacian *b = &j->out->a;
    (void)block;
    for (int64_t i = first; i < end; i++) {
        const int32_t from = j->out->order[i];
        memcpy(b->val + b->ptr[i], a->val + a->ptr[from],
               sizeof(float) * (size_t)(b->ptr[i + 1] - b->ptr[i]));
        b->extra[i] = a->extra[from];
        b->diag[i] = a->diag[from];
    }
}

void vn_renumber_refresh(vn_renumbered *b, const vn_laplacian *a, int n_threads)
{
    vn_laplacian_run(&b->a, values, &(job){a, b, NULL}, n_threads);
}

void vn_renumber_gather(const vn_renumbered *b, const double *x, double *y)
{
    for (int64_t i = 0; i < b->a.n; i++) y[i] = x[b->order[i]];
}

void vn_renumber_scatter(const vn_renumbered *b, const double *y, double *x)
{
    for (int64_t i = 0; i < b->a.n; i++) x[b->order[i]] = y[i];
}

void vn_renumber_free(vn_renumbered *b)
{
    vn_free(b->order);
    vn_laplacian_free(&b->a);
    memset(b, 0, sizeof *b);
}
