/* Two tables of votes together, pair by pair: both lists of cells are sorted by teacher. */
#include "vn_votes.h"

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

void vn_votes_merge_sizes(const vn_vote_table *a, const vn_vote_table *b, int64_t n_pairs,
                          const int32_t *at_a, const int32_t *at_b, const int32_t *to_a,
                          const int32_t *to_b, int n_threads, int64_t *ptr)
{
    ptr[0] = 0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t p = 0; p < n_pairs; p++) {
        cursor x = start_at(a, at_a[p], to_a), y = start_at(b, at_b[p], to_b);
        int64_t cells = 0;
        while (x.k < x.end || y.k < y.end) {
            const int32_t tx = code_at(&x), ty = code_at(&y);
            x.k += tx <= ty;
            y.k += ty <= tx;
            cells++;
        }
        ptr[p + 1] = cells;
    }
    for (int64_t p = 0; p < n_pairs; p++) ptr[p + 1] += ptr[p];
}

void vn_votes_merge(const vn_vote_table *a, const vn_vote_table *b, int64_t n_pairs,
                    const int32_t *at_a, const int32_t *at_b, const int32_t *to_a,
                    const int32_t *to_b, int n_threads, const int64_t *ptr, vn_vote_cells *out)
{
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t p = 0; p < n_pairs; p++) {
        cursor x = start_at(a, at_a[p], to_a), y = start_at(b, at_b[p], to_b);
        for (int64_t at = ptr[p]; at < ptr[p + 1]; at++) {
            const int32_t tx = code_at(&x), ty = code_at(&y);
            judgment sum = {{0.0, 0.0, 0.0}, 0.0, 0.0, 0.0, 0, 0};
            if (tx <= ty) add_cell(&a->cells, x.k++, &sum);
            if (ty <= tx) add_cell(&b->cells, y.k++, &sum);
            put_cell(out, at, VN_MIN(tx, ty), &sum);
        }
    }
}
