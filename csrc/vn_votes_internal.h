/* Shared by vn_votes*.c only. */
#ifndef VN_VOTES_INTERNAL_H
#define VN_VOTES_INTERNAL_H

#include "vn_team.h"
#include "vn_votes.h"

#define VN_VOTE_BATCH 1024 /* rows decoded at a time */
#define VN_VOTE_CHUNK ((int64_t)1 << 16) /* rows of a chunk, at least */
#define VN_VOTE_CHUNKS 128               /* at most: each adds a run to each block */
#define VN_LINE 64         /* bytes that are collected before they are written out */

/* Cells of a range of pairs, in one piece of memory. */
typedef struct {
    int64_t n_pairs, n_cells;
    int64_t pair_at, cell_at; /* those of the blocks before it */
    uint64_t *key;       /* NULL: all ids in turn */
    int32_t *pair_cells; /* cells of each pair */
    vn_vote_cells cells;
    void *memory;
} vn_vote_block;

struct vn_vote_blocks {
    int64_t n_blocks;
    int bits; /* of the second item in a key */
    vn_vote_block *block;
};

/* Into how many chunks n rows are cut, each read from its beginning to its end by one worker. */
static inline int64_t vn_vote_chunks(int64_t n)
{
    return VN_MAX(VN_MIN(n / VN_VOTE_CHUNK, (int64_t)VN_VOTE_CHUNKS), (int64_t)1);
}

/* What a worker needs to sort rows into blocks: a line of the cache and a place for each block. */
typedef struct {
    void *lines;
    int64_t *place;
} vn_vote_scatter;

/* Memory for `s` where it has none yet. */
vn_status vn_vote_scatter_alloc(vn_vote_scatter *s, int64_t n_blocks);
void vn_vote_scatters_free(vn_vote_scatter *s, int n);

/* Fill in pair_at and cell_at of the blocks; how many pairs and cells there are in all. */
void vn_vote_blocks_place(vn_vote_blocks *blocks, int64_t *n_pairs, int64_t *n_cells);

/* Codes of the rows [begin, begin + n), n <= VN_VOTE_BATCH. */
void vn_votes_load(const vn_ints *x, int64_t begin, int n, int32_t *out);

/* Memory for a block's cells; `keys` asks for room for keys. */
vn_status vn_vote_block_alloc(vn_vote_block *b, int64_t n_pairs, int64_t n_cells, int keys, int hard,
                              int swapped);

/* Write a full line of 64 bytes to an aligned place, past the cache where that is possible. */
void vn_write_line(void *to, const void *from);

/* Order what vn_write_line wrote before what follows. */
void vn_write_fence(void);

/* The block of each record, and where each chunk's records go: run (block, chunk) of records
 * starts at start[block * n_chunks + chunk], a multiple of `align`, and has count entries. */
typedef struct {
    int64_t n_blocks, n_chunks;
    int64_t *start, *count;
    int64_t total;
} vn_vote_runs;

vn_status vn_vote_runs_alloc(vn_vote_runs *r, int64_t n_blocks, int64_t n_chunks);
void vn_vote_runs_place(vn_vote_runs *r, int64_t align);
void vn_vote_runs_free(vn_vote_runs *r);

/* One run of a judgment, as the pair's first item sees it. */
typedef struct { double mass[3], weight, sign; int swapped; } vn_vote_run;

/* Row r, whose items change places if `flip`; `vote` is then turned already (votes alone). */
static inline vn_vote_run vn_vote_run_of(const vn_vote_rows *rows, int64_t r, int vote, int flip)
{
    vn_vote_run v;
    v.weight = rows->weight ? rows->weight[r] : 1.0;
    if (rows->vote) {
        v.mass[0] = vote > 0 ? v.weight : 0.0;
        v.mass[1] = vote == 0 ? v.weight : 0.0;
        v.mass[2] = vote < 0 ? v.weight : 0.0;
        v.sign = vote;
    } else {
        const double *p = rows->probability + 3 * r, scale = v.weight * rows->strength;
        v.mass[0] = scale * p[flip ? 2 : 0];
        v.mass[1] = scale * p[1];
        v.mass[2] = scale * p[flip ? 0 : 2];
        v.sign = flip ? p[2] - p[0] : p[0] - p[2];
    }
    v.swapped = rows->swapped ? (rows->swapped[r] != 0) ^ flip : 0;
    return v;
}

/* First row that compares an item with itself or has no vote of -1, 0 and 1; -1 if there is none. */
int64_t vn_votes_first_bad(const vn_vote_rows *rows);

#endif
