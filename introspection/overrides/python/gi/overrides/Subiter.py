# SPDX-License-Identifier: LGPL-2.1-or-later
"""What makes Subiter natural in Python, with PyGObject.

    for item in source:                     blocks; Ctrl-C interrupts it
    async for item in source:               in an event loop of gi.events
    source.connect("item", on_item)         gets a GLib.Variant: unpack () makes it a Python value

An iteration that fails raises RemoteError if the reason is an exception in the worker, and GLib.Error if it
is another. A RemoteError of a ValueError is a ValueError, too.
"""

import asyncio
import atexit
import builtins
import functools
import os
import re
import sys

from gi.module import get_introspection_module
from gi.overrides import override
from gi.overrides._subiter_values import split_args, split_kwargs
from gi.repository import Gio, GLib

Subiter = get_introspection_module("Subiter")

try:
    from gi.overrides._subiter import Items, Iteration, connect as _connect, unpack
except ImportError as error:
    # The rest of the library works in a Python that it was not built for.
    _reason = f"Subiter was not built for this Python ({sys.implementation.cache_tag}): {error}"

    class _Missing:
        def __new__(cls, *args):
            raise ImportError(_reason)

    Items = Iteration = _Missing
    _connect = None

    def unpack(variant):
        raise ImportError(_reason)

__all__ = ["Callable", "Failure", "RemoteError", "Source", "TimedOutError", "iterate", "unpack"]


# ---- Errors

_DOMAIN = GLib.quark_to_string(Subiter.error_quark())


class RemoteError(GLib.Error):
    """An exception that ended Python code in a worker.

    exception_type is the name of its class, remote_traceback its formatted traceback with those of its causes, or
    None, failure all of it. As an exception in a worker does not leave it as an object, it is this one; but if its
    class is one of Python's own, this is of that class, too, so that "except ValueError" sees it, and that of a group
    has RemoteErrors in it. Those that end a program, an iteration or a generator are RemoteErrors only.

    __cause__ is the RemoteError of what caused it, whether that was said by "raise ... from" or not; __notes__ are the
    notes that it had, and where it happened.
    """

    def __init__(self, error, failure, _known=None):
        # Classes of Python's own that this is derived from would want other arguments.
        BaseException.__init__(self, error.message)
        self.message, self.domain, self.code = error.message, error.domain, error.code
        self.failure = failure
        self.exception_type = failure.get_exception_type()
        self.remote_traceback = failure.get_traceback()
        for note in failure.get_notes():
            self.add_note(note)
        if stack := _get_stack(failure):
            self.add_note(f"In the worker:\n{stack}")
        if cause := failure.get_cause():
            self.__cause__ = _make_remote_error(_describe(cause), cause, {} if _known is None else _known)

    def __str__(self):
        return self.message

    def __repr__(self):
        return f"Subiter.RemoteError({self.message!r})"

    def copy(self):
        return RemoteError._restore(self.message, self.domain, self.code, self.failure)

    def __reduce__(self):
        # Its notes are in there: they may be more than those of the failure.
        state = {name: value for name, value in vars(self).items() if name != "failure"}
        return RemoteError._restore, (self.message, self.domain, self.code, self.failure), state

    @staticmethod
    def _restore(message, domain, code, failure):
        return _make_remote_error(GLib.Error(message, domain, code), failure, {})

    _restore.__module__ = "gi.repository.Subiter"


class _RemoteGroup(RemoteError, ExceptionGroup):
    """What a class of ExceptionGroup is derived from."""

    # Python's own one cannot be set.
    message = ""

    def __new__(cls, error, failure, _known=None):
        known = {} if _known is None else _known
        members = [_make_remote_error(_describe(member), member, known) for member in failure.get_members()]
        return ExceptionGroup.__new__(cls, error.message, members)

    __init__ = RemoteError.__init__


class TimedOutError(GLib.Error, TimeoutError):
    """Nothing came in time, and where the code is is not known."""

    def __str__(self):
        return self.message


for _class in (RemoteError, _RemoteGroup, TimedOutError):
    _class.__module__ = "gi.repository.Subiter"
