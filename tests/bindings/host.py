# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that leaves while its source is alive: host.py MOMENT CODE WAY-OUT."""

import os
import signal
import sys

import gi

gi.require_version('Subiter', '1')

from gi.repository import GLib, Subiter  # noqa: E402

moment, code, way_out = sys.argv[1:]
loop = GLib.MainLoop()
output = ''
leaving = False


def leave():
    """Once: a handler may be called again before the loop ends."""
    global leaving
    if not leaving:
        leaving = True
        print('leaving', flush=True)
        loop.quit()


def on_item(source, item):
    if moment == 'item':
        leave()


def on_output(source, stream, text):
    global output
    output += text
    if moment == 'output':
        leave()
    elif moment == 'stopped':
        source.stop()
        leave()
    elif moment == 'closed':
        source.close_async(None, None)
        leave()
    elif moment == 'parked' and '\n4\n' in output:
        leave()


def on_end(source, *ignored):
    if moment == 'finished':
        leave()


source = Subiter.Source.new(Subiter.Callable.new_for_source_code(code, 'items'))
source.props.buffer_size = 4
source.connect('item', on_item)
source.connect('output', on_output)
source.connect('finished', on_end)
source.connect('failed', on_end)
if moment != 'never':
    source.start()
if moment == 'parked':
    # With four items in the buffer and one in hand.
    source.pause()
if moment in ('never', 'started'):
    print('leaving', flush=True)
else:
    loop.run()

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
