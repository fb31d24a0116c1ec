# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run as a file: it is in no folder of sys.path."""

import dataclasses
import os
import pickle
import sys

times_run = 0
times_run += 1


@dataclasses.dataclass
class Row:
    n: int


def items(n=2):
    for i in range(n):
        yield dataclasses.asdict(Row(i))


def about():
    yield os.path.basename(__file__)
    yield sys.modules[__name__].Row is Row
    yield pickle.loads(pickle.dumps(Row(5))).n


def prepare():
    global times_run
    times_run += 100


def prepared():
    yield times_run


def fails():
    raise ValueError('in a file')


class Error(Exception):
    pass


def fails_with_own():
    raise Error('of its own kind')
