#include "vn_graph.h"

#include <string.h>

/* ---- components --------------------------------------------------------------------------- */

static int32_t root_of(int32_t *parent, int32_t v)
{
    while (parent[v] != v) {
        parent[v] = parent[parent[v]];
        v = parent[v];
    }
    return v;
}

static inline int64_t join(int32_t *parent, int32_t a, int32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a == b) return 0;
    if (a < b) parent[b] = a; else parent[a] = b;
    return 1;
}

static inline int beats(const vn_cells *c, int64_t k)
{
    return c->win[k] > 0.0 || (c->tie && c->tie[k] > 0.0);
}

static inline int beaten(const vn_cells *c, int64_t k)
{
    return c->loss[k] > 0.0 || (c->tie && c->tie[k] > 0.0);
}

/* Union-find over all cells, or over those won by both sides; returns the number of sets. */
static int64_t unite(const vn_cells *c, int mutual, int32_t *parent)
{
    int64_t sets = c->n;
    for (int64_t i = 0; i < c->n; i++) parent[i] = (int32_t)i;
    for (int64_t i = 0; i < c->n && sets > 1; i++)
        for (int64_t k = c->row_ptr[i]; k < c->row_ptr[i + 1]; k++)
            if (!mutual || (beats(c, k) && beaten(c, k)))
                sets -= join(parent, (int32_t)i, c->hi[k]);
    return sets;
}

/* Roots are the smallest members of their sets, so numbers follow first members. */
static int64_t number_roots(int64_t n, int32_t *parent)
{
    int64_t next = 0;
    for (int64_t i = 0; i < n; i++) parent[i] = root_of(parent, (int32_t)i);
    for (int64_t i = 0; i < n; i++)
        parent[i] = parent[i] == (int32_t)i ? (int32_t)next++ : parent[parent[i]];
    return next;
}

vn_status vn_weak_components(const vn_cells *c, int32_t *labels, int64_t *n_components)
{
    unite(c, 0, labels);
    *n_components = number_roots(c->n, labels);
    return VN_OK;
}

/* Tarjan (1972) without recursion, on arcs listed by winner. */
static vn_status tarjan(int64_t n, const int64_t *out_ptr, const int32_t *out, int32_t *labels)
{
    const size_t size = (size_t)n;
    int32_t *index = vn_calloc(size, sizeof(int32_t)), *low = vn_malloc(sizeof(int32_t) * size);
    int32_t *stack = vn_malloc(sizeof(int32_t) * size), *path = vn_malloc(sizeof(int32_t) * size);
    int64_t *cursor = vn_malloc(sizeof(int64_t) * size);
    vn_status status = VN_NO_MEMORY;
    if (!index || !low || !stack || !path || !cursor) goto done;
    int32_t next = 0;
    int64_t top = 0;
    for (int64_t v = 0; v < n; v++) labels[v] = -1;
    for (int64_t start = 0; start < n; start++) {
        if (index[start]) continue;
        int64_t depth = 0;
        path[0] = (int32_t)start;
        index[start] = low[start] = ++next;
        cursor[start] = out_ptr[start];
        stack[top++] = (int32_t)start;
        while (depth >= 0) {
            const int32_t v = path[depth];
            if (cursor[v] < out_ptr[v + 1]) {
                const int32_t u = out[cursor[v]++];
                if (!index[u]) {
                    index[u] = low[u] = ++next;
                    cursor[u] = out_ptr[u];
                    stack[top++] = u;
                    path[++depth] = u;
                } else if (labels[u] < 0) {
                    low[v] = VN_MIN(low[v], index[u]);
                }
                continue;
            }
            if (low[v] == index[v]) { /* v roots a component: its smallest member names it */
                int64_t from = top;
                int32_t least = v;
                do {
                    from--;
                    least = VN_MIN(least, stack[from]);
                } while (stack[from] != v);
                while (top > from) labels[stack[--top]] = least;
            }
            depth--;
            if (depth >= 0) low[path[depth]] = VN_MIN(low[path[depth]], low[v]);
        }
    }
    status = VN_OK;
done:
    vn_free(index);
    vn_free(low);
    vn_free(stack);
    vn_free(path);
    vn_free(cursor);
    return status;
}

