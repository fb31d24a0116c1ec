# SPDX-License-Identifier: LGPL-2.1-or-later
"""A consumer in Python and a worker that have nothing to do, until the program is ended."""

import threading

from common import bench_items, parse_arguments

options = parse_arguments(how='')
# One that nobody has a reference to ends, and takes what is unread in its queues with it.
interpreters_alive = []


def say_ready():
    print('ready', flush=True)


def take_all(items):
    for _ in items:
        say_ready()


def subiter_for():
    from subiter_common import make_source

    take_all(make_source(None, 'bench_items:silence'))


def run_in_interpreter(items):
    from concurrent import interpreters

    interpreter = interpreters.create()
    interpreters_alive.append(interpreter)
    interpreter.prepare_main(items=items)
    interpreter.exec('import bench_items')
    threading.Thread(target=interpreter.exec, daemon=True, args=[
        'for item in bench_items.silence():\n    items.put(item)\n']).start()


def interpreters_queue():
    from concurrent import interpreters

    items = interpreters.create_queue()
    run_in_interpreter(items)
    take_all(iter(items.get, None))


def put_silence(put):
    for item in bench_items.silence():
        put(item)


def run_loop(start):
    from gi.repository import GLib

    start(lambda item: GLib.idle_add(say_ready))
    GLib.MainLoop().run()


def idle_add():
    run_loop(lambda put: threading.Thread(target=put_silence, args=[put], daemon=True).start())


def queue_idle_add():
    from concurrent import interpreters

    items = interpreters.create_queue()

    def forward(put):
        while True:
            put(items.get())

    def start(put):
        run_in_interpreter(items)
        threading.Thread(target=forward, args=[put], daemon=True).start()

    run_loop(start)


def put_all(items):
    put_silence(items.put)


def multiprocessing_queue():
    import multiprocessing

    items = multiprocessing.Queue()
    multiprocessing.Process(target=put_all, args=[items], daemon=True).start()
    take_all(iter(items.get, None))


if __name__ == '__main__':
    {function.__name__.replace('_', '-'): function for function in (
        subiter_for, interpreters_queue, idle_add, queue_idle_add, multiprocessing_queue)}[options.how]()
