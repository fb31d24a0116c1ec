# SPDX-License-Identifier: LGPL-2.1-or-later
"""TAP for the tests of the bindings: each function named test_… of a module is a case."""

import concurrent.futures
import sys
import traceback


class Skip(Exception):
    """What a case raises that cannot be run here; the text says why."""


def one_line(text):
    return ' '.join(str(text).split()) or 'no reason given'


def _run_case(case):
    """What there is to say of a case, and what there is to add to that."""
    try:
        case()
    except Skip as skip:
        return 'ok', f' # SKIP {one_line(skip)}', []
    except BaseException:
        return 'not ok', '', traceback.format_exc().splitlines()
    return 'ok', '', []


def run(cases, jobs=1):
    """cases are pairs of a name and a function that raises if something is wrong; jobs of them run at once."""
    failed = 0
    cases = list(cases)
    print(f'1..{len(cases)}', flush=True)
    if jobs > 1:
        pool = concurrent.futures.ThreadPoolExecutor(jobs)
        results = pool.map(_run_case, [case for _, case in cases])
    else:
        results = (_run_case(case) for _, case in cases)
    for number, ((name, _), (status, directive, lines)) in enumerate(zip(cases, results), 1):
        failed += status == 'not ok'
        print(f'{status} {number} - {name}{directive}', *[f'# {line}' for line in lines], sep='\n', flush=True)
    return 1 if failed else 0


def main(module):
    """Run the module's test functions, or those that are named as arguments, and end the program."""
    names = sys.argv[1:] or [name for name in vars(module) if name.startswith('test_')]
    sys.exit(run((name.removeprefix('test_').replace('_', ' '), getattr(module, name)) for name in names))


def skip_all(reason):
    print(f'1..0 # SKIP {one_line(reason)}')
    sys.exit(0)


def require_subiter():
    """Subiter and GLib, or the end of the program where there is no PyGObject."""
    try:
        import gi
    except ImportError as error:
        skip_all(f'there is no PyGObject for this Python: {error}')
    gi.require_version('Subiter', '1')
    from gi.repository import GLib, Subiter
    GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR | GLib.LogLevelFlags.LEVEL_CRITICAL
                              | GLib.LogLevelFlags.LEVEL_WARNING)
    return GLib, Subiter
