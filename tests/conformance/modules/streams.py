# SPDX-License-Identifier: LGPL-2.1-or-later
"""Iterables of every kind, and code that is stopped, paused and started again."""

import itertools
import threading
import time

import subiter

calls = 0
open_streams = 0


def empty():
    return []


def empty_generator():
    return
    yield


def one():
    yield 'only'


class Maker:
    """Attributes of attributes."""

    class Inner:
        @staticmethod
        def items():
            return ['inner']

    @classmethod
    def items(cls):
        return [cls.__name__]

    def __iter__(self):
        return iter(['instance'])


def callable_with_state():
    pass


callable_with_state.items = lambda: ['of a function']


class ByIndex:
    """The old protocol: neither __iter__ nor __len__."""

    def __getitem__(self, index):
        if index == 3:
            raise IndexError
        return index * 10


def kept():
    """A list: it is kept, and iterated again."""
    global calls
    calls += 1
    return [f'call {calls}', 'item']


def generated():
    """A generator: the function is called again."""
    global calls
    calls += 1
    yield f'call {calls}'
    yield 'item'


def one_shot():
    """An iterator: the same."""
    global calls
    calls += 1
    return iter([f'call {calls}', 'item'])


class Restartable:
    """Its own iterator, but one that would start over: it cannot be told from a one-shot."""

    def __init__(self):
        global calls
        calls += 1

    def __iter__(self):
        self.n = 0
        return self

    def __next__(self):
        self.n += 1
        if self.n > 2:
            raise StopIteration
        return f'{calls}.{self.n}'


def changes_its_arguments(numbers):
    numbers.append(len(numbers))
    return iter(numbers)


def fails_the_first_time():
    global calls
    calls += 1
    yield f'call {calls}'
    if calls == 1:
        raise ValueError('only once')


def endless():
    return itertools.count()


def announced(n):
    for i in range(1, n + 1):
        print(f'made {i}.')
        yield i


def stops_when_told():
    """Cooperative: asks, cleans up, and says so."""
    n = 0
    try:
        while not subiter.stopping():
            yield n
            n += 1
    finally:
        print('cleaned up')


def waits(n=0):
    """Yields, then waits until it is to stop."""
    yield from range(n)
    print('waiting')
    stopped = subiter.wait()
    print('woken', stopped, subiter.stopping())


def waits_in_callable():
    print('waiting')
    subiter.wait()
    print('woken')
    return ['never delivered']


def sleeps_by_slices(n=0):
    """Catches nothing, never asks: what a timeout is for."""
    yield from range(n)
    print('sleeping')
    while not subiter.wait(0.005):
        pass
    print('woken')


def busy(n=0):
    yield from range(n)
    print('busy')
    while True:
        pass


def busy_in_callable():
    print('busy')
    while True:
        pass


def busy_and_stubborn():
    """Swallows what is raised in it, up to a point."""
    print('busy')
    for _ in range(3):
        try:
            while True:
                pass
        except BaseException as error:
            print('swallowed', type(error).__name__)
    yield 'never delivered'


def busy_but_tidy():
    print('busy')
    try:
        while True:
            pass
    except BaseException as error:
        print('got', type(error).__name__, isinstance(error, Exception), isinstance(error, subiter.Stopped))
        raise
    finally:
        print('tidy')
    yield


def sleeps_long():
    """A call into C that lets go of the GIL now and then."""
    print('sleeping')
    while True:
        time.sleep(0.01)
    yield


def with_finally(n):
    try:
        for i in range(n):
            yield i
    finally:
        print('finally')


class WithClose:
    """An iterator that is no generator, with a close () of its own."""

    def __iter__(self):
        return self

    def __next__(self):
        return 1

    def close(self):
        print('closed')


def delegating(n):
    """Both have to clean up, inside out."""
    try:
        yield from with_finally(n)
    finally:
        print('outer finally')


def waits_in_finally():
    """Cleaning up may take its time, and knows that it is stopping."""
    try:
        for i in itertools.count():
            yield i
    finally:
        print('stopping', subiter.stopping())
        print('waited', subiter.wait(3600))


def left_over():
    """Whether an iteration before this one was cleaned up."""
    global open_streams
    open_streams += 1
    try:
        yield f'{open_streams} open'
        yield from itertools.count()
    finally:
        open_streams -= 1


def from_thread(n):
    """Threads of the worker's own, and a queue between."""
    import queue

    items = queue.SimpleQueue()

    def produce():
        for i in range(n):
            items.put(i)
        items.put(None)

    thread = threading.Thread(target=produce)
    thread.start()
    while (item := items.get()) is not None:
        yield item
    thread.join()


def many_threads(n):
    """They run while the iteration does: it waits, but not for their GIL."""
    results = [0] * n

    def work(i):
        for k in range(1000):
            results[i] += k

    threads = [threading.Thread(target=work, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    yield 'started'
    for thread in threads:
        thread.join()
    yield from results


def leaves_a_thread():
    """A thread that ends when it is told to, some time after the iteration."""

    def stay():
        subiter.wait()

    threading.Thread(target=stay).start()
    yield 'left'


def says_stopping():
    yield subiter.stopping()
    yield subiter.wait(0)
    yield subiter.wait(0.001)


def progressing():
    for i in range(1, 5):
        subiter.progress(i / 4, f'step {i} of 4')
        yield i


def progressing_without_text():
    subiter.progress(0.5, 'half')
    subiter.progress(fraction=0.75)
    yield 1


def progressing_only():
    """No item, yet there is news, and one can wait for it."""
    subiter.progress(0.25, 'a quarter')
    print('reported')
    subiter.wait()
    return
    yield


def progressing_wrongly(fraction):
    subiter.progress(fraction)
    yield


def logging(*levels):
    subiter.log('plain')
    for level in levels:
        subiter.log(f'at {level}: ✓', level)
    yield 'logged'


def logging_objects():
    subiter.log(['any', 'object'], level='info')
    yield 'logged'


def logging_wrongly():
    subiter.log('text', 'loud')
    yield


def shows_module():
    yield subiter.__name__
    yield sorted(name for name in ('progress', 'stopping', 'wait', 'log') if callable(getattr(subiter, name)))
    yield [name for name in ('progress', 'stopping', 'wait', 'log') if not getattr(subiter, name).__doc__]


def with_state(key):
    """Module variables are this interpreter's own: the second source sees none of the first's."""
    seen = globals().setdefault('seen', [])
    seen.append(key)
    return iter([list(seen)])
