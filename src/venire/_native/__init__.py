"""The native layer: Cython views over the C kernels of ``csrc/``.

Each module here checks array types, releases the GIL, calls C and turns a status code into an
exception. There is no policy in it: arguments are taken to be canonical already.
"""

import sys
from os.path import dirname, join

__all__ = ["LIBRARY"]

#: The shared library of the C layer.
LIBRARY = join(
    dirname(__file__), "lib", f"libvenire.{'dylib' if sys.platform == 'darwin' else 'so'}"
)
