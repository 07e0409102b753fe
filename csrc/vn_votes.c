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

void vn_votes_mark(const vn_ints *x, int64_t n, int n_threads, uint8_t *seen)
{
    const int64_t span = (int64_t)1 << 8 * x->size;
    uint8_t *own = vn_calloc((size_t)(n_threads * span), 1);
    if (!own) { /* slower, but right */
        for (int64_t r = 0; r < n; r++)
            seen[(x->size == 1 ? ((const int8_t *)x->data)[r] : ((const int16_t *)x->data)[r])
                 - x->low] = 1;
        return;
    }
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1))
    for (int t = 0; t < n_threads; t++) {
        uint8_t *mine = own + t * span - x->low;
        const int64_t end = vn_chunk_start(n, t + 1, n_threads);
        if (x->size == 1)
            for (int64_t r = vn_chunk_start(n, t, n_threads); r < end; r++)
                mine[((const int8_t *)x->data)[r]] = 1;
        else
            for (int64_t r = vn_chunk_start(n, t, n_threads); r < end; r++)
                mine[((const int16_t *)x->data)[r]] = 1;
    }
    for (int t = 0; t < n_threads; t++)
        for (int64_t v = 0; v < span; v++) seen[v] |= own[t * span + v];
    vn_free(own);
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

#define COPY(name, type)                                                                             \
    if (cells->name && b->cells.name)                                                                \
        memcpy(cells->name + at, b->cells.name, sizeof(type) * (size_t)b->n_cells)

void vn_votes_write(const vn_vote_blocks *blocks, int n_threads, int64_t *ptr, uint64_t *key,
                    int *bits, vn_vote_cells *cells)
{
    const int64_t n = blocks->n_blocks;
    /* ptr[...] first holds each block's first cell at its first pair, which is all that is needed */
    int64_t pairs = 0, total = 0;
    VN_PRAGMA(omp parallel num_threads(n_threads) firstprivate(pairs, total))
    {
        int64_t done = 0;
        VN_PRAGMA(omp for schedule(static, 1))
        for (int64_t k = 0; k < n; k++) {
            for (; done < k; done++) {
                pairs += blocks->block[done].n_pairs;
                total += blocks->block[done].n_cells;
            }
            const vn_vote_block *b = &blocks->block[k];
            const int64_t at = total;
            int64_t cell = total;
            for (int64_t p = 0; p < b->n_pairs; p++) {
                ptr[pairs + p] = cell;
                cell += b->pair_cells[p];
            }
            if (key && b->key) memcpy(key + pairs, b->key, sizeof(uint64_t) * (size_t)b->n_pairs);
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
        }
    }
    for (int64_t k = 0; k < n; k++) {
        pairs += blocks->block[k].n_pairs;
        total += blocks->block[k].n_cells;
    }
    ptr[pairs] = total;
    *bits = blocks->bits;
}
