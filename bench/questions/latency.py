# SPDX-License-Identifier: LGPL-2.1-or-later

from model import Case, Contestant, Figure, Question, Target

FIGURES = [Figure('us_p50', 'µs p50', False), Figure('us_p99', 'µs p99', False), Figure('us_max', 'µs max', False)]
PACED = {'items': (1000, 100, 20)}
POLLED = {'items': (200, 20, 5)}
IDLE_ADD = 'thread + GLib.idle_add (one GIL)'
C_CALLBACK = 'C callback'
CALL, START = 'C call_async', 'C start to finished, of one item'


def ours(name, program, needs=(), sizes=PACED, **arguments):
    return Contestant(name, program, arguments, sizes=sizes, needs=needs, ours=True)


def peer(name, program, how, needs=(), sizes=PACED):
    return Contestant(name, program, {'how': how}, sizes=sizes, needs=needs)


ONE_WAY = Question(
    'latency', 'How long is an item on its way, if there is one each millisecond?',
    'from before it is yielded to when the consumer has it; percentiles of each round', FIGURES,
    [Case('1 ms apart', [
        ours(C_CALLBACK, 'latency', what='one-way'),
        ours('PyGObject signal item', 'latency.py', ('pygobject',), how='subiter-signal'),
        ours('PyGObject for', 'latency.py', ('pygobject',), how='subiter-for'),
        peer(IDLE_ADD, 'latency.py', 'idle-add', ('pygobject',)),
        peer('interpreters.Queue', 'latency.py', 'interpreters-queue', ('interpreters',)),
        peer('interpreters.Queue + thread + idle_add', 'latency.py', 'queue-idle-add', ('interpreters', 'pygobject')),
    ], IDLE_ADD)],
    [
        Target(f'{C_CALLBACK}, p50', lambda medians: medians('1 ms apart', C_CALLBACK), 'µs', at_most=15),
        Target(f'{C_CALLBACK}, p99', lambda medians: medians('1 ms apart', C_CALLBACK, 'us_p99'), 'µs', at_most=60),
    ])

ROUND_TRIP = Question(
    'round-trip', 'How long does a question to a worker take, and its answer?',
    'one at a time, on an interpreter, process or thread that was used before; of a function that gives back what it is given',
    FIGURES,
    [Case('round trip', [
        ours(CALL, 'latency', sizes={'items': (1000, 300, 20)}, what='call'),
        ours(START, 'latency', sizes={'items': (1000, 300, 20)}, what='round-trip'),
        peer('InterpreterPoolExecutor.submit', 'calls.py', 'interpreter-pool', ('interpreters',)),
        peer('ProcessPoolExecutor.submit', 'calls.py', 'process-pool'),
        peer('threads + SimpleQueue (one GIL)', 'calls.py', 'simple-queue'),
        peer('interpreters.Queue', 'calls.py', 'interpreters-queue', ('interpreters',), POLLED),
    ], 'InterpreterPoolExecutor.submit')],
    [Target(f'{CALL}, p50', lambda medians: medians('round trip', CALL), 'µs', at_most=25)])

QUESTIONS = [ONE_WAY, ROUND_TRIP]
