#include "vn_cholesky.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 512     /* degrees from here on share the last bucket */
#define DENSE_DEGREE 48 /* mean degree from which a graph is thinned */
#define KEEP 8.0        /* an edge is kept with probability KEEP * w * (1 / d_i + 1 / d_j) */

typedef struct {
    float weight;
    int32_t other;
} half_edge;

typedef struct {
    int64_t *head;      /* n: first added half edge of a vertex, -1 none */
    int64_t *next;
    half_edge *edge;
    int64_t n_edges, room;
    int32_t *degree;    /* live half edges, parallel ones counted */
    int32_t bucket[BUCKETS + 1], *after, *before; /* vertices by degree */
    uint8_t *gone;
    double *extra;
    float *sum;         /* n: weights of the neighbours of the vertex at hand */
    half_edge *near;    /* these neighbours */
    double *prefix;
    int64_t room_near;
} elimination;

static inline uint64_t hash(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline double uniform(uint64_t a, uint64_t b)
{
    return (double)(hash(hash(a) ^ b) >> 11) * 0x1p-53;
}

static inline int bucket_of(int32_t degree) { return degree < BUCKETS ? degree : BUCKETS; }

static void enter(elimination *s, int32_t v)
{
    int32_t *head = &s->bucket[bucket_of(s->degree[v])];
    s->before[v] = -1;
    s->after[v] = *head;
    if (*head >= 0) s->before[*head] = v;
    *head = v;
}

static void leave(elimination *s, int32_t v, int bucket)
{
    if (s->before[v] >= 0) s->after[s->before[v]] = s->after[v];
    else s->bucket[bucket] = s->after[v];
    if (s->after[v] >= 0) s->before[s->after[v]] = s->before[v];
}

static void change_degree(elimination *s, int32_t v, int32_t by)
{
    const int from = bucket_of(s->degree[v]);
    s->degree[v] += by;
    if (bucket_of(s->degree[v]) == from) return;
    leave(s, v, from);
    enter(s, v);
}

static int by_weight(const void *a, const void *b)
{
    const half_edge *x = a, *y = b;
    if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
    return (x->other > y->other) - (x->other < y->other);
}

static void sort_edges(half_edge *e, int64_t n)
{
    if (n > 24) {
        qsort(e, (size_t)n, sizeof *e, by_weight);
        return;
    }
    for (int64_t i = 1; i < n; i++) {
        const half_edge x = e[i];
        int64_t j = i;
        for (; j > 0 && by_weight(&e[j - 1], &x) > 0; j--) e[j] = e[j - 1];
        e[j] = x;
    }
}

static void add_half(elimination *s, int32_t v, int32_t u, float weight)
{
    const int64_t e = s->n_edges++;
    s->edge[e] = (half_edge){weight, u};
    s->next[e] = s->head[v];
    s->head[v] = e;
}

static vn_status grow(elimination *s, int64_t more)
{
    if (s->n_edges + more <= s->room) return VN_OK;
    const int64_t room = VN_MAX(s->room + s->room / 2, s->n_edges + more);
    half_edge *edge = vn_realloc(s->edge, sizeof(half_edge) * (size_t)room);
    if (edge) s->edge = edge;
    int64_t *next = vn_realloc(s->next, sizeof(int64_t) * (size_t)room);
    if (next) s->next = next;
    if (!edge || !next) return VN_NO_MEMORY;
    s->room = room;
    return VN_OK;
}

/* The live neighbours of v with merged weights, in s->near; degrees of these are lowered. */
static vn_status gather(elimination *s, int32_t v, int64_t *count)
{
    int64_t n = 0;
    if (s->degree[v] > s->room_near) {
        const int64_t room = 2 * (int64_t)s->degree[v];
        half_edge *near = vn_realloc(s->near, sizeof(half_edge) * (size_t)room);
        if (near) s->near = near;
        double *prefix = vn_realloc(s->prefix, sizeof(double) * (size_t)room);
        if (prefix) s->prefix = prefix;
        if (!near || !prefix) return VN_NO_MEMORY;
        s->room_near = room;
    }
    for (int64_t e = s->head[v]; e >= 0; e = s->next[e]) {
        const int32_t u = s->edge[e].other;
        if (s->gone[u]) continue;
        if (s->sum[u] == 0.0f) s->near[n++].other = u;
        s->sum[u] += s->edge[e].weight;
        change_degree(s, u, -1);
    }
    for (int64_t k = 0; k < n; k++) {
        s->near[k].weight = s->sum[s->near[k].other];
        s->sum[s->near[k].other] = 0.0f;
    }
    *count = n;
    return VN_OK;
}

/* Replace the star of v by a sampled tree-like set of edges, and write the factor's column. */
static vn_status eliminate(elimination *s, int32_t v, int64_t n, int64_t at, vn_cholesky *out)
{
    half_edge *near = s->near;
    double total = s->extra[v];
    sort_edges(near, n);
    for (int64_t k = 0; k < n; k++) {
        total += (double)near[k].weight;
        s->prefix[k] = (k ? s->prefix[k - 1] : 0.0) + (double)near[k].weight;
    }
    const double inverse = total > 0.0 ? 1.0 / total : 0.0;
    for (int64_t k = 0; k < n; k++) {
        const double share = (double)near[k].weight * inverse;
        out->other[at + k] = near[k].other;
        out->share[at + k] = (float)share;
        s->extra[near[k].other] += share * s->extra[v];
    }
    const vn_status status = grow(s, 2 * n);
    if (status != VN_OK) return status;
    for (int64_t k = 0; k + 1 < n; k++) {
        const double left = s->prefix[n - 1] - s->prefix[k];
        const double target = s->prefix[k] + left * uniform((uint64_t)v, (uint64_t)k);
        int64_t lo = k + 1, hi = n - 1;
        while (lo < hi) {
            const int64_t mid = lo + (hi - lo) / 2;
            if (s->prefix[mid] > target) hi = mid; else lo = mid + 1;
        }
        const float weight = (float)((double)near[k].weight * left * inverse);
        if (!(weight > 0.0f)) continue;
        const int32_t i = near[k].other, j = near[lo].other;
        add_half(s, i, j, weight);
        add_half(s, j, i, weight);
        change_degree(s, i, 1);
        change_degree(s, j, 1);
    }
    out->inverse[v] = inverse;
    return VN_OK;
}

/* Put the edges of `a` (or a sample that stays connected where `a` is) into the lists. */
static vn_status load(const vn_laplacian *a, elimination *s)
{
    const int64_t n = a->n, entries = a->ptr[n];
    const int thin = entries > DENSE_DEGREE * n;
    int32_t *parent = NULL;
    if (thin && !(parent = vn_malloc(sizeof(int32_t) * (size_t)n))) return VN_NO_MEMORY;
    for (int64_t v = 0; v < n && thin; v++) parent[v] = (int32_t)v;
    vn_status status = VN_OK;
    /* with thinning, a first pass keeps the sample and a second what joins its pieces */
    for (int pass = 0; pass <= thin && status == VN_OK; pass++)
        for (int64_t v = 0; v < n && status == VN_OK; v++)
            for (int64_t k = a->ptr[v]; k < a->ptr[v + 1]; k++) {
                const int32_t u = a->col[k];
                if (u <= v || !(a->val[k] > 0.0f)) continue;
                double weight = (double)a->val[k], p = 1.0;
                if (thin) {
                    p = VN_MIN(1.0, KEEP * weight * (1.0 / a->diag[v] + 1.0 / a->diag[u]));
                    const int kept = uniform((uint64_t)v << 32 | (uint64_t)u, 0x51) < p;
                    if (pass == 0 ? !kept : kept) continue;
                    int32_t x = (int32_t)v, y = u;
                    while (parent[x] != x) x = parent[x] = parent[parent[x]];
                    while (parent[y] != y) y = parent[y] = parent[parent[y]];
                    if (pass == 1 && x == y) continue;
                    parent[VN_MAX(x, y)] = VN_MIN(x, y);
                    if (pass == 0) weight /= p;
                }
                status = grow(s, 2);
                if (status != VN_OK) break;
                add_half(s, (int32_t)v, u, (float)weight);
                add_half(s, u, (int32_t)v, (float)weight);
                s->degree[v]++;
                s->degree[u]++;
            }
    vn_free(parent);
    return status;
}

static vn_status run(const vn_laplacian *a, elimination *s, vn_cholesky *out)
{
    const int64_t n = a->n;
    vn_status status = load(a, s);
    int64_t entries = 0, room = s->n_edges + n;
    out->other = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(room, 1));
    out->share = vn_malloc(sizeof(float) * (size_t)VN_MAX(room, 1));
    if (!out->other || !out->share) return VN_NO_MEMORY;
    for (int b = 0; b <= BUCKETS; b++) s->bucket[b] = -1;
    for (int64_t v = n - 1; v >= 0; v--) enter(s, (int32_t)v);
    for (int64_t step = 0; step < n && status == VN_OK; step++) {
        int lowest = 0;
        while (s->bucket[lowest] < 0) lowest++;
        const int32_t v = s->bucket[lowest];
        int64_t count;
        leave(s, v, lowest);
        s->gone[v] = 1;
        out->vertex[step] = v;
        out->ptr[step] = entries;
        status = gather(s, v, &count);
        if (status != VN_OK) break;
        if (entries + count > room) {
            room = VN_MAX(room + room / 2, entries + count);
            int32_t *other = vn_realloc(out->other, sizeof(int32_t) * (size_t)room);
            if (other) out->other = other;
            float *share = vn_realloc(out->share, sizeof(float) * (size_t)room);
            if (share) out->share = share;
            if (!other || !share) return VN_NO_MEMORY;
        }
        status = eliminate(s, v, count, entries, out);
        entries += count;
    }
    out->ptr[n] = entries;
    return status;
}

