/* Votes of any kind: records, partitioned by ranges of pairs, sorted inside each range.
 *
 * A record's key is pair | teacher | vote + 1, where the pair is smaller item | larger item, or the
 * ready id. Keys that need more come with their row's number (masses, weights, orders). Ranges are
 * chosen from a sample of the rows: many rows of one smaller item are split by the larger one. */
#include <string.h>

#include "vn_votes_internal.h"
#include "vn_votes_range.h"

#define TARGET_BLOCKS 512
#define MAX_BLOCKS 2048
#define MIN_ROWS 4096 /* of a block, about */
#define SAMPLE 16     /* every so many batches are looked at to choose the ranges */
#define COARSE 4096
#define PER_LINE (VN_LINE / 8)

typedef struct {
    const vn_vote_rows *rows;
    vn_vote_key key;
    int64_t n_major; /* smaller items, or pairs */
    int coarse;      /* major >> coarse is less than COARSE */
    int32_t *block;  /* of a coarse range of smaller items; -1: look at the item itself: */
    int64_t *offset; /* at = major + offset[range] is its place in what follows: */
    int32_t *base;   /* base[at] + (minor >> shift[at]) is the block */
    uint8_t *shift;
    vn_vote_runs runs;
    uint64_t *records;
    uint32_t *row; /* NULL: keys say all */
} partition;

/* Smaller and larger item of a batch; returns whether an item meets itself. */
VN_CLONES
static int load_pairs(const vn_vote_rows *rows, int64_t r, int n, int32_t *major, int32_t *minor)
{
    int same = 0;
    if (!rows->first) {
        vn_votes_load(&rows->pair, r, n, major);
        memset(minor, 0, sizeof(int32_t) * (size_t)n);
        return 0;
    }
    const int32_t *first = rows->first + r, *second = rows->second + r;
    for (int i = 0; i < n; i++) {
        const int32_t a = first[i], b = second[i];
        same |= a == b;
        major[i] = VN_MIN(a, b);
        minor[i] = VN_MAX(a, b);
    }
    return same;
}

/* Records of a batch whose pairs are loaded. */
VN_CLONES
static void encode(const partition *p, int64_t r, int n, const int32_t *major, const int32_t *minor,
                   uint64_t *record)
{
    int32_t teacher[VN_VOTE_BATCH], out[VN_VOTE_BATCH];
    const vn_vote_rows *rows = p->rows;
    const int item_bits = p->key.item_bits, pair_shift = p->key.pair_shift;
    vn_votes_load(&rows->teacher, r, n, teacher);
    if (rows->first)
        for (int i = 0; i < n; i++) out[i] = rows->first[r + i] != major[i];
    else
        memset(out, 0, sizeof out);
    if (rows->vote)
        for (int i = 0; i < n; i++) out[i] = 1 + (1 - 2 * out[i]) * rows->vote[r + i];
    for (int i = 0; i < n; i++)
        record[i] = ((uint64_t)(uint32_t)major[i] << item_bits | (uint64_t)(uint32_t)minor[i])
                        << pair_shift
                    | (uint64_t)(uint32_t)teacher[i] << 2 | (uint64_t)(uint32_t)out[i];
}

static inline int64_t block_of(const partition *p, int32_t major, int32_t minor)
{
    const int32_t range = major >> p->coarse, block = p->block[range];
    if (block >= 0) return block;
    const int64_t at = major + p->offset[range];
    return p->base[at] + (minor >> p->shift[at]);
}

/* How the ranges are filled. */
typedef struct { int64_t block, filled, target; } filling;

/* The whole of something that has `rows` rows into the current block, or into the next. */
static int32_t put_whole(filling *f, int64_t rows)
{
    if (f->filled > 0 && f->filled + rows > f->target && f->block < MAX_BLOCKS - 1) {
        f->block++;
        f->filled = 0;
    }
    f->filled += rows;
    return (int32_t)f->block;
}

