#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of what the override adds for Python. TAP."""

import asyncio
import contextlib
import functools
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import traceback

# What the worker runs, and what programs that are run here import.
MODULE = '''
import os
import subiter

flag = []

def initialize():
    flag.append(True)

def initialized():
    return list(flag)

def pair(*args, **kwargs):
    yield args
    yield kwargs

def fail():
    yield 1
    raise KeyError("no such thing")

def endless():
    n = 0
    while not subiter.stopping():
        yield n
        n += 1

def nothing():
    yield "ready"
    subiter.wait()

def wait_for_file(path):
    yield "ready"
    while not os.path.exists(path):
        subiter.wait(0.01)
    yield "found"

class Numbers:
    @classmethod
    def count(cls):
        return [1, 2]
'''

PROGRAM = '''
import os
import signal
import sys
import gi
gi.require_version("Subiter", "1")
from gi.repository import Subiter
import override_module as module
'''

failed = False
tests = []


def test(function):
    tests.append(function)
    return function


@contextlib.contextmanager
def raises(exception, *parts):
    """Check that the block raises an exception whose text has these parts."""
    try:
        yield
    except exception as error:
        text = str(error)
        for part in parts:
            assert part in text, f"{part!r} is not in {text!r}"
        assert type(error) is exception or exception is GLib.Error, type(error)
    else:
        raise AssertionError(f"{exception.__name__} was not raised")


@contextlib.contextmanager
def fails(code, *parts):
    try:
        yield
    except GLib.Error as error:
        assert error.matches(Subiter.error_quark(), code), error
        for part in parts:
            assert part in error.message, error.message
    else:
        raise AssertionError("no error was raised")


def make_source(code, **properties):
    return Subiter.Source(callable=Subiter.Callable.new_for_source_code(textwrap.dedent(code), "items"), **properties)


@test
def test_unpack():
    for type_string, value in (
        ("b", True), ("y", 255), ("n", -1), ("q", 65535), ("i", -1), ("u", 2**32 - 1),
        ("x", -(2**63)), ("t", 2**64 - 1), ("d", 0.5), ("s", "é"), ("o", "/a"), ("g", "a{sv}"), ("ay", b"\0a"), ("ay", b""), ("aay", [b"", b"a"]),
        ("an", [-1]), ("ab", [True, False]), ("ad", [0.5]), ("ax", []), ("at", [2**63]), ("as", ["a"]), ("as", []),
        ("()", ()), ("(i(s))", (1, ("a",))), ("a(is)", [(1, "a")]), ("a{xv}", {1: GLib.Variant("s", "a")}),
        ("a{s(ii)}", {"a": (1, 2)}), ("a{sas}", {"a": ["b"]}), ("mi", None), ("mi", 1), ("{sb}", ("a", True)),
        ("aai", [[1], []]), ("v", GLib.Variant("v", GLib.Variant("s", "a"))),
    ):
        plain = {"a{xv}": {1: "a"}, "v": "a"}.get(type_string, value)
        result = Subiter.unpack(GLib.Variant(type_string, value))
        assert result == plain and type(result) is type(plain), (type_string, value, result)


@test
def test_values_both_ways():
    args = (
        None, True, 0, -(2**63), 2**64 - 1, 0.5, "é\U0001f40d", b"", b"\0\xff",
        (), (1, ("a", None)), [], [None, [b"a"]], {}, {"a": {"b c": [1.5]}},
    )
    kwargs = {"x": None, "y": (1, [2])}
    assert list(Subiter.iterate("override_module:pair", args=args, kwargs=kwargs)) == [args, kwargs]
    args = (bytearray(b"a"), GLib.Variant("ai", [1]))
    assert next(iter(Subiter.iterate("override_module:pair", args=args))) == (b"a", [1])


