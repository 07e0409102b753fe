/* Two tables of votes together, pair by pair: both lists of cells are sorted by teacher. */
#include "vn_team.h"
#include "vn_votes.h"

#define BLOCK_PAIRS 4096

typedef struct { double mass[3], total, square, swapped_total; int64_t runs, swapped_runs; } judgment;

static inline void add_cell(const vn_vote_cells *c, int64_t k, judgment *sum)
{
    if (c->count[0]) {
        const double w = c->count[0][k], z = c->count[1][k], l = c->count[2][k];
        sum->mass[0] += w;
        sum->mass[1] += z;
        sum->mass[2] += l;
        sum->total += w - l;
        sum->square += w + l;
        sum->runs += (int64_t)c->count[0][k] + c->count[1][k] + c->count[2][k];
        return;
    }
    for (int m = 0; m < 3; m++) sum->mass[m] += c->mass[m][k];
    sum->total += c->total[k];
    sum->square += c->square[k];
    sum->runs += c->runs[k];
    if (c->swapped_runs) {
        sum->swapped_runs += c->swapped_runs[k];
        sum->swapped_total += c->swapped_total[k];
    }
}

static inline void put_cell(vn_vote_cells *c, int64_t k, int32_t teacher, const judgment *sum)
{
    c->teacher[k] = teacher;
    if (c->count[0]) {
        for (int m = 0; m < 3; m++) c->count[m][k] = (int32_t)sum->mass[m];
        return;
    }
    for (int m = 0; m < 3; m++) c->mass[m][k] = sum->mass[m];
    c->total[k] = sum->total;
    c->square[k] = sum->square;
    c->runs[k] = (int32_t)sum->runs;
    if (c->swapped_runs) {
        c->swapped_runs[k] = (int32_t)sum->swapped_runs;
        c->swapped_total[k] = sum->swapped_total;
    }
}

typedef struct { int64_t k, end; const int32_t *teacher, *to; } cursor;

static inline cursor start_at(const vn_vote_table *t, int32_t pair, const int32_t *to)
{
    const cursor c = {pair < 0 ? 0 : t->ptr[pair], pair < 0 ? 0 : t->ptr[pair + 1],
                      t->cells.teacher, to};
    return c;
}

static inline int32_t code_at(const cursor *c)
{
    return c->k < c->end ? c->to[c->teacher[c->k]] : INT32_MAX;
}

/* What the loops below read and write. */
typedef struct {
    const vn_vote_union *both;
    int64_t *sizes;     /* of the pairs: cells */
    const int64_t *ptr;
    vn_vote_cells *out;
} job;

static vn_status sizes_of_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_vote_union *u = j->both;
    const int64_t end = vn_block_end(u->n_pairs, BLOCK_PAIRS, block);
    (void)worker;
    for (int64_t p = block * BLOCK_PAIRS; p < end; p++) {
        cursor x = start_at(&u->a, u->at_a[p], u->to_a), y = start_at(&u->b, u->at_b[p], u->to_b);
        int64_t cells = 0;
        while (x.k < x.end || y.k < y.end) {
            const int32_t tx = code_at(&x), ty = code_at(&y);
            x.k += tx <= ty;
            y.k += ty <= tx;
            cells++;
        }
        j->sizes[p] = cells;
    }
    return VN_OK;
}

vn_status vn_votes_merge_sizes(const vn_vote_union *both, int n_threads, vn_poll poll,
                               void *context, int64_t *ptr)
{
    const vn_status status
        = vn_team_run(sizes_of_block, &(job){.both = both, .sizes = ptr + 1},
                      vn_n_blocks(both->n_pairs, BLOCK_PAIRS), n_threads, poll, context);
    ptr[0] = 0;
    for (int64_t p = 0; status == VN_OK && p < both->n_pairs; p++) ptr[p + 1] += ptr[p];
    return status;
}

static vn_status merge_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_vote_union *u = j->both;
    const int64_t end = vn_block_end(u->n_pairs, BLOCK_PAIRS, block);
    (void)worker;
    for (int64_t p = block * BLOCK_PAIRS; p < end; p++) {
        cursor x = start_at(&u->a, u->at_a[p], u->to_a), y = start_at(&u->b, u->at_b[p], u->to_b);
        for (int64_t at = j->ptr[p]; at < j->ptr[p + 1]; at++) {
            const int32_t tx = code_at(&x), ty = code_at(&y);
            judgment sum = {{0.0, 0.0, 0.0}, 0.0, 0.0, 0.0, 0, 0};
            if (tx <= ty) add_cell(&u->a.cells, x.k++, &sum);
            if (ty <= tx) add_cell(&u->b.cells, y.k++, &sum);
            put_cell(j->out, at, VN_MIN(tx, ty), &sum);
        }
    }
    return VN_OK;
}

vn_status vn_votes_merge(const vn_vote_union *both, int n_threads, vn_poll poll, void *context,
                         const int64_t *ptr, vn_vote_cells *out)
{
    return vn_team_run(merge_block, &(job){.both = both, .ptr = ptr, .out = out},
                       vn_n_blocks(both->n_pairs, BLOCK_PAIRS), n_threads, poll, context);
}
