#include "vn_chain.h"

#include <math.h>
#include <string.h>

#include "vn_vector.h"

#define PANEL 16 /* pivots that are swept together */
#define ROWS 32  /* of a block of work */
#define ALONE 300 /* rows of a block up to which other threads cost more than they help */

/* What the rows of a block are given to do. */
typedef struct job {
    void (*row)(const struct job *, int64_t i, double *scratch);
    int64_t n, width;      /* rows; numbers of scratch that each needs */
    double *scratch;       /* one for each worker */
    double *block;         /* n x n */
    int64_t from, k;       /* the panel */
    const double *panel, *turned; /* k x n */
    int64_t n_links, stride;      /* of `inner` */
    const double *inner, *outer;  /* n_links x n_links, n_links x n */
} job;

static vn_status some_rows(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    for (int64_t i = block * ROWS; i < vn_block_end(j->n, ROWS, block); i++)
        j->row(j, i, j->scratch + worker * j->width);
    return VN_OK;
}

static vn_status every_row(job *j, int n_threads)
{
    return vn_team_run(some_rows, j, vn_n_blocks(j->n, ROWS), j->n > ALONE ? n_threads : 1, NULL, NULL);
}

/* m (k x k, positive definite) becomes minus its inverse, by sweeps (Beaton 1964); returns the log of
 * its determinant, NaN where it is not definite. */
static double invert_small(int64_t k, double m[PANEL][PANEL])
{
    double log_determinant = 0.0;
    for (int p = 0; p < k; p++) {
        log_determinant += m[p][p] > 0.0 ? log(m[p][p]) : NAN;
        const double d = 1.0 / m[p][p];
        for (int i = 0; i < k; i++)
            if (i != p)
                for (int j = 0; j < k; j++)
                    if (j != p) m[i][j] -= m[i][p] * d * m[p][j];
        for (int i = 0; i < k; i++)
            if (i != p) m[i][p] *= d, m[p][i] *= d;
        m[p][p] = -d;
    }
    return log_determinant;
}

static void sweep_row(const job *j, int64_t i, double *scratch)
{
    const int64_t n = j->n, from = j->from, k = j->k;
    (void)scratch;
    if (i >= from && i < from + k) return;
    double factor[PANEL] = {0.0}, *row = j->block + i * n;
    for (int64_t r = 0; r < k; r++) factor[r] = j->panel[r * n + i];
    vn_subtract_rows(i + 1, (int)k, factor, j->turned, n, row);
    for (int64_t r = 0; r < k; r++) {
        double *at = i > from ? row + from + r : j->block + (from + r) * n + i;
        *at = j->turned[r * n + i];
    }
}

/* Sweep the pivots [from, from + k) of a block, of which the lower triangle counts. */
static vn_status sweep(job *j, double *panel, double *turned, int n_threads, double *log_determinant)
{
    const int64_t n = j->n, from = j->from, k = j->k;
    double core[PANEL][PANEL] = {{0.0}};
    for (int64_t r = 0; r < k; r++) {
        double *row = panel + r * n;
        memcpy(row, j->block + (from + r) * n, sizeof(double) * (size_t)(from + r + 1));
        for (int64_t i = from + r + 1; i < n; i++) row[i] = j->block[i * n + from + r];
        memcpy(core[r], row + from, sizeof(double) * (size_t)k);
    }
    *log_determinant += invert_small(k, core);
    memset(turned, 0, sizeof(double) * (size_t)(k * n));
    for (int64_t r = 0; r < k; r++) vn_subtract_rows(n, (int)k, core[r], panel, n, turned + r * n);
    const vn_status status = every_row(j, n_threads);
    for (int64_t r = 0; r < k; r++)
        memcpy(j->block + (from + r) * n + from, core[r], sizeof(double) * (size_t)(r + 1));
    return status;
}

/* The upper triangle from the lower one, times `sign`. */
VN_CLONES
static void mirror(int64_t n, double sign, double *block)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k <= i; k++) block[i * n + k] *= sign;
    for (int64_t low = 0; low < n; low += ROWS) /* in tiles, which stay in the cache */
        for (int64_t left = 0; left <= low; left += ROWS)
            for (int64_t i = low; i < VN_MIN(n, low + ROWS); i++)
                for (int64_t k = left; k < VN_MIN(i, left + ROWS); k++)
                    block[k * n + i] = block[i * n + k];
}

static int64_t rows_of(const vn_chain *c, int64_t t) { return c->ptr[t + 1] - c->ptr[t]; }

static int64_t most_rows(const vn_chain *c)
{
    int64_t most = 1;
    for (int64_t t = 0; t < c->n_blocks; t++) most = VN_MAX(most, rows_of(c, t));
    return most;
}

/* The links of block t: how many, and the first. */
static int64_t links_of(const vn_chain *c, int64_t t, int64_t *first)
{
    *first = t + 1 < c->n_blocks ? c->link_ptr[t] : 0;
    return t + 1 < c->n_blocks ? c->link_ptr[t + 1] - c->link_ptr[t] : 0;
}

/* The next block less what the pivot of block t takes from it. */
static void pass_on(const vn_chain *c, int64_t t)
{
    int64_t first;
    const int64_t n_links = links_of(c, t, &first), n = rows_of(c, t);
    if (!n_links) return;
    const int64_t m = rows_of(c, t + 1);
    const int32_t *here = c->here + first, *there = c->there + first;
    const double *pivot = c->blocks + c->start[t];
    double *next = c->blocks + c->start[t + 1];
    for (int64_t a = 0; a < n_links; a++)
        for (int64_t b = 0; b <= a; b++)
            next[there[a] * m + there[b]] -= c->weight * (c->weight * pivot[here[a] * n + here[b]]);
}

