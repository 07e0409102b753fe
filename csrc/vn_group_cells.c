#include "vn_group_cells.h"

#include <stdlib.h>
#include <string.h>

#include "vn_group_labels.h"

#define AHEAD 32    /* rows */
#define CHUNK 32768 /* rows of the groups that a thread takes at once, about */

/* One row as its cell sees it: masses from the view of the smaller item. */
typedef struct {
    double win, loss, tie;
} masses;

/* Memory of one thread, for a group of up to `room` rows. */
typedef struct {
    vn_group_labels labels;
    int64_t room;
    int64_t *label;         /* 2 x room */
    int32_t *place;         /* 2 x room */
    int32_t *low, *key;     /* smaller item; 3 x larger item + order class */
    int32_t *order, *other; /* permutations of the rows */
    int64_t *count;         /* 6 x room + 2 */
    masses *mass;
} workspace;

static void workspace_free(workspace *w)
{
    vn_group_labels_free(&w->labels);
    vn_free(w->label);
    vn_free(w->place);
    vn_free(w->low);
    vn_free(w->key);
    vn_free(w->order);
    vn_free(w->other);
    vn_free(w->count);
    vn_free(w->mass);
    memset(w, 0, sizeof *w);
}

static vn_status workspace_reserve(workspace *w, int64_t n)
{
    if (n <= w->room) return VN_OK;
    const size_t room = (size_t)VN_MAX(n, 2 * w->room);
    vn_group_labels kept = w->labels;
    w->labels = (vn_group_labels){0};
    workspace_free(w);
    w->labels = kept;
    w->label = vn_malloc(2 * room * sizeof(int64_t));
    w->place = vn_malloc(2 * room * sizeof(int32_t));
    w->low = vn_malloc(room * sizeof(int32_t));
    w->key = vn_malloc(room * sizeof(int32_t));
    w->order = vn_malloc(room * sizeof(int32_t));
    w->other = vn_malloc(room * sizeof(int32_t));
    w->count = vn_malloc((6 * room + 2) * sizeof(int64_t));
    w->mass = vn_malloc(room * sizeof(masses));
    if (!w->label || !w->place || !w->low || !w->key || !w->order || !w->other || !w->count || !w->mass)
        return VN_NO_MEMORY;
    w->room = (int64_t)room;
    return VN_OK;
}

static inline int64_t row_at(const vn_group_rows *r, int64_t k) { return r->row ? r->row[k] : k; }

static inline int64_t label_of(const int32_t *narrow, const int64_t *wide, int64_t k)
{
    return narrow ? narrow[k] : wide[k];
}

static inline int is_amount(double x) { return x >= 0.0 && x <= 1.7976931348623157e308; }

/* Masses of row k from the view of its first item; its total weight comes back. */
static vn_row_fault read_row(const vn_group_rows *r, int64_t k, masses *m, double *total,
                             int *soft)
{
    const double weight = r->weight ? r->weight[k] : 1.0;
    *m = (masses){0.0, 0.0, 0.0};
    *total = 0.0;
    if (k >= r->n_compared) return VN_ROW_FINE;
    if (!is_amount(weight)) return VN_ROW_WEIGHT;
    if (r->win) {
        if (!is_amount(r->win[k])) return VN_ROW_WIN;
        if (!is_amount(r->loss[k])) return VN_ROW_LOSS;
        if (r->tie && !is_amount(r->tie[k])) return VN_ROW_TIE;
        *m = (masses){weight * r->win[k], weight * r->loss[k], r->tie ? weight * r->tie[k] : 0.0};
        *total = m->win + m->loss + m->tie;
        return VN_ROW_FINE;
    }
    const double score = r->score ? r->score[k] : r->one_score;
    if (!(score >= 0.0 && score <= 1.0)) return VN_ROW_SCORE;
    *soft |= score != 0.0 && score != 0.5 && score != 1.0;
    if (score == 0.5)
        m->tie = weight;
    else
        *m = (masses){weight * score, weight * (1.0 - score), 0.0};
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
    const masses *a = x, *b = y;
    if (a->win != b->win) return a->win < b->win ? -1 : 1;
    if (a->loss != b->loss) return a->loss < b->loss ? -1 : 1;
    return a->tie < b->tie ? -1 : a->tie > b->tie;
}

