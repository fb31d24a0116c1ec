# SPDX-License-Identifier: LGPL-2.1-or-later
# A million items in Python; run as `python3 -c`, where there is no file of the program.
import sys

try:
    import gi
except ImportError as error:
    print(f'1..0 # SKIP there is no PyGObject for this Python: {error}')
    sys.exit(0)

gi.require_version('Subiter', '1')

from gi.repository import GLib, Subiter  # noqa: E402

N_ITEMS = 1000000
items, ends = [], []
loop = GLib.MainLoop()


def on_finished(source):
    ends.append('finished')
    # Whatever comes too often comes before this is done.
    source.close_async(None, lambda source, result: loop.quit())


source = Subiter.Source.new_for_entry_point('builtins:range', GLib.Variant('(i)', (N_ITEMS,)))
source.connect('item', lambda source, item: items.append(item.get_int64()))
source.connect('finished', on_finished)
source.connect('failed', lambda source, error: sys.exit(error.message))
source.start()
loop.run()

in_order = items == list(range(N_ITEMS))
print('1..2')
print(f'{"" if in_order else "not "}ok 1 - all of {N_ITEMS} items in order')
print(f'{"" if ends == ["finished"] else "not "}ok 2 - finished once')
sys.exit(0 if in_order and ends == ['finished'] else 1)
