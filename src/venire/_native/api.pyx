"""The table of functions for other packages, in a capsule: see include/venire.h."""

from cpython.pycapsule cimport PyCapsule_New


cdef extern from "vn_api.h" nogil:
    ctypedef struct venire_api:
        int major
        int minor
    const venire_api *venire_get_api()


#: Its version, (major, minor).
VERSION = (venire_get_api().major, venire_get_api().minor)

table = PyCapsule_New(<void *>venire_get_api(), "venire._native.api.table", NULL)
