/* Columns of labels through tables of keys, and the ranking of all keys: see vn_labels.h. */
#include "vn_labels.h"

#include <stdlib.h>
#include <string.h>

#include "vn_team.h"

#define BATCH 64 /* rows whose keys are found before they are looked up */
#define KEYS_SORTED 8192 /* at a time */
#define KEYS_ASKED 65536 /* added between two looks for an interrupt */

/* One row of 4-byte characters as UTF-8 (surrogates as three bytes); returns the length. */
static int64_t utf8_from_ucs4(const uint32_t *text, int64_t width, uint8_t *out)
{
    uint8_t *p = out;
    while (width > 0 && text[width - 1] == 0) {
        width--;
    }
    for (int64_t i = 0; i < width; i++) {
        uint32_t c = text[i];
        if (c < 0x80) {
            *p++ = (uint8_t)c;
        } else if (c < 0x800) {
            *p++ = (uint8_t)(0xC0 | c >> 6);
            *p++ = (uint8_t)(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            *p++ = (uint8_t)(0xE0 | c >> 12);
            *p++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
            *p++ = (uint8_t)(0x80 | (c & 0x3F));
        } else {
            *p++ = (uint8_t)(0xF0 | c >> 18);
            *p++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));
            *p++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
            *p++ = (uint8_t)(0x80 | (c & 0x3F));
        }
    }
    return p - out;
}

/* Where the keys of rows i to i + n are, n <= BATCH. scratch: for the kind that is converted. */
static void find_keys(const vn_text *text, int64_t i, int64_t n, uint8_t *scratch,
                      const uint8_t **key, int64_t *length)
{
    const uint8_t *data = text->data;
    for (int64_t j = 0; j < n; j++) {
        switch (text->kind) {
        case VN_TEXT_32: {
            const int32_t *offset = (const int32_t *)text->index + i + j;
            key[j] = data + offset[0];
            length[j] = offset[1] - offset[0];
            break;
        }
        case VN_TEXT_64: {
            const int64_t *offset = (const int64_t *)text->index + i + j;
            key[j] = data + offset[0];
            length[j] = offset[1] - offset[0];
            break;
        }
        case VN_TEXT_VIEW: {
            const uint8_t *view = (const uint8_t *)text->index + 16 * (i + j);
            int32_t word[4];
            memcpy(word, view, 16);
            length[j] = word[0];
            key[j] = word[0] <= 12 ? view + 4
                                   : ((const uint8_t *const *)text->data)[word[2]] + word[3];
            break;
        }
        case VN_TEXT_UCS4:
            key[j] = scratch + 4 * text->width * j;
            length[j] = utf8_from_ucs4((const uint32_t *)text->data + text->width * (i + j),
                                       text->width, scratch + 4 * text->width * j);
            break;
        case VN_KEY_8:
            key[j] = data + 8 * (i + j);
            length[j] = 8;
            break;
        }
    }
}

static vn_status add_part(vn_table *table, const vn_text *text, int64_t from, int64_t to,
                          int32_t *codes)
{
    const uint8_t *key[BATCH];
    int64_t length[BATCH];
    uint8_t *scratch = NULL;
    vn_status status = VN_OK;
    if (text->kind == VN_TEXT_UCS4) {
        scratch = vn_malloc((size_t)(4 * text->width * BATCH + 1));
        if (scratch == NULL) {
            return VN_NO_MEMORY;
        }
    }
    for (int64_t i = from; i < to && status == VN_OK; i += BATCH) {
        int64_t n = VN_MIN(BATCH, to - i);
        find_keys(text, i, n, scratch, key, length);
        status = vn_table_add(table, key, length, n, codes + i);
    }
    vn_free(scratch);
    return status;
}

typedef struct {
    vn_table **tables;
    const vn_text *text;
    int64_t n;
    uint8_t *owner;
    int32_t *codes;
} adding;

static vn_status add_block(void *arg, int64_t block, int worker)
{
    const adding *j = arg;
    j->owner[block] = (uint8_t)worker;
    return add_part(j->tables[worker], j->text, block * VN_LABEL_ROWS,
                    vn_block_end(j->n, VN_LABEL_ROWS, block), j->codes);
}

vn_status vn_tables_add(vn_table **tables, int n_tables, const vn_text *text, int64_t n,
                        vn_poll poll, void *context, uint8_t *owner, int32_t *codes)
{
    return vn_team_run(add_block, &(adding){tables, text, n, owner, codes},
                       vn_n_blocks(n, VN_LABEL_ROWS), n_tables, poll, context);
}

typedef struct {
    int32_t *const *rank;
    const uint8_t *owner;
    int64_t n;
    int32_t *codes;
} recoding;

static vn_status recode_block(void *arg, int64_t block, int worker)
{
    const recoding *j = arg;
    const int32_t *rank = j->rank[j->owner ? j->owner[block] : 0];
    const int64_t end = vn_block_end(j->n, VN_LABEL_ROWS, block);
    (void)worker;
    for (int64_t i = block * VN_LABEL_ROWS; i < end; i++) j->codes[i] = rank[j->codes[i]];
    return VN_OK;
}

vn_status vn_tables_recode(int32_t *const *rank, const uint8_t *owner, int64_t n, int n_threads,
                           vn_poll poll, void *context, int32_t *codes)
{
    return vn_team_run(recode_block, &(recoding){rank, owner, n, codes},
                       vn_n_blocks(n, VN_LABEL_ROWS), n_threads, poll, context);
}

