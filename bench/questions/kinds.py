# SPDX-License-Identifier: LGPL-2.1-or-later

from model import ITEMS_PER_S, Case, Question, Target
from questions.streams import CALLBACK, FOR, HOW, QUEUE, THREADS, in_c, in_python, peer

# The name of each, what bench_items.py calls it, and how much slower than ints it is, roughly.
KINDS = {
    'small int': ('int', 1),
    '64-byte str': ('str64', 1),
    '64 KiB bytes': ('bytes:65536', 5),
    '(int, float, str)': ('tuple', 2),
    'dict of 3': ('dict', 8),
    'list of 100 floats': ('floats', 50),
}


def make_case(name):
    kind, weight = KINDS[name]
    contestants = [
        in_c(CALLBACK, 'callback', 4e6 / weight, kind, **{'buffer-size': 1024}),
        in_python(FOR, 'for', 2e5 / weight, kind, **{'buffer-size': 1024}),
        peer('interpreters.Queue, unbounded', 'interpreters-queue', 4e5, kind, maxsize=0),
        peer(QUEUE, 'interpreters-queue', 9e4, kind, maxsize=1024),
    ]
    # What is left out in the others is told apart by pickle alone.
    if name in ('small int', '64-byte str', '64 KiB bytes', '(int, float, str)'):
        contestants += [
            peer('interpreters.Queue (3)', 'interpreters-queue', 400, kind, least=20, maxsize=3),
            peer('multiprocessing.Queue (1024)', 'multiprocessing-queue', 2e5 if kind != 'bytes:65536' else 1e4, kind,
                 maxsize=1024),
            peer('multiprocessing.Pool.imap (64)', 'multiprocessing-imap', 1e6 if kind != 'bytes:65536' else 1e4, kind),
            peer('thread + GLib.idle_add (one GIL)', 'idle-add', 1e5, kind),
            peer('interpreters.Queue (1024) + thread + idle_add', 'queue-idle-add', 8e4, kind, maxsize=1024),
        ]
    if name == 'small int':
        contestants += [
            peer('InterpreterPoolExecutor.map', 'interpreter-pool', 1e4, kind),
            peer('ProcessPoolExecutor.map', 'process-pool', 1e4, kind),
        ]
    contestants.append(peer(THREADS, 'simple-queue', 5e6, kind))
    return Case(name, contestants, QUEUE, quick=name == 'small int',
                smoke=name in ('small int', 'dict of 3', 'list of 100 floats'))


def _callback(name, limit):
    return Target(f'{CALLBACK}, {name}', lambda medians: medians(name, CALLBACK), 'items/s', at_least=limit)


def _ratio(name):
    return Target(f'{FOR}, {name}: times the bounded interpreters.Queue',
                  lambda medians: medians.ratio((name, FOR), (name, QUEUE)), '×', at_least=20)


QUESTIONS = [Question(
    'kinds', 'How many items a second cross, of what kind?', HOW + '; room for 1024 items, but where a name says otherwise', [ITEMS_PER_S],
    [make_case(name) for name in KINDS],
    [
        _callback('small int', 10e6),
        _callback('64-byte str', 4e6),
        _callback('(int, float, str)', 2e6),
        Target(f'{FOR}, small int', lambda medians: medians('small int', FOR), 'items/s', at_least=5e6),
        *[_ratio(name) for name in KINDS],
    ],
)]
