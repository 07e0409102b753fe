"""Loops over kernels in Cython and C, for benchmarks/test_clients.py."""

from Cython.Build import cythonize
from setuptools import Extension, setup

import venire

INCLUDE = [venire.get_include()]
cython = Extension("cython_loops", ["cython_loops.pyx"], include_dirs=INCLUDE)

setup(
    name="venire-loops",
    version="1",
    ext_modules=[
        *cythonize(cython, compiler_directives={"language_level": 3}),
        Extension("c_loops", ["c_loops.c"], include_dirs=INCLUDE),
    ],
)
