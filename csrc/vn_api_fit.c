/* The fits of venire.h: rows of each group to cells, and a small fit of these, by one worker in its own
 * memory. A single fit is one group. */
#include <math.h>
#include <string.h>

#include "vn_api.h"
#include "vn_group_internal.h"
#include "vn_group_one.h"
#include "vn_team.h"

#define BLOCK 8 /* groups of a block */
#define MOST_ITEMS (1 << 28) /* of a group */
#define MOST_ROWS (1 << 30)
#define LEAST_PRECISION 1e-30 /* the bounds of venire.GaussianPrior */
#define MOST_PRECISION 1e30
#define MOST_MEAN 1e3

typedef struct {
    vn_row_space rows;
    vn_cell_output cells;
    int64_t room; /* of the cells */
    vn_group_space fit;
} worker_space;

typedef struct {
    const venire_comparisons *data;
    vn_group_rows rows;
    vn_group_options options;
    const venire_fit_result *out;
    worker_space *space;
    vn_watch watch;
    int64_t bad_row; /* the first, or INT64_MAX */
} fit_job;

static void free_cells(vn_cell_output *c)
{
    vn_free(c->first);
    vn_free(c->second);
    vn_free(c->order);
    vn_free(c->win);
    vn_free(c->loss);
    vn_free(c->tie);
}

static void free_space(worker_space *w)
{
    vn_row_space_free(&w->rows);
    free_cells(&w->cells);
    vn_group_space_free(&w->fit);
}

/* Empty cells, with room for n. */
static vn_status clear_cells(worker_space *w, int64_t n)
{
    vn_cell_output *c = &w->cells;
    if (n > w->room) {
        const size_t room = (size_t)VN_MAX(n, 2 * w->room);
        free_cells(c);
        w->room = 0; /* a worker that failed may be asked again */
        *c = (vn_cell_output){.first = vn_malloc(room * sizeof(int32_t)),
                              .second = vn_malloc(room * sizeof(int32_t)),
                              .order = vn_malloc(room),
                              .win = vn_malloc(room * sizeof(double)),
                              .loss = vn_malloc(room * sizeof(double)),
                              .tie = vn_malloc(room * sizeof(double))};
        if (!c->first || !c->second || !c->order || !c->win || !c->loss || !c->tie) return VN_NO_MEMORY;
        w->room = (int64_t)room;
    }
    if (n) memset(c->tie, 0, sizeof(double) * (size_t)n);
    c->n_cells = c->n_items = 0;
    c->has_tie = c->has_soft = c->fault = 0;
    c->bad_row = -1;
    return VN_OK;
}

static vn_status fit_group(fit_job *j, worker_space *w, int64_t k)
{
    static const int8_t said[] = {[VN_GROUP_CONVERGED] = VENIRE_OK,
                                  [VN_GROUP_NOT_IDENTIFIED] = VENIRE_NOT_IDENTIFIED,
                                  [VN_GROUP_NO_COMPARISONS] = VENIRE_NO_COMPARISONS,
                                  [VN_GROUP_ITERATION_LIMIT] = VENIRE_NOT_CONVERGED,
                                  [VN_GROUP_ELSEWHERE] = VENIRE_NOT_CONVERGED};
    const venire_fit_result *out = j->out;
    vn_cell_output *c = &w->cells;
    vn_status status = clear_cells(w, j->rows.row_ptr[k + 1] - j->rows.row_ptr[k]);
    if (status == VN_OK) status = vn_group_one(&w->rows, &j->rows, k, c);
    if (status != VN_OK) return status;
    if (c->bad_row >= 0) {
        vn_atomic_least(&j->bad_row, c->bad_row);
        return VN_BAD_VALUE;
    }
    const int64_t cell_ptr[2] = {0, c->n_cells};
    const vn_grouped group = {.n_groups = 1, .item_ptr = j->rows.item_ptr + k, .cell_ptr = cell_ptr,
                              .first = c->first, .second = c->second, .order = c->order,
                              .win = c->win, .loss = c->loss, .tie = c->tie};
    const int warm = j->options.warm;
    double gamma = warm && out->order_effect ? out->order_effect[k] : NAN, residual = NAN;
    double log_tie = warm && out->log_tie ? out->log_tie[k] : NAN;
    int32_t n_iter = 0, n_parts = 0;
    int8_t how = VN_GROUP_CONVERGED;
    vn_group_result result = {.theta = out->theta, .gamma = &gamma, .log_tie = &log_tie,
                              .residual = &residual, .n_iter = &n_iter, .n_parts = &n_parts,
                              .status = &how};
    status = vn_group_fit_one(&w->fit, &group, 0, &j->options, &result);
    if (status != VN_OK) return status;
    if (out->order_effect) out->order_effect[k] = j->options.model.has_gamma ? gamma : NAN;
    if (out->log_tie) out->log_tie[k] = j->options.model.has_tie ? log_tie : NAN;
    if (out->residual) out->residual[k] = residual;
    if (out->n_iter) out->n_iter[k] = n_iter;
    if (out->status) out->status[k] = said[how];
    return VN_OK;
}

