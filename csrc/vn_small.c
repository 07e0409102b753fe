#include "vn_small.h"

#include <math.h>
#include <string.h>

#define PAD(n) (((n) + VN_LANES - 1) / VN_LANES * VN_LANES)

/* The next `bytes` of a block, on a line of their own. With a NULL block only the bytes are added up,
 * so that the same list of arrays first sizes its block and then cuts it. */
static void *cut(char *block, size_t *used, size_t bytes)
{
    void *at = block ? block + *used : NULL;
    *used += (bytes + 63) / 64 * 64;
    return at;
}

static size_t place_rows(vn_small *w, char *block, size_t n)
{
    size_t used = 0;
    const size_t d = sizeof(double) * (n + VN_LANES), i = sizeof(int32_t) * (n + VN_LANES);
    w->row = cut(block, &used, i);
    w->part = cut(block, &used, i);
    w->slot = cut(block, &used, 3 * i); /* a pair may have an edge for each order class */
    w->reach = cut(block, &used, 3 * i);
    double **arrays[] = {&w->mean, &w->precision, &w->mass, &w->per_mass, &w->diag, &w->per_diag, &w->border[0], &w->border[1],
                         &w->solved[0], &w->solved[1], &w->x, &w->trial, &w->gradient, &w->next,
                         &w->step, &w->r, &w->z, &w->p, &w->q};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) *arrays[k] = cut(block, &used, d);
    return used;
}

static size_t place_edges(vn_small *w, char *block, size_t m, size_t n)
{
    size_t used = 0;
    const size_t entries = 2 * m + VN_LANES * (m < 3 * n ? m : 3 * n) + VN_LANES;
    int32_t **indices[] = {&w->a, &w->b, &w->at_a, &w->at_b};
    for (size_t k = 0; k < 4; k++) *indices[k] = cut(block, &used, sizeof(int32_t) * m);
    double **values[] = {&w->win, &w->loss, &w->tie, &w->side, &w->d, &w->g, &w->h, &w->dt};
    for (size_t k = 0; k < 8; k++) *values[k] = cut(block, &used, sizeof(double) * m);
    w->col = cut(block, &used, sizeof(int32_t) * entries);
    w->val = cut(block, &used, sizeof(double) * entries);
    w->pull = cut(block, &used, sizeof(double) * entries);
    return used;
}

void vn_small_free(vn_small *w)
{
    vn_free(w->block_n);
    vn_free(w->block_edges);
    vn_free(w->more_a), vn_free(w->more_b), vn_free(w->more);
    memset(w, 0, sizeof *w);
}

/* Room for n items and m edges; what was there is lost. */
static vn_status reserve(vn_small *w, int n, int m)
{
    if (n > w->capacity_n) {
        const int room = PAD(VN_MAX(n, 2 * w->capacity_n));
        vn_free(w->block_n);
        w->capacity_n = 0;
        w->block_n = vn_aligned_alloc(64, place_rows(w, NULL, (size_t)room));
        if (!w->block_n) return VN_NO_MEMORY;
        place_rows(w, w->block_n, (size_t)room);
        w->capacity_n = room;
        w->capacity_edges = 0; /* the padding of the entries depends on n */
    }
    if (m > w->capacity_edges) {
        const int room = PAD(VN_MAX(m, 2 * w->capacity_edges));
        vn_free(w->block_edges);
        w->capacity_edges = 0;
        w->block_edges = vn_aligned_alloc(64, place_edges(w, NULL, (size_t)room, (size_t)w->capacity_n));
        if (!w->block_edges) return VN_NO_MEMORY;
        place_edges(w, w->block_edges, (size_t)room, (size_t)w->capacity_n);
        w->capacity_edges = room;
    }
    return VN_OK;
}

/* Edges from cells: order classes of a pair are added up unless they matter, ties in half-tie models
 * go half to each side. a and b are items for now. */
static void load_edges(vn_small *w, const vn_small_cells *c)
{
    const vn_small_model *m = w->model;
    int e = -1;
    w->total = 0.0;
    for (int64_t k = 0; k < c->n_cells; k++) {
        double win = c->win[k], loss = c->loss[k], tie = c->tie ? c->tie[k] : 0.0;
        w->total += win + loss + tie;
        if (!m->has_tie) {
            win += 0.5 * tie;
            loss += 0.5 * tie;
            tie = 0.0;
        }
        const int again = !m->has_gamma && e >= 0 && w->a[e] == c->first[k] && w->b[e] == c->second[k];
        if (again) {
            w->win[e] += win;
            w->loss[e] += loss;
            w->tie[e] += tie;
        } else {
            e++;
            w->a[e] = c->first[k];
            w->b[e] = c->second[k];
            w->win[e] = win;
            w->loss[e] = loss;
            w->tie[e] = tie;
            w->side[e] = m->has_gamma ? (double)c->order[k] : 0.0;
        }
    }
    w->n_edges = e + 1;
    w->edges = PAD(w->n_edges);
    for (int k = w->n_edges; k < w->edges; k++) {
        w->a[k] = w->b[k] = w->at_a[k] = w->at_b[k] = 0;
        w->win[k] = w->loss[k] = w->tie[k] = w->side[k] = w->d[k] = 0.0;
    }
}

