# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several workers at once that compute. All of them are there, and have done an item, before the time begins."""

import subprocess
import sys
import time

from common import bench_items, parse_arguments, report

options = parse_arguments(how='', program=sys.executable, workers=2, items=100)
# How many items each has to make.
SHARES = [options.items // options.workers + (i < options.items % options.workers) for i in range(options.workers)]

# What a plain process does that has nothing to do with the others.
PLAIN = '''
import sys, bench_items
n = int(sys.argv[1])
list(bench_items.compute(1))
print('ready', flush=True)
sys.stdin.readline()
print(sum(1 for _ in bench_items.compute(n)), flush=True)
'''


def count(n):
    return sum(1 for _ in bench_items.compute(n))


def subiter():
    from subiter_common import GLib, Subiter, close, make_source

    loop = GLib.MainLoop()
    sources, used = [], []
    n = n_finished = 0

    def on_item(source, item):
        nonlocal n
        n += 1

    def on_finished(source):
        nonlocal n_finished
        n_finished += 1
        if n_finished == options.workers:
            loop.quit()

    for share in SHARES:
        interpreter = Subiter.Interpreter.new(None)
        used.append(make_source(interpreter, 'bench_items:compute', 1))
        list(used[-1])
        source = make_source(interpreter, 'bench_items:compute', share)
        source.connect('item', on_item)
        source.connect('finished', on_finished)
        sources.append(source)
    began = time.monotonic()
    for source in sources:
        source.start()
    loop.run()
    report(items=n, seconds=time.monotonic() - began)
    close(*sources, *used)


def processes():
    workers = [subprocess.Popen([options.program, '-c', PLAIN, str(share)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True) for share in SHARES]
    for worker in workers:
        assert worker.stdout.readline() == 'ready\n'
    began = time.monotonic()
    for worker in workers:
        worker.stdin.write('go\n')
        worker.stdin.flush()
    n = sum(int(worker.stdout.readline()) for worker in workers)
    report(items=n, seconds=time.monotonic() - began)
    for worker in workers:
        worker.communicate()


def executor(pool):
    # Each of them gets one.
    list(pool.map(count, [20] * options.workers))
    began = time.monotonic()
    n = sum(pool.map(count, SHARES))
    report(items=n, seconds=time.monotonic() - began)
    pool.shutdown()


def interpreter_pool():
    from concurrent.futures import InterpreterPoolExecutor

    executor(InterpreterPoolExecutor(options.workers))


def process_pool():
    from concurrent.futures import ProcessPoolExecutor

    executor(ProcessPoolExecutor(options.workers))


if __name__ == '__main__':
    {function.__name__.replace('_', '-'): function for function in (
        subiter, processes, interpreter_pool, process_pool)}[options.how]()
