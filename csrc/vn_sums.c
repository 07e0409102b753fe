/* Rows of comparisons into a table of cells: see vn_sums.h. The table is read in vn_sums_write.c. */
#include "vn_sums_internal.h"

#include <string.h>

#include "vn_team.h"

#define BATCH 1024                /* rows whose keys are found together */
#define AHEAD 128                 /* rows whose slots are fetched before they are needed */
#define ROWS ((int64_t)1 << 20)   /* rows between two looks for an interrupt */
#define LARGE ((int64_t)2 << 20)  /* bytes of a part */
#define FULL(n_slots) ((n_slots) / 5 * 4) /* cells beyond which a table grows */

/* ---- the table -------------------------------------------------------------------------------- */

static vn_sums *new_table(int is_soft)
{
    vn_sums *s = vn_calloc(1, sizeof *s);
    if (s) s->is_soft = is_soft;
    return s;
}

vn_sums *vn_sums_new(void) { return new_table(0); }

void vn_sums_free(vn_sums *s)
{
    if (!s) return;
    for (int p = 0; p < VN_SUMS_PARTS; p++) vn_free(s->part[p].slot);
    vn_sums_free(s->spill);
    vn_free(s);
}

int64_t vn_sums_size(const vn_sums *s)
{
    int64_t n = 0;
    for (int p = 0; p < VN_SUMS_PARTS; p++) n += s->part[p].n_cells;
    return n;
}

int64_t vn_sums_bytes(const vn_sums *s)
{
    int64_t n = (int64_t)sizeof *s + (s->spill ? vn_sums_bytes(s->spill) : 0);
    for (int p = 0; p < VN_SUMS_PARTS; p++) n += s->part[p].n_slots * vn_sums_slot_bytes(s);
    return n;
}

int64_t vn_sums_codes(const vn_sums *s) { return s->n_codes; }

int vn_sums_is_soft(const vn_sums *s) { return s->is_soft; }

/* Where a key is, or would be. */
__attribute__((always_inline)) static inline int64_t seek(const vn_sums_part *p, uint64_t key,
                                                          uint64_t hash, int64_t size)
{
    int64_t at = vn_sums_home(p, hash);
    for (;;) { /* a line at a time: which of its slots it is is anyone's guess */
        unsigned here = 0;
        for (int k = 0; k < VN_SUMS_LINE; k++) {
            const uint64_t found = vn_sums_key_at(p, at + k, size);
            here |= (unsigned)((found == key) | (found == 0)) << k; /* empty ones are the last */
        }
        if (here) return at + __builtin_ctz(here);
        at += VN_SUMS_LINE;
        if (at == p->n_slots) at = 0;
    }
}

static vn_status grow(vn_sums_part *p, int64_t size)
{
    /* twice as many, of a large table a third more */
    const int64_t more = p->n_slots * size < LARGE ? p->n_slots : p->n_slots / 10 * 3;
    const int64_t wanted = p->n_slots + more + 32;
    vn_sums_part q = {NULL, wanted / VN_SUMS_LINE * VN_SUMS_LINE, p->n_cells};
    if (q.n_slots >= VN_SUMS_MOST) return VN_TOO_LARGE;
    q.slot = vn_aligned_alloc(64, (size_t)(q.n_slots * size));
    if (!q.slot) return VN_NO_MEMORY;
    memset(q.slot, 0, (size_t)(q.n_slots * size));
    for (int64_t k = 0; k < p->n_slots; k++) {
        const uint64_t key = vn_sums_key_at(p, k, size);
        if (!key) continue;
        const int64_t at = seek(&q, key, vn_sums_hash(key), size);
        memcpy(q.slot + at * size, p->slot + k * size, (size_t)size);
    }
    vn_free(p->slot);
    *p = q;
    return VN_OK;
}

/* The slot of a key, which is added if need be; NULL: there is no memory. */
__attribute__((always_inline)) static inline void *slot_of(vn_sums_part *p, uint64_t key, uint64_t hash,
                                                           int64_t size)
{
    int64_t at = p->n_slots ? seek(p, key, hash, size) : 0;
    if (!p->n_slots || vn_sums_key_at(p, at, size) == 0) {
        if (p->n_cells >= FULL(p->n_slots)) {
            if (grow(p, size) != VN_OK) return NULL;
            at = seek(p, key, hash, size);
        }
        *(uint64_t *)(void *)(p->slot + at * size) = key;
        p->n_cells++;
    }
    return p->slot + at * size;
}

