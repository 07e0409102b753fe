#include "vn_group_one.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD 32    /* rows */
#define WATCH 65536 /* rows of a group between two looks at the wish to stop */

static void free_rows(vn_row_space *w)
{
    vn_free(w->label);
    vn_free(w->place);
    vn_free(w->low);
    vn_free(w->key);
    vn_free(w->order);
    vn_free(w->other);
    vn_free(w->count);
    vn_free(w->mass);
    w->label = w->count = NULL;
    w->place = w->low = w->key = w->order = w->other = NULL;
    w->mass = NULL;
    w->room = 0;
}

void vn_row_space_free(vn_row_space *w)
{
    free_rows(w);
    vn_group_labels_free(&w->labels);
    vn_free(w->room_mass);
}

static vn_status reserve_rows(vn_row_space *w, int64_t n)
{
    if (n <= w->room) return VN_OK;
    const size_t room = (size_t)VN_MAX(n, 2 * w->room);
    free_rows(w);
    w->label = vn_malloc(2 * room * sizeof(int64_t));
    w->place = vn_malloc(2 * room * sizeof(int32_t));
    w->low = vn_malloc(room * sizeof(int32_t));
    w->key = vn_malloc(room * sizeof(int32_t));
    w->order = vn_malloc(room * sizeof(int32_t));
    w->other = vn_malloc(room * sizeof(int32_t));
    w->count = vn_malloc((6 * room + 2) * sizeof(int64_t));
    w->mass = vn_malloc(room * sizeof(vn_row_masses));
    if (!w->label || !w->place || !w->low || !w->key || !w->order || !w->other || !w->count
        || !w->mass)
        return VN_NO_MEMORY;
    w->room = (int64_t)room;
    return VN_OK;
}

static inline vn_status reserve_cell(vn_row_space *w, int64_t n)
{
    if (n <= w->cell_room) return VN_OK;
    vn_free(w->room_mass);
    w->room_mass = vn_malloc(2 * sizeof(vn_row_masses) * (size_t)n);
    w->cell_room = w->room_mass ? 2 * n : 0;
    return w->room_mass ? VN_OK : VN_NO_MEMORY;
}

static inline int64_t row_at(const vn_group_rows *r, int64_t k) { return r->row ? r->row[k] : k; }

static inline int64_t label_of(const int32_t *narrow, const int64_t *wide, int64_t k)
{
    return narrow ? narrow[k] : wide[k];
}

static inline int is_amount(double x) { return x >= 0.0 && x <= 1.7976931348623157e308; }

/* Masses of row k from the view of its first item; its total weight comes back. */
static vn_row_fault read_row(const vn_group_rows *r, int64_t k, vn_row_masses *m, double *total,
                             int *soft)
{
    const double weight = r->weight ? r->weight[k] : 1.0;
    *m = (vn_row_masses){0.0, 0.0, 0.0};
    *total = 0.0;
    if (k >= r->n_compared) return VN_ROW_FINE;
    if (!is_amount(weight)) return VN_ROW_WEIGHT;
    if (r->win) {
        if (!is_amount(r->win[k])) return VN_ROW_WIN;
        if (!is_amount(r->loss[k])) return VN_ROW_LOSS;
        if (r->tie && !is_amount(r->tie[k])) return VN_ROW_TIE;
        const double tie = r->tie ? weight * r->tie[k] : 0.0;
        *m = (vn_row_masses){weight * r->win[k], weight * r->loss[k], tie};
        *total = m->win + m->loss + m->tie;
        return VN_ROW_FINE;
    }
    const double score = r->score ? r->score[k] : r->one_score;
    if (!(score >= 0.0 && score <= 1.0)) return VN_ROW_SCORE;
    *soft |= score != 0.0 && score != 0.5 && score != 1.0;
    if (score == 0.5)
        m->tie = weight;
    else
        *m = (vn_row_masses){weight * score, weight * (1.0 - score), 0.0};
    *total = weight;
    return VN_ROW_FINE;
}

