/* Few items, many hard outcomes: count in a table indexed by (item with the advantage, other item).
 *
 * Each thread adds rows to a table of its own that packs three 21-bit counters (loss, tie, win of
 * the first index) into 64 bits, and empties it into the common table of float64 counts before a
 * counter can overflow. Counts are whole numbers, so the order of additions does not matter.
 * Layout of the common table: kind (0: with an advantage, 1: neutral) x outcome x n x n. */
#include <stdlib.h>
#include <string.h>

#include "vn_cells_internal.h"

enum { LOSS = 0, TIE = 1, WIN = 2 };
#define FIELD 21
#define FLUSH (((int64_t)1 << FIELD) - 1)

/* Returns 1 when every score was hard. */
VN_CLONES
static int add_rows(const vn_rows *rows, int64_t begin, int64_t end, uint64_t *packed)
{
    const int64_t n = rows->n_items;
    int soft = 0;
    for (int64_t r = begin; r < end; r++) {
        int64_t a = rows->first[r], b = rows->second[r], kind = 0;
        const double s = rows->score ? rows->score[r] : rows->one_score;
        const double twice = s + s;
        int k = (int)twice;
        soft |= (double)k != twice;
        if (rows->order) {
            const int adv = rows->order[r];
            if (adv < 0) {
                const int64_t c = a;
                a = b;
                b = c;
                k = 2 - k;
            }
            kind = adv == 0;
        }
        packed[(kind * n + a) * n + b] += (uint64_t)1 << (FIELD * (k & 3));
    }
    return !soft;
}

/* Scores as in add_rows; k & 3 keeps the shift defined whatever the score. */

static void empty_tables(uint64_t *packed, int n_tables, int64_t size, int64_t n2, int n_threads,
                         double *table)
{
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static))
    for (int64_t i = 0; i < size; i++) {
        double *t = table + (i / n2) * 3 * n2 + i % n2;
        for (int p = 0; p < n_tables; p++) {
            const uint64_t v = packed[p * size + i];
            if (!v) continue;
            packed[p * size + i] = 0;
            t[LOSS * n2] += (double)(v & FLUSH);
            t[TIE * n2] += (double)(v >> FIELD & FLUSH);
            t[WIN * n2] += (double)(v >> (2 * FIELD) & FLUSH);
        }
    }
}

/* The cell of (lo, hi, class): returns whether it has any comparison; loss, tie, win of lo. */
static inline int table_cell(const double *table, int64_t n, int kinds, int64_t lo, int64_t hi,
                             int cls, double *out)
{
    const int64_t n2 = n * n, forward = lo * n + hi, back = hi * n + lo;
    out[LOSS] = out[TIE] = out[WIN] = 0.0;
    if (cls == 0 && kinds == 1) return 0;
    const double *t = table + (cls == 0 ? 3 * n2 : 0);
    if (cls >= 0) {
        for (int k = 0; k < 3; k++) out[k] += t[k * n2 + forward];
    }
    if (cls <= 0) {
        for (int k = 0; k < 3; k++) out[k] += t[(2 - k) * n2 + back];
    }
    return out[LOSS] + out[TIE] + out[WIN] > 0.0;
}

vn_status vn_table_count(const vn_rows *rows, int n_threads, vn_sorted *s, int *soft,
                         int64_t *bad_row)
{
    const int64_t n = rows->n_items, n2 = n * n, kinds = rows->order ? 2 : 1, size = kinds * n2;
    uint64_t *packed = calloc((size_t)(size * n_threads), sizeof(uint64_t));
    s->table = calloc((size_t)(3 * size), sizeof(double));
    s->chunk_cells = calloc((size_t)n + 1, sizeof(int64_t));
    vn_status status = VN_NO_MEMORY;
    if (!packed || !s->table || !s->chunk_cells) goto done;
    status = VN_OK;
    int all_hard = 1;
    for (int64_t done = 0; done < rows->n_rows && all_hard; done += FLUSH * n_threads) {
        const int64_t left = VN_MIN(rows->n_rows - done, FLUSH * n_threads);
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, 1) reduction(&:all_hard))
        for (int t = 0; t < n_threads; t++) {
            const int64_t from = done + left * t / n_threads, to = done + left * (t + 1) / n_threads;
            all_hard &= add_rows(rows, from, to, packed + t * size);
        }
        empty_tables(packed, n_threads, size, n2, n_threads, s->table);
    }
    if (!all_hard) {
        *soft = 1;
        free(s->table);
        free(s->chunk_cells);
        s->table = NULL;
        s->chunk_cells = NULL;
        goto done;
    }
    for (int64_t i = 0; i < n * kinds; i++) {
        const double *t = s->table + (i / n) * 3 * n2 + (i % n) * (n + 1);
        if (t[0] + t[n2] + t[2 * n2] > 0.0) {
            for (int64_t r = 0; r < rows->n_rows; r++)
                if (rows->first[r] == rows->second[r]) {
                    *bad_row = r;
                    break;
                }
            status = VN_BAD_VALUE;
            goto done;
        }
    }
    int64_t pairs = 0;
    int ties = 0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 16) reduction(+:pairs) reduction(|:ties))
    for (int64_t lo = 0; lo < n; lo++) {
        int64_t cells = 0;
        double m[3];
        for (int64_t hi = lo + 1; hi < n; hi++) {
            int any = 0;
            for (int cls = -1; cls <= 1; cls++) {
                if (!table_cell(s->table, n, (int)kinds, lo, hi, cls, m)) continue;
                any = 1;
                cells++;
                ties |= m[TIE] > 0.0;
            }
            pairs += any;
        }
        s->chunk_cells[lo + 1] = cells;
    }
    for (int64_t i = 0; i < n; i++) s->chunk_cells[i + 1] += s->chunk_cells[i];
    s->n_cells = s->chunk_cells[n];
    s->n_pairs = pairs;
    s->has_tie = ties;
done:
    free(packed);
    return status;
}

vn_status vn_table_write(const vn_rows *rows, const vn_sorted *s, int n_threads,
                         int64_t *row_ptr, int32_t *hi, int8_t *order, double *win, double *loss,
                         double *tie)
{
    const int64_t n = rows->n_items;
    const int kinds = rows->order ? 2 : 1;
    memcpy(row_ptr, s->chunk_cells, sizeof(int64_t) * (size_t)(n + 1));
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 16))
    for (int64_t lo = 0; lo < n; lo++) {
        int64_t cell = s->chunk_cells[lo];
        double m[3];
        for (int64_t h = lo + 1; h < n; h++)
            for (int cls = -1; cls <= 1; cls++) {
                if (!table_cell(s->table, n, kinds, lo, h, cls, m)) continue;
                hi[cell] = (int32_t)h;
                order[cell] = (int8_t)cls;
                loss[cell] = m[LOSS];
                win[cell] = m[WIN];
                if (tie) tie[cell] = m[TIE];
                cell++;
            }
    }
    return VN_OK;
}
