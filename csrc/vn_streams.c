#include "vn_streams.h"

#include "vn_poisson.h"
#include "vn_random.h"
#include "vn_team.h"

#define TURN 4096 /* numbers that a thread makes at a time */

typedef struct {
    const uint64_t *key;
    uint64_t first;
    int64_t n;
    vn_poisson table;
    double *out;
    int32_t *counts;
} job;

VN_CLONES
static void uniforms(const uint64_t key[2], uint64_t first, int64_t n, double *restrict out)
{
    for (int64_t k = 0; k < n; k++) {
        uint64_t word0, word1;
        vn_threefry(key, first + (uint64_t)k, 0, &word0, &word1);
        out[k] = vn_uniform(word0);
    }
}

VN_CLONES
static void normals(const uint64_t key[2], uint64_t first, int64_t n, double *restrict out)
{
    for (int64_t k = 0; k < n; k++) {
        uint64_t word0, word1;
        double unused;
        vn_threefry(key, first + (uint64_t)k, 0, &word0, &word1);
        vn_normals(word0, word1, &out[k], &unused);
    }
}

static void poissons(const uint64_t key[2], uint64_t first, int64_t n, const vn_poisson *table,
                     int32_t *restrict out)
{
    for (int64_t k = 0; k < n; k++) {
        uint64_t word0, word1;
        vn_threefry(key, first + (uint64_t)k, 0, &word0, &word1);
        out[k] = table->bits ? vn_poisson_value(table, (uint32_t)word0)
                             : vn_poisson_small(table, (uint32_t)word0);
    }
}

static vn_status uniform_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t from = block * TURN;
    (void)worker;
    uniforms(j->key, j->first + (uint64_t)from, vn_block_end(j->n, TURN, block) - from, j->out + from);
    return VN_OK;
}

static vn_status normal_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t from = block * TURN;
    (void)worker;
    normals(j->key, j->first + (uint64_t)from, vn_block_end(j->n, TURN, block) - from, j->out + from);
    return VN_OK;
}

static vn_status poisson_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t from = block * TURN;
    (void)worker;
    poissons(j->key, j->first + (uint64_t)from, vn_block_end(j->n, TURN, block) - from, &j->table,
             j->counts + from);
    return VN_OK;
}

vn_status vn_stream_uniform(const uint64_t key[2], uint64_t first, int64_t n, int n_threads, vn_poll poll,
                            void *context, double *out)
{
    job j = {.key = key, .first = first, .n = n, .out = out};
    return vn_team_run(uniform_block, &j, vn_n_blocks(n, TURN), n_threads, poll, context);
}

vn_status vn_stream_normal(const uint64_t key[2], uint64_t first, int64_t n, int n_threads, vn_poll poll,
                           void *context, double *out)
{
    job j = {.key = key, .first = first, .n = n, .out = out};
    return vn_team_run(normal_block, &j, vn_n_blocks(n, TURN), n_threads, poll, context);
}

vn_status vn_stream_poisson(const uint64_t key[2], uint64_t first, int64_t n, double mean, int n_threads,
                            vn_poll poll, void *context, int32_t *out)
{
    job j = {.key = key, .first = first, .n = n, .counts = out};
    vn_status status = vn_poisson_table(mean, &j.table);
    if (status == VN_OK)
        status = vn_team_run(poisson_block, &j, vn_n_blocks(n, TURN), n_threads, poll, context);
    vn_free(j.table.column);
    return status;
}
