#include "vn_votes_range.h"

#include <string.h>

#define DIGIT 11

/* Stable sort of records by bits [low, high), carrying `row` (may be NULL). The result is in *x and
 * *row, which may have been exchanged with the spare arrays. */
static void radix_sort(uint64_t **x, uint64_t **spare, uint32_t **row, uint32_t **spare_row,
                       int64_t n, int low, int high)
{
    int64_t count[1 << DIGIT];
    uint64_t varies = 0;
    for (int64_t i = 1; i < n; i++) varies |= (*x)[i] ^ (*x)[0];
    for (int from = low; from < high; from += DIGIT) {
        const int width = VN_MIN(DIGIT, high - from);
        const uint64_t mask = ((uint64_t)1 << width) - 1;
        if (!(varies >> from & mask)) continue;
        const uint64_t *in = *x;
        uint64_t *out = *spare;
        memset(count, 0, sizeof(int64_t) << width);
        for (int64_t i = 0; i < n; i++) count[in[i] >> from & mask]++;
        int64_t sum = 0;
        for (uint64_t d = 0; d <= mask; d++) {
            const int64_t c = count[d];
            count[d] = sum;
            sum += c;
        }
        if (row) {
            const uint32_t *rin = *row;
            uint32_t *rout = *spare_row;
            for (int64_t i = 0; i < n; i++) {
                const int64_t at = count[in[i] >> from & mask]++;
                out[at] = in[i];
                rout[at] = rin[i];
            }
            uint32_t *r = *row; *row = *spare_row; *spare_row = r;
        } else {
            for (int64_t i = 0; i < n; i++) out[count[in[i] >> from & mask]++] = in[i];
        }
        uint64_t *s = *x; *x = *spare; *spare = s;
    }
}

static inline vn_vote_run read_run(const vn_vote_rows *rows, uint64_t record, uint32_t r)
{
    const int k = (int)(record & 3);
    if (!rows->vote) return vn_vote_run_of(rows, r, 0, k);
    return vn_vote_run_of(rows, r, k - 1, rows->first && rows->first[r] > rows->second[r]);
}

/* Sorted records to cells. */
static void write_soft(const vn_vote_rows *rows, const vn_vote_key *key, const uint64_t *x,
                       const uint32_t *row, int64_t n, vn_vote_block *out)
{
    vn_vote_cells *c = &out->cells;
    const uint64_t mask = ((uint64_t)1 << (key->pair_shift - 2)) - 1;
    int64_t pair = -1, cell = -1;
    uint64_t last_pair = 0, last = 0;
    int open = 0; /* is there a cell for `last`? */
    for (int64_t i = 0; i < n; i++) {
        const uint64_t judgment = x[i] >> 2, this_pair = x[i] >> key->pair_shift;
        if (pair < 0 || this_pair != last_pair) {
            out->key[++pair] = last_pair = this_pair;
            out->pair_cells[pair] = 0;
            open = 0;
        }
        if (judgment != last) open = 0;
        last = judgment;
        const vn_vote_run v = read_run(rows, x[i], row[i]);
        if (v.weight == 0.0) continue;
        if (!open) {
            cell++;
            open = 1;
            out->pair_cells[pair]++;
            c->teacher[cell] = (int32_t)(judgment & mask);
            for (int m = 0; m < 3; m++) c->mass[m][cell] = 0.0;
            c->total[cell] = c->square[cell] = 0.0;
            c->runs[cell] = 0;
            if (c->swapped_runs) {
                c->swapped_runs[cell] = 0;
                c->swapped_total[cell] = 0.0;
            }
        }
        for (int m = 0; m < 3; m++) c->mass[m][cell] += v.mass[m];
        c->total[cell] += v.sign;
        c->square[cell] += v.sign * v.sign;
        c->runs[cell]++;
        if (v.swapped) {
            c->swapped_runs[cell]++;
            c->swapped_total[cell] += v.sign;
        }
    }
}

