#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Items in Python: what becomes of every value, and what the iterators of the override do with threads, signals,
memory and ends."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import weakref

import tap

GLib, Subiter = tap.require_subiter()

from gi.repository import GObject  # noqa: E402
from gi.overrides import _subiter  # noqa: E402

FAILSAFE = 120  # s
ENDS = (Subiter.State.STOPPING, Subiter.State.STOPPED)
WAIT_FOR_FILE = '''
import os, subiter
def items(path):
    yield 'ready'
    while not os.path.exists(path): subiter.wait(0.01)
    yield 'found'
'''
WAIT = 'import subiter\ndef items():\n    yield "ready"\n    subiter.wait()\n'
ENDLESS = 'def items():\n    n = 0\n    while True:\n        yield n\n        n += 1\n'


def make_source(code, *args, **properties):
    callable = Subiter.Callable.new_for_source_code(textwrap.dedent(code), 'items')
    return Subiter.Source(callable=callable.bind(args), **properties)


def make_source_of(expression, **properties):
    return make_source(f'def items():\n    yield from {expression}\n', **properties)


def run_async(main):
    from gi.events import GLibEventLoop
    return asyncio.run(main, loop_factory=GLibEventLoop)


def iterate_async(make):
    async def collect():
        return [item async for item in make()]

    return run_async(collect())


def take_by_signal(source):
    """All items, as variants."""
    loop, items = GLib.MainLoop(), []
    source.connect('item', lambda source, item: items.append(item))
    source.connect('finished', lambda source: loop.quit())
    source.connect('failed', lambda source, error: loop.quit())
    source.start()
    loop.run()
    return items


def raises(exception, function, *args):
    try:
        function(*args)
    except exception as error:
        assert type(error) is exception, repr(error)
        return str(error)
    raise AssertionError(f'{exception.__name__} was not raised')


VALUES = (
    'None', 'True', 'False', '0', '-1', '256', '257', '-6', '2**31', '-2**31', '2**63 - 1', '-2**63', '2**63', '2**64 - 1',
    '0.0', '-0.0', '1.5', 'float("inf")', '5e-324', 'float("-inf")', '1e308',
    '""', '"a"', '"é"', '"ÿĀ"', '"€"', '"\U0001f40d"', '"a" * 100', '"é" * 5000', '"\U0001f40d" * 70000',
    'b""', 'b"\\0"', 'bytes(range(256))', 'bytearray(b"ab")', 'bytes(100000)',
    '()', '[]', '{}', '((),)', '[[]]', '[{}]', '{"": {}}', '(1, 0.5, "name")', '[1, "a", None, True, b"b"]',
    '{"z": 1, "a": 2, "m": {"q": 1, "b": [()]}}', '[(i, str(i)) for i in range(50)]',
    '[2**63, 2**64 - 1, -2**63]', 'list(range(1500))', 'tuple(range(1500))', '{str(i): (i, None) for i in range(1500)}',
    '[{"a": [i] * 20} for i in range(100)]',
)
NUMBERS = (('b', '[0, 1, 1]'), ('h', '[-2**15, 2**15 - 1]'), ('H', '[0, 2**16 - 1]'), ('i', '[-2**31, 2**31 - 1]'),
           ('I', '[0, 2**32 - 1]'), ('q', '[-2**63, 2**63 - 1]'), ('Q', '[0, 2**64 - 1]'), ('d', '[0.5, -1e300]'))


def check_same(got, wanted):
    # Of -0.0 and 0.0, and of dicts in another order, only the text differs.
    assert repr(got) == repr(wanted), (repr(got)[:200], repr(wanted)[:200])


def test_every_value():
    wanted = [eval(value) for value in VALUES]
    wanted[VALUES.index('bytearray(b"ab")')] = b'ab'
    items = '[' + ', '.join(VALUES) + ']'
    check_same(list(make_source_of(items)), wanted)
    check_same(list(make_source_of(items, buffer_size=1024)), wanted)
    check_same(iterate_async(lambda: make_source_of(items)), wanted)
    check_same([Subiter.unpack(item) for item in take_by_signal(make_source_of(items))], wanted)


