/* Solves the Newton system of a vn_problem by preconditioned conjugate gradients.
 *
 * The preconditioner eliminates vertices of degree one and two exactly and treats what is left by
 * the cheapest level that works: Jacobi, then multigrid, then an approximate Cholesky factor. A
 * level is left for the next when one solve takes too many iterations, never the other way. */
#ifndef VN_SOLVER_H
#define VN_SOLVER_H

#include "vn_cholesky.h"
#include "vn_eliminate.h"
#include "vn_multigrid.h"
#include "vn_problem.h"
#include "vn_renumber.h"

typedef enum { VN_JACOBI = 0, VN_MULTIGRID = 1, VN_CHOLESKY = 2 } vn_solver_level;

typedef struct vn_solver vn_solver;

/* `parallel_edges`: two items may share several edges of p. */
vn_status vn_solver_new(const vn_problem *p, int parallel_edges, vn_poll poll, void *context,
                        vn_solver **out);
void vn_solver_free(vn_solver *s);

/* Take the preconditioner that s has come to, its multigrid or its factor, out of it: *out is good for
 * vn_solver_adopt and vn_solver_free alone, needs no problem, and s is of no use any more. NULL where s
 * has neither, eliminates vertices, or has adopted what it has. */
vn_status vn_solver_detach(vn_solver *s, vn_solver **out);

/* Start with the preconditioner that was taken out of the solver of another weighting of the same
 * vertices: it serves as it is, by reference, so `donor` must stay. Nothing happens where s eliminates
 * vertices. Before the first solve. */
vn_status vn_solver_adopt(vn_solver *s, const vn_solver *donor, int n_threads);

/* The matrix has new values. */
void vn_solver_refresh(vn_solver *s);

typedef struct {
    double mass_tolerance;     /* stop when |r_i| <= this x the weight of item i's comparisons, */
    double diagonal_tolerance; /* and |r_i| <= this x the diagonal */
    int64_t max_iter;
    int without_border;        /* solve with the block of theta alone: x and rhs have n entries */
    int n_threads;
    vn_poll poll;
    void *poll_context;
} vn_solve_options;

/* x (n + n_border, coefficients in their covariates' units) = about H^-1 rhs, in the subspace that rhs spans: rhs must sum to zero over each
 * component where there is no prior. VN_NOT_CONVERGED: x is the best so far. */
vn_status vn_solver_solve(vn_solver *s, const double *rhs, const vn_solve_options *options,
                          double *x, int64_t *n_iter);

/* The same for `count` right-hand sides, one after the other, each to a residual of a parameter of `tol`
 * times the root mean square of the row, relative to their masses (n + n_border). */
vn_status vn_solver_solve_rows(vn_solver *s, const double *rhs, int64_t count, const double *mass,
                               double tol, int n_threads, vn_poll poll, void *context, double *x);

vn_solver_level vn_solver_current_level(const vn_solver *s);

/* Sizes of the levels in use, the core first: at most `room` are written; returns how many exist. */
int vn_solver_levels(const vn_solver *s, int room, int64_t *n_vertices, int64_t *n_entries);

#endif
