# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the fuzz targets call."""

import array
import collections
import ctypes
import enum
import struct


def echo(*args):
    return args


def echo_keywords(**keywords):
    return [keywords]


# An object of any kind, by the bytes of an input; and what it is to become, as the text that the target makes
# of an item. None instead of a text: it cannot be shared.

class Reader:
    def __init__(self, data):
        self.data, self.position = data, 0

    def byte(self):
        self.position += 1
        return self.data[self.position - 1] if self.position <= len(self.data) else 0

    def bytes(self):
        length = self.byte()
        chunk = self.data[self.position:self.position + length]
        self.position += len(chunk)
        return chunk


class Text(str):
    __slots__ = ()


class Number(int):
    def __int__(self):
        raise RuntimeError('nobody asked')

    __index__ = __int__


class Colour(enum.IntEnum):
    RED = 1


class Reversed(dict):
    def items(self):
        return list(super().items())[::-1]


class Lying(dict):
    def items(self):
        return [('a', 1, 2)]


class Raising(dict):
    def items(self):
        raise ValueError('no items today')


class Buffer:
    """Changes what it is in while it is looked at."""

    def __init__(self, holder):
        self.holder = holder

    def __buffer__(self, flags):
        self.holder.clear()
        return memoryview(b'buffer')


Pair = collections.namedtuple('Pair', 'first second')


def make_endless():
    endless = []
    endless.append(endless)
    return endless


def make_changing(holder, add):
    add(holder, Buffer(holder))
    add(holder, None)
    return holder


def make_released():
    view = memoryview(b'abc')
    view.release()
    return view


ODD = (
    lambda: ({1, 2}, None),
    lambda: (object(), None),
    lambda: (iter([1]), None),
    lambda: (1j, None),
    lambda: (make_endless(), None),
    lambda: (make_changing([], list.append), None),
    lambda: (make_changing({}, lambda holder, value: holder.__setitem__(len(holder), value)), None),
    lambda: (make_released(), None),
    lambda: (memoryview(b'abcdef')[::2], None),
    lambda: (memoryview(b'abcdef').cast('B', (2, 3)), None),
    lambda: (memoryview(b'abcd').cast('c'), None),
    lambda: ((ctypes.c_int16.__ctype_be__ * 2)(1, 2), None),
    lambda: ((ctypes.c_int16 * 2)(1, -2), 'An' + struct.pack('=2h', 1, -2).hex()),
    lambda: (memoryview(b'\0\2\1').cast('?'), 'Ab000101'),
    lambda: (memoryview(struct.pack('=2f', 0.5, -1)), 'Ay' + struct.pack('=2f', 0.5, -1).hex()),
    lambda: (array.array('f', [0.5, -1]), 'Ad' + struct.pack('=2d', 0.5, -1).hex()),
    lambda: (array.array('i'), 'Ai'),
    lambda: (memoryview(b''), 'Ay'),
    lambda: (bytearray(), 'Ay'),
    lambda: (array.array('w', 'ab'), None),
    lambda: (Colour.RED, 'i1'),
    lambda: (Number(5), 'i5'),
    lambda: (Text('ä'), 'sc3a4'),
    lambda: (Pair(1, None), '(i1,n)'),
    lambda: (Reversed(a=1, b=2), '{62:i2,61:i1}'),
    lambda: (Lying(), None),
    lambda: (Raising(), None),
    lambda: (collections.OrderedDict(a=1), '{61:i1}'),
    lambda: ({(1, 2): 3}, None),
    lambda: ({1: 2}, None),
    lambda: ({None: 2}, None),
    lambda: ({}.keys(), None),
    lambda: (range(3), None),
    lambda: (Colour, None),
    lambda: (NotImplemented, None),
    lambda: (..., None),
)

ARRAYS = 'hHiIqQd'


def describe_string(string):
    try:
        return None if '\0' in string else string.encode().hex()
    except UnicodeEncodeError:
        return None


def make_members(reader, depth, left):
    members, texts = [], []
    for _ in range(reader.byte() % 12):
        left[0] -= 1
        if left[0] < 0:
            break
        member, text = make(reader, depth + 1, left)
        members.append(member)
        texts.append(text)
    return members, texts


def make_chain(reader):
    item, text = None, 'n'
    n_levels = reader.byte() + (2000 if reader.byte() == 255 else 0)
    for level in range(n_levels):
        item = [item] if level % 2 else (item,)
        text = f'[{text}]' if level % 2 else f'({text})'
    return item, n_levels, text



def make(reader, depth, left):
    kind = reader.byte() % 14
    if kind == 0:
        return None, 'n'
    if kind == 1:
        value = bool(reader.byte() & 1)
        return value, f'b{int(value)}'
    if kind == 2:
        data = reader.bytes()[:12]
        value = int.from_bytes(data, 'little', signed=True)
        return value, f'i{value}' if -2**63 <= value < 2**64 else None
    if kind == 3:
        data = reader.bytes()[:8].ljust(8, b'\0')
        return struct.unpack('=d', data)[0], 'd' + data.hex()
    if kind in (4, 5):
        value = reader.bytes().decode('utf-8' if kind == 4 else 'latin-1', 'surrogateescape' if kind == 4 else 'strict')
        text = describe_string(value)
        return value, text if text is None else 's' + text
    if kind == 6:
        value = reader.bytes()
        return (value, bytearray(value), memoryview(value))[len(value) % 3], 'Ay' + value.hex()
    if kind == 7:
        value = 2**(reader.byte() % 70) - reader.byte() % 2
        return value, f'i{value}' if value < 2**64 else None
    if kind in (8, 9):
        members, texts = make_members(reader, depth, left)
        item = members if kind == 9 else tuple(members)
        if depth >= 40 or None in texts:
            return item, None
        joined = ','.join(texts)
        return item, f'[{joined}]' if kind == 9 else f'({joined})'
    if kind == 10:
        members, texts = make_members(reader, depth, left)
        pairs = {}
        for member, text in zip(members, texts):
            key = reader.bytes().decode('utf-8', 'surrogateescape')
            pairs[key] = member, text
        item = {key: member for key, (member, _) in pairs.items()}
        keys = [describe_string(key) for key in pairs]
        if depth >= 40 or None in keys or None in (text for _, text in pairs.values()):
            return item, None
        return item, '{' + ','.join(f'{key}:{text}' for key, (_, text) in zip(keys, pairs.values())) + '}'
    if kind == 11:
        code = ARRAYS[reader.byte() % len(ARRAYS)]
        value = array.array(code)
        data = reader.bytes()
        value.frombytes(data[:len(data) - len(data) % value.itemsize])
        element = dict(zip(ARRAYS, 'nqiuxtd'))[code]
        return (value if len(data) % 2 else memoryview(value)), f'A{element}' + value.tobytes().hex()
    if kind == 12:
        item, n_levels, text = make_chain(reader)
        return item, text if depth + n_levels <= 40 else None
    return ODD[reader.byte() % len(ODD)]()


def items(data):
    reader = Reader(data)
    n_items = 0
    while n_items == 0 or reader.position < len(data) and n_items < 100:
        n_items += 1
        item, text = make(reader, 0, [200])
        yield '=' + text if text is not None else '!'
        yield item