/* Components of the rows, by merging along the edges until one is left or the edges end. */
static void find_parts(vn_small *w, int connected)
{
    int32_t *up = w->part;
    int left = connected ? 1 : w->n;
    for (int i = 0; i < w->n; i++) up[i] = i;
    for (int e = 0; e < w->n_edges && left > 1; e++) {
        int a = w->a[e], b = w->b[e];
        while (up[a] != a) a = up[a] = up[up[a]];
        while (up[b] != b) b = up[b] = up[up[b]];
        if (a == b) continue;
        if (a < b) up[b] = a; else up[a] = b; /* the smallest row is the root */
        left--;
    }
    w->n_parts = 0;
    for (int i = 0; i < w->n; i++) /* up[i] < i has its number already */
        up[i] = left == 1 ? 0 : up[i] == i ? w->n_parts++ : up[up[i]];
    if (left == 1) w->n_parts = 1;
}

void vn_small_level(vn_small *w, double *x)
{
    if (w->n_parts == 1 && !w->prior.precision) {
        double all = 0.0; /* rows beyond the items are 0 */
        VN_PRAGMA(omp simd reduction(+:all))
        for (int i = 0; i < w->rows; i++) all += x[i];
        for (int i = 0; i < w->n; i++) x[i] -= all / w->n;
        return;
    }
    double *sum = w->z, *size = w->q; /* by component */
    for (int part = 0; part < w->n_parts; part++) sum[part] = size[part] = 0.0;
    for (int i = 0; i < w->n; i++) {
        const double weight = w->prior.precision ? w->prior.precision[i] : 1.0;
        sum[w->part[i]] += weight * (w->prior.mean ? x[i] - w->prior.mean[i] : x[i]);
        size[w->part[i]] += weight;
    }
    for (int part = 0; part < w->n_parts; part++) sum[part] /= size[part];
    for (int i = 0; i < w->n; i++) x[i] -= sum[w->part[i]];
}

/* The prior of the rows, and its part of their weights. */
static void load_prior(vn_small *w)
{
    const vn_prior *given = &w->model->prior;
    w->prior = *given;
    if (!given->precision) return;
    w->prior = (vn_prior){.mean = w->mean, .precision = w->precision};
    memset(w->mean, 0, sizeof(double) * (size_t)w->rows);
    memset(w->precision, 0, sizeof(double) * (size_t)w->rows);
    for (int i = 0; i < w->n; i++) {
        w->mean[w->row[i]] = given->mean[i];
        w->precision[w->row[i]] = given->precision[i];
        w->mass[w->row[i]] += vn_prior_weight(given, i);
    }
}

