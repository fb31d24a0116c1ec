# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the programs in Python share that use Subiter."""

import sys

import gi
from common import WORKERS

gi.require_version('Subiter', '1')
from gi.repository import GLib, Subiter  # noqa: E402


def make_source(interpreter, entry_point, *args, buffer_size=64):
    source = Subiter.Source(callable=Subiter.Callable.new_for_entry_point(entry_point).bind(args, None),
                            interpreter=interpreter, buffer_size=buffer_size)
    source.set_python_path([WORKERS])
    source.connect('failed', lambda source, error: sys.exit(error.message))
    return source


def make_items(interpreter, options):
    if options.produce_us:
        args = 'bench_items:slow', options.kind, options.items, options.produce_us
    elif options.kind == 'int':
        args = 'builtins:range', options.items
    else:
        args = 'bench_items:make', options.kind, options.items
    return make_source(interpreter, *args, buffer_size=options.buffer_size)


def warm_up(interpreter):
    """The interpreter is there, and has imported what there is to import."""
    source = make_source(interpreter, 'bench_items:make', 'int', 2)
    assert list(source) == [0, 1]
    return source


def close(*sources):
    loop = GLib.MainLoop()
    for source in sources:
        source.close_async(None, lambda source, result: loop.quit())
        loop.run()
