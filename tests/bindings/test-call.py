#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls on an interpreter, and workers that are ready before they are wanted, with PyGObject."""

import asyncio
import subprocess
import sys

import tap

GLib, Subiter = tap.require_subiter()

from gi.repository import Gio  # noqa: E402

FAILSAFE = 120  # s


def make_callable(code, *args):
    callable = Subiter.Callable.new_for_source_code(code, 'f')
    return callable.bind(GLib.Variant('(' + 'x' * len(args) + ')', args), None) if args else callable


def call(interpreter, callable, cancellable=None):
    """What a call comes to: a value, or an error."""
    loop = GLib.MainLoop()
    answers = []

    def on_answer(interpreter, result):
        try:
            answers.append(interpreter.call_finish(result))
        except GLib.Error as error:
            answers.append(error)
        loop.quit()

    interpreter.call_async(callable, cancellable, on_answer)
    failsafe = GLib.timeout_add_seconds(FAILSAFE, loop.quit)
    loop.run()
    GLib.source_remove(failsafe)
    assert answers, f'nothing has happened for {FAILSAFE} s'
    return answers[0]


def test_values_and_errors():
    interpreter = Subiter.Interpreter()
    add = make_callable('def f(a, b): return a + b', 3, 4)
    assert [call(interpreter, add).unpack() for _ in range(3)] == [7, 7, 7]
    error = call(interpreter, make_callable('def f(): 1 / 0'))
    assert error.matches(Subiter.error_quark(), Subiter.Error.RAISED), error
    assert 'division' in error.message, error
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    error = call(interpreter, add, cancellable)
    assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), error


def test_await():
    try:
        from gi.events import GLibEventLoop
    except ImportError:
        raise tap.Skip('this PyGObject has no event loop') from None

    async def main():
        interpreter = Subiter.Interpreter()
        answers = [interpreter.call_async(make_callable('def f(n): return n * n', n)) for n in range(20)]
        return [(await answer).unpack() for answer in answers]

    loop = GLibEventLoop(GLib.MainContext.default())
    try:
        assert loop.run_until_complete(asyncio.wait_for(main(), FAILSAFE)) == [n * n for n in range(20)]
    finally:
        loop.close()


def run_program(code):
    head = '''
import gi, sys
gi.require_version('Subiter', '1')
from gi.repository import GLib, Subiter
runtime = Subiter.Runtime.lookup('subinterpreter')
def call():
    loop = GLib.MainLoop()
    interpreter = Subiter.Interpreter()
    interpreter.call_async(Subiter.Callable.new_for_source_code("def f(): print('in a call', flush=True)", 'f'),
                           None, lambda *ignored: loop.quit())
    loop.run()
    return interpreter
'''
    result = subprocess.run([sys.executable, '-c', head + code], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=FAILSAFE)
    return result.returncode, result.stdout, result.stderr


def test_a_program_ends_with_workers_that_nobody_wanted():
    called = 'in a call\n'
    for code, wanted in [
        ('runtime.props.n_spares = 2', (0, '', '')),
        ('runtime.props.n_spares = 2; call()', (0, called, '')),
        ('i = call(); runtime.props.n_spares = 2; call()', (0, called * 2, '')),
        ('runtime.props.n_spares = 1; call(); runtime.props.n_spares = 0; call()', (0, called * 2, '')),
        ('runtime.props.n_spares = 1; call(); call(); sys.exit(3)', (3, called * 2, '')),
        ('runtime.props.n_spares = 3; GLib.usleep(50000)', (0, '', '')),
        ('''
import os, warnings
warnings.simplefilter('ignore')
runtime.props.n_spares = 2
call()
child = os.fork()
if child == 0:
    assert runtime.props.n_spares == 0
    runtime.props.n_spares = 3
    os._exit(7)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
''', (7, called, '')),
    ]:
        result = run_program(code)
        assert result == wanted, (code, result)


if __name__ == '__main__':
    tap.main(sys.modules[__name__])
