# SPDX-License-Identifier: LGPL-2.1-or-later
"""Items from a worker to a consumer in Python, by Subiter.

The time is that from the start of a source on an interpreter that was used before to the arrival of its last item.
"""

import asyncio
import time

from common import Consumer, parse_arguments
from subiter_common import GLib, Subiter, close, make_items, warm_up


def consume_by_signal(source, consumer):
    loop = GLib.MainLoop()
    if options.check:
        source.connect('item', lambda source, item: consumer.take(item.unpack()))
    else:
        # What a handler is given is a variant, and whoever wants the value asks for it.
        source.connect('item', lambda source, item: consumer.take(
            item if consumer.n + 1 < consumer.n_expected else item.unpack()))
    source.connect('finished', lambda source: loop.quit())
    source.start()
    loop.run()


def consume_by_for(source, consumer):
    consumer.take_all(source)


def consume_by_async_for(source, consumer):
    from gi.events import GLibEventLoop

    asyncio.run(consumer.take_all_async(source), loop_factory=GLibEventLoop)


options = parse_arguments(consumer='for', kind='int', items=1000, check=0, buffer_size=64, busy_us=0, produce_us=0)
consume = {'signal': consume_by_signal, 'for': consume_by_for, 'async-for': consume_by_async_for}[options.consumer]

interpreter = Subiter.Interpreter.new(None)
used = warm_up(interpreter)
source = make_items(interpreter, options)
consumer = Consumer(options)
began = time.monotonic_ns()
consume(source, consumer)
consumer.report(began)
close(source, used)
