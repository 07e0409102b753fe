/* Labels to codes: scans and look-ups over integer labels, and a table of distinct keys.
 *
 * Integer labels in a narrow range go through a presence table (vn_mark_*, vn_take_*), wide ones and
 * text through vn_table, an open-addressing hash table that numbers its keys in order of first
 * sight. Several tables may be filled at once, each with some of the rows; vn_tables_rank then
 * numbers the union of their keys in sorted order, which does not depend on whose rows were whose. */
#ifndef VN_LABELS_H
#define VN_LABELS_H

#include "vn_common.h"

/* Smallest and largest of n > 0 values.
 * Equivalent NumPy code: low, high = x.min(), x.max() */
void vn_range_i32(const int32_t *x, int64_t n, int n_threads, int32_t *low, int32_t *high);
void vn_range_i64(const int64_t *x, int64_t n, int n_threads, int64_t *low, int64_t *high);

/* seen[x - low] = 1 for all n values; returns how many of the `size` marks are set afterwards, and
 * stops early once all are. Values that are not in low ... low + size - 1 mark nothing.
 * Equivalent NumPy code: seen[x - low] = 1; return seen.sum() */
int64_t vn_mark_i32(const int32_t *x, int64_t n, int64_t low, int64_t size, int n_threads,
                    uint8_t *seen);
int64_t vn_mark_i64(const int64_t *x, int64_t n, int64_t low, int64_t size, int n_threads,
                    uint8_t *seen);

/* codes = table[x - low], or x - low where table is NULL. codes may be x itself (int32).
 * Values that are not in low ... low + size - 1 are taken for low. */
void vn_take_i32(const int32_t *x, int64_t n, int64_t low, int64_t size, const int32_t *table,
                 int n_threads, int32_t *codes);
void vn_take_i64(const int64_t *x, int64_t n, int64_t low, int64_t size, const int32_t *table,
                 int n_threads, int32_t *codes);

/* First position that is 0 in a bitmap of validity (bit offset + i belongs to row i), or -1. */
int64_t vn_first_null(const uint8_t *bitmap, int64_t offset, int64_t n);

typedef struct vn_table vn_table;

/* Returns NULL when memory is short. */
vn_table *vn_table_new(void);
void vn_table_free(vn_table *table);
int64_t vn_table_size(const vn_table *table);
/* Bytes and length of a key; they stay where they are until the next key is added. */
const uint8_t *vn_table_key(const vn_table *table, int64_t code, int64_t *length);

/* Look up n keys, add those that are new, and give the code of each. VN_TOO_LARGE: 2^31 - 1 keys. */
vn_status vn_table_add(vn_table *table, const uint8_t *const *key, const int64_t *length, int64_t n,
                       int32_t *codes);

/* The same over whole columns, in parallel: n_tables threads at most, each with a table of its own.
 * Rows are taken VN_LABEL_ROWS at a time, and owner[b] is the table that coded those from
 * b * VN_LABEL_ROWS on. VN_INTERRUPTED, here and below: `poll` asked to stop. */
#define VN_LABEL_ROWS 8192
typedef enum {
    VN_TEXT_32,   /* Arrow utf8: data = bytes, index = int32 offsets */
    VN_TEXT_64,   /* Arrow large_utf8: data = bytes, index = int64 offsets */
    VN_TEXT_VIEW, /* Arrow utf8_view: index = 16-byte views, data = array of buffer pointers */
    VN_TEXT_UCS4, /* NumPy U: data = native 4-byte characters padded with 0, width per row */
    VN_KEY_8      /* 8-byte keys: data */
} vn_text_kind;

typedef struct {
    vn_text_kind kind;
    const void *data;
    const void *index; /* already moved to the first row */
    int64_t width;     /* VN_TEXT_UCS4: characters per row */
} vn_text;

vn_status vn_tables_add(vn_table **tables, int n_tables, const vn_text *text, int64_t n,
                        vn_poll poll, void *context, uint8_t *owner, int32_t *codes);

/* codes[i] = rank[t][codes[i]], t being the owner of row i; owner NULL: table 0 coded all. */
vn_status vn_tables_recode(int32_t *const *rank, const uint8_t *owner, int64_t n, int n_threads,
                           vn_poll poll, void *context, int32_t *codes);

/* Rank the union of the keys of several tables, by byte order (code-point order for UTF-8) or, for
 * numbers, by value as signed (2: unsigned) 8-byte integers. The union is left in tables[0]:
 * order[r] is the code there of the key of rank r, and rank[t][code] the rank of each table's key.
 * rank[0] needs room for the sum of all sizes, as does order. */
vn_status vn_tables_rank(vn_table **tables, int n_tables, int numbers, int n_threads, vn_poll poll,
                         void *context, int32_t *const *rank, int32_t *order, int64_t *n_keys);

#endif
