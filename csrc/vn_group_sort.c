#include <stdatomic.h>
#include <string.h>

#include "vn_group_cells.h"
#include "vn_team.h"

#define RUN_ROWS (1 << 16)  /* rows of a block that looks for groups */
#define SORT_ROWS (1 << 18) /* rows of a block that sorts, at least */
#define SORT_BLOCKS 64      /* each has a table of the groups */

/* ---- rows that stand by group ----------------------------------------------------------------- */

typedef struct {
    const int32_t *narrow;
    const int64_t *wide;
    int64_t n;
    int64_t *starts;  /* groups that begin before each block; n_blocks + 1 */
    int64_t *row_ptr; /* NULL: count only */
    _Atomic int descends;
} run_job;

static inline int64_t label_at(const run_job *j, int64_t k)
{
    return j->narrow ? j->narrow[k] : j->wide[k];
}

static vn_status find_runs(void *arg, int64_t block, int worker)
{
    run_job *j = arg;
    (void)worker;
    if (atomic_load_explicit(&j->descends, memory_order_relaxed)) return VN_OK;
    const int64_t from = block * RUN_ROWS, to = vn_block_end(j->n, RUN_ROWS, block);
    int64_t count = j->row_ptr ? j->starts[block] : 0;
    int64_t before = from > 0 ? label_at(j, from - 1) : 0;
    int descends = 0;
    for (int64_t k = from; k < to; k++) {
        const int64_t here = label_at(j, k);
        if (k == 0 || here != before) {
            if (j->row_ptr) j->row_ptr[count] = k;
            count++;
            descends |= k > 0 && here < before;
        }
        before = here;
    }
    if (descends) atomic_store(&j->descends, 1);
    if (!j->row_ptr) j->starts[block + 1] = count;
    return VN_OK;
}

vn_status vn_group_runs(const int32_t *label32, const int64_t *label64, int64_t n, int n_threads,
                        vn_poll poll, void *context, int *sorted, int64_t *n_groups,
                        int64_t *row_ptr)
{
    const int64_t n_blocks = vn_n_blocks(n, RUN_ROWS);
    run_job j = {.narrow = label32, .wide = label64, .n = n};
    *sorted = 0;
    *n_groups = 0;
    j.starts = vn_calloc((size_t)n_blocks + 1, sizeof(int64_t));
    if (!j.starts) return VN_NO_MEMORY;
    vn_status status = VN_OK;
    for (int pass = 0; pass < (row_ptr ? 2 : 1) && status == VN_OK && !j.descends; pass++) {
        j.row_ptr = pass ? row_ptr : NULL;
        status = vn_team_run(find_runs, &j, n_blocks, n_threads, poll, context);
        for (int64_t b = 0; !pass && b < n_blocks; b++) j.starts[b + 1] += j.starts[b];
    }
    if (status == VN_OK && !j.descends) {
        *sorted = 1;
        *n_groups = j.starts[n_blocks];
        if (row_ptr) row_ptr[*n_groups] = n;
    }
    vn_free(j.starts);
    return status;
}

/* ---- rows that do not ------------------------------------------------------------------------- */

typedef struct {
    const int32_t *code;
    int64_t n, size, n_groups; /* rows; rows of a block */
    uint32_t *next; /* by block, then group: rows there; then where the next one goes */
    uint32_t *row;
} sort_job;

static vn_status count_rows(void *arg, int64_t block, int worker)
{
    const sort_job *j = arg;
    (void)worker;
    uint32_t *count = j->next + block * j->n_groups;
    const int64_t to = vn_block_end(j->n, j->size, block);
    for (int64_t k = block * j->size; k < to; k++) count[j->code[k]]++;
    return VN_OK;
}

static vn_status place_rows(void *arg, int64_t block, int worker)
{
    const sort_job *j = arg;
    (void)worker;
    uint32_t *next = j->next + block * j->n_groups;
    const int64_t to = vn_block_end(j->n, j->size, block);
    for (int64_t k = block * j->size; k < to; k++) j->row[next[j->code[k]]++] = (uint32_t)k;
    return VN_OK;
}

vn_status vn_group_sort(const int32_t *code, int64_t n, int64_t n_groups, int n_threads,
                        vn_poll poll, void *context, int64_t *row_ptr, uint32_t *row)
{
    if (n >= (int64_t)UINT32_MAX) return VN_TOO_LARGE;
    memset(row_ptr, 0, sizeof(int64_t) * (size_t)(n_groups + 1));
    if (n == 0) return VN_OK;
    /* the tables together are no longer than the rows, nearly */
    const int64_t most = VN_MIN((int64_t)SORT_BLOCKS, VN_MAX(n / n_groups, (int64_t)1));
    sort_job j = {.code = code, .n = n, .n_groups = n_groups, .row = row};
    j.size = VN_MAX((int64_t)SORT_ROWS, vn_n_blocks(n, most));
    const int64_t n_blocks = vn_n_blocks(n, j.size);
    j.next = vn_calloc((size_t)(n_blocks * n_groups), sizeof(uint32_t));
    if (!j.next) return VN_NO_MEMORY;
    vn_status status = vn_team_run(count_rows, &j, n_blocks, n_threads, poll, context);
    for (int64_t b = 0; b < n_blocks; b++)
        for (int64_t g = 0; g < n_groups; g++) row_ptr[g + 1] += j.next[b * n_groups + g];
    for (int64_t g = 0; g < n_groups; g++) row_ptr[g + 1] += row_ptr[g];
    for (int64_t g = 0; g < n_groups; g++) {
        uint32_t at = (uint32_t)row_ptr[g];
        for (int64_t b = 0; b < n_blocks; b++) {
            uint32_t *here = &j.next[b * n_groups + g];
            const uint32_t count = *here;
            *here = at;
            at += count;
        }
    }
    if (status == VN_OK) status = vn_team_run(place_rows, &j, n_blocks, n_threads, poll, context);
    vn_free(j.next);
    return status;
}
