# SPDX-License-Identifier: LGPL-2.1-or-later

from model import Case, Contestant, Figure, Question, Target

SIZES = {'workers': (24, 12, 3)}
CASE = 'one worker more'
OURS = 'worker that has delivered an item'
BARE = 'bare interpreter, on a thread'


def _target(figure, text):
    return Target(f'beyond a bare interpreter, {text}',
                  lambda medians: medians.difference((CASE, OURS), (CASE, BARE), figure), 'KiB', at_most=128)


QUESTIONS = [Question(
    'memory', 'How much memory does a live worker take?',
    'what the process grows by with each, the median of many', [
        Figure('resident_kib', 'KiB resident', False),
        Figure('proportional_kib', 'KiB PSS', False),
    ],
    [Case(CASE, [
        Contestant(OURS, 'memory', sizes=SIZES, ours=True),
        Contestant(BARE, 'bare', {'what': 'memory'}, sizes=SIZES),
    ], BARE)],
    [_target('resident_kib', 'resident'), _target('proportional_kib', 'PSS')],
)]