@test
def test_refused_arguments():
    for args, exception, *parts in (
        (({1, 2},), TypeError, "args[0]", "set"),
        ((1, {"k": [object()]}), TypeError, "args[1]['k'][0]", "object"),
        (({1: 2},), TypeError, "args[0]", "key", "int"),
        ((2**64,), OverflowError, "args[0]"),
        (("a\0b",), ValueError, "args[0]", "NUL"),
        (("\ud800",), ValueError, "args[0]", "surrogate"),
        ([1], TypeError, "tuple", "list"),
    ):
        with raises(exception, *parts):
            Subiter.iterate(range, args=args)
        with raises(exception, *parts):
            Subiter.Source.new_for_entry_point("builtins:range", args)
    with raises(TypeError, "kwargs", "dict"):
        Subiter.iterate(dict, kwargs=[1])


@test
def test_constructors():
    for args in ((3,), GLib.Variant("(i)", (3,))):
        assert list(Subiter.Source.new_for_entry_point("builtins:range", args)) == [0, 1, 2]
    assert list(Subiter.Source.new_for_entry_point("builtins:list")) == []
    callable = Subiter.Callable.new_for_entry_point("builtins:range").bind((3,))
    assert list(Subiter.Source.new(callable)) == list(Subiter.Source(callable=callable)) == [0, 1, 2]
    assert str(callable) == "builtins:range"
    assert Subiter.Source.new(callable)


@test
def test_bytes_as_arguments():
    """They are not copied: what is between them has its place all the same."""
    code = """def items(*args, **kwargs):
    for value in args:
        yield bytes(value) if isinstance(value, memoryview) else value
    for name, value in kwargs.items():
        yield name, bytes(value) if isinstance(value, memoryview) else value
"""
    data, more = GLib.Bytes.new(b"data"), GLib.Bytes.new(bytes(10000))
    callable = Subiter.Callable.new_for_source_code(code, "items")
    bound = callable.bind((data, 1, "two", more, 3), {"a": more, "b": 4}).bind((data,), {"a": 5})
    assert list(Subiter.Source.new(bound)) == [b"data", 1, "two", bytes(10000), 3, b"data", ("b", 4), ("a", 5)]
    assert list(Subiter.Source.new(callable.bind((data,), {"b": data}))) == [b"data", ("b", b"data")]
    assert list(Subiter.iterate(callable, args=(data,))) == [b"data"]
    with raises(TypeError, "args[1]", "set"):
        callable.bind((data, {1}))
    with raises(ValueError, "NUL"):
        callable.bind(None, {"a\0b": data})


@test
def test_for_again():
    source = Subiter.iterate(range, args=(5,))
    assert list(source) == list(source) == [0, 1, 2, 3, 4]
    for number in source:
        if number == 2:
            break
    assert source.get_state() in (Subiter.State.STOPPING, Subiter.State.STOPPED)
    assert list(source) == [0, 1, 2, 3, 4]
    for buffer_size in (1, 2, 3, 64):
        assert sum(Subiter.iterate(range, args=(1000,), buffer_size=buffer_size)) == 499500


@test
def test_for_stops_when_left():
    source = Subiter.iterate("override_module:endless")
    with contextlib.suppress(ZeroDivisionError):
        for number in source:
            1 / 0
    assert source.get_state() in (Subiter.State.STOPPING, Subiter.State.STOPPED)
    iterator = iter(source)
    assert [next(iterator), next(iterator)] == [0, 1]
    iterator.close()
    with raises(StopIteration):
        next(iterator)
    assert next(iter(source)) == 0


@test
def test_for_twice_at_once():
    source = Subiter.iterate("override_module:endless")
    first, second = iter(source), iter(source)
    assert next(first) == 0
    with fails(Subiter.Error.BUSY):
        next(second)
    assert next(first) == 1
    source = Subiter.iterate("override_module:endless")
    source.start()
    with fails(Subiter.Error.BUSY):
        list(source)
    source.stop()


@test
def test_remote_error():
    items = []
    try:
        for item in Subiter.iterate("override_module:fail"):
            items.append(item)
    except GLib.Error as error:
        assert isinstance(error, Subiter.RemoteError) and isinstance(error, KeyError)
        assert error.matches(Subiter.error_quark(), Subiter.Error.RAISED)
        assert error.exception_type == "KeyError" and str(error) == "KeyError: 'no such thing'"
        assert 'raise KeyError("no such thing")' in error.remote_traceback
        assert error.failure.get_message() == "'no such thing'"
        text = "".join(traceback.format_exception(error))
        assert text.count('raise KeyError("no such thing")') == text.count("KeyError: 'no such thing'") == 1, text
        assert error.__cause__ is None and error.__context__ is None
    else:
        raise AssertionError("no error was raised")
    assert items == [1]


