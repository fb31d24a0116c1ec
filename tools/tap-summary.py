#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts every test case of `tools/dev test`, and names each that failed or was skipped.

The argument is a file with one line a step: its name, what kind of result it left, its exit status, and
the file with the result or a reason, separated by tabs. Kinds are `meson` (a testlog.json), `tap` (what a
TAP producer printed), `broken` (the step could not run) and `skipped`.
"""

import json
import re
import signal
import sys

PLAN = re.compile(r'1\.\.(\d+)\s*(?:#\s*(?:skip\S*)?\s*(.*))?$', re.IGNORECASE)
CASE = re.compile(r'(not )?ok\b\s*\d*\s*(?:-\s+)?(.*?)\s*(?:(?<!\\)#\s*(skip|todo)\S*\s*(.*))?$', re.IGNORECASE)
BAIL = re.compile(r'Bail out!\s*(.*)')


class Count:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f'{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped'


def how_it_ended(status):
    if status < 0:
        try:
            return f'was killed by {signal.Signals(-status).name}'
        except ValueError:
            return f'was killed by signal {-status}'
    return f'ended with exit status {status}'


def is_tap(text):
    return any(PLAN.match(line) or CASE.match(line) for line in text.splitlines())


def count_tap(text, where, trouble):
    """`trouble` says in words how the producer itself went wrong, or is empty."""
    count, planned, seen, bail = Count(), None, 0, None
    for line in text.splitlines():
        if match := PLAN.match(line):
            planned = int(match[1])
            if planned == 0:
                count.skipped.append(f'{where}: {match[2] or "no cases"}')
        elif match := CASE.match(line):
            seen += 1
            bad, name, directive, reason = match.groups()
            name = f'{where}: {name or seen}'
            if directive and directive.lower() == 'skip':
                count.skipped.append(f'{name}: {reason or "no reason given"}')
            elif directive and bad:
                count.skipped.append(f'{name}: to do: {reason}')
            elif bad:
                count.failed.append(name)
            else:
                count.passed += 1
        elif match := BAIL.match(line):
            bail = f'bailed out: {match[1]}' if match[1] else 'bailed out'

    if bail:
        trouble = f'{bail}; {trouble}' if trouble else bail
    if planned is None or planned != seen:
        plan = 'printed no plan' if planned is None else f'ran {seen} of {planned} cases'
        trouble = f'{plan}; {trouble}' if trouble else plan
        count.failed.append(f'{where}: {trouble}')
    elif trouble and not count.failed:
        count.failed.append(f'{where}: {trouble}')
    return count


def count_meson(path, status):
    count = Count()
    try:
        with open(path, encoding='utf-8', errors='replace') as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        tests = []
    for test in tests:
        name, result, output = test['name'], test['result'], test.get('stdout') or ''
        ended = how_it_ended(test['returncode'])
        trouble = '' if result in ('OK', 'SKIP', 'EXPECTEDFAIL') else f'{result}, {ended}'
        if is_tap(output):
            count.add(count_tap(output, name, trouble))
        elif trouble:
            count.failed.append(f'{name}: {trouble}')
        elif result == 'SKIP':
            last = output.strip().splitlines()[-1:] or [ended]
            count.skipped.append(f'{name}: {last[0]}')
        else:
            count.passed += 1
    if not tests:
        count.failed.append('ran no test')
    elif status and not count.failed:
        count.failed.append(f'meson test {how_it_ended(status)}')
    return count


def count_step(kind, status, text):
    if kind == 'meson':
        return count_meson(text, status)
    if kind == 'tap':
        with open(text, encoding='utf-8', errors='replace') as output:
            return count_tap(output.read(), 'cases', how_it_ended(status) if status else '')
    count = Count()
    (count.skipped if kind == 'skipped' else count.failed).append(text)
    return count


def main(steps):
    total = Count()
    lines = []
    with open(steps, encoding='utf-8') as file:
        for line in file:
            step, kind, status, text = line.rstrip('\n').split('\t', 3)
            count = count_step(kind, int(status), text)
            lines.append(f'{step:12}{count}')
            count.failed = [f'{step}: {case}' for case in count.failed]
            count.skipped = [f'{step}: {case}' for case in count.skipped]
            total.add(count)
    for word, cases in (('SKIPPED', total.skipped), ('FAILED', total.failed)):
        for case in cases:
            print(f'{word} {case}')
    print(*lines, sep='\n')
    print(total, flush=True)
    return 0 if total.passed and not total.failed else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
