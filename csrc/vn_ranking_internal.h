/* Shared by the files of the rankings only: vn_ranking*.c. */
#ifndef VN_RANKING_INTERNAL_H
#define VN_RANKING_INTERNAL_H

#include "vn_ranking.h"

#define LANES VN_RANKING_LANES
#define LONGEST 64 /* of the rankings that share lanes */
#define NARROW 300.0 /* spread of theta up to which one table of exp(theta) serves: e^600 is a number */

/* LANES rankings of one length and number of stages, without ties. */
typedef struct {
    int32_t length, stages;
    int64_t at; /* first of its length x LANES items */
} vn_ranking_tile;

struct vn_rankings {
    vn_ranking_data data;
    int64_t n_tiles;
    vn_ranking_tile *tile;
    int32_t *lane_item;
    int64_t *lane_ranking; /* n_tiles x LANES */
    double *lane_weight;   /* the same */
    int64_t n_rest, *rest; /* rankings that go one by one */
    int64_t longest;
    double *weight;        /* n_rankings, or NULL: 1 */
    double *chosen, *mass; /* n_items */
    double *e;             /* n_items: exp(theta - max theta) */
    int64_t n_chunks;      /* of the work, by the data alone */
    int64_t *tile_of, *rest_of; /* n_chunks + 1 */
    double *partial;       /* n_chunks x n_items */
    double *squares;       /* the same; NULL until a diagonal is asked for */
    double *sums;          /* n_chunks */
    int64_t n_edges, *edge_ptr; /* of pairs; NULL: not built yet */
    int32_t *hi;
    int64_t *slot_at;      /* n_rankings + 1 */
    uint32_t *slot;        /* edge of each pair of each ranking; NULL: there is a table of all pairs */
    int64_t n_parts;       /* in which their weights are summed */
};

/* One ranking by itself. */
typedef struct {
    const int32_t *item;
    int64_t length, ranked;
    const uint8_t *tied; /* or NULL */
    double weight;
} vn_ranking_one;

static inline vn_ranking_one vn_ranking_at(const vn_rankings *r, int64_t k)
{
    const int64_t at = r->data.offsets[k];
    return (vn_ranking_one){.item = r->data.item + at,
                            .length = r->data.offsets[k + 1] - at,
                            .ranked = r->data.ranked[k],
                            .tied = r->data.tied ? r->data.tied + at : NULL,
                            .weight = r->weight ? r->weight[k] : 1.0};
}

/* The stage that starts at position p: where it ends (the tied items), and how often it counts; 0: there
 * is no stage. */
static inline int64_t vn_ranking_stage(const vn_ranking_one *o, int64_t p, double *count)
{
    if (p >= o->ranked) {
        *count = 0.0;
        return o->length;
    }
    int64_t end = p + 1;
    while (o->tied && end < o->ranked && o->tied[end]) end++;
    *count = (double)(end - p - (end == o->length));
    return end;
}

/* Cumulates over the stages of one ranking, whose weight is left out. With `wide` NULL, from the table
 * r->e: e[p] = exp(theta), q[p] = sum c / S^power over the stages of position p. Else from theta, in
 * units that cannot overflow: room[p] = log S of the last of p's stages, e[p] = exp(theta) / S of that
 * one, q[p] = sum c (S / S_s)^power. Either way c / S_s sums to e q with power 1. Returns sum c log S,
 * less the largest theta if from the table. Arrays of `length`. */
double vn_ranking_cumulate(const vn_rankings *r, const vn_ranking_one *o, const double *wide, int power,
                           double *e, double *q, double *room);

/* exp(theta) into r->e and the largest theta; 0 where the spread is too wide for that. */
int vn_ranking_table(vn_rankings *r, const double *theta, double *largest);

#endif
