# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks at a program that has nothing to do, from outside: how often its threads wake, and how long they run."""

import os
import pathlib
import signal
import subprocess
import sys
import time

from common import parse_arguments, report

options = parse_arguments(program='', state='', how='', seconds=1.0)


def list_processes(pid):
    """A process and those that it has started."""
    yield pid
    for path in pathlib.Path(f'/proc/{pid}/task').glob('*/children'):
        for child in path.read_text().split():
            yield from list_processes(int(child))


def look():
    """Of each thread, how often it has gone to sleep, and how long it has run, in ns."""
    threads = {}
    for pid in list_processes(process.pid):
        for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
            switches = next(int(line.split()[1]) for line in (task / 'status').read_text().splitlines()
                            if line.startswith('voluntary_ctxt_switches'))
            threads[task.name] = switches, get_time(task)
    return threads


def get_time(task):
    try:
        return int((task / 'schedstat').read_text().split()[0])
    except FileNotFoundError:
        # In ticks of 10 ms, after a name that may have spaces in it.
        fields = (task / 'stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // os.sysconf('SC_CLK_TCK')


if options.program:
    command = [options.program, f'--state={options.state}']
else:
    command = [sys.executable, os.path.join(os.path.dirname(__file__), 'idle_python.py'), f'--how={options.how}']
process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
if process.stdout.readline() != 'ready\n':
    sys.exit(f'It was not ready, and ended with {process.wait()}')
# What it has begun with comes to an end.
time.sleep(options.seconds / 4)
before, began = look(), time.monotonic()
time.sleep(options.seconds)
after, seconds = look(), time.monotonic() - began
if process.poll() is not None:
    sys.exit(f'It ended with {process.returncode}')
children = list(list_processes(process.pid))[1:]
process.kill()
process.wait()
for child in children:
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        pass

threads = [(b[0] - a[0], b[1] - a[1]) for a, b in ((before[name], after[name]) for name in after if name in before)]
report(threads=len(threads), wakeups_per_s=sum(wakeups for wakeups, _ in threads) / seconds,
       cpu_us_per_s=sum(ns for _, ns in threads) / 1000 / seconds)
