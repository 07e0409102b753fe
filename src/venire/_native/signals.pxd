"""Ctrl-C during long native calls: the C layer polls, the call's wrapper raises."""

cdef extern from "Python.h":
    # with an exception specification of its own, Cython would swallow what the handler raised
    int check_signals "PyErr_CheckSignals"() noexcept


cdef inline int poll_signals(void *context) noexcept nogil:
    """A vn_poll: non-zero, and an exception set, when a signal handler raised."""
    with gil:
        return check_signals()


cdef inline int raise_pending() except -1:
    """Raise the exception that `poll_signals` left."""
    return -1
