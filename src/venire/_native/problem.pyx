"""One fit's graph, its derivatives and its linear solver: views around csrc/vn_problem*.c and
csrc/vn_solver*.c. No policy: what to do with a step is decided in venire.ratings."""

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.string cimport memset

from venire._native.border cimport at, at_if, member, offsets, room, same, steps, team, within
from venire._native.common cimport VN_NOT_CONVERGED, VN_OK, VN_TOO_LARGE, check, poll_signals
from venire._native.common cimport vn_status
from venire._native.model cimport row_of
from venire._native.prior cimport prior_of

LEVELS = ("jacobi", "multigrid", "cholesky")

cdef enum:
    SMALL = 20000
    MOST_COVARIATES = 1000


def dot(const double[::1] x not None, const double[::1] y not None):
    """x.y, not by BLAS: its threads would spin beside ours, and its sums depend on their number."""
    cdef int64_t n = x.shape[0]
    return vn_dot(at(x, n, "x"), at(y, n, "y"), n)


def largest(const double[::1] x not None):
    """Largest |x|."""
    return vn_largest(at(x, x.shape[0], "x"), NULL, x.shape[0])


cdef int sorted_edges(const vn_problem *p, bint parallel) except -1:
    """Edges must lead to later items, in their order, once to each unless they may be parallel."""
    cdef int64_t i, k, begin, end
    cdef int wrong = 0
    for i in range(p.n):
        begin, end = p.edge_ptr[i], p.edge_ptr[i + 1]
        if begin < end:
            wrong |= p.hi[begin] <= i
            wrong |= p.hi[end - 1] >= p.n
        if parallel:  # the branch is out here, so that loops are vectorised
            for k in range(begin + 1, end):
                wrong |= p.hi[k] < p.hi[k - 1]
        else:
            for k in range(begin + 1, end):
                wrong |= p.hi[k] <= p.hi[k - 1]
    if wrong:
        raise ValueError(f"hi: not the sorted edges of {p.n} items")
    return 0


cdef class Preconditioner:
    """What a problem's solver has come to, for problems of other weightings of the same items: made
    by `Problem.detach`, small beside the problem."""

    cdef vn_solver *solver

    def __dealloc__(self):
        vn_solver_free(self.solver)

    @property
    def level(self):
        """multigrid or cholesky."""
        return LEVELS[vn_solver_current_level(self.solver)]


cdef int cells_of_edges(const int64_t *cell_ptr, int64_t n_edges, int64_t n_cells) noexcept:
    """Whether each edge has cells, none too many, and all have all."""
    cdef int64_t e
    cdef int wrong = cell_ptr[0] != 0 or cell_ptr[n_edges] != n_cells
    for e in range(n_edges):
        wrong |= not 1 <= cell_ptr[e + 1] - cell_ptr[e] <= VN_TILE
    return not wrong


