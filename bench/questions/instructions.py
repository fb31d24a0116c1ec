# SPDX-License-Identifier: LGPL-2.1-or-later

from model import Case, Contestant, Figure, Question

KINDS = {'small int': 'int', '64-byte str': 'str64', '(int, float, str)': 'tuple'}


def make_case(consumer, name, contestant, **in_which):
    return Case(f'{name}, {contestant}', [
        Contestant(contestant, 'instructions.py', {'program': 'stream', 'consumer': consumer}, kind=KINDS[name],
                   sizes={'few': (2048, 2048, 1024), 'many': (12288, 12288, 2048)}, needs=('valgrind',), ours=True),
    ], contestant, **in_which)


QUESTIONS = [Question(
    'instructions', 'How many instructions does an item take?',
    'counted by callgrind, of the main thread and of all others; those of a run with few items are taken off', [
        Figure('total', 'instructions', False),
        Figure('consumer', '… of the consumer', False),
        Figure('worker', '… of the worker', False),
    ],
    [
        make_case('callback', 'small int', 'C callback'),
        make_case('callback', '64-byte str', 'C callback', quick=False, smoke=False),
        make_case('callback', '(int, float, str)', 'C callback', quick=False, smoke=False),
        make_case('signal', 'small int', 'C signal item', quick=False, smoke=False),
        make_case('packed', 'small int', 'C next_batch_async, packed', quick=False, smoke=False),
        make_case('packed', '(int, float, str)', 'C next_batch_async, packed', quick=False, smoke=False),
    ],
    max_rounds=1,
)]
