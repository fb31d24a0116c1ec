#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How programs start and end: with sources alive, in every language, by every way out.

Each case is a process of its own: a host program, the code that its source runs, the moment at which the
host leaves, and how it leaves. It has to end by itself, with its own exit status, and with nothing on stderr
that is not its own.
"""

import os
import signal
import subprocess
import sys

import tap

# s: a failsafe, and no measure: a host that hangs, hangs for ever.
FAILSAFE = 120

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = {'python': [sys.executable, os.path.join(HERE, 'host.py')]}
if 'SUBITER_TEST_HOST_C' in os.environ:
    HOSTS['c'] = [os.environ['SUBITER_TEST_HOST_C']]
if 'SUBITER_TEST_GJS' in os.environ:
    HOSTS['gjs'] = [os.environ['SUBITER_TEST_GJS'], '-m', os.path.join(HERE, 'host.js')]

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
    'SIGINT': (-signal.SIGINT, None),
}


def run(host, moment, code, way_out):
    process = subprocess.Popen(HOSTS[host] + [moment, code, way_out], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        stdout, stderr = process.communicate(timeout=FAILSAFE)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        raise AssertionError(f'it has not ended for {FAILSAFE} s; stdout: {stdout!r} stderr: {stderr!r}') from None
    return process.returncode, stdout, stderr


def check(host, situation, way_out):
    moment, code = SITUATIONS[situation]
    wanted_status, wanted_stderr = EXITS[way_out]
    status, stdout, stderr = run(host, moment, code, way_out)
    assert 'leaving\n' in stdout, f'it did not get that far: status {status}, stdout {stdout!r}, stderr {stderr!r}'
    if wanted_stderr is not None:
        lines = [line for line in stderr.splitlines() if line]
        if wanted_stderr:
            assert any(wanted_stderr in line for line in lines), f'stderr is {stderr!r}'
            assert 'ubiter' not in stderr.replace(HERE, ''), f'stderr is {stderr!r}'
        else:
            assert not lines, f'stderr is {stderr!r}'
    assert status == wanted_status, f'exit status {status}, not {wanted_status}; stderr {stderr!r}'


def cases():
    for host in HOSTS:
        for situation in SITUATIONS:
            ways_out = EXITS if situation in ('waiting', 'busy', 'producing') else ('return', 'exit')
            for way_out in ways_out:
                # GJS throws only out of its own functions, C not at all, and neither has a handler for Ctrl-C.
                if way_out == 'raise' and host == 'c' or way_out == '_exit' and host == 'gjs':
                    continue
                yield (f'{host}, {situation}, {way_out}',
                       lambda host=host, situation=situation, way_out=way_out: check(host, situation, way_out))


chosen = sys.argv[1:]
sys.exit(tap.run((name, case) for name, case in cases() if not chosen or name in chosen))
