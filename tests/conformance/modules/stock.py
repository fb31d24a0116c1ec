# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names for the expressions of scenarios: every "returns" starts with `from stock import *`."""

import collections
import ctypes
import datetime
import decimal
import enum
import pathlib
import struct
import sys
import typing
from array import array

CONSTANT = 5


class Colour(enum.IntEnum):
    RED = 1
    BLUE = 2


class Bits(enum.IntFlag):
    LOW = 1
    HIGH = 1 << 40


class Word(enum.StrEnum):
    YES = 'yes'


class Point(typing.NamedTuple):
    x: int
    y: int


class Text(str):
    def __str__(self):
        return 'not this'


class Number(int):
    def __int__(self):
        return 99

    def __index__(self):
        return 99


class Real(float):
    def __float__(self):
        return 99.0


class Many(list):
    pass


class Pair(tuple):
    pass


class Raw(bytes):
    pass


class Plain:
    pass


def function():
    pass


def generator():
    yield 1


async def coroutine_function():
    return []


async def async_generator():
    yield 1


def nest(depth, wrap=lambda inner: [inner], core=None):
    """Something in so many containers."""
    for _ in range(depth):
        core = wrap(core)
    return core


def holds_itself():
    members = []
    members.append(members)
    return members


def dict_holds_itself():
    members = {}
    members['again'] = members
    return members


__all__ = [name for name in dir() if not name.startswith('_')]
