/* A model of half ties whose link somebody brings: two functions of cells, at addresses. */
#ifndef VN_MODEL_CUSTOM_H
#define VN_MODEL_CUSTOM_H

#include "vn_model.h"

/* g[k] = dl/dd, h[k] = -d2l/dd2 of n cells. Called by several threads at once, without the GIL. */
typedef void (*vn_cell_function)(const double *d, const double *win, const double *loss, int64_t n,
                                 double *g, double *h);

/* Sum of the log-likelihoods of n cells; likewise. */
typedef double (*vn_value_function)(const double *d, const double *win, const double *loss,
                                    int64_t n);

typedef struct {
    vn_model_row row; /* first: the functions of the row find the rest from it */
    vn_cell_function cell;
    vn_value_function value;
} vn_model_custom;

/* The row of a model; `name` must live as long. Not checked: that the functions keep the laws of
 * vn_model.h, which whoever takes them from a user does. */
void vn_model_custom_row(vn_model_custom *model, const char *name, vn_cell_function cell,
                         vn_value_function value);

#endif
