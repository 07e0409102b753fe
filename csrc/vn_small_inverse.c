#include "vn_small_inverse.h"

#include <math.h>
#include <string.h>

void vn_small_inverse_free(vn_small_inverse *s)
{
    void *blocks[] = {s->matrix, s->inverse, s->linked, s->degree, s->list, s->entry, s->place, s->gone,
                      s->start, s->link, s->share, s->pivot, s->work, s->core, s->left};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) vn_free(blocks[k]);
    memset(s, 0, sizeof *s);
}

static vn_status reserve(vn_small_inverse *s, int n)
{
    if (n > s->room) {
        vn_small_inverse_free(s);
        const size_t room = (size_t)(n + VN_LANES - 1) / VN_LANES * VN_LANES;
        const size_t words = (room + 63) / 64;
        s->matrix = vn_aligned_alloc(64, room * room * sizeof(double));
        s->inverse = vn_aligned_alloc(64, room * room * sizeof(double));
        s->linked = vn_malloc(room * words * sizeof(uint64_t));
        s->start = vn_malloc((room + 1) * sizeof(int64_t));
        s->entry = vn_malloc(room * sizeof(double));
        s->pivot = vn_malloc(room * sizeof(double));
        s->work = vn_malloc(room * sizeof(double));
        int32_t **rows[] = {&s->degree, &s->list, &s->place, &s->gone, &s->core, &s->left};
        int fine = 1;
        for (int k = 0; k < 6; k++) fine &= (*rows[k] = vn_malloc(room * sizeof(int32_t))) != NULL;
        if (!fine || !s->matrix || !s->inverse || !s->linked || !s->start || !s->entry || !s->pivot || !s->work)
            return VN_NO_MEMORY;
        s->room = (int)room;
    }
    s->stride = (n + VN_LANES - 1) / VN_LANES * VN_LANES;
    s->words = (n + 63) / 64;
    return VN_OK;
}

/* Room for k more links behind the n that are there. */
static vn_status reserve_links(vn_small_inverse *s, int64_t n, int k)
{
    if (n + k <= s->link_room) return VN_OK;
    const int64_t room = 2 * (n + k) + 256;
    int32_t *link = vn_realloc(s->link, (size_t)room * sizeof(int32_t));
    if (link) s->link = link;
    double *share = vn_realloc(s->share, (size_t)room * sizeof(double));
    if (share) s->share = share;
    if (!link || !share) return VN_NO_MEMORY;
    s->link_room = room;
    return VN_OK;
}

static inline double *row_of(double *m, int row, int stride) { return m + (size_t)row * (size_t)stride; }

static inline uint64_t *set_of(const vn_small_inverse *s, int row)
{
    return s->linked + (size_t)row * (size_t)s->words;
}

/* The Newton matrix by rows of the fit, and who is linked with whom. */
VN_CLONES
static void spread_matrix(vn_small_inverse *s, const vn_small *w)
{
    const int n = w->n;
    memset(s->matrix, 0, sizeof(double) * (size_t)n * (size_t)s->stride);
    memset(s->linked, 0, sizeof(uint64_t) * (size_t)n * (size_t)s->words);
    memset(s->left, 0, sizeof(int32_t) * (size_t)n);
    for (int i = 0; i < n; i++) {
        row_of(s->matrix, i, s->stride)[i] = w->diag[i];
        s->left[w->part[i]]++;
    }
    for (int e = 0; e < w->n_edges; e++) {
        const int a = w->a[e], b = w->b[e];
        row_of(s->matrix, VN_MAX(a, b), s->stride)[VN_MIN(a, b)] -= w->h[e];
        set_of(s, a)[b / 64] |= (uint64_t)1 << (b % 64);
        set_of(s, b)[a / 64] |= (uint64_t)1 << (a % 64);
    }
    for (int i = 0; i < n; i++) {
        int degree = 0;
        for (int q = 0; q < s->words; q++) degree += __builtin_popcountll(set_of(s, i)[q]);
        s->degree[i] = degree;
    }
}

