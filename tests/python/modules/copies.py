# SPDX-License-Identifier: LGPL-2.1-or-later
"""Buffers, where they are in memory, and when they are given back."""

import ctypes
import os
import threading
import weakref
from array import array

SIZE = 1 << 16
LIMIT = 4096

kept = []


def where_bytes(data):
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value


def where_writable(data):
    return ctypes.addressof(ctypes.c_char.from_buffer(data))


# Each of these makes a new pair of an address and an object.

def a_bytes():
    data = os.urandom(SIZE)
    return where_bytes(data), data


def a_small_bytes():
    data = os.urandom(LIMIT - 1)
    return where_bytes(data), data


def the_least_bytes():
    data = os.urandom(LIMIT)
    return where_bytes(data), data


def a_bytes_subclass():
    data = type("Data", (bytes,), {})(os.urandom(SIZE))
    return where_bytes(data), data


def a_kept_bytes():
    address, data = a_bytes()
    kept.append(data)
    return address, data


def a_bytearray():
    data = bytearray(os.urandom(SIZE))
    return where_writable(data), data


def a_kept_bytearray():
    address, data = a_bytearray()
    kept.append(data)
    return address, data


def a_bytearray_subclass():
    data = type("Data", (bytearray,), {})(os.urandom(SIZE))
    return where_writable(data), data


def an_array():
    data = array("i", range(SIZE))
    return data.buffer_info()[0], data


def a_kept_array():
    address, data = an_array()
    kept.append(data)
    return address, data


def an_array_with_a_weak_reference():
    address, data = an_array()
    kept.append(weakref.ref(data))
    return address, data


def an_array_of_float():
    data = array("f", range(SIZE))
    return data.buffer_info()[0], data


def an_array_of_double():
    data = array("d", range(SIZE))
    return data.buffer_info()[0], data


def a_view_of_bytes():
    address, data = a_bytes()
    return address + 5, memoryview(data)[5:]


def a_view_of_booleans():
    address, data = a_bytes()
    return address, memoryview(data).cast("?")


def a_view_of_numbers():
    address, data = a_bytes()
    return address, memoryview(data).cast("d")


def a_view_of_bytearray():
    address, data = a_bytearray()
    return address, memoryview(data)


def a_view_of_kept_bytearray():
    address, data = a_kept_bytearray()
    return address, memoryview(data)


def one_of_two_views():
    address, data = a_bytearray()
    view = memoryview(data)
    kept.append(view[1:])
    return address, view


def a_read_only_view():
    address, data = a_kept_bytearray()
    return address, memoryview(data).toreadonly()


def a_ctypes_array():
    data = (ctypes.c_ubyte * SIZE)()
    return ctypes.addressof(data), data


def a_read_only_view_of_ctypes():
    address, data = a_ctypes_array()
    return address, memoryview(data).toreadonly()


class Exporter:
    """A buffer that is written in Python."""

    def __init__(self, data):
        self.data = data

    def __buffer__(self, flags):
        return memoryview(self.data)


def an_exporter():
    address, data = a_bytes()
    return address, Exporter(data)


def an_exporter_that_may_change():
    address, data = a_bytearray()
    return address, Exporter(data)


# Those in containers are the last in there.

def in_a_tuple():
    address, data = a_bytearray()
    return address, (1, data)


def in_a_kept_tuple():
    address, data = in_a_tuple()
    kept.append(data)
    return address, data


def in_a_list():
    address, data = a_bytearray()
    return address, ["one", data]


def in_a_kept_list():
    address, data = in_a_list()
    kept.append(data)
    return address, data


def in_a_dict():
    address, data = a_bytearray()
    return address, {"one": 1, "data": data}


def in_a_kept_dict():
    address, data = in_a_dict()
    kept.append(data)
    return address, data


def deep_down():
    address, data = an_array()
    return address, [(1, {"data": (2, data)})]


def deep_down_in_a_kept_one():
    address, data = deep_down()
    kept.append(data[0][1])
    return address, data


def one(name):
    """Yield the address, and then the object, which this does not hold."""
    pair = list(globals()[name]())
    yield pair[0]
    yield pair.pop()


def typed(name):
    """The same in one item, for an item-type."""
    yield globals()[name]()


def refilled(n):
    """What a program does that reads into one buffer, again and again."""
    chunk = bytearray(SIZE)
    for i in range(n):
        chunk[:] = bytes([i]) * SIZE
        yield chunk


class Tracked:
    """Says into a pipe when it is given back, and by whom."""

    worker = threading.get_ident()

    def __init__(self, fd, size=SIZE):
        self.fd = fd
        self.data = bytes(size)

    def __buffer__(self, flags):
        return memoryview(self.data)

    def __release_buffer__(self, view):
        view.release()
        os.write(self.fd, b"+" if threading.get_ident() == self.worker else b"!")

    def __del__(self):
        os.write(self.fd, b"-" if threading.get_ident() == self.worker else b"!")


def tracked(fd, n, is_nested=False):
    for _ in range(n):
        yield ["data", Tracked(fd)] if is_nested else Tracked(fd)


def tracked_then_wait(fd, n):
    import subiter
    yield from tracked(fd, n)
    os.write(fd, b".")
    subiter.wait()


class Nasty(Tracked):
    """Raises, and leaves something behind, at its end."""

    def __del__(self):
        threading.Thread(target=lambda: None).start()
        kept.append(self)
        raise RuntimeError("at its end")


def nasty(fd):
    yield Nasty(fd)


def sizes(n, seed):
    """Of all kinds and sizes, with what is in them told by their first byte."""
    import random
    generator = random.Random(seed)
    for i in range(n):
        data = bytes([i % 256]) * generator.choice([1, LIMIT - 1, LIMIT, LIMIT + 1, 20000, SIZE, 1 << 20])
        yield generator.choice([lambda: data, lambda: bytearray(data), lambda: memoryview(data),
                                lambda: (data, bytearray(data)), lambda: [bytearray(data)],
                                lambda: array("B", data)])()


def one_bytes(size=SIZE):
    yield bytes([7]) * size


def wait_for_stop():
    import subiter
    yield 1
    subiter.wait()


# Arguments.

def look_at(*args, **kwargs):
    """Where each is, and what it is."""
    for name, data in [*enumerate(args), *kwargs.items()]:
        if isinstance(data, memoryview):
            try:
                data[:1] = b"x"
            except TypeError:
                pass
            else:
                raise AssertionError("it can be written to")
            view = ViewPointer()
            ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(data), ctypes.byref(view), 0)
            yield str(name), view.buf or 0, f"memoryview {data.format} {data.readonly} {len(data)}"
            ctypes.pythonapi.PyBuffer_Release(ctypes.byref(view))
        else:
            yield str(name), 0, f"{type(data).__name__} {data!r}"


class ViewPointer(ctypes.Structure):
    _fields_ = [("buf", ctypes.c_void_p), ("rest", ctypes.c_byte * 256)]


def keep(data):
    kept.append(data)
    yield 1


def forget():
    kept.clear()
    yield 1


def echo(data):
    yield data


def drop_on_thread(data):
    holder = [data]
    del data
    thread = threading.Thread(target=holder.clear)
    thread.start()
    thread.join()
    yield 1
