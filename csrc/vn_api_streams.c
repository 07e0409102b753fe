/* The random numbers of venire.h. */
#include <math.h>

#include "vn_api.h"
#include "vn_beta.h"
#include "vn_draws.h"
#include "vn_poisson.h"
#include "vn_random.h"
#include "vn_streams.h"
#include "vn_team.h"

#define LANES 16 /* replicates that are drawn together; at most 64 */
#define LEAST_SHAPE 1e-10
#define MOST_SHAPE 1e12

void venire_stream_words(uint64_t key0, uint64_t key1, uint64_t c0, uint64_t c1, uint64_t *word0,
                         uint64_t *word1)
{
    const uint64_t key[2] = {key0, key1};
    uint64_t words[2];
    vn_threefry(key, c0, c1, &words[0], &words[1]);
    if (word0) *word0 = words[0];
    if (word1) *word1 = words[1];
}

double venire_stream_uniform(uint64_t key0, uint64_t key1, uint64_t i)
{
    uint64_t word0, word1;
    venire_stream_words(key0, key1, i, 0, &word0, &word1);
    return vn_uniform(word0);
}

double venire_stream_normal(uint64_t key0, uint64_t key1, uint64_t i)
{
    uint64_t word0, word1;
    double one, two;
    venire_stream_words(key0, key1, i, 0, &word0, &word1);
    vn_normals(word0, word1, &one, &two);
    return one;
}

double venire_stream_beta(uint64_t key0, uint64_t key1, uint64_t i, double alpha, double beta)
{
    double out;
    return venire_stream_beta_many(key0, key1, i, 1, &alpha, &beta, NULL, &out) ? NAN : out;
}

int32_t venire_stream_poisson(uint64_t key0, uint64_t key1, uint64_t i, double mean)
{
    int32_t out;
    return venire_stream_poisson_many(key0, key1, i, 1, mean, NULL, &out) ? -1 : out;
}

static int open_stream(int64_t n, const void *out, venire_call *call, vn_api_how *how)
{
    VN_API_TRY(vn_api_open(call, how));
    VN_API_TRY(vn_api_count(call, "n", n));
    return vn_api_array(call, "out", n, out);
}

int venire_stream_uniform_many(uint64_t key0, uint64_t key1, uint64_t first, int64_t n,
                               venire_call *call, double *out)
{
    const uint64_t key[2] = {key0, key1};
    vn_api_how how;
    VN_API_TRY(open_stream(n, out, call, &how));
    return (int)vn_stream_uniform(key, first, n, how.n_threads, how.poll, how.context, out);
}

int venire_stream_normal_many(uint64_t key0, uint64_t key1, uint64_t first, int64_t n,
                              venire_call *call, double *out)
{
    const uint64_t key[2] = {key0, key1};
    vn_api_how how;
    VN_API_TRY(open_stream(n, out, call, &how));
    return (int)vn_stream_normal(key, first, n, how.n_threads, how.poll, how.context, out);
}

int venire_stream_beta_many(uint64_t key0, uint64_t key1, uint64_t first, int64_t n,
                            const double *alpha, const double *beta, venire_call *call, double *out)
{
    const uint64_t key[2] = {key0, key1};
    vn_api_how how;
    VN_API_TRY(open_stream(n, out, call, &how));
    VN_API_TRY(vn_api_array(call, "alpha", n, alpha));
    VN_API_TRY(vn_api_array(call, "beta", n, beta));
    VN_API_TRY(vn_api_range(call, "alpha", n, alpha, LEAST_SHAPE, MOST_SHAPE));
    VN_API_TRY(vn_api_range(call, "beta", n, beta, LEAST_SHAPE, MOST_SHAPE));
    return (int)vn_beta_sample(n, (vn_values){alpha, 1}, (vn_values){beta, 1}, key, first,
                               how.n_threads, how.poll, how.context, out);
}

int venire_stream_poisson_many(uint64_t key0, uint64_t key1, uint64_t first, int64_t n, double mean,
                               venire_call *call, int32_t *out)
{
    const uint64_t key[2] = {key0, key1};
    vn_api_how how;
    VN_API_TRY(open_stream(n, out, call, &how));
    if (!(mean >= 0.0 && mean <= VN_POISSON_MEAN))
        return vn_api_fault(call, VENIRE_BAD_VALUE, "mean", -1, mean);
    return (int)vn_stream_poisson(key, first, n, mean, how.n_threads, how.poll, how.context, out);
}

