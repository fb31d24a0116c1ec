# SPDX-License-Identifier: LGPL-2.1-or-later

from model import Case, Figure, Question, Target
from questions.streams import CALLBACK, FOR, HOW, QUEUE, THREADS, in_c, in_python, peer

SIZES = {'64 KiB': 1 << 16, '1 MiB': 1 << 20, '16 MiB': 1 << 24, '64 MiB': 1 << 26}
COST = Figure('us_per_item', 'µs an item', False, lambda result: result['seconds'] / result['items'] * 1e6)


def make_case(name):
    size = SIZES[name]
    kind = f'bytes:{size}'
    # As if it was copied, whether it is or not: the first round tells.
    cautious = 4e9 / size
    contestants = [
        in_c(CALLBACK, 'callback', cautious, kind, least=20, **{'buffer-size': 3}),
        in_python(FOR, 'for', cautious, kind, least=20, **{'buffer-size': 3}),
        peer(QUEUE, 'interpreters-queue', cautious, kind, least=20, maxsize=1024),
        peer('multiprocessing.Queue (3)', 'multiprocessing-queue', 5e8 / size, kind, least=4, maxsize=3),
        peer(THREADS, 'simple-queue', 1e6, kind),
    ]
    return Case(name, contestants, 'multiprocessing.Queue (3)', quick=size in (1 << 16, 1 << 26), smoke=size == 1 << 16)


def _flat(contestant):
    return Target(f'{contestant}: cost of 64 MiB over that of 64 KiB',
                  lambda medians: medians.ratio(('64 MiB', contestant), ('64 KiB', contestant)), '×', at_most=1.5)


QUESTIONS = [Question(
    'large', 'What does a large buffer cost, of what size?', HOW, [
        COST,
        Figure('gib_per_s', 'GiB/s', get=lambda result: result['bytes'] / result['seconds'] / (1 << 30)),
    ],
    [make_case(name) for name in SIZES],
    [_flat(CALLBACK), _flat(FOR)],
)]