static void write_hard(const vn_vote_key *key, const uint64_t *x, int64_t n, vn_vote_block *out)
{
    const uint64_t mask = ((uint64_t)1 << (key->pair_shift - 2)) - 1;
    int64_t pair = -1, cell = -1, i = 0;
    while (i < n) {
        const uint64_t judgment = x[i] >> 2, this_pair = x[i] >> key->pair_shift;
        if (pair < 0 || this_pair != out->key[pair]) {
            out->key[++pair] = this_pair;
            out->pair_cells[pair] = 0;
        }
        int32_t count[4] = {0, 0, 0, 0};
        do count[x[i++] & 3]++; while (i < n && x[i] >> 2 == judgment);
        cell++;
        out->pair_cells[pair]++;
        out->cells.teacher[cell] = (int32_t)(judgment & mask);
        for (int m = 0; m < 3; m++) out->cells.count[m][cell] = count[2 - m];
    }
}

/* Pairs and cells of sorted records; a cell needs a row that has weight. */
static void count_cells(const vn_vote_rows *rows, const vn_vote_key *key, const uint64_t *x,
                        const uint32_t *row, int64_t n, int64_t *pairs, int64_t *cells)
{
    int open = 0;
    *pairs = *cells = 0;
    for (int64_t i = 0; i < n; i++) {
        *pairs += i == 0 || x[i] >> key->pair_shift != x[i - 1] >> key->pair_shift;
        if (i == 0 || x[i] >> 2 != x[i - 1] >> 2) open = 0;
        if (open || (row && rows->weight && rows->weight[row[i]] == 0.0)) continue;
        open = 1;
        ++*cells;
    }
}

/* Distinct pairs of the records: the place of each record's pair among them, sorted. A hash table
 * finds them, because there are as a rule many records of each. */
typedef struct { uint64_t *pair; uint32_t *place; int64_t n; } distinct_pairs;

static void distinct_free(distinct_pairs *d)
{
    vn_free(d->pair);
    vn_free(d->place);
}

static inline uint64_t hash(uint64_t x)
{
    x *= 0x9E3779B97F4A7C15u;
    return x ^ x >> 29;
}

/* Gives up (n = -1) where there are more than `limit` distinct pairs. */
static vn_status find_distinct(const vn_vote_key *key, const uint64_t *x, int64_t n, int64_t limit,
                               distinct_pairs *d)
{
    int bits = 4;
    while ((int64_t)1 << bits < 2 * limit) bits++;
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    uint64_t *slot = vn_calloc((size_t)1 << bits, sizeof(uint64_t)); /* pair + 1; 0: free */
    uint32_t *id = vn_malloc(sizeof(uint32_t) << bits);
    uint64_t *sorted = vn_malloc(sizeof(uint64_t) * (size_t)limit);
    uint64_t *spare = vn_malloc(sizeof(uint64_t) * (size_t)limit);
    uint32_t *rank = vn_malloc(sizeof(uint32_t) * (size_t)limit);
    uint32_t *order = vn_malloc(sizeof(uint32_t) * (size_t)limit), *spare_order = NULL;
    vn_status status = VN_NO_MEMORY;
    d->pair = NULL;
    d->place = vn_malloc(sizeof(uint32_t) * (size_t)n);
    spare_order = vn_malloc(sizeof(uint32_t) * (size_t)limit);
    if (!slot || !id || !sorted || !spare || !rank || !order || !spare_order || !d->place) goto done;
    int64_t found = 0;
    for (int64_t i = 0; i < n && found >= 0; i++) {
        const uint64_t pair = x[i] >> key->pair_shift;
        uint64_t at = hash(pair) >> 8 & mask;
        while (slot[at] != pair + 1 && slot[at]) at = (at + 1) & mask;
        if (!slot[at]) {
            if (found == limit) {
                found = -1;
                break;
            }
            slot[at] = pair + 1;
            sorted[found] = pair;
            order[found] = (uint32_t)found;
            id[at] = (uint32_t)found++;
        }
        d->place[i] = id[at];
    }
    d->n = found;
    if (found >= 0) {
        radix_sort(&sorted, &spare, &order, &spare_order, found, 0, key->pair_bits);
        for (int64_t k = 0; k < found; k++) rank[order[k]] = (uint32_t)k;
        for (int64_t i = 0; i < n; i++) d->place[i] = rank[d->place[i]];
        d->pair = sorted;
        sorted = NULL;
    }
    status = VN_OK;
done:
    vn_free(slot);
    vn_free(id);
    vn_free(sorted);
    vn_free(spare);
    vn_free(rank);
    vn_free(order);
    vn_free(spare_order);
    return status;
}

