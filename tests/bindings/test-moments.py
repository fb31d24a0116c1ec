#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A source is stopped, closed, disposed of and dropped at every moment of its life; once, and twice.

Usage: test-moments.py PROGRAM
"""

import functools
import subprocess
import sys

import tap

# s: a failsafe, and no measure.
FAILSAFE = 120

MOMENTS = {
    'never': 'never started',
    'starting': 'in the same moment as it is started',
    'importing': 'initialising',
    'parked': 'parked on a full buffer',
    'between': 'between items',
    'own-handler': 'in its own handler',
    'own-end': 'in its own handler of the end',
    'other-handler': "in another source's handler",
}


def check(action, moment, *twice):
    process = subprocess.run([sys.argv[1], action, moment, *twice], capture_output=True, text=True,
                             stdin=subprocess.DEVNULL, timeout=FAILSAFE)
    started = moment != 'never'
    # Who drops a source, or disposes of it, hears no more of it.
    ends = 1 if moment == 'own-end' or started and action in ('stop', 'close') else 0
    closed = 1 + len(twice) if action == 'close' else 0
    assert process.stdout == f'ends {ends} closed {closed} gone 1\n', f'stdout is {process.stdout!r}, {process.stderr!r}'
    assert process.stderr == '', f'stderr is {process.stderr!r}'
    assert process.returncode == 0, f'exit status {process.returncode}'


def cases():
    for action in ('stop', 'close', 'dispose', 'unref'):
        for moment, text in MOMENTS.items():
            yield f'{action} {text}', functools.partial(check, action, moment)
            if action != 'unref':
                yield f'{action} {text}, twice', functools.partial(check, action, moment, 'twice')


sys.exit(tap.run(cases()))
