# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything that can go wrong in somebody's code."""

import sys
import threading


class Base(BaseException):
    pass


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError('no text for you')


class Nasty(Exception):
    """One whose text is not a str, or worse."""

    def __str__(self):
        return 5


class Outer:
    class Inner(Exception):
        pass


def in_callable():
    raise ValueError('from the callable')


class _BadIter:
    def __iter__(self):
        raise KeyError('from __iter__')


def in_iter():
    return _BadIter()


class _IterOfNothing:
    def __iter__(self):
        return 5


def iter_gives_no_iterator():
    return _IterOfNothing()


class _BadNext:
    def __init__(self):
        self.n = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.n += 1
        if self.n > 3:
            raise ArithmeticError('from __next__')  # the line that a traceback shows
        return self.n


def in_next():
    return _BadNext()


def deeper(n):
    if n == 0:
        raise LookupError('down here')
    deeper(n - 1)


def in_generator(n):
    for i in range(n):
        yield i
    deeper(2)


def with_notes():
    error = ValueError('noted')
    error.add_note('first note')
    error.add_note('second note: ünïcödé')
    raise error
    yield


def with_cause():
    try:
        int('x')
    except ValueError as error:
        raise RuntimeError('the effect') from error
    yield


def with_context():
    try:
        {}['missing']
    except KeyError:
        raise RuntimeError('while at it')
    yield


def with_causes():
    try:
        try:
            1 / 0
        except ZeroDivisionError:
            raise KeyError('second')
    except KeyError as error:
        raise OSError('third') from error
    yield


def from_none():
    try:
        1 / 0
    except ZeroDivisionError:
        raise ValueError('only this') from None
    yield


def in_a_circle():
    first, second = ValueError('first'), TypeError('second')
    first.__cause__, second.__cause__ = second, first
    raise first
    yield


def with_many_causes(n):
    last = None
    for i in range(n):
        try:
            raise ValueError(i) from last
        except ValueError as error:
            last = error
    raise last
    yield


def large_text(n):
    raise ValueError('x' * n)
    yield


def from_the_depth(n):
    def down(n):
        return down(n - 1) if n > 0 else 1 / 0

    sys.setrecursionlimit(n * 2)
    down(n)
    yield


class Endless(Exception):
    def __str__(self):
        return str(self)


def recursive_text():
    raise Endless
    yield


class BadNotes(Exception):
    @property
    def __notes__(self):
        raise OSError('no notes for you')


def strange_notes(kind):
    if kind == 2:
        raise BadNotes('noted')
    error = ValueError('noted')
    error.__notes__ = (5, ('a', 3))[kind]
    raise error
    yield


def strange_class():
    raise type('Strange', (Exception,), {'__module__': 5})('class')
    yield


def deep_group(n):
    error = ValueError('at the bottom')
    for _ in range(n):
        error = ExceptionGroup('group', [error])
    raise error
    yield


def unprintable():
    raise Unprintable('hidden')
    yield


def nasty():
    raise Nasty('hidden')
    yield


def nested_class():
    raise Outer.Inner('of a nested class')
    yield


def no_message():
    raise ValueError
    yield


def strange_text():
    raise ValueError('a NUL \0, a surrogate \ud800 and a smile \U0001F600')
    yield


def several_lines():
    raise ValueError('line one\nline two')
    yield


def group():
    raise ExceptionGroup('many', [ValueError('one of them'), TypeError('another')])
    yield


def exits(*arguments):
    yield 1
    sys.exit(*arguments)


def exits_at_once():
    sys.exit(3)


def interrupts():
    yield 1
    raise KeyboardInterrupt


def recurses():
    yield 1

    def again(n):
        return again(n + 1) + 1

    again(0)


def runs_out_of_memory():
    yield 1
    raise MemoryError('no more')


def asks_for_too_much():
    yield 1
    bytearray(1 << 62)


def stops_iteration():
    yield 1
    raise StopIteration('by hand')


class _StopsWithValue:
    """The plain end of an iterator, with a value: no error."""

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration('a value')


def ends_with_value():
    return _StopsWithValue()


def base_exception():
    yield 1
    raise Base('not an Exception')


def exits_generator():
    yield 1
    raise GeneratorExit


class _BadBuffer:
    def __buffer__(self, flags):
        raise BufferError('no memory to show')


def bad_buffer():
    yield _BadBuffer()


def changes_under_way():
    """A buffer that empties the list that it is in while that is converted."""
    members = [1]

    class Spoiler:
        def __buffer__(self, flags):
            members.clear()
            return memoryview(b'x')

    members += [Spoiler(), 2, 3]
    yield members


def bad_clean_up():
    try:
        for i in range(1000000):
            yield i
    finally:
        raise OSError('while cleaning up')


def in_thread():
    """What a thread raises goes to stderr, as ever, and is no end of the iteration."""

    def fail():
        raise ValueError('in a thread')

    thread = threading.Thread(target=fail, name='worker-of-mine')
    thread.start()
    thread.join()
    yield 'survived'


def in_del():
    class Bad:
        def __del__(self):
            raise ValueError('in __del__')

    bad = Bad()
    del bad
    yield 'survived'


def _delegate():
    yield 1
    yield [{2}]  # the line


def yields_a_set():
    yield from _delegate()


def yields_text():
    yield 1
    yield 'two'  # the line


def takes_two(a, b):
    yield a
    yield b


class NeedsArgument:
    def __init__(self, wanted):
        self.wanted = wanted

    def __iter__(self):
        return iter([self.wanted])