vn_status vn_cholesky_build(const vn_laplacian *a, vn_cholesky *out)
{
    const int64_t n = a->n;
    const size_t size = (size_t)VN_MAX(n, 1);
    memset(out, 0, sizeof *out);
    out->n = n;
    out->vertex = vn_malloc(sizeof(int32_t) * size);
    out->ptr = vn_calloc(size + 1, sizeof(int64_t));
    out->inverse = vn_malloc(sizeof(double) * size);
    out->work = vn_malloc(sizeof(double) * size);
    elimination s;
    memset(&s, 0, sizeof s);
    s.head = vn_malloc(sizeof(int64_t) * size);
    s.degree = vn_calloc(size, sizeof(int32_t));
    s.after = vn_malloc(sizeof(int32_t) * size);
    s.before = vn_malloc(sizeof(int32_t) * size);
    s.gone = vn_calloc(size, 1);
    s.extra = vn_malloc(sizeof(double) * size);
    s.sum = vn_calloc(size, sizeof(float));
    vn_status status = VN_NO_MEMORY;
    if (out->vertex && out->ptr && out->inverse && out->work && s.head && s.degree && s.after
        && s.before && s.gone && s.extra && s.sum) {
        memset(s.head, -1, sizeof(int64_t) * size);
        memcpy(s.extra, a->extra, sizeof(double) * (size_t)n);
        status = run(a, &s, out);
    }
    vn_free(s.head);
    vn_free(s.next);
    vn_free(s.edge);
    vn_free(s.degree);
    vn_free(s.after);
    vn_free(s.before);
    vn_free(s.gone);
    vn_free(s.extra);
    vn_free(s.sum);
    vn_free(s.near);
    vn_free(s.prefix);
    if (status != VN_OK) vn_cholesky_free(out);
    return status;
}

