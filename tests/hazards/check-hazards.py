#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every hazard names what shows it, and what it names exists.

A hazard is an item of a list, and the items of the list inside of it say how it is met:

    shown by: `TEST`, or `TEST / CASE`, …   which have to exist
    does not apply: a reason
    open: what is missing

TEST is a name as Meson knows it, with * for any part of it: then CASE is of one of those at least. CASE has to
be found in the sources of the test: a scenario of a table by its name, another as a string or as the name of a
function. Where there are tests for several versions of Python, one of them will do.

Usage: check-hazards.py HAZARDS SOURCE-ROOT BUILD-ROOT
"""

import fnmatch
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'bindings'))
import tap  # noqa: E402

HAZARDS, SOURCE_ROOT, BUILD_ROOT = sys.argv[1:]
KINDS = ('shown by', 'does not apply', 'open')


def load(name):
    with open(os.path.join(BUILD_ROOT, 'meson-info', name)) as file:
        return json.load(file)


def list_hazards():
    """Pairs of a line number, a hazard, and a list of pairs of a kind and a text."""
    hazards = []
    current = None
    with open(HAZARDS) as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if line.startswith('- '):
                current = [text[2:]]
                hazards.append((number, current))
            elif line.startswith('  - '):
                current = [text[2:]]
                hazards[-1] += (current,)
            elif line.startswith('  ') and text and current is not None:
                current.append(text)
            elif text:
                current = None
    for number, hazard, *answers in hazards:
        pairs = []
        for answer in answers:
            kind, colon, text = ' '.join(answer).partition(': ')
            assert colon and kind in KINDS, f'line {number}: {" ".join(answer)!r} is none of {KINDS}'
            pairs.append((kind, text))
        yield number, ' '.join(hazard), pairs


class Tests:
    def __init__(self):
        self.sources = {}
        targets = {}
        for target in load('intro-targets.json'):
            files = [name for part in target['target_sources'] for name in part.get('sources', [])]
            for name in target['filename']:
                targets[name] = files
        for test in load('intro-tests.json'):
            files = set()
            for argument in test['cmd']:
                path = os.path.normpath(os.path.join(BUILD_ROOT, argument))
                if path in targets:
                    files.update(targets[path])
                elif path.startswith(SOURCE_ROOT + os.sep) and os.path.isfile(path):
                    files.add(path)
            self.sources.setdefault(test['name'], set()).update(files)

    def find(self, pattern):
        return fnmatch.filter(self.sources, pattern) or fnmatch.filter(self.sources, f'{pattern}-3.*')

    def has_case(self, test, case):
        return any(self._is_in(path, case) for path in self.sources[test])

    @staticmethod
    def _is_in(path, case):
        with open(path, errors='replace') as file:
            text = file.read()
        if path.endswith('.json'):
            return case in (row['name'] for row in json.loads(text))
        names = [re.escape(case)]
        # A name of GLib's tests may be made of parts.
        if case.startswith('/'):
            names.append(re.escape(case.rpartition('/')[2]))
        strings = '|'.join(rf"'{name}'|\"{name}\"" for name in names)
        function = r'\bdef test_' + re.escape(re.sub(r'\W', '_', case)) + r'\b'
        return re.search(f'{strings}|{function}', text) is not None


def check(tests, answers):
    assert answers, 'nothing says how it is met'
    for kind, text in answers:
        if kind != 'shown by':
            assert len(text) > 10, f'{kind}: {text!r} is no reason'
            continue
        names = re.findall(r'`([^`]+)`', text)
        assert names, f'no test is named in {text!r}'
        for name in names:
            test, _, case = name.partition(' / ')
            found = tests.find(test)
            assert found, f'there is no test {test}'
            if case:
                assert any(tests.has_case(test, case) for test in found), f'there is no case {case!r} in {found}'


def cases():
    tests = Tests()
    n_open = 0
    for number, hazard, answers in list_hazards():
        yield f'line {number}, {hazard[:60].replace("#", "")}', lambda answers=answers: check(tests, answers)
        n_open += sum(kind == 'open' for kind, _ in answers)
        for kind, text in answers:
            if kind == 'open':
                print(f'# open: {text}')
    print(f'# {n_open} open')


sys.exit(tap.run(list(cases())))
