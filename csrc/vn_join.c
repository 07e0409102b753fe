#include "vn_join.h"

#include <string.h>

#include "vn_team.h"

#define JOIN_ITEMS 16 /* of a block */
#define SHORT 16      /* cells that are copied one by one */

typedef struct {
    int64_t n_items;
    const vn_join_cells *a, *b, *out;
    int64_t *out_ptr, *new_pairs; /* new_pairs: of each block */
} join_job;

/* Sign of (key of cell k of x) - (key of cell l of y), both of one `lo`. */
static inline int compare(const vn_join_cells *x, int64_t k, const vn_join_cells *y, int64_t l)
{
    if (x->hi[k] != y->hi[l]) return x->hi[k] < y->hi[l] ? -1 : 1;
    if (x->order[k] != y->order[l]) return x->order[k] < y->order[l] ? -1 : 1;
    if (!x->stratum || x->stratum[k] == y->stratum[l]) return 0;
    return x->stratum[k] < y->stratum[l] ? -1 : 1;
}

/* First cell of a in [from, end) whose key is not below that of cell l of b: near `from`, or found
 * by halving. */
static int64_t lower_bound(const vn_join_cells *a, int64_t from, int64_t end, const vn_join_cells *b,
                           int64_t l)
{
    int64_t step = 4;
    for (int64_t near = from; near < end && near < from + step; near++)
        if (compare(a, near, b, l) >= 0) return near;
    for (from = VN_MIN(from + step, end); from + step < end; step *= 2) {
        if (compare(a, from + step, b, l) >= 0) {
            end = from + step;
            break;
        }
        from += step + 1;
    }
    while (from < end) {
        const int64_t middle = from + (end - from) / 2;
        if (compare(a, middle, b, l) < 0) from = middle + 1;
        else end = middle;
    }
    return from;
}

static vn_status count_items(void *arg, int64_t block, int worker)
{
    const join_job *j = arg;
    const vn_join_cells *a = j->a, *b = j->b;
    int64_t pairs = 0;
    (void)worker;
    for (int64_t i = block * JOIN_ITEMS; i < vn_block_end(j->n_items, JOIN_ITEMS, block); i++) {
        const int64_t begin = a->row_ptr[i], end = a->row_ptr[i + 1];
        int64_t at = begin, found = end - begin;
        for (int64_t l = b->row_ptr[i]; l < b->row_ptr[i + 1]; l++) {
            at = lower_bound(a, at, end, b, l);
            const int known = (at < end && a->hi[at] == b->hi[l])
                           || (at > begin && a->hi[at - 1] == b->hi[l])
                           || (l > b->row_ptr[i] && b->hi[l - 1] == b->hi[l]);
            pairs += !known;
            found += !(at < end && compare(a, at, b, l) == 0);
        }
        j->out_ptr[i + 1] = found;
    }
    j->new_pairs[block] = pairs;
    return VN_OK;
}

vn_status vn_join_count(int64_t n_items, const vn_join_cells *a, const vn_join_cells *b,
                        int n_threads, vn_poll poll, void *context, int64_t *out_ptr,
                        int64_t *n_new_pairs)
{
    const int64_t n_blocks = vn_n_blocks(n_items, JOIN_ITEMS);
    join_job j = {.n_items = n_items, .a = a, .b = b, .out_ptr = out_ptr};
    j.new_pairs = vn_malloc(sizeof(int64_t) * (size_t)VN_MAX(n_blocks, 1));
    if (!j.new_pairs) return VN_NO_MEMORY;
    const vn_status status = vn_team_run(count_items, &j, n_blocks, n_threads, poll, context);
    if (status == VN_OK) {
        out_ptr[0] = *n_new_pairs = 0;
        for (int64_t i = 0; i < n_items; i++) out_ptr[i + 1] += out_ptr[i];
        for (int64_t k = 0; k < n_blocks; k++) *n_new_pairs += j.new_pairs[k];
    }
    vn_free(j.new_pairs);
    return status;
}

static inline double square_of(const vn_join_cells *x, int64_t k)
{
    return x->square ? x->square[k] : x->win[k] + (x->tie ? 0.25 * x->tie[k] : 0.0);
}

/* Cells [from, end) of x as they are, to the cells of `out` from `to` on. */
static void copy(const vn_join_cells *x, int64_t from, int64_t end, const vn_join_cells *out,
                 int64_t to)
{
    const size_t n = (size_t)(end - from);
    if (n <= SHORT) {
        const int64_t by = to - from;
        for (int64_t k = from; k < end; k++) {
            out->hi[k + by] = x->hi[k];
            out->order[k + by] = x->order[k];
            out->win[k + by] = x->win[k];
            out->loss[k + by] = x->loss[k];
            if (out->stratum) out->stratum[k + by] = x->stratum[k];
            if (out->tie) out->tie[k + by] = x->tie ? x->tie[k] : 0.0;
            if (out->square) out->square[k + by] = square_of(x, k);
        }
        return;
    }
    memcpy(out->hi + to, x->hi + from, sizeof(int32_t) * n);
    memcpy(out->order + to, x->order + from, n);
    memcpy(out->win + to, x->win + from, sizeof(double) * n);
    memcpy(out->loss + to, x->loss + from, sizeof(double) * n);
    if (out->stratum) memcpy(out->stratum + to, x->stratum + from, sizeof(int32_t) * n);
    if (out->tie && x->tie) memcpy(out->tie + to, x->tie + from, sizeof(double) * n);
    else if (out->tie) memset(out->tie + to, 0, sizeof(double) * n);
    for (int64_t k = from; out->square && k < end; k++) out->square[to + k - from] = square_of(x, k);
}

static vn_status write_items(void *arg, int64_t block, int worker)
{
    const join_job *j = arg;
    const vn_join_cells *a = j->a, *b = j->b, *out = j->out;
    const int64_t first = block * JOIN_ITEMS, stop = vn_block_end(j->n_items, JOIN_ITEMS, block);
    int64_t done = a->row_ptr[first], to = out->row_ptr[first];
    (void)worker;
    for (int64_t i = first; i < stop; i++) {
        const int64_t end = a->row_ptr[i + 1];
        int64_t at = a->row_ptr[i];
        for (int64_t l = b->row_ptr[i]; l < b->row_ptr[i + 1]; l++) {
            at = lower_bound(a, at, end, b, l);
            const int met = at < end && compare(a, at, b, l) == 0;
            copy(a, done, at, out, to);
            to += at - done;
            copy(b, l, l + 1, out, to);
            done = at;
            if (met) {
                out->win[to] = a->win[at] + b->win[l];
                out->loss[to] = a->loss[at] + b->loss[l];
                if (out->tie && a->tie) out->tie[to] += a->tie[at];
                if (out->square) out->square[to] += square_of(a, at);
                done = ++at;
            }
            to++;
        }
    }
    copy(a, done, a->row_ptr[stop], out, to);
    return VN_OK;
}

vn_status vn_join_write(int64_t n_items, const vn_join_cells *a, const vn_join_cells *b,
                        int n_threads, vn_poll poll, void *context, const vn_join_cells *out)
{
    join_job j = {.n_items = n_items, .a = a, .b = b, .out = out};
    return vn_team_run(write_items, &j, vn_n_blocks(n_items, JOIN_ITEMS), n_threads, poll, context);
}
