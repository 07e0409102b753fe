/* Hard votes about ready pair ids: pack each row into 16 or 32 bits, partition by blocks of pairs,
 * count each block in a table in the cache. Counts are whole numbers: the order of additions does
 * not matter. */
#include <string.h>

#include "vn_votes_internal.h"

#define TABLE_BYTES ((int64_t)1 << 18) /* of a block's counters */
#define MAX_BLOCKS 1024                /* lines that are written to at a time */

/* A row's code is (pair in block * n_teachers + teacher) << 2 | vote + 1: 0 loss, 1 tie, 2 win. */
typedef struct {
    const vn_vote_rows *rows;
    int shift; /* pair >> shift is the block */
    int narrow; /* codes fit 16 bits */
    vn_vote_runs runs;
    void *packed;
} partition;

/* Smallest and largest id. */
typedef struct { int32_t low, high; } span;

VN_CLONES
static span count_rows(const partition *p, int64_t begin, int64_t end, int64_t chunk)
{
    int32_t pair[VN_VOTE_BATCH];
    const int64_t chunks = p->runs.n_chunks, blocks = p->runs.n_blocks;
    int64_t count[MAX_BLOCKS] = {0}; /* of its own: those of other threads lie beside it in the end */
    span all = {INT32_MAX, INT32_MIN};
    for (int64_t r = begin; r < end; r += VN_VOTE_BATCH) {
        const int n = (int)VN_MIN(end - r, (int64_t)VN_VOTE_BATCH);
        int32_t low = INT32_MAX, high = INT32_MIN;
        vn_votes_load(&p->rows->pair, r, n, pair);
        for (int i = 0; i < n; i++) {
            low = VN_MIN(low, pair[i]);
            high = VN_MAX(high, pair[i]);
        }
        all.low = VN_MIN(all.low, low);
        all.high = VN_MAX(all.high, high);
        if (low < 0 || high >> p->shift >= blocks) continue; /* the caller will see it */
        for (int i = 0; i < n; i++) count[pair[i] >> p->shift]++;
    }
    for (int64_t b = 0; b < blocks; b++) p->runs.count[b * chunks + chunk] = count[b];
    return all;
}

/* Codes and blocks of a batch of rows; returns whether a vote is not -1, 0 or 1. */
VN_CLONES
static int encode(const partition *p, int64_t r, int n, int32_t *block, uint32_t *code)
{
    int32_t teacher[VN_VOTE_BATCH];
    const uint32_t mask = ((uint32_t)1 << p->shift) - 1, teachers = (uint32_t)p->rows->n_teachers;
    const int8_t *vote = p->rows->vote + r;
    int bad = 0;
    vn_votes_load(&p->rows->pair, r, n, block);
    vn_votes_load(&p->rows->teacher, r, n, teacher);
    for (int i = 0; i < n; i++) {
        const uint32_t v = (uint32_t)(vote[i] + 1);
        bad |= v > 2;
        code[i] = (((uint32_t)block[i] & mask) * teachers + (uint32_t)teacher[i]) << 2 | (v & 3);
        block[i] >>= p->shift;
    }
    return bad;
}

/* Packed rows of a type go to their blocks a line at a time; returns what `encode` does. */
#define DEFINE_SCATTER(name, type)                                                                   \
    static int name(const partition *p, int64_t begin, int64_t end, int64_t chunk, void *buffer,    \
                    int64_t *place)                                                                  \
    {                                                                                                \
        enum { PER_LINE = VN_LINE / sizeof(type) };                                                  \
        int32_t block[VN_VOTE_BATCH];                                                                \
        uint32_t code[VN_VOTE_BATCH];                                                                \
        const int64_t blocks = p->runs.n_blocks, chunks = p->runs.n_chunks;                          \
        type *lines = buffer, *packed = p->packed;                                                   \
        int bad = 0;                                                                                 \
        for (int64_t b = 0; b < blocks; b++) place[b] = p->runs.start[b * chunks + chunk];           \
        for (int64_t r = begin; r < end; r += VN_VOTE_BATCH) {                                       \
            const int n = (int)VN_MIN(end - r, (int64_t)VN_VOTE_BATCH);                              \
            bad |= encode(p, r, n, block, code);                                                     \
            for (int i = 0; i < n; i++) {                                                            \
                const int64_t b = block[i], at = place[b]++, in_line = at & (PER_LINE - 1);          \
                type *line = lines + b * PER_LINE;                                                   \
                line[in_line] = (type)code[i];                                                       \
                if (in_line == PER_LINE - 1) vn_write_line(packed + at - in_line, line);             \
            }                                                                                        \
        }                                                                                            \
        for (int64_t b = 0; b < blocks; b++) {                                                       \
            const int64_t rest = place[b] & (PER_LINE - 1);                                          \
            memcpy(packed + place[b] - rest, lines + b * PER_LINE, sizeof(type) * (size_t)rest);     \
        }                                                                                            \
        vn_write_fence();                                                                            \
        return bad;                                                                                  \
    }

