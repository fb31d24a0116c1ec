# SPDX-License-Identifier: LGPL-2.1-or-later
"""Code that leaves something behind in its interpreter: see the page on threads for what becomes of it."""

import os
import sys
import threading
import time

import subiter

kept = []


def keep(thing):
    kept.append(thing)


def forever():
    while True:
        pass


def stubborn():
    while True:
        try:
            forever()
        except BaseException:
            continue


def start(*targets):
    for target in targets:
        threading.Thread(target=target, name=target.__name__).start()


# Threads

def thread_that_waits():
    start(subiter.wait)
    yield 1


def thread_that_waits_for_an_item():
    start(lambda: subiter.wait(1e6))
    yield 1


def thread_that_asks():
    def asks():
        while not subiter.stopping():
            time.sleep(0.001)
    start(asks)
    yield 1


def thread_that_is_busy():
    start(forever)
    yield 1


def raw_threads():
    import _thread
    _thread.start_new_thread(subiter.wait, ())
    _thread.start_new_thread(forever, ())
    yield 1


def thread_that_starts_threads():
    def starts():
        subiter.wait()
        start(subiter.wait, forever)
    start(starts)
    yield 1


def timer():
    threading.Timer(1e6, print).start()
    yield 1


def executor():
    from concurrent.futures import ThreadPoolExecutor
    pool = ThreadPoolExecutor(2)
    keep(pool)
    keep([pool.submit(subiter.wait) for _ in range(8)])
    keep(pool.submit(forever))
    yield 1


def interpreter_pool():
    try:
        from concurrent.futures import InterpreterPoolExecutor
    except ImportError:
        yield 1
        return
    pool = InterpreterPoolExecutor(1)
    keep(pool)
    yield pool.submit(int, '1').result()


def refused():
    """What does not work in here, and with which error."""
    import multiprocessing.pool

    def name(function):
        try:
            function()
        except BaseException as error:
            return type(error).__name__
        return 'nothing'

    yield name(lambda: threading.Thread(target=print, daemon=True))
    yield name(multiprocessing.pool.ThreadPool)
    yield name(os.fork)
    yield name(lambda: os.execv('/bin/true', ['true']))


def thread_in_a_lock():
    lock = threading.Lock()
    lock.acquire()
    start(lock.acquire)
    yield 1


def thread_asleep():
    def sleeper():
        time.sleep(1e6)
    start(sleeper)
    yield 1


def thread_that_is_stubborn():
    start(stubborn)
    yield 1


def thread_deep_in_c():
    def deep():
        subiter.wait()
        3 ** (10 ** 10)
    start(deep)
    yield 1


# Exit functions

def exit_function():
    import atexit
    atexit.register(print, 'at exit')
    yield 1


def exit_function_that_raises():
    import atexit
    atexit.register(print, 'and on')
    atexit.register(lambda: 1 / 0)
    yield 1


def exit_function_that_exits():
    import atexit
    atexit.register(sys.exit, 3)
    yield 1


def exit_function_that_is_busy():
    import atexit
    atexit.register(forever)
    yield 1


def exit_function_that_starts_threads():
    import atexit
    atexit.register(start, subiter.wait, forever)
    yield 1


def exit_function_without_end():
    import atexit

    def again():
        atexit.register(again)
    atexit.register(again)
    yield 1


def exit_function_that_is_stubborn():
    import atexit
    atexit.register(stubborn)
    yield 1


def exit_function_that_blocks(fd):
    import atexit
    atexit.register(os.read, fd, 1)
    yield 1


# Objects

class Final:
    def __init__(self, function):
        self.function = function

    def __del__(self):
        self.function()


def object_that_prints():
    keep(Final(lambda: print('gone')))
    yield 1


def object_that_raises():
    keep(Final(lambda: 1 / 0))
    yield 1


def object_that_imports():
    def imports():
        import colorsys
        import json
        print(json.dumps([colorsys.rgb_to_hsv(0, 0, 0)[0]]))
    keep(Final(imports))
    yield 1


def object_that_comes_back():
    class Phoenix:
        def __del__(self):
            sys.phoenix = self
    keep(Phoenix())
    yield 1


def object_that_is_busy():
    keep(Final(forever))
    yield 1


def object_that_starts_threads():
    keep(Final(lambda: start(subiter.wait, forever)))
    yield 1


def object_that_blocks(fd):
    keep(Final(lambda read=os.read: read(fd, 1)))
    yield 1


