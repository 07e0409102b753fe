/* Columns of labels through tables of keys, and the ranking of all keys: see vn_labels.h. */
#include "vn_labels.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 64 /* rows whose keys are found before they are looked up */

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

vn_status vn_tables_add(vn_table **tables, int n_tables, const vn_text *text, int64_t n,
                        int32_t *codes)
{
    int worst = VN_OK;
    VN_PRAGMA(omp parallel for num_threads(n_tables) schedule(static, 1) if (n_tables > 1)
              reduction(max : worst))
    for (int t = 0; t < n_tables; t++) {
        int status = (int)add_part(tables[t], text, n * t / n_tables, n * (t + 1) / n_tables, codes);
        worst = VN_MAX(worst, status);
    }
    return (vn_status)worst;
}

void vn_tables_recode(int32_t *const *rank, int n_tables, int64_t n, int32_t *codes)
{
    VN_PRAGMA(omp parallel for num_threads(n_tables) schedule(static, 1) if (n_tables > 1))
    for (int t = 0; t < n_tables; t++) {
        int64_t stop = n * (t + 1) / n_tables;
        for (int64_t i = n * t / n_tables; i < stop; i++) {
            codes[i] = rank[t][codes[i]];
        }
    }
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

static vn_status sort_keys(const vn_table *table, int numbers, int32_t *order)
{
    int64_t n = vn_table_size(table);
    sort_key *key = vn_malloc((size_t)VN_MAX(n, 1) * sizeof *key);
    if (key == NULL) {
        return VN_NO_MEMORY;
    }
    for (int64_t k = 0; k < n; k++) {
        key[k].bytes = vn_table_key(table, k, &key[k].length);
        key[k].code = (int32_t)k;
        if (numbers) {
            key[k].prefix = number(key[k].bytes) ^ (numbers == 1 ? (uint64_t)1 << 63 : 0);
        } else {
            key[k].prefix = first_bytes(key[k].bytes, key[k].length);
        }
    }
    qsort(key, (size_t)n, sizeof *key, by_bytes);
    for (int64_t k = 0; k < n; k++) {
        order[k] = key[k].code;
    }
    vn_free(key);
    return VN_OK;
}

vn_status vn_tables_rank(vn_table **tables, int n_tables, int numbers, int32_t *const *rank,
                         int32_t *order, int64_t *n_keys)
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
        }
    }
    int64_t n = vn_table_size(tables[0]);
    vn_status status = sort_keys(tables[0], numbers, order);
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