def test_arrays_of_numbers():
    for type_code, numbers in NUMBERS:
        if type_code == 'b':
            items, wanted = f'[memoryview(bytes({numbers})).cast("?")]', [[False, True, True]]
        else:
            items = f'[__import__("array").array("{type_code}", {numbers}), __import__("array").array("{type_code}")]'
            wanted = [eval(numbers), []]
        check_same(list(make_source_of(items)), wanted)
        check_same([Subiter.unpack(item) for item in take_by_signal(make_source_of(items))], wanted)


def test_forty_levels():
    for start, wrap in ((1, lambda value: [value]), ('a', lambda value: (value,)), (None, lambda value: {'k': value})):
        value = start
        for _ in range(40):
            value = wrap(value)
        check_same(list(make_source_of(f'[{value!r}]')), [value])
        check_same([Subiter.unpack(item) for item in take_by_signal(make_source_of(f'[{value!r}]'))], [value])


def test_item_types():
    for item_type, value, wanted in (
        ('d', '1', 1.0), ('d', '2**63', 2.0**63), ('d', '0.5', 0.5), ('i', '7', 7), ('t', '2**64 - 1', 2**64 - 1),
        ('t', '5', 5), ('b', 'True', True), ('s', '"é"', 'é'), ('o', '"/a"', '/a'), ('g', '"a{sv}"', 'a{sv}'),
        ('v', '[1, {"a": 2}]', [1, {'a': 2}]), ('md', 'None', None), ('md', '3', 3.0), ('mmi', '3', 3),
        ('(id)', '[1, 2]', (1, 2.0)), ('(id)', '(1, 2)', (1, 2.0)), ('()', '[]', ()), ('ad', '(1, 2)', [1.0, 2.0]),
        ('aad', '[(1,), [], [2]]', [[1.0], [], [2.0]]), ('ay', '[1, 255]', b'\x01\xff'), ('ay', '(1, 2)', b'\x01\x02'),
        ('ay', 'b"ab"', b'ab'), ('aay', '[[1], b"a"]', [b'\x01', b'a']), ('a{xd}', '{2: 1, 1: 0.5}', {2: 1.0, 1: 0.5}),
        ('a{s(dad)}', '{"z": [1, (2,)], "a": (1, [])}', {'z': (1.0, [2.0]), 'a': (1.0, [])}),
        ('a{sv}', '{"a": 1}', {'a': 1}), ('av', '(1, "a")', [1, 'a']), ('(vmd)', '[1, 2]', (1, 2.0)),
        ('ad', '__import__("array").array("d", [1])', [1.0]), ('ad', 'list(range(1500))', [float(i) for i in range(1500)]),
        ('a(id)', '[[i, i] for i in range(600)]', [(i, float(i)) for i in range(600)]),
    ):
        for items in (list(make_source_of(f'[{value}]', item_type=GLib.VariantType(item_type))),
                      [Subiter.unpack(item) for item in
                       take_by_signal(make_source_of(f'[{value}]', item_type=GLib.VariantType(item_type)))]):
            check_same(items, [wanted])


def test_handles_and_deep_variants():
    check_same(Subiter.unpack(GLib.Variant.new_handle(3)), 3)
    variant = GLib.Variant.new_int64(5)
    for _ in range(10000):
        variant = GLib.Variant.new_variant(variant)
    try:
        assert Subiter.unpack(variant) == 5
    except RecursionError as error:
        assert 'GVariant' in str(error), error


def test_wrong_objects_are_errors():
    source = make_source_of('[1]')
    for wrong in (None, 1, 'a', object(), GLib.Variant, GLib.Bytes.new(b'a'), source, GLib.VariantType('s')):
        assert 'is not a GLib.Variant' in raises(TypeError, Subiter.unpack, wrong)
    for wrong in (None, 1, GObject.Object(), GLib.Variant('i', 1), Subiter.Source, Subiter.Interpreter.new(None),
                  Subiter.Source.__new__(Subiter.Source)):
        assert 'is not a SubiterSource' in raises(TypeError, _subiter.Iteration, wrong)
    raises(TypeError, _subiter.Iteration)
    raises(TypeError, _subiter.Next)
    items = _subiter.Items()
    raises(TypeError, items.take, source, None)
    raises(TypeError, items.take, source, source)
    raises(TypeError, items.take, None, None)
    raises(AttributeError, anext(items).send, None)


