/* The graph of "ranked above": an arc from every item to every one below it. A chain of arcs from place
 * to place reaches as much: from each item to the next place's, of tied ones to the next and back, and
 * from the last one in order to all that are below it. */
#include <string.h>

#include "vn_ranking_internal.h"

#define SWEEPS 8
#define POLL_EVERY ((int64_t)1 << 16) /* rankings */

static inline int says_nothing(const vn_rankings *r, int64_t k)
{
    return r->data.ranked[k] < 1 || (r->weight && !(r->weight[k] > 0.0));
}

static int32_t root_of(int32_t *parent, int32_t v)
{
    while (parent[v] != v) {
        parent[v] = parent[parent[v]];
        v = parent[v];
    }
    return v;
}

/* Marks all that is below a marked item (or above it) in one ranking; how many are new. */
static int64_t spread(const vn_ranking_one *o, int down, uint8_t *marked)
{
    int64_t found = 0;
    int above = 0;
    if (down) {
        for (int64_t p = 0, end; p < o->length; p = end) {
            double count;
            end = vn_ranking_stage(o, p, &count);
            const int rest = p >= o->ranked; /* all below what is in order, none below another */
            for (int64_t s = p; !rest && s < end; s++) above |= marked[o->item[s]];
            for (int64_t s = p; above && s < end; s++)
                if (!marked[o->item[s]]) marked[o->item[s]] = 1, found++;
        }
        return found;
    }
    int64_t p = o->length;
    for (; p > o->ranked; p--) above |= marked[o->item[p - 1]];
    while (p > 0) {
        int64_t start = p - 1;
        while (o->tied && start > 0 && o->tied[start]) start--;
        for (int64_t s = start; s < p; s++) above |= marked[o->item[s]];
        for (int64_t s = start; above && s < p; s++)
            if (!marked[o->item[s]]) marked[o->item[s]] = 1, found++;
        p = start;
    }
    return found;
}

/* Whether marks spread from item 0 to all, in few sweeps. */
static vn_status reaches(const vn_rankings *r, int down, vn_poll poll, void *context, uint8_t *marked,
                         int *all)
{
    int64_t found = 1;
    memset(marked, 0, (size_t)r->data.n_items);
    marked[0] = 1;
    *all = found == r->data.n_items;
    for (int sweep = 0; sweep < SWEEPS && !*all; sweep++) {
        const int64_t before = found;
        for (int64_t k = 0; k < r->data.n_rankings && found < r->data.n_items; k++) {
            if (k % POLL_EVERY == 0 && poll && poll(context)) return VN_INTERRUPTED;
            if (says_nothing(r, k)) continue;
            const vn_ranking_one o = vn_ranking_at(r, k);
            found += spread(&o, down, marked);
        }
        *all = found == r->data.n_items;
        if (found == before) break;
    }
    return VN_OK;
}

vn_status vn_rankings_connected(const vn_rankings *r, vn_poll poll, void *context, int32_t *labels,
                                int64_t *n_weak, int *strong)
{
    const int64_t n = r->data.n_items;
    int64_t sets = n, next = 0;
    *strong = 0;
    for (int64_t i = 0; i < n; i++) labels[i] = (int32_t)i;
    for (int64_t k = 0; k < r->data.n_rankings && sets > 1; k++) {
        if (k % POLL_EVERY == 0 && poll && poll(context)) return VN_INTERRUPTED;
        if (says_nothing(r, k)) continue;
        const vn_ranking_one o = vn_ranking_at(r, k);
        for (int64_t p = 1; p < o.length; p++) {
            const int32_t a = root_of(labels, o.item[0]), b = root_of(labels, o.item[p]);
            if (a == b) continue;
            labels[VN_MAX(a, b)] = VN_MIN(a, b);
            sets--;
        }
    }
    *n_weak = sets;
    for (int64_t i = 0; i < n; i++) labels[i] = root_of(labels, (int32_t)i);
    for (int64_t i = 0; i < n; i++)
        labels[i] = labels[i] == (int32_t)i ? (int32_t)next++ : labels[labels[i]];
    if (sets != 1) return VN_OK;
    uint8_t *marked = vn_malloc((size_t)n);
    if (!marked) return VN_NO_MEMORY;
    vn_status status = reaches(r, 1, poll, context, marked, strong);
    if (status == VN_OK && *strong) status = reaches(r, 0, poll, context, marked, strong);
    vn_free(marked);
    return status;
}

/* Counts the arc (to NULL), or puts it where `ptr` says. */
static inline void arc(int32_t from, int32_t other, int64_t *ptr, int32_t *to)
{
    if (to) to[ptr[from]++] = other;
    else ptr[from + 1]++;
}

static void arcs_of(const vn_ranking_one *o, int64_t *ptr, int32_t *to)
{
    for (int64_t p = 1; p < o->length; p++) {
        const int64_t before = VN_MIN(p, o->ranked) - 1; /* the place right above */
        arc(o->item[before], o->item[p], ptr, to);
        if (o->tied && p < o->ranked && o->tied[p]) arc(o->item[p], o->item[before], ptr, to);
    }
}

void vn_rankings_arcs(const vn_rankings *r, int64_t *ptr, int32_t *to)
{
    const int64_t n = r->data.n_items;
    memset(ptr, 0, sizeof(int64_t) * (size_t)(n + 1));
    for (int pass = 0; pass < (to ? 2 : 1); pass++) {
        for (int64_t k = 0; k < r->data.n_rankings; k++) {
            if (says_nothing(r, k)) continue;
            const vn_ranking_one o = vn_ranking_at(r, k);
            arcs_of(&o, ptr, pass ? to : NULL);
        }
        if (!pass)
            for (int64_t i = 0; i < n; i++) ptr[i + 1] += ptr[i];
    }
    for (int64_t i = n; to && i > 0; i--) ptr[i] = ptr[i - 1]; /* the second pass moved them on */
    if (to) ptr[0] = 0;
}
