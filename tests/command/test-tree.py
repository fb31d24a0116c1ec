# SPDX-License-Identifier: LGPL-2.1-or-later

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

import harness

PLUGINS = pathlib.Path(os.environ.get('SUBITER_PLUGIN_PATH', harness.HERE.parents[1] / 'plugins' / 'sources'))
sys.path.insert(0, str(PLUGINS / 'tree'))

import subiter_tree  # noqa: E402

FILES = {
    b'.hidden': b'',
    b'empty.txt': b'',
    b'no newline at the end.txt': b'one\ntwo',
    b'lines.txt': b'\n' * 1000,
    b'binary': bytes(range(256)) * 10,
    b'a script': b'#!/bin/sh\n',
    b'large.bin': b'0123456789\n' * 300_000,
    b'archive.tar.gz': b'\x1f\x8b',
    b'page.html': b'<html>\n</html>\n',
    'grüße 🐍.py'.encode(): b'print()\n',
    b'not utf-8 \xff\xfe.txt': b'a\n',
    b'back\\slash': b'b',
    b'new\nline': b'c',
    b'-option': b'd',
    b'folder/below': b'e',
    b'folder/folder/below': b'f',
    b'folder with a dot.d/x': b'g',
    b'folder \xe9/x': b'h',
}


def to_text(path):
    return path.decode('utf-8', 'backslashreplace')


def expect(root, path):
    data = FILES[path]
    return [to_text(os.path.join(os.fsencode(root), path)), len(data), data.count(b'\n'),
            hashlib.sha256(data).hexdigest()]


