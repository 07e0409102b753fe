#include "vn_model.h"

#include <string.h>

#define MODELS(row) row(vn_bradley_terry) row(vn_thurstone) row(vn_davidson) row(vn_rao_kupper)

#define DECLARE(row) extern const vn_model_row row;
#define ADDRESS(row) &row,

MODELS(DECLARE)
static const vn_model_row *const rows[] = {MODELS(ADDRESS)};

const vn_model_row *vn_model_at(int k)
{
    return k < (int)(sizeof rows / sizeof *rows) ? rows[k] : NULL;
}

const vn_model_row *vn_model_named(const char *name)
{
    for (int k = 0; vn_model_at(k); k++)
        if (!strcmp(rows[k]->name, name)) return rows[k];
    return NULL;
}

void vn_model_cells(const vn_model_row *model, int64_t n, const double *d, const double *win,
                    const double *loss, const double *tie, double t, double *g, double *h, double *gt,
                    double *dt, double *ht)
{
    const int64_t step = model->has_tie ? 1 : 1 << 20; /* sums over ties are of whole calls */
    for (int64_t k = 0; k < n; k += step) {
        double sums[2] = {0.0, 0.0};
        model->derivatives(model, d + k, win + k, loss + k, model->has_tie ? tie + k : NULL, t,
                           (int)VN_MIN(step, n - k), g + k, h + k, model->has_tie ? dt + k : NULL,
                           sums);
        if (model->has_tie) gt[k] = sums[0], ht[k] = sums[1];
    }
}
