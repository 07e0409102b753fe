/* Records under other numbers: sums of sums, and the cells in their order. */
#include "vn_radix.h"
#include "vn_vote_sums_internal.h"

static inline uint32_t moved(const int32_t *to, uint64_t code)
{
    return to ? (uint32_t)to[(uint32_t)code] : (uint32_t)code;
}

/* The key with other numbers; returns whether the items change places. */
static int move_key(vn_sum_key *key, const vn_sums_places *to)
{
    const uint32_t teacher = moved(to->teacher, key->minor);
    if (!to->by_items) {
        if (to->pair) key->major = moved(to->pair, key->major);
        key->minor = teacher;
        return 0;
    }
    const uint32_t one = moved(to->item, key->major), two = moved(to->item, key->minor >> 32);
    key->major = (uint64_t)moved(to->group, key->major >> 32) << 32 | VN_MIN(one, two);
    key->minor = (uint64_t)VN_MAX(one, two) << 32 | teacher;
    return one > two;
}

int vn_vote_sums_fit(const vn_vote_sums *s, const vn_sums_places *to, int64_t n_major,
                     int64_t n_items, int64_t n_teachers)
{
    uint64_t major = 0, item = 0, teacher = 0;
    for (int64_t k = 0; k < s->n; k++) {
        const vn_sum_key *key = vn_sum_key_at(s, k);
        major = VN_MAX(major, to->by_items ? key->major >> 32 : key->major);
        item = VN_MAX(item, VN_MAX(key->major & UINT32_MAX, key->minor >> 32));
        teacher = VN_MAX(teacher, key->minor & UINT32_MAX);
    }
    return !s->n
           || ((!(to->by_items ? to->group : to->pair) || major < (uint64_t)n_major)
               && (!to->by_items || !to->item || item < (uint64_t)n_items)
               && (!to->teacher || teacher < (uint64_t)n_teachers));
}

void vn_vote_sums_mark(const vn_vote_sums *s, int by_items, uint8_t *major, uint8_t *items,
                       uint8_t *teachers)
{
    for (int64_t k = 0; k < s->n; k++) {
        const vn_sum_key *key = vn_sum_key_at(s, k);
        if (major) major[by_items ? key->major >> 32 : key->major] = 1;
        if (items) items[key->major & UINT32_MAX] = items[key->minor >> 32] = 1;
        teachers[key->minor & UINT32_MAX] = 1;
    }
}

/* A record of any kind as the largest, turned if its items changed places. (0 - x: never -0.) */
static vn_soft_sum read_sum(const vn_vote_sums *s, int64_t k, int flip)
{
    vn_soft_sum out = {.runs = 0};
    if (s->kind == VN_SUMS_HARD) {
        const vn_hard_sum *c = (const void *)vn_sum_key_at(s, k);
        for (int m = 0; m < 3; m++) out.mass[m] = c->count[flip ? 2 - m : m];
        out.total = out.mass[0] - out.mass[2];
        out.square = out.mass[0] + out.mass[2];
        out.runs = c->count[0] + c->count[1] + c->count[2];
        return out;
    }
    memcpy(&out, vn_sum_key_at(s, k), (size_t)s->stride);
    if (!flip) return out;
    const vn_soft_sum x = out;
    out.mass[0] = x.mass[2];
    out.mass[2] = x.mass[0];
    out.total = 0.0 - x.total;
    if (s->kind == VN_SUMS_SWAPPED) {
        out.swapped_runs = x.runs - x.swapped_runs;
        out.shown[0] = 0.0 - x.shown[1];
        out.shown[1] = 0.0 - x.shown[0];
    }
    return out;
}

vn_status vn_vote_sums_merge(vn_vote_sums *s, const vn_vote_sums *b, const vn_sums_places *to)
{
    for (int64_t k = 0; k < b->n; k++) {
        vn_sum_key key = *vn_sum_key_at(b, k);
        const int flip = move_key(&key, to);
        int32_t place;
        const vn_status status = vn_vote_sums_places(s, &key.major, &key.minor, 1, &place);
        if (status != VN_OK) return status;
        void *at = s->record + place * s->stride;
        if (s->kind == VN_SUMS_KEYS) continue;
        if (s->kind == VN_SUMS_HARD) {
            const vn_hard_sum *c = (const void *)vn_sum_key_at(b, k);
            for (int m = 0; m < 3; m++) ((vn_hard_sum *)at)->count[m] += c->count[flip ? 2 - m : m];
            continue;
        }
        const vn_soft_sum x = read_sum(b, k, flip);
        vn_soft_sum *sum = at;
        for (int m = 0; m < 3; m++) sum->mass[m] += x.mass[m];
        sum->total += x.total;
        sum->square += x.square;
        sum->runs += x.runs;
        if (s->kind != VN_SUMS_SWAPPED) continue;
        sum->swapped_runs += x.swapped_runs;
        for (int m = 0; m < 2; m++) sum->shown[m] += x.shown[m];
    }
    return VN_OK;
}

void vn_vote_sums_recode(vn_vote_sums *s, const vn_sums_places *to)
{
    vn_free(s->slot);
    s->slot = NULL;
    for (int64_t k = 0; k < s->n; k++) {
        vn_sum_key *key = vn_sum_key_at(s, k);
        if (!move_key(key, to)) continue;
        if (s->kind == VN_SUMS_HARD) {
            vn_hard_sum *c = (void *)key;
            const int32_t win = c->count[0];
            c->count[0] = c->count[2];
            c->count[2] = win;
        } else if (s->kind != VN_SUMS_KEYS) {
            const vn_soft_sum x = read_sum(s, k, 1);
            const vn_sum_key own = *key;
            memcpy(key, &x, (size_t)s->stride);
            *key = own;
        }
    }
}

