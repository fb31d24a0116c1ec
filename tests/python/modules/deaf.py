# SPDX-License-Identifier: LGPL-2.1-or-later
"""Code in C that keeps its GIL until somebody writes to a pipe."""

import ctypes


def read(fd):
    """Not by CDLL, which lets go of the GIL."""
    buffer = ctypes.create_string_buffer(1)
    ctypes.PyDLL(None).read(fd, buffer, 1)


def items(fd):
    yield 7
    read(fd)


def nested(fd):
    """And an interpreter that shares the GIL of the program."""
    import _interpreters
    yield _interpreters.create('legacy')
    read(fd)