/* One smaller item; where it has many rows they are split by the larger item's top bits. */
static void put_item(partition *p, filling *f, int64_t at, int64_t rows)
{
    const int minor_bits = p->rows->first ? p->key.item_bits : 0;
    int parts = 0;
    while (parts < minor_bits && parts < 9 && rows > f->target << (parts + 1)) parts++;
    if (parts == 0 || f->block + (1 << parts) >= MAX_BLOCKS - 1) {
        p->base[at] = put_whole(f, rows);
        p->shift[at] = 31;
        return;
    }
    if (f->filled > 0) f->block++;
    p->base[at] = (int32_t)f->block;
    p->shift[at] = (uint8_t)(minor_bits - parts);
    f->block += 1 << parts;
    f->filled = 0;
}

/* Count the sampled rows of coarse ranges or, with `fine`, of each item in those that are marked. */
static int64_t sample(const partition *p, uint32_t *seen, uint32_t *fine)
{
    const int64_t n = p->rows->n_rows, step = n < ((int64_t)1 << 20) ? 1 : SAMPLE;
    int32_t major[VN_VOTE_BATCH], minor[VN_VOTE_BATCH];
    int64_t sampled = 0;
    for (int64_t r = 0; r < n; r += step * VN_VOTE_BATCH) {
        const int m = (int)VN_MIN(n - r, (int64_t)VN_VOTE_BATCH);
        load_pairs(p->rows, r, m, major, minor);
        for (int i = 0; i < m; i++) {
            const int32_t range = major[i] >> p->coarse;
            if (!fine) seen[range]++;
            else if (p->block[range] < 0) fine[major[i] + p->offset[range]]++;
        }
        sampled += m;
    }
    return sampled;
}

/* Choose the ranges: about equally many rows in each. */
static vn_status choose_ranges(partition *p)
{
    const int64_t n = p->rows->n_rows, n_major = p->n_major;
    vn_status status = VN_NO_MEMORY;
    uint32_t *fine = NULL, *seen = vn_calloc(COARSE, sizeof(uint32_t));
    while ((n_major - 1) >> p->coarse >= COARSE) p->coarse++;
    const int64_t ranges = ((n_major - 1) >> p->coarse) + 1;
    p->block = vn_calloc(COARSE, sizeof(int32_t));
    p->offset = vn_calloc(COARSE, sizeof(int64_t));
    if (!seen || !p->block || !p->offset) goto done;
    const int64_t sampled = sample(p, seen, NULL);
    const int64_t blocks = VN_MAX(VN_MIN((int64_t)TARGET_BLOCKS, n / MIN_ROWS), (int64_t)1);
    filling f = {0, 0, VN_MAX(sampled / blocks, (int64_t)1)};
    int64_t places = 0; /* items of ranges with many rows */
    for (int64_t c = 0; c < ranges; c++) {
        if ((int64_t)seen[c] <= 2 * f.target) continue;
        p->block[c] = -1;
        p->offset[c] = places - (c << p->coarse);
        places += VN_MIN((c + 1) << p->coarse, n_major) - (c << p->coarse);
    }
    if (places) {
        fine = vn_calloc((size_t)places, sizeof(uint32_t));
        p->base = vn_malloc(sizeof(int32_t) * (size_t)places);
        p->shift = vn_malloc((size_t)places);
        if (!fine || !p->base || !p->shift) goto done;
        sample(p, seen, fine);
    }
    for (int64_t c = 0; c < ranges; c++) {
        if (p->block[c] >= 0) {
            p->block[c] = put_whole(&f, seen[c]);
            continue;
        }
        const int64_t end = VN_MIN((c + 1) << p->coarse, n_major);
        for (int64_t v = c << p->coarse; v < end; v++)
            put_item(p, &f, v + p->offset[c], fine[v + p->offset[c]]);
    }
    status = vn_vote_runs_alloc(&p->runs, f.block + 1, p->runs.n_chunks);
done:
    vn_free(seen);
    vn_free(fine);
    return status;
}

