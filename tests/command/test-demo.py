# SPDX-License-Identifier: LGPL-2.1-or-later

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import unittest

import harness

DEMO = harness.HERE.parents[1] / 'examples' / 'demo' / 'demo.py'
OWN_VERSION = '{}.{}'.format(*sys.version_info)


@unittest.skipUnless(importlib.util.find_spec('gi'), 'there is no PyGObject')
@unittest.skipUnless(OWN_VERSION in os.environ.get('SUBITER_TEST_PYTHON', '').split(),
                     f'no runtime is built for Python {OWN_VERSION}, which is the one that runs the demo')
class Demo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_demo(self, *arguments):
        return subprocess.run([sys.executable, DEMO, *arguments], capture_output=True, text=True,
                              timeout=harness.PATIENCE)

    def test_report(self):
        for number in range(50):
            with open(f'{self.folder}/{number}', 'w') as file:
                file.write('line\n' * number)
        result = self.run_demo(self.folder)
        self.assertEqual((result.returncode, result.stderr), (0, ''), result.stdout)
        self.assertIn('50 files, 6,125 bytes, 1,225 lines\n', result.stdout)
        for way in ('1 interpreter', '2 interpreters', r'a thread \+ GLib\.idle_add'):
            columns = r' +\d+\.\d{3} s +[\d,]+ +\d+\.\d\d +\d+\.\d\d +\d+\.\d ms +\d+\.\d ms\n'
            self.assertTrue(re.search(way + columns, result.stdout), result.stdout)
        self.assertIn('Every pass saw the same files', result.stdout)

    def test_empty_folder(self):
        result = self.run_demo(self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn('There is no file', result.stderr)

    def test_no_folder(self):
        result = self.run_demo(f'{self.folder}/nonexistent')
        self.assertEqual(result.returncode, 1)
        self.assertIn('FileNotFoundError', result.stderr)


if __name__ == '__main__':
    harness.main()
