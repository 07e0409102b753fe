#include "vn_eliminate.h"

#include <string.h>

/* Vertices with at most this many live edges have parallel edges among them merged. */
#define SCAN 8

/* The graph while it shrinks. Edges 0 .. n_original-1 are those of the matrix, then comes fill. */
typedef struct {
    const vn_laplacian *a;
    const int64_t *lower_ptr;
    const uint32_t *lower;
    int64_t n_original, n_edges;
    int32_t *end;      /* 2 per fill edge: its two vertices */
    int64_t *next;     /* 2 per fill edge: next fill edge in each vertex's list, -1 at the end */
    int64_t *head;     /* n: first fill edge of a vertex */
    uint8_t *dead;     /* per edge */
    int64_t *degree;   /* live edges of a vertex */
} shrinking;

/* Upper entries of row i name edges in order: entry lower_ptr[i + 1] + e. Lower ones are listed. */
static inline int64_t entry_edge(const shrinking *s, int64_t i, int64_t k)
{
    const int64_t n_lower = s->lower_ptr[i + 1] - s->lower_ptr[i];
    const int64_t in_row = k - s->a->ptr[i];
    return in_row < n_lower ? (int64_t)s->lower[s->lower_ptr[i] + in_row]
                            : k - s->lower_ptr[i + 1];
}

/* Live edges of v, at most `most`; returns how many were found. */
static int live_edges(const shrinking *s, int32_t v, int most, int64_t *edge, int32_t *other)
{
    int found = 0;
    for (int64_t k = s->a->ptr[v]; k < s->a->ptr[v + 1] && found < most; k++) {
        const int64_t e = entry_edge(s, v, k);
        if (s->dead[e]) continue;
        edge[found] = e;
        other[found++] = s->a->col[k];
    }
    for (int64_t e = s->head[v]; e >= 0 && found < most;) {
        const int64_t q = 2 * (e - s->n_original);
        const int side = s->end[q] == v ? 0 : 1;
        if (!s->dead[e]) {
            edge[found] = e;
            other[found++] = s->end[q + !side];
        }
        e = s->next[q + side];
    }
    return found;
}

static void add_fill(shrinking *s, int32_t u, int32_t v)
{
    const int64_t e = s->n_edges++, q = 2 * (e - s->n_original);
    s->end[q] = u;
    s->end[q + 1] = v;
    s->next[q] = s->head[u];
    s->next[q + 1] = s->head[v];
    s->head[u] = s->head[v] = e;
    s->dead[e] = 0;
    s->degree[u]++;
    s->degree[v]++;
}

static void add_step(vn_elimination *out, int32_t v, int32_t a, int32_t b, int64_t ea, int64_t eb,
                     int64_t fill)
{
    const int64_t k = out->n_steps++;
    out->vertex[k] = v;
    out->a[k] = a;
    out->b[k] = b;
    out->edge_a[k] = ea;
    out->edge_b[k] = eb;
    out->fill[k] = fill;
}

static vn_status build_core(shrinking *s, vn_elimination *out)
{
    const int64_t n = s->a->n;
    int64_t core = 0, entries = 0;
    for (int64_t v = 0; v < n; v++) {
        if (out->core_of[v] < 0) continue;
        out->core_of[v] = (int32_t)core++;
        entries += s->degree[v];
    }
    vn_laplacian *c = &out->core;
    c->n = core;
    c->ptr = vn_malloc(sizeof(int64_t) * (size_t)(core + 1));
    c->col = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(entries, 1));
    c->val = vn_calloc((size_t)VN_MAX(entries, 1), sizeof(float));
    out->core_edge = vn_malloc(sizeof(int64_t) * (size_t)VN_MAX(entries, 1));
    out->vertex_of = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(core, 1));
    if (!c->ptr || !c->col || !c->val || !out->core_edge || !out->vertex_of) return VN_NO_MEMORY;
    int64_t at = 0;
    for (int64_t v = 0; v < n; v++) {
        const int32_t i = out->core_of[v];
        if (i < 0) continue;
        out->vertex_of[i] = (int32_t)v;
        c->ptr[i] = at;
        for (int64_t k = s->a->ptr[v]; k < s->a->ptr[v + 1]; k++) {
            const int64_t e = entry_edge(s, v, k);
            if (s->dead[e]) continue;
            out->core_edge[at] = e;
            c->col[at++] = out->core_of[s->a->col[k]];
        }
        for (int64_t e = s->head[v]; e >= 0;) {
            const int64_t q = 2 * (e - s->n_original);
            const int side = s->end[q] == v ? 0 : 1;
            if (!s->dead[e]) {
                out->core_edge[at] = e;
                c->col[at++] = out->core_of[s->end[q + !side]];
            }
            e = s->next[q + side];
        }
    }
    c->ptr[core] = at;
    return vn_laplacian_finish(c);
}

