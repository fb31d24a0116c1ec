# SPDX-License-Identifier: LGPL-2.1-or-later
"""A main loop with a heartbeat, while a source runs away: runaway.py CODE HOW. See runaway.c."""

import sys
import time

import gi

gi.require_version('Subiter', '1')

from gi.repository import GLib, Subiter  # noqa: E402

# ms
HEARTBEAT = 5
RUNNING_TIME = 200
TIMEOUT = 200
TIME_AFTER = 100

code, how = sys.argv[1:]
loop = GLib.MainLoop()
last_beat = last_delay = longest_gap = longest_gap_at = 0
ready = False


def get_delay():
    """Tell for how long this thread has waited for a processor, in ns."""
    try:
        with open('/proc/thread-self/schedstat') as file:
            return int(file.read().split()[1])
    except OSError:
        return 0


def on_beat():
    global last_beat, last_delay, longest_gap, longest_gap_at
    now = time.monotonic_ns()
    delay = get_delay()
    gap = now - last_beat - (delay - last_delay)
    if last_beat and gap > longest_gap:
        longest_gap = gap
        longest_gap_at = last_beat
    last_beat = now
    last_delay = delay
    return True


def be_ready():
    global ready
    if not ready:
        ready = True
        if how == 'stop':
            GLib.timeout_add(RUNNING_TIME, source.stop)


def on_item(source, item):
    item.get_size()
    be_ready()


def end(text):
    print('end', text)
    GLib.timeout_add(TIME_AFTER, loop.quit)


def on_timeout(source):
    end('timeout')
    return False


source = Subiter.Source.new(Subiter.Callable.new_for_source_code(code, 'items'))
source.props.buffer_size = 2
if how == 'timeout':
    source.props.timeout = TIMEOUT
source.connect('item', on_item)
source.connect('output', lambda *ignored: be_ready())
source.connect('finished', lambda source: end('finished'))
source.connect('failed', lambda source, error: end(f'failed {error.code} {error.message[:60]}'.replace('\n', ' ')))
source.connect('timeout', on_timeout)
GLib.timeout_add(HEARTBEAT, on_beat)
started_at = time.monotonic_ns()
source.start()
loop.run()
print(f'gap {longest_gap // 1000} at {(longest_gap_at - started_at) // 1000}', flush=True)
sys.exit(4)
