/* A table of cells is read, or becomes sorted cells over other codes: see vn_sums.h. */
#include <string.h>

#include "vn_sums_internal.h"
#include "vn_team.h"

#define ITEMS ((int64_t)256) /* smaller items of a block whose cells are sorted */
#define SHORT 24             /* cells up to which insertion is fastest */

static inline int is_tie(const double *sum) { return sum[VN_S_TIE] != 0.0; }

void vn_sums_read(const vn_sums *s, const vn_sums_out *out)
{
    const int64_t size = vn_sums_slot_bytes(s);
    int64_t n = 0;
    for (int p = 0; p < VN_SUMS_PARTS; p++)
        for (int64_t at = 0; at < s->part[p].n_slots; at++) {
            const uint64_t key = vn_sums_key_at(&s->part[p], at, size);
            if (!key) continue;
            double sum[VN_S_SUMS];
            vn_sums_masses(s, s->part[p].slot + at * size, sum);
            out->lo[n] = (int32_t)(key >> 32);
            out->hi[n] = (int32_t)(key >> 2 & 0x3FFFFFFFu);
            out->order[n] = (int8_t)((int)(key & 3) - 1);
            out->win[n] = sum[VN_S_WIN];
            out->loss[n] = sum[VN_S_LOSS];
            out->tie[n] = sum[VN_S_TIE];
            if (out->square) out->square[n] = sum[VN_S_SQUARE];
            if (out->other) out->other[n] = sum[VN_S_OTHER];
            n++;
        }
}

typedef struct {
    const vn_sums *s;
    const int32_t *place;
    int64_t n_codes, n_items;
    const vn_cells_out *out;
    int64_t *next; /* where the next cell of each smaller item goes */
    int64_t n_pairs, has_tie;
} write_job;

/* The smaller and the larger place of a key's items, and whether they have changed sides. */
static inline int places(const write_job *j, uint64_t key, int32_t *lo, int32_t *hi)
{
    const int32_t a = j->place[key >> 32], b = j->place[key >> 2 & 0x3FFFFFFFu];
    *lo = VN_MIN(a, b);
    *hi = VN_MAX(a, b);
    return a > b;
}

static vn_status count_part(void *arg, int64_t part, int worker)
{
    write_job *j = arg;
    const vn_sums_part *p = &j->s->part[part];
    const int64_t size = vn_sums_slot_bytes(j->s);
    (void)worker;
    for (int64_t at = 0; at < p->n_slots; at++) {
        const uint64_t key = vn_sums_key_at(p, at, size);
        if (!key) continue;
        if ((int64_t)(key >> 32) >= j->n_codes || (int64_t)(key >> 2 & 0x3FFFFFFFu) >= j->n_codes)
            return VN_BAD_VALUE;
        int32_t lo, hi;
        places(j, key, &lo, &hi);
        if (lo < 0 || hi >= j->n_items) return VN_BAD_VALUE;
        __atomic_fetch_add(&j->next[lo], 1, __ATOMIC_RELAXED);
    }
    return VN_OK;
}

static vn_status write_part(void *arg, int64_t part, int worker)
{
    write_job *j = arg;
    const vn_sums_part *p = &j->s->part[part];
    const vn_cells_out *out = j->out;
    const int64_t size = vn_sums_slot_bytes(j->s);
    int64_t ties = 0;
    (void)worker;
    for (int64_t at = 0; at < p->n_slots; at++) {
        const uint64_t key = vn_sums_key_at(p, at, size);
        if (!key) continue;
        int32_t lo, hi;
        const int turned = places(j, key, &lo, &hi), order = (int)(key & 3) - 1;
        double sum[VN_S_SUMS];
        vn_sums_masses(j->s, p->slot + at * size, sum);
        const int64_t to = __atomic_fetch_add(&j->next[lo], 1, __ATOMIC_RELAXED);
        out->hi[to] = hi;
        out->order[to] = (int8_t)(turned ? -order : order);
        out->win[to] = sum[turned ? VN_S_LOSS : VN_S_WIN];
        out->loss[to] = sum[turned ? VN_S_WIN : VN_S_LOSS];
        if (out->tie) out->tie[to] = sum[VN_S_TIE];
        if (out->square) out->square[to] = sum[turned ? VN_S_OTHER : VN_S_SQUARE];
        ties |= is_tie(sum);
    }
    if (ties) __atomic_store_n(&j->has_tie, 1, __ATOMIC_RELAXED);
    return VN_OK;
}