/* The row that is left with the fewest neighbours. */
VN_CLONES
static int fewest(const int32_t *restrict degree, int n)
{
    int32_t least = INT32_MAX;
    for (int i = 0; i < n; i++) least = degree[i] < least ? degree[i] : least;
    int at = 0;
    while (degree[at] != least) at++;
    return at;
}

/* Take row v, of k neighbours, out: they become linked with each other. */
VN_CLONES
static void eliminate(vn_small_inverse *s, int v, int k)
{
    const int64_t at = s->start[s->n_gone];
    const uint64_t *mine = set_of(s, v);
    const double *row = row_of(s->matrix, v, s->stride);
    const double per_pivot = 1.0 / row[v];
    int32_t *restrict list = s->list;
    double *restrict entry = s->entry;
    int count = 0;
    for (int q = 0; q < s->words; q++)
        for (uint64_t set = mine[q]; set; set &= set - 1)
            list[count++] = 64 * q + __builtin_ctzll(set);
    for (int i = 0; i < k; i++) {
        entry[i] = list[i] < v ? row[list[i]] : row_of(s->matrix, list[i], s->stride)[v];
        s->link[at + i] = list[i];
        s->share[at + i] = -entry[i] * per_pivot;
    }
    for (int i = 0; i < k; i++) {
        const int u = list[i];
        double *restrict other = row_of(s->matrix, u, s->stride);
        const double factor = s->share[at + i];
        for (int j = 0; j <= i; j++) other[list[j]] += factor * entry[j];
        uint64_t *restrict set = set_of(s, u);
        for (int q = 0; q < s->words; q++) set[q] |= mine[q];
        set[u / 64] &= ~((uint64_t)1 << (u % 64));
        set[v / 64] &= ~((uint64_t)1 << (v % 64));
        int degree = 0;
        for (int q = 0; q < s->words; q++) degree += __builtin_popcountll(set[q]);
        s->degree[u] = degree;
    }
    s->degree[v] = INT32_MAX;
    s->gone[s->n_gone] = v;
    s->pivot[s->n_gone] = per_pivot;
    s->start[++s->n_gone] = at + k;
}

/* Sweep pivot p of the symmetric matrix m, of which the lower triangle counts (what is right of the
 * diagonal may be overwritten): after all sweeps m is minus its inverse (Beaton 1964). */
VN_CLONES
static void sweep(double *restrict m, int n, int stride, int p, double *restrict row)
{
    double *pivot_row = row_of(m, p, stride);
    const int padded = (n + VN_LANES - 1) / VN_LANES * VN_LANES;
    for (int j = 0; j < p; j++) row[j] = pivot_row[j];
    for (int j = p; j < n; j++) row[j] = row_of(m, j, stride)[p];
    for (int j = n; j < padded; j++) row[j] = 0.0;
    const double d = 1.0 / row[p];
    for (int i = 0; i < n; i++) {
        double *restrict one = row_of(m, i, stride);
        const double f = row[i] * d;
        const int length = i / VN_LANES * VN_LANES + VN_LANES;
        for (int j = 0; j < length; j++) one[j] -= f * row[j];
    }
    for (int j = 0; j < p; j++) pivot_row[j] = row[j] * d;
    for (int j = p + 1; j < n; j++) row_of(m, j, stride)[p] = row[j] * d;
    pivot_row[p] = -d;
}

/* The dense rest, inverted in the first places. */
static void invert_core(vn_small_inverse *s, const vn_small *w)
{
    const int stride = s->stride, prior = vn_prior_is_given(&w->prior);
    int m = 0;
    for (int i = 0; i < w->n; i++)
        if (s->degree[i] != INT32_MAX) {
            s->place[i] = m;
            s->core[m++] = i;
        }
    for (int p = 0; p < m; p++) {
        double *to = row_of(s->inverse, p, stride);
        const double *from = row_of(s->matrix, s->core[p], stride); /* core is ascending */
        for (int q = 0; q <= p; q++) to[q] = from[s->core[q]];
        for (int q = p + 1; q < (m + VN_LANES - 1) / VN_LANES * VN_LANES; q++) to[q] = 0.0;
    }
    for (int p = 0; p < m; p++) {
        s->entry[p] = row_of(s->inverse, p, stride)[p];
        if (!prior && --s->left[w->part[s->core[p]]] == 0) {
            s->entry[p] = 1.0;
            for (int q = 0; q < p; q++) row_of(s->inverse, p, stride)[q] = 0.0;
            for (int q = p; q < m; q++) row_of(s->inverse, q, stride)[p] = 0.0;
        } else {
            sweep(s->inverse, m, stride, p, s->work);
        }
    }
    for (int p = 0; p < m; p++)
        for (int q = 0; q <= p; q++)
            row_of(s->inverse, p, stride)[q] = row_of(s->inverse, q, stride)[p]
                = -row_of(s->inverse, p, stride)[q];
    s->n_core = m;
}

