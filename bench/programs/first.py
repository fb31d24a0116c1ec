# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long it takes to have an interpreter, or the first item of one, in µs."""

import time

from common import get_percentiles, parse_arguments, report

options = parse_arguments(how='', times=10)
delays = []


def note(began):
    delays.append((time.monotonic_ns() - began) / 1000)


def interpreters_create():
    from concurrent import interpreters

    interpreters.create().close()
    for _ in range(options.times):
        began = time.monotonic_ns()
        interpreter = interpreters.create()
        note(began)
        interpreter.close()


def subiter_for():
    from subiter_common import close, make_source

    close_first = make_source(None, 'builtins:range', 1)
    list(close_first)
    for _ in range(options.times):
        source = make_source(None, 'builtins:range', 1)
        began = time.monotonic_ns()
        for _item in source:
            note(began)
        close(source)
    close(close_first)


def process():
    import multiprocessing

    for _ in range(options.times):
        items = multiprocessing.SimpleQueue()
        worker = multiprocessing.Process(target=items.put, args=[0])
        began = time.monotonic_ns()
        worker.start()
        items.get()
        note(began)
        worker.join()


if __name__ == '__main__':
    {function.__name__.replace('_', '-'): function for function in (
        interpreters_create, subiter_for, process)}[options.how]()
    report(**get_percentiles('us', delays))