DEFINE_SCATTER(scatter_narrow, uint16_t)
DEFINE_SCATTER(scatter_wide, uint32_t)

static void tally(const partition *p, int64_t start, int64_t n, uint32_t *table)
{
    if (p->narrow) {
        const uint16_t *code = (const uint16_t *)p->packed + start;
        for (int64_t i = 0; i < n; i++) table[code[i]]++;
    } else {
        const uint32_t *code = (const uint32_t *)p->packed + start;
        for (int64_t i = 0; i < n; i++) table[code[i]]++;
    }
}

/* Count block b in the zeroed table (4 counters a slot) and clear it again. */
static vn_status count_block(const partition *p, int64_t b, int64_t n_pairs, uint32_t *table,
                             vn_vote_block *out)
{
    const int64_t chunks = p->runs.n_chunks, teachers = p->rows->n_teachers;
    const int64_t first = b << p->shift;
    const int64_t pairs = VN_MAX(VN_MIN((int64_t)1 << p->shift, n_pairs - first), (int64_t)0);
    const int64_t slots = pairs * teachers;
    int64_t cells = 0;
    for (int64_t c = 0; c < chunks; c++)
        tally(p, p->runs.start[b * chunks + c], p->runs.count[b * chunks + c], table);
    for (int64_t s = 0; s < slots; s++)
        cells += (table[4 * s] | table[4 * s + 1] | table[4 * s + 2]) != 0;
    if (vn_vote_block_alloc(out, pairs, cells, 0, 1, 0) != VN_OK) return VN_NO_MEMORY;
    int64_t cell = 0;
    for (int64_t q = 0; q < pairs; q++) {
        const uint32_t *slot = table + 4 * q * teachers;
        const int64_t before = cell;
        for (int64_t t = 0; t < teachers; t++, slot += 4) {
            if (!(slot[0] | slot[1] | slot[2])) continue;
            out->cells.teacher[cell] = (int32_t)t;
            out->cells.count[0][cell] = (int32_t)slot[2];
            out->cells.count[1][cell] = (int32_t)slot[1];
            out->cells.count[2][cell] = (int32_t)slot[0];
            cell++;
        }
        out->pair_cells[q] = (int32_t)(cell - before);
    }
    memset(table, 0, sizeof(uint32_t) * (size_t)(4 * slots));
    return VN_OK;
}

/* The loops of vn_votes_count. */
typedef struct {
    partition *p;
    span all;                 /* of the ids; chunks extend it */
    vn_vote_scatter *scatter; /* of each worker */
    uint32_t **table;         /* likewise */
    int64_t n_pairs;
    vn_vote_blocks *blocks;
} job;

