"""A package that uses venire from C."""

from setuptools import Extension, setup

import venire

setup(
    name="venire-client-c",
    version="1",
    ext_modules=[Extension("c_client", ["c_client.c"], include_dirs=[venire.get_include()])],
)
