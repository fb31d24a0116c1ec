# SPDX-License-Identifier: LGPL-2.1-or-later
"""Items from a worker to a consumer, by what comes with Python and GLib.

Workers, processes and pools are there before the time begins. It is that from when the worker begins to iterate, by
its own clock, which is that of the machine, to the arrival of the last item. A pool's begins when it is asked.
"""

import functools
import itertools
import queue
import threading
import time

from common import Consumer, bench_items, parse_arguments

options = parse_arguments(peer='', kind='int', items=1000, check=0, maxsize=0, busy_us=0, produce_us=0)

# What bench_items.produce() is told beside where to put things.
PRODUCE = options.kind, options.items, options.produce_us


def take_all(get):
    """By get(), which waits for an item, the first of which is the time."""
    consumer = Consumer(options)
    began = get()
    consumer.take_all(itertools.islice(iter(get, consumer), options.items))
    consumer.report(began)


def run_in_interpreter(items):
    """A thread with an interpreter that has a queue, and what ends both."""
    from concurrent import interpreters

    interpreter = interpreters.create()
    interpreter.prepare_main(items=items, args=PRODUCE)
    interpreter.exec('import bench_items')
    thread = threading.Thread(target=interpreter.exec, args=['bench_items.produce(items.put, *args)'])
    thread.start()

    def end():
        thread.join()
        interpreter.close()

    return end


def interpreters_queue():
    from concurrent import interpreters

    items = interpreters.create_queue(maxsize=options.maxsize)
    end = run_in_interpreter(items)
    take_all(items.get)
    end()


def simple_queue():
    items = queue.SimpleQueue()
    thread = threading.Thread(target=bench_items.produce, args=[items.put, *PRODUCE])
    thread.start()
    take_all(items.get)
    thread.join()


def produce_in_process(items, may_begin, may_end):
    may_begin.wait()
    bench_items.produce(items.put, *PRODUCE)
    # A process that ends takes what others have not read of its memory with it.
    may_end.wait()


def multiprocessing_queue():
    import multiprocessing

    items = multiprocessing.Queue(options.maxsize)
    may_begin, may_end = multiprocessing.Event(), multiprocessing.Event()
    process = multiprocessing.Process(target=produce_in_process, args=[items, may_begin, may_end])
    process.start()
    may_begin.set()
    take_all(items.get)
    may_end.set()
    process.join()


def multiprocessing_imap():
    import multiprocessing

    with multiprocessing.Pool(1) as pool:
        pick = functools.partial(bench_items.pick, options.kind)
        list(pool.imap(pick, range(128), chunksize=64))
        consumer = Consumer(options)
        began = time.monotonic_ns()
        consumer.take_all(pool.imap(pick, range(options.items), chunksize=64))
        consumer.report(began)


def executor(pool):
    pick = functools.partial(bench_items.pick, options.kind)
    list(pool.map(pick, range(64)))
    consumer = Consumer(options)
    began = time.monotonic_ns()
    consumer.take_all(pool.map(pick, range(options.items)))
    consumer.report(began)
    pool.shutdown()


def interpreter_pool():
    from concurrent.futures import InterpreterPoolExecutor

    executor(InterpreterPoolExecutor(1))


def process_pool():
    from concurrent.futures import ProcessPoolExecutor

    executor(ProcessPoolExecutor(1))


def take_by_loop(start):
    """start(put) begins with what puts the time and then the items, from a thread of its own."""
    from gi.repository import GLib

    loop = GLib.MainLoop()
    consumer = Consumer(options)
    began = []

    def on_item(item):
        if not began:
            began.append(item)
        elif consumer.take(item):
            loop.quit()
        return GLib.SOURCE_REMOVE

    thread = start(lambda item: GLib.idle_add(on_item, item))
    loop.run()
    thread.join()
    consumer.report(began[0])


def idle_add():
    def start(put):
        thread = threading.Thread(target=bench_items.produce, args=[put, *PRODUCE])
        thread.start()
        return thread

    take_by_loop(start)


def queue_idle_add():
    from concurrent import interpreters

    items = interpreters.create_queue(maxsize=options.maxsize)
    ends = []

    def forward(put):
        for _ in range(options.items + 1):
            put(items.get())

    def start(put):
        ends.append(run_in_interpreter(items))
        thread = threading.Thread(target=forward, args=[put])
        thread.start()
        return thread

    take_by_loop(start)
    ends[0]()


if __name__ == '__main__':
    {function.__name__.replace('_', '-'): function for function in (
        interpreters_queue, simple_queue, multiprocessing_queue, multiprocessing_imap, interpreter_pool,
        process_pool, idle_add, queue_idle_add)}[options.peer]()
