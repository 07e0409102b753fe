#include "vn_vote_sums.h"

#include <math.h>
#include <string.h>

#include "vn_radix.h"
#include "vn_votes_internal.h"

#define BATCH 64 /* rows whose places are fetched ahead */
#define LEAST 1024

typedef struct { uint64_t major, minor; } sum_key;

/* What the kinds have one after the other; a record of a kind is cut off behind its part. */
typedef struct { sum_key key; int32_t count[3], spare; } hard_sum;
typedef struct {
    sum_key key;
    double mass[3], total, square;
    int32_t runs, swapped_runs;
    double shown[2]; /* totals of the rows in the order as written, and of the others */
} soft_sum;

struct vn_vote_sums {
    vn_sums_kind kind;
    int64_t stride; /* bytes of a record */
    int64_t n, room;
    uint8_t *record;
    uint32_t *slot; /* number + 1 of a record; 0: free */
    int64_t n_slots; /* a power of two */
};

static inline sum_key *key_at(const vn_vote_sums *s, int64_t k)
{
    return (sum_key *)(void *)(s->record + k * s->stride);
}

static inline uint64_t hash(uint64_t major, uint64_t minor)
{
    uint64_t h = (major ^ (minor << 32 | minor >> 32) * 0xD6E8FEB86659FD93u) * 0x9E3779B97F4A7C15u;
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

vn_vote_sums *vn_vote_sums_new(vn_sums_kind kind)
{
    static const int64_t strides[] = {sizeof(sum_key), sizeof(hard_sum),
                                      offsetof(soft_sum, shown), sizeof(soft_sum)};
    vn_vote_sums *s = vn_calloc(1, sizeof *s);
    if (!s) return NULL;
    s->kind = kind;
    s->stride = strides[kind];
    s->room = LEAST;
    s->n_slots = 2 * LEAST;
    s->record = vn_malloc((size_t)(s->room * s->stride));
    s->slot = vn_calloc((size_t)s->n_slots, sizeof(uint32_t));
    if (s->record && s->slot) return s;
    vn_vote_sums_free(s);
    return NULL;
}

void vn_vote_sums_free(vn_vote_sums *s)
{
    if (!s) return;
    vn_free(s->record);
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
    for (int64_t k = 0; k < s->n; k++) {
        const sum_key *key = key_at(s, k);
        uint64_t at = hash(key->major, key->minor) & mask;
        while (slot[at]) at = (at + 1) & mask;
        slot[at] = (uint32_t)k + 1;
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
        const int64_t room = VN_MAX(s->room + s->room / 2, wanted);
        uint8_t *record = vn_realloc(s->record, (size_t)(room * s->stride));
        if (!record) return VN_NO_MEMORY;
        s->record = record;
        s->room = room;
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
        const sum_key *key = key_at(s, found - 1);
        if (key->major == major && key->minor == minor) return found - 1;
        at = (at + 1) & mask;
    }
    const int64_t k = s->n++;
    sum_key *key = key_at(s, k);
    memset(key, 0, (size_t)s->stride);
    key->major = major;
    key->minor = minor;
    s->slot[at] = (uint32_t)k + 1;
    return k;
}

/* The places of up to BATCH keys. */
static vn_status places_of(vn_vote_sums *s, const uint64_t *major, const uint64_t *minor, int n,
                           int32_t *place)
{
    uint64_t at[BATCH];
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
    for (int64_t r = 0; r < n; r += BATCH) {
        const int m = (int)VN_MIN(n - r, (int64_t)BATCH);
        const vn_status status = places_of(s, major + r, minor + r, m, code + r);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

/* Could a record have come from rows? */
static int is_sound(const vn_vote_sums *s, const void *record)
{
    if (s->kind == VN_SUMS_HARD) {
        const hard_sum *c = record;
        return c->count[0] >= 0 && c->count[1] >= 0 && c->count[2] >= 0;
    }
    soft_sum x = {.runs = 0};
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
        sum_key key;
        int32_t place;
        memcpy(&key, records, sizeof key);
        const int64_t before = s->n;
        const vn_status status = places_of(s, &key.major, &key.minor, 1, &place);
        if (status != VN_OK) return status;
        if (place != before || (s->kind != VN_SUMS_KEYS && !is_sound(s, records)))
            return VN_BAD_VALUE;
        memcpy(key_at(s, place), records, (size_t)s->stride);
    }
    return VN_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static inline void add_run(soft_sum *sum, const vn_vote_run *v, int has_shown)
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
    uint64_t major[BATCH], minor[BATCH];
    uint8_t flip[BATCH];
    int32_t place[BATCH];
    const int has_shown = s->kind == VN_SUMS_SWAPPED;
    for (int64_t r = 0; r < rows->n_rows; r += BATCH) {
        const int n = (int)VN_MIN(rows->n_rows - r, (int64_t)BATCH);
        if (poll && r % (BATCH << 14) == 0 && poll(context)) return VN_INTERRUPTED;
        const int good = load(rows, pair, group, r, n, major, minor, flip);
        const vn_status status = places_of(s, major, minor, good, place);
        if (status != VN_OK) return status;
        for (int i = 0; i < good; i++) {
            const int vote = rows->vote ? (flip[i] ? -rows->vote[r + i] : rows->vote[r + i]) : 0;
            void *at = s->record + place[i] * s->stride;
            if (s->kind == VN_SUMS_HARD) {
                ((hard_sum *)at)->count[1 - vote]++;
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

/* ---- records -------------------------------------------------------------------------------- */

static inline uint32_t moved(const int32_t *to, uint64_t code)
{
    return to ? (uint32_t)to[(uint32_t)code] : (uint32_t)code;
}

/* The key with other numbers; returns whether the items change places. */
static int move_key(sum_key *key, const vn_sums_places *to)
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
        const sum_key *key = key_at(s, k);
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
        const sum_key *key = key_at(s, k);
        if (major) major[by_items ? key->major >> 32 : key->major] = 1;
        if (items) items[key->major & UINT32_MAX] = items[key->minor >> 32] = 1;
        teachers[key->minor & UINT32_MAX] = 1;
    }
}

/* A record of any kind as the largest, turned if its items changed places. (0 - x: never -0.) */
static soft_sum read_sum(const vn_vote_sums *s, int64_t k, int flip)
{
    soft_sum out = {.runs = 0};
    if (s->kind == VN_SUMS_HARD) {
        const hard_sum *c = (const void *)key_at(s, k);
        for (int m = 0; m < 3; m++) out.mass[m] = c->count[flip ? 2 - m : m];
        out.total = out.mass[0] - out.mass[2];
        out.square = out.mass[0] + out.mass[2];
        out.runs = c->count[0] + c->count[1] + c->count[2];
        return out;
    }
    memcpy(&out, key_at(s, k), (size_t)s->stride);
    if (!flip) return out;
    const soft_sum x = out;
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
        sum_key key = *key_at(b, k);
        const int flip = move_key(&key, to);
        int32_t place;
        const vn_status status = places_of(s, &key.major, &key.minor, 1, &place);
        if (status != VN_OK) return status;
        void *at = s->record + place * s->stride;
        if (s->kind == VN_SUMS_KEYS) continue;
        if (s->kind == VN_SUMS_HARD) {
            const hard_sum *c = (const void *)key_at(b, k);
            for (int m = 0; m < 3; m++) ((hard_sum *)at)->count[m] += c->count[flip ? 2 - m : m];
            continue;
        }
        const soft_sum x = read_sum(b, k, flip);
        soft_sum *sum = at;
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
        sum_key *key = key_at(s, k);
        if (!move_key(key, to)) continue;
        if (s->kind == VN_SUMS_HARD) {
            hard_sum *c = (void *)key;
            const int32_t win = c->count[0];
            c->count[0] = c->count[2];
            c->count[2] = win;
        } else if (s->kind != VN_SUMS_KEYS) {
            const soft_sum x = read_sum(s, k, 1);
            const sum_key own = *key;
            memcpy(key, &x, (size_t)s->stride);
            *key = own;
        }
    }
}

static inline int64_t runs_of(const vn_vote_sums *s, int64_t k)
{
    if (s->kind >= VN_SUMS_SOFT) return ((const soft_sum *)(const void *)key_at(s, k))->runs;
    if (s->kind == VN_SUMS_KEYS) return 1;
    const int32_t *count = ((const hard_sum *)(const void *)key_at(s, k))->count;
    return (int64_t)count[0] + count[1] + count[2];
}

int64_t vn_vote_sums_most(const vn_vote_sums *s)
{
    int64_t most = 0;
    for (int64_t k = 0; k < s->n; k++) most = VN_MAX(most, runs_of(s, k));
    return most;
}

/* Sort by one word of the keys, which has these varying bits; `order` says where they stand. */
static vn_status sort_by(const vn_vote_sums *s, int word, uint64_t turned, int n_threads,
                         vn_poll poll, void *context, uint64_t **keys, uint64_t **spare,
                         uint32_t **order, uint32_t **spare_order)
{
    uint64_t varies = 0, first = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const sum_key *key = key_at(s, (*order)[i]);
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
    const sum_key *last = NULL;
    for (int64_t i = 0; status == VN_OK && i < s->n; i++) {
        const sum_key *key = key_at(s, order[i]);
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
    const sum_key *last = NULL;
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t k = order[i];
        const sum_key *key = key_at(s, k);
        if (!last || key->major != last->major || key->minor >> 32 != last->minor >> 32) {
            ptr[++pair] = cell;
            major[pair] = key->major;
            other[pair] = (int32_t)(key->minor >> 32);
        }
        last = key;
        if (runs_of(s, k) == 0) continue;
        cells->teacher[cell] = (int32_t)(uint32_t)key->minor;
        if (s->kind == VN_SUMS_HARD) {
            const hard_sum *c = (const void *)key;
            for (int m = 0; m < 3; m++) cells->count[m][cell] = c->count[m];
        } else if (s->kind != VN_SUMS_KEYS) {
            const soft_sum *c = (const void *)key;
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
