#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How programs start and end: with sources alive, in every language, by every way out.

Each case is a process of its own: a host program, the code that its source runs, the moment at which the
host leaves, and how it leaves. It has to end by itself, with its own exit status, and with nothing on stderr
that is not its own.

Usage: test-process.py LANGUAGE HOST… [-- CASE…]
"""

import functools
import os
import re
import signal
import subprocess
import sys

import tap

# s: a failsafe, and no measure: a host that hangs, hangs for ever.
FAILSAFE = 120

LANGUAGE, *HOST = sys.argv[1:]
HOST, CHOSEN = (HOST[:HOST.index('--')], HOST[HOST.index('--') + 1:]) if '--' in HOST else (HOST, [])

# What the worker is at: the code, and the moment when that is so.
SITUATIONS = {
    'never started': ('never', 'def items(): yield 1'),
    'just started': ('started', 'import time\ntime.sleep(1e6)\ndef items(): yield 1'),
    'finished': ('finished', 'def items(): yield 1'),
    'waiting': ('output', 'import subiter\ndef items():\n    print("ready")\n    subiter.wait()\n    yield 1'),
    'sleeping': ('output', 'import time\ndef items():\n    print("ready")\n    time.sleep(1e6)\n    yield 1'),
    'busy': ('output', 'def items():\n    print("ready")\n    while True: pass\n    yield 1'),
    'producing': ('item', 'import itertools\nitems = itertools.count'),
    'parked': ('parked', 'def items():\n    for i in range(100):\n        print(i)\n        yield i'),
    'writing': ('output', 'def items():\n    while True: print("ready")\n    yield 1'),
    'stubborn': ('output', 'def items():\n    print("ready")\n    while True:\n        try:\n            while True: pass\n'
                           '        except BaseException: continue\n    yield 1'),
    'deep in C': ('output', 'def items():\n    print("ready")\n    3 ** (10 ** 10)\n    yield 1'),
    'with a thread left behind': ('finished', 'import threading, subiter\ndef items():\n'
                                              '    threading.Thread(target=subiter.wait).start()\n    yield 1'),
    'with a deaf thread left behind': ('finished', 'import threading, time\ndef items():\n'
                                                   '    threading.Thread(target=time.sleep, args=(1e6,)).start()\n    yield 1'),
    'stopped a moment ago': ('stopped', 'def items():\n    print("ready")\n    while True: pass\n    yield 1'),
    'closed a moment ago': ('closed', 'def items():\n    print("ready")\n    while True: pass\n    yield 1'),
}

# How the program ends: its exit status, and what it has on stderr by itself.
EXITS = {
    'return': (0, ''),
    'exit': (3, ''),
    'raise': (1, 'a failure of its own'),
    '_exit': (7, ''),
    'SIGTERM': (-signal.SIGTERM, ''),
    # Python prints where it was interrupted.
    'SIGINT': (-signal.SIGINT, None),
}


def run(moment, code, way_out):
    # GJS itself logs an error that nobody catches.
    environment = {name: value for name, value in os.environ.items() if name != 'G_DEBUG'}
    process = subprocess.Popen([*HOST, moment, code, way_out], env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        stdout, stderr = process.communicate(timeout=FAILSAFE)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        raise AssertionError(f'it has not ended for {FAILSAFE} s; stdout: {stdout!r} stderr: {stderr!r}') from None
    return process.returncode, stdout, stderr


def check(situation, way_out):
    moment, code = SITUATIONS[situation]
    wanted_status, wanted_stderr = EXITS[way_out]
    status, stdout, stderr = run(moment, code, way_out)
    assert 'leaving\n' in stdout, f'it did not get that far: status {status}, stdout {stdout!r}, stderr {stderr!r}'
    if wanted_stderr:
        assert wanted_stderr in stderr, f'stderr is {stderr!r}'
        # wherever the source tree is
        assert 'ubiter' not in re.sub(r'\S*/\S*', '', stderr), f'stderr is {stderr!r}'
    elif wanted_stderr is not None:
        assert stderr == '', f'stderr is {stderr!r}'
    assert status == wanted_status, f'exit status {status}, not {wanted_status}; stderr {stderr!r}'


def cases():
    # There are no exceptions in C, and no _exit () in GJS.
    impossible = {'c': 'raise', 'gjs': '_exit'}.get(LANGUAGE)
    for situation in SITUATIONS:
        for way_out in EXITS if situation in ('waiting', 'busy', 'producing') else ('return', 'exit'):
            name = f'{situation}, {way_out}'
            if way_out != impossible and (not CHOSEN or name in CHOSEN):
                yield name, functools.partial(check, situation, way_out)


if LANGUAGE == 'python':
    probe = subprocess.run([HOST[0], '-c', 'import gi'], capture_output=True, text=True)
    if probe.returncode != 0:
        tap.skip_all(f'there is no PyGObject for this Python: {probe.stderr}')
sys.exit(tap.run(cases()))
