# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that leaves while its source is alive: host.py MOMENT CODE WAY-OUT.

test-process.py says which moments there are.
"""

import asyncio
import gc
import os
import signal
import sys
import threading
import time

import gi

gi.require_version('Subiter', '1')

from gi.repository import GLib, Subiter  # noqa: E402

moment, code, way_out = sys.argv[1:]
context = GLib.MainContext() if moment == 'context' else None
if context:
    context.push_thread_default()
loop = GLib.MainLoop(context)
output = ''
leaving = False
futures = []
kept = []


def drop(holder):
    holder.clear()
    gc.collect()


def leave():
    """Once: a handler may be called again before the loop ends."""
    global leaving, source
    if leaving:
        return
    leaving = True
    if moment == 'unref-thread':
        holder = [source]
        source = None
        thread = threading.Thread(target=drop, args=(holder,))
        thread.start()
        thread.join()
    elif moment.startswith('unref-'):
        source = None
        gc.collect()
    print('leaving', flush=True)
    loop.quit()


def on_item(self, item):
    if moment in ('item', 'unref-item'):
        leave()
    if moment.startswith('keep'):
        kept.append((item, item.get_data_as_bytes()))
        if moment == 'keep':
            leave()
        else:
            self.close_async(None, lambda *ignored: leave())


def on_output(self, stream, text):
    global output
    output += text
    if moment == 'stopped':
        self.stop()
    elif moment == 'closed':
        self.close_async(None, None)
    elif moment == 'closing':
        self.close_async(None, lambda *ignored: print('nobody waits for this', file=sys.stderr))
    if moment in ('output', 'stopped', 'closed', 'closing', 'next', 'batch', 'context', 'unref-output', 'unref-thread',
                  'fork') or moment == 'parked' and '\n4\n' in output:
        leave()
    elif moment == 'await':
        print('leaving', flush=True)
        raise_from_loop()


def on_end(self, *ignored, name):
    if moment in ('finished', f'unref-{name}'):
        leave()


def on_timeout(self):
    if moment == 'unref-timeout':
        leave()
    return False


def make_source():
    global source
    source = Subiter.Source.new(Subiter.Callable.new_for_source_code(code, 'items'))
    source.props.buffer_size = 4
    if moment == 'unref-timeout':
        source.props.timeout = 50
    source.connect('item', on_item)
    source.connect('output', on_output)
    source.connect('finished', lambda *arguments: on_end(*arguments, name='finished'))
    source.connect('failed', lambda *arguments: on_end(*arguments, name='failed'))
    source.connect('timeout', on_timeout)


def begin():
    if moment == 'never':
        return
    if moment == 'next':
        source.next_async(None, lambda *ignored: print('nobody waits for this', file=sys.stderr))
    elif moment == 'batch':
        source.next_batch_async(10, None, lambda *ignored: print('nobody waits for this', file=sys.stderr))
    else:
        source.start()
    if moment == 'parked':
        # With four items in the buffer and one in hand.
        source.pause()


def raise_from_loop():
    """Tear the event loop down in the middle of an await."""
    asyncio.get_running_loop().stop()


async def take():
    make_source()
    async for _ in source:
        print('nobody waits for this', file=sys.stderr)


def run_event_loop():
    from gi.events import GLibEventLoop
    event_loop = GLibEventLoop(GLib.MainContext.default())
    # It is kept for ever, and so is what it awaits.
    futures.append((event_loop, event_loop.create_task(take())))
    event_loop.run_forever()


def fork_children():
    """A child that ends as such children do, with Python's own end, and one that ends at once."""
    for end in (sys.exit, os._exit):
        pid = os.fork()
        if pid == 0:
            end(0)
        _, status = os.waitpid(pid, 0)
        if status != 0:
            sys.exit(f'the child ended with status {status} by {end}')


if moment == 'await':
    run_event_loop()
else:
    make_source()
    begin()
    if moment.startswith('after-'):
        time.sleep(int(moment.removeprefix('after-')) / 1000)
    if moment == 'creating':
        # sitecustomize, in the interpreter that is being made, says so
        while not os.path.exists(os.environ['HOST_MARK']):
            time.sleep(0.001)
    if moment in ('never', 'started', 'creating') or moment.startswith('after-'):
        print('leaving', flush=True)
    else:
        loop.run()

if context:
    context.pop_thread_default()
    del context, loop
    gc.collect()
if moment == 'fork':
    fork_children()

if way_out == 'exit':
    sys.exit(3)
elif way_out == 'raise':
    raise RuntimeError('a failure of its own')
elif way_out == '_exit':
    os._exit(7)
elif way_out.startswith('SIG'):
    os.kill(os.getpid(), getattr(signal, way_out))
    # Python has it handled between two instructions.
    while True:
        signal.pause()