/* Entries of the inverse between the item that went as number `gone`, itself and its neighbours. */
static void extend(vn_small_inverse *s, int gone)
{
    const int stride = s->stride, at = s->n_core + s->n_gone - 1 - gone;
    const int64_t from = s->start[gone];
    const int k = (int)(s->start[gone + 1] - from);
    const double *share = s->share + from;
    double *row = row_of(s->inverse, at, stride);
    s->place[s->gone[gone]] = at;
    for (int i = 0; i < k; i++) s->list[i] = s->place[s->link[from + i]];
    double self = s->pivot[gone];
    for (int i = 0; i < k; i++) {
        const double *other = row_of(s->inverse, s->list[i], stride);
        double sum = 0.0, more = 0.0; /* two chains of additions */
        int j = 0;
        for (; j + 2 <= k; j += 2) {
            sum += share[j] * other[s->list[j]];
            more += share[j + 1] * other[s->list[j + 1]];
        }
        if (j < k) sum += share[j] * other[s->list[j]];
        sum += more;
        row[s->list[i]] = row_of(s->inverse, s->list[i], stride)[at] = sum;
        self += share[i] * sum;
    }
    row[at] = self;
}

static vn_status invert(vn_small_inverse *s, const vn_small *w)
{
    const int n = w->n, prior = vn_prior_is_given(&w->prior);
    s->n_gone = 0;
    s->start[0] = 0;
    while (s->n_gone < n) {
        const int v = fewest(s->degree, n), k = s->degree[v];
        if (2 * k > n - s->n_gone - 1 && k > 2) break; /* nearly complete */
        const vn_status status = reserve_links(s, s->start[s->n_gone], k);
        if (status != VN_OK) return status;
        eliminate(s, v, k);
        /* without a prior the last item of a component is its origin */
        if (!prior && --s->left[w->part[v]] == 0) s->pivot[s->n_gone - 1] = 0.0;
    }
    invert_core(s, w);
    for (int gone = s->n_gone - 1; gone >= 0; gone--) extend(s, gone);
    return VN_OK;
}

void vn_small_inverse_solve(const vn_small_inverse *s, double *x)
{
    for (int g = 0; g < s->n_gone; g++)
        for (int64_t q = s->start[g]; q < s->start[g + 1]; q++)
            x[s->link[q]] += s->share[q] * x[s->gone[g]];
    for (int p = 0; p < s->n_core; p++) {
        const double *row = row_of(s->inverse, p, s->stride);
        double sum = 0.0;
        for (int q = 0; q < s->n_core; q++) sum += row[q] * x[s->core[q]];
        s->work[p] = sum;
    }
    for (int p = 0; p < s->n_core; p++) x[s->core[p]] = s->work[p];
    for (int g = s->n_gone - 1; g >= 0; g--) {
        double sum = s->pivot[g] * x[s->gone[g]];
        for (int64_t q = s->start[g]; q < s->start[g + 1]; q++) sum += s->share[q] * x[s->link[q]];
        x[s->gone[g]] = sum;
    }
}

double vn_small_log_det(const vn_small_inverse *s)
{
    double sum = 0.0;
    for (int g = 0; g < s->n_gone; g++) sum -= s->pivot[g] == 0.0 ? 0.0 : log(s->pivot[g]);
    for (int p = 0; p < s->n_core; p++) sum += log(s->entry[p]);
    return sum;
}

