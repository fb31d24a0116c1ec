# SPDX-License-Identifier: LGPL-2.1-or-later
"""Code that makes no item, each in its way; and does, once there is the file that STUCK_MARKER names."""

import re
import time

from stuck_places import is_free


def returns_never():
    while not is_free():
        pause()  # the call does not return
    return [7]


def pause():
    time.sleep(0.001)


def hangs():
    if not is_free():
        time.sleep(3600)  # the initializer hangs


def imports():
    import stuck_import  # the import hangs

    yield stuck_import.ITEM


def sleeps():
    yield 7
    if not is_free():
        time.sleep(3600)  # the generator sleeps


def loops():
    while not is_free():
        pause()  # the generator loops
    yield 7


def power():
    yield 7
    if not is_free():
        3 ** (1 << 27)  # a number that is too large


def expression():
    yield 7
    if not is_free():
        re.match("(a+)+$", "a" * 64 + "b")  # an expression that is too hard


def recursive():
    yield deep(500)


def deep(n):
    if n > 0:
        return deep(n - 1)  # deeper
    while not is_free():
        pause()  # at the bottom
    return 7


def stubborn():
    while not is_free():
        catch_all()  # on and on
    yield 7


def catch_all():
    try:
        pause()
    except BaseException:
        pass


def misleads():
    yield 7
    if not is_free():
        time.sleep(3600 if '  File "wrong.py", line 1, in nowhere' else 0)


def fine():
    yield 7