vn_status vn_small_load(vn_small *w, const vn_small_cells *c, const vn_small_model *model,
                        int connected)
{
    const int n = (int)c->n_items;
    const vn_status status = reserve(w, n, PAD((int)c->n_cells) + VN_LANES);
    if (status != VN_OK) return status;
    w->model = model;
    w->n = n;
    w->n_more = 0;
    w->rows = PAD(n);
    w->n_border = model->free_border ? model->has_gamma + model->has_tie : 0;
    load_edges(w, c);

    /* degrees, and rows by falling degree: a counting sort through `slot` and `reach` */
    int32_t *degree = (int32_t *)w->q, *count = w->reach;
    int most = 0;
    memset(degree, 0, sizeof(int32_t) * (size_t)n);
    for (int e = 0; e < w->n_edges; e++) {
        degree[w->a[e]]++;
        degree[w->b[e]]++;
    }
    for (int i = 0; i < n; i++) most = VN_MAX(most, degree[i]);
    w->n_slots = most;
    memset(count, 0, sizeof(int32_t) * (size_t)(most + 1));
    for (int i = 0; i < n; i++) count[degree[i]]++;
    int above = 0; /* rows of a degree over s */
    for (int s = most; s >= 0; s--) {
        const int here = count[s];
        count[s] = above;
        above += here;
    }
    for (int i = 0; i < n; i++) w->row[i] = count[degree[i]]++;
    /* now count[s] rows have degree >= s: slot s covers count[s + 1] */
    int entries = 0;
    for (int s = 0; s < most; s++) {
        w->slot[s] = entries;
        entries += PAD(count[s + 1]);
    }
    for (int s = 0; s < most; s++) w->reach[s] = PAD(count[s + 1]);
    w->n_entries = entries;
    memset(w->col, 0, sizeof(int32_t) * (size_t)entries);
    memset(w->val, 0, sizeof(double) * (size_t)entries);
    memset(w->pull, 0, sizeof(double) * (size_t)entries);
    memset(w->mass, 0, sizeof(double) * (size_t)w->rows);
    int32_t *filled = (int32_t *)w->q;
    memset(filled, 0, sizeof(int32_t) * (size_t)n);
    for (int e = 0; e < w->n_edges; e++) {
        const int a = w->row[w->a[e]], b = w->row[w->b[e]];
        const double mass = w->win[e] + w->loss[e] + w->tie[e];
        const int at_a = w->slot[filled[a]++] + a, at_b = w->slot[filled[b]++] + b;
        w->a[e] = a;
        w->b[e] = b;
        w->at_a[e] = at_a;
        w->at_b[e] = at_b;
        w->col[at_a] = b;
        w->col[at_b] = a;
        w->mass[a] += mass;
        w->mass[b] += mass;
    }
    load_prior(w);
    find_parts(w, connected);
    for (int i = 0; i < w->rows; i++) w->per_mass[i] = w->mass[i] > 0.0 ? 1.0 / w->mass[i] : 0.0;
    const size_t bytes = sizeof(double) * (size_t)(w->rows + VN_SMALL_BORDER);
    double *vectors[] = {w->x, w->trial, w->gradient, w->next, w->step};
    for (int k = 0; k < 5; k++) memset(vectors[k], 0, bytes);
    return VN_OK;
}

vn_status vn_small_more(vn_small *w, int a, int b, double x)
{
    if (w->n_more == w->room_more) {
        const int room = 2 * w->room_more + 64;
        int32_t *more_a = vn_realloc(w->more_a, (size_t)room * sizeof *more_a);
        if (more_a) w->more_a = more_a;
        int32_t *more_b = vn_realloc(w->more_b, (size_t)room * sizeof *more_b);
        if (more_b) w->more_b = more_b;
        double *more = vn_realloc(w->more, (size_t)room * sizeof *more);
        if (more) w->more = more;
        if (!more_a || !more_b || !more) return VN_NO_MEMORY;
        w->room_more = room;
    }
    w->more_a[w->n_more] = a;
    w->more_b[w->n_more] = b;
    w->more[w->n_more++] = x;
    w->per_diag[a] = 1.0 / (w->diag[a] += x);
    w->per_diag[b] = 1.0 / (w->diag[b] += x);
    return VN_OK;
}

static double gamma_of(const vn_small *w, const double *x)
{
    if (!w->model->has_gamma) return 0.0;
    return w->n_border ? x[w->rows] : w->model->fixed[0];
}

static double log_tie_of(const vn_small *w, const double *x)
{
    if (!w->model->has_tie) return 0.0;
    return w->n_border ? x[w->rows + w->model->has_gamma] : w->model->fixed[w->model->has_gamma];
}

VN_CLONES
static void predictors(vn_small *w, const double *restrict x, double gamma)
{
    double *restrict d = w->d;
    const int32_t *restrict a = w->a, *restrict b = w->b;
    for (int e = 0; e < w->edges; e++) d[e] = x[a[e]] - x[b[e]];
    if (gamma != 0.0)
        for (int e = 0; e < w->edges; e++) d[e] += gamma * w->side[e];
}

void vn_small_links(vn_small *w, double log_tie, double *sums)
{
    const vn_model_row *row = w->model->model;
    sums[0] = sums[1] = 0.0;
    row->derivatives(row, w->d, w->win, w->loss, w->tie, log_tie, w->edges, w->g, w->h, w->dt, sums);
    for (int e = 0; e < w->edges; e++) {
        const double floor = 1e-20 * (w->win[e] + w->loss[e]);
        w->h[e] = w->h[e] > floor ? w->h[e] : floor;
    }
}

