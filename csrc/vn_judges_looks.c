/* Judgments of a table of votes as looks, by row and by judge. */
#include <string.h>

#include "vn_judges.h"
#include "vn_team.h"

#define ROWS 4096 /* of a block */
#define PARTS 16  /* of the rows, when looks are sorted by judge */

typedef struct {
    double win, mass;
} look;

/* The looks of cell k in the order as written [0] and in the other one [1]. */
static inline void looks_of(const vn_vote_cells *c, int64_t k, look out[2])
{
    if (c->count[0]) {
        const double w = c->count[0][k], t = c->count[1][k], l = c->count[2][k];
        out[0] = (look){w + 0.5 * t, w + t + l};
        out[1] = (look){0.0, 0.0};
        return;
    }
    const double mass = c->mass[0][k] + c->mass[1][k] + c->mass[2][k];
    const int32_t turned = c->swapped_runs ? c->swapped_runs[k] : 0, runs = c->runs[k];
    const look all = {c->mass[0][k] + 0.5 * c->mass[1][k], mass};
    out[0] = out[1] = (look){0.0, 0.0};
    if (turned == 0 || turned == runs) {
        out[turned > 0] = all;
        return;
    }
    /* both orders: the mass is shared by runs, the votes are those of each order */
    const double total[2] = {c->total[k] - c->swapped_total[k], c->swapped_total[k]};
    const int32_t each[2] = {runs - turned, turned};
    for (int o = 0; o < 2; o++) {
        const double m = mass * each[o] / runs, s = total[o] / each[o];
        out[o] = (look){0.5 * m * (1.0 + VN_MAX(-1.0, VN_MIN(1.0, s))), m};
    }
}

static inline int64_t pair_of(const vn_row_votes *v, int64_t row) { return v->pair ? v->pair[row] : row; }

typedef struct {
    const vn_row_votes *votes;
    vn_looks *looks;
    int64_t *row_ptr;
    int *several; /* of each block */
    int64_t *place; /* PARTS x n_judges: where a part's looks of a judge go */
    int64_t n_parts;
} job;

static vn_status count_rows(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_row_votes *v = j->votes;
    const int64_t end = vn_block_end(v->n_rows, ROWS, block);
    int several = 0;
    (void)worker;
    for (int64_t r = block * ROWS; r < end; r++) {
        const int64_t q = pair_of(v, r);
        int64_t n = 0;
        for (int64_t k = v->votes.ptr[q]; k < v->votes.ptr[q + 1]; k++) {
            look l[2];
            looks_of(&v->votes.cells, k, l);
            for (int o = 0; o < 2; o++) {
                if (!(l[o].mass > 0.0)) continue;
                n++;
                several |= l[o].mass != 1.0 || 2.0 * l[o].win != (double)(int)(2.0 * l[o].win);
            }
        }
        j->row_ptr[r + 1] = n;
    }
    j->several[block] = several;
    return VN_OK;
}

vn_status vn_looks_count(const vn_row_votes *votes, int n_threads, vn_poll poll, void *context,
                         int64_t *row_ptr, int *single)
{
    const int64_t blocks = vn_n_blocks(votes->n_rows, ROWS);
    int *several = vn_calloc((size_t)blocks + 1, sizeof(int));
    if (!several) return VN_NO_MEMORY;
    const vn_status status = vn_team_run(
        count_rows, &(job){.votes = votes, .row_ptr = row_ptr, .several = several}, blocks,
        n_threads, poll, context);
    row_ptr[0] = 0;
    *single = 1;
    if (status == VN_OK) {
        for (int64_t r = 0; r < votes->n_rows; r++) row_ptr[r + 1] += row_ptr[r];
        for (int64_t b = 0; b < blocks; b++) *single &= !several[b];
    }
    vn_free(several);
    return status;
}

