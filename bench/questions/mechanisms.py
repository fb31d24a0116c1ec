# SPDX-License-Identifier: LGPL-2.1-or-later

import dataclasses

from model import ITEMS_PER_S, Case, Question
from questions.streams import HOW, in_c

WHOLE = 'with everything'
MECHANISMS = {
    'spinning': 'looking again for some µs before sleeping',
    'batches': 'waiting for half of the room rather than for one place',
    'hand': 'copying some items out of the ring together',
    'prefetch': 'fetching the next slots ahead',
    'settling': 'a look at the producer once a quarter rather than once an item',
    'edge': 'waking only who sleeps',
    'blocks': 'memory that both threads hand on',
    'serializer': 'containers written in one piece',
}


def make_case(name, mechanisms, rate, kind, quick=False, **arguments):
    whole = in_c(WHOLE, 'callback', rate, kind, **arguments)
    contestants = [whole] + [dataclasses.replace(whole, name=f'without {MECHANISMS[mechanism]}', without=mechanism)
                             for mechanism in mechanisms]
    return Case(name, contestants, WHOLE, quick=quick, smoke=quick)


QUESTIONS = [Question(
    'mechanisms', 'What does each of the things that are to make it fast buy?',
    HOW + '; a C callback takes them; each contestant is the library without one of these things', [ITEMS_PER_S],
    [
        make_case('small int, room for 1024', ['spinning', 'batches', 'hand', 'prefetch', 'settling', 'edge'], 4e6, 'int',
                  **{'buffer-size': 1024}),
        make_case('small int, room for 64', ['spinning', 'batches', 'hand', 'prefetch', 'settling', 'edge'], 2e6, 'int',
                  **{'buffer-size': 64}),
        make_case('small int, room for 3', ['spinning', 'batches', 'settling', 'edge'], 1e5, 'int',
                  **{'buffer-size': 3}),
        make_case('small int, room for 3, 20 µs for each', ['spinning', 'batches', 'edge'], 4e4, 'int',
                  **{'buffer-size': 3, 'busy-us': 20}),
        make_case('64-byte str, room for 1024', ['blocks'], 2e6, 'str64', **{'buffer-size': 1024}),
        make_case('(int, float, str), room for 1024', ['blocks', 'serializer'], 1e6, 'tuple', quick=True,
                  **{'buffer-size': 1024}),
    ],
)]