class Tree(unittest.TestCase):
    """Of a folder with all that a file system can hold."""

    def setUp(self):
        # The name of the folder occurs below it too.
        self.root = os.path.join(tempfile.mkdtemp(), 'folder')
        self.addCleanup(shutil.rmtree, os.path.dirname(self.root))
        root = os.fsencode(self.root)
        for path, data in FILES.items():
            path = os.path.join(root, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as file:
                file.write(data)
        os.mkdir(os.path.join(root, b'folder', b'empty'))
        os.symlink(b'.', os.path.join(root, b'loop'))
        os.symlink(b'loop2', os.path.join(root, b'loop2'))
        os.symlink(b'lines.txt', os.path.join(root, b'link.txt'))
        os.symlink(b'nowhere', os.path.join(root, b'dangling'))
        os.mkfifo(os.path.join(root, b'pipe'))
        with socket.socket(socket.AF_UNIX) as unix_socket:
            unix_socket.bind(os.path.join(root, b'socket'))
        self.expected = [expect(self.root, path) for path in FILES]

    def walk(self, *arguments, root=None):
        quoted = (root or self.root).replace('\\', '\\\\').replace("'", "\\'")
        result = harness.run('run', 'subiter_tree:walk', f"--arg='{quoted}'", '--format=json', *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def check(self, items):
        self.assertEqual(sorted(item[:3] + item[4:] for item in items), sorted(self.expected))

    def test_every_file(self):
        self.check(self.walk())

    def test_item_type(self):
        self.check(self.walk('--item-type=(stxss)'))

    def test_order(self):
        first = self.walk()
        self.assertEqual(self.walk(), first)
        below = [item[0] for item in first if '/folder/folder/' in item[0]]
        self.assertEqual(below, sorted(below))

    def test_types(self):
        found = {os.path.basename(item[0]): item[3] for item in self.walk()}
        for name, mime_type in (('.hidden', 'application/x-empty'), ('empty.txt', 'text/plain'),
                                ('binary', 'application/octet-stream'), ('a script', 'text/plain'),
                                ('archive.tar.gz', 'application/gzip'), ('page.html', 'text/html'),
                                ('grüße 🐍.py', 'text/x-python')):
            self.assertEqual(found[name], mime_type)

    def test_jobs(self):
        for n_jobs in (2, 3, 7):
            self.check(self.walk(f'--jobs={n_jobs}'))

    def test_shards_do_not_depend_on_the_rest(self):
        before = self.walk('--arg=shard=0', '--arg=shards=2')
        gone = self.walk('--arg=shard=1', '--arg=shards=2')
        for item in gone:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(item[0])
        self.assertEqual(self.walk('--arg=shard=0', '--arg=shards=2'), before)

    def test_slash_at_the_end(self):
        for arguments in ([], ['--jobs=2']):
            items = self.walk(*arguments, root=self.root + '/')
            self.check([[item[0].replace('//', '/'), *item[1:]] for item in items])

    def test_link_to_the_folder(self):
        link = self.root + '-link'
        os.symlink(self.root, link)
        self.check([[item[0].replace(link, self.root), *item[1:]] for item in self.walk(root=link)])

    def test_plain_python(self):
        self.check([list(item) for item in subiter_tree.walk(self.root)])


class Trouble(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        for name in 'abc':
            with open(os.path.join(self.root, name), 'w') as file:
                file.write(name)
        self.logged = []
        self.stopping = False
        self.progress = []
        subiter = types.SimpleNamespace(log=self.logged.append, stopping=lambda: self.stopping,
                                        progress=lambda fraction, text: self.progress.append(fraction))
        patch = mock.patch.object(subiter_tree, 'subiter', subiter)
        patch.start()
        self.addCleanup(patch.stop)

    def path(self, name):
        return os.path.join(self.root, name)

    def names(self, items):
        return [os.path.basename(item[0]) for item in items]

    def test_no_folder(self):
        for place, message in (('/nonexistent', 'No such file or directory'),
                               (self.path('a'), 'Not a directory')):
            result = harness.run('run', 'subiter_tree:walk', f'--arg={place}')
            self.assertEqual(result.returncode, 1)
            self.assertIn(message, result.stderr)

    def test_bad_shard(self):
        result = harness.run('run', 'subiter_tree:walk', f'--arg={self.root}',
                             '--arg=shard=2', '--arg=shards=2')
        self.assertEqual(result.returncode, 1)
        self.assertIn('of 2 shards none is number 2: it has to be from 0 to 1', result.stderr)

    def test_vanishes(self):
        items = subiter_tree.walk(self.root)
        self.assertEqual(self.names([next(items)]), ['a'])
        os.unlink(self.path('b'))
        self.assertEqual(self.names(items), ['c'])
        self.assertEqual(self.logged, [])

    def test_becomes_a_pipe(self):
        items = subiter_tree.walk(self.root)
        next(items)
        os.unlink(self.path('b'))
        os.mkfifo(self.path('b'))
        self.assertEqual(self.names(items), ['c'])

    def test_becomes_a_link(self):
        items = subiter_tree.walk(self.root)
        next(items)
        os.unlink(self.path('b'))
        os.symlink('c', self.path('b'))
        self.assertEqual(self.names(items), ['c'])

    def test_folder_vanishes(self):
        os.mkdir(self.path('aa'))
        items = subiter_tree.walk(self.root)
        next(items)
        os.rmdir(self.path('aa'))
        self.assertEqual(self.names(items), ['b', 'c'])
        self.assertEqual(self.logged, [])

    def test_unreadable(self):
        os.mkdir(self.path('aa'))
        denied = [self.path('aa'), self.path('b')]

        def deny(function):
            def call(path, *arguments):
                if path in denied:
                    raise PermissionError(13, 'Permission denied', path)
                return function(path, *arguments)
            return call

        with mock.patch('os.open', deny(os.open)), mock.patch('os.scandir', deny(os.scandir)):
            self.assertEqual(self.names(subiter_tree.walk(self.root)), ['a', 'c'])
        self.assertEqual(self.logged, [f'{path} is left out: Permission denied' for path in denied])

    @unittest.skipUnless(os.geteuid() == 0, 'only root can be somebody else for a while')
    def test_unreadable_for_the_command(self):
        os.chmod(self.root, 0o755)
        os.chmod(self.path('b'), 0)
        nobody = {'user': 65534, 'group': 65534, 'extra_groups': []}
        try:
            subprocess.run([harness.COMMAND, '--version'], stdout=subprocess.DEVNULL, check=True, **nobody)
        except (OSError, subprocess.SubprocessError) as error:
            self.skipTest(f'nobody cannot run the command: {error}')
        result = harness.run('run', 'subiter_tree:walk', f'--arg={self.root}', '--format=json', **nobody)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.names(json.loads(line) for line in result.stdout.splitlines()), ['a', 'c'])
        self.assertIn(f'subiter: {self.path("b")} is left out: Permission denied\n', result.stderr)

    def test_deep(self):
        place = os.open(self.root, os.O_RDONLY)
        depth = 0
        while len(self.root) + 2 * depth < 4000:
            os.mkdir('d', dir_fd=place)
            inside = os.open('d', os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = inside
            depth += 1
        with open(os.open('z', os.O_CREAT | os.O_WRONLY, dir_fd=place), 'w') as file:
            file.write('deep')
        os.close(place)
        self.assertEqual(self.names(subiter_tree.walk(self.root)), ['a', 'b', 'c', 'z'])

    def test_stops(self):
        items = subiter_tree.walk(self.root)
        next(items)
        self.stopping = True
        self.assertEqual(list(items), [])

    def test_progress(self):
        os.mkdir(self.path('ab'))
        for name in 'xy':
            shutil.copy(self.path('a'), self.path(f'ab/{name}'))
        self.assertEqual(self.names(subiter_tree.walk(self.root)), ['a', 'x', 'y', 'b', 'c'])
        self.assertEqual(self.progress, [0.0, 0.25, 0.375, 0.5, 0.75])


if __name__ == '__main__':
    harness.main()