const double *vn_sums_spilt(const vn_sums *s, uint64_t key)
{
    const uint64_t hash = vn_sums_hash(key);
    const vn_sums_part *p = &s->spill->part[vn_sums_part_of(hash)];
    if (!p->n_slots) return NULL;
    const int64_t at = seek(p, key, hash, (int64_t)sizeof(vn_sums_summed));
    const vn_sums_summed *x = (const vn_sums_summed *)(const void *)p->slot + at;
    return x->key ? x->sum : NULL;
}

/* Counts become sums, part by part. */
static vn_status soften(vn_sums *s)
{
    for (int k = 0; k < VN_SUMS_PARTS; k++) {
        vn_sums_part *p = &s->part[k], q = {NULL, p->n_slots, p->n_cells};
        if (!p->n_slots) continue;
        vn_sums_summed *to = vn_calloc((size_t)p->n_slots, sizeof *to);
        if (!to) { /* parts before it are sums already: nothing can be made of this table any more */
            for (int j = k; j < VN_SUMS_PARTS; j++) s->part[j].n_slots = s->part[j].n_cells = 0;
            s->is_soft = 1;
            return VN_NO_MEMORY;
        }
        for (int64_t at = 0; at < p->n_slots; at++) {
            const char *from = p->slot + at * (int64_t)sizeof(vn_sums_counted);
            to[at].key = *(const uint64_t *)(const void *)from;
            if (to[at].key) vn_sums_masses(s, from, to[at].sum);
        }
        q.slot = (char *)to;
        vn_free(p->slot);
        *p = q;
    }
    vn_sums_free(s->spill);
    s->spill = NULL;
    s->is_soft = 1;
    return VN_OK;
}

vn_status vn_sums_scale(vn_sums *s, double by)
{
    const vn_status status = s->is_soft ? VN_OK : soften(s);
    if (status != VN_OK) return status;
    for (int k = 0; k < VN_SUMS_PARTS; k++)
        for (int64_t at = 0; at < s->part[k].n_slots; at++) {
            vn_sums_summed *x = (vn_sums_summed *)(void *)s->part[k].slot + at;
            for (int j = 0; j < VN_S_SUMS; j++) x->sum[j] *= by;
        }
    return VN_OK;
}

/* ---- keys ------------------------------------------------------------------------------------- */

typedef struct {
    vn_sums *s;
    const vn_rows *rows;
    const double *other;
    int counts, n_shares;
    int64_t begin, end;
    int64_t bad_row; /* the first that does not compare two items; n_rows: none */
    vn_sums *spill[VN_SUMS_PARTS]; /* of each share */
} add_job;

/* Keys and hashes of n rows, and which are seen from the other side. Returns the first row that does not
 * compare two items, or -1. */
VN_CLONES
static int64_t find_keys(const vn_rows *rows, int64_t begin, int n, uint64_t *key, uint64_t *hash,
                         uint64_t *flip)
{
    const uint32_t n_items = (uint32_t)rows->n_items;
    uint32_t wrong = 0;
    const int32_t *first = rows->first + begin, *second = rows->second + begin;
    const int8_t *order = rows->order ? rows->order + begin : NULL;
    for (int i = 0; i < n; i++) {
        const uint32_t a = (uint32_t)first[i], b = (uint32_t)second[i];
        const uint32_t lo = VN_MIN(a, b), hi = VN_MAX(a, b);
        wrong |= (uint32_t)(hi >= n_items) | (uint32_t)(a == b);
        flip[i] = a > b;
        key[i] = (uint64_t)lo << 32 | (uint64_t)hi << 2;
    }
    if (order)
        for (int i = 0; i < n; i++) key[i] |= (uint64_t)(1 + (flip[i] ? -order[i] : order[i]));
    else
        for (int i = 0; i < n; i++) key[i] |= flip[i] ? 0u : 2u;
    for (int i = 0; i < n; i++) hash[i] = vn_sums_hash(key[i]);
    if (wrong)
        for (int i = 0; i < n; i++) {
            const uint32_t a = (uint32_t)first[i], b = (uint32_t)second[i];
            if (a >= n_items || b >= n_items || a == b) return begin + i;
        }
    return -1;
}

