#include "vn_api.h"

#include "vn_team.h"

#define THREADS 65535

_Static_assert((int)VENIRE_OK == (int)VN_OK && (int)VENIRE_NO_MEMORY == (int)VN_NO_MEMORY
                   && (int)VENIRE_INTERRUPTED == (int)VN_INTERRUPTED
                   && (int)VENIRE_NOT_CONVERGED == (int)VN_NOT_CONVERGED
                   && (int)VENIRE_TOO_LARGE == (int)VN_TOO_LARGE
                   && (int)VENIRE_BAD_VALUE == (int)VN_BAD_VALUE,
               "the kernels' statuses are handed on as they are");

#define ENTRY(function) .function = venire_##function,

const venire_api *venire_get_api(void)
{
    static const venire_api table = {.major = VENIRE_API_MAJOR, .minor = VENIRE_API_MINOR,
                                     .size = sizeof table, VN_API_EACH(ENTRY)};
    return &table;
}

const char *venire_status_text(int status)
{
    static const char *const text[] = {
        [VENIRE_OK] = "all went well",
        [VENIRE_NO_MEMORY] = "not enough memory",
        [VENIRE_INTERRUPTED] = "asked to stop",
        [VENIRE_NOT_CONVERGED] = "did not converge",
        [VENIRE_TOO_LARGE] = "is too large",
        [VENIRE_BAD_VALUE] = "is out of range",
        [VENIRE_NOT_IDENTIFIED] = "the comparisons and the prior do not have one finite fit",
        [VENIRE_NO_COMPARISONS] = "nothing was compared",
        [VENIRE_NULL] = "is a null pointer",
        [VENIRE_BAD_SIZE] = "is a negative number, or a struct whose size is not set",
        [VENIRE_NO_MODEL] = "is not the number of a model"};
    const int n = (int)(sizeof text / sizeof *text);
    return status >= 0 && status < n ? text[status] : "an unknown status";
}

int vn_api_fault(venire_call *call, venire_status status, const char *argument, int64_t position,
                 double value)
{
    if (call && call->size >= sizeof *call) {
        call->argument = argument;
        call->position = position;
        call->value = value;
    }
    return status;
}

int vn_api_open(venire_call *call, vn_api_how *how)
{
    *how = (vn_api_how){.n_threads = 1};
    if (!call) return VENIRE_OK;
    if (call->size < sizeof *call) return VENIRE_BAD_SIZE;
    vn_api_fault(call, VENIRE_OK, NULL, -1, 0.0);
    if (call->n_threads < 0 || call->n_threads > THREADS)
        return vn_api_fault(call, VENIRE_BAD_VALUE, "n_threads", -1, call->n_threads);
    how->n_threads = VN_MAX(call->n_threads, 1);
    how->poll = call->poll;
    how->context = call->context;
    return VENIRE_OK;
}

int vn_api_count(venire_call *call, const char *argument, int64_t n)
{
    return n < 0 ? vn_api_fault(call, VENIRE_BAD_SIZE, argument, -1, (double)n) : VENIRE_OK;
}

int vn_api_array(venire_call *call, const char *argument, int64_t n, const void *array)
{
    return n && !array ? vn_api_fault(call, VENIRE_NULL, argument, -1, 0.0) : VENIRE_OK;
}

VN_CLONES
static int64_t outside(int64_t n, const double *array, double low, double high)
{
    int64_t count = 0;
    for (int64_t k = 0; k < n; k++) count += !(array[k] >= low && array[k] <= high);
    return count;
}

int vn_api_range(venire_call *call, const char *argument, int64_t n, const double *array, double low,
                 double high)
{
    if (!array || !outside(n, array, low, high)) return VENIRE_OK;
    int64_t k = 0;
    while (array[k] >= low && array[k] <= high) k++;
    return vn_api_fault(call, VENIRE_BAD_VALUE, argument, k, array[k]);
}

int venire_team_size(int32_t n_threads, int64_t n_blocks) { return vn_team_size(n_threads, n_blocks); }

typedef struct {
    venire_body body;
    void *job;
} callers_loop;

static vn_status callers_block(void *arg, int64_t block, int worker)
{
    const callers_loop *loop = arg;
    return (vn_status)loop->body(loop->job, block, worker);
}

int venire_team_run(venire_body body, void *job, int64_t n_blocks, venire_call *call)
{
    vn_api_how how;
    VN_API_TRY(vn_api_open(call, &how));
    VN_API_TRY(vn_api_count(call, "n_blocks", n_blocks));
    if (!body) return vn_api_fault(call, VENIRE_NULL, "body", -1, 0.0);
    return (int)vn_team_run(callers_block, &(callers_loop){body, job}, n_blocks, how.n_threads,
                            how.poll, how.context);
}
