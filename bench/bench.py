#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Items per second from a worker to a consumer, beside what comes with Python and GLib.

Every contestant moves the same items, in turns, several rounds in one process; the figure is the median.
Only the ratios of one run mean anything: machines differ, and so does the same machine an hour later.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from concurrent import interpreters

import gi

gi.require_version('Subiter', '1')
from gi.repository import GLib, Subiter  # noqa: E402

ITEMS = {
    'small int': 'def items(n):\n    return range(n)\n',
    '64-byte str': 'def items(n):\n    for i in range(n):\n        yield "%064d" % i\n',
    '(int, float, str)': 'def items(n):\n    for i in range(n):\n        yield (i, i / 2, "name")\n',
}


def subiter_signal(code, n, buffer_size):
    loop, count = GLib.MainLoop(), 0

    def on_item(source, item):
        nonlocal count
        count += 1

    source = make_source(code, n, buffer_size)
    source.connect('item', on_item)
    source.connect('finished', lambda source: loop.quit())
    source.start()
    loop.run()
    close(source)
    return count


def subiter_for(code, n, buffer_size):
    source = make_source(code, n, buffer_size)
    count = sum(1 for _ in source)
    close(source)
    return count


def make_source(code, n, buffer_size):
    function = Subiter.Callable.new_for_source_code(code, 'items')
    return Subiter.Source(callable=function.bind(GLib.Variant('(x)', (n,)), None), buffer_size=buffer_size)


def close(source):
    loop = GLib.MainLoop()
    source.close_async(None, lambda source, result: loop.quit())
    loop.run()


def thread_idle_add(code, n, buffer_size):
    namespace, loop, count = {}, GLib.MainLoop(), 0
    exec(code, namespace)

    def on_item(item):
        nonlocal count
        count += 1
        return GLib.SOURCE_REMOVE

    def produce():
        for item in namespace['items'](n):
            GLib.idle_add(on_item, item)
        GLib.idle_add(loop.quit)

    thread = threading.Thread(target=produce)
    thread.start()
    loop.run()
    thread.join()
    return count


def interpreters_queue(code, n, buffer_size):
    queue = interpreters.create_queue(maxsize=buffer_size)
    interpreter = interpreters.create()
    interpreter.prepare_main(queue=queue, n=n, code=code)
    thread = threading.Thread(target=interpreter.exec, args=[
        'exec(code)\nfor item in items(n):\n    queue.put(item)\nqueue.put(None)\n'])
    thread.start()
    count = 0
    while queue.get() is not None:
        count += 1
    thread.join()
    interpreter.close()
    return count


CONTESTANTS = {
    'Subiter, PyGObject signal': subiter_signal,
    'Subiter, PyGObject for': subiter_for,
    'thread + GLib.idle_add (one GIL)': thread_idle_add,
    'interpreters.Queue (polls)': interpreters_queue,
}


def show(text):
    if sys.stderr.isatty():
        print(f'\r\033[K{text}', end='', file=sys.stderr, flush=True)


def measure(code, options):
    rates = {name: [] for name in CONTESTANTS}
    for round_number in range(options.rounds):
        for name, contestant in CONTESTANTS.items():
            show(f'  round {round_number + 1}: {name}')
            started = time.perf_counter()
            count = contestant(code, options.items, options.buffer_size)
            rates[name].append(count / (time.perf_counter() - started))
            if count != options.items:
                sys.exit(f'{name} delivered {count} of {options.items} items')
    show('')
    return {name: statistics.median(values) for name, values in rates.items()}


def main():
    parser = argparse.ArgumentParser(prog='tools/dev bench', description=__doc__.splitlines()[0])
    parser.add_argument('names', nargs='*', metavar='ITEM', help=f'what to move: {", ".join(ITEMS)}')
    parser.add_argument('--items', type=int, default=30_000, help='how many items a round (%(default)s)')
    parser.add_argument('--rounds', type=int, default=5, help='how many rounds (%(default)s)')
    parser.add_argument('--buffer-size', type=int, default=64, help='how many items may wait (%(default)s)')
    parser.add_argument('--json', metavar='FILE', help='write the figures there as well')
    options = parser.parse_args()
    for name in options.names:
        if name not in ITEMS:
            parser.error(f'there is no item {name!r}; there are {", ".join(ITEMS)}')

    results = {}
    print(f'{options.items} items, at most {options.buffer_size} waiting, medians of {options.rounds} rounds')
    for item in options.names or ITEMS:
        results[item] = rates = measure(ITEMS[item], options)
        ours = rates['Subiter, PyGObject signal']
        print(f'\n{item}')
        for name, rate in rates.items():
            print(f'  {name:34} {rate:12,.0f} items/s   {rate / ours:8.3f} × the signal')

    if options.json:
        with open(options.json, 'w', encoding='utf-8') as file:
            json.dump({'options': vars(options), 'items_per_second': results}, file, indent=2)


if __name__ == '__main__':
    main()
