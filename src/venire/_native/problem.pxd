"""C declarations: csrc/vn_vector.h, vn_solver.h and vn_mm.h."""

from libc.stdint cimport int8_t, int32_t, int64_t

from venire._native.common cimport vn_poll, vn_status
from venire._native.model cimport vn_model_row
from venire._native.prior cimport vn_prior


cdef extern from "vn_vector.h" nogil:
    double vn_dot(const double *, const double *, int64_t)
    double vn_largest(const double *, const double *, int64_t)


cdef extern from "vn_solver.h" nogil:
    enum:
        VN_TILE
    ctypedef struct vn_problem:
        int64_t n
        int64_t n_edges
        const int64_t *edge_ptr
        const int32_t *hi
        const int64_t *cell_ptr
        const int8_t *order
        const double *win
        const double *loss
        const double *tie
        const double *scale
        const double *offset
        int n_covariates
        const double *covariates
        vn_prior prior
        vn_prior direct
        const vn_model_row *model
        int has_gamma
        int has_tie
        int has_level
        int stride
        double *mass
        int n_border
        double *unit
        double *border_mass
        double **border
    ctypedef struct vn_solver:
        pass
    ctypedef struct vn_solve_options:
        double mass_tolerance
        double diagonal_tolerance
        int64_t max_iter
        int without_border
        int n_threads
        vn_poll poll
        void *poll_context
    int64_t vn_edges_of_cells(int64_t, const int64_t *, const int32_t *, int64_t, int64_t *,
                              int32_t *, int64_t *)
    double vn_problem_reach(const vn_problem *, const double *)
    vn_status vn_problem_margins(const vn_problem *, const double *, int, vn_poll, void *, double *,
                                 double *)
    vn_status vn_problem_gram(const vn_problem *, const double *, int, vn_poll, void *, double *)
    vn_status vn_problem_within(const vn_problem *, int, vn_poll, void *, double *, double *)
    vn_status vn_problem_build(vn_problem *, int, vn_poll, void *)
    void vn_problem_free(vn_problem *)
    void vn_problem_prior_changed(vn_problem *)
    void vn_problem_set_precision(vn_problem *, double, double *)
    void vn_problem_times(const vn_problem *, const double *, int, double *)
    vn_status vn_problem_derivatives(vn_problem *, const double *, int, vn_poll, void *, double *)
    vn_status vn_problem_gradient(vn_problem *, const double *, int, vn_poll, void *, double *,
                                  double *)
    vn_status vn_problem_log_likelihood(const vn_problem *, const double *, int, vn_poll, void *,
                                        double *)
    vn_status vn_problem_objective(const vn_problem *, const double *, int, vn_poll, void *,
                                   double *)
    vn_status vn_problem_largest_difference(const vn_problem *, const double *, int, vn_poll,
                                            void *, double *)
    vn_status vn_problem_overreach(const vn_problem *, const double *, const double *, double, int,
                                   vn_poll, void *, double *)
    vn_status vn_solver_new(const vn_problem *, int, vn_poll, void *, vn_solver **)
    void vn_solver_free(vn_solver *)
    void vn_solver_refresh(vn_solver *)
    vn_status vn_solver_detach(vn_solver *, vn_solver **)
    vn_status vn_solver_adopt(vn_solver *, const vn_solver *, int)
    vn_status vn_solver_solve(vn_solver *, const double *, const vn_solve_options *, double *,
                              int64_t *)
    vn_status vn_solver_solve_rows(vn_solver *, const double *, int64_t, const double *, double, int,
                                   vn_poll, void *, double *)
    int vn_solver_current_level(const vn_solver *)
    int vn_solver_levels(const vn_solver *, int, int64_t *, int64_t *)


cdef extern from "vn_mm.h" nogil:
    vn_status vn_newman_sweep(const vn_problem *, vn_poll, void *, double *, double *, double *)