def object_in_the_walls_that_blocks(fd):
    """Where only the end of the interpreter itself finds it."""
    import codecs
    final = Final(lambda read=os.read: read(fd, 1))
    codecs.register(lambda name: final if name == 'nosuch' else None)
    yield 1


def objects_everywhere():
    import builtins
    import contextvars
    import gc
    import threading
    import __main__
    gone = []
    places = {'builtins': builtins, 'main': __main__, 'sys': sys, 'subiter': subiter}
    for name, place in places.items():
        place.leftover = Final(lambda name=name: print(name))
    variable = contextvars.ContextVar('variable')
    variable.set(Final(lambda: print('context')))
    keep(variable)
    local = threading.local()
    local.leftover = Final(lambda: print('local'))
    keep(local)
    cycle = [Final(lambda: print('cycle'))]
    cycle.append(cycle)
    gc.disable()
    gc.collect()
    gc.freeze()
    sys.stderr = Final(lambda: print('stream'))
    sys.modules['strange'] = Final(lambda: print('module'))
    yield 1


def weak_references():
    import weakref

    class Thing:
        pass
    thing = Thing()
    keep(thing)
    keep(weakref.ref(thing, lambda _: print('callback')))
    weakref.finalize(thing, print, 'finalize')
    yield 1


def generators():
    def with_finally():
        try:
            yield 1
        finally:
            print('finally')

    def that_yields():
        try:
            yield 1
        finally:
            yield 2

    def that_is_busy():
        try:
            yield 1
        finally:
            forever()
    for function in with_finally, that_yields, that_is_busy:
        generator = function()
        next(generator)
        keep(generator)
    yield 1


def loops():
    import asyncio

    async def items():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)

    async def use():
        generator = items()
        keep(generator)
        return await anext(generator)
    loop = asyncio.new_event_loop()
    keep(loop)
    yield loop.run_until_complete(use())
    keep(loop.create_task(asyncio.sleep(1e6)))
    keep(loop.run_in_executor(None, subiter.wait))


def files():
    import socket
    import subprocess
    import tempfile
    keep(open('/dev/null'))
    keep(tempfile.TemporaryFile())
    keep(socket.socketpair())
    keep(os.popen('cat /dev/null'))
    keep(subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    yield 1


def process(seconds):
    import subprocess
    process = subprocess.Popen(['sleep', seconds])
    keep(process)
    yield process.pid


def callbacks():
    import ctypes
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda a, b: 0)
    keep(compare)
    keep(ctypes.CDLL(None).qsort)
    yield 1


def hooks():
    import gc
    import logging
    import logging.handlers
    import queue
    gc.callbacks.append(lambda *_: None)
    logging.getLogger().addHandler(logging.StreamHandler())
    logging.getLogger().addHandler(logging.handlers.MemoryHandler(10, target=logging.StreamHandler()))
    listener = logging.handlers.QueueListener(queue.Queue())
    keep(listener)
    logging.getLogger().info('unseen')
    sys.excepthook = sys.displayhook = sys.unraisablehook = lambda *_: None
    sys.exitfunc = lambda: print('never')
    sys.meta_path.insert(0, Final(lambda: None))
    sys.settrace(lambda *_: None)
    threading.settrace(lambda *_: None)
    yield 1


# Interpreters

def interpreters_kept():
    try:
        from concurrent import interpreters
    except ImportError:
        yield 1
        return
    first = interpreters.create()
    first.exec('import json')
    keep(first)
    second = interpreters.create()
    queue = interpreters.create_queue()
    second.prepare_main(queue=queue)
    second.exec('queue.put(1)')
    keep((second, queue))
    first.exec('from concurrent import interpreters; kept = interpreters.create()')
    yield queue.get()


def interpreter_at_work():
    try:
        from concurrent import interpreters
    except ImportError:
        yield 1
        return
    interpreter = interpreters.create()
    keep(interpreter)
    keep(interpreter.call_in_thread(time.sleep, 0.2))
    yield 1


def interpreter_that_is_busy():
    from concurrent import interpreters
    interpreter = interpreters.create()
    keep(interpreter)
    start(lambda: interpreter.exec('while True: pass'))
    yield 1


def interpreters_lost():
    import _interpreters
    _interpreters.create()
    yield 1


# Items

def large_items():
    for i in range(4):
        yield bytes(range(256)) * 4096


def unread_items():
    for i in range(1000000):
        yield [i, str(i)]