/* Keep the rows of a share, with their positions. */
static int keep_share(const add_job *j, int64_t share, int n, uint64_t *key, uint64_t *hash,
                      uint64_t *flip, int32_t *row)
{
    int m = 0;
    for (int i = 0; i < n; i++) {
        const int own = vn_sums_part_of(hash[i]) % j->n_shares == share;
        key[m] = key[i];
        hash[m] = hash[i];
        flip[m] = flip[i];
        row[m] = i;
        m += own;
    }
    return m;
}

__attribute__((always_inline)) static inline void fetch(const vn_sums *s, uint64_t hash, int64_t size)
{
    const vn_sums_part *p = &s->part[vn_sums_part_of(hash)];
    __builtin_prefetch(p->slot + vn_sums_home(p, hash) * size, 1, 3);
}

/* ---- counts ----------------------------------------------------------------------------------- */

/* Move what a counter is about to lose, or what it never could hold, to sums of the share. */
static vn_status spill(add_job *j, int64_t share, uint64_t key, double win, double loss, double tie)
{
    if (!j->spill[share]) j->spill[share] = new_table(1);
    if (!j->spill[share]) return VN_NO_MEMORY;
    const uint64_t hash = vn_sums_hash(key);
    vn_sums_summed *x = slot_of(&j->spill[share]->part[vn_sums_part_of(hash)], key, hash,
                                (int64_t)sizeof(vn_sums_summed));
    if (!x) return VN_NO_MEMORY;
    x->sum[VN_S_WIN] += win;
    x->sum[VN_S_LOSS] += loss;
    x->sum[VN_S_TIE] += tie;
    return VN_OK;
}

/* What n rows add to the counters of the smaller item. */
VN_CLONES
static void find_steps(const vn_rows *rows, int64_t begin, int n, const uint64_t *flip, uint64_t *step)
{
    for (int i = 0; i < n; i++) {
        const double s = rows->score ? rows->score[begin + i] : rows->one_score;
        const uint64_t twice = (uint64_t)(int64_t)(s + s), out = flip[i] ? 2 - twice : twice;
        step[i] = (uint64_t)1 << (out * VN_SUMS_COUNTER & 63);
    }
}

static vn_status count_rows(add_job *j, int64_t share, int n, const uint64_t *key, const uint64_t *hash,
                            const uint64_t *step)
{
    const int64_t size = (int64_t)sizeof(vn_sums_counted);
    for (int i = 0; i < n; i++) {
        if (i + AHEAD < n) fetch(j->s, hash[i + AHEAD], size);
        vn_sums_counted *x = slot_of(&j->s->part[vn_sums_part_of(hash[i])], key[i], hash[i], size);
        if (!x) return VN_NO_MEMORY;
        x->count += step[i];
        if (__builtin_expect((x->count & VN_SUMS_HIGH) != 0, 0)) {
            const uint64_t c = x->count;
            x->count = 0;
            const vn_status status = spill(j, share, key[i],
                                           (double)(c >> (2 * VN_SUMS_COUNTER) & VN_SUMS_MASK),
                                           (double)(c & VN_SUMS_MASK),
                                           (double)(c >> VN_SUMS_COUNTER & VN_SUMS_MASK));
            if (status != VN_OK) return status;
        }
    }
    return VN_OK;
}

