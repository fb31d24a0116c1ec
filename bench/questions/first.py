# SPDX-License-Identifier: LGPL-2.1-or-later

from model import Case, Contestant, Figure, Question, Target

FIGURES = [Figure('us_p50', 'µs p50', False), Figure('us_max', 'µs max', False)]
TIMES = {'times': (10, 3, 2)}
COLD, WARM, NEW = 'new interpreter', 'used interpreter', 'new process'
OURS = 'C start to first item'
BARE = 'Py_NewInterpreterFromConfig alone'

QUESTIONS = [Question(
    'first-item', 'How long does the first item take?',
    'from start to the arrival of an item of a range; each round makes several, one after the other', FIGURES,
    [
        Case(COLD, [
            Contestant(OURS, 'first', {'what': 'interpreter'}, sizes=TIMES, ours=True),
            Contestant('PyGObject for', 'first.py', {'how': 'subiter-for'}, sizes=TIMES, needs=('pygobject',), ours=True),
            Contestant(BARE, 'bare', {'what': 'time'}, sizes=TIMES),
            Contestant('concurrent.interpreters.create alone', 'first.py', {'how': 'interpreters-create'}, sizes=TIMES,
                       needs=('interpreters',)),
            Contestant('multiprocessing.Process + SimpleQueue', 'first.py', {'how': 'process'}, sizes=TIMES),
        ], BARE),
        Case(WARM, [Contestant(OURS, 'first', {'what': 'used'}, sizes={'times': (500, 200, 10)}, ours=True)], OURS),
        # The first of all sources in a process: it loads Python.
        Case(NEW, [Contestant(OURS, 'first', {'what': 'process'}, ours=True)], OURS),
    ],
    [
        Target('cold, beyond a bare interpreter', lambda medians: medians.difference((COLD, OURS), (COLD, BARE)), 'µs',
               at_most=2000),
        Target('warm', lambda medians: medians(WARM, OURS), 'µs', at_most=60),
    ],
)]
