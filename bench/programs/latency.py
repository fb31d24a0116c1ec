# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long an item is on its way to a consumer in Python, in µs, by Subiter and by what comes with Python and GLib."""

import threading
import time

from common import bench_items, get_percentiles, parse_arguments, report

options = parse_arguments(how='', items=1000, interval_us=1000)
delays = []
# One that nobody has a reference to ends, and takes what is unread in its queues with it.
interpreters_alive = []


def note(stamp):
    delays.append((time.monotonic_ns() - stamp) / 1000)
    return len(delays) == options.items


def subiter_signal():
    from subiter_common import GLib, Subiter, close, make_source, warm_up

    interpreter = Subiter.Interpreter.new(None)
    used = warm_up(interpreter)
    source = make_source(interpreter, 'bench_items:stamps', options.items, options.interval_us)
    loop = GLib.MainLoop()
    source.connect('item', lambda source, item: note(item.get_int64()))
    source.connect('finished', lambda source: loop.quit())
    source.start()
    loop.run()
    close(source, used)


def subiter_for():
    from subiter_common import Subiter, close, make_source, warm_up

    interpreter = Subiter.Interpreter.new(None)
    used = warm_up(interpreter)
    source = make_source(interpreter, 'bench_items:stamps', options.items, options.interval_us)
    for stamp in source:
        note(stamp)
    close(source, used)


def put_stamps(put):
    for stamp in bench_items.stamps(options.items, options.interval_us):
        put(stamp)


def run_in_interpreter(items):
    from concurrent import interpreters

    interpreter = interpreters.create()
    interpreters_alive.append(interpreter)
    interpreter.prepare_main(items=items, args=(options.items, options.interval_us))
    interpreter.exec('import bench_items')
    thread = threading.Thread(target=interpreter.exec, args=[
        'for stamp in bench_items.stamps(*args):\n    items.put(stamp)\n'])
    thread.start()
    return thread


def interpreters_queue():
    from concurrent import interpreters

    items = interpreters.create_queue()
    thread = run_in_interpreter(items)
    while not note(items.get()):
        pass
    thread.join()


def run_loop(start):
    from gi.repository import GLib

    loop = GLib.MainLoop()

    def on_item(stamp):
        if note(stamp):
            loop.quit()
        return GLib.SOURCE_REMOVE

    threads = start(lambda stamp: GLib.idle_add(on_item, stamp))
    loop.run()
    for thread in threads:
        thread.join()


def idle_add():
    def start(put):
        thread = threading.Thread(target=put_stamps, args=[put])
        thread.start()
        return [thread]

    run_loop(start)


def queue_idle_add():
    from concurrent import interpreters

    items = interpreters.create_queue()

    def forward(put):
        for _ in range(options.items):
            put(items.get())

    def start(put):
        threads = [run_in_interpreter(items), threading.Thread(target=forward, args=[put])]
        threads[1].start()
        return threads

    run_loop(start)


{function.__name__.replace('_', '-'): function for function in (
    subiter_signal, subiter_for, interpreters_queue, idle_add, queue_idle_add)}[options.how]()
report(items=len(delays), **get_percentiles('us', delays))