/* Sum of the rows order[0 .. n) of one cell, in an order that their values determine. */
static masses sum_of(const workspace *w, const int32_t *order, int64_t n, masses *room)
{
    masses sum = w->mass[order[0]];
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

/* Where the cells of a chunk go, and how many there are so far. */
typedef struct {
    int32_t *first, *second;
    int8_t *order;
    double *win, *loss, *tie;
    int64_t *label;         /* room for all that there can be */
    int64_t n_cells, n_items;
    int has_tie;
    int64_t bad_row;
    int fault;
    int has_soft;
    masses *room; /* as many as the longest cell has rows */
    int64_t room_size;
} output;

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

/* One group: labels to positions, rows to cells behind those that are there. */
static vn_status one_group(workspace *w, const vn_group_rows *r, int64_t group, output *out)
{
    const int64_t from = r->row_ptr[group], n = r->row_ptr[group + 1] - from;
    if (n == 0) return VN_OK; /* there may be no memory yet */
    vn_status status = workspace_reserve(w, n);
    if (status != VN_OK) return status;
    for (int64_t k = 0; k < n; k++) {
        const int64_t row = row_at(r, from + k);
        fetch(r, from + k + AHEAD);
        w->label[2 * k] = label_of(r->first32, r->first64, row);
        w->label[2 * k + 1] = label_of(r->second32, r->second64, row);
    }
    int64_t n_items = 0;
    status = vn_group_code(&w->labels, w->label, 2 * n, w->place, out->label + out->n_items, &n_items);
    if (status != VN_OK) return status;
    out->n_items += n_items;
    int64_t m = 0; /* rows that count */
    for (int64_t k = 0; k < n; k++) {
        const int64_t row = row_at(r, from + k);
        const int32_t a = w->place[2 * k], b = w->place[2 * k + 1];
        masses mass;
        double total;
        vn_row_fault fault = read_row(r, row, &mass, &total, &out->has_soft);
        if (fault == VN_ROW_FINE && a == b && row < r->n_compared) fault = VN_ROW_SELF;
        if (fault != VN_ROW_FINE && (out->bad_row < 0 || row < out->bad_row)) {
            out->bad_row = row;
            out->fault = (int)fault;
        }
        if (!(total > 0.0)) continue;
        /* no branches: which of the two is smaller is a coin toss */
        const int class = r->order ? r->order[row] : 1;
        const int swapped = a > b, sign = 1 - 2 * swapped;
        const double side[2] = {mass.win, mass.loss};
        w->low[m] = a < b ? a : b;
        w->key[m] = 3 * (a < b ? b : a) + sign * class + 1;
        w->mass[m] = (masses){side[swapped], side[1 - swapped], mass.tie};
        w->other[m] = (int32_t)m;
        m++;
    }
    if (out->bad_row >= 0) return VN_OK;
    counting_pass(w->key, 3 * n_items, w->other, w->order, m, w->count);
    counting_pass(w->low, n_items, w->order, w->other, m, w->count);
    const int32_t *sorted = w->other;
    for (int64_t k = 0, stop; k < m; k = stop) {
        const int32_t low = w->low[sorted[k]], key = w->key[sorted[k]];
        stop = k + 1;
        while (stop < m && w->low[sorted[stop]] == low && w->key[sorted[stop]] == key) stop++;
        if (stop - k > out->room_size) {
            vn_free(out->room);
            out->room_size = 2 * (stop - k);
            out->room = vn_malloc(sizeof(masses) * (size_t)out->room_size);
            if (!out->room) {
                out->room_size = 0;
                return VN_NO_MEMORY;
            }
        }
        const masses sum = sum_of(w, sorted + k, stop - k, out->room);
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

/* The same for ties, which are few as a rule: only they are written, so that pages without any stay
 * untouched. */
static void pack_ties(const double *room, const int64_t *from, const int64_t *size,
                      const int64_t *with_ties, int64_t n_chunks, double *tie)
{
    int64_t to = 0;
    for (int64_t c = 0; c < n_chunks; to += size[c++])
        for (int64_t k = 0; with_ties[c] && k < size[c]; k++)
            if (room[from[c] + k] > 0.0) tie[to + k] = room[from[c] + k];
}

struct vn_found_labels {
    int64_t n_chunks;
    int64_t **label; /* of each chunk */
    int64_t *count;
};

static vn_found_labels *new_labels(int64_t n_chunks)
{
    vn_found_labels *f = vn_calloc(1, sizeof *f);
    if (!f) return NULL;
    f->n_chunks = n_chunks;
    f->label = vn_calloc((size_t)VN_MAX(n_chunks, 1), sizeof *f->label);
    f->count = vn_calloc((size_t)VN_MAX(n_chunks, 1), sizeof *f->count);
    if (f->label && f->count) return f;
    vn_group_write_labels(f, NULL);
    return NULL;
}

void vn_group_write_labels(vn_found_labels *f, int64_t *label)
{
    if (!f) return;
    for (int64_t c = 0, at = 0; f->label && f->count && c < f->n_chunks; at += f->count[c++]) {
        if (label && f->label[c])
            memcpy(label + at, f->label[c], sizeof *label * (size_t)f->count[c]);
        vn_free(f->label[c]);
    }
    vn_free(f->label);
    vn_free(f->count);
    vn_free(f);
}

/* Chunks of whole groups: the first group of each, and n_groups at the end. */
static int64_t *cut_chunks(const vn_group_rows *r, int64_t *n_chunks)
{
    int64_t *first = NULL;
    for (int pass = 0; pass < 2; pass++) {
        int64_t count = 0, start = 0;
        for (int64_t g = 0; g < r->n_groups; g++)
            if (r->row_ptr[g + 1] - r->row_ptr[start] >= CHUNK || g + 1 == r->n_groups
                || g + 1 - start >= CHUNK) {
                if (pass) first[count] = start;
                count++;
                start = g + 1;
            }
        if (!pass) {
            first = vn_malloc(sizeof(int64_t) * (size_t)(count + 1));
            if (!first) return NULL;
        } else {
            first[count] = r->n_groups;
            *n_chunks = count;
        }
    }
    return first;
}

/* Move `n_chunks` blocks of an array together: block c stands at from[c] and is size[c] long. */
static void pack(char *array, size_t width, const int64_t *from, const int64_t *size, int64_t n_chunks)
{
    int64_t to = 0;
    for (int64_t c = 0; c < n_chunks; c++) {
        if (to != from[c])
            memmove(array + (size_t)to * width, array + (size_t)from[c] * width,
                    (size_t)size[c] * width);
        to += size[c];
    }
}

/* Room for the labels of a chunk of rows, one per thread. */
static vn_status reserve_labels(int64_t **label, int64_t *room, int64_t n)
{
    if (n <= *room) return VN_OK;
    vn_free(*label);
    *room = 2 * n;
    *label = vn_malloc(sizeof **label * (size_t)*room);
    if (*label) return VN_OK;
    *room = 0;
    return VN_NO_MEMORY;
}

vn_status vn_group_cells(const vn_group_rows *r, int n_threads, int64_t *item_ptr, int64_t *cell_ptr,
                         int32_t *first, int32_t *second, int8_t *order, double *win, double *loss,
                         double *tie_room, double *tie, int *has_tie, int *has_soft,
                         vn_found_labels **labels, int64_t *bad_row, int *fault)
{
    int64_t n_chunks = 0;
    int64_t *chunk = cut_chunks(r, &n_chunks);
    int64_t *cells_at = vn_malloc(sizeof(int64_t) * 3 * (size_t)VN_MAX(n_chunks, 1));
    vn_found_labels *found = new_labels(n_chunks);
    *labels = NULL;
    if (!chunk || !cells_at || !found) {
        vn_free(chunk);
        vn_free(cells_at);
        vn_group_write_labels(found, NULL);
        return VN_NO_MEMORY;
    }
    int64_t *n_cells = cells_at + n_chunks, *with_ties = cells_at + 2 * n_chunks;
    vn_status status = VN_OK;
    int any_tie = 0, any_soft = 0, what = 0;
    int64_t bad = -1;
    VN_PRAGMA(omp parallel num_threads(n_threads))
    {
        workspace w = {0};
        masses *room = NULL;
        int64_t room_size = 0, *label = NULL, label_room = 0;
        VN_PRAGMA(omp for schedule(dynamic, 1))
        for (int64_t c = 0; c < n_chunks; c++) {
            const int64_t base = r->row_ptr[chunk[c]];
            vn_status one
                = reserve_labels(&label, &label_room, 2 * (r->row_ptr[chunk[c + 1]] - base) + 1);
            output out = {.first = first + base, .second = second + base, .order = order + base,
                          .win = win + base, .loss = loss + base, .tie = tie_room + base,
                          .label = label, .bad_row = -1, .room = room, .room_size = room_size};
            for (int64_t g = chunk[c]; g < chunk[c + 1] && one == VN_OK; g++) {
                one = one_group(&w, r, g, &out);
                item_ptr[g + 1] = out.n_items; /* within the chunk, for now */
                cell_ptr[g + 1] = out.n_cells;
            }
            room = out.room;
            room_size = out.room_size;
            cells_at[c] = base;
            n_cells[c] = out.n_cells;
            with_ties[c] = out.has_tie;
            found->count[c] = one == VN_OK ? out.n_items : 0;
            if (found->count[c] > 0) {
                const size_t bytes = sizeof *label * (size_t)out.n_items;
                found->label[c] = vn_malloc(bytes);
                if (found->label[c]) memcpy(found->label[c], label, bytes);
                else one = VN_NO_MEMORY;
            }
            VN_PRAGMA(omp critical(vn_group_cells))
            {
                if (one != VN_OK) status = one;
                any_tie |= out.has_tie;
                any_soft |= out.has_soft;
                if (out.bad_row >= 0 && (bad < 0 || out.bad_row < bad)) {
                    bad = out.bad_row;
                    what = out.fault;
                }
            }
        }
        vn_free(room);
        vn_free(label);
        workspace_free(&w);
    }
    if (status == VN_OK && bad >= 0) status = VN_BAD_VALUE;
    if (status == VN_OK) {
        int64_t items = 0, cells = 0;
        item_ptr[0] = cell_ptr[0] = 0;
        for (int64_t c = 0; c < n_chunks; c++) {
            for (int64_t g = chunk[c]; g < chunk[c + 1]; g++) {
                item_ptr[g + 1] += items;
                cell_ptr[g + 1] += cells;
            }
            items += found->count[c];
            cells += n_cells[c];
        }
        struct { void *array; size_t width; } arrays[] = {
            {win, sizeof *win}, {loss, sizeof *loss}, {first, sizeof *first},
            {second, sizeof *second}, {order, sizeof *order}};
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 1))
        for (int k = 0; k < 5; k++)
            pack(arrays[k].array, arrays[k].width, cells_at, n_cells, n_chunks);
        pack_ties(tie_room, cells_at, n_cells, with_ties, n_chunks, tie);
    }
    vn_free(chunk);
    vn_free(cells_at);
    *has_tie = any_tie;
    *has_soft = any_soft;
    *bad_row = bad;
    *fault = what;
    if (status == VN_OK)
        *labels = found;
    else
        vn_group_write_labels(found, NULL);
    return status;
}
