/* Newman's (2023, JMLR 24(238)) fixed-point sweep, for models whose row has one.
 *
 * Each strength is multiplied by the ratio of what pulls it up to what pulls it down, with all
 * others as new as they are; then exp(gamma) and the tie parameter likewise. Serial. The Python twin
 * is venire.reference.mm.newman_sweep. */
#ifndef VN_MM_H
#define VN_MM_H

#include "vn_problem.h"

/* pi (n), *home = exp(gamma) and *tie (nu or eta) are updated in place. The model must have a sweep. */
static inline vn_status vn_newman_sweep(const vn_problem *p, vn_poll poll, void *context, double *pi,
                                        double *home, double *tie)
{
    return p->model->sweep(p, poll, context, pi, home, tie);
}

#endif
