#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A timeout counts on the monotonic clock: a machine that was suspended, or has its time set, is no hang.

The wall clock jumps by an hour whenever anybody looks at it; the source takes half a second, has a timeout
of a minute, and must not hear of it.

Usage: test-clock.py PROGRAM PRELOADED
"""

import os
import subprocess
import sys

import tap

FAILSAFE = 120


def run(code, *arguments):
    environment = {**os.environ, 'LD_PRELOAD': sys.argv[2]}
    return subprocess.run([sys.argv[1], code, *arguments], env=environment, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=FAILSAFE)


def test_the_wall_clock_jumps():
    """Or the other case shows nothing."""
    process = run('import time\ndef items():\n    a = time.time()\n    assert time.time() - a > 3000, "it does not"\n'
                  '    yield 1', 'end')
    assert process.stdout.startswith('end finished'), f'{process.stdout!r} {process.stderr!r}'


def test_a_timeout_does_not_count_it():
    process = run('import time, subiter\ndef items():\n    for i in range(5):\n        subiter.wait(0.1)\n'
                  '        time.time()\n        yield i', 'long-timeout')
    assert process.stdout.startswith('end finished'), f'{process.stdout!r} {process.stderr!r}'


def test_a_timeout_still_comes():
    process = run('def items():\n    while True: pass\n    yield 1', 'timeout')
    assert process.stdout.startswith('end timeout'), f'{process.stdout!r} {process.stderr!r}'


sys.exit(tap.run((name.removeprefix('test_').replace('_', ' '), function)
                 for name, function in list(globals().items()) if name.startswith('test_')))
