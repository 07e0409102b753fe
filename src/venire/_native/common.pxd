"""What every header of the C layer shares, and its status codes as Python's exceptions.

Ctrl-C during a long call: the C layer polls, `check` raises what the handler left.
"""

cdef extern from "vn_common.h" nogil:
    ctypedef enum vn_status:
        VN_OK
        VN_NO_MEMORY
        VN_INTERRUPTED
        VN_NOT_CONVERGED
        VN_TOO_LARGE
        VN_BAD_VALUE
    ctypedef int (*vn_poll)(void *) noexcept nogil


cdef extern from "vn_memory.h" nogil:
    void *vn_calloc(size_t count, size_t size)
    void vn_free(void *block)


cdef extern from "Python.h":
    # with an exception specification of its own, Cython would swallow what the handler raised
    int check_signals "PyErr_CheckSignals"() noexcept


cdef inline int poll_signals(void *context) noexcept nogil:
    """A vn_poll: non-zero, and an exception set, when a signal handler raised."""
    with gil:
        return check_signals()


cdef inline int check(vn_status status, str purpose) except -1:
    """Raise unless all went well; statuses with a meaning of their own come before this."""
    if status == VN_INTERRUPTED:
        return -1  # `poll_signals` left the exception
    if status != VN_OK:
        raise MemoryError(f"not enough memory {purpose}")
    return 0