@test
def test_other_errors():
    with fails(Subiter.Error.NOT_FOUND, "nosuch"):
        list(Subiter.iterate("override_module:nosuch"))
    with fails(Subiter.Error.TIMED_OUT, "50 ms"):
        list(Subiter.iterate("override_module:nothing", timeout=50))
    with fails(Subiter.Error.NOT_SHAREABLE, "item[0]", "set"):
        list(make_source("def items():\n yield [{1}]"))


@test
def test_closed():
    source = Subiter.iterate(range, args=(3,))
    loop = GLib.MainLoop()
    source.close_async(None, lambda source, result: loop.quit())
    loop.run()
    with fails(Subiter.Error.CLOSED):
        list(source)


@test
def test_iterate_timeout():
    try:
        Subiter.iterate(range, args=(1,), timeout=0.3)
    except TypeError as error:
        assert "in ms" in str(error), error
    else:
        raise AssertionError("0.3 ms was taken for no timeout")


@test
def test_iterate_what():
    import glob
    import override_module

    assert list(Subiter.iterate(glob.iglob, args=("/nosuch/*",))) == []
    assert list(Subiter.iterate(override_module.Numbers.count)) == [1, 2]
    assert list(Subiter.iterate(Subiter.Callable.new_for_entry_point("builtins:range").bind((1,)), args=(3,))) == [1, 2]
    initialized = Subiter.iterate(override_module.initialized, initializer=override_module.initialize)
    assert list(initialized) == list(initialized) == [True]

    sys.path.append("/nosuch/\udcff")
    assert list(Subiter.iterate(override_module.Numbers.count)) == [1, 2]
    sys.path.pop()

    def local():
        pass

    renamed = override_module.fail
    renamed.__qualname__ = "endless"
    for function, *parts in (
        (test_iterate_what, "__main__"),
        (functools.partial(range, 3), "args and kwargs"),
        ("abc".__iter__, "no name"),
        (3, "cannot be called"),
        (functools.wraps(glob.iglob)(lambda: None), "is not what"),
        (renamed, "override_module:endless"),
    ):
        with raises(TypeError, *parts):
            Subiter.iterate(function)
    local.__module__ = "glob"
    with raises(TypeError, "local"):
        Subiter.iterate(local)
    with fails(Subiter.Error.INVALID_CALLABLE, "colon"):
        Subiter.iterate("range")