/* A key to be sorted carries what the comparison needs, so that qsort needs no global. */
typedef struct {
    uint64_t prefix; /* first 8 bytes, most significant first; or the number itself */
    const uint8_t *bytes;
    int64_t length;
    int32_t code;
} sort_key;

static int by_bytes(const void *left, const void *right)
{
    const sort_key *a = left, *b = right;
    if (a->prefix != b->prefix) {
        return a->prefix < b->prefix ? -1 : 1;
    }
    int64_t n = VN_MIN(a->length, b->length);
    int c = n > 0 ? memcmp(a->bytes, b->bytes, (size_t)n) : 0;
    return c != 0 ? c : (a->length > b->length) - (a->length < b->length);
}

static uint64_t number(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static uint64_t first_bytes(const uint8_t *p, int64_t n)
{
    uint64_t v = 0;
    for (int64_t i = 0; i < 8; i++) {
        v = v << 8 | (i < n ? p[i] : 0);
    }
    return v;
}

/* Keys sorted in runs of `width`, from which runs twice as long are made. */
typedef struct {
    const vn_table *table;
    int numbers;
    int64_t n, width;
    sort_key *from, *to;
} sorting;

static vn_status sort_run(void *arg, int64_t block, int worker)
{
    const sorting *j = arg;
    const int64_t begin = block * KEYS_SORTED, end = vn_block_end(j->n, KEYS_SORTED, block);
    (void)worker;
    for (int64_t k = begin; k < end; k++) {
        sort_key *key = &j->from[k];
        key->bytes = vn_table_key(j->table, k, &key->length);
        key->code = (int32_t)k;
        key->prefix = j->numbers ? number(key->bytes) ^ (j->numbers == 1 ? (uint64_t)1 << 63 : 0)
                                 : first_bytes(key->bytes, key->length);
    }
    qsort(j->from + begin, (size_t)(end - begin), sizeof(sort_key), by_bytes);
    return VN_OK;
}

/* How many of the first `count` keys of two sorted runs together come from the first one. */
static int64_t split(const sort_key *a, int64_t n_a, const sort_key *b, int64_t n_b, int64_t count)
{
    int64_t low = VN_MAX(count - n_b, (int64_t)0), high = VN_MIN(count, n_a);
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (by_bytes(&a[middle], &b[count - middle - 1]) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Keys [KEYS_SORTED * block, ...) of the longer runs. */
static vn_status merge_part(void *arg, int64_t block, int worker)
{
    const sorting *j = arg;
    const int64_t begin = block * KEYS_SORTED, end = vn_block_end(j->n, KEYS_SORTED, block);
    const int64_t start = begin / (2 * j->width) * (2 * j->width);
    const int64_t n_a = VN_MIN(j->width, j->n - start), n_b = VN_MIN(j->width, j->n - start - n_a);
    const sort_key *a = j->from + start, *b = a + n_a;
    int64_t i = split(a, n_a, b, n_b, begin - start), k = begin - start - i;
    (void)worker;
    for (int64_t at = begin; at < end; at++)
        j->to[at] = k == n_b || (i < n_a && by_bytes(&a[i], &b[k]) < 0) ? a[i++] : b[k++];
    return VN_OK;
}

static vn_status sort_keys(const vn_table *table, int numbers, int n_threads, vn_poll poll,
                           void *context, int32_t *order)
{
    const int64_t n = vn_table_size(table), n_blocks = vn_n_blocks(n, KEYS_SORTED);
    const size_t bytes = (size_t)VN_MAX(n, 1) * sizeof(sort_key);
    sorting j = {table, numbers, n, KEYS_SORTED, vn_malloc(bytes),
                 n_blocks > 1 ? vn_malloc(bytes) : NULL};
    vn_status status = VN_NO_MEMORY;
    if (j.from == NULL || (n_blocks > 1 && j.to == NULL)) goto done;
    status = vn_team_run(sort_run, &j, n_blocks, n_threads, poll, context);
    for (; j.width < n && status == VN_OK; j.width *= 2) {
        status = vn_team_run(merge_part, &j, n_blocks, n_threads, poll, context);
        sort_key *merged = j.to;
        j.to = j.from;
        j.from = merged;
    }
    for (int64_t k = 0; k < n && status == VN_OK; k++) order[k] = j.from[k].code;
done:
    vn_free(j.from);
    vn_free(j.to);
    return status;
}

vn_status vn_tables_rank(vn_table **tables, int n_tables, int numbers, int n_threads, vn_poll poll,
                         void *context, int32_t *const *rank, int32_t *order, int64_t *n_keys)
{
    /* the union: each table's keys get their code in table 0 */
    for (int t = 1; t < n_tables; t++) {
        const vn_table *from = tables[t];
        for (int64_t k = 0; k < vn_table_size(from); k++) {
            int64_t length;
            const uint8_t *key = vn_table_key(from, k, &length);
            vn_status status = vn_table_add(tables[0], &key, &length, 1, rank[t] + k);
            if (status != VN_OK) {
                return status;
            }
            if (k % KEYS_ASKED == 0 && poll && poll(context)) return VN_INTERRUPTED;
        }
    }
    int64_t n = vn_table_size(tables[0]);
    vn_status status = sort_keys(tables[0], numbers, n_threads, poll, context, order);
    if (status != VN_OK) {
        return status;
    }
    for (int64_t r = 0; r < n; r++) {
        rank[0][order[r]] = (int32_t)r;
    }
    for (int t = 1; t < n_tables; t++) {
        for (int64_t k = 0; k < vn_table_size(tables[t]); k++) {
            rank[t][k] = rank[0][rank[t][k]];
        }
    }
    *n_keys = n;
    return VN_OK;
}
