"""What was compiled in."""

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


def dispatch() -> str:
    """Instruction set of the dispatched loops on this machine, "none" without dispatch."""
    return vn_config_dispatch().decode()


def compiler() -> str:
    """Name and version of the C compiler."""
    return vn_config_compiler().decode()


def sanitizers() -> str:
    """Sanitizers that were compiled in, "" when none."""
    return vn_config_sanitizers().decode()


def cython() -> str:
    """Version of Cython that translated this module."""
    cdef long version = int(CYTHON_VERSION.decode(), 16)
    return f"{version >> 24}.{(version >> 16) & 255}.{(version >> 8) & 255}"