/* ---- the cells of one item --------------------------------------------------------------------- */

/* What a cell is sorted by, and where it was. */
typedef struct {
    uint64_t key;
    int64_t from;
} place_of;

static void sort_places(place_of *x, place_of *spare, int64_t n)
{
    if (n <= SHORT) {
        for (int64_t k = 1; k < n; k++) {
            const place_of own = x[k];
            int64_t at = k;
            for (; at > 0 && x[at - 1].key > own.key; at--) x[at] = x[at - 1];
            x[at] = own;
        }
        return;
    }
    const int64_t half = n / 2;
    sort_places(x, spare, half);
    sort_places(x + half, spare, n - half);
    memcpy(spare, x, sizeof *x * (size_t)half);
    int64_t a = 0, b = half, to = 0;
    while (a < half && b < n) {
        const int later = spare[a].key > x[b].key;
        x[to++] = later ? x[b] : spare[a];
        b += later;
        a += !later;
    }
    memcpy(x + to, spare + a, sizeof *x * (size_t)(half - a));
}

static void permute(double *x, const place_of *order, double *spare, int64_t n)
{
    if (!x) return;
    for (int64_t k = 0; k < n; k++) spare[k] = x[order[k].from];
    memcpy(x, spare, sizeof *x * (size_t)n);
}

static vn_status sort_items(void *arg, int64_t block, int worker)
{
    write_job *j = arg;
    const vn_cells_out *out = j->out;
    const int64_t first = block * ITEMS, stop = vn_block_end(j->n_items, ITEMS, block);
    int64_t most = 0, pairs = 0;
    (void)worker;
    for (int64_t i = first; i < stop; i++) most = VN_MAX(most, out->row_ptr[i + 1] - out->row_ptr[i]);
    if (!most) return VN_OK;
    place_of *x = vn_malloc(sizeof *x * 2 * (size_t)most);
    double *spare = vn_malloc(sizeof *spare * (size_t)most);
    for (int64_t i = first; x && spare && i < stop; i++) {
        const int64_t from = out->row_ptr[i], n = out->row_ptr[i + 1] - from;
        for (int64_t k = 0; k < n; k++)
            x[k] = (place_of){(uint64_t)out->hi[from + k] << 2 | (uint64_t)(out->order[from + k] + 1), k};
        sort_places(x, x + most, n);
        for (int64_t k = 0; k < n; k++) {
            out->hi[from + k] = (int32_t)(x[k].key >> 2);
            out->order[from + k] = (int8_t)((int)(x[k].key & 3) - 1);
            pairs += k == 0 || x[k].key >> 2 != x[k - 1].key >> 2;
        }
        permute(out->win + from, x, spare, n);
        permute(out->loss + from, x, spare, n);
        permute(out->tie ? out->tie + from : NULL, x, spare, n);
        permute(out->square ? out->square + from : NULL, x, spare, n);
    }
    const vn_status status = x && spare ? VN_OK : VN_NO_MEMORY;
    vn_free(x);
    vn_free(spare);
    __atomic_fetch_add(&j->n_pairs, pairs, __ATOMIC_RELAXED);
    return status;
}

vn_status vn_sums_write(const vn_sums *s, const int32_t *place, int64_t n_codes, int64_t n_items,
                        int n_threads, vn_poll poll, void *context, const vn_cells_out *out,
                        int64_t *n_pairs, int *has_tie)
{
    int64_t *next = vn_calloc((size_t)n_items, sizeof *next);
    write_job j = {.s = s, .place = place, .n_codes = n_codes, .n_items = n_items, .out = out,
                   .next = next};
    if (!next) return VN_NO_MEMORY;
    vn_status status = vn_team_run(count_part, &j, VN_SUMS_PARTS, n_threads, poll, context);
    if (status == VN_OK) {
        int64_t before = 0;
        for (int64_t i = 0; i < n_items; i++) {
            const int64_t own = next[i];
            next[i] = out->row_ptr[i] = before;
            before += own;
        }
        out->row_ptr[n_items] = before;
        status = vn_team_run(write_part, &j, VN_SUMS_PARTS, n_threads, poll, context);
    }
    vn_free(next);
    if (status == VN_OK)
        status = vn_team_run(sort_items, &j, vn_n_blocks(n_items, ITEMS), n_threads, poll, context);
    *n_pairs = j.n_pairs;
    *has_tie = (int)j.has_tie;
    return status;
}
