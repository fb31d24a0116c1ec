# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the command run."""

import itertools
import os
import sys

import subiter

prepared = []


def echo(*args, **kwargs):
    yield repr(args)
    # Their order is not kept.
    yield repr(dict(sorted(kwargs.items())))


def values():
    yield None
    yield True
    yield -5
    yield 2**64 - 1
    yield 0.1
    yield 1e100
    yield -0.0
    yield 3.0
    yield float('nan')
    yield float('-inf')
    yield 'grüße 🐍'
    yield 'a "quoted" \\ line\nand \x01\x7f'
    yield b'\x00\xff'
    yield b''
    yield (1, 'a', None)
    yield ()
    yield [1, [2.5, []], {}]
    yield {'a': {'b': [b'x']}, 'c': None}


def fail():
    yield 'before'
    raise ValueError('on purpose')


def prepare():
    prepared.append(len(prepared))


def get_prepared():
    return [list(prepared)]


def flood():
    try:
        for number in itertools.count():
            yield number
    finally:
        print('cleaned up', file=sys.stderr)


def first_and_wait():
    try:
        yield 'first'
        subiter.wait()
    finally:
        print('cleaned up', file=sys.stderr)


def stubborn():
    yield 'first'
    subiter.wait()
    print('does not care', file=sys.stderr)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


def noise():
    print('printed')
    print('complained', file=sys.stderr)
    os.write(1, b'written\n')
    subiter.log('logged')
    subiter.log('warned', 'warning')
    sys.stdout.write('without an end')
    yield 'item'


def half_way():
    subiter.progress(0.5, 'half\tway')
    yield 'item'
    subiter.wait()


def brief():
    """Long enough for a progress bar."""
    subiter.progress(0.5)
    yield 'item'
    subiter.wait(0.3)


def numbers(n, *, shard, shards):
    yield from range(shard, n, shards)


def one_fails(*, shard, shards):
    if shard == 1:
        raise ValueError('on purpose')
    yield from itertools.count()


def all_fail(*, shard, shards):
    raise ValueError('on purpose')


def one_hangs(*, shard, shards):
    yield from itertools.count() if shard == 0 else iter(subiter.wait, None)
