# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table for Python: what a scenario wants, against what was seen of it. Nothing here knows Subiter."""

import fnmatch
import hashlib
import json
import os
import sys

from gi.repository import GLib

PATIENCE = 120  # s: when to believe that nothing more will happen


def normalise(text):
    return GLib.Variant.parse(None, text, None, None).print_(True)


class Record:
    """What is seen of a scenario; every other attribute is the driver's."""

    def __init__(self, scenario):
        self.scenario = scenario
        wanted = scenario.get('end', 'finished')
        self.wanted_ends = [wanted] if isinstance(wanted, str) else wanted
        self.trouble, self.items, self.ends, self.log = [], [], [], []
        self.checksum = hashlib.sha256()
        self.stdout = self.stderr = ''
        self.code = self.message = self.exception = self.traceback = self.notes = self.causes = self.progress = None

    def add_item(self, item):
        """By type and serialised form where the table has a checksum, else as text."""
        if 'sha256' in self.scenario:
            self.items.append(None)
            self.checksum.update(item.get_type_string().encode() + b'\0')
            self.checksum.update(item.get_data_as_bytes().get_data() or b'')
        else:
            self.items.append(item.print_(True))

    def check_items(self):
        scenario = self.scenario
        if scenario.get('any-items'):
            return
        if 'sha256' in scenario:
            if len(self.items) != scenario['count'] or self.checksum.hexdigest() != scenario['sha256']:
                self.trouble.append(f'{len(self.items)} items with checksum {self.checksum.hexdigest()}')
            return
        if 'range' in scenario:
            wanted = [f'int64 {i}' for i in range(scenario['range'])]
        else:
            wanted = [normalise(text) for text in scenario['items']]
        if len(self.items) != len(wanted):
            self.trouble.append(f'{len(self.items)} items, not {len(wanted)}')
        for i, (item, wanted_item) in enumerate(zip(self.items, wanted)):
            if item != wanted_item:
                self.trouble.append(f'item {i} is {item}, not {wanted_item}')
                break

    def check_parts(self, name, text, ordered=False):
        start = 0
        for part in self.scenario.get(name, []):
            found = text.find(part, start) if text is not None else -1
            if found < 0:
                self.trouble.append(f'{name} lacks {part!r}: {text!r}')
            elif ordered:
                start = found + len(part)

    def check_output(self, name, text):
        scenario = self.scenario
        if f'{name}-has' in scenario:
            self.check_parts(f'{name}-has', text)
        elif f'{name}-sha256' in scenario:
            if hashlib.sha256(text.encode()).hexdigest() != scenario[f'{name}-sha256']:
                self.trouble.append(f'{name} of {len(text)} characters has another checksum')
        elif text != scenario.get(name, '') and not scenario.get('any-output'):
            self.trouble.append(f'{name} is {text!r}, not {scenario.get(name, "")!r}')

    def check_same(self, what, value, wanted):
        if value != wanted:
            self.trouble.append(f'{what} is {value!r}, not {wanted!r}')

    def check(self):
        scenario = self.scenario
        self.check_items()
        self.check_same('end', self.ends, self.wanted_ends)
        self.check_same('log', self.log, scenario.get('log', []))
        self.check_output('stdout', self.stdout)
        self.check_output('stderr', self.stderr)
        self.check_parts('message', self.message)
        self.check_parts('traceback', self.traceback, ordered=True)
        for key, value in (('error', self.code), ('exception', self.exception), ('notes', self.notes),
                           ('causes', self.causes), ('progress', self.progress)):
            if key in scenario:
                self.check_same(key, value, scenario[key])
        if 'refused' in scenario:
            self.trouble.append('the callable was taken, not refused')

    def check_refused(self):
        self.check_same('code', self.code, self.scenario.get('refused', 'taken'))
        self.check_parts('message', self.message)