vn_status vn_strong_components(const vn_cells *c, int32_t *labels, int64_t *n_components)
{
    const int64_t n = c->n;
    /* Pairs won by both sides often connect everything that is connected at all. */
    const int64_t mutual = unite(c, 1, labels);
    if (mutual > 1) {
        int32_t *weak = vn_malloc(sizeof(int32_t) * (size_t)n);
        if (!weak) return VN_NO_MEMORY;
        const int64_t sets = unite(c, 0, weak);
        vn_free(weak);
        if (sets != mutual) {
            vn_status status = VN_NO_MEMORY;
            int64_t *out_ptr = vn_calloc((size_t)n + 2, sizeof(int64_t));
            int32_t *out = NULL;
            if (out_ptr) {
                for (int64_t i = 0; i < n; i++)
                    for (int64_t k = c->row_ptr[i]; k < c->row_ptr[i + 1]; k++) {
                        out_ptr[i + 2] += beats(c, k);
                        out_ptr[c->hi[k] + 2] += beaten(c, k);
                    }
                for (int64_t i = 0; i <= n; i++) out_ptr[i + 1] += out_ptr[i];
                out = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(out_ptr[n + 1] + 1, 1));
            }
            if (out) {
                for (int64_t i = 0; i < n; i++)
                    for (int64_t k = c->row_ptr[i]; k < c->row_ptr[i + 1]; k++) {
                        if (beats(c, k)) out[out_ptr[i + 1]++] = c->hi[k];
                        if (beaten(c, k)) out[out_ptr[c->hi[k] + 1]++] = (int32_t)i;
                    }
                status = tarjan(n, out_ptr, out, labels);
            }
            vn_free(out_ptr);
            vn_free(out);
            if (status != VN_OK) return status;
        }
    }
    *n_components = number_roots(n, labels);
    return VN_OK;
}

/* reach: bit 0, reached from item 0; bit 1, reaches it. Returns how many bits were added. */
static int64_t spread(const vn_cells *c, int64_t i, uint8_t *reach)
{
    int64_t added = 0;
    uint8_t here = reach[i];
    for (int64_t k = c->row_ptr[i]; k < c->row_ptr[i + 1]; k++) {
        const uint8_t there = reach[c->hi[k]];
        if (here == 3 && there == 3) continue;
        /* along i -> hi reach passes bit 0 on and bit 1 back; along hi -> i the reverse */
        const uint8_t along = beats(c, k) ? 1 : 0, against = beaten(c, k) ? 1 : 0;
        const uint8_t to = there | (here & (uint8_t)(along | against << 1));
        const uint8_t from = here | (there & (uint8_t)(against | along << 1));
        added += (to != there) + (from != here);
        reach[c->hi[k]] = to;
        here = from;
    }
    reach[i] = here;
    return added;
}

vn_status vn_strongly_connected(const vn_cells *c, int sweeps, int *yes)
{
    uint8_t *reach = vn_calloc((size_t)c->n, 1);
    *yes = 0;
    if (!reach) return VN_NO_MEMORY;
    reach[0] = 3;
    int64_t added = 1;
    for (int sweep = 0; sweep < sweeps && added; sweep++) {
        added = 0;
        if (sweep % 2 == 0)
            for (int64_t i = 0; i < c->n; i++) added += spread(c, i, reach);
        else
            for (int64_t i = c->n - 1; i >= 0; i--) added += spread(c, i, reach);
        int all = 1;
        for (int64_t i = 0; i < c->n && all; i++) all = reach[i] == 3;
        if (all) {
            *yes = 1;
            break;
        }
    }
    vn_free(reach);
    return VN_OK;
}

