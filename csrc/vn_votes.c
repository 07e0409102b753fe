#include "vn_votes.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "vn_votes_internal.h"

void vn_write_line(void *to, const void *from)
{
#ifdef __SSE2__
    for (int k = 0; k < VN_LINE / 16; k++)
        _mm_stream_si128((__m128i *)to + k, _mm_load_si128((const __m128i *)from + k));
#else
    memcpy(to, from, VN_LINE);
#endif
}

void vn_write_fence(void)
{
#ifdef __SSE2__
    _mm_sfence();
#endif
}

VN_CLONES
void vn_votes_load(const vn_ints *x, int64_t begin, int n, int32_t *out)
{
    const int64_t low = x->low;
    if (x->size == 1) {
        const int8_t *v = (const int8_t *)x->data + begin;
        for (int i = 0; i < n; i++) out[i] = (int32_t)(v[i] - low);
    } else if (x->size == 2) {
        const int16_t *v = (const int16_t *)x->data + begin;
        for (int i = 0; i < n; i++) out[i] = (int32_t)(v[i] - low);
    } else if (x->size == 4) {
        const int32_t *v = (const int32_t *)x->data + begin;
        for (int i = 0; i < n; i++) out[i] = (int32_t)(v[i] - low);
    } else {
        const int64_t *v = (const int64_t *)x->data + begin;
        for (int i = 0; i < n; i++) out[i] = (int32_t)(v[i] - low);
    }
    if (x->code)
        for (int i = 0; i < n; i++) out[i] = x->code[out[i]];
}

/* Marks of the workers, one after another. */
typedef struct {
    const vn_ints *x;
    int64_t n, span;
    uint8_t *own;
} marks;

static vn_status mark(void *arg, int64_t block, int worker)
{
    const marks *m = arg;
    const int64_t end = vn_block_end(m->n, VN_VOTE_CHUNK, block);
    uint8_t *mine = m->own + worker * m->span - m->x->low;
    if (m->x->size == 1)
        for (int64_t r = block * VN_VOTE_CHUNK; r < end; r++)
            mine[((const int8_t *)m->x->data)[r]] = 1;
    else
        for (int64_t r = block * VN_VOTE_CHUNK; r < end; r++)
            mine[((const int16_t *)m->x->data)[r]] = 1;
    return VN_OK;
}

vn_status vn_votes_mark(const vn_ints *x, int64_t n, int n_threads, vn_poll poll, void *context,
                        uint8_t *seen)
{
    marks m = {x, n, (int64_t)1 << 8 * x->size, NULL};
    const int64_t n_blocks = vn_n_blocks(n, VN_VOTE_CHUNK);
    const int workers = vn_team_size(n_threads, n_blocks);
    m.own = vn_calloc((size_t)(workers * m.span), 1);
    if (!m.own) return VN_NO_MEMORY;
    const vn_status status = vn_team_run(mark, &m, n_blocks, n_threads, poll, context);
    for (int t = 0; t < workers; t++)
        for (int64_t v = 0; v < m.span; v++) seen[v] |= m.own[t * m.span + v];
    vn_free(m.own);
    return status;
}

int64_t vn_votes_first_bad(const vn_vote_rows *rows)
{
    for (int64_t r = 0; r < rows->n_rows; r++) {
        if (rows->first && rows->first[r] == rows->second[r]) return r;
        if (rows->vote && (rows->vote[r] < -1 || rows->vote[r] > 1)) return r;
    }
    return -1;
}

vn_status vn_vote_runs_alloc(vn_vote_runs *r, int64_t n_blocks, int64_t n_chunks)
{
    r->n_blocks = n_blocks;
    r->n_chunks = n_chunks;
    r->total = 0;
    r->start = vn_calloc((size_t)(n_blocks * n_chunks), sizeof(int64_t));
    r->count = vn_calloc((size_t)(n_blocks * n_chunks), sizeof(int64_t));
    return r->start && r->count ? VN_OK : VN_NO_MEMORY;
}

void vn_vote_runs_place(vn_vote_runs *r, int64_t align)
{
    int64_t at = 0;
    for (int64_t k = 0; k < r->n_blocks * r->n_chunks; k++) {
        r->start[k] = at;
        at += (r->count[k] + align - 1) / align * align;
    }
    r->total = at;
}

void vn_vote_runs_free(vn_vote_runs *r)
{
    vn_free(r->start);
    vn_free(r->count);
}

