/* Shared by the files of the solver only. */
#ifndef VN_SOLVER_INTERNAL_H
#define VN_SOLVER_INTERNAL_H

#include "vn_solver.h"

/* What the iteration works on: the problem's own arrays, or renumbered copies. */
typedef struct {
    const vn_laplacian *h;
    const double *mass;
    double *const *border;
} vn_solver_view;

struct vn_solver {
    const vn_problem *p; /* NULL where only the preconditioner is left, */
    int64_t n;           /* of so many vertices */
    vn_solver_view view;
    int is_renumbered;
    vn_renumbered renumbered;
    double *mass, **border; /* renumbered copies */
    int n_border;           /* of the system that is solved: the problem's, or 0 */
    double *corner;         /* the corner's factor: lower, row major, inverse pivots on its diagonal */
    int n_sums;             /* of a block, in `partial` */
    int has_elimination;
    vn_elimination elimination;
    vn_solver_level level;
    int stale_matrix, stale_level;
    int has_multigrid, has_cholesky;
    vn_multigrid multigrid;
    vn_cholesky cholesky;
    int64_t first_iter, last_iter; /* of the first solve with this factor, and of the last one */
    double *r, *z, *d, *q;  /* n + n_border: residual, M^-1 r, direction, A d */
    double *work, *core_r, *core_z; /* with elimination only */
    double *partial;        /* n_sums for each block, of any numbering */
};

static inline const vn_laplacian *vn_solver_core(const vn_solver *s)
{
    return s->has_elimination ? &s->elimination.core : s->view.h;
}

/* ---- vn_solver_levels.c: the preconditioner -------------------------------------------------- */

/* Bring everything up to date with the matrix and the level. */
vn_status vn_solver_prepare(vn_solver *s, const vn_solve_options *o);

/* Forget the renumbered copies, whole or not. */
void vn_solver_release_order(vn_solver *s);

/* Go up one level; r and x are renumbered where that comes with it. */
vn_status vn_solver_level_up(vn_solver *s, const vn_solve_options *o, double *x);

/* r and x to the renumbered vertices, and x back; z is scratch. */
void vn_solver_enter_numbering(vn_solver *s, double *x);
void vn_solver_leave_numbering(vn_solver *s, double *x);

/* z = M^-1 r; its products with r and with q. */
void vn_solver_precondition(vn_solver *s, int n_threads, double *zr, double *zq);

/* ---- vn_solver_vectors.c: passes over the rows ----------------------------------------------- */

/* x += step d, r -= step q. Returns the largest ratio of a residual to what is allowed there:
 * solved when at most 1. */
double vn_solver_advance(vn_solver *s, const vn_solve_options *o, double step, double *x);

/* z = D^-1 r, of the rows of `a`. */
void vn_solver_divide(const vn_laplacian *a, const double *r, double *z, int n_threads);

/* The products of z with r and with q; `jacobi`: z = D^-1 r comes first. */
void vn_solver_weigh(vn_solver *s, int jacobi, int n_threads, double *zr, double *zq);

/* d = z + beta d and q = A d; returns d.q. */
double vn_solver_turn(vn_solver *s, double beta, int n_threads);

#endif
