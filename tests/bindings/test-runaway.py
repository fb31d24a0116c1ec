#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever the code of a source does, the main loop of the program goes on, and the program ends by itself.

A heartbeat of 5 ms runs in the program's main loop while its source is started, runs away, and is stopped,
timed out or left to end. Its longest gap may be 20 ms. The time for which the thread of the main loop waited for a
processor that others had is not counted, and a second program, in C and without a source, tells what
gaps the machine has for other reasons. A case is tried up to five times: what blocks a main loop blocks it every
time. If mostly the machine had such gaps itself, or several times more to do than it has processors, the case is
skipped: then threads wait for locks of others that wait for a processor. It passes with 20 ms and nothing else.

Usage: test-runaway.py CONTROL HOST… [-- CASE…]
"""

import functools
import os
import re
import subprocess
import sys

import tap

# s: a failsafe, and no measure.
FAILSAFE = 120
# µs
LONGEST_GAP = 20000
N_ATTEMPTS = 5
# How many threads may want a processor.
OVERLOAD = 3 * os.cpu_count()
GIB = 1 << 30
# Two items in the buffer, one in hand and one in use, and one of them copied.
MEMORY_NEEDED = 6 * GIB

CONTROL, *HOST = sys.argv[1:]
HOST, CHOSEN = (HOST[:HOST.index('--')], HOST[HOST.index('--') + 1:]) if '--' in HOST else (HOST, [])
THOROUGH = 'SUBITER_TEST_THOROUGH' in os.environ

ABANDONED = 'failed'
# The code; how it may end when it is stopped or left to end, and whether it is stopped, timed out, or neither.
RUNAWAYS = {
    'a loop without end': (
        'def items():\n    print("ready")\n    while True: pass\n    yield 1', 'finished', ['stop', 'timeout']),
    'a loop that catches everything': (
        'def items():\n    print("ready")\n    while True:\n        try:\n            while True: pass\n'
        '        except BaseException: continue\n    yield 1', ABANDONED, ['stop', 'timeout']),
    'a long sleep': (
        'import time\ndef items():\n    print("ready")\n    time.sleep(1e6)\n    yield 1', ABANDONED, ['stop', 'timeout']),
    'a huge power': (
        'def items():\n    print("ready")\n    3 ** (10 ** 10)\n    yield 1', ABANDONED, ['stop', 'timeout']),
    'a pathological regular expression': (
        'import re\ndef items():\n    print("ready")\n    re.match("(a+)+$", "a" * 64 + "b")\n    yield 1', ABANDONED,
        ['stop', 'timeout']),
    'a generator that never yields': (
        'import time\ndef items():\n    print("ready")\n    while True: time.sleep(0.001)\n    yield 1', 'finished',
        ['stop', 'timeout']),
    'a generator without end': ('import itertools\nitems = itertools.count', 'finished', ['stop']),
    'texts without end': ('def items():\n    while True: yield "x" * 100000', 'finished', ['stop']),
    'output without end': ('def items():\n    while True: print("x" * 1000)\n    yield 1', 'finished', ['stop']),
    'items of 1 GiB': ('def items():\n    for i in range(2): yield bytes([i + 1]) * (1 << 30)', 'finished', ['end']),
    'texts of 256 MiB': ('def items():\n    for i in range(2): yield "x" * (1 << 28)', 'finished', ['end']),
    'lists of a million': ('def items():\n    for i in range(2): yield list(range(1000000))', 'finished', ['end']),
    'nesting 100 000 deep': (
        'def items():\n    x = []\n    for i in range(100000): x = [x]\n    yield x', 'failed', ['end']),
    'recursion': ('def items():\n    yield items2()\ndef items2():\n    return items2()', 'failed', ['end']),
    'MemoryError': ('def items():\n    yield bytearray(1 << 62)', 'failed', ['end']),
    'SystemExit': ('import sys\ndef items():\n    yield 1\n    sys.exit(9)', 'failed', ['end']),
    'a thread left behind': (
        'import threading, subiter\ndef items():\n    threading.Thread(target=subiter.wait).start()\n    yield 1', 'finished',
        ['end']),
    'a deaf thread left behind': (
        'import threading, time\ndef items():\n    threading.Thread(target=time.sleep, args=(1e6,)).start()\n    yield 1',
        'finished', ['end']),
}


def run_beside_control(code, how):
    control = subprocess.Popen([CONTROL, 'control'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    environment = {name: value for name, value in os.environ.items() if name not in ('G_DEBUG', 'MALLOC_PERTURB_')}
    process = subprocess.Popen([*HOST, code, how], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        stdout, stderr = process.communicate(timeout=FAILSAFE)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        raise AssertionError(f'it has not ended for {FAILSAFE} s; stdout: {stdout!r} stderr: {stderr!r}') from None
    finally:
        control_output, _ = control.communicate()
    return process.returncode, stdout, stderr, int(control_output.split()[1])


def is_machine(gap, control_gap, load):
    """Whether the loop of a program that does nothing stood still for as long, or for too long itself."""
    return gap <= control_gap + 1000 or control_gap > LONGEST_GAP or load > OVERLOAD


def check_stderr(stderr):
    # That a source was given up is said in the log, with where its code sits.
    warning = re.compile(r'\n?\([^)]*\): Subiter-WARNING \*\*: .*given up.*\n(Stack .*\n(Thread .*\n|  .*\n)*)?')
    assert not warning.sub('', stderr).strip(), f'stderr is {stderr!r}'


def check(name, code, wanted_end, how):
    if '1 GiB' in name:
        with open('/proc/meminfo') as file:
            free = next(int(line.split()[1]) << 10 for line in file if line.startswith('MemAvailable:'))
        if free < MEMORY_NEEDED:
            raise tap.Skip(f'{free / GIB:.1f} GiB of memory are free, and this needs {MEMORY_NEEDED / GIB:.0f}')
    attempts = []
    for _ in range(N_ATTEMPTS):
        status, stdout, stderr, control_gap = run_beside_control(code, how)
        assert status == 4, f'exit status {status}; stdout {stdout!r}, stderr {stderr!r}'
        check_stderr(stderr)
        *_, end_line, gap_line = stdout.splitlines()
        wanted = 'timeout' if how == 'timeout' else wanted_end
        assert end_line.startswith(f'end {wanted}'), f'stdout is {stdout!r}'
        _, gap, _, at = gap_line.split()
        attempts.append((int(gap), control_gap, int(at), os.getloadavg()[0]))
        if int(gap) <= LONGEST_GAP:
            break
    text = '; '.join(f'{gap / 1000:.1f} ms (at {at / 1000:.0f} ms), machine {control_gap / 1000:.1f} ms, load {load:.1f}'
                     for gap, control_gap, at, load in attempts)
    print(f'# {name}: longest gap {text}')
    if attempts[-1][0] > LONGEST_GAP:
        if sum(is_machine(gap, control_gap, load) for gap, control_gap, _, load in attempts) > N_ATTEMPTS / 2:
            raise tap.Skip(f'the machine itself has gaps like that, or too much to do: {text}')
        raise AssertionError(f'the main loop was blocked: {text}')


def check_os_exit():
    """os._exit () ends the process, as it says, whoever calls it: a worker is a thread of it. No runtime
    in the same process can help that."""
    for _ in range(3):
        status, stdout, stderr, _ = run_beside_control(
            'import os\ndef items():\n    print("ready")\n    yield 1\n    os._exit(9)', 'end')
        assert status == 9, f'exit status {status}; stdout {stdout!r}, stderr {stderr!r}'
        assert stderr == '', f'stderr is {stderr!r}'


def cases():
    for runaway, (code, wanted_end, hows) in RUNAWAYS.items():
        # Both ways for those two, of which one hears of it and the other does not.
        for how in hows if THOROUGH or 'a loop' in runaway else hows[:1]:
            yield f'{runaway}, {how}', functools.partial(check, f'{runaway}, {how}', code, wanted_end, how)
    yield 'os._exit', check_os_exit


if 'python' in os.path.basename(HOST[0]):
    probe = subprocess.run([HOST[0], '-c', 'import gi'], capture_output=True, text=True)
    if probe.returncode != 0:
        tap.skip_all(f'there is no PyGObject for this Python: {probe.stderr}')
sys.exit(tap.run((name, case) for name, case in cases() if not CHOSEN or name in CHOSEN))
