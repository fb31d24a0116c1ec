#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the libraries are linked to, and what of Python they use: some of it is never right here.

Usage: test-symbols.py LIBRARY RUNTIME-OR-ENGINE…
"""

import functools
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'bindings'))
import tap  # noqa: E402

LIBRARY, *RUNTIMES = sys.argv[1:]
ENGINES = [path for path in RUNTIMES if os.path.basename(path).startswith('engine-')]
[RUNTIME] = set(RUNTIMES) - set(ENGINES)


def get_symbols(path):
    lines = subprocess.run(['nm', '-D', '--undefined-only', path], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].partition('@')[0] for line in lines.splitlines()}


def get_needed(path):
    lines = subprocess.run(['readelf', '-d', path], capture_output=True, text=True, check=True).stdout
    return [line for line in lines.splitlines() if '(NEEDED)' in line]


def is_python(symbol):
    return symbol.startswith(('Py', '_Py'))


def check_no_python(path):
    assert not any(map(is_python, get_symbols(path)))
    check_no_libpython(path)


def check_no_libpython(path):
    assert not any('libpython' in line for line in get_needed(path)), get_needed(path)


def check_python(path):
    assert any(map(is_python, get_symbols(path)))


def check_refused(path, prefixes):
    refused = {symbol for symbol in get_symbols(path) if symbol.startswith(prefixes)}
    assert not refused, refused


def check_clocks(path):
    """What tells the time of day, and jumps."""
    refused = get_symbols(path) & {'g_get_real_time', 'gettimeofday', 'time', 'clock_gettime', 'g_date_time_new_now_utc',
                                   'g_date_time_new_now_local', 'g_get_current_time'}
    assert not refused, refused


def cases():
    yield 'the core knows no Python', functools.partial(check_no_python, LIBRARY)
    yield 'nor does the module that finds it', functools.partial(check_no_python, RUNTIME)
    for engine in ENGINES:
        name = os.path.basename(engine)
        yield f'{name} uses Python', functools.partial(check_python, engine)
        yield f'{name} does not name its library', functools.partial(check_no_libpython, engine)
        # They know one interpreter only.
        yield f'{name} does without PyGILState', functools.partial(check_refused, engine, ('PyGILState_',))
        # They end the process at SystemExit.
        yield f'{name} does not print exceptions', functools.partial(check_refused, engine, ('PyErr_Print', 'PyRun_'))
        # Its table is bounded and has been seen to leak.
        yield f'{name} makes no pending calls', functools.partial(check_refused, engine, ('Py_AddPendingCall',))
    for path in (LIBRARY, RUNTIME, *ENGINES):
        yield f'{os.path.basename(path)} tells time by the monotonic clock', functools.partial(check_clocks, path)


for tool in ('nm', 'readelf'):
    try:
        subprocess.run([tool, '--version'], capture_output=True)
    except OSError as error:
        tap.skip_all(f'{tool} of binutils is needed: {error}')
sys.exit(tap.run(cases()))
