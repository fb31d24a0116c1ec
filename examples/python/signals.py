# SPDX-License-Identifier: LGPL-2.1-or-later
"""Count lines while a main loop runs, which could be that of a window. Usage: signals.py FOLDER"""

import sys

import gi

gi.require_version("Subiter", "1")
from gi.repository import GLib, Subiter


def on_item(source, item):
    name, n_lines = Subiter.unpack(item)
    print(f"{n_lines:4} {name}")


def on_finished(source):
    print(f"{source.get_n_items()} files")
    loop.quit()


def on_failed(source, error):
    print(source.props.failure or error.message, file=sys.stderr)
    loop.quit()


loop = GLib.MainLoop()
source = Subiter.Source.new_for_entry_point("lines:count", (sys.argv[1],))
source.set_python_path(sys.path)
source.connect("item", on_item)
source.connect("finished", on_finished)
source.connect("failed", on_failed)
source.start()
loop.run()
sys.exit(source.get_state() != Subiter.State.FINISHED)
