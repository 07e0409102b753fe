"""C declarations: csrc/vn_config.h."""

cdef extern from "vn_config.h":
    const char *vn_config_dispatch() nogil
    const char *vn_config_compiler() nogil
    const char *vn_config_sanitizers() nogil


cdef extern from *:
    """
    #define VN_STRINGIFY_(x) #x
    #define VN_STRINGIFY(x) VN_STRINGIFY_(x)
    """
    const char *CYTHON_VERSION "VN_STRINGIFY(CYTHON_HEX_VERSION)"
