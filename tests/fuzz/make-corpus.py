#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes corpus/: for each target, a few small inputs that mean something, for a fuzzer to begin with.

What the bytes mean is in the targets and in fuzz.c. Files of other names are left alone.
"""

import pathlib
import struct

# as in fuzz-variants.c
BOXED = ('b y n q i u x t d s o g v mv ms mmx ay as av ax ab ad aay a{sv} a{xs} a{dv} a{oy} a{bv} a{sa{sv}} '
         '() (v) (sx) (a{sv}av) {sv} {yv} mas a() amv h am(sv)').split()


def text(string):
    data = string.encode()
    return bytes([len(data)]) + data


def number(value):
    if -128 <= value < 128:
        return b'\0' + struct.pack('b', value)
    return b'\xff' + struct.pack('>Q', value % 2**64)


def real(value):
    return b'\xff' + struct.pack('>d', value)


def count(n):
    return bytes([n])


def boxed(type_string, content):
    return bytes([BOXED.index(type_string)]) + content


def variant(type_string, content):
    return type_string.encode() + b'\ns' + content


def raw(type_string, content):
    return type_string.encode() + b'\nr' + content


variants = {
    'boolean': variant('b', b'\1'),
    'byte': variant('y', b'\xff'),
    'int16': variant('n', number(-2)),
    'uint32': variant('u', number(2**31)),
    'int64': variant('x', number(-2**63)),
    'uint64': variant('t', number(2**64 - 1)),
    'double': variant('d', real(0.1)),
    'string': variant('s', text('naïve "quoted"\n')),
    'path': variant('o', b'\2'),
    'nothing': variant('mv', b'\0'),
    'just': variant('ms', b'\1' + text('a')),
    'maybe-maybe': variant('mmx', b'\1\0'),
    'box': variant('v', boxed('s', text('a'))),
    'box-box': variant('v', boxed('v', boxed('ay', count(2) + b'\0\1'))),
    'box-of-handle': variant('v', boxed('h', b'\1')),
    'boxes-128': variant('v', b'\xf1\x1b'),
    'bytes': variant('ay', count(3) + b'a\0b'),
    'strings': variant('as', count(2) + text('a') + text('')),
    'booleans': variant('ab', count(2) + b'\0\1'),
    'dict': variant('a{sv}', count(2) + text('one') + boxed('x', number(1)) + text('two') + boxed('av', count(0))),
    'dict-twice': variant('a{sv}', count(2) + text('a') + boxed('b', b'\0') + text('a') + boxed('b', b'\1')),
    'dict-of-numbers': variant('a{dv}', count(2) + b'\0' + boxed('b', b'\0') + b'\1' + boxed('b', b'\1')),
    'tuple': variant('(sxv)', text('a') + number(5) + boxed('(sx)', text('b') + number(6))),
    'empty-tuple': variant('()', b''),
    'arguments': variant('(sx)', text('/etc') + number(5)) + variant('(v)', boxed('s', text('b'))),
    'keywords': (variant('a{sv}', count(1) + text('a') + boxed('b', b'\0'))
                 + variant('a{sv}', count(2) + text('b') + boxed('b', b'\0') + text('a') + boxed('s', text('c')))),
    'raw-string': raw('s', b'abc\0'),
    'raw-no-string': raw('s', b'abc'),
    'raw-no-text': raw('s', b'\xff\0'),
    'raw-boolean': raw('b', b'\2'),
    'raw-box': raw('v', b'\1\0\0\0\0s'),
    'raw-box-of-handle': raw('v', b'\1\0\0\0\0h'),
    'raw-strings': raw('as', b'a\0bc\0\2\5'),
    'raw-offsets': raw('as', b'a\0bc\0\7\1'),
    'raw-dict': raw('a{sv}', b'a\0\0\0\0\0\0\0\5\0s\2\xb0'),
    'raw-tuple': raw('(ysy)', b'\1a\0'),
}

values = {
    'none': b'\n\0',
    'int': b'\n\2' + number(5),
    'uint': b'\n\3' + number(2**64 - 1),
    'string': b'\n\5' + text('a'),
    'array': b'\n\x08\0\4' + b'\0\1\2\xff',
    'tuple': b'\n\x09\2\0\1\1',
    'list': b'\n\x0a\2\4\0\7' + text('abc'),
    'dict': b'\n\x0b\2 ' + text('a') + b'\2' + number(1) + b' ' + text('b b') + b'\0',
    'dict-with-key-of-none': b'\n\x0b\1!\0\0',
    'chain': b'\n\x0c\x28',
    'chain-too-long': b'\n\x0c\x29',
    'typed-int': b'y\n ' + number(-1),
    'typed-double': b'd\n!\2' + number(2**53 + 1),
    'typed-strings': b'as\n \2 ' + text('a') + b' ' + text('b'),
    'typed-tuple': b'(sxd)\n \0 ' + text('a') + b' ' + number(1) + b' \0',
    'typed-dict': b'a{xv}\n \1 ' + number(3) + b'\5' + text('a'),
    'typed-maybe': b'mmas\n !\0',
    'typed-bytes': b'ay\n \x10\3abc',
    'typed-booleans': b'ab\n \x0b\3\0\1\1',
    'typed-numbers': b'ax\n \x0c' + bytes([16]) + bytes(range(16)),
    'typed-path': b'o\n ' + text('/a'),
    'typed-deep': b'm' * 40 + b'v\n' + b' ' * 40 + b'\x0c\x20',
}

# of the list ODD of modules/fuzz_functions.py
SHAREABLE = (12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23, 24, 27)

CORPUS = {
    'callable': {
        'module': b'package.module:function',
        'method': b'm:Class.method',
        'umlauts': 'größe:länge'.encode(),
        'no-colon': b'os.path.join',
        'call': b'builtins:range()',
        'no-text': b'm\xff:f',
        'file': b'file\n../folder/file.py\nmain',
        'file-empty': b'file\n\nmain',
        'code': b'code\nitems\ndef items():\n    yield 1\n',
        'code-no-text': b'code\nitems\n\xfe',
    },
    'arguments': variants,
    'value': values,
    'output': {
        'text': b'o\5hello' b'e\5error' b'r' b'o\1\n',
        'cut-2': b'o\2a\xc3' b'r' b'o\2\xa4b',
        'cut-3': b'o\1\xe2' b'ro\1\x82' b'ro\1\xac',
        'cut-4': b'o\1\xf0' b'e\2\xf0\x9f' b'o\1\x9f' b'ro\1\x98' b'e\2\x98\x80' b'o\1\x80',
        'no-text': b'o\4\xff\xc0\x80\xfe',
        'too-long': b'o\3\xe0\x80\x80' b'o\3\xf8\x88\x80',
        'surrogate': b'o\2\xed\xa0' b'ro\1\x80',
        'never-ends': b'o\3\xf0\x9f\x98',
        'nul': b'o\3a\0b',
        'log': b'l\3logo\1\xc3l\1!o\1\xa4',
    },
    'item-type': {f'type-{i}': t.encode() for i, t in enumerate(
        ('s', 'x', 'y', 'd', 'b', 'v', 'mv', 'mms', 'ay', 'as', 'an', 'av', 'a{sv}', 'a{xs}', '(sd)', '()', '(s(xv)as)', 'h',
         '{sv}', 'o', 'g', '', '*', 'r', 'a?', 'a{vs}', 'ss', '(s', 'a' * 127 + 's', 'a' * 128 + 's', 'm' * 40 + 'x'))},
    'command-line': {
        'range': b'builtins:range\n--arg=5',
        'all': b'./file.py:main\n-a\nkey="a"\n--jobs=2\n--format=json\n--item-type=a{sv}\n-t\n100\n--buffer-size=1\n-q',
        'tree': b'subiter_tree:walk\n--arg=/usr/lib\n--arg=depth=2\n--initializer=m:f\n-p\n.',
        'kinds': b'm:f\n-a\n2.5\n-a\n[1, 2]\n-a\n{"a": <1>}\n-a\n(1, true)\n-a\n18446744073709551615\n-a\n@as []\n-a\nnothing',
        'words': b"m:f\n-a\nword\n-a\n''\n-a\n\n-a\nk=\n-a\n..\n-a\nhandle 1\n-a\nb'bytes'",
        'twice': b'm:f\n-a\nk=1\n-a\nk=2',
        'shard': b'm:f\n-j\n2\n-a\nshard=1',
        'ranges': b'm:f\n-j\n257',
        'buffer': b'm:f\n--buffer-size=1048577',
        'timeout': b'm:f\n--timeout=4294967296',
        'two': b'm:f\nm:g',
        'none': b'--quiet',
        'unknown': b'--nothing',
        'no-text': b'm:f\n-a\n\xff',
        'format': b'm:f\n--format=xml',
        'item-type': b'm:f\n--item-type=*',
        'dashes': b'--\n-m:f',
    },
    'item-format': variants,
    'plugin-path': {
        'found': b'lines\n[Plugin]\nModule=lines\nName=Lines\n',
        'package': b'lines.more\n[Plugin]\nModule=lines\n',
        'other': b'lines\n[Plugin]\nModule=table\n',
        'no-group': b'lines\nModule=lines\n',
        'no-key': b'lines\n[Plugin]\nName[de]=Zeilen\n# a comment\n',
        'no-text': b'lines\n[Plugin]\nModule=\xff\n',
        'escapes': b'li nes\n[Plugin]\nModule=li\\snes\\\n',
    },
    'round-trip': variants,
    'python-items': {
        'simple': bytes(range(12)),
        'numbers': b'\2\1\x80\2\2\x7f\2\3\xff\3\0\3\5',
        'strings': b'\4\3abc\4\2\0a\5\2\xed\xa0\6\3abc',
        'list': b'\x09\3\0\1\1\2\1\5',
        'dict': b'\x0a\2\4\1a\0\4\1b\x09\0',
        'array': b'\x0b\2\3\1\2\3',
        'deep': b'\x0c\x28\0',
        'too-deep': b'\x0c\x29\0',
        'odd': b''.join(bytes([13, i]) for i in SHAREABLE),
    } | {
        # it ends with the first that is refused
        f'odd-{i}': bytes([13, i]) for i in range(36) if i not in SHAREABLE
    },
}


def main():
    top = pathlib.Path(__file__).parent / 'corpus'
    for target, inputs in CORPUS.items():
        folder = top / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (folder / name).write_bytes(data)


if __name__ == '__main__':
    main()
