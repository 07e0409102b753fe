#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vn_ranking_internal.h"
#include "vn_watch.h"

#define MOST_PAIRS ((int64_t)1 << 31) /* of all rankings, where they have slots */
#define WIDEST 8192                   /* items of which all pairs may be a table */
#define SMALL_TABLE ((int64_t)1 << 16) /* pairs that always are */
#define MOST_PARTS 8
#define MOST_SUMS ((int64_t)1 << 25) /* numbers of all parts */
#define POLL_EVERY ((int64_t)1 << 24) /* pairs */
#define LOST 1e4 /* times what its rest weighs that a ranking may be taken from: twelve digits are left */

/* ---- which pairs there are ------------------------------------------------------------------ */

/* First slot of each ranking, as many as it has pairs; how many there are. */
static int64_t number_pairs(const vn_rankings *r, int64_t *slot_at)
{
    const int64_t *offsets = r->data.offsets;
    slot_at[0] = 0;
    for (int64_t k = 0; k < r->data.n_rankings; k++) {
        const int64_t length = r->data.ranked[k] > 0 ? offsets[k + 1] - offsets[k] : 0;
        slot_at[k + 1] = slot_at[k] + length * (length - 1) / 2;
    }
    return slot_at[r->data.n_rankings];
}

/* Calls `visit(job, lesser item, greater item, slot)` for each pair of each ranking. */
typedef void (*visitor)(void *job, int32_t lo, int32_t hi, int64_t slot);

static vn_status visit_all(const vn_rankings *r, visitor visit, void *job, vn_poll poll, void *context)
{
    int64_t asked = 0;
    for (int64_t k = 0; k < r->data.n_rankings; k++) {
        if (poll && r->slot_at[k + 1] - asked > POLL_EVERY) {
            asked = r->slot_at[k];
            if (poll(context)) return VN_INTERRUPTED;
        }
        const int32_t *item = r->data.item + r->data.offsets[k];
        const int64_t length = r->data.offsets[k + 1] - r->data.offsets[k];
        int64_t slot = r->slot_at[k];
        if (r->slot_at[k + 1] == slot) continue;
        for (int64_t a = 0; a < length; a++)
            for (int64_t b = a + 1; b < length; b++)
                visit(job, VN_MIN(item[a], item[b]), VN_MAX(item[a], item[b]), slot++);
    }
    return VN_OK;
}

typedef struct {
    int64_t n;
    int64_t *ptr;   /* of the pairs by their lesser item */
    int32_t *other; /* the greater one */
    uint32_t *slot; /* and which pair of which ranking it is */
    uint8_t *table; /* which pairs there are, n^2 */
} sorting;

static void count_lesser(void *job, int32_t lo, int32_t hi, int64_t slot)
{
    (void)hi, (void)slot;
    ((sorting *)job)->ptr[lo + 1]++;
}

static void place(void *job, int32_t lo, int32_t hi, int64_t slot)
{
    const sorting *s = job;
    const int64_t at = s->ptr[lo]++;
    s->other[at] = hi;
    s->slot[at] = (uint32_t)slot;
}

static void mark(void *job, int32_t lo, int32_t hi, int64_t slot)
{
    const sorting *s = job;
    (void)slot;
    s->table[(int64_t)lo * s->n + hi] = 1;
}

static int compare(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Whether some ranking is of all items: then all pairs are there. */
static int holds_all(const vn_rankings *r)
{
    for (int64_t k = 0; k < r->data.n_rankings; k++)
        if (r->slot_at[k + 1] > r->slot_at[k] &&
            r->data.offsets[k + 1] - r->data.offsets[k] == r->data.n_items)
            return 1;
    return 0;
}

static vn_status edges_of_table(vn_rankings *r, vn_poll poll, void *context)
{
    const int64_t n = r->data.n_items;
    sorting s = {.n = n, .table = vn_calloc((size_t)VN_MAX(n * n, 1), 1)};
    if (!s.table) return VN_NO_MEMORY;
    vn_status status = VN_OK;
    if (holds_all(r)) memset(s.table, 1, (size_t)(n * n));
    else status = visit_all(r, mark, &s, poll, context);
    for (int pass = 0; status == VN_OK && pass < 2; pass++) {
        int64_t at = 0;
        for (int64_t i = 0; i < n; i++) {
            r->edge_ptr[i] = at;
            for (int64_t j = i + 1; j < n; j++)
                if (s.table[i * n + j]) {
                    if (pass) r->hi[at] = (int32_t)j;
                    at++;
                }
        }
        r->edge_ptr[n] = r->n_edges = at;
        if (!pass && !(r->hi = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(at, 1))))
            status = VN_NO_MEMORY;
    }
    vn_free(s.table);
    return status;
}

