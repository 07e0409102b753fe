/* A table of cells is read, or becomes sorted cells over other codes: see vn_sums.h. */
#include <string.h>

#include "vn_sums_internal.h"
#include "vn_team.h"

#define ITEMS ((int64_t)256) /* smaller items of a block whose cells are sorted */
#define SHORT 24             /* cells up to which insertion is fastest */
#define AHEAD 32             /* cells that are fetched before they are needed */

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

void vn_sums_mark(const vn_sums *s, uint8_t *seen)
{
    const int64_t size = vn_sums_slot_bytes(s);
    for (int p = 0; p < VN_SUMS_PARTS; p++)
        for (int64_t at = 0; at < s->part[p].n_slots; at++) {
            const uint64_t key = vn_sums_key_at(&s->part[p], at, size);
            if (key) seen[key >> 32] = seen[key >> 2 & 0x3FFFFFFFu] = 1;
        }
}

typedef struct {
    const vn_sums *s;
    const int32_t *place;
    int64_t n_codes, n_items;
    const vn_cells_out *out;
    int64_t *next;  /* where the next cell of each smaller item goes */
    uint64_t *note; /* of each cell */
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

/* What a cell is sorted by, and where it lies: larger item (30 bits), order + 1 (2), part (6), whether
 * its items have changed sides (1), slot (25). */
static vn_status note_part(void *arg, int64_t part, int worker)
{
    write_job *j = arg;
    const vn_sums_part *p = &j->s->part[part];
    const int64_t size = vn_sums_slot_bytes(j->s);
    (void)worker;
    for (int64_t at = 0; at < p->n_slots; at++) {
        const uint64_t key = vn_sums_key_at(p, at, size);
        if (!key) continue;
        int32_t lo, hi;
        const int turned = places(j, key, &lo, &hi);
        const uint64_t order = turned ? 2 - (key & 3) : key & 3;
        const int64_t to = __atomic_fetch_add(&j->next[lo], 1, __ATOMIC_RELAXED);
        j->note[to] = (uint64_t)hi << 34 | order << 32 | (uint64_t)part << 26 | (uint64_t)turned << 25
                    | (uint64_t)at;
    }
    return VN_OK;
}

/* ---- the cells of one item --------------------------------------------------------------------- */

/* Sort notes: the upper 32 bits differ. */
static void sort_places(uint64_t *x, uint64_t *spare, int64_t n)
{
    if (n <= SHORT) {
        for (int64_t k = 1; k < n; k++) {
            const uint64_t own = x[k];
            int64_t at = k;
            for (; at > 0 && x[at - 1] > own; at--) x[at] = x[at - 1];
            x[at] = own;
        }
        return;
    }
    const int64_t half = n / 2;
    sort_places(x, spare, half);
    sort_places(x + half, spare, n - half);
    if (x[half - 1] <= x[half]) return;
    memcpy(spare, x, sizeof *x * (size_t)half);
    int64_t a = 0, b = half, to = 0;
    while (a < half && b < n) { /* which comes next is anyone's guess: chosen without a branch */
        const int later = spare[a] > x[b];
        x[to++] = later ? x[b] : spare[a];
        b += later;
        a += !later;
    }
    memcpy(x + to, spare + a, sizeof *x * (size_t)(half - a));
}

static inline const char *slot_at(const vn_sums *s, uint64_t note, int64_t size)
{
    return s->part[note >> 26 & 63].slot + (int64_t)(note & ((1u << 25) - 1)) * size;
}

static vn_status write_items(void *arg, int64_t block, int worker)
{
    write_job *j = arg;
    const vn_cells_out *out = j->out;
    const int64_t first = block * ITEMS, stop = vn_block_end(j->n_items, ITEMS, block);
    const int64_t from = out->row_ptr[first], end = out->row_ptr[stop], size = vn_sums_slot_bytes(j->s);
    int64_t most = 0, pairs = 0;
    int ties = 0;
    (void)worker;
    for (int64_t i = first; i < stop; i++) most = VN_MAX(most, out->row_ptr[i + 1] - out->row_ptr[i]);
    if (!most) return VN_OK;
    uint64_t *spare = vn_malloc(sizeof *spare * (size_t)most);
    if (!spare) return VN_NO_MEMORY;
    for (int64_t i = first; i < stop; i++) {
        const int64_t begin = out->row_ptr[i], n = out->row_ptr[i + 1] - begin;
        sort_places(j->note + begin, spare, n);
        for (int64_t k = begin; k < begin + n; k++)
            pairs += k == begin || j->note[k] >> 34 != j->note[k - 1] >> 34;
    }
    vn_free(spare);
    for (int64_t k = from; k < end; k++) {
        if (k + AHEAD < end) __builtin_prefetch(slot_at(j->s, j->note[k + AHEAD], size));
        const uint64_t note = j->note[k];
        const int turned = (int)(note >> 25 & 1);
        double sum[VN_S_SUMS];
        vn_sums_masses(j->s, slot_at(j->s, note, size), sum);
        out->hi[k] = (int32_t)(note >> 34);
        out->order[k] = (int8_t)((int)(note >> 32 & 3) - 1);
        out->win[k] = sum[turned ? VN_S_LOSS : VN_S_WIN];
        out->loss[k] = sum[turned ? VN_S_WIN : VN_S_LOSS];
        if (out->tie) out->tie[k] = sum[VN_S_TIE];
        if (out->square) out->square[k] = sum[turned ? VN_S_OTHER : VN_S_SQUARE];
        ties |= sum[VN_S_TIE] != 0.0;
    }
    if (ties) __atomic_store_n(&j->has_tie, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&j->n_pairs, pairs, __ATOMIC_RELAXED);
    return VN_OK;
}

vn_status vn_sums_write(const vn_sums *s, const int32_t *place, int64_t n_codes, int64_t n_items,
                        int n_threads, vn_poll poll, void *context, const vn_cells_out *out,
                        int64_t *n_pairs, int *has_tie)
{
    int64_t *next = vn_calloc((size_t)n_items, sizeof *next);
    uint64_t *note = vn_malloc(sizeof *note * (size_t)VN_MAX(vn_sums_size(s), 1));
    write_job j = {.s = s, .place = place, .n_codes = n_codes, .n_items = n_items, .out = out,
                   .next = next, .note = note};
    vn_status status = next && note ? VN_OK : VN_NO_MEMORY;
    if (status == VN_OK)
        status = vn_team_run(count_part, &j, VN_SUMS_PARTS, n_threads, poll, context);
    if (status == VN_OK) {
        int64_t before = 0;
        for (int64_t i = 0; i < n_items; i++) {
            const int64_t own = next[i];
            next[i] = out->row_ptr[i] = before;
            before += own;
        }
        out->row_ptr[n_items] = before;
        status = vn_team_run(note_part, &j, VN_SUMS_PARTS, n_threads, poll, context);
    }
    if (status == VN_OK)
        status = vn_team_run(write_items, &j, vn_n_blocks(n_items, ITEMS), n_threads, poll, context);
    vn_free(next);
    vn_free(note);
    *n_pairs = j.n_pairs;
    *has_tie = (int)j.has_tie;
    return status;
}