_RemoteGroup.__name__ = _RemoteGroup.__qualname__ = "RemoteError"

# The subclass of RemoteError for each class of exceptions.
_remote_classes = {}


def _make_remote_class(name):
    """Derive a class from RemoteError and the one of Python's own that has this name."""
    base = vars(builtins).get(name)
    # A SystemExit would end the program, and a StopIteration, in silence, the loop that this is raised in.
    if (
        not isinstance(base, type)
        or not issubclass(base, Exception)
        or issubclass(base, (StopIteration, StopAsyncIteration, BaseExceptionGroup))
        or issubclass(RemoteError, base)
    ):
        return RemoteError
    names = {"__module__": RemoteError.__module__, "__qualname__": "RemoteError", "__doc__": RemoteError.__doc__}
    try:
        return type("RemoteError", (RemoteError, base), names)
    except TypeError:
        # Somebody else's objects may have been put there, of a layout of their own.
        return RemoteError


def _find_remote_class(failure):
    if failure.get_members():
        return _RemoteGroup
    name = failure.get_exception_type()
    found = _remote_classes.get(name)
    if found is None:
        found = _make_remote_class(name)
        # The names of other classes are for others to choose, any number of them.
        if found is not RemoteError:
            _remote_classes[name] = found
    return found


def _make_remote_error(error, failure, known):
    """Make the exception for a failure. known has those that are made already: of a group, several members may have
    the same cause."""
    key = hash(failure)
    remote_error = known.get(key)
    if remote_error is None:
        remote_error = known[key] = _find_remote_class(failure)(error, failure, known)
        if isinstance(remote_error, SyntaxError):
            # It is printed by what is in there.
            remote_error.msg = remote_error.message
        elif isinstance(remote_error, OSError) and (number := re.match(r"\[Errno (\d+)\]", failure.get_message())):
            remote_error.errno = int(number[1])
    return remote_error


def _describe(failure):
    """Make the error that tells of an exception which did not end the code by itself."""
    return _make_error(Subiter.Error.RAISED, failure.get_line())


def _get_stack(failure):
    """Get where an exception was raised: its traceback without what is said elsewhere, its message and its notes, or
    the members of a group."""
    text = failure.get_own_traceback() or ""
    if failure.get_members():
        lines = text.partition("\n  +-+")[0].splitlines()
        text = "\n".join(line[4:] if line.startswith(("  + ", "  | ")) else line for line in lines)
        text = text.replace("Exception Group Traceback", "Traceback", 1)
    ending = "\n".join([failure.get_line(), *failure.get_notes()])
    return text.rstrip("\n").removesuffix(ending).rstrip("\n")


def _make_error(code, message):
    return GLib.Error.new_literal(Subiter.error_quark(), message, code)


# ---- The classes


_bind = Subiter.Callable.bind


class Callable(Subiter.Callable):
    def bind(self, args=None, kwargs=None):
        """Bind arguments: a tuple and a dict, or a GLib.Variant for either.

        An argument that is GLib.Bytes is not copied: the function gets a memoryview of it.
        """
        bound = self
        for part in split_args(args):
            bound = bound.bind_bytes(None, part) if isinstance(part, GLib.Bytes) else _bind(bound, part, None)
        variant, named = split_kwargs(kwargs)
        bound = _bind(bound, None, variant)
        for name, part in named.items():
            bound = bound.bind_bytes(name, part)
        return bound

    def __str__(self):
        return self.to_string()

    def __repr__(self):
        return f"<Subiter.Callable {self.to_string()}>"


Callable = override(Callable)


class Failure(Subiter.Failure):
    def get_line(self):
        """Get the line by which Python ends a traceback."""
        message = self.get_message()
        return f"{self.get_exception_type()}: {message}" if message else self.get_exception_type()

    def __str__(self):
        return self.get_traceback() or self.get_line()

    def __reduce__(self):
        texts = self.get_exception_type(), self.get_message(), self.get_own_traceback(), self.get_notes()
        return Failure._restore, (texts, self.get_cause(), self.is_cause_explicit(), self.get_members())

    @staticmethod
    def _restore(texts, cause, is_explicit, members):
        failure = Subiter.Failure.new(*texts)
        if members:
            failure = failure.with_members(members)
        return failure.with_cause(cause, is_explicit) if cause is not None else failure

    _restore.__module__ = "gi.repository.Subiter"