class Scenario(Record):
    """One under way: takes its steps, and ends after the last of them.

    A driver makes the source, and has begin (), pull () and close ().
    """

    def __init__(self, scenario):
        super().__init__(scenario)
        self.mode = scenario.get('mode', 'push')
        self.steps = list(scenario.get('steps', []))
        self.grants = scenario.get('grants', 0)
        self.source = None
        self.due = self.first_item = self.pulls = self.closes = 0
        self.armed = self.is_time = self.holds = self.quiet = self.closing = False
        self.loop = GLib.MainLoop()

    def take_item(self, item):
        if self.due == 0:
            self.trouble.append(f'item {len(self.items)} came after the end')
        if self.quiet:
            self.trouble.append(f'item {len(self.items)} came after stop or pause')
        self.add_item(item)

    def add_end(self, name, state, wanted_state):
        if self.due == 0:
            self.trouble.append(f'there is another end: {name}')
        else:
            self.due -= 1
        if wanted_state in (None, state):
            self.ends.append(name)
        else:
            self.ends.append(state if state == 'stopped' else f'{name}:{state}')
        self.advance()

    def act(self, action):
        name, _, argument = action.partition(' ')
        if action in ('stop', 'pause', 'resume'):
            self.quiet = action != 'resume'
            getattr(self.source, action)()
        elif action == 'start':
            self.begin()
        elif action == 'close':
            self.quiet = True
            self.close()
        elif action in ('hold', 'go on'):
            self.holds = action == 'hold'
            if not self.holds:
                self.pull()
        elif name == 'timeout':
            self.source.props.timeout = int(argument)
        elif name == 'no-output':
            if argument in self.stdout:
                self.trouble.append(f'there is {action} already')
        else:
            raise ValueError(action)

    def on_time(self):
        self.is_time = True
        self.advance()
        return GLib.SOURCE_REMOVE

    def is_due(self, when):
        name, _, argument = when.partition(' ')
        if name == 'now':
            return True
        if name == 'item':
            return len(self.items) >= int(argument)
        if name == 'end':
            return len(self.ends) >= int(argument) and self.pulls == 0
        if name == 'output':
            return argument in self.stdout
        if name == 'progress':
            return self.source.props.progress >= float(argument)
        if not self.armed:
            if name == 'idle':
                GLib.idle_add(self.on_time, priority=GLib.PRIORITY_LOW)
            else:
                GLib.timeout_add(int(argument), self.on_time)
        self.armed = True
        return self.is_time

    def advance(self):
        while self.steps:
            when, action = self.steps[0]
            if not self.is_due(when):
                return
            self.armed = self.is_time = False
            del self.steps[0]
            self.act(action)
        if len(self.ends) < len(self.wanted_ends) or self.pulls > 0:
            return
        if not self.closing:
            self.closing = True
            self.close()
        elif self.closes == 0:
            self.loop.quit()

    def on_patience(self):
        self.trouble.append(f'nothing more has happened for {PATIENCE} s')
        self.loop.quit()
        return GLib.SOURCE_CONTINUE


def run_table(run, path, *patterns):
    """Run the scenarios whose names match, or all; run (scenario, folder) makes a Record of one."""
    with open(path, encoding='utf-8') as file:
        table = json.load(file)
    folder = os.path.join(os.path.dirname(os.path.abspath(path)), 'modules')
    passed, number = True, 0
    for scenario in table:
        name = scenario['name']
        if patterns and not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            continue
        number += 1
        if scenario.get('needs', '') == os.environ.get('SUBITER_TEST_WITHOUT'):
            print(f'ok {number} - {name} # SKIP there is no {scenario["needs"]}')
            continue
        trouble = run(scenario, folder).trouble
        print(f'{"not " if trouble else ""}ok {number} - {name}')
        for line in '\n'.join(trouble).splitlines():
            print(f'# {line}')
        sys.stdout.flush()
        passed = passed and not trouble
    print(f'1..{number}')
    return 0 if passed else 1
