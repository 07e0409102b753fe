/* What the files behind venire.h share. The table's functions are venire_NAME here, with the types that
 * stand in the header and nowhere else. They check what they are given, and call the kernels. */
#ifndef VN_API_H
#define VN_API_H

#include "vn_common.h"

#define VENIRE_INSIDE
#include "venire.h"

/* Every function of the table. */
#define VN_API_EACH(X)                                                                              \
    X(beta_cdf) X(beta_sf) X(beta_logpdf) X(beta_quantile) X(beta_greater) X(beta_update)           \
    X(beta_cdf_many) X(beta_sf_many) X(beta_logpdf_many) X(beta_quantile_many)                      \
    X(beta_greater_many) X(beta_update_many)                                                        \
    X(model) X(model_name) X(model_has_tie) X(link_probability) X(link_slope) X(link_curvature)     \
    X(cells_log_likelihood) X(cells_derivatives)                                                    \
    X(stream_words) X(stream_uniform) X(stream_normal) X(stream_beta) X(stream_poisson)             \
    X(stream_uniform_many) X(stream_normal_many) X(stream_beta_many) X(stream_poisson_many)         \
    X(multinomial_counts) X(bootstrap_counts) X(fit) X(fit_groups) X(fit_small)                     \
    X(team_size) X(team_run) X(status_text)

#define VN_API_DECLARE(name) extern __typeof__(*((venire_api *)0)->name) venire_##name;
VN_API_EACH(VN_API_DECLARE)

const venire_api *venire_get_api(void);

/* The status, and in `call` (or NULL) what is wrong. */
int vn_api_fault(venire_call *call, venire_status status, const char *argument, int64_t position,
                 double value);

/* How a call is made. */
typedef struct {
    int n_threads;
    vn_poll poll;
    void *context;
} vn_api_how;

/* Read it from `call` (or NULL). */
int vn_api_open(venire_call *call, vn_api_how *how);

/* How many there are, and an array that there must be if there are any. */
int vn_api_count(venire_call *call, const char *argument, int64_t n);
int vn_api_array(venire_call *call, const char *argument, int64_t n, const void *array);

/* An array (or, where `array` is NULL, nothing) whose numbers must be from low to high. */
int vn_api_range(venire_call *call, const char *argument, int64_t n, const double *array, double low,
                 double high);

#define VN_API_MOST 1.7976931348623157e308
#define VN_API_MASS 1e30 /* of a mass, at most: as for those from Python */

/* Leave with the first status that is not VENIRE_OK. */
#define VN_API_TRY(expression)                                                                      \
    do {                                                                                            \
        const int status_ = (int)(expression);                                                      \
        if (status_ != VENIRE_OK) return status_;                                                   \
    } while (0)

#endif