cdef class Problem:
    """Edges of one fit with the log-likelihood's derivatives and the Newton solver.

    Parameters are (theta, gamma if `order` is given, a coefficient for each of `covariates`, log tie if
    the model has one), or (theta, level). Arrays are kept, not copied. Where the model has no ties,
    they are half a win to each side.

    The predictor of a cell is offset + scale * (theta_lo - theta_hi + gamma * order + coefficients *
    covariates). Edge e has the cells cell_ptr[e] to cell_ptr[e + 1] (1 to VN_TILE of them, see
    `edges_of_cells`), or cell e; all columns from `win` on are of cells. `prior` holds
    the ItemPriors of theta. Items may have been observed directly: `direct` holds the precisions (0:
    not observed) and the values, of theta plus, if asked for, a `level` that all such observations
    share.
    """

    cdef vn_problem p
    cdef vn_solver *solver
    cdef object keep
    cdef Preconditioner donor
    cdef bint is_detached
    cdef readonly int n_threads
    cdef readonly int64_t n_parameters
    cdef readonly object mass

    def __cinit__(
        self,
        str model,
        const int64_t[::1] edge_ptr not None,
        const int32_t[::1] hi not None,
        const double[::1] win not None,
        const double[::1] loss not None,
        const double[::1] tie=None,
        const int8_t[::1] order=None,
        *,
        const double[::1] scale=None,
        const double[::1] offset=None,
        const int64_t[::1] cell_ptr=None,
        const double[:, ::1] covariates=None,
        prior=None,
        direct=None,
        bint level=False,
        bint parallel_edges=False,
        int n_threads=1,
    ):
        cdef vn_status status
        memset(&self.p, 0, sizeof(vn_problem))
        self.solver = NULL
        self.p.model = row_of(model)
        self.p.has_tie = self.p.model.has_tie
        if level and (order is not None or covariates is not None or self.p.has_tie or direct is None):
            raise ValueError("a level goes with direct observations, and with no order effect or tie")
        if tie is not None and not self.p.has_tie:
            half = 0.5 * np.asarray(tie)
            win, loss, tie = np.asarray(win) + half, np.asarray(loss) + half, None
        self.keep = (edge_ptr, hi, win, loss, tie, order, scale, offset, prior, direct, cell_ptr,
                     covariates)
        cdef int64_t n = hi.shape[0]
        self.p.n, self.p.n_edges = steps(edge_ptr, "edge_ptr"), n
        offsets(edge_ptr, 0, n, "edge_ptr")
        self.p.cell_ptr = NULL
        cdef const int64_t *ends = at_if(cell_ptr, n + 1, "cell_ptr")
        if ends != NULL:
            within(cells_of_edges(ends, n, win.shape[0]), 1, 1, "cell_ptr")
            self.p.cell_ptr = ends
        # starting threads costs more than they save on small graphs; results are the same
        self.n_threads = team(n_threads) if win.shape[0] + self.p.n > SMALL else 1
        n_threads = self.n_threads
        self.p.edge_ptr = &edge_ptr[0]
        self.p.hi = at(hi, n, "hi")
        if ends != NULL:
            n = win.shape[0]
        if covariates is not None:
            same(covariates.shape[0], n, "covariates")
            within(covariates.shape[1], 1, MOST_COVARIATES, "covariates")
            self.p.n_covariates = <int>covariates.shape[1]
            self.p.covariates = &covariates[0, 0] if n else NULL
        self.p.tie = at(tie, n, "tie") if self.p.has_tie else NULL
        self.p.win, self.p.loss = at(win, n, "win"), at(loss, n, "loss")
        self.p.order = at_if(order, n, "order")
        self.p.scale, self.p.offset = at_if(scale, n, "scale"), at_if(offset, n, "offset")
        self.p.prior, self.p.direct = prior_of(prior, self.p.n), prior_of(direct, self.p.n)
        sorted_edges(&self.p, parallel_edges)
        self.p.has_gamma = order is not None
        self.p.has_level = level
        with nogil:
            status = vn_problem_build(&self.p, n_threads, poll_signals, NULL)
            if status == VN_OK:
                status = vn_solver_new(&self.p, parallel_edges, poll_signals, NULL, &self.solver)
        if status == VN_TOO_LARGE:
            raise ValueError("at most 2**32 - 2 pairs per fit")
        check(status, "for the graph of comparisons")
        self.n_parameters = self.p.n + self.p.n_border
        cdef double[::1] mass
        self.mass = np.empty(self.n_parameters)
        mass = self.mass
        cdef int64_t i
        for i in range(self.p.n):
            mass[i] = self.p.mass[i]
        for i in range(self.p.n_border):
            mass[self.p.n + i] = self.p.border_mass[i] * self.p.unit[i]

    def __dealloc__(self):
        vn_solver_free(self.solver)
        vn_problem_free(&self.p)

    def derivatives(self, const double[::1] parameters not None):
        """Gradient (n_parameters,); the Newton matrix is kept for `solve`."""
        gradient = np.empty(self.n_parameters)
        cdef const double *x = at(parameters, self.n_parameters, "parameters")
        cdef double *out = room[double](gradient, self.n_parameters, "gradient")
        cdef vn_status status
        with nogil:
            status = vn_problem_derivatives(&self.p, x, self.n_threads, poll_signals, NULL, out)
            vn_solver_refresh(self.solver)
        check(status, "for a loop over the comparisons")
        return gradient

    def gradient(self, const double[::1] parameters not None):
        """(gradient, log-likelihood); the Newton matrix stays that of the last `derivatives`."""
        gradient = np.empty(self.n_parameters)
        cdef double value
        cdef const double *x = at(parameters, self.n_parameters, "parameters")
        cdef double *out = room[double](gradient, self.n_parameters, "gradient")
        cdef vn_status status
        with nogil:
            status = vn_problem_gradient(&self.p, x, self.n_threads, poll_signals, NULL, out, &value)
        check(status, "for a loop over the comparisons")
        return gradient, value

    def residual(self, const double[::1] gradient not None):
        """Largest ratio of |gradient| to the weight of the item's comparisons."""
        cdef const double[::1] mass = self.mass
        cdef int64_t n = mass.shape[0]
        return vn_largest(at(gradient, n, "gradient"), at(mass, n, "mass"), n)

    def set_prior(self, double precision):
        """Another precision of all items' prior, whose old one is returned; call `derivatives` before
        the next `solve`."""
        cdef double before = self.p.prior.all
        self.p.prior.all = precision
        vn_problem_prior_changed(&self.p)
        return before

    def set_precision(self, double precision):
        """The same, and where priors go by item all of theirs, in the array that was given."""
        cdef double[::1] mass = self.mass
        cdef int64_t i
        vn_problem_set_precision(&self.p, precision, <double *>self.p.prior.precision)
        for i in range(self.p.n):
            mass[i] = self.p.mass[i]

    def times(self, const double[:, ::1] rows not None):
        """The Newton matrix, as `derivatives` left it, times each of the rows (k, n_parameters)."""
        cdef int64_t k, n = self.n_parameters
        same(rows.shape[1], n, "rows (columns)")
        products = np.empty((rows.shape[0], n))
        cdef double[:, ::1] out = products
        with nogil:
            for k in range(rows.shape[0]):
                vn_problem_times(&self.p, &rows[k, 0], self.n_threads, &out[k, 0])
        return products

    def detach(self):
        """The preconditioner that this problem has come to, or has adopted; None where a diagonal one
        did. The problem cannot `solve` after."""
        cdef Preconditioner found = Preconditioner()
        cdef vn_status status
        with nogil:
            status = vn_solver_detach(self.solver, &found.solver)
        check(status, "for the preconditioner")
        self.is_detached = True
        return self.donor if found.solver == NULL else found

    def adopt(self, Preconditioner donor not None):
        """Start with the preconditioner of a problem of the same items; it serves as it is. Before the
        first `solve`."""
        cdef vn_status status
        self.donor = donor
        with nogil:
            status = vn_solver_adopt(self.solver, donor.solver, self.n_threads)
        check(status, "for the preconditioner")

    cdef double value_at(self, const double[::1] parameters, bint penalised) except? -1:
        cdef double value
        cdef const double *x = at(parameters, self.n_parameters, "parameters")
        cdef vn_status status
        with nogil:
            status = (vn_problem_objective if penalised else vn_problem_log_likelihood)(
                &self.p, x, self.n_threads, poll_signals, NULL, &value)
        check(status, "for a loop over the comparisons")
        return value

    def log_likelihood(self, const double[::1] parameters not None):
        """Log-likelihood, direct observations included, without the prior's term."""
        return self.value_at(parameters, False)

    def objective(self, const double[::1] parameters not None):
        """What a fit maximises: the log-likelihood less the prior's penalty."""
        return self.value_at(parameters, True)

    def largest_difference(self, const double[::1] step not None):
        """Largest change of a linear predictor along `step`."""
        cdef double value
        cdef const double *d = at(step, self.n_parameters, "step")
        cdef vn_status status
        with nogil:
            status = vn_problem_largest_difference(&self.p, d, self.n_threads, poll_signals, NULL,
                                                   &value)
        check(status, "for a loop over the comparisons")
        return value

    def reach(self, const double[::1] step not None):
        """What no linear predictor changes by more than along `step`."""
        return vn_problem_reach(&self.p, at(step, self.n_parameters, "step"))

    def sample(self, int stride):
        """From now on `derivatives`, `gradient` and `largest_difference` are of every so many-th stretch
        of the cells; 1: of all."""
        self.p.stride = max(stride, 1)

    def margins(self, const double[::1] direction not None):
        """(least, largest) of what `direction` does for the predictors of those who won; where the
        least is not below 0 the likelihood rises along it for ever."""
        cdef double least, most
        cdef const double *d = at(direction, self.n_parameters, "direction")
        cdef vn_status status
        with nogil:
            status = vn_problem_margins(&self.p, d, self.n_threads, poll_signals, NULL, &least, &most)
        check(status, "for a loop over the comparisons")
        return least, most

    def gram(self, const double[:, ::1] fitted not None):
        """Products of order and covariates, less differences of items of `fitted` (one row for each,
        n columns), weighted by the cells' masses; all in units in which none is larger than 1."""
        cdef int n = self.p.has_gamma + self.p.n_covariates
        same(fitted.shape[0], n, "fitted")
        same(fitted.shape[1], self.p.n, "fitted")
        products = np.empty((n, n))
        cdef double[:, ::1] out = products
        cdef vn_status status
        if n == 0:
            return products
        with nogil:
            status = vn_problem_gram(&self.p, &fitted[0, 0], self.n_threads, poll_signals, NULL,
                                     &out[0, 0])
        check(status, "for a loop over the comparisons")
        return products

    def within(self):
        """(within, whole) of order and covariates: the corner of the matrix, in its units, and what of
        it comes from differences between the cells of one pair."""
        cdef int n = self.p.has_gamma + self.p.n_covariates
        inner, outer = np.empty((n, n)), np.empty((n, n))
        cdef double[:, ::1] a = inner, b = outer
        cdef vn_status status
        if n == 0:
            return inner, outer
        with nogil:
            status = vn_problem_within(&self.p, self.n_threads, poll_signals, NULL, &a[0, 0], &b[0, 0])
        check(status, "for a loop over the comparisons")
        return inner, outer

    def overreach(self, const double[::1] parameters not None, const double[::1] step not None,
                  double room):
        """Largest |change of a linear predictor along `step`| / (room + |the predictor|)."""
        cdef double value
        cdef const double *x = at(parameters, self.n_parameters, "parameters")
        cdef const double *d = at(step, self.n_parameters, "step")
        cdef vn_status status
        with nogil:
            status = vn_problem_overreach(&self.p, x, d, room, self.n_threads, poll_signals, NULL,
                                          &value)
        check(status, "for a loop over the comparisons")
        return value

    def solve(self, const double[::1] rhs not None, double mass_tolerance,
              double diagonal_tolerance=0.1, int64_t max_iter=2000, bint items_only=False):
        """(x, n_iter, converged): x = about H^-1 rhs, |residual_i| <= mass_tolerance * mass_i and
        <= diagonal_tolerance * diagonal_i. `items_only`: of the block of theta, without the rest."""
        if self.is_detached:
            raise ValueError("solve: the preconditioner was detached")
        cdef int64_t n = self.p.n if items_only else self.n_parameters
        solution = np.empty(n)
        cdef const double *b = at(rhs, n, "rhs")
        cdef double *out = room[double](solution, n, "solution")
        cdef vn_solve_options options
        cdef vn_status status
        cdef int64_t n_iter = 0
        options.mass_tolerance = mass_tolerance
        options.diagonal_tolerance = diagonal_tolerance
        options.max_iter = max_iter
        options.without_border = items_only
        options.n_threads = self.n_threads
        options.poll = poll_signals
        options.poll_context = NULL
        with nogil:
            status = vn_solver_solve(self.solver, b, &options, out, &n_iter)
        if status != VN_NOT_CONVERGED:
            check(status, "for the preconditioner")
        return solution, int(n_iter), status == VN_OK

    def solve_rows(self, const double[:, ::1] rhs not None, double tol):
        """(x, converged): about H^-1 of each row of rhs, (k, n_parameters); the residual of a parameter
        is `tol` times the root mean square of the row, each relative to its mass, at most."""
        if self.is_detached:
            raise ValueError("solve_rows: the preconditioner was detached")
        cdef int64_t count = rhs.shape[0], n = self.n_parameters
        same(rhs.shape[1], n, "rhs (columns)")
        solutions = np.zeros((count, n))
        cdef double[:, ::1] out = solutions
        cdef const double[::1] mass = self.mass
        cdef vn_status status = VN_OK
        if count and n:
            with nogil:
                status = vn_solver_solve_rows(self.solver, &rhs[0, 0], count, &mass[0], tol,
                                              self.n_threads, poll_signals, NULL, &out[0, 0])
        if status != VN_NOT_CONVERGED:
            check(status, "for the preconditioner")
        return solutions, status == VN_OK

    def newman_sweeps(self, double[::1] pi not None, double home, double tie, int64_t n_sweeps):
        """Update the strengths `pi` in place by `n_sweeps` sweeps; returns (home, tie)."""
        cdef int64_t k
        cdef double *x = room(pi, self.p.n, "pi")
        cdef vn_status status
        if self.p.model.sweep == NULL:
            raise ValueError("the model has no sweep")
        for k in range(n_sweeps):
            with nogil:
                status = vn_newman_sweep(&self.p, poll_signals, NULL, x, &home, &tie)
            check(status, "for a sweep")
            PyErr_CheckSignals()
        return home, tie

    @property
    def unit(self):
        """Of each parameter beside theta, one over its own: the largest size of a covariate."""
        return np.array([self.p.unit[k] for k in range(self.p.n_border)])

    def border(self, int k):
        """Column k of the matrix beside the block of theta, in such units."""
        within(k, 0, self.p.n_border - 1, "k")
        return np.array(<double[:self.p.n]>self.p.border[k])

    @property
    def has_prior(self):
        """Whether `objective` is not the log-likelihood."""
        return self.p.prior.precision != NULL or self.p.prior.all > 0.0

    @property
    def n_edges(self):
        """Number of edges."""
        return self.p.n_edges

    @property
    def preconditioner(self):
        """The level in use: jacobi, multigrid or cholesky."""
        return LEVELS[vn_solver_current_level(self.solver)]

    @property
    def levels(self):
        """(vertices, entries) of the graph left after elimination and of its coarser levels."""
        cdef int64_t n_vertices[64]
        cdef int64_t n_entries[64]
        cdef int count = vn_solver_levels(self.solver, 64, n_vertices, n_entries)
        return [(int(n_vertices[k]), int(n_entries[k])) for k in range(min(count, 64))]
