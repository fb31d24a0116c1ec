#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Handlers of item and items in Python, which the extension module of the override calls: they are as those that
PyGObject calls are."""

import gc
import sys
import textwrap
import weakref

import tap

GLib, Subiter = tap.require_subiter()

from gi.repository import GObject  # noqa: E402
from gi.overrides import _subiter  # noqa: E402


def make_source(code, **properties):
    return Subiter.Source(callable=Subiter.Callable.new_for_source_code(textwrap.dedent(code), 'items'), **properties)


def make_source_of(expression, **properties):
    return make_source(f'def items():\n    yield from {expression}\n', **properties)


def raises(exception, function, *args):
    try:
        function(*args)
    except exception as error:
        assert type(error) is exception, repr(error)
        return str(error)
    raise AssertionError(f'{exception.__name__} was not raised')


def deliver(source):
    """Runs a main loop until a source has ended."""
    loop = GLib.MainLoop()
    handlers = [source.connect(name, lambda *ignored: loop.quit()) for name in ('finished', 'failed')]
    source.start()
    loop.run()
    for handler in handlers:
        source.disconnect(handler)


def test_arguments():
    source, calls = make_source_of('[1, "a"]'), []
    source.connect('item', lambda *args: calls.append(('first', *args)), 'x', [2])
    source.connect_after('item', lambda *args: calls.append(('after', *args)), *range(10))
    source.connect('item', lambda *args: calls.append(('last', *args)))
    deliver(source)
    assert [call[0] for call in calls] == ['first', 'last', 'after'] * 2
    assert all(call[1] is source and type(call[2]) is GLib.Variant for call in calls)
    assert calls[0][3:] == ('x', [2]) and calls[1][3:] == () and calls[2][3:] == tuple(range(10))
    # Each has been kept, so each is another.
    assert [call[2].unpack() for call in calls] == [1, 1, 1, 'a', 'a', 'a']
    assert len({id(call[2]) for call in calls}) == 6


def test_items():
    for item_type, items, wanted in ((None, '[1, "a", None]', 'av'), ('x', 'range(100)', 'ax'), ('s', '["a", "b"]', 'as'),
                                     ('(xd)', '[(1, 2)]', 'a(xd)')):
        properties = {'item_type': GLib.VariantType(item_type)} if item_type else {}
        source, batches = make_source_of(items, buffer_size=64, **properties), []
        source.connect('items', lambda source, items: batches.append(items))
        deliver(source)
        assert all(batch.get_type_string() == wanted for batch in batches)
        got = [item for batch in batches for item in Subiter.unpack(batch)]
        expected = [(1, 2.0)] if item_type == '(xd)' else list(eval(items))
        assert got == expected, got


def test_wrappers_that_are_kept():
    """Those that nobody has kept are used again, and nothing of it may be seen."""
    source = make_source_of('range(60)')
    kept, references, attributes, dicts, seen, old = [], [], [], [], [], []

    def on_item(source, item):
        number = item.get_int64()
        seen.append(number)
        # What is raised here would only be printed.
        old.extend(vars(item))
        old.extend(reference for reference in references if reference() is not None)
        if number % 10 == 1:
            kept.append(item)
        elif number % 10 == 3:
            references.append(weakref.ref(item))
        elif number % 10 == 5:
            item.attribute = number
            attributes.append(number)
        elif number % 10 == 7:
            dicts.append(vars(item))
        elif number % 10 == 9:
            kept.append(item.get_int64)

    source.connect('item', on_item)
    deliver(source)
    assert (seen, old) == (list(range(60)), []), (seen, old)
    assert [item.get_int64() if isinstance(item, GLib.Variant) else item() for item in kept] == \
        [n for n in range(60) if n % 10 in (1, 9)]
    assert len(references) == 6 and all(reference() is None for reference in references)
    assert len(attributes) == 6 and dicts == [{}] * 6


def test_variants_are_let_go():
    """With the last of them as well."""
    source, n = make_source('def items():\n    for i in range(3): yield bytes(1 << 20)\n'), []

    def on_item(source, item):
        n.append(item.get_size())

    source.connect('item', on_item)
    deliver(source)
    assert n == [1 << 20] * 3
    handler, = (handler for handler in gc.get_referrers(on_item) if type(handler) is _subiter.Handler)
    spare = [wrapper for wrapper in gc.get_referents(handler) if isinstance(wrapper, GLib.Variant)]
    assert [wrapper.get_type_string() for wrapper in spare] == ['()'], spare


def test_handlers_nest():
    source, calls = make_source_of('range(3)'), []

    def on_item(source, item):
        number = item.get_int64()
        calls.append(('begin', number))
        if number < 20:
            source.emit('item', GLib.Variant('x', number + 10))
        calls.append(('end', item.get_int64()))

    source.connect('item', on_item)
    deliver(source)
    assert calls == [call for n in range(3) for call in (
        ('begin', n), ('begin', n + 10), ('begin', n + 20), ('end', n + 20), ('end', n + 10), ('end', n))], calls


def test_handlers_by_number_and_function():
    source, calls = make_source_of('range(3)'), []

    def by_number(source, item):
        calls.append('number')

    def by_function(source, item):
        calls.append('function')

    def blocked(source, item):
        calls.append('blocked')

    class Object:
        def method(self, source, item):
            calls.append('method')

    number = source.connect('item', by_number)
    assert source.handler_is_connected(number)
    source.disconnect(number)
    assert not source.handler_is_connected(number)
    source.connect('item', by_function)
    assert source.disconnect_by_func(by_function) == 1
    raises(TypeError, source.disconnect_by_func, by_function)
    source.connect('item', blocked)
    assert source.handler_block_by_func(blocked) == 1
    number = source.connect('items', lambda source, items: calls.append('blocked'))
    with source.handler_block(number):
        source.connect('item', Object().method)
        deliver(source)
    assert calls == ['method'] * 3, calls
    del calls[:]
    assert source.handler_unblock_by_func(blocked) == 1
    source.disconnect(number)
    deliver(source)
    assert calls == ['blocked', 'method'] * 3, calls


def test_handlers_that_leave():
    source, calls = make_source_of('range(5)'), []

    def on_item(source, item):
        calls.append(item.get_int64())
        if len(calls) == 2:
            source.disconnect(number)
            gc.collect()

    number = source.connect('item', on_item)
    gone = weakref.ref(on_item)
    deliver(source)
    assert calls == [0, 1], calls
    del on_item
    gc.collect()
    assert gone() is None


def test_handlers_that_raise():
    errors = []
    old_hook, sys.excepthook = sys.excepthook, lambda *error: errors.append(error)
    try:
        source = make_source_of('range(3)')
        source.connect('item', lambda source, item: 1 / item.get_int64() - [][item.get_int64() - 1])
        source.connect('item', lambda source: None)
        deliver(source)
    finally:
        sys.excepthook = old_hook
    assert [error[0] for error in errors] == [ZeroDivisionError, TypeError, IndexError, TypeError, IndexError, TypeError], errors


def test_errors_of_connect():
    source = make_source_of('[1]')
    assert 'callable' in raises(TypeError, source.connect, 'item', None)
    assert 'unknown signal' in raises(TypeError, source.connect, 'itemx', print)
    raises(TypeError, source.connect, 'item')
    raises(TypeError, Subiter.Source.__new__(Subiter.Source).connect, 'item', print)
    raises(ValueError, _subiter.connect, source, 'state-changed', print, (), False)
    raises(TypeError, _subiter.connect, GObject.Object(), 'item', print, (), False)
    raises(TypeError, _subiter.connect, source, 'item', print, [], False)


def test_handlers_in_circles():
    class Holder:
        def __init__(self):
            self.source = make_source_of('range(3)')
            self.source.connect('item', self.on_item, self)
            self.source.connect('items', lambda source, items: self)

        def on_item(self, source, item, extra):
            self.last = item

    for used in (False, True):
        holder = Holder()
        gone, source_is_gone = weakref.ref(holder), []
        holder.source.weak_ref(source_is_gone.append, True)
        if used:
            deliver(holder.source)
            assert holder.last.get_int64() == 2
        del holder
        gc.collect()
        assert gone() is None and source_is_gone == [True], used


if __name__ == '__main__':
    tap.main(sys.modules[__name__])