/* Merge parallel edges of v and remove it where at most two neighbours are left; the vertices whose
 * degree changed are put on the queue by the caller. Returns 1 when it went. */
static int try_vertex(shrinking *s, vn_elimination *out, int32_t v, int32_t *touched, int *n_touched)
{
    int64_t edge[SCAN];
    int32_t other[SCAN];
    int live = live_edges(s, v, SCAN, edge, other);
    for (int i = 0; i < live; i++)
        for (int j = i + 1; j < live;) {
            if (other[i] != other[j]) {
                j++;
                continue;
            }
            add_step(out, -1, -1, -1, edge[i], edge[j], -1);
            s->dead[edge[j]] = 1;
            s->degree[v]--;
            s->degree[other[j]]--;
            touched[(*n_touched)++] = other[j];
            live--;
            edge[j] = edge[live];
            other[j] = other[live];
        }
    if (live > 2) return 0;
    const int32_t a = live > 0 ? other[0] : -1, b = live > 1 ? other[1] : -1;
    for (int i = 0; i < live; i++) {
        s->dead[edge[i]] = 1;
        s->degree[other[i]]--;
        touched[(*n_touched)++] = other[i];
    }
    s->degree[v] = 0;
    out->core_of[v] = -1;
    add_step(out, v, a, b, live > 0 ? edge[0] : -1, live > 1 ? edge[1] : -1,
             live == 2 ? s->n_edges : -1);
    if (live == 2) add_fill(s, a, b);
    return 1;
}

/* Vertices to look at: those of degree <= 1 at once, last in, first out, so that a path is walked from
 * its end and leaves no fill; the others in turn. */
typedef struct {
    int32_t *stack, *queue;
    uint8_t *listed;
    int64_t n, n_stack, head, n_queue;
} agenda;

static void list_vertex(agenda *g, const shrinking *s, int32_t v)
{
    if (s->degree[v] <= 1) {
        if (g->listed[v] & 1) return;
        g->listed[v] |= 1;
        g->stack[g->n_stack++] = v;
    } else if (!(g->listed[v] & 2)) {
        g->listed[v] |= 2;
        g->queue[g->head + g->n_queue < g->n ? g->head + g->n_queue : g->head + g->n_queue - g->n] = v;
        g->n_queue++;
    }
}

/* Next vertex, or -1. */
static int32_t take_vertex(agenda *g)
{
    int32_t v = -1;
    if (g->n_stack > 0) {
        v = g->stack[--g->n_stack];
        g->listed[v] &= 2;
    } else if (g->n_queue > 0) {
        v = g->queue[g->head];
        g->head = g->head + 1 == g->n ? 0 : g->head + 1;
        g->n_queue--;
        g->listed[v] &= 1;
    }
    return v;
}

static vn_status drain(agenda *g, shrinking *s, vn_poll poll, void *context, vn_elimination *out,
                       int64_t *n_gone)
{
    int32_t v, touched[2 * SCAN];
    for (int64_t taken = 1; (v = take_vertex(g)) >= 0; taken++) {
        int n_touched = 0;
        if (taken % 65536 == 0 && poll && poll(context)) return VN_INTERRUPTED;
        if (out->core_of[v] < 0) continue;
        *n_gone += try_vertex(s, out, v, touched, &n_touched);
        for (int i = 0; i < n_touched; i++) {
            const int32_t u = touched[i];
            if (out->core_of[u] >= 0 && s->degree[u] <= SCAN) list_vertex(g, s, u);
        }
    }
    return VN_OK;
}

