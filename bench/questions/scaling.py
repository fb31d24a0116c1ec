# SPDX-License-Identifier: LGPL-2.1-or-later

from model import ITEMS_PER_S, Case, Contestant, Question, Target

SIZES = {'items': (800, 100, 6)}
OURS_C, OURS = 'C callback', 'PyGObject signal item'
PEER, LIBRARY = 'plain processes', 'plain processes, Python as a library'
ONE, TWO = 'one worker', 'two workers'


def make_case(name, n):
    def peer(of_peer, how, *needs, **arguments):
        return Contestant(of_peer, 'scaling.py', {'how': how, 'workers': n, **arguments}, sizes=SIZES, needs=needs)

    return Case(name, [
        Contestant(OURS_C, 'scaling', {'workers': n}, sizes=SIZES, ours=True),
        Contestant(OURS, 'scaling.py', {'how': 'subiter', 'workers': n}, sizes=SIZES, needs=('pygobject',), ours=True),
        peer(PEER, 'processes'),
        peer(LIBRARY, 'processes', program='python'),
        peer('InterpreterPoolExecutor', 'interpreter-pool', 'interpreters'),
        peer('ProcessPoolExecutor', 'process-pool'),
    ], PEER)


# The program that python3 is and the library that a program in C loads are the same Python, built in two ways, of which
# one may be faster. Each of ours is compared with processes that have what it has.
QUESTIONS = [Question(
    'scaling', 'How much do two workers compute that share nothing?',
    'items of about a millisecond of pure Python, the same number in all, however many work at them', [ITEMS_PER_S],
    [make_case(ONE, 1), make_case(TWO, 2)],
    [
        Target(f'{OURS}, two workers: times plain processes',
               lambda medians: medians.ratio((TWO, OURS), (TWO, PEER)), '×', at_least=0.97),
        Target(f'{OURS_C}, two workers: times {LIBRARY}',
               lambda medians: medians.ratio((TWO, OURS_C), (TWO, LIBRARY)), '×', at_least=0.97),
    ],
)]
