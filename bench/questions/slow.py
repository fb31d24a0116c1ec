# SPDX-License-Identifier: LGPL-2.1-or-later

from model import ITEMS_PER_S, Case, Question, Target
from questions.streams import CALLBACK, FOR, HOW, THREADS, in_c, in_python, peer

QUEUE = 'interpreters.Queue'


def make_case(size, who):
    ours = {'buffer-size': size, who: 20}
    theirs = {who: 20}
    return Case(f'room for {size}', [
        in_c(CALLBACK, 'callback', 4e4, **ours),
        in_python(FOR, 'for', 3e4, **ours),
        peer(QUEUE, 'interpreters-queue', 1e4 if size > 3 else 300, least=20, maxsize=size, **theirs),
        peer('multiprocessing.Queue', 'multiprocessing-queue', 3e4, maxsize=size, **theirs),
        peer(THREADS + ', unbounded', 'simple-queue', 2e4, **theirs),
    ], QUEUE, quick=size == 3, smoke=size == 3)


def _target(contestant):
    return Target(f'{contestant}, room for 3', lambda medians: medians('room for 3', contestant), 'items/s',
                  at_least=45e3)


QUESTIONS = [
    Question('slow-consumer', 'How many items a second get to a consumer that takes 20 µs for each?',
             HOW + '; the limit is 50,000', [ITEMS_PER_S],
             [make_case(size, 'busy-us') for size in (3, 64, 1024)], [_target(CALLBACK), _target(FOR)]),
    Question('slow-producer', 'How many items a second come from a producer that takes 20 µs for each?',
             HOW + '; the limit is 50,000', [ITEMS_PER_S],
             [make_case(size, 'produce-us') for size in (3, 1024)]),
]