/* Diagonal of the inverse, centred in each component on both sides: with the sums of its rows, which
 * are the inverse times ones. Where priors differ from item to item the mean is weighted by precision,
 * and the inverse times the weights is 1 over their sum. */
static void centred_diagonal(const vn_small_inverse *s, const vn_small *w, double *variance)
{
    const int n = w->n;
    const double *weight = w->prior.precision;
    double *sum = w->p, *all = w->z, *size = w->q; /* the last two by component */
    for (int k = 0; k < w->n_parts; k++) all[k] = size[k] = 0.0;
    if (weight) {
        for (int i = 0; i < n; i++) all[w->part[i]] += weight[i];
        for (int i = 0; i < n; i++) {
            const double own = row_of(s->inverse, s->place[i], s->stride)[s->place[i]];
            variance[i] = fmax(own - 1.0 / all[w->part[i]], 0.0);
        }
        return;
    }
    for (int i = 0; i < n; i++) sum[i] = 1.0;
    vn_small_inverse_solve(s, sum);
    for (int i = 0; i < n; i++) {
        all[w->part[i]] += sum[i];
        size[w->part[i]] += 1.0;
    }
    for (int i = 0; i < n; i++) {
        const double count = size[w->part[i]];
        const double own = row_of(s->inverse, s->place[i], s->stride)[s->place[i]];
        const double centred = own - 2.0 * sum[i] / count + all[w->part[i]] / count / count;
        variance[i] = centred > 0.0 ? centred : 0.0;
    }
}

/* Inverse of the border's Schur complement. */
static void invert_border(const vn_small *w, int m, double *own)
{
    double schur[2][2] = {{1.0, 0.0}, {0.0, 1.0}};
    for (int k = 0; k < m; k++)
        for (int j = 0; j < m; j++)
            schur[k][j] = w->corner[k][j] - vn_small_dot(w->border[k], w->solved[j], w->rows);
    const double det = schur[0][0] * schur[1][1] - schur[0][1] * schur[1][0];
    own[0] = schur[1][1] / det;
    own[1] = own[2] = -schur[0][1] / det;
    own[3] = schur[0][0] / det;
}

vn_status vn_small_variances(vn_small_inverse *s, vn_small *w, const double *border, double *variance,
                             double *own)
{
    vn_status status = reserve(s, w->n);
    if (status != VN_OK) return status;
    spread_matrix(s, w);
    status = invert(s, w);
    if (status != VN_OK) return status;
    centred_diagonal(s, w, variance);
    const int m = border ? w->model->has_gamma + w->model->has_tie : w->n_border;
    if (m == 0) return VN_OK;
    for (int k = 0; k < m; k++) {
        memcpy(w->solved[k], w->border[k], sizeof(double) * (size_t)w->rows);
        vn_small_inverse_solve(s, w->solved[k]);
        if (!w->prior.precision) vn_small_level(w, w->solved[k]); /* else it is there */
    }
    if (!border) {
        invert_border(w, m, own);
        border = own;
    }
    for (int i = 0; i < w->n; i++)
        for (int k = 0; k < m; k++)
            for (int j = 0; j < m; j++)
                variance[i] += border[2 * k + j] * w->solved[k][i] * w->solved[j][i];
    return VN_OK;
}

void vn_small_difference_variances(const vn_small_inverse *s, const vn_small *w, const double *border,
                                   double *variance)
{
    const int m = w->model->has_gamma + w->model->has_tie;
    for (int e = 0; e < w->n_edges; e++) {
        const int a = s->place[w->a[e]], b = s->place[w->b[e]];
        const double *row = s->inverse + (size_t)a * (size_t)s->stride;
        double sum = row[a] - 2.0 * row[b] + (s->inverse + (size_t)b * (size_t)s->stride)[b];
        for (int k = 0; k < m; k++)
            for (int j = 0; j < m; j++)
                sum += border[2 * k + j] * (w->solved[k][w->a[e]] - w->solved[k][w->b[e]])
                    * (w->solved[j][w->a[e]] - w->solved[j][w->b[e]]);
        variance[e] = sum > 0.0 ? sum : 0.0;
    }
}