/* Plain counts of few distinct pairs: a table of counters. */
static vn_status count_directly(const vn_vote_key *key, const distinct_pairs *d, int64_t teachers,
                                const uint64_t *x, int64_t n, vn_vote_block *out)
{
    const int64_t slots = d->n * teachers;
    const uint64_t mask = ((uint64_t)1 << key->pair_shift) - 1;
    uint32_t *table = vn_calloc((size_t)(4 * slots), sizeof(uint32_t));
    if (!table) return VN_NO_MEMORY;
    for (int64_t i = 0; i < n; i++)
        table[(uint64_t)d->place[i] * (uint64_t)(4 * teachers) + (x[i] & mask)]++;
    int64_t cells = 0;
    for (int64_t s = 0; s < slots; s++)
        cells += (table[4 * s] | table[4 * s + 1] | table[4 * s + 2]) != 0;
    const vn_status status = vn_vote_block_alloc(out, d->n, cells, 1, 1, 0);
    int64_t cell = 0;
    for (int64_t q = 0; status == VN_OK && q < d->n; q++) {
        const int64_t before = cell;
        out->key[q] = d->pair[q];
        for (int64_t t = 0; t < teachers; t++) {
            const uint32_t *slot = table + 4 * (q * teachers + t);
            if (!(slot[0] | slot[1] | slot[2])) continue;
            out->cells.teacher[cell] = (int32_t)t;
            for (int m = 0; m < 3; m++) out->cells.count[m][cell] = (int32_t)slot[2 - m];
            cell++;
        }
        out->pair_cells[q] = (int32_t)(cell - before);
    }
    vn_free(table);
    return status;
}

vn_status vn_votes_range(const vn_vote_rows *rows, const vn_vote_key *key, uint64_t *records,
                         uint32_t *row, int64_t n, vn_vote_block *out)
{
    vn_status status = VN_NO_MEMORY;
    if (!row && n >= 64) {
        const int64_t limit = VN_MIN(n / 4, n / rows->n_teachers);
        if (limit > 0) {
            distinct_pairs d;
            status = find_distinct(key, records, n, limit, &d);
            if (status == VN_OK && d.n >= 0)
                status = count_directly(key, &d, rows->n_teachers, records, n, out);
            const int done = status != VN_OK || d.n >= 0;
            distinct_free(&d);
            if (done) return status;
        }
    }
    uint64_t *x = vn_malloc(sizeof(uint64_t) * (size_t)VN_MAX(n, (int64_t)1)), *spare = records;
    uint32_t *carry = NULL, *spare_carry = row;
    if (row) carry = vn_malloc(sizeof(uint32_t) * (size_t)VN_MAX(n, (int64_t)1));
    uint64_t *own = x;
    uint32_t *own_carry = carry;
    int64_t pairs, cells;
    status = VN_NO_MEMORY;
    if (!x || (row && !carry)) goto done;
    memcpy(x, records, sizeof(uint64_t) * (size_t)n);
    if (row) memcpy(carry, row, sizeof(uint32_t) * (size_t)n);
    radix_sort(&x, &spare, row ? &carry : NULL, row ? &spare_carry : NULL, n, 2,
               key->pair_shift + key->pair_bits);
    count_cells(rows, key, x, carry, n, &pairs, &cells);
    status = vn_vote_block_alloc(out, pairs, cells, 1, !row, rows->swapped != NULL);
    if (status != VN_OK) goto done;
    if (row) write_soft(rows, key, x, carry, n, out);
    else write_hard(key, x, n, out);
done:
    vn_free(own);
    vn_free(own_carry);
    return status;
}
