#include "vn_multigrid_internal.h"

#include <string.h>

#include "vn_dense.h"

#define DENSE 256 /* coarsest graphs up to here are factored */

/* The finest level needs scratch only. */
static vn_status level_vectors(vn_level *l, int finest)
{
    double **all[] = {&l->work, &l->r, &l->x, &l->p, &l->q, &l->v};
    for (int k = 0; k < (finest ? 1 : 6); k++) {
        *all[k] = vn_malloc(sizeof(double) * (size_t)VN_MAX(l->a.n, 1));
        if (!*all[k]) return VN_NO_MEMORY;
    }
    const int64_t blocks = vn_laplacian_most_blocks(l->a.n, l->a.ptr[l->a.n]);
    l->partial = vn_malloc(sizeof(double) * VN_LEVEL_SUMS * (size_t)VN_MAX(blocks, 1));
    return l->partial ? VN_OK : VN_NO_MEMORY;
}

static void free_vectors(vn_level *l)
{
    double *vectors[] = {l->r, l->x, l->p, l->q, l->v, l->work, l->partial};
    for (int k = 0; k < 7; k++) vn_free(vectors[k]);
}

static void free_level(vn_level *l, int owns_matrix)
{
    if (owns_matrix) vn_laplacian_free(&l->a);
    vn_groups_free(&l->groups);
    free_vectors(l);
    memset(l, 0, sizeof *l);
}

/* Groups of `fine`, and the matrix of `coarse` with its values. */
static vn_status coarsen(vn_level *fine, vn_level *coarse, int n_threads, vn_poll poll,
                         void *context, int64_t *n_groups)
{
    const int64_t n = fine->a.n;
    vn_status status = vn_find_groups(&fine->a, fine->a.ptr[n] > 16 * n ? 3 : 2, poll, context,
                                      &fine->groups, n_groups);
    if (status != VN_OK || *n_groups == 0 || *n_groups * 10 > n * 9) return status;
    status = vn_coarse_pattern(fine, *n_groups, &coarse->a, n_threads, poll, context);
    return status == VN_OK ? vn_coarse_values(fine, &coarse->a, n_threads, poll, context) : status;
}

/* Let level 1 go: groups of groups become the groups of level 0. */
static void skip_level(vn_multigrid *m)
{
    vn_level *l = m->level;
    vn_groups *g = &l[0].groups;
    for (int64_t v = 0; v < l[0].a.n; v++)
        if (g->of[v] >= 0) g->of[v] = l[1].groups.of[g->of[v]];
    vn_list_members(g->of, l[0].a.n, l[2].a.n, g->member_ptr, g->member);
    free_level(&l[1], 1);
    l[1] = l[2];
    memset(&l[2], 0, sizeof l[2]);
    m->n_levels--;
}

vn_status vn_multigrid_build(const vn_laplacian *a, int n_threads, vn_poll poll, void *context,
                             vn_multigrid *m)
{
    memset(m, 0, sizeof *m);
    m->level[0].a = *a;
    m->n_levels = 1;
    int skipped = 0;
    while (m->n_levels < VN_MAX_LEVELS) {
        vn_level *fine = &m->level[m->n_levels - 1];
        int64_t groups = 0;
        if (fine->a.n <= DENSE) break;
        const vn_status status = coarsen(fine, fine + 1, n_threads, poll, context, &groups);
        if (status != VN_OK) {
            free_level(fine + 1, 1);
            return status;
        }
        if (groups == 0 || groups * 10 > fine->a.n * 9) break;
        m->n_levels++;
        /* a long first step: the finest level is cheap (see vn_multigrid_apply), the next is not */
        if (m->n_levels == 3 && !skipped) {
            skip_level(m);
            skipped = 1;
        }
    }
    for (int k = 0; k < m->n_levels; k++) {
        const vn_status status = level_vectors(&m->level[k], k == 0);
        if (status != VN_OK) return status;
    }
    const int64_t n = m->level[m->n_levels - 1].a.n;
    if (n <= DENSE) {
        m->factor = vn_malloc(sizeof(double) * (size_t)(n * n));
        if (!m->factor) return VN_NO_MEMORY;
        vn_dense_factor(&m->level[m->n_levels - 1].a, m->factor);
    }
    return VN_OK;
}

vn_status vn_multigrid_refresh(vn_multigrid *m, int n_threads, vn_poll poll, void *context)
{
    for (int k = 1; k < m->n_levels; k++) {
        const vn_status status = vn_coarse_values(&m->level[k - 1], &m->level[k].a, n_threads, poll,
                                                  context);
        if (status != VN_OK) return status;
    }
    if (m->factor) vn_dense_factor(&m->level[m->n_levels - 1].a, m->factor);
    return VN_OK;
}

void vn_multigrid_free(vn_multigrid *m)
{
    for (int k = 0; k < m->n_levels; k++) {
        if (m->shared) free_vectors(&m->level[k]);
        else free_level(&m->level[k], k > 0);
    }
    if (!m->shared) vn_free(m->factor);
    memset(m, 0, sizeof *m);
}

vn_status vn_multigrid_share(const vn_multigrid *m, const vn_laplacian *a, vn_multigrid *out)
{
    memset(out, 0, sizeof *out);
    out->shared = 1;
    out->n_levels = m->n_levels;
    out->factor = m->factor;
    for (int k = 0; k < m->n_levels; k++) {
        out->level[k].a = k ? m->level[k].a : *a;
        out->level[k].groups = m->level[k].groups;
    }
    for (int k = 0; k < m->n_levels; k++) {
        const vn_status status = level_vectors(&out->level[k], k == 0);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

vn_status vn_multigrid_order(const vn_multigrid *m, int32_t **out)
{
    int32_t *above = NULL; /* order of the level above the one at hand; NULL: as numbered */
    int64_t n_above = m->level[m->n_levels - 1].a.n;
    for (int k = m->n_levels - 2; k >= 0; k--) {
        const vn_groups *g = &m->level[k].groups;
        const int64_t n = m->level[k].a.n;
        int32_t *order = vn_malloc(sizeof(int32_t) * (size_t)n);
        if (!order) {
            vn_free(above);
            return VN_NO_MEMORY;
        }
        int64_t at = 0;
        for (int64_t i = 0; i < n_above; i++) {
            const int32_t group = above ? above[i] : (int32_t)i;
            for (int64_t q = g->member_ptr[group]; q < g->member_ptr[group + 1]; q++)
                order[at++] = g->member[q];
        }
        for (int64_t v = 0; v < n; v++)
            if (g->of[v] < 0) order[at++] = (int32_t)v;
        vn_free(above);
        above = order;
        n_above = n;
    }
    *out = above;
    return VN_OK;
}

void vn_multigrid_renumber(vn_multigrid *m, const vn_laplacian *a, const int32_t *order)
{
    vn_groups *g = &m->level[0].groups;
    const int64_t n = a->n;
    int32_t *of = g->member; /* the members are listed anew: their place holds the new numbers */
    for (int64_t i = 0; i < n; i++) of[i] = g->of[order[i]];
    g->member = g->of;
    g->of = of;
    vn_list_members(g->of, n, m->level[1].a.n, g->member_ptr, g->member);
    m->level[0].a = *a;
}
