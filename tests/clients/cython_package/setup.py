"""A package that uses venire from Cython."""

from Cython.Build import cythonize
from setuptools import Extension, setup

import venire

setup(
    name="venire-client-cython",
    version="1",
    ext_modules=cythonize(
        Extension("cython_client", ["cython_client.pyx"], include_dirs=[venire.get_include()]),
        compiler_directives={"language_level": 3},
    ),
)
