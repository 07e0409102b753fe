"""vn_prior: what C knows of a prior, from a `venire.priors.ItemPriors`."""

from libc.stdint cimport int64_t

from venire._native.border cimport at_if


cdef extern from "vn_prior.h" nogil:
    ctypedef struct vn_prior:
        const double *mean
        const double *precision
        double all


cdef inline vn_prior prior_of(given, int64_t n) except *:
    """The prior of n items, none for None; whoever keeps it keeps `given`."""
    cdef vn_prior p
    p.mean = p.precision = NULL
    p.all = 0.0
    if given is not None:
        p.mean = at_if[double](given.mean, n, "mean")
        p.precision = at_if[double](given.precision, n, "precision")
        p.all = given.all
        if (p.mean == NULL) != (p.precision == NULL):
            raise ValueError("mean, precision: one is None")
    return p
