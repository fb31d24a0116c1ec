# SPDX-License-Identifier: LGPL-2.1-or-later

from model import ITEMS_PER_S, Case, Contestant, Question, Target
from questions.streams import CALLBACK, FOR, HOW, in_c, in_gjs, in_python

ITEMS, PACKED, POLL = 'C signal items', 'C next_batch_async, packed', 'C poll_batch (blocks)'
SIGNAL, BATCH, NEXT = 'C signal item', 'C next_batch_async', 'C next (blocks)'
PY_SIGNAL, PY_ASYNC = 'PyGObject signal item', 'PyGObject async for'
JS_SIGNAL, JS_FOR, JS_BATCHES = 'GJS signal item', 'GJS for await', 'GJS for await of batches ()'
JS_FLOOR = 'GJS for await of resolved promises alone'


def make_case(name, kind, weight):
    size = {'buffer-size': 1024}
    return Case(name, [
        in_c(CALLBACK, 'callback', 4e6 / weight, kind, **size),
        in_c(SIGNAL, 'signal', 2e6 / weight, kind, **size),
        in_c(ITEMS, 'items', 4e6 / weight, kind, **size, **({'item-type': 'x'} if kind == 'int' else {})),
        in_c(BATCH, 'next-batch', 3e6 / weight, kind, **size),
        in_c(PACKED, 'packed', 4e6 / weight, kind, **size),
        in_c(NEXT, 'next', 3e6 / weight, kind, **size),
        in_c(POLL, 'poll-batch', 4e6 / weight, kind, **size),
        in_python(PY_SIGNAL, 'signal', 1e5, kind, **size),
        in_python(FOR, 'for', 2e5, kind, **size),
        in_python(PY_ASYNC, 'async-for', 2e5, kind, **size),
        in_gjs(JS_SIGNAL, 'signal', 2e5, kind, **size),
        in_gjs(JS_FOR, 'for-await', 1e5, kind, **size),
        in_gjs(JS_BATCHES, 'batches', 3e5, kind, **size),
        Contestant(JS_FLOOR, 'promises.js', {}, 2e5, needs=('gjs',)),
    ], CALLBACK, quick=kind == 'int', smoke=kind != 'int')


def _target(contestant, limit):
    return Target(f'{contestant}, small int', lambda medians: medians('small int', contestant), 'items/s',
                  at_least=limit)


QUESTIONS = [Question(
    'consumers', 'How many items a second get to what kind of consumer?', HOW + '; buffers of 1024 items',
    [ITEMS_PER_S],
    [make_case('small int', 'int', 1), make_case('(int, float, str)', 'tuple', 2)],
    [
        _target(CALLBACK, 10e6),
        _target(SIGNAL, 3e6),
        _target(FOR, 5e6),
        _target(PY_SIGNAL, 400e3),
        _target(JS_SIGNAL, 400e3),
        _target(JS_FOR, 1e6),
    ],
)]