static vn_status fill_rows(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_row_votes *v = j->votes;
    vn_look_columns *out = &j->looks->by_row;
    const int64_t end = vn_block_end(v->n_rows, ROWS, block);
    (void)worker;
    for (int64_t r = block * ROWS; r < end; r++) {
        const int64_t q = pair_of(v, r);
        int64_t at = j->looks->row_ptr[r];
        for (int64_t k = v->votes.ptr[q]; k < v->votes.ptr[q + 1]; k++) {
            look l[2];
            looks_of(&v->votes.cells, k, l);
            for (int o = 0; o < 2; o++) {
                if (!(l[o].mass > 0.0)) continue;
                const uint32_t outcome = out->win ? 0 : (uint32_t)(2.0 * l[o].win);
                out->code[at] = (uint32_t)v->votes.cells.teacher[k] << VN_LOOK_BITS | outcome << 1
                                | (uint32_t)o;
                if (out->win) {
                    out->win[at] = l[o].win;
                    out->mass[at] = l[o].mass;
                }
                at++;
            }
        }
    }
    return VN_OK;
}

static vn_status count_judges(void *arg, int64_t part, int worker)
{
    const job *j = arg;
    const vn_looks *x = j->looks;
    int64_t *n = j->place + part * x->n_judges;
    const int64_t from = x->row_ptr[vn_chunk_start(x->n_rows, part, j->n_parts)];
    const int64_t to = x->row_ptr[vn_chunk_start(x->n_rows, part + 1, j->n_parts)];
    (void)worker;
    for (int64_t k = from; k < to; k++) n[x->by_row.code[k] >> VN_LOOK_BITS]++;
    return VN_OK;
}

static vn_status turn(void *arg, int64_t part, int worker)
{
    const job *j = arg;
    const vn_looks *x = j->looks;
    const vn_look_columns *from = &x->by_row, *to = &x->by_judge;
    int64_t *place = j->place + part * x->n_judges;
    const int64_t end = vn_chunk_start(x->n_rows, part + 1, j->n_parts);
    (void)worker;
    for (int64_t r = vn_chunk_start(x->n_rows, part, j->n_parts); r < end; r++)
        for (int64_t k = x->row_ptr[r]; k < x->row_ptr[r + 1]; k++) {
            const int64_t at = place[from->code[k] >> VN_LOOK_BITS]++;
            to->code[at] = (uint32_t)r << VN_LOOK_BITS | (from->code[k] & 7u);
            if (from->win) {
                to->win[at] = from->win[k];
                to->mass[at] = from->mass[k];
            }
        }
    return VN_OK;
}

vn_status vn_looks_fill(const vn_row_votes *votes, int n_threads, vn_poll poll, void *context,
                        vn_looks *looks)
{
    const int64_t n = looks->n_judges;
    if (n >= VN_MOST_PLACES || looks->n_rows >= VN_MOST_PLACES) return VN_TOO_LARGE;
    job j = {.votes = votes, .looks = looks};
    vn_status status = vn_team_run(fill_rows, &j, vn_n_blocks(votes->n_rows, ROWS), n_threads, poll,
                                   context);
    if (status != VN_OK) return status;
    j.n_parts = VN_MAX((int64_t)1, VN_MIN(looks->n_looks / (4 * n + 4096), (int64_t)PARTS));
    j.place = vn_calloc((size_t)(j.n_parts * n) + 1, sizeof(int64_t));
    if (!j.place) return VN_NO_MEMORY;
    status = vn_team_run(count_judges, &j, j.n_parts, n_threads, poll, context);
    if (status == VN_OK) {
        int64_t at = 0;
        for (int64_t k = 0; k < n; k++) {
            looks->judge_ptr[k] = at;
            for (int64_t p = 0; p < j.n_parts; p++) {
                const int64_t own = j.place[p * n + k];
                j.place[p * n + k] = at;
                at += own;
            }
        }
        looks->judge_ptr[n] = at;
        status = vn_team_run(turn, &j, j.n_parts, n_threads, poll, context);
    }
    vn_free(j.place);
    return status;
}
