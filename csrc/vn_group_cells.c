#include "vn_group_cells.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "vn_group_labels.h"
#include "vn_team.h"
#include "vn_watch.h"

#define AHEAD 32    /* rows */
#define CHUNK 32768 /* rows of the groups that a thread takes at once, about */
#define WATCH 65536 /* rows of a group between two looks at the wish to stop */

/* One row as its cell sees it: masses from the view of the smaller item. */
typedef struct {
    double win, loss, tie;
} masses;

/* Memory of one worker, for a group of up to `room` rows. */
typedef struct {
    vn_group_labels labels;
    int64_t room;
    int64_t *label;         /* 2 x room */
    int32_t *place;         /* 2 x room */
    int32_t *low, *key;     /* smaller item; 3 x larger item + order class */
    int32_t *order, *other; /* permutations of the rows */
    int64_t *count;         /* 6 x room + 2 */
    masses *mass, *room_mass; /* the latter for the rows of one cell */
    int64_t cell_room;
    vn_watch *watch;
    int worker;
} workspace;

static void free_rows(workspace *w)
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

static void workspace_free(workspace *w)
{
    free_rows(w);
    vn_group_labels_free(&w->labels);
    vn_free(w->room_mass);
}

static vn_status workspace_reserve(workspace *w, int64_t n)
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
    w->mass = vn_malloc(room * sizeof(masses));
    if (!w->label || !w->place || !w->low || !w->key || !w->order || !w->other || !w->count || !w->mass)
        return VN_NO_MEMORY;
    w->room = (int64_t)room;
    return VN_OK;
}