static inline int64_t runs_of(const vn_vote_sums *s, int64_t k)
{
    if (s->kind >= VN_SUMS_SOFT) return ((const vn_soft_sum *)(const void *)vn_sum_key_at(s, k))->runs;
    if (s->kind == VN_SUMS_KEYS) return 1;
    const int32_t *count = ((const vn_hard_sum *)(const void *)vn_sum_key_at(s, k))->count;
    return (int64_t)count[0] + count[1] + count[2];
}

int64_t vn_vote_sums_most(const vn_vote_sums *s)
{
    int64_t most = 0;
    for (int64_t k = 0; k < s->n; k++) most = VN_MAX(most, runs_of(s, k));
    return most;
}

#define AHEAD 24 /* records that are fetched ahead where they are read out of turn */

static inline void fetch_ahead(const vn_vote_sums *s, const uint32_t *order, int64_t i)
{
    if (i + AHEAD < s->n) __builtin_prefetch(vn_sum_key_at(s, order[i + AHEAD]));
}

/* Sort by one word of the keys, which has these varying bits; `order` says where they stand. */
static vn_status sort_by(const vn_vote_sums *s, int word, uint64_t turned, int n_threads,
                         vn_poll poll, void *context, uint64_t **keys, uint64_t **spare,
                         uint32_t **order, uint32_t **spare_order)
{
    uint64_t varies = 0, first = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const vn_sum_key *key = vn_sum_key_at(s, (*order)[i]);
        fetch_ahead(s, *order, i);
        (*keys)[i] = (word ? key->major : key->minor) ^ turned;
        first = i ? first : (*keys)[0];
        varies |= (*keys)[i] ^ first;
    }
    const vn_crew crew = {n_threads, poll, context};
    vn_status status = VN_OK;
    for (int half = 0; half < 64 && status == VN_OK; half += 32) {
        const uint32_t bits = (uint32_t)(varies >> half);
        if (bits)
            status = vn_radix_sort(keys, spare, order, spare_order, s->n, half,
                                   half + vn_bits_of(bits), &crew);
    }
    return status;
}

vn_status vn_vote_sums_sort(const vn_vote_sums *s, int is_signed, int n_threads, vn_poll poll,
                            void *context, uint32_t *order, int64_t *n_pairs, int64_t *n_cells)
{
    const size_t n = (size_t)VN_MAX(s->n, (int64_t)1);
    uint64_t *keys = vn_malloc(n * sizeof *keys), *spare = vn_malloc(n * sizeof *spare);
    uint32_t *own = vn_malloc(n * sizeof *own), *at = order, *spare_at = own;
    const uint64_t turned = is_signed ? (uint64_t)1 << 63 : 0;
    vn_status status = keys && spare && own ? VN_OK : VN_NO_MEMORY;
    for (int64_t i = 0; i < s->n; i++) order[i] = (uint32_t)i;
    for (int word = 0; word < 2 && status == VN_OK; word++)
        status = sort_by(s, word, word ? turned : 0, n_threads, poll, context, &keys, &spare, &at,
                         &spare_at);
    if (status == VN_OK && at != order) memcpy(order, at, (size_t)s->n * sizeof *order);
    vn_free(keys);
    vn_free(spare);
    vn_free(own);
    *n_pairs = *n_cells = 0;
    const vn_sum_key *last = NULL;
    for (int64_t i = 0; status == VN_OK && i < s->n; i++) {
        const vn_sum_key *key = vn_sum_key_at(s, order[i]);
        fetch_ahead(s, order, i);
        *n_pairs += !last || key->major != last->major || key->minor >> 32 != last->minor >> 32;
        *n_cells += runs_of(s, order[i]) > 0;
        last = key;
    }
    return status;
}

void vn_vote_sums_write(const vn_vote_sums *s, const uint32_t *order, int64_t *ptr,
                        uint64_t *major, int32_t *other, vn_vote_cells *cells)
{
    int64_t pair = -1, cell = 0;
    const vn_sum_key *last = NULL;
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t k = order[i];
        const vn_sum_key *key = vn_sum_key_at(s, k);
        fetch_ahead(s, order, i);
        if (!last || key->major != last->major || key->minor >> 32 != last->minor >> 32) {
            ptr[++pair] = cell;
            major[pair] = key->major;
            other[pair] = (int32_t)(key->minor >> 32);
        }
        last = key;
        if (runs_of(s, k) == 0) continue;
        cells->teacher[cell] = (int32_t)(uint32_t)key->minor;
        if (s->kind == VN_SUMS_HARD) {
            const vn_hard_sum *c = (const void *)key;
            for (int m = 0; m < 3; m++) cells->count[m][cell] = c->count[m];
        } else if (s->kind != VN_SUMS_KEYS) {
            const vn_soft_sum *c = (const void *)key;
            for (int m = 0; m < 3; m++) cells->mass[m][cell] = c->mass[m];
            cells->total[cell] = c->total;
            cells->square[cell] = c->square;
            cells->runs[cell] = c->runs;
            if (cells->swapped_runs) {
                cells->swapped_runs[cell] = c->swapped_runs;
                cells->swapped_total[cell] = c->shown[1];
            }
        }
        cell++;
    }
    ptr[pair + 1] = cell;
}
