#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What code in a worker may not do, and what others must not notice of it."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'bindings'))
import tap  # noqa: E402

GLib, Subiter = tap.require_subiter()


def make(code):
    source = Subiter.Source.new(Subiter.Callable.new_for_source_code(code, 'items'))
    # Or these may not be from the same moment.
    source.props.buffer_size = 1
    return source


def run(code):
    return list(make(code))


def test_preexec_fn_is_refused():
    [text] = run('''
import subprocess
def items():
    try:
        subprocess.run(['true'], preexec_fn=print)
    except RuntimeError as error:
        yield str(error)
''')
    assert 'preexec_fn' in text and 'subinterpreter' in text, text


def test_signals_are_for_the_main_thread():
    """A worker that sends one, and sits in time.sleep () or in a loop, hears nothing of it."""
    heard = []
    signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    try:
        items = run('''
import os, signal, time
def items():
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(0.1)
    signal.raise_signal(signal.SIGUSR1)
    yield sum(range(1000000))
''')
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    assert items == [499999500000], items
    assert set(heard) == {signal.SIGUSR1}, heard


def test_ctrl_c_is_for_the_main_thread():
    """In the middle of the code of a worker."""
    source = make('''
import os, signal, subiter
def items():
    os.kill(os.getpid(), signal.SIGINT)
    for i in range(20):
        if subiter.wait(0.1):
            return
    yield "never heard of it"
''')
    try:
        items = list(source)
    except KeyboardInterrupt:
        return
    raise AssertionError(f'nobody was interrupted: {items}')


# The types of the module subiter are made for each interpreter: what one does to them is its own.
TYPES = '''
import subiter
def items():
    types = [value for value in vars(subiter).values() if isinstance(value, type)]
    assert types
    for kind in types:
        assert not hasattr(kind, 'mark')
        try:
            kind.mark = 1
        except TypeError:
            pass
    for _ in range(1000):
        yield [id(kind) for kind in types]
'''


def test_types_are_of_one_interpreter():
    sources = [make(TYPES) for _ in range(4)]
    iterators = [iter(source) for source in sources]
    firsts = [next(iterator) for iterator in iterators]
    # All of them live now.
    for i in range(len(firsts[0])):
        assert len({first[i] for first in firsts}) == len(sources), firsts
    for iterator in iterators:
        assert len(list(iterator)) == 999


def test_numpy_is_refused():
    import importlib.util
    if importlib.util.find_spec('numpy') is None:
        raise tap.Skip('there is no NumPy here to be refused')
    try:
        run('import numpy\ndef items(): yield 1')
    except GLib.Error as error:
        assert 'numpy' in error.message and 'runtime="process"' in error.message, error.message
    else:
        raise AssertionError('it was not refused')


def test_what_one_does_is_not_seen_by_another():
    """Modules, builtins, environment and recursion limits."""
    code = '''
import builtins, json, sys
def items():
    assert not hasattr(builtins, 'mark') and not hasattr(json, 'mark') and sys.getrecursionlimit() == %d
    builtins.mark = json.mark = 1
    sys.setrecursionlimit(%d)
    yield 1
    import subiter
    subiter.wait()
'''
    limit = sys.getrecursionlimit()
    iterators = [iter(make(code % (limit, limit + 100 + i))) for i in range(3)]
    assert [next(iterator) for iterator in iterators] == [1, 1, 1]
    import builtins
    assert not hasattr(builtins, 'mark') and sys.getrecursionlimit() == limit
    for iterator in iterators:
        iterator.close()


tap.main(sys.modules[__name__])
