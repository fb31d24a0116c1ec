# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long it takes to ask something of a worker and to have the answer, in µs, by what comes with Python."""

import queue
import threading
import time

from common import get_percentiles, parse_arguments, report

options = parse_arguments(how='', items=1000)
delays = []


def measure(ask):
    # The first time, everything is made that is needed.
    assert ask(7) == 7
    for i in range(options.items):
        began = time.monotonic_ns()
        answer = ask(i)
        delays.append((time.monotonic_ns() - began) / 1000)
        assert answer == i


def ping_pong(questions, answers):
    def ask(i):
        questions.put(i)
        return answers.get()

    measure(ask)
    questions.put(None)


def interpreters_queue():
    from concurrent import interpreters

    questions, answers = interpreters.create_queue(), interpreters.create_queue()
    interpreter = interpreters.create()
    interpreter.prepare_main(questions=questions, answers=answers)
    thread = threading.Thread(target=interpreter.exec, args=[
        'while (item := questions.get()) is not None:\n    answers.put(item)\n'])
    thread.start()
    ping_pong(questions, answers)
    thread.join()


def simple_queue():
    questions, answers = queue.SimpleQueue(), queue.SimpleQueue()

    def answer():
        while (item := questions.get()) is not None:
            answers.put(item)

    thread = threading.Thread(target=answer)
    thread.start()
    ping_pong(questions, answers)
    thread.join()


def interpreter_pool():
    from concurrent.futures import InterpreterPoolExecutor

    with InterpreterPoolExecutor(1) as pool:
        measure(lambda i: pool.submit(abs, i).result())


def process_pool():
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1) as pool:
        measure(lambda i: pool.submit(abs, i).result())


if __name__ == '__main__':
    {function.__name__.replace('_', '-'): function for function in (
        interpreters_queue, simple_queue, interpreter_pool, process_pool)}[options.how]()
    report(items=len(delays), **get_percentiles('us', delays))