static int count_rows(const partition *p, int64_t begin, int64_t end, int64_t chunk)
{
    int32_t major[VN_VOTE_BATCH], minor[VN_VOTE_BATCH];
    const int64_t chunks = p->runs.n_chunks, blocks = p->runs.n_blocks;
    int64_t count[MAX_BLOCKS] = {0}; /* of its own: those of other threads lie beside it in the end */
    int bad = 0;
    for (int64_t r = begin; r < end; r += VN_VOTE_BATCH) {
        const int n = (int)VN_MIN(end - r, (int64_t)VN_VOTE_BATCH);
        bad |= load_pairs(p->rows, r, n, major, minor);
        if (p->rows->vote)
            for (int i = 0; i < n; i++) bad |= (uint8_t)(p->rows->vote[r + i] + 1) > 2;
        for (int i = 0; i < n; i++) count[block_of(p, major[i], minor[i])]++;
    }
    for (int64_t b = 0; b < blocks; b++) p->runs.count[b * chunks + chunk] = count[b];
    return bad;
}

static void scatter_rows(const partition *p, int64_t begin, int64_t end, int64_t chunk,
                         uint64_t *lines, int64_t *place)
{
    int32_t major[VN_VOTE_BATCH], minor[VN_VOTE_BATCH];
    uint64_t record[VN_VOTE_BATCH];
    const int64_t blocks = p->runs.n_blocks, chunks = p->runs.n_chunks;
    for (int64_t b = 0; b < blocks; b++) place[b] = p->runs.start[b * chunks + chunk];
    for (int64_t r = begin; r < end; r += VN_VOTE_BATCH) {
        const int n = (int)VN_MIN(end - r, (int64_t)VN_VOTE_BATCH);
        load_pairs(p->rows, r, n, major, minor);
        encode(p, r, n, major, minor, record);
        for (int i = 0; i < n; i++) {
            const int64_t b = block_of(p, major[i], minor[i]), at = place[b]++;
            uint64_t *line = lines + b * PER_LINE;
            line[at & (PER_LINE - 1)] = record[i];
            if (p->row) p->row[at] = (uint32_t)(r + i);
            if ((at & (PER_LINE - 1)) == PER_LINE - 1)
                vn_write_line(p->records + at - (PER_LINE - 1), line);
        }
    }
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t rest = place[b] & (PER_LINE - 1);
        memcpy(p->records + place[b] - rest, lines + b * PER_LINE, sizeof(uint64_t) * (size_t)rest);
    }
    vn_write_fence();
}

/* The records of block b, its chunks' runs pushed together. */
static vn_status one_block(const partition *p, int64_t b, vn_vote_block *out)
{
    const int64_t chunks = p->runs.n_chunks, *start = p->runs.start + b * chunks;
    const int64_t *count = p->runs.count + b * chunks;
    int64_t n = count[0];
    for (int64_t c = 1; c < chunks; c++) {
        memmove(p->records + start[0] + n, p->records + start[c],
                sizeof(uint64_t) * (size_t)count[c]);
        if (p->row)
            memmove(p->row + start[0] + n, p->row + start[c], sizeof(uint32_t) * (size_t)count[c]);
        n += count[c];
    }
    return vn_votes_range(p->rows, &p->key, p->records + start[0], p->row ? p->row + start[0] : NULL,
                          n, out);
}

static vn_vote_key key_of(const vn_vote_rows *rows)
{
    vn_vote_key k;
    k.item_bits = rows->first ? VN_MAX(vn_bits_of((uint64_t)(rows->n_items - 1)), 1) : 0;
    k.pair_shift = VN_MAX(vn_bits_of((uint64_t)(rows->n_teachers - 1)), 1) + 2;
    k.pair_bits = rows->first ? 2 * k.item_bits
                              : VN_MAX(vn_bits_of((uint64_t)(rows->n_pairs - 1)), 1);
    return k;
}

int vn_votes_bits(const vn_vote_rows *rows)
{
    const vn_vote_key k = key_of(rows);
    return k.pair_bits + k.pair_shift;
}

/* The loops of vn_votes_sort. */
typedef struct {
    partition *p;
    vn_vote_scatter *scatter; /* of each worker */
    vn_vote_blocks *blocks;
} job;

