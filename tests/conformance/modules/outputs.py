# SPDX-License-Identifier: LGPL-2.1-or-later
"""Code that writes to its standard streams."""

import sys
import threading


def prints():
    print('to stdout')
    print('to stderr', file=sys.stderr)
    yield 1
    print('more', 'words', sep='-', end='!\n')
    yield 2
    print('after the last item')


def partial():
    """Pieces of a line, and none at the end."""
    sys.stdout.write('a')
    yield 1
    sys.stdout.write('b')
    sys.stdout.flush()
    yield 2
    sys.stdout.write('c\nd')
    sys.stderr.write('e')


def partial_then_fails():
    sys.stdout.write('before')
    raise ValueError('after')
    yield


def unicode():
    print('ünïcödé ✓ \U0001F600 e\u0301')
    print('surrogate \ud800', 'NUL', sep=' ')
    yield 1


def raw():
    sys.stdout.buffer.write(b'raw \xe2\x9c\x93 bytes\n')
    sys.stdout.buffer.write(b'bad \xff byte\n')
    sys.stdout.buffer.flush()
    yield 1


def mixed():
    """Text and bytes, in their order."""
    print('one')
    sys.stdout.buffer.write(b'two\n')
    print('three')
    yield 1


def split_character():
    """One character in three pieces, with the main loop at work between them."""
    for byte in '€'.encode():
        sys.stdout.buffer.write(bytes([byte]))
        sys.stdout.buffer.flush()
        yield 1
        yield 2
        yield 3


def lines(n):
    for i in range(n):
        print('line', i)
    yield 'done'


def one_write(length):
    sys.stdout.write('x' * length)
    yield 'done'


def writelines():
    sys.stdout.writelines(['a\n', 'b\n'])
    yield sys.stdout.write('four')
    yield sys.stdout.write('\n')


def both(n):
    for i in range(n):
        print(i, file=sys.stderr if i % 2 else sys.stdout)
    yield 'done'


def from_threads(n):
    """Lines of several threads, each whole."""
    threads = [threading.Thread(target=print, args=('x' * 50,)) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield 'done'


def warns():
    import warnings

    warnings.warn('careful')
    yield 1


def logs():
    import logging

    logging.warning('by the logging module')
    yield 1


def about():
    yield [sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.writable(), sys.stdout is sys.__stdout__]
    yield [sys.stdin is None, len(sys.argv), sys.argv[0]]


def has_no_input():
    try:
        input()
    except RuntimeError:
        yield 'RuntimeError'


def has_no_descriptor():
    import io

    try:
        sys.stdout.fileno()
    except io.UnsupportedOperation:
        yield 'UnsupportedOperation'


def redirects():
    import contextlib
    import io

    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print('elsewhere')
    yield text.getvalue()


def replaces():
    """Somebody's own stream in its place."""
    import io

    old, sys.stdout = sys.stdout, io.StringIO()
    print('swallowed')
    sys.stdout = old
    print('back')
    yield 1


print('imported')
