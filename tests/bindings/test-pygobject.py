#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a program with PyGObject may count on beyond the scenarios: that nothing is left behind, in which
thread it is called, and that sources do not disturb each other."""

import builtins
import gc
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
import traceback
import weakref

import tap

GLib, Subiter = tap.require_subiter()

FAILSAFE = 120  # s
N_CYCLES = 100
COUNT = 'def items(n):\n    yield from range(n)\n'


def make_source(code=COUNT, args=(5,), **properties):
    callable = Subiter.Callable.new_for_source_code(code, 'items')
    if args:
        callable = callable.bind(GLib.Variant('(' + 'x' * len(args) + ')', args), None)
    return Subiter.Source(callable=callable, **properties)


class Watch:
    """Runs a main loop until it is told to leave it; a failsafe ends it with an error."""

    def __init__(self, context=None):
        self.loop = GLib.MainLoop.new(context, False)
        self.context = context
        self.timed_out = False

    def run(self):
        def give_up(*ignored):
            self.timed_out = True
            self.loop.quit()
            return GLib.SOURCE_REMOVE

        timer = GLib.timeout_source_new_seconds(FAILSAFE)
        timer.set_callback(give_up)
        timer.attach(self.context)
        self.loop.run()
        timer.destroy()
        assert not self.timed_out, f'nothing more has happened for {FAILSAFE} s'


def close(source):
    watch = Watch()
    source.close_async(None, lambda source, result: watch.loop.quit())
    watch.run()


def collect(source):
    """All that a source signals from its start to its end."""
    watch, items, ends = Watch(), [], []

    def on_end(source, *error):
        ends.append(error[0].message if error else 'finished')
        watch.loop.quit()

    handlers = [source.connect('item', lambda source, item: items.append(item.unpack())),
                source.connect('finished', on_end), source.connect('failed', on_end)]
    source.start()
    watch.run()
    for handler in handlers:
        source.disconnect(handler)
    return items, ends


def until(condition, what):
    """Iterates the main context until something is so that other threads bring about."""
    give_up = time.monotonic() + FAILSAFE
    while not condition():
        assert time.monotonic() < give_up, f'{what} for {FAILSAFE} s'
        GLib.MainContext.default().iteration(False)
        time.sleep(0.001)


def count_threads():
    return len(os.listdir('/proc/self/task'))


def count_files():
    return len(os.listdir('/proc/self/fd'))


def get_resident_size():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


class Ledger:
    """What is there before, and again after."""

    def __init__(self):
        # The threads that stay come with the first use.
        source = make_source()
        collect(source)
        close(source)
        del source
        gc.collect()
        self.alive = 0
        self.threads = self.settle(count_threads)
        self.files = count_files()

    def settle(self, count):
        """Threads that have said goodbye may still be there for a moment."""
        lowest = count()
        for _ in range(50):
            time.sleep(0.01)
            lowest = min(lowest, count())
        return lowest

    def watch(self, source):
        self.alive += 1
        source.weak_ref(self.on_freed)

    def on_freed(self):
        self.alive -= 1

    def check(self):
        gc.collect()
        assert self.alive == 0, f'{self.alive} sources are alive'
        until(lambda: count_threads() <= self.threads, f'there have been more than {self.threads} threads')
        assert count_files() <= self.files, f'{count_files()} open files, not {self.files}'


def run_python(code, *options, **kwargs):
    return subprocess.run([sys.executable, *options, '-c', code], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=FAILSAFE, **kwargs)


def test_import_is_quiet():
    result = run_python('''
import gi
gi.require_version('Subiter', '1')
from gi.repository import Subiter
for name in dir(Subiter):
    value = getattr(Subiter, name)
    if not name.startswith('_') and isinstance(value, type):
        for attribute in dir(value):
            getattr(value, attribute, None)
''', '-W', 'error', env={**os.environ, 'G_DEBUG': 'fatal-warnings'})
    assert (result.returncode, result.stdout, result.stderr) == (0, '', ''), result


def test_cycles_leave_nothing():
    ledger = Ledger()
    size = 0
    for i in range(N_CYCLES):
        source = make_source()
        ledger.watch(source)
        assert collect(source) == ([0, 1, 2, 3, 4], ['finished'])
        close(source)
        del source
        if i == N_CYCLES // 5:
            size = get_resident_size()
    ledger.check()
    # An interpreter has more than 2 MiB: what is left of each has to be far below that.
    growth = (get_resident_size() - size) / (N_CYCLES * 4 // 5)
    assert growth < 256 * 1024, f'each cycle leaves {growth / 1024:.0f} KiB'


def test_sources_that_are_dropped_leave_nothing():
    ledger = Ledger()
    for code in (COUNT, 'def items(n):\n    while True:\n        yield n\n', 'def items(n):\n    while True: pass\n',
                 'import subiter\ndef items(n):\n    yield n\n    subiter.wait()\n',
                 'import time\ndef items(n):\n    while True: time.sleep(0.01)\n'):
        for begun in (False, True):
            source = make_source(code)
            ledger.watch(source)
            source.start()
            if begun:
                until(lambda: source.props.interpreter.props.running or source.props.state != Subiter.State.RUNNING,
                      'nothing has run')
            del source
    ledger.check()


def test_handlers_that_know_their_source_do_not_keep_it():
    ledger = Ledger()
    for _ in range(10):
        source = make_source()
        ledger.watch(source)
        watch = Watch()
        source.connect('item', lambda _, item, source=source: source.props.n_items)
        source.connect('finished', lambda _, source=source, watch=watch: watch.loop.quit())
        source.start()
        watch.run()
        del source, watch
    ledger.check()


def test_item_func_that_knows_its_source_goes_with_close():
    """No garbage collector sees this circle."""
    ledger = Ledger()
    for _ in range(10):
        source = make_source()
        ledger.watch(source)
        seen = []
        source.set_item_func(lambda _, item, source=source, seen=seen: seen.append(source.props.n_items))
        assert collect(source)[1] == ['finished']
        assert seen == [1, 2, 3, 4, 5], seen
        close(source)
        del source
    ledger.check()


def test_item_func_is_let_go():
    class Token:
        pass

    gone = []
    for end in ('replaced', 'dropped'):
        token = Token()
        weakref.finalize(token, gone.append, end)
        source = make_source()
        source.set_item_func(lambda source, item, token=token: None)
        del token
        collect(source)
        if end == 'replaced':
            source.set_item_func(None)
            gc.collect()
            assert gone == ['replaced'], gone
        del source
    gc.collect()
    assert gone == ['replaced', 'dropped'], gone


def test_items_are_let_go():
    """16 MiB an item: 60 of them would be seen."""
    source = make_source('def items(n):\n    for i in range(n):\n        yield bytes(1 << 24)\n', (70,), buffer_size=1)
    sizes, seen = [], []
    watch = Watch()

    def on_item(source, item):
        seen.append(item.get_size())
        sizes.append(get_resident_size())

    source.connect('item', on_item)
    source.connect('finished', lambda source: watch.loop.quit())
    source.start()
    watch.run()
    close(source)
    assert seen == [1 << 24] * 70
    growth = sizes[-1] - sizes[9]
    assert growth < 20 << 24, f'60 items of 16 MiB have left {growth >> 20} MiB'


def test_signals_come_in_the_context_of_construction():
    threads, failures = set(), []

    def run():
        context = GLib.MainContext.new()
        context.push_thread_default()
        try:
            source = make_source(args=(100,))
            watch = Watch(context)
            items = []
            source.connect('item', lambda source, item: (threads.add(threading.current_thread()), items.append(item)))
            source.connect('finished', lambda source: (threads.add(threading.current_thread()), watch.loop.quit()))
            source.connect('notify::state', lambda source, pspec: threads.add(threading.current_thread()))
            source.start()
            watch.run()
            source.close_async(None, lambda source, result: watch.loop.quit())
            watch.run()
            assert len(items) == 100
        except BaseException as error:
            failures.append(error)
        finally:
            context.pop_thread_default()

    thread = threading.Thread(target=run)
    thread.start()
    # The default context has nothing to do with it.
    while thread.is_alive():
        GLib.MainContext.default().iteration(False)
        thread.join(0.01)
    assert not failures, failures
    assert threads == {thread}, threads


def test_started_from_another_thread():
    source = make_source(args=(100,))
    watch, threads, items = Watch(), set(), []
    source.connect('item', lambda source, item: (threads.add(threading.current_thread()), items.append(item)))
    source.connect('finished', lambda source: watch.loop.quit())
    threading.Thread(target=source.start).start()
    watch.run()
    assert len(items) == 100 and threads == {threading.main_thread()}


def test_many_at_once():
    n_sources, n_items = 8, 20000
    watch = Watch()
    items = [[] for _ in range(n_sources)]
    ends = []

    def on_finished(source, number):
        ends.append(number)
        if len(ends) == n_sources:
            watch.loop.quit()

    sources = [make_source(args=(n_items,)) for _ in range(n_sources)]
    for number, source in enumerate(sources):
        source.connect('item', lambda source, item, number: items[number].append(item.get_int64()), number)
        source.connect('finished', on_finished, number)
        source.start()
    watch.run()
    assert sorted(ends) == list(range(n_sources)), ends
    assert all(row == list(range(n_items)) for row in items)
    assert len({source.props.interpreter.props.id for source in sources}) == n_sources


def test_two_sources_on_one_interpreter():
    """They run one after the other, and share its modules."""
    interpreter = Subiter.Interpreter.new(None)
    code = 'seen = []\ndef items(n):\n    for i in range(3):\n        seen.append(n)\n        yield list(seen)\n'
    sources = [make_source(code, (n,), interpreter=interpreter) for n in (1, 2)]
    watch, items, ends = Watch(), [], []
    for source in sources:
        source.connect('item', lambda source, item: items.append(item.unpack()))
        source.connect('finished', lambda source: (ends.append(source), len(ends) == 2 and watch.loop.quit()))
        source.start()
    watch.run()
    assert items == [[1], [1, 1], [1, 1, 1], [1, 1, 1, 2], [1, 1, 1, 2, 2], [1, 1, 1, 2, 2, 2]], items
    assert ends == sources

    interpreter.close_async(None, lambda interpreter, result: watch.loop.quit())
    watch.run()
    items, ends = collect(sources[0])
    assert (items, len(ends)) == ([], 1) and 'closed' in ends[0], ends


def test_a_handler_that_raises():
    errors = []
    old_hook, sys.excepthook = sys.excepthook, lambda *error: errors.append(error[0])
    try:
        source = make_source()
        source.connect('item', lambda source, item: 1 / 0)
        assert collect(source) == ([0, 1, 2, 3, 4], ['finished'])
    finally:
        sys.excepthook = old_hook
    assert errors == [ZeroDivisionError] * 5, errors


def fail(code, error_class=None, **properties):
    """The error of a loop over a source with this code."""
    try:
        list(make_source('def items():\n' + code, (), **properties))
    except GLib.Error if error_class is None else error_class as error:
        return error
    raise AssertionError('nothing was raised')


def show(error):
    """What Python prints, less the frames of this program."""
    return ''.join(traceback.format_exception(type(error), error, None))


def check_pickled(error):
    copy = pickle.loads(pickle.dumps(error))
    assert show(copy) == show(error), show(copy)
    assert (type(copy), copy.code, copy.remote_traceback) == (type(error), error.code, error.remote_traceback)
    assert copy.matches(Subiter.error_quark(), error.code)
    return copy


def test_remote_error_is_of_its_class():
    error = fail("    yield int('seven')\n", ValueError)
    assert isinstance(error, Subiter.RemoteError) and isinstance(error, GLib.Error), type(error).__mro__
    assert not isinstance(error, KeyError) and error.matches(Subiter.error_quark(), Subiter.Error.RAISED)
    assert type(error) is type(fail("    yield int('eight')\n"))
    assert str(error).startswith('ValueError: invalid literal') and error.args == (str(error),)
    assert show(error) == f'''gi.repository.Subiter.RemoteError: {error}
In the worker:
Traceback (most recent call last):
  File "<subiter:1>", line 2, in items
    yield int('seven')
          ~~~^^^^^^^^^
''', show(error)
    check_pickled(error)

    error = fail("    yield open('/nosuch')\n", FileNotFoundError)
    assert isinstance(error, OSError) and error.errno == 2 and '/nosuch' in str(error), error
    check_pickled(error)
    error = fail("    yield 'é'.encode('ascii')\n", UnicodeEncodeError)
    assert 'ascii' in str(error) and "'ascii' codec" in show(error), show(error)
    check_pickled(error)
    error = fail("    exec('a = = 1')\n    yield\n", SyntaxError)
    assert show(error).count('SyntaxError: invalid syntax (<string>, line 1)') == 1 and '    a = = 1\n' in show(error)
    check_pickled(error)
    error = fail("    class Own(ValueError): pass\n    raise Own('own')\n    yield\n")
    assert type(error) is Subiter.RemoteError and error.exception_type == 'items.<locals>.Own', error.exception_type
    check_pickled(error)


def test_every_class_of_pythons_own():
    """None of them is one that would end this program, or a loop of it in silence."""
    for name, kind in vars(builtins).items():
        if not isinstance(kind, type) or not issubclass(kind, BaseException) or issubclass(kind, BaseExceptionGroup):
            continue
        error = fail('    def run():\n'
                     f'        try: raise {name}.__new__({name})\n'
                     '        except BaseException as error: return error\n'
                     "    raise ValueError('effect') from run()\n    yield\n").__cause__
        ends = not issubclass(kind, Exception) or issubclass(kind, (StopIteration, StopAsyncIteration))
        assert isinstance(error, Subiter.RemoteError), name
        assert isinstance(error, kind) == (not ends or kind is BaseException), name
        if ends:
            assert type(error) is Subiter.RemoteError, name
        assert show(error).count(f'RemoteError: {kind.__name__}') == 1, show(error)
        assert repr(error).startswith(f"Subiter.RemoteError({str(error)!r}"), repr(error)
        check_pickled(error)


def test_remote_error_has_its_causes():
    error = fail('''
    try:
        try:
            {}['missing']
        except KeyError as error:
            error.add_note('a note')
            1 / 0
    except ArithmeticError as error:
        raise RuntimeError('no more') from error
    yield
''', RuntimeError)
    assert isinstance(error.__cause__, ZeroDivisionError) and isinstance(error.__cause__.__cause__, KeyError)
    assert isinstance(error.__cause__, Subiter.RemoteError) and error.__cause__.__cause__.__cause__ is None
    assert error.__cause__.code == Subiter.Error.RAISED
    assert error.__cause__.__cause__.__notes__[0] == 'a note'
    assert error.failure.is_cause_explicit() and not error.failure.get_cause().is_cause_explicit()
    link = '\nThe above exception was the direct cause of the following exception:\n\n'
    assert show(error) == f'''gi.repository.Subiter.RemoteError: KeyError: 'missing'
a note
In the worker:
Traceback (most recent call last):
  File "<subiter:1>", line 5, in items
    {{}}['missing']
    ~~^^^^^^^^^^^
{link}gi.repository.Subiter.RemoteError: ZeroDivisionError: division by zero
In the worker:
Traceback (most recent call last):
  File "<subiter:1>", line 8, in items
    1 / 0
    ~~^~~
{link}gi.repository.Subiter.RemoteError: RuntimeError: no more
In the worker:
Traceback (most recent call last):
  File "<subiter:1>", line 10, in items
    raise RuntimeError('no more') from error
''', show(error)
    for part in ("{}['missing']", 'During handling', '1 / 0', 'direct cause', "raise RuntimeError('no more')"):
        assert error.remote_traceback.count(part) == 1, error.remote_traceback
    assert isinstance(check_pickled(error).__cause__.__cause__, KeyError)
    assert fail("    try: 1 / 0\n    except ArithmeticError: raise ValueError from None\n    yield\n").__cause__ is None


def test_remote_error_of_a_group():
    code = '''
    def make(error):
        try:
            raise error
        except Exception as error:
            return error

    raise ExceptionGroup('two', [make(KeyError('k')), ExceptionGroup('inner', [make(OSError(2, 'o'))])])
    yield
'''
    error = fail(code, ExceptionGroup)
    assert isinstance(error, Subiter.RemoteError) and len(error.exceptions) == 2
    assert isinstance(error.exceptions[0], KeyError) and isinstance(error.exceptions[1].exceptions[0], OSError)
    assert str(error) == error.message == 'ExceptionGroup: two (2 sub-exceptions)', error.message
    for part in ("KeyError: 'k'", 'Errno 2', 'inner (1', 'two (2', "raise ExceptionGroup('two'"):
        assert show(error).count(part) == 1, show(error)
    assert show(error).count('            raise error\n') == 0 and show(error).count('raise error\n') == 2, show(error)
    check_pickled(error)
    seen = []
    try:
        list(make_source('def items():\n' + code, ()))
    except* KeyError as group:
        seen += group.exceptions
    except* OSError as group:
        seen += group.exceptions
    assert isinstance(seen[0], KeyError) and seen[1].exceptions[0].errno == 2, seen


def test_what_ends_a_program_does_not():
    for name in ('SystemExit', 'KeyboardInterrupt', 'GeneratorExit', 'BaseException'):
        error = fail(f'    yield 1\n    raise {name}\n')
        assert type(error) is Subiter.RemoteError and error.exception_type == name, error
        error = fail(f'    raise BaseExceptionGroup("group", [{name}()])\n    yield\n')
        assert isinstance(error, ExceptionGroup) and type(error.exceptions[0]) is Subiter.RemoteError, error
    # One of the iterator itself is its end; one of the callable is an error.
    source = make_source('def items():\n    raise StopIteration(3)\n', ())
    try:
        list(source)
    except Subiter.RemoteError as error:
        assert type(error) is Subiter.RemoteError and error.exception_type == 'StopIteration', error
    else:
        raise AssertionError('nothing was raised')


def test_time_out_is_a_timeout_error():
    source = make_source('import subiter\ndef items():\n    yield 1\n    subiter.wait()\n', (), timeout=50)
    for take in (list, lambda source: [source.next(), source.next()]):
        try:
            take(source)
        except TimeoutError as error:
            assert isinstance(error, GLib.Error) and error.matches(Subiter.error_quark(), Subiter.Error.TIMED_OUT)
            assert str(error) == error.message and '50 ms' in error.message, error
            copy = pickle.loads(pickle.dumps(error))
            assert (type(copy), str(copy), copy.code) == (type(error), str(error), error.code), copy
        else:
            raise AssertionError('nothing was raised')
        close(source)
        source = make_source('import subiter\ndef items():\n    yield 1\n    subiter.wait()\n', (), timeout=50)


def test_stack_of_code_that_hangs():
    """Where code is that has raised nothing."""
    stack = 'Stack (most recent call last):\n  File "slow.py", line 3, in items\n    while True: pass\n'
    failure = Subiter.Failure.new('TimeoutError', 'nothing came', stack, None)
    error = Subiter.RemoteError._restore('no item within 50 ms', 'SubiterError', int(Subiter.Error.TIMED_OUT), failure)
    assert isinstance(error, TimeoutError) and error.matches(Subiter.error_quark(), Subiter.Error.TIMED_OUT)
    assert show(error) == f'gi.repository.Subiter.RemoteError: no item within 50 ms\nIn the worker:\n{stack}', show(error)
    check_pickled(error)


def test_refused_item_says_where():
    error = fail('    def inner():\n        yield 1\n        yield {2}  # here\n    yield from inner()\n', TypeError)
    assert error.matches(Subiter.error_quark(), Subiter.Error.NOT_SHAREABLE) and error.message.startswith('item: ')
    for part in ('line 5, in items', 'yield from inner()', 'line 4, in inner', 'yield {2}  # here'):
        assert show(error).count(part) == 1, show(error)
    error = fail("    yield 1\n    yield 'two'\n", TypeError, item_type=GLib.VariantType.new('x'))
    assert error.matches(Subiter.error_quark(), Subiter.Error.WRONG_TYPE) and "yield 'two'" in show(error), show(error)
    error = fail('    return iter([1, {2}])\n')
    assert not isinstance(error, Subiter.RemoteError) and error.message.startswith('item: '), error


def test_explain():
    """What a handler of "failed" can do."""
    source = make_source('def items():\n    1 / 0\n', ())
    watch, errors = Watch(), []
    source.connect('failed', lambda source, error: (errors.append(source.explain(error)), watch.loop.quit()))
    source.start()
    watch.run()
    assert isinstance(errors[0], ZeroDivisionError) and errors[0].matches(Subiter.error_quark(), Subiter.Error.RAISED)
    assert source.explain(errors[0]) is errors[0]
    other = GLib.Error('no', 'other', 1)
    assert source.explain(other) is other


def test_next_raises_it_too():
    source = make_source("def items():\n    yield 1\n    raise KeyError('k')\n", ())
    assert source.next().unpack() == 1
    try:
        source.next()
    except KeyError as error:
        assert isinstance(error, Subiter.RemoteError) and error.__context__ is None, error.__context__
    else:
        raise AssertionError('nothing was raised')


def test_str_that_never_returns():
    """It is code like all other: it can be stopped, and its exception is told without it."""
    source = make_source('''
import subiter

class Endless(Exception):
    def __str__(self):
        subiter.progress(1, 'in str')
        while True:
            pass

def items():
    raise Endless
    yield
''', ())
    watch, errors = Watch(), []
    source.connect('notify::progress-text', lambda source, pspec: source.stop())
    source.connect('failed', lambda source, error: (errors.append(source.explain(error)), watch.loop.quit()))
    source.start()
    watch.run()
    assert errors[0].message.endswith('Endless: <exception str() was interrupted>'), errors
    assert '    raise Endless\n' in show(errors[0]), show(errors[0])


def test_runtime_that_is_not_there():
    source = make_source(runtime='nosuch')
    errors = []
    watch = Watch()
    source.connect('failed', lambda source, error: (errors.append(error), watch.loop.quit()))
    source.start()
    watch.run()
    assert errors[0].matches(Subiter.error_quark(), Subiter.Error.RUNTIME), errors
    assert 'nosuch' in errors[0].message and 'subinterpreter' in errors[0].message, errors[0].message


def test_output_without_a_handler():
    """It goes to the program's own streams; and after a handler is connected, there instead."""
    result = run_python('''
import gi
gi.require_version('Subiter', '1')
from gi.repository import GLib, Subiter
code = """
import sys
def items():
    print("to stdout \\u2713")
    print("to stderr", file=sys.stderr)
    yield 1
"""
loop = GLib.MainLoop()
source = Subiter.Source.new(Subiter.Callable.new_for_source_code(code, 'items'))
source.connect('finished', lambda source: loop.quit())
source.start()
loop.run()
source.connect('output', lambda source, stream, text: None)
source.start()
loop.run()
''')
    assert (result.returncode, result.stdout, result.stderr) == (0, 'to stdout ✓\n', 'to stderr\n'), result


