# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the models with spin: what is right has to hold, and each mistake made on purpose has to be found.

test-model.py [NAME…] checks all, or the cases whose names contain one of NAME. With SUBITER_TEST_THOROUGH set, the
larger ones too."""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / 'bindings'))
sys.dont_write_bytecode = True

import tap  # noqa: E402

from cases import models  # noqa: E402

spin = shutil.which('spin')
compiler = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')
is_thorough = bool(os.environ.get('SUBITER_TEST_THOROUGH'))


class Result:
    """What the verifier said of one model with one set of switches."""

    def __init__(self, model, switches, optimise, liveness=False):
        self.command = ' '.join(['spin -a', *switches, f'{model}.pml'])
        with tempfile.TemporaryDirectory(prefix='model-', dir=os.environ.get('SUBITER_TEST_BUILD_DIR')) as folder:
            self.run(['spin', '-a', *switches, here / f'{model}.pml'], folder, spin)
            safety = ['-DNP'] if liveness else ['-DSAFETY']
            self.tables = read_tables(pathlib.Path(folder))
            self.run([compiler, '-w', '-O2' if optimise else '-O0', *safety, '-DNOCLAIM', '-DVECTORSZ=1024',
                      *(['-DCOLLAPSE'] if optimise else []), '-DMEMLIM=3000', '-o', 'pan', 'pan.c'], folder)
            self.output = self.run(['./pan', '-m500000', '-w20', *(['-l'] if liveness else [])], folder)
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


def holds(model, switches, reached):
    result = Result(model, switches, is_thorough, liveness='-DLIVENESS' in switches)
    print(f'# {result.n_states} states')
    if result.errors:
        raise AssertionError(f'{result.command}: {result.what}')
    if reached is not None:
        for name, places in result.never_reached().items():
            reached[name] = reached[name] & places if name in reached else places


def is_found(model, switches):
    result = Result(model, switches, False, liveness='-DLIVENESS' in switches)
    if not result.errors:
        raise AssertionError(f'{result.command}: the mistake was not found in {result.n_states} states')
    print(f'# {result.what.removeprefix("pan:1: ")}')


def all_is_reached(reached, known):
    """A model that never gets somewhere proves nothing about it. known is what no case can come to; the end of a
    process that goes on for ever is not reached either."""
    missed = [f'{file}:{number} in {name}: {statement}'
              for name, places in sorted(reached.items()) for file, number, statement in sorted(places)
              if statement != '-end-' and statement not in known.get(name, [])]
    if missed:
        raise AssertionError('in no case reached:\n' + '\n'.join(missed))


def cases():
    for model, table in models.items():
        reached = {}
        usual = table['holds']
        rare = table['thorough'] if is_thorough else {}
        for name, switches in {**usual, **rare}.items():
            yield (f'{model}: {name}',
                   lambda model=model, switches=switches, reached=reached: holds(model, switches.split(), reached))
        yield f'{model}: every step is reached', \
            lambda reached=reached, known=table['unreached']: all_is_reached(reached, known)
        for name, switches in table['needless'].items():
            yield (f'{model}: holds as well with {name}',
                   lambda model=model, switches=switches: holds(model, switches.split(), None))
        for name, switches in table['mistakes'].items():
            yield f'{model}: finds {name}', lambda model=model, switches=switches: is_found(model, switches.split())


if __name__ == '__main__':
    if spin is None:
        tap.skip_all('there is no spin')
    if compiler is None:
        tap.skip_all('there is no C compiler')
    wanted = sys.argv[1:]
    sys.exit(tap.run([(name, case) for name, case in cases() if not wanted or any(word in name for word in wanted)]))