/* Counts that come as masses: the table counts none of them, but has their cells. */
static vn_status count_masses(add_job *j, int64_t share, int64_t begin, int n, const uint64_t *key,
                              const uint64_t *hash, const uint64_t *flip, const int32_t *row)
{
    const vn_rows *rows = j->rows;
    const int64_t size = (int64_t)sizeof(vn_sums_counted);
    const double limit = (double)((uint64_t)1 << (VN_SUMS_COUNTER - 2));
    for (int i = 0; i < n; i++) {
        if (i + AHEAD < n) fetch(j->s, hash[i + AHEAD], size);
        const int64_t r = begin + row[i];
        const double tie = rows->tie ? rows->tie[r] : 0.0;
        const double win = flip[i] ? rows->loss[r] : rows->win[r];
        const double loss = flip[i] ? rows->win[r] : rows->loss[r];
        vn_sums_counted *x = slot_of(&j->s->part[vn_sums_part_of(hash[i])], key[i], hash[i], size);
        if (!x) return VN_NO_MEMORY;
        const uint64_t c = x->count;
        const double sum[3] = {win + (double)(c >> (2 * VN_SUMS_COUNTER) & VN_SUMS_MASK),
                               loss + (double)(c & VN_SUMS_MASK),
                               tie + (double)(c >> VN_SUMS_COUNTER & VN_SUMS_MASK)};
        if (sum[0] < limit && sum[1] < limit && sum[2] < limit) {
            x->count = (uint64_t)sum[0] << (2 * VN_SUMS_COUNTER) | (uint64_t)sum[1]
                     | (uint64_t)sum[2] << VN_SUMS_COUNTER;
            continue;
        }
        x->count = 0;
        const vn_status status = spill(j, share, key[i], sum[0], sum[1], sum[2]);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

/* ---- sums ------------------------------------------------------------------------------------- */

/* The masses of row r, seen from the smaller item. */
static inline void masses_of(const add_job *j, int64_t r, int flip, double *m)
{
    const vn_rows *rows = j->rows;
    double square, other;
    if (rows->win) {
        m[VN_S_WIN] = rows->win[r];
        m[VN_S_LOSS] = rows->loss[r];
        m[VN_S_TIE] = rows->tie ? rows->tie[r] : 0.0;
        square = rows->square ? rows->square[r] : m[VN_S_WIN] + 0.25 * m[VN_S_TIE];
        other = j->other ? j->other[r] : m[VN_S_LOSS] + 0.25 * m[VN_S_TIE];
    } else {
        const double s = rows->score ? rows->score[r] : rows->one_score, t = 1.0 - s;
        const double w = rows->weight ? rows->weight[r] : 1.0;
        const int tie = s == 0.5;
        m[VN_S_WIN] = tie ? 0.0 : w * s;
        m[VN_S_LOSS] = tie ? 0.0 : w * t;
        m[VN_S_TIE] = tie ? w : 0.0;
        square = w * s * s;
        other = w * t * t;
    }
    m[VN_S_SQUARE] = flip ? other : square;
    m[VN_S_OTHER] = flip ? square : other;
    if (flip) {
        const double win = m[VN_S_WIN];
        m[VN_S_WIN] = m[VN_S_LOSS];
        m[VN_S_LOSS] = win;
    }
}

static vn_status sum_rows(add_job *j, int64_t begin, int n, const uint64_t *key, const uint64_t *hash,
                          const uint64_t *flip, const int32_t *row)
{
    const int64_t size = (int64_t)sizeof(vn_sums_summed);
    for (int i = 0; i < n; i++) {
        if (i + AHEAD < n) fetch(j->s, hash[i + AHEAD], size);
        vn_sums_summed *x = slot_of(&j->s->part[vn_sums_part_of(hash[i])], key[i], hash[i], size);
        if (!x) return VN_NO_MEMORY;
        double m[VN_S_SUMS];
        masses_of(j, begin + row[i], (int)flip[i], m);
        for (int k = 0; k < VN_S_SUMS; k++) x->sum[k] += m[k];
    }
    return VN_OK;
}

/* ---- rows ------------------------------------------------------------------------------------- */

/* The rows of all batches whose cells are in the parts of one share, in their order. */
static vn_status add_share(void *arg, int64_t share, int worker)
{
    add_job *j = arg;
    const vn_rows *rows = j->rows;
    uint64_t key[BATCH], hash[BATCH], flip[BATCH], step[BATCH];
    int32_t row[BATCH];
    (void)worker;
    for (int i = 0; i < BATCH; i++) row[i] = i;
    for (int64_t r = j->begin; r < j->end; r += BATCH) {
        const int some = (int)VN_MIN(j->end - r, (int64_t)BATCH);
        int n = some;
        const int64_t bad = find_keys(rows, r, n, key, hash, flip);
        if (bad >= 0) {
            vn_atomic_least(&j->bad_row, bad);
            return VN_BAD_VALUE;
        }
        vn_status status;
        const int plain = !j->s->is_soft && !rows->win;
        if (plain) find_steps(rows, r, n, flip, step);
        if (j->n_shares > 1) {
            n = keep_share(j, share, n, key, hash, flip, row);
            for (int i = 0; plain && i < n; i++) step[i] = step[row[i]];
        }
        for (int i = 0; i < VN_MIN(n, AHEAD); i++)
            fetch(j->s, hash[i], vn_sums_slot_bytes(j->s));
        if (plain) status = count_rows(j, share, n, key, hash, step);
        else if (!j->s->is_soft) status = count_masses(j, share, r, n, key, hash, flip, row);
        else status = sum_rows(j, r, n, key, hash, flip, row);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

/* Whether some score is neither 0, 1/2 nor 1. */
VN_CLONES
static int any_soft(const double *score, int64_t n)
{
    int soft = 0;
    for (int64_t r = 0; r < n; r++) {
        const double twice = score[r] + score[r];
        soft |= (twice != 0.0) & (twice != 1.0) & (twice != 2.0);
    }
    return soft;
}

/* What the shares could not hold in counters, to that of all. */
static vn_status gather_spills(add_job *j, vn_status status)
{
    for (int share = 0; share < j->n_shares; share++) {
        vn_sums *some = j->spill[share];
        if (!some) continue;
        if (!j->s->spill && status == VN_OK) j->s->spill = new_table(1);
        if (!j->s->spill) status = VN_NO_MEMORY;
        for (int k = 0; status == VN_OK && k < VN_SUMS_PARTS; k++)
            for (int64_t at = 0; status == VN_OK && at < some->part[k].n_slots; at++) {
                const vn_sums_summed *x = (const vn_sums_summed *)(const void *)some->part[k].slot + at;
                if (!x->key) continue;
                vn_sums_summed *to = slot_of(&j->s->spill->part[k], x->key, vn_sums_hash(x->key),
                                             (int64_t)sizeof *to);
                if (!to) status = VN_NO_MEMORY;
                for (int m = 0; to && m < VN_S_SUMS; m++) to->sum[m] += x->sum[m];
            }
        vn_sums_free(some);
        j->spill[share] = NULL;
    }
    return status;
}

vn_status vn_sums_add(vn_sums *s, const vn_rows *rows, const double *other, int counts, int n_threads,
                      vn_poll poll, void *context, int64_t *bad_row)
{
    const int64_t n = rows->n_rows;
    *bad_row = -1;
    if (rows->n_items > (int64_t)1 << 30) return VN_TOO_LARGE;
    s->n_codes = VN_MAX(s->n_codes, rows->n_items);
    if (!s->is_soft) {
        int soft = rows->win ? !counts : rows->weight != NULL;
        if (!rows->win && !soft) soft = rows->score ? any_soft(rows->score, n) : any_soft(&rows->one_score, 1);
        const vn_status status = soft ? soften(s) : VN_OK;
        if (status != VN_OK) return status;
    }
    vn_status status = VN_OK;
    for (int64_t begin = 0; begin < n && status == VN_OK; begin += ROWS) {
        add_job j = {.s = s, .rows = rows, .other = other, .counts = counts, .begin = begin,
                     .end = VN_MIN(begin + ROWS, n), .bad_row = n};
        const int64_t worth = (j.end - begin) >> 14; /* a share reads the keys of all rows */
        j.n_shares = (int)VN_MAX(VN_MIN(VN_MIN((int64_t)n_threads, worth), VN_SUMS_PARTS), 1);
        status = vn_team_run(add_share, &j, j.n_shares, n_threads, poll, context);
        status = gather_spills(&j, status);
        if (j.bad_row < n) {
            *bad_row = j.bad_row;
            status = VN_BAD_VALUE;
        }
    }
    return status;
}