def test_a_result_of_another_call():
    source, other = make_source_of('[1]'), make_source_of('[1]')
    loop, errors = GLib.MainLoop(), []

    def on_item(source, result, finish):
        for wrong in (source, other):
            errors.append(raises(TypeError, _subiter.Items().take, wrong, result))
        loop.quit()

    source.next_async(None, on_item, None)
    loop.run()
    assert len(errors) == 2 and all('next_batch_async' in error for error in errors), errors


def close(source):
    loop = GLib.MainLoop()
    source.close_async(None, lambda source, result: loop.quit())
    loop.run()


def count_blocks():
    """Those of all interpreters: there must be none but this one."""
    gc.collect()
    return sys.getallocatedblocks()


def test_nothing_is_left_behind():
    items = '((i, str(i), [i / 2], {"k": b"b" * 40}) for i in range(n))'
    code = f'def items(n):\n    yield from {items}\n'

    def take(n):
        source = make_source(code, n, buffer_size=64)
        for _ in source:
            pass
        close(source)

    async def take_async(n):
        source = make_source(code, n, buffer_size=64)
        async for _ in source:
            pass
        await source.close_async()

    def take_variants(n):
        source = make_source(code, n, buffer_size=64)
        for variant in take_by_signal(source):
            Subiter.unpack(variant)
        close(source)

    for function in (take, lambda n: run_async(take_async(n)), take_variants):
        function(100)
        function(100)
        before = count_blocks()
        function(20000)
        growth = count_blocks() - before
        assert growth < 2000, f'20000 items have left {growth} blocks'


def test_iterators_go_with_their_last_reference():
    for take in (0, 1, 2):
        source = make_source(ENDLESS, buffer_size=3)
        iterator = iter(source)
        for n in range(take):
            assert next(iterator) == n
        assert (source.get_state() == Subiter.State.RUNNING) == (take > 0)
        before = sys.getrefcount(source)
        del iterator
        assert sys.getrefcount(source) == before - 1
        assert source.get_state() in (ENDS if take else (Subiter.State.IDLE,)), source.get_state()


def test_iterators_in_circles():
    class Holder:
        pass

    gc.collect()
    source, holder = make_source(ENDLESS), Holder()
    gone = weakref.ref(holder)
    holder.iterator = iter(source)
    holder.iterator_of_attribute = source
    source.holder = holder
    assert next(holder.iterator) == 0
    del holder
    source_is_gone = []
    source.weak_ref(source_is_gone.append, True)
    del source
    gc.collect()
    assert gone() is None and source_is_gone == [True]


def test_close():
    source = make_source(ENDLESS)
    iterator = iter(source)
    assert next(iterator) == 0
    iterator.close()
    assert source.get_state() in ENDS
    raises(StopIteration, next, iterator)
    iterator.close()
    # The next one is another iteration's, and none of the old items are its.
    second = iter(source)
    assert [next(second), next(second)] == [0, 1]
    iterator.close()
    del iterator
    assert next(second) == 2 and source.get_state() == Subiter.State.RUNNING


def test_after_an_end():
    source = make_source_of('[1]')
    iterator = iter(source)
    assert list(iterator) == [1] and list(iterator) == []
    assert source.get_state() == Subiter.State.FINISHED
    iterator.close()
    del iterator
    assert source.get_state() == Subiter.State.FINISHED

    source = make_source('def items():\n    yield 1\n    raise KeyError("k")\n')
    iterator = iter(source)
    assert next(iterator) == 1
    try:
        next(iterator)
    except KeyError as error:
        assert isinstance(error, Subiter.RemoteError) and error.__context__ is None
    else:
        raise AssertionError('no error was raised')
    raises(StopIteration, next, iterator)


def test_two_at_once():
    sources = [make_source(ENDLESS) for _ in range(2)]
    iterators = [iter(source) for source in sources]
    for i in range(1000):
        assert [next(iterator) for iterator in iterators] == [i, i]
    assert all(source.get_state() == Subiter.State.RUNNING for source in sources)