vn_status vn_chain_factor(const vn_chain *c, int n_threads, vn_poll poll, void *context,
                          double *log_determinant)
{
    const size_t room = (size_t)(PANEL * most_rows(c));
    double *panel = vn_malloc(sizeof(double) * room), *turned = vn_malloc(sizeof(double) * room);
    vn_status status = panel && turned ? VN_OK : VN_NO_MEMORY;
    *log_determinant = 0.0;
    for (int64_t t = 0; t < c->n_blocks && status == VN_OK; t++) {
        job j = {.row = sweep_row, .n = rows_of(c, t), .block = c->blocks + c->start[t],
                 .panel = panel, .turned = turned};
        for (j.from = 0; j.from < j.n && status == VN_OK; j.from += PANEL) {
            j.k = VN_MIN(PANEL, j.n - j.from);
            status = sweep(&j, panel, turned, n_threads, log_determinant);
        }
        mirror(j.n, -1.0, j.block);
        pass_on(c, t);
        if (poll && poll(context)) status = VN_INTERRUPTED;
    }
    vn_free(panel);
    vn_free(turned);
    return status;
}

/* y (n) = block x */
static void times(int64_t n, const double *block, const double *x, double *y)
{
    memset(y, 0, sizeof(double) * (size_t)n);
    vn_subtract_rows(n, (int)n, x, block, n, y);
    for (int64_t i = 0; i < n; i++) y[i] = -y[i];
}

vn_status vn_chain_solve(const vn_chain *c, int64_t k, double *x)
{
    double *y = vn_malloc(sizeof(double) * (size_t)most_rows(c));
    if (!y) return VN_NO_MEMORY;
    for (int64_t row = 0; row < k; row++, x += c->ptr[c->n_blocks]) {
        for (int64_t t = 0; t + 1 < c->n_blocks; t++) {
            int64_t first;
            const int64_t n_links = links_of(c, t, &first);
            if (!n_links) continue;
            times(rows_of(c, t), c->blocks + c->start[t], x + c->ptr[t], y);
            for (int64_t a = first; a < first + n_links; a++)
                x[c->ptr[t + 1] + c->there[a]] += c->weight * y[c->here[a]];
        }
        for (int64_t t = c->n_blocks - 1; t >= 0; t--) {
            int64_t first;
            const int64_t n_links = links_of(c, t, &first), n = rows_of(c, t);
            for (int64_t a = first; a < first + n_links; a++)
                x[c->ptr[t] + c->here[a]] += c->weight * x[c->ptr[t + 1] + c->there[a]];
            times(n, c->blocks + c->start[t], x + c->ptr[t], y);
            memcpy(x + c->ptr[t], y, sizeof(double) * (size_t)n);
        }
    }
    vn_free(y);
    return VN_OK;
}

/* Row i of outer' inner outer, added to the lower triangle of the block. */
static void add_row(const job *j, int64_t i, double *scratch)
{
    const int64_t n_links = j->n_links;
    double *factor = scratch, *part = scratch + n_links;
    for (int64_t a = 0; a < n_links; a++) factor[a] = j->outer[a * j->n + i];
    memset(part, 0, sizeof(double) * (size_t)n_links);
    vn_subtract_rows(n_links, (int)n_links, factor, j->inner, j->stride, part);
    vn_subtract_rows(i + 1, (int)n_links, part, j->outer, j->n, j->block + i * j->n);
}

/* Block t of the inverse from the one behind it, through `inner` and `outer`, (most rows)^2 each. */
static vn_status block_of_inverse(const vn_chain *c, int64_t t, int n_threads, double *inner,
                                  double *outer, double *scratch, int64_t width, double *out)
{
    int64_t first;
    const int64_t n_links = links_of(c, t, &first), n = rows_of(c, t);
    const double *pivot = c->blocks + c->start[t];
    memcpy(out + c->start[t], pivot, sizeof(double) * (size_t)(n * n));
    if (!n_links) return VN_OK;
    const int64_t m = rows_of(c, t + 1);
    const int32_t *here = c->here + first, *there = c->there + first;
    const double *behind = out + c->start[t + 1];
    for (int64_t a = 0; a < n_links; a++) {
        for (int64_t b = 0; b < n_links; b++) inner[a * n_links + b] = behind[there[a] * m + there[b]];
        for (int64_t i = 0; i < n; i++) outer[a * n + i] = c->weight * pivot[here[a] * n + i];
    }
    job j = {.row = add_row, .n = n, .width = width, .scratch = scratch, .block = out + c->start[t],
             .n_links = n_links, .stride = n_links, .inner = inner, .outer = outer};
    const vn_status status = every_row(&j, n_threads);
    mirror(n, 1.0, j.block);
    return status;
}

vn_status vn_chain_inverse(const vn_chain *c, int n_threads, vn_poll poll, void *context, double *out)
{
    const int64_t most = most_rows(c), width = 2 * most;
    const int64_t workers = vn_team_size(n_threads, vn_n_blocks(most, ROWS));
    double *inner = vn_malloc(sizeof(double) * (size_t)(most * most));
    double *outer = vn_malloc(sizeof(double) * (size_t)(most * most));
    double *scratch = vn_malloc(sizeof(double) * (size_t)(workers * width));
    vn_status status = inner && outer && scratch ? VN_OK : VN_NO_MEMORY;
    for (int64_t t = c->n_blocks - 1; t >= 0 && status == VN_OK; t--) {
        status = block_of_inverse(c, t, n_threads, inner, outer, scratch, width, out);
        if (poll && poll(context)) status = VN_INTERRUPTED;
    }
    vn_free(inner);
    vn_free(outer);
    vn_free(scratch);
    return status;
}