/* Curvatures and `force` (a slope for each edge) into the entries, then sums over the rows. */
VN_CLONES
static void assemble(vn_small *w, const double *restrict force, const double *restrict x,
                     double *restrict gradient)
{
    double *restrict val = w->val, *restrict pull = w->pull, *restrict diag = w->diag;
    for (int e = 0; e < w->n_edges; e++) {
        const int at_a = w->at_a[e], at_b = w->at_b[e];
        val[at_a] = val[at_b] = w->h[e];
        pull[at_a] = force[e];
        pull[at_b] = -force[e];
    }
    if (w->prior.precision) {
        for (int i = 0; i < w->rows; i++) {
            diag[i] = w->precision[i];
            gradient[i] = w->precision[i] * (w->mean[i] - x[i]);
        }
    } else {
        const double prior = w->prior.all;
        for (int i = 0; i < w->rows; i++) {
            diag[i] = prior;
            gradient[i] = -prior * x[i];
        }
    }
    for (int s = 0; s < w->n_slots; s++) {
        const double *restrict v = val + w->slot[s], *restrict f = pull + w->slot[s];
        for (int i = 0; i < w->reach[s]; i++) {
            diag[i] += v[i];
            gradient[i] += f[i];
        }
    }
    for (int i = 0; i < w->rows; i++) w->per_diag[i] = diag[i] > 0.0 ? 1.0 / diag[i] : 0.0;
}

/* Bordering columns and the corner; the gradient's entries behind the rows. */
static void assemble_border(vn_small *w, const double *sums, double *gradient)
{
    const vn_small_model *m = w->model;
    const int t = m->has_gamma;
    for (int k = 0; k < m->has_gamma + m->has_tie; k++)
        memset(w->border[k], 0, sizeof(double) * (size_t)w->rows);
    double slope = 0.0, curve = 0.0, cross = 0.0;
    for (int e = 0; e < w->n_edges; e++) {
        if (m->has_gamma) {
            const double o = w->side[e], bend = o * w->h[e];
            slope += o * w->g[e];
            curve += o * bend;
            w->border[0][w->a[e]] += bend;
            w->border[0][w->b[e]] -= bend;
            if (m->has_tie) cross += o * w->dt[e];
        }
        if (m->has_tie) {
            w->border[t][w->a[e]] += w->dt[e];
            w->border[t][w->b[e]] -= w->dt[e];
        }
    }
    if (m->has_gamma) {
        gradient[w->rows] = slope;
        w->corner[0][0] = curve;
    }
    if (m->has_tie) {
        gradient[w->rows + t] = sums[0];
        w->corner[t][t] = sums[1];
    }
    if (m->has_gamma && m->has_tie) w->corner[0][1] = w->corner[1][0] = cross;
}

VN_CLONES
static double largest_ratio(const double *restrict g, const double *restrict per_mass, int n)
{
    double m[VN_LANES] = {0.0};
    for (int i = 0; i < n; i += VN_LANES)
        for (int k = 0; k < VN_LANES; k++) {
            const double ratio = fabs(g[i + k]) * per_mass[i + k];
            m[k] = ratio > m[k] ? ratio : m[k];
        }
    double most = 0.0;
    for (int k = 0; k < VN_LANES; k++) most = m[k] > most ? m[k] : most;
    return most;
}

double vn_small_largest_ratio(const vn_small *w, const double *g)
{
    return largest_ratio(g, w->per_mass, w->rows);
}

double vn_small_derivatives(vn_small *w, const double *x, double *gradient)
{
    double sums[2];
    predictors(w, x, gamma_of(w, x));
    vn_small_links(w, log_tie_of(w, x), sums);
    assemble(w, w->g, x, gradient);
    double residual = vn_small_largest_ratio(w, gradient);
    if (w->model->has_gamma || w->model->has_tie) assemble_border(w, sums, gradient);
    for (int k = 0; k < w->n_border; k++)
        residual = fmax(residual, fabs(gradient[w->rows + k]) / w->total);
    return residual;
}

void vn_small_start(vn_small *w, double *x)
{
    double sums[2];
    const double unit = w->model->model->start_unit;
    for (int e = 0; e < w->n_edges; e++) {
        const double t = (w->win[e] - w->loss[e]) / (w->win[e] + w->loss[e] + w->tie[e]);
        const double u = t > 0.8 ? 0.8 : t < -0.8 ? -0.8 : t;
        w->d[e] = unit * u * (2.0 + u * u * (0.667 + u * u)); /* near log((1 + u) / (1 - u)) */
    }
    vn_small_links(w, log_tie_of(w, x), sums);
    for (int e = 0; e < w->n_edges; e++) w->dt[e] = w->g[e] + w->h[e] * w->d[e];
    memset(x, 0, sizeof(double) * (size_t)w->rows);
    assemble(w, w->dt, x, w->gradient);
    vn_small_solve(w, w->gradient, 0.03, 4 * w->n + 20, x);
}

double vn_small_log_likelihood(vn_small *w, const double *x)
{
    const vn_model_row *row = w->model->model;
    predictors(w, x, gamma_of(w, x));
    return row->log_likelihood(row, w->d, w->win, w->loss, w->tie, log_tie_of(w, x), w->n_edges);
}
