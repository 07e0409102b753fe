#include "vn_group_labels.h"

#include <string.h>

void vn_group_labels_free(vn_group_labels *w)
{
    vn_free(w->key);
    vn_free(w->at);
    vn_free(w->distinct);
    vn_free(w->rank);
    vn_free(w->by_rank);
    memset(w, 0, sizeof *w);
}

static vn_status reserve(vn_group_labels *w, int64_t n)
{
    if (n <= w->room) return VN_OK;
    vn_group_labels_free(w);
    int64_t slots = 64;
    while (slots < 2 * n) slots *= 2;
    const size_t room = (size_t)slots / 2;
    w->key = vn_malloc(sizeof(int64_t) * (size_t)slots);
    w->at = vn_malloc(sizeof(int32_t) * (size_t)slots);
    w->distinct = vn_malloc(sizeof(int64_t) * room);
    w->rank = vn_malloc(sizeof(int32_t) * room);
    w->by_rank = vn_malloc(sizeof(int32_t) * room);
    if (!w->key || !w->at || !w->distinct || !w->rank || !w->by_rank) {
        vn_group_labels_free(w);
        return VN_NO_MEMORY;
    }
    w->slots = slots;
    w->room = (int64_t)room;
    return VN_OK;
}

/* Labels in a range that is not much longer than the list: a table of those that occur. */
static int64_t code_range(vn_group_labels *w, const int64_t *label, int64_t n, int64_t low,
                          int64_t width, int32_t *place, int64_t *items)
{
    int32_t *table = w->at;
    memset(table, 0, sizeof(int32_t) * (size_t)width);
    for (int64_t k = 0; k < n; k++) table[label[k] - low] = 1;
    int32_t count = 0;
    for (int64_t v = 0; v < width; v++) {
        const int32_t here = table[v];
        table[v] = count;
        items[count] = low + v; /* overwritten unless the label occurs */
        count += here;
    }
    for (int64_t k = 0; k < n; k++) place[k] = table[label[k] - low];
    return count;
}

/* Ascending order of x[0 .. n) as a permutation, by merging; `other` is room for another. */
static void sort_order(const int64_t *x, int32_t *order, int32_t *other, int64_t n)
{
    for (int64_t k = 0; k < n; k++) order[k] = (int32_t)k;
    int32_t *from = order, *to = other;
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t start = 0; start < n; start += 2 * width) {
            const int64_t mid = VN_MIN(start + width, n), end = VN_MIN(start + 2 * width, n);
            int64_t i = start, j = mid;
            for (int64_t k = start; k < end; k++)
                to[k] = i < mid && (j >= end || x[from[i]] <= x[from[j]]) ? from[i++] : from[j++];
        }
        int32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order) memcpy(order, from, sizeof(int32_t) * (size_t)n);
}

static inline uint64_t hash(int64_t x)
{
    uint64_t h = (uint64_t)x * 0x9e3779b97f4a7c15u;
    h ^= h >> 32;
    return h * 0xd6e8feb86659fd93u >> 16;
}

static int64_t code_any(vn_group_labels *w, const int64_t *label, int64_t n, int32_t *place,
                        int64_t *items)
{
    int64_t slots = 64; /* no more than this group needs: they are cleared each time */
    while (slots < 2 * n) slots *= 2;
    const uint64_t mask = (uint64_t)slots - 1;
    memset(w->at, 0xff, sizeof(int32_t) * (size_t)slots);
    int32_t count = 0;
    for (int64_t k = 0; k < n; k++) {
        uint64_t s = hash(label[k]) & mask;
        while (w->at[s] >= 0 && w->key[s] != label[k]) s = (s + 1) & mask;
        if (w->at[s] < 0) {
            w->at[s] = count;
            w->key[s] = label[k];
            w->distinct[count++] = label[k];
        }
        place[k] = w->at[s];
    }
    sort_order(w->distinct, w->by_rank, w->rank, count);
    for (int32_t r = 0; r < count; r++) {
        items[r] = w->distinct[w->by_rank[r]];
        w->rank[w->by_rank[r]] = r;
    }
    for (int64_t k = 0; k < n; k++) place[k] = w->rank[place[k]];
    return count;
}

vn_status vn_group_code(vn_group_labels *w, const int64_t *label, int64_t n, int32_t *place,
                        int64_t *items, int64_t *n_items)
{
    *n_items = 0;
    if (n == 0) return VN_OK;
    const vn_status status = reserve(w, n);
    if (status != VN_OK) return status;
    int64_t low = label[0], high = label[0];
    for (int64_t k = 1; k < n; k++) {
        low = label[k] < low ? label[k] : low;
        high = label[k] > high ? label[k] : high;
    }
    const uint64_t width = (uint64_t)high - (uint64_t)low;
    if (width < (uint64_t)n && width < (uint64_t)w->slots)
        *n_items = code_range(w, label, n, low, (int64_t)width + 1, place, items);
    else
        *n_items = code_any(w, label, n, place, items);
    return VN_OK;
}
