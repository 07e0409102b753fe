#include "vn_small_inverse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void vn_small_inverse_free(vn_small_inverse *s)
{
    free(s->matrix);
    free(s->inverse);
    free(s->linked);
    free(s->degree);
    free(s->list);
    free(s->place);
    free(s->gone);
    free(s->start);
    free(s->link);
    free(s->share);
    free(s->pivot);
    free(s->sum);
    free(s->left);
    memset(s, 0, sizeof *s);
}

static vn_status reserve(vn_small_inverse *s, int n)
{
    if (n > s->room) {
        vn_small_inverse_free(s);
        const size_t room = (size_t)(n + VN_LANES - 1) / VN_LANES * VN_LANES;
        const size_t words = (room + 63) / 64;
        s->matrix = aligned_alloc(64, room * room * sizeof(double));
        s->inverse = aligned_alloc(64, room * room * sizeof(double));
        s->linked = malloc(room * words * sizeof(uint64_t));
        s->degree = malloc(room * sizeof(int32_t));
        s->list = malloc(room * sizeof(int32_t));
        s->place = malloc(room * sizeof(int32_t));
        s->gone = malloc(room * sizeof(int32_t));
        s->start = malloc((room + 1) * sizeof(int64_t));
        s->link = malloc(room * room * sizeof(int32_t));
        s->share = malloc(room * room * sizeof(double));
        s->pivot = malloc(room * sizeof(double));
        s->sum = malloc(room * sizeof(double));
        s->left = malloc(room * sizeof(int32_t));
        if (!s->matrix || !s->inverse || !s->linked || !s->degree || !s->list || !s->place
            || !s->gone || !s->start || !s->link || !s->share || !s->pivot || !s->sum || !s->left)
            return VN_NO_MEMORY;
        s->room = (int)room;
    }
    s->stride = (n + VN_LANES - 1) / VN_LANES * VN_LANES;
    s->words = (n + 63) / 64;
    return VN_OK;
}