/* ---- negative cycles ---------------------------------------------------------------------- */

typedef struct {
    int64_t *distance;
    int32_t *parent; /* vertex that last shortened the way here; -1 none */
    int8_t *order, *gap; /* of the edge from it */
} paths;

static inline int relax(paths *w, int32_t from, int32_t to, int order, int gap, int64_t p, int64_t q)
{
    const int64_t reach = w->distance[from] + p * order + q * gap;
    if (reach >= w->distance[to]) return 0;
    w->distance[to] = reach;
    w->parent[to] = from;
    w->order[to] = (int8_t)order;
    w->gap[to] = (int8_t)gap;
    return 1;
}

static int relax_row(const vn_cells *c, paths *w, int64_t i, int64_t p, int64_t q)
{
    int changed = 0;
    const int32_t lo = (int32_t)i;
    for (int64_t k = c->row_ptr[i]; k < c->row_ptr[i + 1]; k++) {
        const int32_t hi = c->hi[k];
        const int o = c->order[k];
        if (c->win[k] > 0.0) changed |= relax(w, lo, hi, o, -1, p, q);
        if (c->loss[k] > 0.0) changed |= relax(w, hi, lo, -o, -1, p, q);
        if (c->tie && c->tie[k] > 0.0) {
            changed |= relax(w, lo, hi, o, 1, p, q);
            changed |= relax(w, hi, lo, -o, 1, p, q);
        }
    }
    return changed;
}

/* A cycle among the parents, which is always of negative length: one of its vertices, or -1. */
static int32_t parent_cycle(const paths *w, int64_t n, int32_t *seen)
{
    for (int64_t v = 0; v < n; v++) seen[v] = -1;
    for (int64_t start = 0; start < n; start++) {
        int32_t v = (int32_t)start;
        while (v >= 0 && seen[v] < 0) {
            seen[v] = (int32_t)start;
            v = w->parent[v];
        }
        if (v >= 0 && seen[v] == (int32_t)start) return v;
    }
    return -1;
}

vn_status vn_negative_cycle(const vn_cells *c, int64_t p, int64_t q, vn_poll poll, void *context,
                            int *found, int64_t *order_sum, int64_t *gap_sum)
{
    const int64_t n = c->n;
    const size_t size = (size_t)n;
    paths w = {vn_calloc(size, sizeof(int64_t)), vn_malloc(sizeof(int32_t) * size), vn_malloc(size), vn_malloc(size)};
    int32_t *seen = vn_malloc(sizeof(int32_t) * size);
    vn_status status = VN_NO_MEMORY;
    *found = 0;
    *order_sum = *gap_sum = 0;
    if (!w.distance || !w.parent || !w.order || !w.gap || !seen) goto done;
    status = VN_OK;
    memset(w.parent, -1, sizeof(int32_t) * size);
    int changed = 1;
    for (int64_t sweep = 0; changed && sweep <= n; sweep++) {
        changed = 0;
        if (sweep % 2 == 0)
            for (int64_t i = 0; i < n; i++) changed |= relax_row(c, &w, i, p, q);
        else
            for (int64_t i = n - 1; i >= 0; i--) changed |= relax_row(c, &w, i, p, q);
        const int32_t at = changed ? parent_cycle(&w, n, seen) : -1;
        if (at >= 0) {
            int32_t v = at;
            do {
                *order_sum += w.order[v];
                *gap_sum += w.gap[v];
                v = w.parent[v];
            } while (v != at);
            *found = 1;
            break;
        }
        if (poll && poll(context)) {
            status = VN_INTERRUPTED;
            break;
        }
    }
done:
    vn_free(w.distance);
    vn_free(w.parent);
    vn_free(w.order);
    vn_free(w.gap);
    vn_free(seen);
    return status;
}