Failure = override(Failure)


# Their handlers are called by the extension module.
_VARIANT_SIGNALS = ("item", "items") if _connect is not None else ()


class _AsyncIteration(Items):
    """The iterator of "async for". It is a class and not a generator because those that are not exhausted are
    closed at some later time, and this one stops its iteration when it is dropped."""

    def __init__(self, source):
        self._source = source
        self._runs = False
        self._pending = None

    async def _fetch(self):
        """Get more items, or wait for who does so already."""
        if self._pending is not None:
            await asyncio.wait([self._pending])
            return
        source = self._source
        if source is None:
            raise StopAsyncIteration
        loop = source._check_event_loop()
        if not self._runs:
            source._begin()
            self._runs = True
        future = self._pending = loop.create_future()
        cancellable = Gio.Cancellable()
        source.next_batch_async(source.get_buffer_size(), cancellable, self._on_items, future)
        try:
            is_there = await future
        except GLib.Error:
            self._source = None
            raise
        except BaseException:
            # As a generator would: what it is thrown into ends.
            self._close()
            cancellable.cancel()
            raise
        finally:
            self._pending = None
        if not is_there:
            self._source = None
            raise StopAsyncIteration

    def _on_items(self, source, result, future):
        # If it is done, the iteration is over.
        if future.done():
            return
        try:
            future.set_result(self.take(source, result))
        except Exception as error:
            future.set_exception(error)

    async def aclose(self):
        self._close()

    def _close(self):
        source, self._source = self._source, None
        self.clear()
        if source is not None and self._runs and not sys.is_finalizing():
            source.stop()

    __del__ = _close


class Source(Subiter.Source):
    """A Python iterable as a stream of items.

    Each "for" and each "async for" over a source begins an iteration of its own, and stops it if it is left
    early. There can be one at a time.
    """

    def __init__(self, **properties):
        super().__init__(**properties)
        self._context = GLib.MainContext.ref_thread_default()

    @staticmethod
    def new(callable):
        """Make a source of a Subiter.Callable."""
        return Source(callable=callable)

    @staticmethod
    def new_for_entry_point(entry_point, args=None):
        """Make a source of "module:attribute" and positional arguments: a tuple, or a GLib.Variant."""
        return Source(callable=Callable.new_for_entry_point(entry_point).bind(args))

    def __bool__(self):
        return True

    def __iter__(self):
        return Iteration(self)

    def __aiter__(self):
        return _AsyncIteration(self)

    def connect(self, detailed_signal, handler, *args):
        """Connect a handler to a signal."""
        if detailed_signal in _VARIANT_SIGNALS and callable(handler):
            return _connect(self, detailed_signal, handler, args, False)
        return super().connect(detailed_signal, handler, *args)

    def connect_after(self, detailed_signal, handler, *args):
        """Connect a handler to a signal, to be called after the others."""
        if detailed_signal in _VARIANT_SIGNALS and callable(handler):
            return _connect(self, detailed_signal, handler, args, True)
        return super().connect_after(detailed_signal, handler, *args)

    def _begin(self):
        state = self.get_state()
        if state in (Subiter.State.RUNNING, Subiter.State.PAUSED):
            raise _make_error(
                Subiter.Error.BUSY, "The source is being iterated already; make another source for a second iteration"
            )
        if state == Subiter.State.CLOSED:
            raise _make_error(Subiter.Error.CLOSED, "The source was closed")
        if state != Subiter.State.IDLE:
            self.rewind()

    def _convert_error(self, domain, code, message):
        return self.explain(GLib.Error(message, domain, code))

    def next(self, cancellable=None):
        """Take the next item, a GLib.Variant, or None at the end. This blocks."""
        try:
            return super().next(cancellable)
        except GLib.Error as error:
            failed = error
        raise self.explain(failed)

    def explain(self, error):
        """Find the exception in the worker that an error of the last iteration tells of.

        This is for handlers of "failed" and for methods that are awaited: they have a GLib.Error that knows
        nothing of it. Return a RemoteError, or error itself if there is none.
        """
        if error.domain != _DOMAIN or isinstance(error, (RemoteError, TimedOutError)):
            return error
        failure = self.dup_failure()
        if failure is not None:
            return _make_remote_error(error, failure, {})
        if error.code == Subiter.Error.TIMED_OUT:
            return TimedOutError(error.message, error.domain, error.code)
        return error

    def _check_event_loop(self):
        """Get the running event loop. Raise an error where it would not serve the source, and the wait be for ever."""
        try:
            loop = asyncio.get_running_loop()
            running = f"a {type(loop).__module__}.{type(loop).__qualname__} is running"
        except RuntimeError:
            loop, running = None, "none is running"
        context = getattr(loop, "_context", None)
        if not isinstance(context, GLib.MainContext):
            raise RuntimeError(
                '"async for" over a Subiter.Source needs an event loop that iterates a GLib main context, such as by '
                f"asyncio.run (main (), loop_factory=gi.events.GLibEventLoop); {running}"
            )
        own_context = getattr(self, "_context", None)
        if own_context is not None and hash(own_context) != hash(context):
            raise RuntimeError(
                "The source was made in another main context than that of the running event loop, and would "
                "never be served; make it inside a coroutine"
            )
        return loop