/* Edges of pairs that were sorted by their lesser item, in place of them, and the edge of each slot. */
static void edges_of_sorted(vn_rankings *r, sorting *s, int32_t *seen)
{
    const int64_t n = s->n;
    int64_t at = 0, from = 0;
    for (int64_t i = 0; i < n; i++) seen[i] = -1;
    for (int64_t i = 0; i < n; i++) {
        const int64_t to = s->ptr[i], first = at; /* `place` moved the pointers on */
        r->edge_ptr[i] = at;
        for (int64_t k = from; k < to; k++)
            if (seen[s->other[k]] < 0) {
                seen[s->other[k]] = 1;
                r->hi[at++] = s->other[k];
            }
        qsort(r->hi + first, (size_t)(at - first), sizeof(int32_t), compare);
        for (int64_t e = first; e < at; e++) seen[r->hi[e]] = (int32_t)(e - first);
        for (int64_t k = from; k < to; k++) r->slot[s->slot[k]] = (uint32_t)(first + seen[s->other[k]]);
        for (int64_t e = first; e < at; e++) seen[r->hi[e]] = -1;
        from = to;
    }
    r->edge_ptr[n] = r->n_edges = at;
}

static vn_status edges_of_slots(vn_rankings *r, vn_poll poll, void *context)
{
    const int64_t n = r->data.n_items, m = r->slot_at[r->data.n_rankings];
    sorting s = {.n = n, .ptr = vn_calloc((size_t)n + 1, sizeof(int64_t)),
                 .other = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(m, 1)),
                 .slot = vn_malloc(sizeof(uint32_t) * (size_t)VN_MAX(m, 1))};
    int32_t *seen = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(n, 1));
    vn_status status = VN_NO_MEMORY;
    r->slot = vn_malloc(sizeof(uint32_t) * (size_t)VN_MAX(m, 1));
    r->hi = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(m, 1));
    if (s.ptr && s.other && s.slot && seen && r->slot && r->hi) {
        status = visit_all(r, count_lesser, &s, poll, context);
        for (int64_t i = 0; i < n; i++) s.ptr[i + 1] += s.ptr[i];
        if (status == VN_OK) status = visit_all(r, place, &s, poll, context);
    }
    if (status == VN_OK) {
        edges_of_sorted(r, &s, seen);
        int32_t *hi = vn_realloc(r->hi, sizeof(int32_t) * (size_t)VN_MAX(r->n_edges, 1));
        if (hi) r->hi = hi;
    }
    vn_free(s.ptr);
    vn_free(s.other);
    vn_free(s.slot);
    vn_free(seen);
    return status;
}

static void forget(vn_rankings *r)
{
    vn_free(r->edge_ptr);
    vn_free(r->hi);
    vn_free(r->slot_at);
    vn_free(r->slot);
    r->edge_ptr = r->slot_at = NULL, r->hi = NULL, r->slot = NULL;
}

vn_status vn_rankings_pairs(vn_rankings *r, vn_poll poll, void *context, int64_t *n_edges,
                            const int64_t **edge_ptr, const int32_t **hi)
{
    const int64_t n = r->data.n_items;
    if (!r->edge_ptr) {
        r->edge_ptr = vn_malloc(sizeof(int64_t) * (size_t)(n + 1));
        r->slot_at = vn_malloc(sizeof(int64_t) * (size_t)(r->data.n_rankings + 1));
        vn_status status = VN_NO_MEMORY;
        if (r->edge_ptr && r->slot_at) {
            const int64_t m = number_pairs(r, r->slot_at);
            const int table = n <= WIDEST && n * n <= VN_MAX(m, SMALL_TABLE);
            if (!table && m > MOST_PAIRS) status = VN_TOO_LARGE;
            else status = (table ? edges_of_table : edges_of_slots)(r, poll, context);
            const int64_t sums = VN_MAX(table ? n * n : r->n_edges, 1);
            r->n_parts = VN_MAX(VN_MIN(VN_MIN(m / (4 * sums), MOST_PARTS), MOST_SUMS / sums), 1);
        }
        if (status != VN_OK) {
            forget(r);
            return status;
        }
    }
    *n_edges = r->n_edges;
    *edge_ptr = r->edge_ptr;
    *hi = r->hi;
    return VN_OK;
}

