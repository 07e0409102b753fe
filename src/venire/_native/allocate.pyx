"""Which pairs to ask next: views on arrays around csrc/vn_allocate.c."""

from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t

from venire._native.border cimport at, at_if, cells_of_groups, member, offsets, room, team, within
from venire._native.common cimport VN_OK, check, poll_signals, vn_status
from venire._native.grouped cimport Groups


CRITERIA = {"D": 0, "A": 1, "top": 2, "sd": 3, "residual": 4, "given": 5}


cdef int span(Groups groups, int64_t start, int64_t stop) except -1:
    """Groups to work on: of a model of half ties, with a prior, without an order effect."""
    within(stop, 0, groups.g.n_groups, "stop")
    if groups.model.model.information == NULL or groups.model.has_gamma:
        raise ValueError("model: has a tie parameter or an order effect")
    if groups.model.prior.precision == NULL and not groups.model.prior.all > 0.0:
        raise ValueError("prior: is None")
    return within(start, 0, stop, "start")


def held_out(Groups groups not None, const uint8_t[::1] held not None, int64_t start, int64_t stop,
             int n_threads, double[::1] loss not None):
    """Losses of the cells that are held, of the groups [start, stop), into `loss`."""
    cdef vn_status status = VN_OK
    cdef const uint8_t *h = at(held, groups.n_cells, "held")
    cdef double *out = room(loss, groups.g.n_groups, "loss")
    span(groups, start, stop)
    n_threads = team(n_threads)
    if stop > start and h != NULL:
        with nogil:
            status = vn_held_out(&groups.g, &groups.model, h, start, stop, n_threads, poll_signals,
                                 NULL, out)
    check(status, "for the fits of the groups")


def pick(
    Groups groups not None,
    const int64_t[::1] ask_ptr not None,
    const int32_t[::1] ask_first not None,
    const int32_t[::1] ask_second not None,
    const int64_t[::1] pending not None,
    const int64_t[::1] pick_ptr not None,
    int32_t[::1] first not None,
    int32_t[::1] second not None,
    double[::1] gain not None,
    int64_t start,
    int64_t stop,
    int n_threads,
    *,
    str criterion,
    key,
    int votes_per_ask,
    double rho,
    int64_t top,
    int64_t candidates,
    const double[::1] residual=None,
    const double[::1] noise=None,
    int dense,
    int sketch,
):
    """Picks of the groups [start, stop) into first, second and gain, at pick_ptr."""
    cdef const int64_t[::1] item_ptr = groups.keep[0]
    cdef vn_allocate_asks asks
    cdef vn_allocate_options o
    cdef vn_status status = VN_OK
    cdef int64_t k, n_groups = groups.g.n_groups, n_asks = ask_first.shape[0]
    cdef int64_t n_picks = gain.shape[0]
    cdef const int64_t *to = at(pick_ptr, n_groups + 1, "pick_ptr")
    cdef int32_t *one = room(first, n_picks, "first")
    cdef int32_t *two = room(second, n_picks, "second")
    cdef double *gains = room(gain, n_picks, "gain")
    asks.ptr = at(ask_ptr, n_groups + 1, "ask_ptr")
    asks.first = at(ask_first, n_asks, "ask_first")
    asks.second = at(ask_second, n_asks, "ask_second")
    asks.pending = at(pending, n_groups, "pending")
    span(groups, start, stop)
    offsets(ask_ptr, 0, n_asks, "ask_ptr")
    offsets(pick_ptr, 0, n_picks, "pick_ptr")
    cells_of_groups(item_ptr, ask_ptr, asks.first, asks.second, start, stop)
    for k in range(start, stop):
        within(pending[k], 0, ask_ptr[k + 1] - ask_ptr[k], "pending")
    o.criterion = <vn_criterion>member(CRITERIA, criterion, "criterion")
    if o.criterion == VN_PICK_GIVEN:
        cells_of_groups(item_ptr, pick_ptr, one, two, start, stop)
    o.votes_per_ask, o.rho, o.top, o.candidates = votes_per_ask, rho, top, candidates
    within(votes_per_ask, 1, INT32_MAX, "votes_per_ask")
    o.key[0], o.key[1] = key
    o.residual = at_if(residual, groups.n_items, "residual")
    o.noise = at_if(noise, groups.n_items, "noise")
    if o.criterion == VN_PICK_RESIDUAL and (residual is None or noise is None):
        raise ValueError("residual, noise: the criterion needs both")
    o.dense, o.sketch = dense, sketch
    within(sketch, 1, INT32_MAX, "sketch")
    n_threads = team(n_threads)
    if n_picks == 0:
        return
    with nogil:
        status = vn_allocate(&groups.g, &groups.model, &asks, &o, start, stop, n_threads, poll_signals, NULL,
                             to, one, two, gains)
    check(status, "for the covariance of a group of each thread")
