# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the contestants of a question: each in a process of its own, in turns."""

import dataclasses
import functools
import importlib.util
import json
import math
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys

from model import Failed, Missing

FOLDER = pathlib.Path(__file__).resolve().parent
WORKERS = FOLDER / 'workers'
sys.path.insert(0, str(WORKERS))
import bench_items  # noqa: E402

# A contestant that takes longer hangs.
TIMEOUT = 120


@dataclasses.dataclass(frozen=True)
class Mode:
    """How much is done: column is that of the sizes of contestants."""

    name: str
    column: int
    rounds: int
    # How long a contestant should be at it, in a round, in s. Nothing: it is given the least that there is.
    duration: float
    # Consumers look at every item, and not at the last one alone.
    checks_all: bool = False


FULL = Mode('full', 0, rounds=5, duration=0.2)
QUICK = Mode('quick', 1, rounds=2, duration=0.05)
SMOKE = Mode('smoke', 2, rounds=1, duration=0, checks_all=True)

REQUIREMENTS = {
    'gjs': ('there is no gjs', lambda: shutil.which('gjs') is not None),
    'valgrind': ('there is no valgrind', lambda: shutil.which('valgrind') is not None),
    'pygobject': ('there is no PyGObject for this Python', lambda: importlib.util.find_spec('gi') is not None),
    'interpreters': ('this Python has no concurrent.interpreters, which came with 3.14',
                     lambda: sys.version_info >= (3, 14)),
}


@functools.cache
def is_there(need):
    return REQUIREMENTS[need][1]()


@dataclasses.dataclass
class Entry:
    """A contestant of a case, and what came of it so far."""

    case: object
    contestant: object
    n_items: int | None = None
    skipped: str | None = None
    failed: str | None = None
    # A dict of figures a round.
    rounds: list = dataclasses.field(default_factory=list)
    results: list = dataclasses.field(default_factory=list)

    @property
    def is_in(self):
        return self.skipped is None and self.failed is None