static inline vn_status reserve_cell(workspace *w, int64_t n)
{
    if (n <= w->cell_room) return VN_OK;
    vn_free(w->room_mass);
    w->room_mass = vn_malloc(2 * sizeof(masses) * (size_t)n);
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

/* Where cells and items go, and how many there are so far. */
typedef struct {
    int64_t *label;
    int32_t *first, *second;
    int8_t *order;
    double *win, *loss, *tie; /* tie: zero where none was written */
    int64_t n_cells, n_items;
    int has_tie, has_soft;
    int64_t bad_row;
    int fault;
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
        if (k % WATCH == WATCH - 1 && vn_watch_stops(w->watch, w->worker)) return VN_INTERRUPTED;
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
        if (k % WATCH == WATCH - 1 && vn_watch_stops(w->watch, w->worker)) return VN_INTERRUPTED;
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
    if (n > WATCH && vn_watch_stops(w->watch, w->worker)) return VN_INTERRUPTED;
    counting_pass(w->low, n_items, w->order, w->other, m, w->count);
    if (n > WATCH && vn_watch_stops(w->watch, w->worker)) return VN_INTERRUPTED;
    const int32_t *sorted = w->other;
    int64_t watched = 0;
    for (int64_t k = 0, stop; k < m; k = stop) {
        const int32_t low = w->low[sorted[k]], key = w->key[sorted[k]];
        stop = k + 1;
        if (k - watched >= WATCH) {
            watched = k;
            if (vn_watch_stops(w->watch, w->worker)) return VN_INTERRUPTED;
        }
        while (stop < m && w->low[sorted[stop]] == low && w->key[sorted[stop]] == key) stop++;
        status = reserve_cell(w, stop - k);
        if (status != VN_OK) return status;
        const masses sum = sum_of(w, sorted + k, stop - k, w->room_mass);
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

/* ---- chunks of groups ------------------------------------------------------------------------- */

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

/* A chunk that was done before one that stands in front of it: what it found waits here. */
typedef struct piece {
    output out;
    int64_t room, chunk, cells, items; /* rows; which one it is; and where it begins, once known */
    struct piece *next;
} piece;

static void piece_free(piece *p)
{
    if (!p) return;
    vn_free(p->out.label);
    vn_free(p->out.first);
    vn_free(p->out.second);
    vn_free(p->out.order);
    vn_free(p->out.win);
    vn_free(p->out.loss);
    vn_free(p->out.tie);
    vn_free(p);
}

static piece *new_piece(int64_t rows)
{
    const size_t n = (size_t)VN_MAX(rows, (int64_t)CHUNK) * 5 / 4;
    piece *p = vn_calloc(1, sizeof *p);
    if (!p) return NULL;
    p->room = (int64_t)n;
    p->out = (output){.label = vn_malloc(2 * n * sizeof(int64_t)),
                      .first = vn_malloc(n * sizeof(int32_t)),
                      .second = vn_malloc(n * sizeof(int32_t)),
                      .order = vn_malloc(n),
                      .win = vn_malloc(n * sizeof(double)),
                      .loss = vn_malloc(n * sizeof(double)),
                      .tie = vn_calloc(n, sizeof(double))};
    if (p->out.label && p->out.first && p->out.second && p->out.order && p->out.win && p->out.loss
        && p->out.tie)
        return p;
    piece_free(p);
    return NULL;
}

/* Chunks are begun in their order, whoever does it. One that begins when all before it are written is
 * written where it belongs at once; others as soon as that is known. So nothing is moved in the
 * arrays, of which no page is touched that will not be needed. */
typedef struct {
    const vn_group_rows *rows;
    const int64_t *chunk; /* first group of each */
    int64_t n_chunks, *item_ptr, *cell_ptr;
    workspace *space;
    vn_watch watch;
    pthread_mutex_t lock;
    /* under the lock: */
    output whole; /* n_cells, n_items: of the chunks before n_placed */
    int64_t n_begun, n_placed;
    piece **done; /* by chunk, behind n_placed */
    piece *unused;
} cells_job;

/* The next chunk; *p is NULL where it is written in place. Under the lock. */
static vn_status begin(cells_job *j, int64_t *c, piece **p)
{
    *c = j->n_begun++;
    *p = NULL;
    if (*c == j->n_placed) return VN_OK;
    const int64_t *ptr = j->rows->row_ptr;
    const int64_t n = ptr[j->chunk[*c + 1]] - ptr[j->chunk[*c]];
    piece *old = j->unused;
    if (old) j->unused = old->next;
    if (old && old->room < n) {
        piece_free(old);
        old = NULL;
    }
    *p = old ? old : new_piece(n);
    if (!*p) return VN_NO_MEMORY;
    (*p)->chunk = *c;
    return VN_OK;
}

/* What is said of all rows; under the lock. */
static void join(output *whole, const output *one)
{
    whole->has_tie |= one->has_tie;
    whole->has_soft |= one->has_soft;
    if (one->bad_row >= 0 && (whole->bad_row < 0 || one->bad_row < whole->bad_row)) {
        whole->bad_row = one->bad_row;
        whole->fault = one->fault;
    }
}

/* The pieces whose place has become known; under the lock. */
static piece *place_pieces(cells_job *j)
{
    piece *list = NULL;
    for (piece *p; j->n_placed < j->n_chunks && (p = j->done[j->n_placed]); j->n_placed++) {
        j->done[j->n_placed] = NULL;
        p->cells = j->whole.n_cells;
        p->items = j->whole.n_items;
        j->whole.n_cells += p->out.n_cells;
        j->whole.n_items += p->out.n_items;
        p->next = list;
        list = p;
    }
    return list;
}

static void write_piece(const cells_job *j, piece *p)
{
    const output *from = &p->out, *to = &j->whole;
    const size_t n = (size_t)from->n_cells;
    memcpy(to->label + p->items, from->label, sizeof *to->label * (size_t)from->n_items);
    memcpy(to->first + p->cells, from->first, sizeof *to->first * n);
    memcpy(to->second + p->cells, from->second, sizeof *to->second * n);
    memcpy(to->order + p->cells, from->order, n);
    memcpy(to->win + p->cells, from->win, sizeof *to->win * n);
    memcpy(to->loss + p->cells, from->loss, sizeof *to->loss * n);
    for (size_t k = 0; from->has_tie && k < n; k++)
        if (from->tie[k] > 0.0) { /* others would touch pages that nobody needs */
            to->tie[(size_t)p->cells + k] = from->tie[k];
            from->tie[k] = 0.0;
        }
    for (int64_t g = j->chunk[p->chunk]; g < j->chunk[p->chunk + 1]; g++) {
        j->item_ptr[g + 1] += p->items;
        j->cell_ptr[g + 1] += p->cells;
    }
}

static vn_status do_chunk(void *arg, int64_t unused, int worker)
{
    cells_job *j = arg;
    (void)unused; /* the order of the team's blocks is another one */
    int64_t c;
    piece *p;
    pthread_mutex_lock(&j->lock);
    vn_status status = begin(j, &c, &p);
    output out = p ? p->out : j->whole;
    pthread_mutex_unlock(&j->lock);
    if (status != VN_OK) return status;
    if (p) out.n_cells = out.n_items = 0;
    out.bad_row = -1;
    out.has_tie = out.has_soft = 0;
    workspace *w = &j->space[worker];
    w->watch = w->labels.watch = &j->watch;
    w->worker = w->labels.worker = worker;
    for (int64_t g = j->chunk[c]; g < j->chunk[c + 1] && status == VN_OK; g++) {
        status = one_group(w, j->rows, g, &out);
        j->item_ptr[g + 1] = out.n_items;
        j->cell_ptr[g + 1] = out.n_cells;
    }
    pthread_mutex_lock(&j->lock);
    join(&j->whole, &out);
    if (p) {
        p->out = out;
        j->done[c] = p;
    } else if (status == VN_OK) {
        j->n_placed++;
        j->whole.n_cells = out.n_cells;
        j->whole.n_items = out.n_items;
    }
    piece *list = status == VN_OK ? place_pieces(j) : NULL;
    pthread_mutex_unlock(&j->lock);
    for (piece *q = list, *next; q; q = next) {
        next = q->next;
        write_piece(j, q);
        pthread_mutex_lock(&j->lock);
        q->next = j->unused;
        j->unused = q;
        pthread_mutex_unlock(&j->lock);
    }
    return status;
}

static void free_pieces(cells_job *j)
{
    for (int64_t c = 0; j->done && c < j->n_chunks; c++) piece_free(j->done[c]);
    for (piece *p = j->unused, *next; p; p = next) {
        next = p->next;
        piece_free(p);
    }
    vn_free(j->done);
}

vn_status vn_group_cells(const vn_group_rows *r, int n_threads, vn_poll poll, void *context,
                         int64_t *item_ptr, int64_t *cell_ptr, int64_t *label, int32_t *first,
                         int32_t *second, int8_t *order, double *win, double *loss, double *tie,
                         int *has_tie, int *has_soft, int64_t *bad_row, int *fault)
{
    cells_job j = {.rows = r, .item_ptr = item_ptr, .cell_ptr = cell_ptr,
                   .watch = {.poll = poll, .context = context}, .lock = PTHREAD_MUTEX_INITIALIZER,
                   .whole = {.label = label, .first = first, .second = second, .order = order,
                             .win = win, .loss = loss, .tie = tie, .bad_row = -1}};
    int64_t *chunk = cut_chunks(r, &j.n_chunks);
    j.chunk = chunk;
    const int n_workers = vn_team_size(n_threads, j.n_chunks);
    j.space = vn_calloc((size_t)n_workers, sizeof *j.space);
    j.done = vn_calloc((size_t)VN_MAX(j.n_chunks, (int64_t)1), sizeof *j.done);
    vn_status status = VN_NO_MEMORY;
    item_ptr[0] = cell_ptr[0] = 0;
    if (chunk && j.space && j.done)
        status = vn_team_run(do_chunk, &j, j.n_chunks, n_threads, vn_watch_poll, &j.watch);
    free_pieces(&j);
    for (int k = 0; j.space && k < n_workers; k++) workspace_free(&j.space[k]);
    vn_free(j.space);
    vn_free(chunk);
    if (vn_watch_over(&j.watch)) return VN_INTERRUPTED;
    *has_tie = j.whole.has_tie;
    *has_soft = j.whole.has_soft;
    *bad_row = j.whole.bad_row;
    *fault = j.whole.fault;
    return status == VN_OK && *bad_row >= 0 ? VN_BAD_VALUE : status;
}