def test_a_python_that_the_runtime_is_not_built_for():
    versions = os.environ.get('SUBITER_TEST_PYTHONS', '').split(',')
    other = next((program for minor in range(13, 20) if f'3.{minor}' not in versions
                  for program in [shutil.which(f'python3.{minor}')] if program), None)
    if other is None:
        raise tap.Skip('there is no other Python')
    result = subprocess.run([other, '-c', '''
try:
    import gi
except ImportError as error:
    raise SystemExit(77)
gi.require_version('Subiter', '1')
from gi.repository import GLib, Subiter
loop = GLib.MainLoop()
source = Subiter.Source.new_for_entry_point('builtins:range', GLib.Variant('(i)', (1,)))
source.connect('failed', lambda source, error: (print(error.code, error.message), loop.quit()))
source.connect('finished', lambda source: loop.quit())
source.start()
loop.run()
'''], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FAILSAFE)
    if result.returncode == 77:
        raise tap.Skip(f'there is no PyGObject for {other}')
    assert (result.returncode, result.stderr) == (0, ''), result
    assert result.stdout.startswith(f'{int(Subiter.Error.RUNTIME)} '), result
    assert all(version in result.stdout for version in versions) and other[-4:] in result.stdout, result


if __name__ == '__main__':
    tap.main(sys.modules[__name__])