def test_other_threads_run_meanwhile():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'file')
        iterator = iter(make_source(WAIT_FOR_FILE, path))
        assert next(iterator) == 'ready'
        go = threading.Event()
        thread = threading.Thread(target=lambda: (go.wait(), open(path, 'w').close()))
        thread.start()
        go.set()
        assert list(iterator) == ['found']
        thread.join()


def test_one_thread_at_a_time():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'file')
        iterator = iter(make_source(WAIT_FOR_FILE, path))
        assert next(iterator) == 'ready'
        found = []

        def wait():
            # From here on, the thread lets go of the GIL in the iterator only.
            entered = True  # noqa: F841
            found.extend(iterator)

        thread = threading.Thread(target=wait)
        thread.start()
        while 'entered' not in sys._current_frames()[thread.ident].f_locals:
            time.sleep(0.001)
        for function in (next, list, lambda iterator: iterator.close()):
            assert 'one thread' in raises(ValueError, function, iterator)
        open(path, 'w').close()
        thread.join()
        assert found == ['found'], found


def interrupt(*ignored):
    raise InterruptedError


class Signals:
    """Sends a signal to the main thread until it is told that one has had its effect: one may come a moment before
    the wait that it is to interrupt."""

    def __init__(self, number):
        self.number = number
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.done.wait(0.01):
            signal.pthread_kill(threading.main_thread().ident, self.number)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *ignored):
        self.done.set()
        self.thread.join()


def test_interrupt_while_waiting():
    source = make_source(WAIT)
    iterator = iter(source)
    assert next(iterator) == 'ready'
    old = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with Signals(signal.SIGUSR1):
            raises(InterruptedError, next, iterator)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert source.get_state() in ENDS
    raises(StopIteration, next, iterator)


def test_interrupt_in_the_middle():
    source = make_source(ENDLESS, buffer_size=64)

    def on_signal(*ignored):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        raise InterruptedError

    old = signal.signal(signal.SIGUSR1, on_signal)

    def go_on():
        for number in source:
            if number == 1000:
                signals.thread.start()

    signals = Signals(signal.SIGUSR1)
    try:
        raises(InterruptedError, go_on)
    finally:
        signals.__exit__()
        signal.signal(signal.SIGUSR1, old)
    gc.collect()
    assert source.get_state() in ENDS