/* Sort `from` by key[row] in [0, n_keys) into `to`, stably. */
static void counting_pass(const int32_t *key, int64_t n_keys, const int32_t *from, int32_t *to,
                          int64_t n, int64_t *count)
{
    memset(count, 0, sizeof(int64_t) * (size_t)(n_keys + 1));
    for (int64_t k = 0; k < n; k++) count[key[from[k]] + 1]++;
    for (int64_t v = 0; v < n_keys; v++) count[v + 1] += count[v];
    for (int64_t k = 0; k < n; k++) to[count[key[from[k]]]++] = from[k];
}

static int by_masses(const void *x, const void *y)
{
    const vn_row_masses *a = x, *b = y;
    if (a->win != b->win) return a->win < b->win ? -1 : 1;
    if (a->loss != b->loss) return a->loss < b->loss ? -1 : 1;
    return a->tie < b->tie ? -1 : a->tie > b->tie;
}

/* Sum of the rows order[0 .. n) of one cell, in an order that their values determine. */
static vn_row_masses sum_of(const vn_row_space *w, const int32_t *order, int64_t n)
{
    vn_row_masses *room = w->room_mass;
    vn_row_masses sum = w->mass[order[0]];
    if (n == 1) return sum;
    int equal = 1;
    for (int64_t k = 0; k < n; k++) {
        room[k] = w->mass[order[k]];
        equal &= by_masses(&room[k], &room[0]) == 0;
    }
    if (n > 2 && !equal) qsort(room, (size_t)n, sizeof *room, by_masses);
    sum = room[0];
    for (int64_t k = 1; k < n; k++) {
        sum.win += room[k].win;
        sum.loss += room[k].loss;
        sum.tie += room[k].tie;
    }
    return sum;
}

/* Rows that stand anywhere are fetched ahead of their turn. */
static inline void fetch(const vn_group_rows *r, int64_t k)
{
    if (!r->row || k >= r->n_rows) return;
    const int64_t row = r->row[k];
    if (r->first32) {
        __builtin_prefetch(r->first32 + row);
        __builtin_prefetch(r->second32 + row);
    } else {
        __builtin_prefetch(r->first64 + row);
        __builtin_prefetch(r->second64 + row);
    }
    if (r->score) __builtin_prefetch(r->score + row);
    if (r->weight) __builtin_prefetch(r->weight + row);
}

static inline int is_over(const vn_row_space *w) { return vn_watch_stops(w->watch, w->worker); }

/* Labels of the n rows from `from` on to positions, w->place; the items go behind those that are
 * there. */
static vn_status code_items(vn_row_space *w, const vn_group_rows *r, int64_t from, int64_t n,
                            vn_cell_output *out, int64_t *n_items)
{
    for (int64_t k = 0; k < n; k++) {
        const int64_t row = row_at(r, from + k);
        if (k % WATCH == WATCH - 1 && is_over(w)) return VN_INTERRUPTED;
        fetch(r, from + k + AHEAD);
        w->label[2 * k] = label_of(r->first32, r->first64, row);
        w->label[2 * k + 1] = label_of(r->second32, r->second64, row);
    }
    return vn_group_code(&w->labels, w->label, 2 * n, w->place, out->label + out->n_items, n_items);
}

/* A row that is at fault, of which the first is told. */
static void tell(vn_cell_output *out, int64_t row, vn_row_fault fault)
{
    if (out->bad_row >= 0 && out->bad_row <= row) return;
    out->bad_row = row;
    out->fault = (int)fault;
}

/* Positions that were given; 0: not all are items of the group. */
static int take_positions(vn_row_space *w, const vn_group_rows *r, int64_t group, vn_cell_output *out,
                          int64_t *n_items)
{
    const int64_t from = r->row_ptr[group], n = r->row_ptr[group + 1] - from;
    *n_items = r->item_ptr[group + 1] - r->item_ptr[group];
    for (int64_t k = 0; k < n; k++) {
        const int64_t row = row_at(r, from + k);
        const int32_t a = r->first32[row], b = r->second32[row];
        const int fine_a = a >= 0 && a < *n_items, fine_b = b >= 0 && b < *n_items;
        const int fine_order = !r->order || (r->order[row] >= -1 && r->order[row] <= 1);
        w->place[2 * k] = a;
        w->place[2 * k + 1] = b;
        if (fine_a && fine_b && fine_order) continue;
        tell(out, row, !fine_a ? VN_ROW_FIRST : !fine_b ? VN_ROW_SECOND : VN_ROW_ORDER);
        return 0;
    }
    return 1;
}