static vn_status fit_block(void *arg, int64_t block, int worker)
{
    fit_job *j = arg;
    worker_space *w = &j->space[worker];
    w->rows.watch = w->rows.labels.watch = w->fit.small.watch = &j->watch;
    w->rows.worker = w->rows.labels.worker = w->fit.small.worker = worker;
    for (int64_t k = block * BLOCK; k < vn_block_end(j->rows.n_groups, BLOCK, block); k++) {
        const vn_status status = fit_group(j, w, k);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

/* What is wrong with a row whose masses are in range. */
static int explain(const fit_job *j, int64_t row, venire_call *call)
{
    const venire_comparisons *d = j->data;
    int64_t k = 0;
    while (j->rows.row_ptr[k + 1] <= row) k++;
    const int64_t n = j->rows.item_ptr[k + 1] - j->rows.item_ptr[k];
    const int32_t a = d->first[row], b = d->second[row];
    if (a < 0 || a >= n) return vn_api_fault(call, VENIRE_BAD_VALUE, "first", row, a);
    if (b < 0 || b >= n || a == b) return vn_api_fault(call, VENIRE_BAD_VALUE, "second", row, b);
    if (d->order && (d->order[row] < -1 || d->order[row] > 1))
        return vn_api_fault(call, VENIRE_BAD_VALUE, "order", row, d->order[row]);
    return VENIRE_BAD_VALUE;
}

/* Offsets of n_groups from 0 to `last`, in steps of at most `most`. */
static int check_offsets(venire_call *call, const char *name, const int64_t *ptr, int64_t n_groups,
                         int64_t last, int64_t most)
{
    if (!ptr) return vn_api_fault(call, VENIRE_NULL, name, -1, 0.0);
    if (ptr[0] != 0) return vn_api_fault(call, VENIRE_BAD_VALUE, name, 0, (double)ptr[0]);
    for (int64_t k = 0; k < n_groups; k++) {
        if (ptr[k + 1] < ptr[k] || ptr[k + 1] > last)
            return vn_api_fault(call, VENIRE_BAD_VALUE, name, k + 1, (double)ptr[k + 1]);
        if (ptr[k + 1] - ptr[k] > most)
            return vn_api_fault(call, VENIRE_TOO_LARGE, name, k + 1, (double)ptr[k + 1]);
    }
    if (ptr[n_groups] == last) return VENIRE_OK;
    return vn_api_fault(call, VENIRE_BAD_VALUE, name, n_groups, (double)ptr[n_groups]);
}

static int check_data(const venire_comparisons *d, int64_t n_groups, const int64_t *row_ptr,
                      const int64_t *item_ptr, venire_call *call)
{
    VN_API_TRY(vn_api_count(call, "n_rows", d->n_rows));
    VN_API_TRY(vn_api_count(call, "n_items", d->n_items));
    VN_API_TRY(vn_api_array(call, "first", d->n_rows, d->first));
    VN_API_TRY(vn_api_array(call, "second", d->n_rows, d->second));
    VN_API_TRY(vn_api_array(call, "win", d->n_rows, d->win));
    VN_API_TRY(vn_api_array(call, "loss", d->n_rows, d->loss));
    VN_API_TRY(vn_api_range(call, "win", d->n_rows, d->win, 0.0, VN_API_MASS));
    VN_API_TRY(vn_api_range(call, "loss", d->n_rows, d->loss, 0.0, VN_API_MASS));
    VN_API_TRY(vn_api_range(call, "tie", d->n_rows, d->tie, 0.0, VN_API_MASS));
    VN_API_TRY(check_offsets(call, "row_ptr", row_ptr, n_groups, d->n_rows, MOST_ROWS));
    return check_offsets(call, "item_ptr", item_ptr, n_groups, d->n_items, MOST_ITEMS);
}

static int check_options(const venire_fit_options *o, int64_t n_items, int64_t n_groups,
                         const venire_fit_result *out, venire_call *call, vn_group_options *into)
{
    const vn_model_row *model = o->model < 0 ? NULL : vn_model_at(o->model);
    if (!model) return vn_api_fault(call, VENIRE_NO_MODEL, "model", -1, o->model);
    if (o->max_iter < 0) return vn_api_fault(call, VENIRE_BAD_VALUE, "max_iter", -1, o->max_iter);
    if (!(o->tol >= 0.0 && o->tol < 1.0)) return vn_api_fault(call, VENIRE_BAD_VALUE, "tol", -1, o->tol);
    if (o->precision != 0.0 && !(o->precision >= LEAST_PRECISION && o->precision <= MOST_PRECISION))
        return vn_api_fault(call, VENIRE_BAD_VALUE, "precision", -1, o->precision);
    if (!o->item_precision != !o->item_mean)
        return vn_api_fault(call, VENIRE_NULL, o->item_mean ? "item_precision" : "item_mean", -1, 0.0);
    VN_API_TRY(vn_api_range(call, "item_precision", n_items, o->item_precision, LEAST_PRECISION,
                            MOST_PRECISION));
    VN_API_TRY(vn_api_range(call, "item_mean", n_items, o->item_mean, -MOST_MEAN, MOST_MEAN));
    VN_API_TRY(vn_api_array(call, "theta", n_items, out->theta));
    *into = (vn_group_options){.model = {.model = model,
                                         .prior = {o->item_mean, o->item_precision, o->precision},
                                         .has_gamma = o->order_effect != 0,
                                         .has_tie = model->has_tie,
                                         .free_border = 1},
                               .tol = o->tol > 0.0 ? o->tol : 1e-9,
                               .max_iter = o->max_iter ? o->max_iter : 100,
                               .warm = o->warm != 0};
    if (!into->warm) return VENIRE_OK;
    VN_API_TRY(vn_api_range(call, "theta", n_items, out->theta, -MOST_MEAN, MOST_MEAN));
    if (into->model.has_gamma) {
        VN_API_TRY(vn_api_array(call, "order_effect", n_groups, out->order_effect));
        VN_API_TRY(vn_api_range(call, "order_effect", n_groups, out->order_effect, -MOST_MEAN, MOST_MEAN));
    }
    if (!into->model.has_tie) return VENIRE_OK;
    VN_API_TRY(vn_api_array(call, "log_tie", n_groups, out->log_tie));
    return vn_api_range(call, "log_tie", n_groups, out->log_tie, model->least_log_tie, MOST_MEAN);
}

static int run(const venire_comparisons *d, int64_t n_groups, const int64_t *row_ptr,
               const int64_t *item_ptr, const venire_fit_options *options, const vn_api_how *how,
               venire_call *call, const venire_fit_result *out)
{
    const venire_fit_options plain = {.size = sizeof plain};
    fit_job j = {.data = d, .out = out, .bad_row = INT64_MAX,
                 .watch = {.poll = how->poll, .context = how->context}};
    VN_API_TRY(check_data(d, n_groups, row_ptr, item_ptr, call));
    VN_API_TRY(check_options(options ? options : &plain, d->n_items, n_groups, out, call, &j.options));
    j.rows = (vn_group_rows){.n_rows = d->n_rows, .n_compared = d->n_rows, .first32 = d->first,
                             .second32 = d->second, .order = d->order, .win = d->win,
                             .loss = d->loss, .tie = d->tie, .n_groups = n_groups,
                             .row_ptr = row_ptr, .item_ptr = item_ptr};
    const int64_t n_blocks = vn_n_blocks(n_groups, BLOCK);
    const int n_workers = vn_team_size(how->n_threads, n_blocks);
    j.space = vn_calloc((size_t)n_workers, sizeof *j.space);
    if (!j.space) return VENIRE_NO_MEMORY;
    int status = (int)vn_team_run(fit_block, &j, n_blocks, how->n_threads, vn_watch_poll, &j.watch);
    for (int k = 0; k < n_workers; k++) free_space(&j.space[k]);
    vn_free(j.space);
    if (vn_watch_over(&j.watch)) return VENIRE_INTERRUPTED;
    return status == VENIRE_BAD_VALUE && j.bad_row < INT64_MAX ? explain(&j, j.bad_row, call) : status;
}

static int open_fit(const venire_comparisons *data, const venire_fit_options *options,
                    const venire_fit_result *result, venire_call *call, vn_api_how *how)
{
    VN_API_TRY(vn_api_open(call, how));
    if (!data) return vn_api_fault(call, VENIRE_NULL, "data", -1, 0.0);
    if (!result) return vn_api_fault(call, VENIRE_NULL, "result", -1, 0.0);
    if (data->size < sizeof *data) return vn_api_fault(call, VENIRE_BAD_SIZE, "data", -1, 0.0);
    if (result->size < sizeof *result) return vn_api_fault(call, VENIRE_BAD_SIZE, "result", -1, 0.0);
    if (options && options->size < sizeof *options)
        return vn_api_fault(call, VENIRE_BAD_SIZE, "options", -1, 0.0);
    return VENIRE_OK;
}

int venire_fit(const venire_comparisons *data, const venire_fit_options *options, venire_call *call,
               venire_fit_result *result)
{
    vn_api_how how;
    VN_API_TRY(open_fit(data, options, result, call, &how));
    const int64_t row_ptr[2] = {0, data->n_rows}, item_ptr[2] = {0, data->n_items};
    int8_t status = VENIRE_OK;
    venire_fit_result own = *result;
    own.status = &status;
    VN_API_TRY(run(data, 1, row_ptr, item_ptr, options, &how, call, &own));
    if (result->status) *result->status = status;
    return status;
}

int venire_fit_groups(const venire_comparisons *data, const venire_fit_options *options,
                      venire_call *call, venire_fit_result *result)
{
    vn_api_how how;
    VN_API_TRY(open_fit(data, options, result, call, &how));
    VN_API_TRY(vn_api_count(call, "n_groups", data->n_groups));
    return run(data, data->n_groups, data->row_ptr, data->item_ptr, options, &how, call, result);
}

int venire_fit_small(int32_t model, double precision, int64_t n_items, int64_t n_rows,
                     const int32_t *first, const int32_t *second, const double *win,
                     const double *loss, double *theta)
{
    const venire_comparisons data = {.size = sizeof data, .n_rows = n_rows, .n_items = n_items,
                                     .first = first, .second = second, .win = win, .loss = loss};
    const venire_fit_options options = {.size = sizeof options, .model = model, .precision = precision};
    venire_fit_result result = {.size = sizeof result, .theta = theta};
    return venire_fit(&data, &options, NULL, &result);
}