/* The Newton matrix by rows of the fit, and who is linked with whom. */
static void spread_matrix(vn_small_inverse *s, const vn_small *w)
{
    const int n = w->n, stride = s->stride;
    memset(s->matrix, 0, sizeof(double) * (size_t)n * (size_t)stride);
    memset(s->linked, 0, sizeof(uint64_t) * (size_t)n * (size_t)s->words);
    memset(s->left, 0, sizeof(int32_t) * (size_t)n);
    for (int i = 0; i < n; i++) {
        s->matrix[(size_t)i * (size_t)stride + (size_t)i] = w->diag[i];
        s->left[w->part[i]]++;
    }
    for (int e = 0; e < w->n_edges; e++) {
        const size_t a = (size_t)w->a[e], b = (size_t)w->b[e];
        const double h = w->h[e];
        s->matrix[a * (size_t)stride + b] -= h;
        s->matrix[b * (size_t)stride + a] -= h;
        s->linked[a * (size_t)s->words + b / 64] |= (uint64_t)1 << (b % 64);
        s->linked[b * (size_t)s->words + a / 64] |= (uint64_t)1 << (a % 64);
    }
    for (int i = 0; i < n; i++) {
        int degree = 0;
        for (int q = 0; q < s->words; q++)
            degree += __builtin_popcountll(s->linked[(size_t)i * (size_t)s->words + (size_t)q]);
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

static int list_links(vn_small_inverse *s, int v)
{
    int count = 0;
    for (int q = 0; q < s->words; q++)
        for (uint64_t set = s->linked[(size_t)v * (size_t)s->words + (size_t)q]; set; set &= set - 1)
            s->list[count++] = 64 * q + __builtin_ctzll(set);
    return count;
}

/* Take row v out: its neighbours become linked with each other. Keeps what its inverse needs. */
static void eliminate(vn_small_inverse *s, int v, int k, int n_gone)
{
    const size_t stride = (size_t)s->stride, words = (size_t)s->words;
    const int64_t at = s->start[n_gone];
    double *row = s->matrix + (size_t)v * stride;
    const double per_pivot = 1.0 / row[v];
    for (int i = 0; i < k; i++) {
        s->link[at + i] = s->list[i];
        s->share[at + i] = -row[s->list[i]] * per_pivot;
    }
    for (int i = 0; i < k; i++) {
        const size_t u = (size_t)s->list[i];
        double *other = s->matrix + u * stride;
        const double factor = s->share[at + i];
        for (int j = 0; j < k; j++) other[s->list[j]] += factor * row[s->list[j]];
        uint64_t *set = s->linked + u * words;
        int degree = 0;
        for (size_t q = 0; q < words; q++) {
            set[q] |= s->linked[(size_t)v * words + q];
            if (q == u / 64) set[q] &= ~((uint64_t)1 << (u % 64));
            if (q == (size_t)v / 64) set[q] &= ~((uint64_t)1 << (v % 64));
            degree += __builtin_popcountll(set[q]);
        }
        s->degree[u] = degree;
    }
    s->degree[v] = INT32_MAX;
    s->gone[n_gone] = v;
    s->pivot[n_gone] = per_pivot;
    s->start[n_gone + 1] = at + k;
}

/* Rows of m that the pivot p changes, in one step of Gauss and Jordan. */
VN_CLONES
static void sweep(double *restrict m, int n, int stride, int p, double *restrict row)
{
    double *pivot_row = m + (size_t)p * (size_t)stride;
    const double d = 1.0 / pivot_row[p];
    for (int j = 0; j < n; j++) row[j] = pivot_row[j] * d;
    row[p] = d;
    for (int i = 0; i < n; i++) {
        if (i == p) continue;
        double *restrict other = m + (size_t)i * (size_t)stride;
        const double factor = other[p];
        other[p] = 0.0;
        for (int j = 0; j < n; j++) other[j] -= factor * row[j];
    }
    for (int j = 0; j < n; j++) pivot_row[j] = row[j];
}

/* The dense rest, inverted in the first places. */
static int invert_core(vn_small_inverse *s, const vn_small *w)
{
    const size_t stride = (size_t)s->stride;
    int m = 0;
    for (int i = 0; i < w->n; i++)
        if (s->degree[i] != INT32_MAX) {
            s->place[i] = m;
            s->list[m++] = i;
        }
    for (int p = 0; p < m; p++)
        for (int q = 0; q < m; q++)
            s->inverse[(size_t)p * stride + (size_t)q]
                = s->matrix[(size_t)s->list[p] * stride + (size_t)s->list[q]];
    for (int p = 0; p < m; p++) {
        if (w->model->prior == 0.0 && --s->left[w->part[s->list[p]]] == 0) {
            for (int q = 0; q < m; q++)
                s->inverse[(size_t)p * stride + (size_t)q]
                    = s->inverse[(size_t)q * stride + (size_t)p] = 0.0;
        } else {
            sweep(s->inverse, m, s->stride, p, s->sum);
        }
    }
    return m;
}

/* Row and column `at` of the inverse from those of the item's neighbours. */
VN_CLONES
static void extend(vn_small_inverse *s, int gone, int at, double pivot)
{
    const size_t stride = (size_t)s->stride;
    double *restrict row = s->inverse + (size_t)at * stride;
    for (int j = 0; j < at; j++) row[j] = 0.0;
    for (int64_t q = s->start[gone]; q < s->start[gone + 1]; q++) {
        const double share = s->share[q];
        const double *restrict other = s->inverse + (size_t)s->place[s->link[q]] * stride;
        for (int j = 0; j < at; j++) row[j] += share * other[j];
    }
    double self = pivot;
    for (int64_t q = s->start[gone]; q < s->start[gone + 1]; q++)
        self += s->share[q] * row[s->place[s->link[q]]];
    row[at] = self;
    for (int j = 0; j < at; j++) s->inverse[(size_t)j * stride + (size_t)at] = row[j];
}

static void invert(vn_small_inverse *s, const vn_small *w)
{
    const int n = w->n;
    int n_gone = 0;
    s->start[0] = 0;
    while (n_gone < n) {
        const int v = fewest(s->degree, n), k = s->degree[v];
        if (2 * k > n - n_gone - 1 && k > 2) break; /* nearly complete */
        list_links(s, v);
        eliminate(s, v, k, n_gone);
        /* without a prior the last item of a component is its origin */
        if (w->model->prior == 0.0 && --s->left[w->part[v]] == 0) s->pivot[n_gone] = 0.0;
        n_gone++;
    }
    int at = invert_core(s, w);
    for (int gone = n_gone - 1; gone >= 0; gone--) {
        s->place[s->gone[gone]] = at;
        extend(s, gone, at, s->pivot[gone]);
        at++;
    }
}

/* y (by row of the fit) = inverse x */
static void apply(const vn_small_inverse *s, const vn_small *w, const double *x, double *y)
{
    for (int i = 0; i < w->n; i++) {
        const double *row = s->inverse + (size_t)s->place[i] * (size_t)s->stride;
        double sum = 0.0;
        for (int j = 0; j < w->n; j++) sum += row[s->place[j]] * x[j];
        y[i] = sum;
    }
}

/* Diagonal of the inverse, centred in each component on both sides. */
VN_CLONES
static void centred_diagonal(const vn_small_inverse *s, const vn_small *w, double *variance)
{
    const int n = w->n, m = w->n_parts;
    double *sum = s->sum, *all = w->z, *size = w->q; /* the last two by component */
    for (int k = 0; k < m; k++) all[k] = size[k] = 0.0;
    for (int i = 0; i < n; i++) {
        const double *restrict row = s->inverse + (size_t)s->place[i] * (size_t)s->stride;
        double total = 0.0; /* items of other components add zeros */
        VN_PRAGMA(omp simd reduction(+:total))
        for (int j = 0; j < n; j++) total += row[j];
        sum[i] = total;
        all[w->part[i]] += total;
        size[w->part[i]] += 1.0;
        variance[i] = row[s->place[i]];
    }
    for (int i = 0; i < n; i++) {
        const double count = size[w->part[i]];
        const double centred = variance[i] - 2.0 * sum[i] / count + all[w->part[i]] / count / count;
        variance[i] = centred > 0.0 ? centred : 0.0;
    }
}

/* Inverse of the border's Schur complement. */
static void invert_border(const vn_small *w, int m, double *own)
{
    double schur[2][2] = {{1.0, 0.0}, {0.0, 1.0}};
    for (int k = 0; k < m; k++)
        for (int j = 0; j < m; j++) {
            double sum = w->corner[k][j];
            for (int i = 0; i < w->n; i++) sum -= w->border[k][i] * w->solved[j][i];
            schur[k][j] = sum;
        }
    const double det = schur[0][0] * schur[1][1] - schur[0][1] * schur[1][0];
    own[0] = schur[1][1] / det;
    own[1] = own[2] = -schur[0][1] / det;
    own[3] = schur[0][0] / det;
}

vn_status vn_small_variances(vn_small_inverse *s, vn_small *w, const double *border, double *variance,
                             double *own)
{
    const vn_status status = reserve(s, w->n);
    if (status != VN_OK) return status;
    spread_matrix(s, w);
    invert(s, w);
    centred_diagonal(s, w, variance);
    const int m = border ? w->model->has_gamma + w->model->has_tie : w->n_border;
    if (m == 0) return VN_OK;
    for (int k = 0; k < m; k++) {
        apply(s, w, w->border[k], w->solved[k]);
        vn_small_centre(w, w->solved[k]);
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
