# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the models with spin: what is right has to hold, and each mistake made on purpose has to be found.

test-model.py [NAME…] checks all, or the cases whose names contain one of NAME. With SUBITER_TEST_THOROUGH set, the
larger ones too."""

import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / 'bindings'))
sys.dont_write_bytecode = True

import tap  # noqa: E402

from cases import models  # noqa: E402

spin = shutil.which('spin')
# Most of the time goes to compiling verifiers that run for a moment: clang takes half as long over that as gcc.
compiler = shutil.which('clang') or shutil.which('cc') or shutil.which('gcc')
is_thorough = bool(os.environ.get('SUBITER_TEST_THOROUGH'))
# How much memory a verifier may take, in MiB.
memory_limit = 3000


def count_workers():
    """How many verifiers may run at a time: one a processor, and the larger ones only as far as memory goes."""
    n = os.cpu_count() or 1
    if is_thorough:
        n = min(n, os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') // (memory_limit * 1024 * 1024))
    return max(n, 1)


class Result:
    """What the verifier said of one model with one set of switches."""

    def __init__(self, model, switches, optimise, liveness=False):
        self.command = ' '.join(['spin -a', *switches, f'{model}.pml'])
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix='model-', dir=os.environ.get('SUBITER_TEST_BUILD_DIR')) as folder:
            self.run(['spin', '-a', *switches, here / f'{model}.pml'], folder, spin)
            safety = ['-DNP'] if liveness else ['-DSAFETY']
            self.tables = read_tables(pathlib.Path(folder))
            self.run([compiler, '-w', '-O2' if optimise else '-O0', *safety, '-DNOCLAIM', '-DVECTORSZ=1024',
                      *(['-DCOLLAPSE'] if optimise else []), f'-DMEMLIM={memory_limit}', '-o', 'pan', 'pan.c'], folder)
            self.output = self.run(['./pan', '-m500000', '-w20', *(['-l'] if liveness else [])], folder)
        self.duration = time.monotonic() - began
        match = re.search(r'errors: (\d+)', self.output)
        if match is None or 'max search depth too small' in self.output or 'out of memory' in self.output:
            raise AssertionError(f'the verifier did not get to its end:\n{self.output}')
        self.errors = int(match[1])
        self.n_states = int(re.search(r'(\d+) states, stored', self.output)[1])
        self.what = next((line for line in self.output.splitlines() if line.startswith('pan:1:')), '')

    def run(self, command, folder, executable=None):
        done = subprocess.run(command, cwd=folder, executable=executable, text=True, encoding='utf-8',
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(f'{command[0]} failed:\n{done.stdout}')
        return done.stdout

    def never_reached(self):
        """Per process: the places, as file:line and statement, that no run comes to. An inline is there once for each
        time it is used: it is enough if one of them is reached."""
        statements, lines = self.tables
        missed = {}
        name = None
        for line in self.output.splitlines():
            if match := re.match(r'unreached in (?:proctype )?(\S+)', line):
                name = match[1]
                missed[name] = collections.Counter()
            elif name and (match := re.match(r'\t(\S+):(\d+), state (\d+), "(.*)"', line)):
                if match[4] in statements[name][int(match[3])]:
                    missed[name][pathlib.Path(match[1]).name, int(match[2]), match[4]] += 1
        return {name: {place for place, count in places.items()
                       if count >= sum(lines[name][state] == place[1] and place[2] in found
                                       for state, found in statements[name].items())}
                for name, places in missed.items()}


def read_tables(folder):
    """The statements and the line of each state of each process, as the verifier's source has them."""
    statements = collections.defaultdict(lambda: collections.defaultdict(set))
    names = {}
    lines = {}
    process = state = None
    for line in (folder / 'pan.t').read_text(encoding='utf-8').splitlines():
        if match := re.match(r'\s*/\* proctype (\d+): (\S+) \*/', line):
            process = names[match[1]] = match[2]
        if match := re.search(r'trans\[ *\d+\]\[(\d+)\]', line):
            state = int(match[1])
        if match := re.search(r'settr\(.*?,"(.*)", *\d', line):
            statements[process][state].add(match[1])
    source = (folder / 'pan.c').read_text(encoding='utf-8')
    for number, text in re.findall(r'short src_ln(\d+) \[\] = \{([^}]*)\}', source):
        if number in names:
            lines[names[number]] = [int(value) for value in text.split(',') if value.strip()]
    return statements, lines


def holds(result, reached):
    print(f'# {result.n_states} states, {result.duration:.1f} s')
    if result.errors:
        raise AssertionError(f'{result.command}: {result.what}')
    if reached is not None:
        for name, places in result.never_reached().items():
            reached[name] = reached[name] & places if name in reached else places


def is_found(result):
    if not result.errors:
        raise AssertionError(f'{result.command}: the mistake was not found in {result.n_states} states')
    print(f'# {result.what.removeprefix("pan:1: ")}, {result.duration:.1f} s')


def all_is_reached(reached, known):
    """A model that never gets somewhere proves nothing about it. known is what no case can come to; the end of a
    process that goes on for ever is not reached either."""
    missed = [f'{file}:{number} in {name}: {statement}'
              for name, places in sorted(reached.items()) for file, number, statement in sorted(places)
              if statement != '-end-' and statement not in known.get(name, [])]
    if missed:
        raise AssertionError('in no case reached:\n' + '\n'.join(missed))


def cases(wanted, pool):
    """Pairs of a name and a function that raises, as tap.run () wants them. The verifiers are at work meanwhile, and
    are waited for in the order of the cases."""
    def is_wanted(name):
        return not wanted or any(word in name for word in wanted)

    def verify(model, switches, optimise=False):
        switches = switches.split()
        return pool.submit(Result, model, switches, optimise, liveness='-DLIVENESS' in switches)

    for model, table in models.items():
        reached = {}
        for name, switches in {**table['holds'], **(table['thorough'] if is_thorough else {})}.items():
            name, is_large = f'{model}: {name}', name in table['thorough']
            if is_wanted(name):
                future = verify(model, switches, is_large)
                yield name, lambda future=future, reached=reached: holds(future.result(), reached)
        name = f'{model}: every step is reached'
        if is_wanted(name):
            yield name, lambda reached=reached, known=table['unreached']: all_is_reached(reached, known)
        for name, switches in table['needless'].items():
            name = f'{model}: holds as well with {name}'
            if is_wanted(name):
                yield name, lambda future=verify(model, switches): holds(future.result(), None)
        for name, switches in table['mistakes'].items():
            name = f'{model}: finds {name}'
            if is_wanted(name):
                yield name, lambda future=verify(model, switches): is_found(future.result())


if __name__ == '__main__':
    if spin is None:
        tap.skip_all('there is no spin')
    if compiler is None:
        tap.skip_all('there is no C compiler')
    with concurrent.futures.ThreadPoolExecutor(count_workers()) as workers:
        code = tap.run(cases(sys.argv[1:], workers))
    sys.exit(code)
