"""The native layer: Cython views over the C kernels of ``csrc/``.

Each module here checks array types, releases the GIL, calls C and turns a status code into an
exception. There is no policy in it: arguments are taken to be canonical already.
"""
