/* Delimited text: a block of rows to fields, the fields of a column to codes.
 *
 * A row ends with a newline outside of quotes, and a quote means something only where a field begins
 * (after blanks, if they are trimmed); inside it a quote is written twice. Fields are positions in
 * the block: nothing is copied but what a doubled quote moves, in the block itself. */
#ifndef VN_CSV_H
#define VN_CSV_H

#include "vn_labels.h"

#define VN_CSV_SLACK 8              /* readable bytes behind a block */
#define VN_CSV_EMPTY UINT32_MAX     /* start of a field that holds nothing */
#define VN_CSV_LONGEST (1 << 30)    /* bytes of a block at most */

typedef struct {
    const int32_t *place; /* of each column of the table: position among those wanted, or -1 */
    int64_t n_columns;
    uint8_t delimiter;
    uint8_t newline; /* a '\r' before '\n' belongs to it */
    uint8_t quote;   /* 0: none */
    uint8_t trim;    /* blanks around a field are no part of it */
} vn_csv;

/* Bytes of the whole rows at the start of a block; 0 if none ends in it. */
int64_t vn_csv_cut(const uint8_t *text, int64_t n, const vn_csv *how);

/* Rows of a block at most: its newlines.
 * Equivalent NumPy code: (text == newline).sum() */
int64_t vn_csv_most(const uint8_t *text, int64_t n, uint8_t newline);

/* Split whole rows. Field i of wanted column w is the length[w * most + i] bytes from
 * start[w * most + i] on; one that holds nothing starts at VN_CSV_EMPTY. Blank lines are no rows;
 * fields that are too many or missing do no harm where there is nothing in them, or in the row.
 *
 * VN_BAD_VALUE: row n_rows has n_fields fields, not n_columns. With `stop` >= 0 the row of that
 * number is not split any more, and `used` is where it begins. */
vn_status vn_csv_split(uint8_t *text, int64_t n, const vn_csv *how, int64_t most, int64_t stop,
                       uint32_t *start, uint32_t *length, int64_t *n_rows, int64_t *n_fields,
                       int64_t *used);

/* Codes of n fields in `table`, -1 where there is nothing. Gives up, and returns VN_TOO_LARGE, when
 * the table has more than `most_keys`. */
vn_status vn_csv_code(const uint8_t *text, const uint32_t *start, const uint32_t *length, int64_t n,
                      int64_t most_keys, vn_table *table, int32_t *codes);

/* The fields themselves, one after the other: Arrow's utf8. offsets has n + 1 entries; with data
 * NULL only they are made. */
void vn_csv_gather(const uint8_t *text, const uint32_t *start, const uint32_t *length, int64_t n,
                   int32_t *offsets, uint8_t *data);

/* The keys of a table in the order of their codes, likewise. */
void vn_csv_keys(const vn_table *table, int32_t *offsets, uint8_t *data);

#endif