static vn_status count_chunk(void *arg, int64_t t, int worker)
{
    job *j = arg;
    const int64_t n = j->p->rows->n_rows, chunks = j->p->runs.n_chunks;
    const span s = count_rows(j->p, vn_chunk_start(n, t, chunks), vn_chunk_start(n, t + 1, chunks), t);
    (void)worker;
    for (int32_t low = __atomic_load_n(&j->all.low, __ATOMIC_RELAXED); s.low < low;)
        if (__atomic_compare_exchange_n(&j->all.low, &low, s.low, 1, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            break;
    for (int32_t high = __atomic_load_n(&j->all.high, __ATOMIC_RELAXED); s.high > high;)
        if (__atomic_compare_exchange_n(&j->all.high, &high, s.high, 1, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            break;
    return VN_OK;
}

static vn_status scatter_chunk(void *arg, int64_t t, int worker)
{
    job *j = arg;
    const partition *p = j->p;
    const int64_t n = p->rows->n_rows, chunks = p->runs.n_chunks;
    vn_vote_scatter *s = &j->scatter[worker];
    if (vn_vote_scatter_alloc(s, p->runs.n_blocks) != VN_OK) return VN_NO_MEMORY;
    const int bad = (p->narrow ? scatter_narrow : scatter_wide)(
        p, vn_chunk_start(n, t, chunks), vn_chunk_start(n, t + 1, chunks), t, s->lines, s->place);
    return bad ? VN_BAD_VALUE : VN_OK;
}

static vn_status table_block(void *arg, int64_t b, int worker)
{
    job *j = arg;
    const partition *p = j->p;
    const int64_t slots = VN_MIN((int64_t)1 << p->shift, p->rows->n_pairs) * p->rows->n_teachers;
    uint32_t **table = &j->table[worker];
    if (!*table) *table = vn_calloc((size_t)(4 * slots), sizeof(uint32_t));
    if (!*table) return VN_NO_MEMORY;
    return count_block(p, b, j->n_pairs, *table, &j->blocks->block[b]);
}

vn_status vn_votes_count(const vn_vote_rows *rows, int n_threads, vn_poll poll, void *context,
                         vn_vote_blocks **out, int64_t *n_pairs, int64_t *n_cells,
                         int64_t *bad_row)
{
    const int64_t n = rows->n_rows, teachers = rows->n_teachers, chunks = vn_vote_chunks(n);
    partition p = {rows, 0, 0, {0, 0, NULL, NULL, 0}, NULL};
    while (p.shift < 24 && ((int64_t)16 << (p.shift + 1)) * teachers <= TABLE_BYTES) p.shift++;
    while ((rows->n_pairs - 1) >> p.shift >= MAX_BLOCKS) p.shift++;
    const int64_t n_blocks = ((rows->n_pairs - 1) >> p.shift) + 1;
    const int workers = vn_team_size(n_threads, VN_MAX(chunks, n_blocks));
    *out = NULL;
    *bad_row = -1;
    if (4 * teachers << p.shift > (int64_t)UINT32_MAX || n > (int64_t)INT32_MAX) return VN_TOO_LARGE;
    vn_vote_blocks *blocks = vn_calloc(1, sizeof *blocks);
    job j = {&p, {INT32_MAX, INT32_MIN}, vn_calloc((size_t)workers, sizeof(vn_vote_scatter)),
             vn_calloc((size_t)workers, sizeof(uint32_t *)), 0, blocks};
    vn_status status = VN_NO_MEMORY;
    if (!blocks || !j.scatter || !j.table) goto done;
    blocks->n_blocks = n_blocks;
    blocks->block = vn_calloc((size_t)n_blocks, sizeof(vn_vote_block));
    if (!blocks->block || vn_vote_runs_alloc(&p.runs, n_blocks, chunks) != VN_OK) goto done;
    status = vn_team_run(count_chunk, &j, chunks, n_threads, poll, context);
    if (status != VN_OK) goto done;
    if (j.all.low < 0 || j.all.high >= rows->n_pairs) {
        status = VN_BAD_VALUE;
        goto done;
    }
    j.n_pairs = (int64_t)j.all.high + 1;
    p.narrow = 4 * teachers << p.shift <= (int64_t)UINT16_MAX + 1;
    const size_t bytes = p.narrow ? sizeof(uint16_t) : sizeof(uint32_t);
    vn_vote_runs_place(&p.runs, (int64_t)(VN_LINE / bytes));
    p.packed = vn_aligned_alloc(VN_LINE, bytes * (size_t)p.runs.total);
    status = VN_NO_MEMORY;
    if (!p.packed) goto done;
    status = vn_team_run(scatter_chunk, &j, chunks, n_threads, poll, context);
    if (status == VN_BAD_VALUE) *bad_row = vn_votes_first_bad(rows);
    if (status != VN_OK) goto done;
    status = vn_team_run(table_block, &j, n_blocks, n_threads, poll, context);
    if (status != VN_OK) goto done;
    vn_vote_blocks_place(blocks, n_pairs, n_cells);
    *out = blocks;
done:
    vn_vote_scatters_free(j.scatter, workers);
    for (int t = 0; j.table && t < workers; t++) vn_free(j.table[t]);
    vn_free(j.table);
    vn_vote_runs_free(&p.runs);
    vn_free(p.packed);
    if (status != VN_OK) vn_vote_blocks_free(blocks);
    return status;
}
