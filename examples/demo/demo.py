#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a folder's files with one and with two subinterpreters, and with a plain thread beside them.

A heartbeat shows meanwhile whether the main loop could still serve a window. Everything that is reported
is measured in this very run. Usage: demo.py [FOLDER]; without one, Python's own library.
"""

import hashlib
import os
import statistics
import sys
import sysconfig
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import gi

gi.require_version('Subiter', '1')
from gi.repository import GLib, Subiter  # noqa: E402

PLUGIN = Path(__file__).resolve().parents[2] / 'plugins' / 'sources' / 'tree'
SECONDS_PER_WAY = 3.0


class Interpreters:
    """The folder shared out to subinterpreters, which last from round to round."""

    def __init__(self, folder, count):
        self.title = f'{count} interpreter{"s" if count > 1 else ""}'
        self.sources = [self.make_source(folder, shard, count) for shard in range(count)]

    def make_source(self, folder, shard, shards):
        kwargs = {'shard': GLib.Variant('u', shard), 'shards': GLib.Variant('u', shards)}
        walk = Subiter.Callable.new_for_entry_point('subiter_tree:walk')
        walk = walk.bind(GLib.Variant('(s)', [folder]), GLib.Variant('a{sv}', kwargs))
        source = Subiter.Source.new(walk)
        source.set_python_path([str(PLUGIN)])
        # In µs: how long the heartbeat may have to wait for items that are there already.
        source.set_dispatch_budget(500)
        source.connect('item', lambda source, item: self.collect(Subiter.unpack(item)))
        source.connect('finished', self.on_finished)
        source.connect('failed', self.on_failed)
        return source

    def begin(self, collect, end):
        self.collect, self.end, self.n_running = collect, end, len(self.sources)
        for source in self.sources:
            source.start()

    def on_finished(self, source, error=None):
        self.n_running -= 1
        if self.n_running == 0 or error:
            self.end(error)

    def on_failed(self, source, error):
        failure = source.props.failure
        self.on_finished(source, failure.get_traceback() if failure else error.message)


class Thread:
    """The usual way: the same generator in a thread, and an idle source for each item."""

    title = 'a thread + GLib.idle_add'

    def __init__(self, folder):
        sys.path.insert(0, str(PLUGIN))
        import subiter_tree

        self.generate = lambda: subiter_tree.walk(folder)

    def begin(self, collect, end):
        threading.Thread(target=self.work, args=[collect, end]).start()

    def work(self, collect, end):
        for fact in self.generate():
            GLib.idle_add(collect, fact)
        GLib.idle_add(end)


class Round:
    """One pass: a main loop that beats, collects the items, and shows how many came."""

    def __init__(self, way, name):
        self.name = f'{name}, {way.title}'
        self.facts = []
        self.longest_gap = 0.0
        self.error = None
        self.loop = GLib.MainLoop()
        timers = [GLib.timeout_add(1, self.beat, priority=GLib.PRIORITY_HIGH),
                  GLib.timeout_add(100, self.show)]
        used = time.process_time()
        self.started = self.last_beat = time.perf_counter()
        way.begin(self.collect, self.end)
        self.loop.run()
        self.time = time.perf_counter() - self.started
        self.cpus = (time.process_time() - used) / self.time
        self.beat()
        for timer in timers:
            GLib.source_remove(timer)
        if self.error:
            sys.exit(f'{way.title} failed: {self.error}')

    def collect(self, fact):
        self.facts.append(fact)
        return GLib.SOURCE_REMOVE

    def end(self, error=None):
        self.error = error
        self.loop.quit()
        return GLib.SOURCE_REMOVE

    def beat(self):
        now = time.perf_counter()
        self.longest_gap = max(self.longest_gap, now - self.last_beat)
        self.last_beat = now
        return GLib.SOURCE_CONTINUE

    def show(self):
        rate = len(self.facts) / (time.perf_counter() - self.started)
        say(f'  {self.name}: {len(self.facts):,} items, {rate:,.0f} items/s', live=True)
        return GLib.SOURCE_CONTINUE


def say(text, live=False):
    """Prints a line; the next one overwrites a live one, which shows on a terminal only."""
    if sys.stdout.isatty():
        print(f'\r\033[K{text}', end='' if live else '\n', flush=True)
    elif not live:
        print(text, flush=True)


def fingerprint(facts):
    return hashlib.sha256('\n'.join(sorted(f'{fact[4]} {fact[0]}' for fact in facts)).encode()).hexdigest()


ROW = '{:26}{:>9}{:>9}{:>10}{:>8}{:>14}{:>10}'
HEADINGS = (('', '', '', '', 'CPUs', 'longest gap', ''),
            ('(medians)', 'time', 'items/s', 'speed-up', 'used', 'of heartbeat', 'worst'))


def median(rounds, name):
    return statistics.median(getattr(item, name) for item in rounds)


def report(way, rounds, time_of_one=None):
    columns = [''] * 4
    if time_of_one is not None:
        seconds = median(rounds, 'time')
        columns = [f'{seconds:.3f} s', f'{len(rounds[0].facts) / seconds:,.0f}',
                   f'{time_of_one / seconds:.2f}', f'{median(rounds, "cpus"):.2f}']
    gaps = [median(rounds, 'longest_gap'), max(item.longest_gap for item in rounds)]
    say(ROW.format(way.title, *columns, *(f'{gap * 1e3:.1f} ms' for gap in gaps)))


def main(folder):
    ways = [Interpreters(folder, 1), Interpreters(folder, 2), Thread(folder)]
    # The heartbeat by itself, for a second: what the machine does to it anyway.
    nothing = SimpleNamespace(title='nothing but a heartbeat')
    nothing.begin = lambda collect, end: GLib.timeout_add(1000, end)
    say(f'{folder}, on a machine with {os.process_cpu_count()} processors')
    say('One pass each way that does not count: it fills the page cache and starts the interpreters')
    warm = [Round(way, 'warming up') for way in ways]
    facts = warm[0].facts
    if not facts:
        sys.exit(f'There is no file that can be read in {folder}.')

    # An odd number, so that a median is one of the measurements; the ways by turns, so that whatever else
    # the machine does meets them all.
    n_rounds = min(int(SECONDS_PER_WAY / warm[2].time), 15) | 1
    say(f'{n_rounds} passes each way, by turns')
    rounds = {way: [] for way in ways}
    for number in range(n_rounds):
        for way in ways:
            rounds[way].append(Round(way, f'pass {number + 1} of {n_rounds}'))
    idle = Round(nothing, 'at last')

    n_bytes, n_lines = (sum(fact[column] for fact in facts) for column in (1, 2))
    say(f'\n{len(facts):,} files, {n_bytes:,} bytes, {n_lines:,} lines\n')
    for headings in HEADINGS:
        say(ROW.format(*headings).rstrip())
    for way in ways:
        report(way, rounds[way], median(rounds[ways[0]], 'time'))
    report(nothing, [idle])

    if os.process_cpu_count() > 1 and median(rounds[ways[1]], 'cpus') < 1.5:
        say('\nTwo interpreters had less than 1.5 processors between them: is something else running?')
    prints = {fingerprint(item.facts) for item in sum(rounds.values(), warm)}
    if len(prints) != 1:
        sys.exit('\nNot every pass saw the same files. Unless the folder changed meanwhile, this is a bug.')
    say(f'\nEvery pass saw the same files with the same contents: {prints.pop()[:16]}…')


if __name__ == '__main__':
    main(os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else sysconfig.get_path('stdlib'))
