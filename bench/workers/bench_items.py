# SPDX-License-Identifier: LGPL-2.1-or-later
"""What workers iterate in the benchmarks, whatever carries it to the consumer.

Items have to be cheap to make, or the making would be measured: they are those of a range, or a few that were made
beforehand and come around again and again, which happens in C.
"""

import functools
import itertools
import time

# Above all that wait in a buffer at a time: a pickle or a string that was seen a moment ago is no help.
N_PROTOTYPES = 64
# Those of large ones are few, for the memory that they take.
LARGE = 1 << 16

_SMALL = {
    'str64': lambda i: f'{i:064d}',
    'tuple': lambda i: (i, i / 2, 'name'),
    'dict': lambda i: {'number': i, 'half': i / 2, 'name': 'name'},
    'floats': lambda i: [i + j / 2 for j in range(100)],
}


@functools.cache
def prototypes(kind):
    """The distinct items of a kind other than int, in their order. A kind is a name or bytes:SIZE.

    They are made once: what is measured is not the making of them."""
    if kind.startswith('bytes:'):
        size = int(kind[6:])
        n = max(2, min(N_PROTOTYPES, LARGE * 16 // max(size, 1)))
        return [bytes([i]) * size for i in range(n)]
    return [_SMALL[kind](i) for i in range(N_PROTOTYPES)]


def make(kind, n):
    """n items of a kind."""
    if kind == 'int':
        return range(n)
    return itertools.islice(itertools.cycle(prototypes(kind)), n)


def one(kind):
    """A function for the item of a number, for what maps functions over numbers."""
    if kind == 'int':
        return _same
    return _Pick(prototypes(kind))


def _same(i):
    return i


class _Pick:
    def __init__(self, items):
        self._items = items

    def __call__(self, i):
        return self._items[i % len(self._items)]


_picks = {}


def pick(kind, i):
    """The item of a number, in a function that is found by its name."""
    if kind not in _picks:
        _picks[kind] = one(kind)
    return _picks[kind](i)


def slow(kind, n, busy_us):
    """n items that take a while each, which the processor is busy with."""
    clock = time.monotonic_ns
    due = clock()
    for item in make(kind, n):
        due = max(due, clock() - busy_us * 1000) + busy_us * 1000
        while clock() < due:
            pass
        yield item


def produce(put, kind, n, busy_us=0):
    """For those who hand items over by a function: the time, and then the items."""
    items = slow(kind, n, busy_us) if busy_us else make(kind, n)
    put(time.monotonic_ns())
    for item in items:
        put(item)


def stamps(n, interval_us):
    """The times at which they were made, one after each interval. The clock is that of the whole machine."""
    due = time.monotonic_ns()
    for _ in range(n):
        due += interval_us * 1000
        time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
        yield time.monotonic_ns()


def endless():
    """Items as fast as they go."""
    return itertools.count()


def silence():
    """One item, and then nothing, for ever."""
    yield 0
    while True:
        time.sleep(1e6)


def compute(n):
    """n items of about a millisecond of pure Python each."""
    for i in range(n):
        total = 0
        for j in range(20_000):
            total += j * i & 0xff
        yield total


def weigh(item):
    """A number that is easily told from an item in every language. Those of all items make a checksum."""
    match item:
        case str():
            return len(item) + ord(item[-1])
        case bytes() | bytearray() | memoryview():
            return len(item) + item[-1]
        case dict():
            return sum(weigh(key) + weigh(value) for key, value in item.items())
        case tuple() | list():
            return sum(map(weigh, item))
        case _:
            return int(item)


def checksum(kind, n, of_all):
    """What a consumer of n items has to come to: of all of them, or of the last one alone."""
    if n == 0:
        return 0
    if kind == 'int':
        return n * (n - 1) // 2 if of_all else n - 1
    weights = [weigh(item) for item in prototypes(kind)]
    if not of_all:
        return weights[(n - 1) % len(weights)]
    return sum(weights) * (n // len(weights)) + sum(weights[:n % len(weights)])
