"""What a call checks before it hands arrays to C: lengths, offsets, codes, enumerations.

An inner guard: the door has named what is wrong with what a user gave, so messages here are short.
Nothing here costs more than a pass over offsets or cells, and none is over rows.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

ctypedef fused number:
    int8_t
    uint8_t
    int32_t
    uint32_t
    int64_t
    uint64_t
    double


cdef inline int same(Py_ssize_t got, Py_ssize_t want, str name) except -1:
    """The length of an array against what it goes with."""
    if got != want:
        raise ValueError(f"{name}: has length {got}, not {want}")
    return 0


cdef inline const number *at(const number[::1] x, Py_ssize_t n, str name) except? NULL:
    """Where `x`, which must hold n, starts; NULL where that is nowhere."""
    if x is None:
        raise ValueError(f"{name}: is None, not an array of length {n}")
    same(x.shape[0], n, name)
    return &x[0] if n else NULL


cdef inline const number *at_if(const number[::1] x, Py_ssize_t n, str name) except? NULL:
    """The same; NULL for None."""
    return NULL if x is None else at(x, n, name)


cdef inline number *room(number[::1] x, Py_ssize_t n, str name) except? NULL:
    """Where `x`, which is written to and must hold n, starts."""
    if x is None:
        raise ValueError(f"{name}: is None, not an array of length {n}")
    same(x.shape[0], n, name)
    return &x[0] if n else NULL


cdef inline number *room_if(number[::1] x, Py_ssize_t n, str name) except? NULL:
    """The same; NULL for None."""
    return NULL if x is None else room(x, n, name)


cdef inline int within(int64_t value, int64_t low, int64_t high, str name) except -1:
    """A number that must be from low to high."""
    if not low <= value <= high:
        raise ValueError(f"{name}: is {value}, not from {low} to {high}")
    return 0


cdef inline int member(dict table, value, str name) except -1:
    """The number of a word that C knows by its number."""
    found = table.get(value)
    if found is None:
        raise ValueError(f"{name}: is {value!r}, none of {', '.join(table)}")
    return found


cdef inline int team(int n_threads):
    """A number of threads that is one."""
    return max(n_threads, 1)


cdef inline int64_t steps(const int64_t[::1] x, str name) except -1:
    """How many ranges the offsets `x` bound."""
    if x is None or x.shape[0] == 0:
        raise ValueError(f"{name}: has length 0, not 1 or more")
    return x.shape[0] - 1


cdef inline int offsets(const int64_t[::1] x, int64_t first, int64_t last, str name) except -1:
    """Bounds that must run from first to last and never fall."""
    cdef int64_t k, n = steps(x, name)
    cdef int falls = 0
    for k in range(n):
        falls |= x[k + 1] < x[k]
    if falls or x[0] != first or x[n] != last:
        raise ValueError(f"{name}: does not run from {first} to {last} without falling")
    return 0


cdef inline int codes(const int32_t *x, int64_t length, int64_t n, str name) except -1:
    """Positions that must be in [0, n)."""
    cdef uint32_t most = 0
    cdef int64_t k
    for k in range(length):
        most = max(most, <uint32_t>x[k])
    if length and (most >> 31 or most >= n):
        raise ValueError(f"{name}: holds a code that is not from 0 to {n - 1}")
    return 0


cdef inline int cells_of_groups(
    const int64_t[::1] item_ptr, const int64_t[::1] cell_ptr, const int32_t *first,
    const int32_t *second, int64_t start, int64_t stop,
) except -1:
    """Cells of the groups [start, stop), whose items must be two of their group's."""
    cdef int64_t g, k, n
    cdef uint32_t a, b, most
    cdef int own = 0
    for g in range(start, stop):
        n = item_ptr[g + 1] - item_ptr[g]
        most = own = 0
        for k in range(cell_ptr[g], cell_ptr[g + 1]):
            a, b = <uint32_t>first[k], <uint32_t>second[k]
            most = max(most, max(a, b))
            own |= a == b
        if own or (cell_ptr[g] < cell_ptr[g + 1] and (most >> 31 or most >= n)):
            raise ValueError(f"first, second: not two of the {n} items of group {g}")
    return 0
