/* A table of distinct keys (byte strings), numbered in order of first sight: see vn_labels.h.
 *
 * Open addressing with linear probing at half load. A slot is 8 bytes, (tag << 32 | code + 1), so a
 * look-up costs one cache line of the slots and one of the key; rows go through in batches whose
 * slots are prefetched. Keys are copied, one after the other, into one growing buffer. */
#include "vn_labels.h"

#include <string.h>

#define BATCH 64
#define SLACK 16 /* readable bytes behind the last key */

struct vn_table {
    uint64_t *slot;
    int64_t n_slots; /* a power of two */
    int64_t n_keys;
    int64_t key_room; /* hash has this many entries, start one more */
    uint64_t *hash;
    int64_t *start; /* key k is bytes start[k] to start[k + 1] */
    uint8_t *bytes;
    int64_t byte_room;
};

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static inline uint64_t load4(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

/* Multiply to 128 bits and fold. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t h = a * b;
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93u;
    return h ^ (a >> 29) ^ (h >> 32);
#endif
}

static inline uint64_t hash_key(const uint8_t *p, int64_t n)
{
    uint64_t h = (uint64_t)n * 0x9E3779B97F4A7C15u, tail;
    while (n > 8) {
        h = fold(h ^ load8(p), 0xA24BAED4963EE407u);
        p += 8;
        n -= 8;
    }
    if (n == 8) {
        tail = load8(p);
    } else if (n >= 4) {
        tail = load4(p) | load4(p + n - 4) << 32;
    } else if (n > 0) {
        tail = p[0] | (uint64_t)p[n >> 1] << 8 | (uint64_t)p[n - 1] << 16;
    } else {
        tail = 0;
    }
    h = fold(h ^ tail, 0x9FB21C651E98DF25u);
    return h ^ h >> 32;
}

static inline int same_bytes(const uint8_t *a, const uint8_t *b, int64_t n)
{
    while (n >= 8) {
        if (load8(a) != load8(b)) {
            return 0;
        }
        a += 8;
        b += 8;
        n -= 8;
    }
    if (n >= 4) {
        return load4(a) == load4(b) && load4(a + n - 4) == load4(b + n - 4);
    }
    for (int64_t i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return 0;
        }
    }
    return 1;
}

vn_table *vn_table_new(void)
{
    vn_table *table = vn_calloc(1, sizeof *table);
    if (table == NULL) {
        return NULL;
    }
    table->n_slots = 1024;
    table->key_room = 256;
    table->byte_room = 4096;
    table->slot = vn_calloc((size_t)table->n_slots, sizeof *table->slot);
    table->hash = vn_malloc((size_t)table->key_room * sizeof *table->hash);
    table->start = vn_malloc((size_t)(table->key_room + 1) * sizeof *table->start);
    table->bytes = vn_malloc((size_t)(table->byte_room + SLACK));
    if (table->slot == NULL || table->hash == NULL || table->start == NULL ||
        table->bytes == NULL) {
        vn_table_free(table);
        return NULL;
    }
    table->start[0] = 0;
    return table;
}

void vn_table_free(vn_table *table)
{
    if (table != NULL) {
        vn_free(table->slot);
        vn_free(table->hash);
        vn_free(table->start);
        vn_free(table->bytes);
        vn_free(table);
    }
}

int64_t vn_table_size(const vn_table *table)
{
    return table->n_keys;
}

const uint8_t *vn_table_key(const vn_table *table, int64_t code, int64_t *length)
{
    *length = table->start[code + 1] - table->start[code];
    return table->bytes + table->start[code];
}

static vn_status grow_slots(vn_table *table)
{
    int64_t n_slots = 4 * table->n_slots;
    uint64_t *slot = vn_calloc((size_t)n_slots, sizeof *slot), mask = (uint64_t)n_slots - 1;
    if (slot == NULL) {
        return VN_NO_MEMORY;
    }
    for (int64_t k = 0; k < table->n_keys; k++) {
        uint64_t h = table->hash[k], at = h & mask;
        while (slot[at] != 0) {
            at = (at + 1) & mask;
        }
        slot[at] = (h >> 32 << 32) | (uint64_t)(k + 1);
    }
    vn_free(table->slot);
    table->slot = slot;
    table->n_slots = n_slots;
    return VN_OK;
}

/* Room for one more key of n bytes; memory at least doubles, so the copies add up to O(size). */
static vn_status grow_keys(vn_table *table, int64_t n)
{
    if (table->n_keys >= INT32_MAX - 1) {
        return VN_TOO_LARGE;
    }
    if (table->n_keys == table->key_room) {
        int64_t room = 2 * table->key_room;
        uint64_t *hash = vn_realloc(table->hash, (size_t)room * sizeof *hash);
        if (hash == NULL) {
            return VN_NO_MEMORY;
        }
        table->hash = hash;
        int64_t *start = vn_realloc(table->start, (size_t)(room + 1) * sizeof *start);
        if (start == NULL) {
            return VN_NO_MEMORY;
        }
        table->start = start;
        table->key_room = room;
    }
    if (table->byte_room - table->start[table->n_keys] < n) {
        int64_t room = 2 * table->byte_room + n;
        uint8_t *bytes = vn_realloc(table->bytes, (size_t)(room + SLACK));
        if (bytes == NULL) {
            return VN_NO_MEMORY;
        }
        table->bytes = bytes;
        table->byte_room = room;
    }
    return 2 * (table->n_keys + 1) > table->n_slots ? grow_slots(table) : VN_OK;
}

static vn_status add_key(vn_table *table, const uint8_t *key, int64_t n, uint64_t h, int32_t *code)
{
    vn_status status = grow_keys(table, n);
    if (status != VN_OK) {
        return status;
    }
    uint64_t mask = (uint64_t)table->n_slots - 1, at = h & mask;
    int64_t k = table->n_keys, from = table->start[k];
    while (table->slot[at] != 0) {
        at = (at + 1) & mask;
    }
    if (n > 0) {
        memcpy(table->bytes + from, key, (size_t)n);
    }
    table->start[k + 1] = from + n;
    table->hash[k] = h;
    table->slot[at] = (h >> 32 << 32) | (uint64_t)(k + 1);
    table->n_keys = k + 1;
    *code = (int32_t)k;
    return VN_OK;
}

static vn_status add_batch(vn_table *table, const uint8_t *const *key, const int64_t *length,
                           int64_t n, int32_t *codes)
{
    uint64_t hash[BATCH];
    for (int64_t i = 0; i < n; i++) {
        hash[i] = hash_key(key[i], length[i]);
        __builtin_prefetch(table->slot + (hash[i] & ((uint64_t)table->n_slots - 1)));
    }
    for (int64_t i = 0; i < n; i++) {
        uint64_t mask = (uint64_t)table->n_slots - 1, at = hash[i] & mask, slot;
        int32_t code = -1;
        while ((slot = table->slot[at]) != 0) {
            if (slot >> 32 == hash[i] >> 32) {
                int64_t k = (int64_t)(slot & 0xFFFFFFFFu) - 1;
                if (table->start[k + 1] - table->start[k] == length[i] &&
                    same_bytes(table->bytes + table->start[k], key[i], length[i])) {
                    code = (int32_t)k;
                    break;
                }
            }
            at = (at + 1) & mask;
        }
        if (code < 0) {
            vn_status status = add_key(table, key[i], length[i], hash[i], &code);
            if (status != VN_OK) {
                return status;
            }
        }
        codes[i] = code;
    }
    return VN_OK;
}

vn_status vn_table_add(vn_table *table, const uint8_t *const *key, const int64_t *length, int64_t n,
                       int32_t *codes)
{
    for (int64_t i = 0; i < n; i += BATCH) {
        vn_status status =
            add_batch(table, key + i, length + i, VN_MIN(BATCH, n - i), codes + i);
        if (status != VN_OK) {
            return status;
        }
    }
    return VN_OK;
}
