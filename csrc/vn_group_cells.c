#include "vn_group_cells.h"

#include <pthread.h>
#include <string.h>

#include "vn_group_one.h"
#include "vn_team.h"

#define CHUNK 32768 /* rows of a chunk of groups, about */

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
    vn_cell_output out;
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
    p->out = (vn_cell_output){.label = vn_malloc(2 * n * sizeof(int64_t)),
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
    vn_row_space *space;
    vn_watch watch;
    pthread_mutex_t lock;
    /* under the lock: */
    vn_cell_output whole; /* n_cells, n_items: of the chunks before n_placed */
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
static void join(vn_cell_output *whole, const vn_cell_output *one)
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
    const vn_cell_output *from = &p->out, *to = &j->whole;
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
    vn_cell_output out = p ? p->out : j->whole;
    pthread_mutex_unlock(&j->lock);
    if (status != VN_OK) return status;
    if (p) out.n_cells = out.n_items = 0;
    out.bad_row = -1;
    out.has_tie = out.has_soft = 0;
    vn_row_space *w = &j->space[worker];
    w->watch = w->labels.watch = &j->watch;
    w->worker = w->labels.worker = worker;
    for (int64_t g = j->chunk[c]; g < j->chunk[c + 1] && status == VN_OK; g++) {
        status = vn_group_one(w, j->rows, g, &out);
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
    for (int k = 0; j.space && k < n_workers; k++) vn_row_space_free(&j.space[k]);
    vn_free(j.space);
    vn_free(chunk);
    if (vn_watch_over(&j.watch)) return VN_INTERRUPTED;
    *has_tie = j.whole.has_tie;
    *has_soft = j.whole.has_soft;
    *bad_row = j.whole.bad_row;
    *fault = j.whole.fault;
    return status == VN_OK && *bad_row >= 0 ? VN_BAD_VALUE : status;
}