static vn_status shrink(shrinking *s, int start, vn_poll poll, void *context, vn_elimination *out,
                        int64_t *n_gone)
{
    const int64_t n = s->a->n;
    agenda g = {vn_malloc(sizeof(int32_t) * (size_t)n), vn_malloc(sizeof(int32_t) * (size_t)n),
                vn_calloc((size_t)n, 1), n, 0, 0, 0};
    vn_status status = VN_NO_MEMORY;
    *n_gone = 0;
    if (g.stack && g.queue && g.listed) {
        for (int64_t v = n - 1; v >= 0; v--)
            if (s->degree[v] <= 1) list_vertex(&g, s, (int32_t)v);
        for (int64_t v = 0; v < n; v++)
            if (s->degree[v] > 1 && s->degree[v] <= start) list_vertex(&g, s, (int32_t)v);
        status = drain(&g, s, poll, context, out, n_gone);
    }
    vn_free(g.stack);
    vn_free(g.queue);
    vn_free(g.listed);
    return status;
}

vn_status vn_eliminate_pattern(const vn_laplacian *a, const int64_t *lower_ptr,
                               const uint32_t *lower, int64_t n_edges, int parallel, vn_poll poll,
                               void *context, vn_elimination *out, int *worthwhile)
{
    const int64_t n = a->n;
    const int start = parallel ? SCAN : 2; /* degree at which a vertex is first looked at */
    int64_t few = 0;
    memset(out, 0, sizeof *out);
    *worthwhile = 0;
    for (int64_t v = 0; v < n; v++) few += a->ptr[v + 1] - a->ptr[v] <= start;
    if (few * 200 < n) return VN_OK;
    /* a removal adds at most one edge; degrees never grow, so a vertex merges fewer than SCAN */
    const int64_t most_edges = n_edges + n;
    const size_t room = (size_t)(n + VN_MIN(n_edges, SCAN * n));
    shrinking s = {.a = a, .lower_ptr = lower_ptr, .lower = lower, .n_original = n_edges,
                   .n_edges = n_edges};
    s.end = vn_malloc(sizeof(int32_t) * (size_t)(2 * n));
    s.next = vn_malloc(sizeof(int64_t) * (size_t)(2 * n));
    s.head = vn_malloc(sizeof(int64_t) * (size_t)n);
    s.dead = vn_calloc((size_t)most_edges, 1);
    s.degree = vn_malloc(sizeof(int64_t) * (size_t)n);
    out->vertex = vn_malloc(sizeof(int32_t) * room);
    out->a = vn_malloc(sizeof(int32_t) * room);
    out->b = vn_malloc(sizeof(int32_t) * room);
    out->edge_a = vn_malloc(sizeof(int64_t) * room);
    out->edge_b = vn_malloc(sizeof(int64_t) * room);
    out->fill = vn_malloc(sizeof(int64_t) * room);
    out->core_of = vn_calloc((size_t)n, sizeof(int32_t));
    vn_status status = VN_NO_MEMORY;
    if (!s.end || !s.next || !s.head || !s.dead || !s.degree || !out->vertex || !out->a || !out->b
        || !out->edge_a || !out->edge_b || !out->fill || !out->core_of)
        goto done;
    for (int64_t v = 0; v < n; v++) {
        s.head[v] = -1;
        s.degree[v] = a->ptr[v + 1] - a->ptr[v];
    }
    int64_t gone;
    status = shrink(&s, start, poll, context, out, &gone);
    if (status != VN_OK) goto done;
    *worthwhile = gone * 20 >= n;
    if (!*worthwhile) goto done;
    out->n_edges = s.n_edges;
    const size_t kept = (size_t)VN_MAX(out->n_steps, 1);
    out->share_a = vn_malloc(sizeof(double) * kept);
    out->share_b = vn_malloc(sizeof(double) * kept);
    out->inverse = vn_malloc(sizeof(double) * kept);
    out->weight = vn_malloc(sizeof(double) * (size_t)VN_MAX(s.n_edges, 1));
    out->extra = vn_malloc(sizeof(double) * (size_t)n);
    status = VN_NO_MEMORY;
    if (out->share_a && out->share_b && out->inverse && out->weight && out->extra)
        status = build_core(&s, out);
done:
    vn_free(s.end);
    vn_free(s.next);
    vn_free(s.head);
    vn_free(s.dead);
    vn_free(s.degree);
    if (status != VN_OK || !*worthwhile) vn_elimination_free(out);
    return status;
}