/* ---- their weights -------------------------------------------------------------------------- */

typedef struct {
    vn_rankings *r;
    const double *theta; /* where it is too wide for a table of exp(theta) */
    double *room;        /* of each worker: 3 x longest */
    double *sums;        /* n_parts x width */
    int64_t width;
    vn_watch watch;
} bending;

/* Of the best few of all items the pairs below them, most of all, have one weight but for their own
 * exp(theta): it goes to the cell after the table, for all pairs, and those with one of the few get less.
 */
static void bend_one(const bending *j, int64_t k, int worker, double *out)
{
    const vn_rankings *r = j->r;
    const vn_ranking_one o = vn_ranking_at(r, k);
    const int64_t n = r->data.n_items;
    double *e = j->room + worker * 3 * r->longest, *q = e + o.length, *room = q + o.length;
    vn_ranking_cumulate(r, &o, j->theta, 2, e, q, room);
    const uint32_t *slot = r->slot ? r->slot + r->slot_at[k] : NULL;
    const double last = q[o.length - 1];
    const int whole = !slot && !j->theta && 2 * o.ranked < n && o.length == n && last <= LOST * q[0];
    if (whole) out[n * n] += o.weight * last;
    for (int64_t a = 0; a < (whole ? o.ranked : o.length); a++) {
        const double own = o.weight * e[a] * (whole ? q[a] - last : q[a]);
        const int64_t x = o.item[a];
        for (int64_t b = a + 1; b < o.length; b++) {
            const int64_t y = o.item[b];
            const double bend = own * (j->theta ? exp(j->theta[y] - room[a]) : e[b]);
            out[slot ? (int64_t)*slot++ : VN_MIN(x, y) * n + VN_MAX(x, y)] += bend;
        }
    }
}

static vn_status bend_part(void *job, int64_t part, int worker)
{
    bending *j = job;
    const vn_rankings *r = j->r;
    const int64_t n = r->data.n_rankings;
    double *out = j->sums + part * j->width;
    memset(out, 0, sizeof(double) * (size_t)j->width);
    const int64_t to = vn_chunk_start(n, part + 1, r->n_parts);
    int64_t k = vn_chunk_start(n, part, r->n_parts), asked = r->slot_at[k];
    for (; k < to; k++) {
        if (r->slot_at[k + 1] - asked > POLL_EVERY) {
            asked = r->slot_at[k];
            if (vn_watch_stops(&j->watch, worker)) return VN_INTERRUPTED;
        }
        if (r->slot_at[k + 1] > r->slot_at[k]) bend_one(j, k, worker, out);
    }
    return VN_OK;
}

vn_status vn_rankings_curvature(vn_rankings *r, const double *theta, int n_threads, vn_poll poll,
                                void *context, double *edge)
{
    const int64_t n = r->data.n_items, workers = vn_team_size(n_threads, r->n_parts);
    double largest;
    bending j = {.r = r, .watch = {.poll = poll, .context = context}};
    j.width = r->slot ? r->n_edges : n * n + 1;
    j.theta = vn_ranking_table(r, theta, &largest) ? NULL : theta;
    j.room = vn_malloc(sizeof(double) * (size_t)(workers * 3 * VN_MAX(r->longest, 1)));
    j.sums = vn_malloc(sizeof(double) * (size_t)VN_MAX(r->n_parts * j.width, 1));
    vn_status status = VN_NO_MEMORY;
    if (j.room && j.sums)
        status = vn_team_run(bend_part, &j, r->n_parts, n_threads, vn_watch_poll, &j.watch);
    if (vn_watch_over(&j.watch)) status = VN_INTERRUPTED;
    double whole = 0.0;
    for (int64_t p = 0; status == VN_OK && !r->slot && p < r->n_parts; p++)
        whole += j.sums[p * j.width + n * n];
    for (int64_t i = 0; status == VN_OK && i < n; i++)
        for (int64_t e = r->edge_ptr[i]; e < r->edge_ptr[i + 1]; e++) {
            const int64_t at = r->slot ? e : i * n + r->hi[e];
            edge[e] = whole > 0.0 ? whole * r->e[i] * r->e[r->hi[e]] : 0.0;
            for (int64_t p = 0; p < r->n_parts; p++) edge[e] += j.sums[p * j.width + at];
        }
    vn_free(j.room);
    vn_free(j.sums);
    return status;
}