static vn_status count_chunk(void *arg, int64_t t, int worker)
{
    const job *j = arg;
    const int64_t n = j->p->rows->n_rows, chunks = j->p->runs.n_chunks;
    (void)worker;
    return count_rows(j->p, vn_chunk_start(n, t, chunks), vn_chunk_start(n, t + 1, chunks), t)
               ? VN_BAD_VALUE
               : VN_OK;
}

static vn_status scatter_chunk(void *arg, int64_t t, int worker)
{
    const job *j = arg;
    const int64_t n = j->p->rows->n_rows, chunks = j->p->runs.n_chunks;
    vn_vote_scatter *s = &j->scatter[worker];
    if (vn_vote_scatter_alloc(s, j->p->runs.n_blocks) != VN_OK) return VN_NO_MEMORY;
    scatter_rows(j->p, vn_chunk_start(n, t, chunks), vn_chunk_start(n, t + 1, chunks), t, s->lines,
                 s->place);
    return VN_OK;
}

static vn_status sort_block(void *arg, int64_t b, int worker)
{
    const job *j = arg;
    (void)worker;
    return one_block(j->p, b, &j->blocks->block[b]);
}

vn_status vn_votes_sort(const vn_vote_rows *rows, int n_threads, vn_poll poll, void *context,
                        vn_vote_blocks **out, int64_t *n_pairs, int64_t *n_cells,
                        int64_t *bad_row)
{
    const int64_t n = rows->n_rows, chunks = vn_vote_chunks(n);
    partition p;
    memset(&p, 0, sizeof p);
    p.rows = rows;
    p.key = key_of(rows);
    p.n_major = rows->first ? rows->n_items : rows->n_pairs;
    p.runs.n_chunks = chunks;
    const int hard = vn_votes_are_hard(rows);
    *out = NULL;
    *bad_row = -1;
    if (p.key.pair_bits + p.key.pair_shift > 64 || n > (int64_t)INT32_MAX) return VN_TOO_LARGE;
    const int workers = vn_team_size(n_threads, chunks);
    vn_vote_blocks *blocks = vn_calloc(1, sizeof *blocks);
    job j = {&p, vn_calloc((size_t)workers, sizeof(vn_vote_scatter)), blocks};
    vn_status status = VN_NO_MEMORY;
    if (!blocks || !j.scatter || choose_ranges(&p) != VN_OK) goto done;
    blocks->n_blocks = p.runs.n_blocks;
    blocks->bits = p.key.item_bits;
    blocks->block = vn_calloc((size_t)blocks->n_blocks, sizeof(vn_vote_block));
    if (!blocks->block) goto done;
    status = vn_team_run(count_chunk, &j, chunks, n_threads, poll, context);
    if (status == VN_BAD_VALUE) *bad_row = vn_votes_first_bad(rows);
    if (status != VN_OK) goto done;
    vn_vote_runs_place(&p.runs, PER_LINE);
    p.records = vn_aligned_alloc(VN_LINE, sizeof(uint64_t) * (size_t)p.runs.total);
    if (!hard) p.row = vn_aligned_alloc(VN_LINE, sizeof(uint32_t) * (size_t)p.runs.total);
    status = VN_NO_MEMORY;
    if (!p.records || (!hard && !p.row)) goto done;
    status = vn_team_run(scatter_chunk, &j, chunks, n_threads, poll, context);
    if (status != VN_OK) goto done;
    status = vn_team_run(sort_block, &j, blocks->n_blocks, n_threads, poll, context);
    if (status != VN_OK) goto done;
    vn_vote_blocks_place(blocks, n_pairs, n_cells);
    *out = blocks;
done:
    vn_vote_scatters_free(j.scatter, workers);
    vn_vote_runs_free(&p.runs);
    vn_free(p.block);
    vn_free(p.offset);
    vn_free(p.base);
    vn_free(p.shift);
    vn_free(p.records);
    vn_free(p.row);
    if (status != VN_OK) vn_vote_blocks_free(blocks);
    return status;
}