static void core_values(void *arg, int64_t block, int64_t from, int64_t to)
{
    vn_elimination *e = arg;
    vn_laplacian *c = &e->core;
    (void)block;
    for (int64_t i = from; i < to; i++) {
        for (int64_t k = c->ptr[i]; k < c->ptr[i + 1]; k++)
            c->val[k] = (float)e->weight[e->core_edge[k]];
        c->extra[i] = e->extra[e->vertex_of[i]];
    }
}

void vn_eliminate_refresh(vn_elimination *e, const vn_laplacian *a, const int64_t *lower_ptr,
                          int n_threads)
{
    for (int64_t i = 0; i < a->n; i++) {
        const int64_t upper = a->ptr[i] + (lower_ptr[i + 1] - lower_ptr[i]);
        for (int64_t k = upper; k < a->ptr[i + 1]; k++)
            e->weight[k - lower_ptr[i + 1]] = (double)a->val[k];
        e->extra[i] = a->extra[i];
    }
    double *w = e->weight;
    for (int64_t k = 0; k < e->n_steps; k++) {
        if (e->vertex[k] < 0) {
            w[e->edge_a[k]] += w[e->edge_b[k]];
            continue;
        }
        const double wa = e->a[k] < 0 ? 0.0 : w[e->edge_a[k]];
        const double wb = e->b[k] < 0 ? 0.0 : w[e->edge_b[k]];
        const double ex = e->extra[e->vertex[k]], sum = wa + wb + ex;
        const double inverse = sum > 0.0 ? 1.0 / sum : 0.0;
        e->inverse[k] = inverse;
        e->share_a[k] = wa * inverse;
        e->share_b[k] = wb * inverse;
        if (e->a[k] >= 0) e->extra[e->a[k]] += e->share_a[k] * ex;
        if (e->b[k] >= 0) e->extra[e->b[k]] += e->share_b[k] * ex;
        if (e->fill[k] >= 0) w[e->fill[k]] = wa * e->share_b[k];
    }
    vn_laplacian_run(&e->core, core_values, e, n_threads);
    vn_laplacian_diagonal(&e->core, n_threads);
}

void vn_eliminate_forward(const vn_elimination *e, double *r, double *core_r)
{
    for (int64_t k = 0; k < e->n_steps; k++) {
        const int32_t v = e->vertex[k];
        if (v < 0) continue;
        if (e->a[k] >= 0) r[e->a[k]] += e->share_a[k] * r[v];
        if (e->b[k] >= 0) r[e->b[k]] += e->share_b[k] * r[v];
    }
    for (int64_t i = 0; i < e->core.n; i++) core_r[i] = r[e->vertex_of[i]];
}

void vn_eliminate_back(const vn_elimination *e, const double *r, const double *core_x, double *x)
{
    for (int64_t i = 0; i < e->core.n; i++) x[e->vertex_of[i]] = core_x[i];
    for (int64_t k = e->n_steps - 1; k >= 0; k--) {
        const int32_t v = e->vertex[k];
        if (v < 0) continue;
        double sum = r[v] * e->inverse[k];
        if (e->a[k] >= 0) sum += e->share_a[k] * x[e->a[k]];
        if (e->b[k] >= 0) sum += e->share_b[k] * x[e->b[k]];
        x[v] = sum;
    }
}

void vn_elimination_free(vn_elimination *e)
{
    vn_free(e->vertex);
    vn_free(e->a);
    vn_free(e->b);
    vn_free(e->edge_a);
    vn_free(e->edge_b);
    vn_free(e->fill);
    vn_free(e->share_a);
    vn_free(e->share_b);
    vn_free(e->inverse);
    vn_free(e->weight);
    vn_free(e->extra);
    vn_free(e->core_of);
    vn_free(e->vertex_of);
    vn_free(e->core_edge);
    vn_laplacian_free(&e->core);
    memset(e, 0, sizeof *e);
}