vn_status vn_vote_block_alloc(vn_vote_block *b, int64_t n_pairs, int64_t n_cells, int keys, int hard,
                              int swapped)
{
    const size_t pairs = (size_t)n_pairs, cells = (size_t)n_cells;
    const size_t doubles = (keys ? pairs : 0) + cells * (hard ? 0 : 5 + (swapped ? 1 : 0));
    const size_t ints = pairs + cells * (hard ? 4 : 2 + (swapped ? 1 : 0));
    char *at = vn_malloc(8 * doubles + 4 * ints + 8);
    memset(b, 0, sizeof *b);
    if (!at) return VN_NO_MEMORY;
    b->memory = at;
    b->n_pairs = n_pairs;
    b->n_cells = n_cells;
    double *d = (double *)at;
    if (keys) { b->key = (uint64_t *)d; d += pairs; }
    if (!hard) {
        for (int k = 0; k < 3; k++) { b->cells.mass[k] = d; d += cells; }
        b->cells.total = d; d += cells;
        b->cells.square = d; d += cells;
        if (swapped) { b->cells.swapped_total = d; d += cells; }
    }
    int32_t *i = (int32_t *)d;
    b->pair_cells = i; i += pairs;
    b->cells.teacher = i; i += cells;
    if (hard) {
        for (int k = 0; k < 3; k++) { b->cells.count[k] = i; i += cells; }
    } else {
        b->cells.runs = i; i += cells;
        if (swapped) b->cells.swapped_runs = i;
    }
    return VN_OK;
}

void vn_vote_blocks_free(vn_vote_blocks *blocks)
{
    if (!blocks) return;
    if (blocks->block)
        for (int64_t k = 0; k < blocks->n_blocks; k++) vn_free(blocks->block[k].memory);
    vn_free(blocks->block);
    vn_free(blocks);
}

void vn_vote_blocks_place(vn_vote_blocks *blocks, int64_t *n_pairs, int64_t *n_cells)
{
    *n_pairs = *n_cells = 0;
    for (int64_t k = 0; k < blocks->n_blocks; k++) {
        vn_vote_block *b = &blocks->block[k];
        b->pair_at = *n_pairs;
        b->cell_at = *n_cells;
        *n_pairs += b->n_pairs;
        *n_cells += b->n_cells;
    }
}

vn_status vn_vote_scatter_alloc(vn_vote_scatter *s, int64_t n_blocks)
{
    if (!s->lines) s->lines = vn_aligned_alloc(VN_LINE, (size_t)n_blocks * VN_LINE);
    if (!s->place) s->place = vn_malloc(sizeof(int64_t) * (size_t)n_blocks);
    return s->lines && s->place ? VN_OK : VN_NO_MEMORY;
}

void vn_vote_scatters_free(vn_vote_scatter *s, int n)
{
    for (int t = 0; s && t < n; t++) {
        vn_free(s[t].lines);
        vn_free(s[t].place);
    }
    vn_free(s);
}

/* Where the blocks go. */
typedef struct {
    const vn_vote_blocks *blocks;
    int64_t *ptr;
    uint64_t *key;
    vn_vote_cells *cells;
} output;

#define COPY(name, type)                                                                             \
    if (o->cells->name && b->cells.name)                                                             \
        memcpy(o->cells->name + b->cell_at, b->cells.name, sizeof(type) * (size_t)b->n_cells)

static vn_status write_block(void *arg, int64_t k, int worker)
{
    const output *o = arg;
    const vn_vote_block *b = &o->blocks->block[k];
    int64_t cell = b->cell_at;
    (void)worker;
    for (int64_t p = 0; p < b->n_pairs; p++) {
        o->ptr[b->pair_at + p] = cell;
        cell += b->pair_cells[p];
    }
    if (k + 1 == o->blocks->n_blocks) o->ptr[b->pair_at + b->n_pairs] = cell;
    if (o->key && b->key)
        memcpy(o->key + b->pair_at, b->key, sizeof(uint64_t) * (size_t)b->n_pairs);
    COPY(teacher, int32_t);
    for (int m = 0; m < 3; m++) {
        COPY(count[m], int32_t);
        COPY(mass[m], double);
    }
    COPY(runs, int32_t);
    COPY(total, double);
    COPY(square, double);
    COPY(swapped_runs, int32_t);
    COPY(swapped_total, double);
    return VN_OK;
}

vn_status vn_votes_write(const vn_vote_blocks *blocks, int n_threads, vn_poll poll, void *context,
                         int64_t *ptr, uint64_t *key, int *bits, vn_vote_cells *cells)
{
    *bits = blocks->bits;
    return vn_team_run(write_block, &(output){blocks, ptr, key, cells}, blocks->n_blocks, n_threads,
                       poll, context);
}
