# SPDX-License-Identifier: LGPL-2.1-or-later
"""How late a timer is beside items that never end, in Python."""

import os
import threading
import time

from common import bench_items, get_percentiles, parse_arguments, report
from gi.repository import GLib

INTERVAL_MS = 10

options = parse_arguments(how='', ms=1000, maxsize=0)
delays = []
loop = GLib.MainLoop()
n = 0
due = until = None
# One that nobody has a reference to ends, and takes what is unread in its queues with it.
interpreters_alive = []


def on_item(*_):
    global n, due, until

    n += 1
    # The time begins when the flood does.
    if n == 1:
        now = time.monotonic()
        due, until = now + INTERVAL_MS / 1000, now + options.ms / 1000
        GLib.timeout_add(INTERVAL_MS, on_timer)
    return GLib.SOURCE_REMOVE


def on_timer():
    global due

    now = time.monotonic()
    delays.append(max(now - due, 0) * 1000)
    due = now + INTERVAL_MS / 1000
    if now < until:
        return GLib.SOURCE_CONTINUE
    loop.quit()
    return GLib.SOURCE_REMOVE


def subiter_signal():
    from subiter_common import close, make_source

    source = make_source(None, 'bench_items:endless', buffer_size=1024)
    source.connect('item', on_item)
    source.start()
    loop.run()
    source.stop()
    close(source)


def idle_add():
    def produce():
        for item in bench_items.endless():
            GLib.idle_add(on_item, item)

    threading.Thread(target=produce, daemon=True).start()
    loop.run()


def queue_idle_add():
    from concurrent import interpreters

    items = interpreters.create_queue(maxsize=options.maxsize)
    interpreter = interpreters.create()
    interpreters_alive.append(interpreter)
    interpreter.prepare_main(items=items)
    interpreter.exec('import bench_items')
    threading.Thread(target=interpreter.exec, daemon=True, args=[
        'for item in bench_items.endless():\n    items.put(item)\n']).start()

    def forward():
        while True:
            GLib.idle_add(on_item, items.get())

    threading.Thread(target=forward, daemon=True).start()
    loop.run()


{function.__name__.replace('_', '-'): function for function in (
    subiter_signal, idle_add, queue_idle_add)}[options.how]()
report(items_per_s=n / (options.ms / 1000), **get_percentiles('late_ms', delays))
# Nothing ends a flood of the others.
os._exit(0)
