#include "vn_problem_internal.h"

typedef struct {
    const vn_problem *p;
    const double *x;
    double *y;
} product;

static void multiply(void *arg, int64_t block, int64_t from, int64_t to)
{
    const product *j = arg;
    const vn_problem *p = j->p;
    (void)block;
    vn_laplacian_apply_rows(&p->h, j->x, j->y, from, to);
    for (int b = 0; b < p->n_border; b++)
        for (int64_t i = from; i < to; i++) j->y[i] += j->x[p->n + b] * p->border[b][i];
}

void vn_problem_times(const vn_problem *p, const double *x, int n_threads, double *y)
{
    vn_laplacian_run(&p->h, multiply, &(product){p, x, y}, n_threads);
    for (int b = 0; b < p->n_border; b++) {
        double sum = 0.0;
        for (int64_t i = 0; i < p->n; i++) sum += p->border[b][i] * x[i];
        for (int c = 0; c < p->n_border; c++) sum += p->corner[b * p->n_border + c] * x[p->n + c];
        y[p->n + b] = sum;
    }
}

void vn_problem_set_precision(vn_problem *p, double precision, double *by_item)
{
    if (!by_item) p->prior.all = precision;
    for (int64_t i = 0; by_item && i < p->n; i++) {
        p->mass[i] += precision - by_item[i];
        by_item[i] = precision;
    }
    vn_problem_prior_changed(p);
}
