# SPDX-License-Identifier: LGPL-2.1-or-later

from model import Case, Contestant, Figure, Question, Target

SIZES = {'ms': (1500, 400, 150)}
CASE = 'small ints without end'
OURS = ['C callback', 'C signal item', 'PyGObject signal item']
PEER = 'thread + GLib.idle_add (one GIL)'


def peer(name, how, *needs, **arguments):
    return Contestant(name, 'flood.py', {'how': how, **arguments}, sizes=SIZES, needs=('pygobject', *needs))


def _target(name):
    return Target(f'{name}: latest', lambda medians: medians(CASE, name), 'ms', at_most=4)


QUESTIONS = [Question(
    'flood', 'How late is a timer of 10 ms in a main loop that items flood?',
    'ours with a buffer of 1024 items and the default budget; the time begins with the first item', [
        Figure('late_ms_max', 'ms late, max', False, may_be_zero=True),
        Figure('late_ms_p99', 'ms late, p99', False, may_be_zero=True),
        Figure('items_per_s', 'items/s'),
    ],
    [Case(CASE, [
        Contestant(OURS[0], 'flood', {'consumer': 'callback'}, sizes=SIZES, ours=True),
        Contestant(OURS[1], 'flood', {'consumer': 'signal'}, sizes=SIZES, ours=True),
        Contestant(OURS[2], 'flood.py', {'how': 'subiter-signal'}, sizes=SIZES, needs=('pygobject',), ours=True),
        peer(PEER, 'idle-add'),
        peer('interpreters.Queue, unbounded, + thread + idle_add', 'queue-idle-add', 'interpreters', maxsize=0),
        peer('interpreters.Queue (1024) + thread + idle_add', 'queue-idle-add', 'interpreters', maxsize=1024),
    ], PEER)],
    [_target(name) for name in OURS],
)]
