"""What was compiled in."""


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
