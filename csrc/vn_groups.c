#include "vn_groups.h"

#include <string.h>

#define STRONG 0.25 /* a partner's edge is at least this share of the strongest */

typedef struct {
    const vn_laplacian *a;
    const vn_groups *groups;
    int64_t n_groups;
    int32_t *pair_of; /* what comes out */
    float *sum;       /* zero between calls */
    int32_t *list;
} matching;

typedef struct {
    float strongest, best;
    int32_t any, partner; /* the strongest neighbour, and the strongest unmatched one */
} choice;

static inline void consider(const matching *m, choice *c, int32_t other, float weight)
{
    if (weight > c->strongest) {
        c->strongest = weight;
        c->any = other;
    }
    if (weight >= c->best && m->pair_of[other] < 0 && (weight > c->best || other < c->partner)) {
        c->best = weight;
        c->partner = other;
    }
}

/* Neighbours of a single vertex. An edge counts even where its weight has vanished. */
static choice choose_vertex(const matching *m, int64_t v)
{
    choice c = {0.0f, 0.0f, -1, -1};
    for (int64_t k = m->a->ptr[v]; k < m->a->ptr[v + 1]; k++)
        consider(m, &c, m->a->col[k], m->a->val[k] + 1e-37f);
    return c;
}

/* Neighbours of a group, the weights of all edges between two groups added up. */
static choice choose_group(const matching *m, int64_t g)
{
    choice c = {0.0f, 0.0f, -1, -1};
    int64_t found = 0;
    for (int64_t q = m->groups->member_ptr[g]; q < m->groups->member_ptr[g + 1]; q++) {
        const int32_t v = m->groups->member[q];
        for (int64_t k = m->a->ptr[v]; k < m->a->ptr[v + 1]; k++) {
            const int32_t u = m->groups->of[m->a->col[k]];
            if (u == (int32_t)g) continue;
            if (m->sum[u] == 0.0f) m->list[found++] = u;
            m->sum[u] += m->a->val[k] + 1e-37f;
        }
    }
    for (int64_t k = 0; k < found; k++) {
        consider(m, &c, m->list[k], m->sum[m->list[k]]);
        m->sum[m->list[k]] = 0.0f;
    }
    return c;
}

/* Match each group with its strongest unmatched neighbour, groups of few neighbours first; what is
 * left over joins the strongest neighbour's pair. Returns the number of pairs. */
static int64_t match(const matching *m, int single, const int32_t *visit)
{
    int64_t pairs = 0;
    int32_t *pair_of = m->pair_of;
    for (int64_t g = 0; g < m->n_groups; g++) pair_of[g] = -1;
    for (int64_t i = 0; i < m->n_groups; i++) {
        const int32_t g = visit[i];
        if (pair_of[g] >= 0) continue;
        const choice c = single ? choose_vertex(m, g) : choose_group(m, g);
        if (c.partner >= 0 && c.best >= (float)STRONG * c.strongest) {
            pair_of[g] = pair_of[c.partner] = (int32_t)pairs++;
        } else if (c.any >= 0) {
            if (pair_of[c.any] < 0) pair_of[c.any] = (int32_t)pairs++;
            pair_of[g] = pair_of[c.any];
        } else {
            pair_of[g] = (int32_t)pairs++;
        }
    }
    return pairs;
}

void vn_list_members(const int32_t *group_of, int64_t n, int64_t n_groups, int64_t *member_ptr,
                         int32_t *member)
{
    memset(member_ptr, 0, sizeof(int64_t) * (size_t)(n_groups + 2));
    for (int64_t v = 0; v < n; v++)
        if (group_of[v] >= 0) member_ptr[group_of[v] + 2]++;
    for (int64_t g = 0; g < n_groups; g++) member_ptr[g + 2] += member_ptr[g + 1];
    for (int64_t v = 0; v < n; v++)
        if (group_of[v] >= 0) member[member_ptr[group_of[v] + 1]++] = (int32_t)v;
}