/* Replicates from `first` on, whose numbers must be non-negative int64 to their end. */
static int open_replicates(uint64_t first, int64_t n_replicates, int64_t n, const void *out,
                           venire_call *call, vn_api_how *how)
{
    VN_API_TRY(vn_api_open(call, how));
    VN_API_TRY(vn_api_count(call, "n_replicates", n_replicates));
    VN_API_TRY(vn_api_count(call, "n", n));
    if (first > (uint64_t)INT64_MAX - (uint64_t)n_replicates)
        return vn_api_fault(call, VENIRE_TOO_LARGE, "first", -1, (double)first);
    return vn_api_array(call, "out", n && n_replicates, out);
}

int venire_multinomial_counts(uint64_t key0, uint64_t key1, uint64_t first, int64_t n_replicates,
                              int64_t n, int64_t n_draws, venire_call *call, int32_t *out)
{
    const uint64_t key[2] = {key0, key1};
    vn_api_how how;
    VN_API_TRY(open_replicates(first, n_replicates, n, out, call, &how));
    VN_API_TRY(vn_api_count(call, "n_draws", n_draws));
    if (n == 0 && n_draws > 0) return vn_api_fault(call, VENIRE_BAD_VALUE, "n", -1, 0.0);
    if (n_draws > INT32_MAX) return vn_api_fault(call, VENIRE_TOO_LARGE, "n_draws", -1, (double)n_draws);
    if (n == 0 || n_replicates == 0) return VENIRE_OK;
    const int64_t ptr[2] = {0, n};
    vn_resample *units = NULL;
    vn_status status = vn_resample_new(VN_MULTINOMIAL, 1, ptr, &n_draws, n, NULL, &units);
    if (status == VN_OK)
        status = vn_resample_draw(units, key, (int64_t)first, (int64_t)first + n_replicates,
                                  how.n_threads, how.poll, how.context, out, NULL);
    vn_resample_free(units);
    return (int)status;
}

typedef struct {
    const vn_draws *draws;
    const uint64_t *key;
    int64_t first, n_replicates, n;
    double *room, *out; /* room: n x LANES for each worker */
} counts_job;

static vn_status counts_block(void *arg, int64_t block, int worker)
{
    const counts_job *j = arg;
    const int64_t from = block * LANES;
    const int lanes = (int)(vn_block_end(j->n_replicates, LANES, block) - from);
    double *room = j->room + (int64_t)worker * LANES * j->n;
    vn_draws_block(j->draws, j->key, j->first + from, lanes, room);
    for (int lane = 0; lane < lanes; lane++)
        for (int64_t u = 0; u < j->n; u++) j->out[(from + lane) * j->n + u] = room[u * lanes + lane];
    return VN_OK;
}

int venire_bootstrap_counts(uint64_t key0, uint64_t key1, uint64_t first, int64_t n_replicates,
                            int64_t n, const double *count, venire_call *call, double *out)
{
    const uint64_t key[2] = {key0, key1};
    vn_api_how how;
    VN_API_TRY(open_replicates(first, n_replicates, n, out, call, &how));
    VN_API_TRY(vn_api_array(call, "count", n, count));
    VN_API_TRY(vn_api_range(call, "count", n, count, 1.0, VN_POISSON_MEAN));
    for (int64_t k = 0; k < n; k++)
        if (count[k] != floor(count[k]))
            return vn_api_fault(call, VENIRE_BAD_VALUE, "count", k, count[k]);
    if (n == 0 || n_replicates == 0) return VENIRE_OK;
    vn_draws *draws = NULL;
    vn_status status = vn_draws_new(VN_MULTINOMIAL, n, count, &draws);
    const int64_t n_blocks = vn_n_blocks(n_replicates, LANES);
    const int n_workers = vn_team_size(how.n_threads, n_blocks);
    counts_job j = {.draws = draws, .key = key, .first = (int64_t)first, .n_replicates = n_replicates,
                    .n = n, .out = out};
    if (status == VN_OK) {
        j.room = vn_malloc(sizeof(double) * LANES * (size_t)n * (size_t)n_workers);
        status = j.room ? vn_team_run(counts_block, &j, n_blocks, how.n_threads, how.poll, how.context)
                        : VN_NO_MEMORY;
    }
    vn_free(j.room);
    vn_draws_free(draws);
    return (int)status;
}
