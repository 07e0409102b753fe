"""Normal distributions tilted by comparisons: views on arrays around csrc/vn_tilted.c."""

import numpy as np

from libc.stdint cimport int64_t

from venire._native.border cimport at, room, team
from venire._native.common cimport check, poll_signals, vn_status
from venire._native.model cimport row_of, vn_model_row


cdef vn_tilted_rule rule
_nodes, _weights = np.polynomial.hermite_e.hermegauss(VN_TILTED_NODES)
for _k in range(VN_TILTED_NODES):
    rule.node[_k] = _nodes[_k]
    rule.log_weight[_k] = np.log(_weights[_k]) + _nodes[_k] ** 2 / 2.0


def tilted(
    str model,
    const double[::1] mean not None,
    const double[::1] variance not None,
    const double[::1] win not None,
    const double[::1] loss not None,
    double[::1] mode not None,
    int n_threads,
):
    """g, h, E (l')^2 and E (-l''), each (n,); `mode` has guesses of the modes, and gets these."""
    cdef const vn_model_row *row = row_of(model)
    cdef int64_t n = mean.shape[0]
    if row.has_tie:
        raise ValueError(f"model: is {model!r}, which has a tie parameter")
    out = [np.empty(n) for _ in range(4)]
    cdef const double *m = at(mean, n, "mean")
    cdef const double *v = at(variance, n, "variance")
    cdef const double *a = at(win, n, "win")
    cdef const double *b = at(loss, n, "loss")
    cdef double *x = room[double](mode, n, "mode")
    cdef double *g = room[double](out[0], n, "g")
    cdef double *h = room[double](out[1], n, "h")
    cdef double *s = room[double](out[2], n, "slope2")
    cdef double *c = room[double](out[3], n, "bend")
    cdef vn_status status
    n_threads = team(n_threads)
    with nogil:
        status = vn_tilted(row, &rule, n, m, v, a, b, n_threads, poll_signals, NULL, x, g, h, s, c)
    check(status, "to integrate over bridges")
    return tuple(out)
