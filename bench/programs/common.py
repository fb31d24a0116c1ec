# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the programs in Python share."""

import argparse
import json
import os
import sys
import threading
import time
import traceback

WORKERS = os.environ['BENCH_WORKERS']
sys.path.insert(0, WORKERS)
import bench_items  # noqa: E402


def _end_with(thread_error):
    traceback.print_exception(thread_error.exc_value)
    sys.stderr.flush()
    os._exit(1)


# Nobody would ever hear of the items that it has not made.
threading.excepthook = _end_with


def parse_arguments(**defaults):
    """--NAME=VALUE for each of these, of the type of its default."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name, value in defaults.items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=type(value), default=value)
    return parser.parse_args()


def report(**figures):
    print(json.dumps(figures), flush=True)


def get_percentiles(prefix, values):
    values = sorted(values)
    return {f'{prefix}_{name}': values[round(share * (len(values) - 1))]
            for name, share in (('p50', 0.5), ('p99', 0.99), ('max', 1))}


class Consumer:
    """Counts items, looks at all of them or at the last one, and takes its time for each if it is told to."""

    def __init__(self, options):
        self.n_expected = options.items
        self.n = 0
        self.checksum = 0
        self.ended = 0
        self._checks_all = bool(options.check)
        self._busy = options.busy_us * 1000

    def take_all(self, items):
        """From an iterator, in a loop as a program has it."""
        n = 0
        item = None
        busy = self._busy
        if self._checks_all or busy:
            for item in items:
                n += 1
                if self._checks_all:
                    self.checksum += bench_items.weigh(item)
                if busy:
                    spin(busy)
        else:
            for item in items:
                n += 1
        self.ended = time.monotonic_ns()
        self.n = n
        if n and not self._checks_all:
            self.checksum = bench_items.weigh(item)

    async def take_all_async(self, items):
        n = 0
        item = None
        async for item in items:
            n += 1
            if self._checks_all:
                self.checksum += bench_items.weigh(item)
        self.ended = time.monotonic_ns()
        self.n = n
        if n and not self._checks_all:
            self.checksum = bench_items.weigh(item)

    def take(self, item):
        """One that came by itself. Whether it was the last."""
        self.n += 1
        if self._busy:
            spin(self._busy)
        is_last = self.n == self.n_expected
        if is_last:
            self.ended = time.monotonic_ns()
        if is_last or self._checks_all:
            self.checksum += bench_items.weigh(item)
        return is_last

    def report(self, began):
        report(items=self.n, checksum=self.checksum, seconds=(self.ended - began) / 1e9)


def spin(ns):
    clock = time.monotonic_ns
    until = clock() + ns
    while clock() < until:
        pass