Source = override(Source)


# ---- Functions


def _name_function(function):
    """Name a function as an interpreter that has not got it can find it."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    text = repr(function)
    if not callable(function):
        raise TypeError(f"{text} cannot be called; it has to be a function, a class or a “module:attribute”")
    if isinstance(function, functools.partial):
        raise TypeError(f"{text} has arguments bound to it; pass its function, and the arguments as args and kwargs")
    if not module or not name:
        raise TypeError(f"{text} has no name to find it by; it has to be a function or a class of a module")
    if module == "__main__":
        raise TypeError(
            f"{text} is of the module __main__, which is the program itself; put it into a module of its own and "
            "import it from there"
        )
    if "<" in name:
        raise TypeError(f"{text} is local to a function or a lambda; define it by “def” in a module")
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    # A method of a class is a new object whenever it is looked up.
    if found != function:
        raise TypeError(f"{text} is not what “{module}:{name}” names; pass a “module:attribute” that does")
    return f"{module}:{name}"


def _make_callable(function):
    if isinstance(function, Subiter.Callable):
        return function
    return Callable.new_for_entry_point(function if isinstance(function, str) else _name_function(function))


def _list_folders():
    """List sys.path, less what Python would skip, and names that are no text."""
    folders = [os.path.abspath(folder) for folder in sys.path if isinstance(folder, str)]
    return [folder for folder in folders if not any("\ud800" <= character <= "\udfff" for character in folder)]


def iterate(function, *, args=(), kwargs=None, buffer_size=3, initializer=None, timeout=None, runtime=None):
    """Iterate what a function returns, in an interpreter and a thread of its own.

        for number in Subiter.iterate(range, args=(10,)):
            print(number)

    function is a function or class of a module that can be imported, a str "module:attribute", or a
    Subiter.Callable. It is looked for in the folders of sys.path, and imported anew. initializer is the same:
    it is called before, without arguments. timeout is in ms.

    The source that this returns goes with "for" and with "async for".
    """
    source = Source(callable=_make_callable(function).bind(args, kwargs), runtime=runtime)
    source.set_buffer_size(buffer_size)
    source.set_python_path(_list_folders())
    if initializer is not None:
        source.add_initializer(_make_callable(initializer))
    if timeout is not None:
        if not isinstance(timeout, int):
            raise TypeError(f"timeout: {timeout!r} cannot be used; it has to be an int, in ms: 300 is 0.3 s")
        source.set_timeout(timeout)
    return source


def _shut_down(pid):
    """End the workers; a child that was forked has none, and would wait for those of its parent."""
    if os.getpid() == pid:
        Subiter.shutdown(Subiter.get_exit_timeout())


# Python's own end must not meet interpreters that are alive.
atexit.register(_shut_down, os.getpid())
