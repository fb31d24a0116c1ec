#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Long runs: what may only show after thousands of interpreters or millions of items.

Each claim has a line of the table with what was measured for it. What Subiter's programs show is compared with what
a program shows that makes the same interpreters by CPython's own calls, run right beside them: growth that both have
is CPython's.
"""

import argparse
import os
import subprocess
import sys
import time

# How much more each may grow per cycle than the bare loop's does, in KiB. The resident set goes by steps of a thread's
# stack or an arena, which weigh much in the few cycles of the short run: there, it only shows what loses a part of an
# interpreter (2400 KiB). The heap shows every object that is lost.
MARGINS = {'resident set': 2.0, 'heap in use': 0.25}
QUICK_MARGINS = {'resident set': 200.0, 'heap in use': 2.0}


class Report:
    def __init__(self, tap, n_claims):
        self.tap = tap
        self.n = 0
        self.n_failed = 0
        if tap:
            print(f'TAP version 14\n1..{n_claims}', flush=True)

    def figure(self, text):
        print(f'# {text}' if self.tap else f'    {text}', flush=True)

    def claim(self, name, holds):
        self.n += 1
        self.n_failed += not holds
        if self.tap:
            print(f'{"ok" if holds else "not ok"} {self.n} {name}', flush=True)
        else:
            print(f'{"pass" if holds else "FAIL"}  {name}', flush=True)


class Result:
    """What a program printed, and how it ended."""

    def __init__(self, command, env=None):
        program = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False,
                                 env={**os.environ, **(env or {})})
        self.ok = program.returncode == 0
        self.rss = []
        self.heap = []
        self.figures = {}
        for line in program.stdout.splitlines():
            words = line.split()
            if words[0] == 'memory':
                self.rss.append(int(words[1]))
                self.heap.append(int(words[2]))
            elif words[0] == 'figure':
                self.figures[words[1]] = float(words[2])

    @staticmethod
    def growth(sizes):
        """KiB per cycle from the lowest of the second third to that of the last: what was lost shows there, and
        what the allocator keeps for a while does not."""
        third = len(sizes) // 3
        if third == 0:
            return float('nan')
        return (min(sizes[2 * third:]) - min(sizes[third:2 * third])) / third

    def get(self, name):
        return self.figures.get(name, float('nan'))


def soak_cycles(report, args):
    n, warm_up = (60, 20) if args.quick else (args.n_cycles, 100)
    env = {'GOBJECT_DEBUG': 'instance-count'}
    bare = Result([args.bare, n, warm_up])
    ours = Result([args.cycles, n, warm_up], env)

    report.figure(f'{n} cycles after {warm_up}: {ours.get("ms-per-cycle"):.1f} ms each, '
                  f'bare {bare.get("ms-per-cycle"):.1f} ms')
    holds = True
    for name, sizes, bare_sizes in ('resident set', ours.rss, bare.rss), ('heap in use', ours.heap, bare.heap):
        margin = (QUICK_MARGINS if args.quick else MARGINS)[name]
        growth, bare_growth = Result.growth(sizes), Result.growth(bare_sizes)
        # Not so either if there is no number.
        holds = holds and growth <= bare_growth + margin
        if sizes and bare_sizes:
            report.figure(f'{name}: {sizes[0]} to {sizes[-1]} KiB, bare {bare_sizes[0]} to {bare_sizes[-1]} KiB; '
                          f'per cycle {growth:.3f} KiB, bare {bare_growth:.3f} KiB, margin {margin} KiB')
    instances = f'{ours.get("instances"):.0f}' if 'instances' in ours.figures else 'no count from this GLib of'
    report.figure(f'after each: {ours.get("files"):.0f} open files, {ours.get("threads"):.0f} threads, no source or '
                  f'interpreter, {instances} instances of GIO')
    report.claim('cycles: files, threads and objects are the same after each', ours.ok and bare.ok)
    report.claim('cycles: memory grows no more than that of the bare loop', holds)


def soak_at_once(report, args):
    n, n_items = (16, 1000) if args.quick else (64, 20000)
    bare = Result([args.bare, 'at-once', n])
    ours = Result([args.at_once, n, n_items])

    report.figure(f'{n} interpreters: {ours.get("ms-per-interpreter"):.1f} ms each to the first item, '
                  f'bare {bare.get("ms-per-interpreter"):.1f} ms; {ours.get("ms-per-close"):.1f} ms to close')
    report.figure(f'{ours.get("kib-per-interpreter"):.0f} KiB each, bare {bare.get("kib-per-interpreter"):.0f} KiB; '
                  f'{ours.get("items-per-s"):.0f} items/s together')
    report.claim(f'at once: every item of {n} interpreters, and all of them closed', ours.ok and bare.ok)


def soak_items(report, args):
    n = 200_000 if args.quick else args.n_items
    for how in 'callback', 'next':
        result = Result([args.items, how, n])
        report.figure(f'{n} items by {how}: {result.get("items-per-s"):.0f} items/s, '
                      f'{result.get("rss-mib"):.0f} MiB at the end')
        report.claim(f'items: {n} by {how}, each as it was made, with the same checksum', result.ok)


def soak_lives(report, args):
    """Random lives for a while, with another seed each time. The seed of one that fails is on its output."""
    deadline = time.monotonic() + args.minutes * 60
    n = 0
    while time.monotonic() < deadline:
        program = subprocess.run([args.lives], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        n += 1
        if program.returncode != 0:
            print(program.stdout, file=sys.stderr)
            report.claim(f'lives: run {n} failed', False)
            return
    report.figure(f'{n} runs in {args.minutes} minutes')
    report.claim('lives: nothing hung, nothing was lost', True)


def main():
    parser = argparse.ArgumentParser(description='Long runs of Subiter, beside those of bare interpreters')
    parser.add_argument('--quick', action='store_true', help='a short variant, as in the tests')
    parser.add_argument('--minutes', type=float, default=0, help='how long to live random lives as well')
    parser.add_argument('--n-cycles', type=int, default=2000, metavar='N')
    parser.add_argument('--n-items', type=int, default=10_000_000, metavar='N')
    parser.add_argument('--only', choices=['cycles', 'at-once', 'items', 'lives'], help='one part')
    parser.add_argument('--tap', action='store_true', help=argparse.SUPPRESS)
    for program in 'bare', 'cycles', 'at-once', 'items', 'lives':
        parser.add_argument(f'--{program}', help=argparse.SUPPRESS)
    args = parser.parse_args()

    parts = {'cycles': (soak_cycles, 2), 'at-once': (soak_at_once, 1), 'items': (soak_items, 2)}
    if args.minutes > 0:
        parts['lives'] = (soak_lives, 1)
    if args.only:
        parts = {name: part for name, part in parts.items() if name == args.only}
    report = Report(args.tap, sum(n for _, n in parts.values()))
    for part, _ in parts.values():
        part(report, args)
    return 1 if report.n_failed else 0


if __name__ == '__main__':
    sys.exit(main())
