#include "vn_radix.h"

#include <string.h>

typedef struct {
    const uint64_t *in;
    const uint32_t *carry_in; /* or NULL */
    uint64_t *out;
    uint32_t *carry_out;
    int64_t n, size, *count;
    int n_chunks, from;
} digit_job;

static vn_status count_digits(void *arg, int64_t t, int worker)
{
    const digit_job *j = arg;
    int64_t *c = j->count + t * j->size;
    const int64_t end = vn_chunk_start(j->n, t + 1, j->n_chunks);
    const uint64_t *in = j->in, mask = (uint64_t)j->size - 1;
    const int from = j->from;
    (void)worker;
    for (int64_t r = vn_chunk_start(j->n, t, j->n_chunks); r < end; r++) c[in[r] >> from & mask]++;
    return VN_OK;
}

static vn_status move_keys(void *arg, int64_t t, int worker)
{
    const digit_job *j = arg;
    int64_t *c = j->count + t * j->size;
    const int64_t end = vn_chunk_start(j->n, t + 1, j->n_chunks);
    const uint64_t *in = j->in, mask = (uint64_t)j->size - 1;
    const int from = j->from;
    uint64_t *out = j->out;
    (void)worker;
    if (j->carry_in) {
        for (int64_t r = vn_chunk_start(j->n, t, j->n_chunks); r < end; r++) {
            const int64_t at = c[in[r] >> from & mask]++;
            out[at] = in[r];
            j->carry_out[at] = j->carry_in[r];
        }
    } else {
        for (int64_t r = vn_chunk_start(j->n, t, j->n_chunks); r < end; r++)
            out[c[in[r] >> from & mask]++] = in[r];
    }
    return VN_OK;
}

/* Counts of (chunk, digit) become places; whether all keys have the same digit. */
static int place_digits(digit_job *j)
{
    int64_t sum = 0;
    int single = 0;
    for (int64_t d = 0; d < j->size; d++) {
        const int64_t before = sum;
        for (int t = 0; t < j->n_chunks; t++) {
            const int64_t c = j->count[t * j->size + d];
            j->count[t * j->size + d] = sum;
            sum += c;
        }
        single |= sum - before == j->n;
    }
    return single;
}

vn_status vn_radix_sort(uint64_t **keys, uint64_t **spare, uint32_t **carry,
                        uint32_t **spare_carry, int64_t n, int low, int high, const vn_crew *by)
{
    const int passes = (high - low + 10) / 11, chunks = vn_n_chunks(n);
    digit_job j = {.n = n, .n_chunks = chunks};
    j.count = vn_malloc(sizeof(int64_t) * (size_t)chunks << 11);
    if (!j.count) return VN_NO_MEMORY;
    vn_status status = VN_OK;
    for (int p = 0; p < passes && status == VN_OK; p++) {
        j.from = low + (int)((int64_t)(high - low) * p / passes);
        j.size = (int64_t)1 << (low + (int)((int64_t)(high - low) * (p + 1) / passes) - j.from);
        j.in = *keys;
        j.out = *spare;
        if (carry) {
            j.carry_in = *carry;
            j.carry_out = *spare_carry;
        }
        memset(j.count, 0, sizeof(int64_t) * (size_t)(j.size * chunks));
        status = vn_each_chunk(count_digits, &j, chunks, by);
        if (status != VN_OK || place_digits(&j)) continue;
        status = vn_each_chunk(move_keys, &j, chunks, by);
        uint64_t *k = *keys; *keys = *spare; *spare = k;
        if (carry) { uint32_t *c = *carry; *carry = *spare_carry; *spare_carry = c; }
    }
    vn_free(j.count);
    return status;
}
