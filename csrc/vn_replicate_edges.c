#include "vn_replicate_edges.h"

int64_t vn_replicate_edges(const vn_replicates *p, const int8_t *order, const double *draw,
                           int64_t *ptr, int32_t *second, int8_t *kept_order, int32_t *number,
                           double *win, double *loss, double *tie, double *ties)
{
    int64_t kept = 0, item = 0, k = 0;
    ptr[0] = 0;
    *ties = 0.0;
    for (int64_t e = 0; e < p->n_edges; e++) {
        double mass[3] = {0.0, 0.0, 0.0};
        for (; k < p->n_rows && p->edge[k] == e; k++) {
            const double n = draw[p->unit ? (int64_t)p->unit[k] : k];
            mass[p->outcome[k]] += p->mass ? n * p->mass[k] : n;
        }
        while (item < p->first[e]) ptr[++item] = kept;
        if (mass[0] + mass[1] + mass[2] == 0.0) continue;
        second[kept] = p->second[e];
        kept_order[kept] = order[e];
        number[kept] = (int32_t)e;
        win[kept] = tie ? mass[0] : mass[0] + 0.5 * mass[2];
        loss[kept] = tie ? mass[1] : mass[1] + 0.5 * mass[2];
        if (tie) tie[kept] = mass[2];
        *ties += mass[2];
        kept++;
    }
    while (item < p->n_items) ptr[++item] = kept;
    return kept;
}
