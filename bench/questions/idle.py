# SPDX-License-Identifier: LGPL-2.1-or-later

from model import Case, Contestant, Figure, Question, Target

SIZES = {'seconds': (2, 0.4, 0.2)}
CASE = 'nothing to do'
STATES = {'waiting': 'C callback, the worker waits for something', 'full': 'C callback, paused, the buffer is full',
          'ended': 'C callback, the iteration has ended'}
PEER = 'interpreters.Queue'


def peer(name, how, *needs):
    return Contestant(name, 'idle.py', {'how': how}, sizes=SIZES, needs=needs)


def _target(state, figure, text, unit):
    return Target(f'{STATES[state]}: {text}', lambda medians: medians(CASE, STATES[state], figure), unit, at_most=0)


QUESTIONS = [Question(
    'idle', 'What does it cost to wait?', 'all threads of the process, and of its processes, seen from outside', [
        Figure('wakeups_per_s', 'wakeups/s', False, may_be_zero=True),
        Figure('cpu_us_per_s', 'µs CPU/s', False, may_be_zero=True),
    ],
    [Case(CASE, [
        *[Contestant(name, 'idle.py', {'program': 'idle', 'state': state}, sizes=SIZES, ours=True)
          for state, name in STATES.items()],
        Contestant('PyGObject for', 'idle.py', {'how': 'subiter-for'}, sizes=SIZES, needs=('pygobject',), ours=True),
        peer(PEER, 'interpreters-queue', 'interpreters'),
        peer('interpreters.Queue + thread + idle_add', 'queue-idle-add', 'interpreters', 'pygobject'),
        peer('thread + GLib.idle_add (one GIL)', 'idle-add', 'pygobject'),
        peer('multiprocessing.Queue', 'multiprocessing-queue'),
    ], PEER)],
    [_target(state, *what) for state in STATES for what in (('wakeups_per_s', 'wakeups', '/s'),
                                                           ('cpu_us_per_s', 'processor time', 'µs/s'))],
    max_rounds=3,
)]