@test
def test_for_in_threads():
    sums = []

    def add_up():
        sums.append(sum(Subiter.iterate(range, args=(1000,))))

    threads = [threading.Thread(target=add_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [499500] * 3


def run_program(code, *arguments, stdin=None):
    """Start a program that has said "ready"."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM + textwrap.dedent(code), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@test
def test_interrupt():
    process = run_program("""
        for item in Subiter.iterate(module.nothing):
            print(item, flush=True)
    """)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == -signal.SIGINT, (process.returncode, errors)
    assert errors.rstrip().endswith("KeyboardInterrupt") and "Exception ignored" not in errors, errors


@test
def test_signal_handler():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        process = run_program("""
            signal.signal(signal.SIGUSR1, lambda *args: open(sys.argv[1], "w").close())
            for item in Subiter.iterate(module.wait_for_file, args=(sys.argv[1],)):
                print(item, flush=True)
        """, path)
        process.send_signal(signal.SIGUSR1)
        output, errors = process.communicate()
        assert (process.returncode, output, errors) == (0, "found\n", "")


@test
def test_exit_in_the_middle():
    process = run_program("""
        sources = [Subiter.iterate(module.nothing) for i in range(3)]
        iterators = [iter(source) for source in sources[:2]]
        for iterator in iterators:
            next(iterator)
        sources[2].start()
        print("ready", flush=True)
        sys.exit(7)
    """)
    output, errors = process.communicate()
    assert (process.returncode, errors) == (7, ""), (process.returncode, errors)


def run_async(function):
    @functools.wraps(function)
    def run():
        from gi.events import GLibEventLoop

        asyncio.run(function(), loop_factory=GLibEventLoop)

    return test(run)


@run_async
async def test_async_for():
    source = Subiter.iterate(range, args=(5,))
    assert [item async for item in source] == [item async for item in source] == [0, 1, 2, 3, 4]
    async for item in source:
        if item == 2:
            break
    assert source.get_state() in (Subiter.State.STOPPING, Subiter.State.STOPPED)
    assert [item async for item in source] == [0, 1, 2, 3, 4]
    assert await source.close_async()
    with fails(Subiter.Error.CLOSED):
        async for item in source:
            pass


@run_async
async def test_async_for_at_once():
    async def add_up(limit):
        return sum([number async for number in Subiter.iterate(range, args=(limit,))])

    assert await asyncio.gather(add_up(100), add_up(1000)) == [4950, 499500]
    source = Subiter.iterate("override_module:endless")
    first, second = aiter(source), aiter(source)
    assert await anext(first) == 0
    with fails(Subiter.Error.BUSY):
        await anext(second)
    assert await anext(first) == 1
    await first.aclose()
    with raises(StopAsyncIteration):
        await anext(first)


@run_async
async def test_async_for_fails():
    try:
        async for item in Subiter.iterate("override_module:fail"):
            pass
    except Subiter.RemoteError as error:
        assert error.exception_type == "KeyError"
    else:
        raise AssertionError("no error was raised")


@run_async
async def test_async_for_is_cancelled():
    source = Subiter.iterate("override_module:nothing")
    ready = asyncio.Event()

    async def wait():
        async for item in source:
            ready.set()

    task = asyncio.ensure_future(wait())
    await ready.wait()
    task.cancel()
    with raises(asyncio.CancelledError):
        await task
    del task
    assert source.get_state() in (Subiter.State.STOPPING, Subiter.State.STOPPED)


@test
def test_async_for_elsewhere():
    source = Subiter.iterate(range, args=(3,))

    async def loop_over():
        return [item async for item in source]

    with raises(RuntimeError, "GLibEventLoop", "_UnixSelectorEventLoop"):
        asyncio.run(loop_over())
    with raises(RuntimeError, "GLibEventLoop", "none is running"):
        loop_over().send(None)

    def run_in_thread():
        from gi.events import GLibEventLoop

        with raises(RuntimeError, "another main context"):
            asyncio.run(loop_over(), loop_factory=GLibEventLoop)
        succeeded.append(True)

    succeeded = []
    thread = threading.Thread(target=run_in_thread)
    thread.start()
    thread.join()
    assert succeeded
    assert source.get_state() == Subiter.State.IDLE


def find_reason_to_skip():
    global GLib, Subiter
    try:
        import gi

        gi.require_version("Subiter", "1")
        import gi.events
        from gi.repository import GLib, Subiter
    except ImportError as error:
        return f"PyGObject 3.50 is not there: {error}"
    try:
        Subiter.Source.new_for_entry_point("builtins:list").next()
    except GLib.Error as error:
        if error.matches(Subiter.error_quark(), Subiter.Error.RUNTIME):
            return error.message
        raise
    return None


def main():
    global failed
    skip = find_reason_to_skip()
    if skip:
        print(f"1..0 # SKIP {skip}")
        return
    print(f"1..{len(tests)}")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "override_module.py").write_text(MODULE)
        sys.modules["subiter"] = type(sys)("subiter")
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])
        # The module says "import subiter", which only an interpreter with a worker has.
        pathlib.Path(folder, "subiter.py").touch()
        for number, function in enumerate(tests, 1):
            name = function.__name__.removeprefix("test_").replace("_", " ")
            try:
                function()
            except Exception:
                failed = True
                print(f"not ok {number} - {name}")
                for line in traceback.format_exc().splitlines():
                    print(f"# {line}")
            else:
                print(f"ok {number} - {name}")


if __name__ == "__main__":
    main()
    sys.exit(failed)