class Runner:
    def __init__(self, mode, programs, show=lambda text: None):
        self._mode = mode
        self._programs = programs
        self._show = show
        paths = [str(WORKERS), *filter(None, [os.environ.get('PYTHONPATH')])]
        self._env = {**os.environ, 'BENCH_WORKERS': str(WORKERS), 'PYTHONPATH': os.pathsep.join(paths),
                     'PYTHONDONTWRITEBYTECODE': '1'}

    def ask(self, question):
        """The entries of a question's contestants."""
        mode = self._mode
        entries = [Entry(case, contestant) for case in question.cases for contestant in case.contestants
                   if mode.column == 0 or (case.quick if mode.column == 1 else case.smoke)]
        for entry in entries:
            missing = [need for need in entry.contestant.needs if not is_there(need)]
            if missing:
                entry.skipped = REQUIREMENTS[missing[0]][0]

        n_rounds = min(mode.rounds, question.max_rounds or mode.rounds)
        # The first round finds out how many items it takes. Nothing of it is kept.
        first = -1 if mode.duration and any(entry.contestant.rate for entry in entries) else 0
        for number in range(first, n_rounds):
            for entry in entries:
                if entry.is_in and (number >= 0 or entry.contestant.rate):
                    self._show(f'{question.name}: round {number + 1} of {n_rounds}: {entry.case.name}: '
                               f'{entry.contestant.name}')
                    self._take_turn(question, entry, number < 0)
        self._show('')
        return entries

    def _take_turn(self, question, entry, is_trial):
        contestant = entry.contestant
        try:
            if contestant.rate and not entry.n_items:
                entry.n_items = max(contestant.least, int(contestant.rate * self._mode.duration / 4))
            result = self._run(contestant, entry.n_items)
            figures = {figure.name: figure.of(result) for figure in question.figures}
            for figure in question.figures:
                value = figures[figure.name]
                # Also if it is no number.
                if not (math.isfinite(value) and (value > 0 or (value == 0 and figure.may_be_zero))):
                    raise Failed(f'it says that there were {value} {figure.unit}')
        except Failed as error:
            entry.failed = f'{question.name}: {entry.case.name}: {contestant.name}: {error}'
            return
        if is_trial:
            rate = result['items'] / result['seconds']
            entry.n_items = max(contestant.least, int(rate * self._mode.duration))
        else:
            entry.rounds.append(figures)
            entry.results.append(result)

    def get_command(self, contestant, n_items):
        arguments = dict(contestant.arguments)
        for name, sizes in contestant.sizes.items():
            arguments[name] = sizes[self._mode.column]
        if contestant.kind is not None:
            arguments['kind'] = contestant.kind
            arguments['check'] = int(self._mode.checks_all)
        if n_items is not None:
            arguments['items'] = n_items

        program = contestant.program
        if program.endswith('.py'):
            command = [sys.executable, str(FOLDER / 'programs' / program)]
        elif program.endswith('.js'):
            command = ['gjs', '-m', str(FOLDER / 'programs' / program)]
        else:
            command = [self._find_program(program)]
        # What one program runs of another kind.
        arguments = {name: self._find_program(value) if name == 'program' else value
                     for name, value in arguments.items()}
        return command + [f'--{name}={value}' for name, value in arguments.items()]

    def _find_program(self, name):
        if self._programs is None:
            raise Failed('it is a program in C, and where these are was not told: use `tools/dev bench`')
        path = pathlib.Path(self._programs) / f'bench-{name}'
        if not path.exists():
            raise Failed(f'there is no program bench-{name}')
        return str(path)

    def _run(self, contestant, n_items):
        command = self.get_command(contestant, n_items)
        env = self._env
        if contestant.without is not None:
            library = pathlib.Path(self._programs) / f'libwithout-{contestant.without}.so'
            if not library.exists():
                raise Failed(f'there is no library {library.name}')
            env = {**env, 'LD_PRELOAD': str(library)}
        # It may have processes of its own, which go with it.
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env=env, start_new_session=True) as process:
            try:
                output, errors = process.communicate(timeout=TIMEOUT)
            except BaseException as error:
                os.killpg(process.pid, signal.SIGKILL)
                if isinstance(error, subprocess.TimeoutExpired):
                    raise Failed(f'it was not done after {TIMEOUT} s') from None
                raise
        if process.returncode != 0:
            said = errors.strip().splitlines()
            raise Failed(f'it ended with {process.returncode}: {said[-1] if said else "and said nothing"}')
        try:
            result = json.loads(output)
        except ValueError:
            raise Failed(f'it printed no JSON but {output[-200:]!r}') from None
        self._check(contestant, result, n_items)
        return result

    def _check(self, contestant, result, n_items):
        if n_items is None and 'items' in contestant.sizes:
            n_items = contestant.sizes['items'][self._mode.column]
        if n_items is not None and result.get('items') != n_items:
            raise Failed(f'it delivered {result.get("items")} of {n_items} items')
        if contestant.kind is not None:
            expected = bench_items.checksum(contestant.kind, result['items'], self._mode.checks_all)
            if result.get('checksum') != expected:
                raise Failed(f'the checksum of its items is {result.get("checksum")}, not {expected}')
            if contestant.kind.startswith('bytes:'):
                result['bytes'] = result['items'] * int(contestant.kind[6:])


class Medians:
    """What the targets of a question are looked up in."""

    def __init__(self, question, entries):
        self._main = question.figures[0].name
        self._entries = {(entry.case.name, entry.contestant.name): entry for entry in entries}

    def _get(self, case, contestant, figure):
        entry = self._entries.get((case, contestant))
        if entry is None or not entry.is_in:
            raise Missing(f'{case}: {contestant}')
        return [figures[figure or self._main] for figures in entry.rounds]

    def __call__(self, case, contestant, figure=None):
        return statistics.median(self._get(case, contestant, figure))

    def ratio(self, of, to, figure=None):
        """Of two pairs of a case and a contestant, round by round. To nothing, none is known."""
        pairs = zip(self._get(*of, figure), self._get(*to, figure), strict=True)
        values = [a / b for a, b in pairs if b != 0]
        if not values:
            raise Missing(f'{to[0]}: {to[1]} is 0')
        return statistics.median(values)

    def difference(self, of, to, figure=None):
        pairs = zip(self._get(*of, figure), self._get(*to, figure), strict=True)
        return statistics.median(a - b for a, b in pairs)