void vn_cholesky_apply(const vn_cholesky *c, const double *r, double *x)
{
    double *y = c->work;
    memcpy(y, r, sizeof(double) * (size_t)c->n);
    for (int64_t step = 0; step < c->n; step++) {
        const double here = y[c->vertex[step]];
        for (int64_t k = c->ptr[step]; k < c->ptr[step + 1]; k++)
            y[c->other[k]] += (double)c->share[k] * here;
    }
    for (int64_t step = c->n - 1; step >= 0; step--) {
        const int32_t v = c->vertex[step];
        double sum = y[v] * c->inverse[v];
        for (int64_t k = c->ptr[step]; k < c->ptr[step + 1]; k++)
            sum += (double)c->share[k] * x[c->other[k]];
        x[v] = sum;
    }
}

void vn_cholesky_free(vn_cholesky *c)
{
    if (!c->shared) {
        vn_free(c->vertex);
        vn_free(c->ptr);
        vn_free(c->other);
        vn_free(c->share);
        vn_free(c->inverse);
    }
    vn_free(c->work);
    memset(c, 0, sizeof *c);
}

vn_status vn_cholesky_share(const vn_cholesky *c, vn_cholesky *out)
{
    *out = *c;
    out->shared = 1;
    out->work = vn_malloc(sizeof(double) * (size_t)VN_MAX(c->n, 1));
    return out->work ? VN_OK : VN_NO_MEMORY;
}