def test_handlers_that_return():
    """A wait goes on after a handler, which may do what it likes with the iterator."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'file')
        iterator = iter(make_source(WAIT_FOR_FILE, path))
        assert next(iterator) == 'ready'
        errors = []

        def wait():
            # From here on, handlers are called while the iterator waits: Python looks for signals nowhere else.
            entered = True  # noqa: F841
            return list(iterator)

        def on_signal(number, frame):
            if 'entered' not in frame.f_locals:
                return
            for function in (next, lambda iterator: iterator.close()):
                try:
                    function(iterator)
                except ValueError as error:
                    errors.append(str(error))
            if len(errors) >= 6:
                signal.signal(signal.SIGUSR1, signal.SIG_IGN)
                open(path, 'w').close()

        old = signal.signal(signal.SIGUSR1, on_signal)
        try:
            with Signals(signal.SIGUSR1):
                assert wait() == ['found']
        finally:
            signal.signal(signal.SIGUSR1, old)
        assert len(errors) >= 6 and all('one thread' in error for error in errors), errors


def test_signals_while_a_thread_waits():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'file')
        found, handled, ready = [], threading.Event(), threading.Event()

        def run():
            for item in make_source(WAIT_FOR_FILE, path):
                found.append(item)
                ready.set()

        old = signal.signal(signal.SIGUSR1, lambda *ignored: handled.set())
        try:
            thread = threading.Thread(target=run)
            thread.start()
            ready.wait()
            # It is for the main thread to handle, wherever it came.
            signal.pthread_kill(thread.ident, signal.SIGUSR1)
            while not handled.wait(0.01):
                pass
            assert found == ['ready'] and thread.is_alive()
            open(path, 'w').close()
            thread.join()
        finally:
            signal.signal(signal.SIGUSR1, old)
        assert found == ['ready', 'found']


def test_async_in_any_order():
    async def run():
        source = make_source_of('range(9)', buffer_size=2)
        iterator = aiter(source)
        # Some of these wait for the same items.
        assert sorted(await asyncio.gather(*[anext(iterator) for _ in range(7)])) == list(range(7))
        assert await asyncio.create_task(anext(iterator)) == 7
        assert await anext(iterator, 'none') == 8
        assert await anext(iterator, 'none') == 'none'
        # One that is never awaited takes nothing.
        iterator = aiter(source)
        awaitable = anext(iterator)
        anext(iterator)
        assert await awaitable == 0 and await anext(iterator) == 1
        error = None
        try:
            await awaitable
        except RuntimeError as reason:
            error = reason
        assert 'already' in str(error), error

    run_async(run())


def test_async_values_that_end_coroutines():
    """What is in a StopIteration has to be told from its arguments."""
    async def run():
        iterator = aiter(make_source_of('[(1, 2), (), None]', buffer_size=3))
        return [await anext(iterator, 'none') for _ in range(4)]

    assert run_async(run()) == [(1, 2), (), None, 'none']


def test_async_is_thrown_into():
    async def run():
        source = make_source(WAIT)
        iterator = aiter(source)
        assert await anext(iterator) == 'ready'
        task = asyncio.create_task(anext(iterator))
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        else:
            raise AssertionError('it was not cancelled')
        assert source.get_state() in ENDS
        awaitable = anext(iterator)
        raises(ZeroDivisionError, awaitable.throw, ZeroDivisionError())
        raises(RuntimeError, awaitable.send, None)

        # A coroutine that is closed.
        source = make_source(WAIT)

        async def wait():
            async for item in source:
                pass

        coroutine = wait()
        assert coroutine.send(None) is not None
        coroutine.close()
        assert source.get_state() in ENDS

    run_async(run())


PROGRAM = '''
import sys, threading
import gi
gi.require_version('Subiter', '1')
from gi.repository import GLib, Subiter
code = 'import subiter\\ndef items():\\n    yield "ready"\\n    yield 1\\n    subiter.wait()\\n'
def make_source():
    return Subiter.Source(callable=Subiter.Callable.new_for_source_code(code, 'items'))
'''


def run_program(code, before=''):
    return subprocess.run([sys.executable, '-c', before + PROGRAM + textwrap.dedent(code)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=FAILSAFE)


def test_python_ends_with_live_iterators():
    result = run_program('''
        source = make_source()
        iterator = iter(source)
        assert next(iterator) == 'ready'
        unused, cycle = iter(make_source()), [iter(make_source())]
        next(cycle[0])
        cycle.append(cycle)
        waiting = threading.Event()
        def wait():
            for item in make_source():
                if item == 1:
                    waiting.set()
        threading.Thread(target=wait, daemon=True).start()
        waiting.wait()
        class Late:
            def __del__(self):
                iterator.close()
        sys.late = Late()
        sys.exit(7)
    ''')
    assert (result.returncode, result.stdout, result.stderr) == (7, '', ''), result


def test_in_a_subinterpreter():
    result = run_program('''
        try:
            import _interpreters
        except ImportError:
            sys.exit(77)
        id = _interpreters.create()
        for _ in range(2):
            error = _interpreters.exec(id, 'import gi.overrides._subiter')
            assert 'ImportError' in error.formatted, error.formatted
        _interpreters.destroy(id)
        assert next(iter(make_source())) == 'ready'
        print('done')
    ''')
    if result.returncode == 77:
        raise tap.Skip('this Python has no module _interpreters')
    assert (result.returncode, result.stdout, result.stderr) == (0, 'done\n', ''), result


def test_a_python_without_the_extension():
    result = run_program('''
        for use in (lambda: iter(make_source()), lambda: aiter(make_source()), lambda: Subiter.unpack(GLib.Variant('i', 1))):
            try:
                use()
            except ImportError as error:
                assert 'was not built for this Python' in str(error), error
            else:
                raise AssertionError('it worked')
        assert make_source().next().unpack() == 'ready'
    ''', "import sys\nsys.modules['gi.overrides._subiter'] = None\n")
    assert (result.returncode, result.stdout, result.stderr) == (0, '', ''), result


if __name__ == '__main__':
    tap.main(sys.modules[__name__])
