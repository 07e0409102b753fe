#include <math.h>

#include "vn_vote_sums_internal.h"

#define LEAST 1024

static inline uint64_t hash(uint64_t major, uint64_t minor)
{
    uint64_t h = (major ^ (minor << 32 | minor >> 32) * 0xD6E8FEB86659FD93u) * 0x9E3779B97F4A7C15u;
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

/* Room for so many records. */
static vn_status make_room(vn_vote_sums *s, int64_t room)
{
    const int64_t before = s->memory ? s->record - (uint8_t *)s->memory : 0;
    uint8_t *memory = vn_realloc(s->memory, (size_t)(room * s->stride + VN_LINE));
    if (!memory) return VN_NO_MEMORY;
    const int64_t after = (int64_t)(-(uintptr_t)memory & (VN_LINE - 1));
    if (s->n && after != before)
        memmove(memory + after, memory + before, (size_t)(s->n * s->stride));
    s->memory = memory;
    s->record = memory + after;
    s->room = room;
    return VN_OK;
}

vn_vote_sums *vn_vote_sums_new(vn_sums_kind kind)
{
    static const int64_t strides[] = {sizeof(vn_sum_key), sizeof(vn_hard_sum),
                                      offsetof(vn_soft_sum, shown), sizeof(vn_soft_sum)};
    vn_vote_sums *s = vn_calloc(1, sizeof *s);
    if (!s) return NULL;
    s->kind = kind;
    s->stride = strides[kind];
    s->n_slots = 2 * LEAST;
    s->slot = vn_calloc((size_t)s->n_slots, sizeof(uint32_t));
    if (s->slot && make_room(s, LEAST) == VN_OK) return s;
    vn_vote_sums_free(s);
    return NULL;
}

void vn_vote_sums_free(vn_vote_sums *s)
{
    if (!s) return;
    vn_free(s->memory);
    vn_free(s->slot);
    vn_free(s);
}

int64_t vn_vote_sums_size(const vn_vote_sums *s) { return s->n; }

int64_t vn_vote_sums_bytes(const vn_vote_sums *s)
{
    return s->room * s->stride + 4 * (s->slot ? s->n_slots : 0);
}

int64_t vn_vote_sums_stride(const vn_vote_sums *s) { return s->stride; }

void vn_vote_sums_copy(const vn_vote_sums *s, uint8_t *out)
{
    memcpy(out, s->record, (size_t)(s->n * s->stride));
}

/* Put all records into fresh slots. */
static vn_status place_all(vn_vote_sums *s, int64_t n_slots)
{
    uint32_t *slot = vn_calloc((size_t)n_slots, sizeof(uint32_t));
    if (!slot) return VN_NO_MEMORY;
    const uint64_t mask = (uint64_t)n_slots - 1;
    for (int64_t k = 0; k < s->n; k += VN_SUMS_BATCH) {
        uint64_t places[VN_SUMS_BATCH];
        const int n = (int)VN_MIN(s->n - k, (int64_t)VN_SUMS_BATCH);
        for (int i = 0; i < n; i++) {
            const vn_sum_key *key = vn_sum_key_at(s, k + i);
            places[i] = hash(key->major, key->minor) & mask;
            __builtin_prefetch(slot + places[i], 1);
        }
        for (int i = 0; i < n; i++) {
            uint64_t at = places[i];
            while (slot[at]) at = (at + 1) & mask;
            slot[at] = (uint32_t)(k + i) + 1;
        }
    }
    vn_free(s->slot);
    s->slot = slot;
    s->n_slots = n_slots;
    return VN_OK;
}

/* Room for `more` records. */
static vn_status grow(vn_vote_sums *s, int64_t more)
{
    const int64_t wanted = s->n + more;
    if (wanted > (int64_t)INT32_MAX - 1) return VN_TOO_LARGE;
    if (wanted > s->room) {
        const vn_status status = make_room(s, VN_MAX(s->room + s->room / 2, wanted));
        if (status != VN_OK) return status;
    }
    int64_t n_slots = s->n_slots;
    while (4 * wanted > 3 * n_slots) n_slots *= 2;
    return n_slots > s->n_slots ? place_all(s, n_slots) : VN_OK;
}

/* The place of a key whose slots begin at `at`, a new one if it has none; there must be room. */
static inline int64_t place_of(vn_vote_sums *s, uint64_t at, uint64_t major, uint64_t minor)
{
    const uint64_t mask = (uint64_t)s->n_slots - 1;
    uint32_t found;
    while ((found = s->slot[at])) {
        const vn_sum_key *key = vn_sum_key_at(s, found - 1);
        if (key->major == major && key->minor == minor) return found - 1;
        at = (at + 1) & mask;
    }
    const int64_t k = s->n++;
    vn_sum_key *key = vn_sum_key_at(s, k);
    memset(key, 0, (size_t)s->stride);
    key->major = major;
    key->minor = minor;
    s->slot[at] = (uint32_t)k + 1;
    return k;
}

vn_status vn_vote_sums_places(vn_vote_sums *s, const uint64_t *major, const uint64_t *minor, int n,
                    int32_t *place)
{
    uint64_t at[VN_SUMS_BATCH];
    const vn_status status = grow(s, n);
    if (status != VN_OK) return status;
    const uint64_t mask = (uint64_t)s->n_slots - 1;
    for (int i = 0; i < n; i++) {
        at[i] = hash(major[i], minor[i]) & mask;
        __builtin_prefetch(s->slot + at[i]);
    }
    for (int i = 0; i < n; i++) {
        const uint32_t found = s->slot[at[i]];
        if (found) __builtin_prefetch(s->record + (int64_t)(found - 1) * s->stride, 1);
    }
    for (int i = 0; i < n; i++) place[i] = (int32_t)place_of(s, at[i], major[i], minor[i]);
    return VN_OK;
}

vn_status vn_vote_sums_find(vn_vote_sums *s, const uint64_t *major, const uint64_t *minor,
                            int64_t n, int32_t *code)
{
    for (int64_t r = 0; r < n; r += VN_SUMS_BATCH) {
        const int m = (int)VN_MIN(n - r, (int64_t)VN_SUMS_BATCH);
        const vn_status status = vn_vote_sums_places(s, major + r, minor + r, m, code + r);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

/* Could a record have come from rows? */
static int is_sound(const vn_vote_sums *s, const void *record)
{
    if (s->kind == VN_SUMS_HARD) {
        const vn_hard_sum *c = record;
        return c->count[0] >= 0 && c->count[1] >= 0 && c->count[2] >= 0;
    }
    vn_soft_sum x = {.runs = 0};
    memcpy(&x, record, (size_t)s->stride);
    const double most = x.runs + 1e-6 * x.runs;
    int good = x.runs >= 0 && x.swapped_runs >= 0 && x.swapped_runs <= x.runs;
    for (int m = 0; m < 3; m++) good &= x.mass[m] >= 0.0 && x.mass[m] < INFINITY;
    good &= x.total >= -most && x.total <= most && x.square >= 0.0 && x.square <= most;
    for (int m = 0; m < 2; m++) good &= x.shown[m] >= -most && x.shown[m] <= most;
    return good;
}

vn_status vn_vote_sums_restore(vn_vote_sums *s, const uint8_t *records, int64_t n)
{
    for (int64_t k = 0; k < n; k++, records += s->stride) {
        vn_sum_key key;
        int32_t place;
        memcpy(&key, records, sizeof key);
        const int64_t before = s->n;
        const vn_status status = vn_vote_sums_places(s, &key.major, &key.minor, 1, &place);
        if (status != VN_OK) return status;
        if (place != before || (s->kind != VN_SUMS_KEYS && !is_sound(s, records)))
            return VN_BAD_VALUE;
        memcpy(vn_sum_key_at(s, place), records, (size_t)s->stride);
    }
    return VN_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static inline void add_run(vn_soft_sum *sum, const vn_vote_run *v, int has_shown)
{
    if (v->weight == 0.0) return;
    for (int m = 0; m < 3; m++) sum->mass[m] += v->mass[m];
    sum->total += v->sign;
    sum->square += v->sign * v->sign;
    sum->runs++;
    if (!has_shown) return;
    sum->swapped_runs += v->swapped;
    sum->shown[v->swapped] += v->sign;
}

/* Keys of a batch of rows, and which of them are turned; returns the first row that is bad, or n. */
static int load(const vn_vote_rows *rows, const int64_t *pair, const int32_t *group, int64_t r,
                int n, uint64_t *major, uint64_t *minor, uint8_t *flip)
{
    const int32_t *teacher = (const int32_t *)rows->teacher.data + r;
    int bad = n;
    if (pair) {
        for (int i = 0; i < n; i++) {
            major[i] = (uint64_t)pair[r + i];
            minor[i] = (uint32_t)teacher[i];
            flip[i] = 0;
        }
    } else {
        const int32_t *first = rows->first + r, *second = rows->second + r;
        for (int i = n - 1; i >= 0; i--) {
            const uint32_t a = (uint32_t)first[i], b = (uint32_t)second[i];
            if (a == b) bad = i;
            flip[i] = a > b;
            major[i] = (group ? (uint64_t)(uint32_t)group[r + i] << 32 : 0) | VN_MIN(a, b);
            minor[i] = (uint64_t)VN_MAX(a, b) << 32 | (uint32_t)teacher[i];
        }
    }
    for (int i = bad - 1; rows->vote && i >= 0; i--)
        if ((uint8_t)(rows->vote[r + i] + 1) > 2) bad = i;
    return bad;
}

vn_status vn_vote_sums_add(vn_vote_sums *s, const vn_vote_rows *rows, const int64_t *pair,
                           const int32_t *group, vn_poll poll, void *context, int64_t *bad)
{
    uint64_t major[VN_SUMS_BATCH], minor[VN_SUMS_BATCH];
    uint8_t flip[VN_SUMS_BATCH];
    int32_t place[VN_SUMS_BATCH];
    const int has_shown = s->kind == VN_SUMS_SWAPPED;
    for (int64_t r = 0; r < rows->n_rows; r += VN_SUMS_BATCH) {
        const int n = (int)VN_MIN(rows->n_rows - r, (int64_t)VN_SUMS_BATCH);
        if (poll && r % (VN_SUMS_BATCH << 14) == 0 && poll(context)) return VN_INTERRUPTED;
        const int good = load(rows, pair, group, r, n, major, minor, flip);
        const vn_status status = vn_vote_sums_places(s, major, minor, good, place);
        if (status != VN_OK) return status;
        for (int i = 0; i < good; i++) {
            const int vote = rows->vote ? (flip[i] ? -rows->vote[r + i] : rows->vote[r + i]) : 0;
            void *at = s->record + place[i] * s->stride;
            if (s->kind == VN_SUMS_HARD) {
                ((vn_hard_sum *)at)->count[1 - vote]++;
                continue;
            }
            const vn_vote_run v = vn_vote_run_of(rows, r + i, vote, flip[i]);
            add_run(at, &v, has_shown);
        }
        if (good < n) {
            *bad = r + good;
            return VN_BAD_VALUE;
        }
    }
    return VN_OK;
}

