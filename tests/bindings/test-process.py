#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How programs start and end: with sources alive, in every language, by every way out.

Each case is a process of its own: a host program, the code that its source runs, the moment at which the
host leaves, and how it leaves. It has to end by itself, with its own exit status, and with nothing on stderr
that is not its own. How long the slowest took is told as a diagnostic, and is no condition.

Usage: test-process.py LANGUAGE HOST… [-- CASE…]
"""

import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import tap

# s: a failsafe, and no measure: a host that hangs, hangs for ever.
FAILSAFE = 120
N_SLOWEST = 5

LANGUAGE, *HOST = sys.argv[1:]
HOST, CHOSEN = (HOST[:HOST.index('--')], HOST[HOST.index('--') + 1:]) if '--' in HOST else (HOST, [])

WAIT = 'import subiter\ndef items():\n    print("ready")\n    subiter.wait()\n    yield 1'
SLEEP = 'import time\ndef items():\n    print("ready")\n    time.sleep(1e6)\n    yield 1'
BUSY = 'def items():\n    print("ready")\n    while True: pass\n    yield 1'
STUBBORN = ('def items():\n    print("ready")\n    while True:\n        try:\n            while True: pass\n'
            '        except BaseException: continue\n    yield 1')
DEEP_IN_C = 'def items():\n    print("ready")\n    3 ** (10 ** 10)\n    yield 1'
COUNT = 'import itertools\nitems = itertools.count'
ONE = 'def items(): yield 1'
LARGE = 'def items(): yield bytes(1 << 20)'
# Whose __del__ never ends, where the interpreter itself is ended.
ENDLESS_END = ('import codecs\nclass Endless:\n    def __del__(self):\n        while True:\n            try:\n'
               '                while True: pass\n            except BaseException: continue\n'
               'codecs.register(lambda name, endless=Endless(): None)\ndef items():\n    print("ready")\n    yield 1')
THREAD = 'import threading, subiter\ndef items():\n    threading.Thread(target=subiter.wait).start()\n    yield 1'
DEAF_THREAD = ('import threading, time\ndef items():\n    threading.Thread(target=time.sleep, args=(1e6,)).start()\n'
               '    yield 1')
# Interpreters that the code itself makes, as far as the version of Python has them.
NESTED = 'import _interpreters\n_interpreters.create()\n' + ONE
BUSY_NESTED = ('import _interpreters, threading\nnested = _interpreters.create()\ndef items():\n'
               '    threading.Thread(target=_interpreters.exec, args=(nested, "while True: pass")).start()\n    yield 1')
IMPORTS = ('import sys\nprint("ready")\nwhile True:\n    for name in ("_ctypes", "_decimal", "_json"):\n'
           '        __import__(name)\n        del sys.modules[name]\n')

# What the worker is at: the moment, and the code when that is so.
SITUATIONS = {
    'never started': ('never', ONE),
    'just started': ('started', 'import time\ntime.sleep(1e6)\n' + ONE),
    'finished': ('finished', ONE),
    'waiting': ('output', WAIT),
    'sleeping': ('output', SLEEP),
    'busy': ('output', BUSY),
    'producing': ('item', COUNT),
    'parked': ('parked', 'def items():\n    for i in range(100):\n        print(i)\n        yield i'),
    'writing': ('output', 'def items():\n    while True: print("ready")\n    yield 1'),
    'stubborn': ('output', STUBBORN),
    'deep in C': ('output', DEEP_IN_C),
    'with a thread left behind': ('finished', THREAD),
    'with a deaf thread left behind': ('finished', DEAF_THREAD),
    'with an interpreter of its own left behind': ('finished', NESTED),
    'with a busy interpreter of its own left behind': ('finished', BUSY_NESTED),
    'stopped a moment ago': ('stopped', BUSY),
    'closed a moment ago': ('closed', BUSY),
    'closing, with somebody waiting for it': ('closing', BUSY),
    'closing, and its interpreter never ends': ('closing', ENDLESS_END),
    'importing': ('output', 'import time\nprint("ready")\ntime.sleep(1e6)\n' + ONE),
    'importing compiled modules': ('output', IMPORTS + ONE),
    'its main context destroyed first': ('context', WAIT),
    'its main context destroyed first, and busy': ('context', BUSY),
    'unreferenced in its handler of item': ('unref-item', COUNT),
    'unreferenced in its handler of finished': ('unref-finished', ONE),
    'unreferenced in its handler of failed': ('unref-failed', 'def items():\n    yield 1\n    raise ValueError'),
    'unreferenced in its handler of timeout': ('unref-timeout', SLEEP),
    'unreferenced in its handler of output': ('unref-output', BUSY),
    'unreferenced by another thread': ('unref-thread', BUSY),
    'with a pending next_async': ('next', WAIT),
    'with a pending next_async, and busy': ('next', BUSY),
    'with a pending next_batch_async': ('batch', SLEEP),
    'with an abandoned async loop': ('await', WAIT),
    'with an abandoned async loop, and busy': ('await', BUSY),
    'with forked children': ('fork', WAIT),
    'with forked children, and busy': ('fork', BUSY),
    'keeping an item': ('keep', LARGE),
    'keeping an item of an interpreter that is gone': ('keep-closed', LARGE),
    # At one of these, an interpreter is being made, and at another, Python itself.
    **{f'{delay} ms after its start': (f'after-{delay}', WAIT) for delay in (1, 5, 10, 15, 20, 30, 50)},
    'while its interpreter is being made': ('creating', ONE),
}

# How the program ends: its exit status, and what it has on stderr by itself.
EXITS = {
    'return': (0, ''),
    'exit': (3, ''),
    'exit in the handler': (3, ''),
    'raise': (1, 'a failure of its own'),
    '_exit': (7, ''),
    'SIGTERM': (-signal.SIGTERM, ''),
    # Python prints where it was interrupted.
    'SIGINT': (-signal.SIGINT, None),
}
if LANGUAGE == 'vala':
    # What valac makes of an error that nobody catches: a message, and -1.
    EXITS['raise'] = (255, 'a failure of its own')
THROUGHOUT = ('waiting', 'busy', 'producing', 'its main context destroyed first', 'with a pending next_async',
              'with an abandoned async loop')

# What a language has not got.
IMPOSSIBLE_EXITS = {
    # there are no exceptions in C
    'c': ['raise'],
    'local': ['raise'],
    # nor an _exit () in GJS
    'gjs': ['_exit'],
    # PyGObject prints SystemExit, as any exception that a handler raises, and goes on.
    'python': ['exit in the handler'],
}
IMPOSSIBLE_MOMENTS = {
    # Who has no fork has no fork without exec; Python that was started by the library reads no sitecustomize.
    'c': ['await', 'creating'],
    'local': ['await', 'creating'],
    'vala': ['await', 'creating', 'fork', 'keep', 'keep-closed'],
    # In GJS, there are no other threads either.
    'gjs': ['creating', 'fork', 'unref-thread'],
}

# When a program that embeds Python initialises it, and who has the GIL: see host-embedder.c.
ORDERS = {
    'before': [('finished', ONE), ('started', WAIT), ('output', WAIT), ('output', SLEEP), ('output', BUSY),
               ('output', STUBBORN), ('output', DEEP_IN_C), ('item', COUNT), ('output', IMPORTS + ONE),
               ('finished', DEAF_THREAD), ('creating', ONE)],
    'after': [('finished', ONE), ('output', WAIT), ('output', BUSY), ('output', STUBBORN), ('output', DEEP_IN_C)],
    'ended': [('finished', ONE), ('output', WAIT), ('output', BUSY), ('output', STUBBORN)],
    'held': [('failed', ONE), ('started', WAIT)],
    'grabbed': [('output', WAIT), ('output', BUSY), ('output', IMPORTS + ONE)],
    'again': [('finished', ONE), ('output', WAIT), ('output', STUBBORN)],
}

took = []


def run(name, moment, code, way_out, *arguments):
    # GJS itself logs an error that nobody catches, and so does Vala.
    environment = {name: value for name, value in os.environ.items() if name != 'G_DEBUG'}
    if moment == 'fork':
        # Python says of every fork that there are threads.
        environment['PYTHONWARNINGS'] = 'ignore::DeprecationWarning'
    with tempfile.TemporaryDirectory() as folder:
        if moment == 'creating':
            environment['PYTHONPATH'] = os.pathsep.join([folder, environment.get('PYTHONPATH', '')])
            environment['HOST_MARK'] = os.path.join(folder, 'mark')
            with open(os.path.join(folder, 'sitecustomize.py'), 'w') as file:
                file.write('import _interpreters, os, time\n'
                           'if _interpreters.get_current()[0] != _interpreters.get_main()[0]:\n'
                           '    open(os.environ["HOST_MARK"], "w").close()\n'
                           '    while True: time.sleep(1e6)\n')
        started = time.monotonic()
        process = subprocess.Popen([*HOST, moment, code, way_out, *arguments], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            stdout, stderr = process.communicate(timeout=FAILSAFE)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            raise AssertionError(f'it has not ended for {FAILSAFE} s; stdout: {stdout!r} stderr: {stderr!r}') from None
        took.append((time.monotonic() - started, name))
    return process.returncode, stdout, stderr


def check(name, moment, code, way_out, wanted_status, wanted_stderr, *arguments):
    status, stdout, stderr = run(name, moment, code, way_out, *arguments)
    assert 'leaving\n' in stdout, f'it did not get that far: status {status}, stdout {stdout!r}, stderr {stderr!r}'
    if wanted_stderr:
        assert wanted_stderr in stderr, f'stderr is {stderr!r}'
        # wherever the source tree is
        rest = re.sub(r'\S*/\S*', '', stderr).replace('Subiter-WARNING', '').replace('"<subiter:1>"', '')
        assert 'ubiter' not in rest and stderr.count('WARNING') < 2, f'stderr is {stderr!r}'
    elif wanted_stderr is not None:
        assert stderr == '', f'stderr is {stderr!r}'
    assert status == wanted_status, f'exit status {status}, not {wanted_status}; stdout {stdout!r}, stderr {stderr!r}'
    return stdout


def check_embedder(name, order, moment, code, way_out):
    # Where its main context is iterated for long enough before its end, it hears of what does not stop.
    abandoned = (order, code) == ('grabbed', IMPORTS + ONE)
    wanted_stderr = 'its interpreter was given up' if abandoned else ''
    stdout = check(name, moment, code, way_out, {'return': 5, 'exit': 3}[way_out], wanted_stderr, order)
    finalized = stdout.count('finalized\n')
    assert finalized == {'again': 2}.get(order, 1), f'stdout is {stdout!r}'
    if order == 'held' and moment == 'failed':
        assert 'has kept the GIL of its main interpreter' in stdout, f'stdout is {stdout!r}'
    if order == 'again':
        assert 'failed: Subiter was shut down' in stdout, f'stdout is {stdout!r}'


def embedder_cases():
    texts = {code: situation for situation, (_, code) in reversed(SITUATIONS.items())}
    for order, situations in ORDERS.items():
        for moment, code in situations:
            for way_out in ('return', 'exit') if (moment, code) == ('output', WAIT) else ('return',):
                name = f'{order}, {moment}, {texts.get(code, code)}, {way_out}'
                yield name, functools.partial(check_embedder, name, order, moment, code, way_out)


def host_cases():
    for situation, (moment, code) in SITUATIONS.items():
        if moment in IMPOSSIBLE_MOMENTS.get(LANGUAGE, []):
            continue
        for way_out in EXITS if situation in THROUGHOUT else ('return', 'exit'):
            name = f'{situation}, {way_out}'
            if way_out not in IMPOSSIBLE_EXITS.get(LANGUAGE, []):
                yield name, functools.partial(check, name, moment, code, way_out, *EXITS[way_out])


def cases():
    for name, case in embedder_cases() if LANGUAGE == 'embedder' else host_cases():
        if not CHOSEN or name in CHOSEN:
            yield name, case


if LANGUAGE == 'python':
    probe = subprocess.run([HOST[0], '-c', 'import gi'], capture_output=True, text=True)
    if probe.returncode != 0:
        tap.skip_all(f'there is no PyGObject for this Python: {probe.stderr}')
# Nearly all of their time they wait.
exit_status = tap.run(cases(), jobs=4)
for seconds, name in sorted(took, reverse=True)[:N_SLOWEST]:
    print(f'# {seconds:.2f} s: {name}')
sys.exit(exit_status)
