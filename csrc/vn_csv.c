/* Delimited text to fields and codes: see vn_csv.h.
 *
 * Fields are found eight bytes at a time: a byte equal to x is a zero of word ^ xxxxxxxx, and the
 * lowest zero byte of a word is the lowest high bit of (word - 01...) & ~word & 80.... */
#include "vn_csv.h"

#include <string.h>

#define BATCH 64
#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

static inline uint64_t zeros(uint64_t word)
{
    return (word - ONES) & ~word & HIGHS;
}

/* The first delimiter or newline from p on; there is one. */
static inline uint8_t *next_stop(uint8_t *p, uint64_t delimiters, uint64_t newlines)
{
    for (;;) {
        uint64_t word;
        memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        uint64_t hit = zeros(word ^ delimiters) | zeros(word ^ newlines);
        if (hit) {
            return p + (__builtin_ctzll(hit) >> 3);
        }
        p += 8;
    }
}

/* Blanks at p, none of which separates. */
static inline uint8_t *past_blanks(uint8_t *p, const vn_csv *how)
{
    while ((*p == ' ' || *p == '\t') && *p != how->delimiter) {
        p++;
    }
    return p;
}

/* Take the quotes off a field in place; p is behind the first one. Returns the delimiter or newline
 * behind the field (`end` if there is none), and where what is in it ends. */
static uint8_t *unquoted(uint8_t *p, uint8_t *end, const vn_csv *how, uint8_t **stop)
{
    uint8_t *to = p;
    for (;;) {
        uint8_t *close = memchr(p, how->quote, (size_t)(end - p));
        size_t n = (size_t)((close == NULL ? end : close) - p);
        if (to != p) {
            memmove(to, p, n);
        }
        to += n;
        if (close == NULL) {
            *stop = to;
            return end;
        }
        p = close + 1;
        if (p < end && *p == how->quote) {
            *to++ = *p++;
            continue;
        }
        break;
    }
    while (p < end && *p != how->delimiter && *p != how->newline) { /* what follows the quote */
        int blank = *p == ' ' || *p == '\t' || *p == '\r';
        if (!blank) {
            *to++ = *p;
        }
        p++;
    }
    *stop = to;
    return p;
}

int64_t vn_csv_cut(const uint8_t *text, int64_t n, const vn_csv *how)
{
    if (how->quote == 0 || memchr(text, how->quote, (size_t)n) == NULL) {
        while (n > 0 && text[n - 1] != how->newline) {
            n--;
        }
        return n;
    }
    int64_t whole = 0, i = 0;
    int begins = 1; /* a field does */
    while (i < n) {
        uint8_t c = text[i];
        if (begins && c == how->quote) {
            for (i++; i < n; i++) {
                const uint8_t *close = memchr(text + i, how->quote, (size_t)(n - i));
                if (close == NULL) {
                    return whole;
                }
                i = close - text;
                if (i + 1 >= n || text[i + 1] != how->quote) {
                    break;
                }
                i++;
            }
            begins = 0;
        } else if (c == how->newline) {
            whole = i + 1;
            begins = 1;
        } else if (c == how->delimiter) {
            begins = 1;
        } else if (!(how->trim && (c == ' ' || c == '\t'))) {
            begins = 0;
        }
        i++;
    }
    return whole;
}

VN_CLONES int64_t vn_csv_most(const uint8_t *text, int64_t n, uint8_t newline)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        count += text[i] == newline;
    }
    return count;
}

vn_status vn_csv_split(uint8_t *text, int64_t n, const vn_csv *how, int64_t most, int64_t stop,
                       uint32_t *start, uint32_t *length, int64_t *n_rows, int64_t *n_fields,
                       int64_t *used)
{
    const uint64_t delimiters = how->delimiter * ONES, newlines = how->newline * ONES;
    const int64_t n_columns = how->n_columns;
    uint8_t *p = text, *end = text + n;
    int64_t row = 0;
    *n_fields = n_columns;
    while (p < end && row != stop) {
        int64_t column = 0;
        int filled = 0, over = 0;
        uint8_t last;
        *used = p - text;
        do {
            uint8_t *from = how->trim ? past_blanks(p, how) : p, *to;
            if (how->quote != 0 && *from == how->quote) {
                from++;
                p = unquoted(from, end, how, &to);
            } else {
                to = p = next_stop(from, delimiters, newlines);
                if (to > from && to[-1] == '\r' && *p == how->newline) {
                    to--;
                }
                while (how->trim && to > from && (to[-1] == ' ' || to[-1] == '\t')) {
                    to--;
                }
            }
            last = p < end ? *p : how->newline;
            p++;
            filled |= to > from;
            if (column >= n_columns) {
                over |= to > from;
            } else if (how->place[column] >= 0) {
                int64_t at = how->place[column] * most + row;
                start[at] = to > from ? (uint32_t)(from - text) : VN_CSV_EMPTY;
                length[at] = (uint32_t)(to - from);
            }
            column++;
        } while (last != how->newline);
        if (column == 1 && !filled) {
            continue; /* a blank line */
        }
        if (over || (column < n_columns && filled)) {
            *n_rows = row;
            *n_fields = column;
            return VN_BAD_VALUE;
        }
        for (; column < n_columns; column++) {
            if (how->place[column] >= 0) {
                start[how->place[column] * most + row] = VN_CSV_EMPTY;
                length[how->place[column] * most + row] = 0;
            }
        }
        row++;
    }
    *n_rows = row;
    *used = VN_MIN(p, end) - text;
    return VN_OK;
}

vn_status vn_csv_code(const uint8_t *text, const uint32_t *start, const uint32_t *length, int64_t n,
                      int64_t most_keys, vn_table *table, int32_t *codes)
{
    const uint8_t *key[BATCH];
    int64_t lengths[BATCH], row[BATCH];
    int32_t code[BATCH];
    for (int64_t i = 0; i < n;) {
        int64_t m = 0;
        for (; i < n && m < BATCH; i++) {
            if (start[i] == VN_CSV_EMPTY) {
                codes[i] = -1;
                continue;
            }
            key[m] = text + start[i];
            lengths[m] = length[i];
            row[m++] = i;
        }
        vn_status status = vn_table_add(table, key, lengths, m, code);
        if (status != VN_OK || vn_table_size(table) > most_keys) {
            return status != VN_OK ? status : VN_TOO_LARGE;
        }
        for (int64_t j = 0; j < m; j++) {
            codes[row[j]] = code[j];
        }
    }
    return VN_OK;
}

void vn_csv_gather(const uint8_t *text, const uint32_t *start, const uint32_t *length, int64_t n,
                   int32_t *offsets, uint8_t *data)
{
    int32_t at = 0;
    for (int64_t i = 0; i < n; i++) {
        offsets[i] = at;
        if (start[i] == VN_CSV_EMPTY) {
            continue;
        }
        if (data != NULL) {
            memcpy(data + at, text + start[i], length[i]);
        }
        at += (int32_t)length[i];
    }
    offsets[n] = at;
}

void vn_csv_keys(const vn_table *table, int32_t *offsets, uint8_t *data)
{
    int64_t n = vn_table_size(table), at = 0;
    for (int64_t k = 0; k < n; k++) {
        int64_t length = 0;
        const uint8_t *key = vn_table_key(table, k, &length);
        offsets[k] = (int32_t)at;
        if (data != NULL) {
            memcpy(data + at, key, (size_t)length);
        }
        at += length;
    }
    offsets[n] = (int32_t)at;
}