/* The rows that count, *m of them: both items and the masses. */
static vn_status read_rows(vn_row_space *w, const vn_group_rows *r, int64_t from, int64_t n,
                           vn_cell_output *out, int64_t *m)
{
    int64_t at = 0;
    for (int64_t k = 0; k < n; k++) {
        const int64_t row = row_at(r, from + k);
        const int32_t a = w->place[2 * k], b = w->place[2 * k + 1];
        if (k % WATCH == WATCH - 1 && is_over(w)) return VN_INTERRUPTED;
        vn_row_masses mass;
        double total;
        vn_row_fault fault = read_row(r, row, &mass, &total, &out->has_soft);
        if (fault == VN_ROW_FINE && a == b && row < r->n_compared) fault = VN_ROW_SELF;
        if (fault != VN_ROW_FINE) tell(out, row, fault);
        if (!(total > 0.0)) continue;
        /* no branches: which of the two is smaller is a coin toss */
        const int class = r->order ? r->order[row] : 1;
        const int swapped = a > b, sign = 1 - 2 * swapped;
        const double side[2] = {mass.win, mass.loss};
        w->low[at] = a < b ? a : b;
        w->key[at] = 3 * (a < b ? b : a) + sign * class + 1;
        w->mass[at] = (vn_row_masses){side[swapped], side[1 - swapped], mass.tie};
        w->other[at] = (int32_t)at;
        at++;
    }
    *m = at;
    return VN_OK;
}

/* The m rows of n that count by (low, key): a permutation in w->other. */
static vn_status sort_rows(vn_row_space *w, int64_t n, int64_t n_items, int64_t m)
{
    counting_pass(w->key, 3 * n_items, w->other, w->order, m, w->count);
    if (n > WATCH && is_over(w)) return VN_INTERRUPTED;
    counting_pass(w->low, n_items, w->order, w->other, m, w->count);
    return n > WATCH && is_over(w) ? VN_INTERRUPTED : VN_OK;
}

/* Runs of sorted rows become cells. */
static vn_status write_cells(vn_row_space *w, int64_t m, vn_cell_output *out)
{
    const int32_t *sorted = w->other;
    int64_t watched = 0;
    for (int64_t k = 0, stop; k < m; k = stop) {
        const int32_t low = w->low[sorted[k]], key = w->key[sorted[k]];
        stop = k + 1;
        if (k - watched >= WATCH) {
            watched = k;
            if (is_over(w)) return VN_INTERRUPTED;
        }
        while (stop < m && w->low[sorted[stop]] == low && w->key[sorted[stop]] == key) stop++;
        const vn_status status = reserve_cell(w, stop - k);
        if (status != VN_OK) return status;
        const vn_row_masses sum = sum_of(w, sorted + k, stop - k);
        const int64_t at = out->n_cells++;
        out->first[at] = low;
        out->second[at] = key / 3;
        out->order[at] = (int8_t)(key % 3 - 1);
        out->win[at] = sum.win;
        out->loss[at] = sum.loss;
        if (sum.tie > 0.0) {
            out->tie[at] = sum.tie;
            out->has_tie = 1;
        }
    }
    return VN_OK;
}

vn_status vn_group_one(vn_row_space *w, const vn_group_rows *r, int64_t group, vn_cell_output *out)
{
    const int64_t from = r->row_ptr[group], n = r->row_ptr[group + 1] - from;
    int64_t n_items = 0, m = 0;
    if (n == 0) return VN_OK; /* there may be no memory yet */
    const int64_t given = r->item_ptr ? r->item_ptr[group + 1] - r->item_ptr[group] : 0;
    vn_status status = reserve_rows(w, VN_MAX(n, given / 2 + 1)); /* there are counts for all items */
    if (status != VN_OK) return status;
    if (r->item_ptr && !take_positions(w, r, group, out, &n_items)) return VN_OK;
    if (!r->item_ptr) status = code_items(w, r, from, n, out, &n_items);
    if (status != VN_OK) return status;
    out->n_items += n_items;
    status = read_rows(w, r, from, n, out, &m);
    if (status != VN_OK || out->bad_row >= 0) return status;
    status = sort_rows(w, n, n_items, m);
    return status == VN_OK ? write_cells(w, m, out) : status;
}