/* Vertices in order of degree (counting sort, ids ascending within a degree, capped). */
static void by_degree(const int64_t *degree, int64_t n, int32_t *visit)
{
    enum { CAP = 256 };
    int64_t start[CAP + 2] = {0};
    for (int64_t v = 0; v < n; v++) start[VN_MIN(degree[v], (int64_t)CAP) + 1]++;
    for (int d = 0; d < CAP; d++) start[d + 1] += start[d];
    for (int64_t v = 0; v < n; v++) visit[start[VN_MIN(degree[v], (int64_t)CAP)]++] = (int32_t)v;
}

vn_status vn_find_groups(const vn_laplacian *a, int passes, vn_groups *out, int64_t *n_groups)
{
    const int64_t n = a->n;
    float *sum = vn_calloc((size_t)n, sizeof(float));
    int32_t *list = vn_malloc(sizeof(int32_t) * (size_t)n), *visit = vn_malloc(sizeof(int32_t) * (size_t)n);
    int32_t *pair_of = vn_malloc(sizeof(int32_t) * (size_t)n);
    int64_t *degree = vn_malloc(sizeof(int64_t) * (size_t)n);
    out->of = vn_malloc(sizeof(int32_t) * (size_t)n);
    out->member = vn_malloc(sizeof(int32_t) * (size_t)n);
    out->member_ptr = vn_malloc(sizeof(int64_t) * (size_t)(n + 2));
    vn_status status = VN_NO_MEMORY;
    if (!sum || !list || !visit || !pair_of || !degree || !out->of || !out->member
        || !out->member_ptr)
        goto done;
    int64_t groups = n;
    for (int64_t v = 0; v < n; v++) {
        out->of[v] = (int32_t)v;
        out->member[v] = (int32_t)v;
        out->member_ptr[v] = v;
    }
    out->member_ptr[n] = n;
    for (int pass = 0; pass < passes; pass++) {
        for (int64_t g = 0; g < groups; g++) {
            degree[g] = 0;
            for (int64_t m = out->member_ptr[g]; m < out->member_ptr[g + 1]; m++)
                degree[g] += a->ptr[out->member[m] + 1] - a->ptr[out->member[m]];
        }
        by_degree(degree, groups, visit);
        const matching m = {a, out, groups, pair_of, sum, list};
        const int64_t pairs = match(&m, pass == 0, visit);
        /* number the new groups by their first member, for locality */
        for (int64_t g = 0; g < pairs; g++) list[g] = -1;
        int64_t next = 0;
        for (int64_t v = 0; v < n; v++) {
            const int32_t g = pair_of[out->of[v]];
            if (list[g] < 0) list[g] = (int32_t)next++;
            out->of[v] = list[g];
        }
        groups = pairs;
        vn_list_members(out->of, n, groups, out->member_ptr, out->member);
    }
    /* groups without an edge to others leave the hierarchy */
    int64_t kept = 0;
    for (int64_t g = 0; g < groups; g++) {
        int linked = 0;
        for (int64_t m = out->member_ptr[g]; m < out->member_ptr[g + 1] && !linked; m++) {
            const int32_t v = out->member[m];
            for (int64_t k = a->ptr[v]; k < a->ptr[v + 1] && !linked; k++)
                linked = out->of[a->col[k]] != (int32_t)g;
            linked |= a->extra[v] > 0.0;
        }
        visit[g] = linked ? (int32_t)kept++ : -1;
    }
    if (kept < groups) {
        for (int64_t v = 0; v < n; v++) out->of[v] = visit[out->of[v]];
        groups = kept;
        vn_list_members(out->of, n, groups, out->member_ptr, out->member);
    }
    *n_groups = groups;
    status = VN_OK;
done:
    vn_free(sum);
    vn_free(list);
    vn_free(visit);
    vn_free(pair_of);
    vn_free(degree);
    return status;
}

void vn_groups_free(vn_groups *g)
{
    vn_free(g->of);
    vn_free(g->member_ptr);
    vn_free(g->member);
    memset(g, 0, sizeof *g);
}
