/* Judgments of a table of votes as looks, by row and by judge. */
#include <string.h>

#include "vn_judges.h"
#include "vn_team.h"

#define ROWS 4096 /* of a block */
#define PARTS 16  /* of the rows, when looks are sorted by judge */

#define MOST_VOTES 1e6 /* of a look that is written as single votes */
#define MOST_SPLIT 2   /* single votes for each look */

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
    int split;       /* looks of several votes are written as single ones */
    int64_t *counts; /* 3 of each block: looks, single votes, looks that are no whole votes */
    int64_t *place; /* PARTS x n_judges: where a part's looks of a judge go */
    int64_t n_parts;
} job;

/* Whole votes, and whole or half wins of them. */
static inline int is_whole(look l)
{
    return l.mass < MOST_VOTES && l.mass == (double)(int64_t)l.mass
           && 2.0 * l.win == (double)(int64_t)(2.0 * l.win);
}

static vn_status count_rows(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_row_votes *v = j->votes;
    const int64_t end = vn_block_end(v->n_rows, ROWS, block);
    int64_t *counts = j->counts + 3 * block;
    (void)worker;
    counts[0] = counts[1] = counts[2] = 0;
    for (int64_t r = block * ROWS; r < end; r++) {
        const int64_t q = pair_of(v, r);
        int64_t n = 0, votes = 0;
        for (int64_t k = v->votes.ptr[q]; k < v->votes.ptr[q + 1]; k++) {
            look l[2];
            looks_of(&v->votes.cells, k, l);
            for (int o = 0; o < 2; o++) {
                if (!(l[o].mass > 0.0)) continue;
                n++;
                if (is_whole(l[o]))
                    votes += (int64_t)l[o].mass;
                else
                    counts[2]++;
            }
        }
        counts[0] += n;
        counts[1] += votes;
        j->row_ptr[r + 1] = j->split ? votes : n;
    }
    return VN_OK;
}

vn_status vn_looks_count(const vn_row_votes *votes, int n_threads, vn_poll poll, void *context,
                         int64_t *row_ptr, int *single)
{
    const int64_t blocks = vn_n_blocks(votes->n_rows, ROWS);
    int64_t *counts = vn_calloc(3 * (size_t)blocks + 1, sizeof(int64_t));
    if (!counts) return VN_NO_MEMORY;
    job j = {.votes = votes, .row_ptr = row_ptr, .counts = counts, .split = 1};
    vn_status status = vn_team_run(count_rows, &j, blocks, n_threads, poll, context);
    int64_t total[3] = {0, 0, 0};
    for (int64_t b = 0; b < 3 * blocks; b++) total[b % 3] += counts[b];
    *single = total[2] == 0 && total[1] <= MOST_SPLIT * total[0];
    if (status == VN_OK && !*single) {
        j.split = 0;
        status = vn_team_run(count_rows, &j, blocks, n_threads, poll, context);
    }
    row_ptr[0] = 0;
    if (status == VN_OK)
        for (int64_t r = 0; r < votes->n_rows; r++) row_ptr[r + 1] += row_ptr[r];
    vn_free(counts);
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
                const uint32_t code = (uint32_t)v->votes.cells.teacher[k] << VN_LOOK_BITS | (uint32_t)o;
                if (out->win) {
                    out->code[at] = code;
                    out->win[at] = l[o].win;
                    out->mass[at++] = l[o].mass;
                    continue;
                }
                int64_t halves = (int64_t)(2.0 * l[o].win);
                for (int64_t left = (int64_t)l[o].mass; left > 0; left--) {
                    const int64_t outcome = VN_MIN(halves, (int64_t)2);
                    out->code[at++] = code | (uint32_t)outcome << 1;
                    halves -= outcome;
                }
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
