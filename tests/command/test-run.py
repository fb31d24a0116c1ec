# SPDX-License-Identifier: LGPL-2.1-or-later

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import harness

CLEARED = '\r\033[K'


class Items(unittest.TestCase):
    def check(self, arguments, expected, status=0):
        result = harness.iterate(*arguments)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, expected)
        return result

    def test_range(self):
        result = self.check(['builtins:range', '--arg=5'], '0\n1\n2\n3\n4\n')
        self.assertEqual(result.stderr, '')

    def test_none(self):
        for format in ('text', 'json', 'gvariant'):
            self.check(['builtins:range', '--arg=0', f'--format={format}'], '')

    def test_many(self):
        expected = ''.join(f'{number}\n' for number in range(300_000))
        self.check(['builtins:range', '--arg=300000'], expected)

    def test_text(self):
        result = harness.iterate('fixtures:values')
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.split('\n'), [
            'nothing', 'true', '-5', '18446744073709551615', '0.1', '1e+100', '-0.0', '3.0', 'nan', '-inf',
            'grüße 🐍', 'a "quoted" \\ line', 'and \x01\x7f', '[0x00, 0xff]', '[]', "(1, 'a', nothing)", '()',
            '[<int64 1>, <[<2.5>, <@av []>]>, <@a{sv} {}>]',
            "{'a': <{'b': <[<[byte 0x78]>]>}>, 'c': <@mv nothing>}", ''])

    def test_json(self):
        result = harness.iterate('fixtures:values', '--format=json')
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.split('\n')[:-1]
        self.assertEqual([json.loads(line) for line in lines], [
            None, True, -5, 2**64 - 1, 0.1, 1e100, -0.0, 3.0, None, None,
            'grüße 🐍', 'a "quoted" \\ line\nand \x01\x7f', base64.b64encode(b'\x00\xff').decode(), '',
            [1, 'a', None], [], [1, [2.5, []], {}],
            {'a': {'b': [base64.b64encode(b'x').decode()]}, 'c': None}])
        # Numbers with a fraction stay such.
        self.assertEqual(lines[6:8], ['-0.0', '3.0'])

    def test_json_keys(self):
        for item_type, item, line in (('a{xs}', {1: 'a', -2: 'b'}, '{"1":"a","-2":"b"}'),
                                      ('a{bd}', {True: 1.5}, '{"true":1.5}')):
            with tempfile.NamedTemporaryFile('w', suffix='.py') as file:
                file.write(f'def items():\n    return [{item!r}]\n')
                file.flush()
                self.check([f'{file.name}:items', '--format=json', f'--item-type={item_type}'], line + '\n')

    def test_gvariant(self):
        self.check(['builtins:range', '--arg=2', '--format=gvariant'], 'int64 0\nint64 1\n')
        result = harness.iterate('fixtures:values', '--format=gvariant')
        self.assertEqual(result.stdout.split('\n')[0], '@mv nothing')

    def test_item_type(self):
        self.check(['builtins:range', '--arg=2', '--item-type=q', '--format=gvariant'],
                   'uint16 0\nuint16 1\n')

    def test_buffer_of_one(self):
        self.check(['builtins:range', '--arg=1000', '--buffer-size=1'],
                   ''.join(f'{i}\n' for i in range(1000)))

    def test_file(self):
        path = harness.MODULES / 'by-path.py'
        self.assertEqual(harness.run('run', f'{path}:Reader.rows').stdout, 'a module beside the file\n')
        result = harness.run('run', './by-path.py:Reader.rows', cwd=harness.MODULES)
        self.assertEqual(result.stdout, 'a module beside the file\n')
        result = harness.run('run', 'by-path.py:Reader.rows', cwd=harness.MODULES)
        self.assertEqual(result.stdout, 'a module beside the file\n')

    def test_initializers(self):
        initializer = '--initializer=fixtures:prepare'
        self.check(['fixtures:get_prepared', initializer, initializer, '--format=json'], '[0,1]\n')

    def test_current_folder(self):
        result = harness.run('run', 'sibling:name', cwd=harness.MODULES)
        self.assertEqual(result.returncode, 1)
        self.assertIn('add --python-path=.', result.stderr)

    def test_output(self):
        result = self.check(['fixtures:noise'], 'item\n')
        lines = result.stderr.splitlines()
        for line in ('printed', 'complained', 'written', 'subiter: logged', 'subiter: warning: warned',
                     'without an end'):
            self.assertIn(line, lines)


class Endings(unittest.TestCase):
    def check_failure(self, arguments, stdout, *messages):
        result = harness.iterate(*arguments)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stdout, stdout)
        for message in messages:
            self.assertIn(message, result.stderr)
        return result

    def test_exception(self):
        self.check_failure(['fixtures:fail'], 'before\n', 'Traceback (most recent call last):\n', 'in fail\n',
                           'ValueError: on purpose\nsubiter: fixtures:fail failed: ValueError: on purpose\n')

    def test_nothing_of_that_name(self):
        result = self.check_failure(['json:nosuch'], '', 'json', 'nosuch')
        self.assertNotIn('Traceback', result.stderr)
        result = self.check_failure(['nosuch:nosuch'], '', 'module "nosuch" was not found')
        self.assertNotIn('Traceback', result.stderr)
        self.check_failure(['/nonexistent.py:nosuch'], '', '/nonexistent.py')

    def test_not_iterable(self):
        self.check_failure(['math:sqrt', '--arg=4'], '', 'float')

    def test_wrong_type(self):
        self.check_failure(['builtins:range', '--arg=257', '--item-type=y'],
                           ''.join(f'{i}\n' for i in range(256)), '256')

    def test_no_such_runtime(self):
        self.check_failure(['builtins:range', '--arg=1', '--runtime=nosuch'], '', '“nosuch”')

    def test_timeout(self):
        result = harness.iterate('fixtures:first_and_wait', '--timeout=2000')
        self.assertEqual((result.returncode, result.stdout), (3, 'first\n'), result.stderr)
        self.assertIn('timed out: no item came within 2000 ms', result.stderr)

    def test_no_timeout(self):
        result = harness.iterate('builtins:range', '--arg=5', f'--timeout={harness.PATIENCE * 1000}')
        self.assertEqual(result.returncode, 0, result.stderr)

    def check_signal(self, number, status, *arguments):
        with harness.iterating(*arguments, preexec_fn=harness.reset_signals) as process:
            harness.read_line(process.stdout)
            process.send_signal(number)
            _, stderr = process.communicate(timeout=harness.PATIENCE)
            self.assertEqual(process.returncode, status, stderr)
            return stderr.decode()

    def test_signals(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with self.subTest(signal=number):
                self.assertEqual(self.check_signal(number, status, 'fixtures:first_and_wait'), 'cleaned up\n')

    def test_signal_in_a_flood(self):
        self.assertEqual(self.check_signal(signal.SIGINT, 130, 'fixtures:flood'), 'cleaned up\n')

    def test_signal_while_nobody_reads(self):
        with harness.iterating('fixtures:flood') as process:
            harness.read_line(process.stdout)
            process.send_signal(signal.SIGINT)
            # Standard output is full, or soon will be: it must not be waited for.
            self.assertEqual(process.wait(harness.PATIENCE), 130)

    def test_second_signal(self):
        with harness.iterating('fixtures:stubborn') as process:
            harness.read_line(process.stdout)
            process.send_signal(signal.SIGINT)
            self.assertEqual(harness.read_line(process.stderr), 'does not care\n')
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=harness.PATIENCE)
            self.assertEqual((process.returncode, stderr), (130, b''))

    def test_stubborn_code(self):
        with harness.iterating('fixtures:stubborn') as process:
            harness.read_line(process.stdout)
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=harness.PATIENCE)
            self.assertEqual(process.returncode, 130)
            self.assertIn('did not end', stderr.decode())

    def test_reader_goes(self):
        for entry_point in ('fixtures:flood', 'itertools:count'):
            with harness.iterating(entry_point, preexec_fn=harness.reset_signals) as process:
                harness.read_line(process.stdout)
                process.stdout.close()
                self.assertEqual(process.wait(harness.PATIENCE), -signal.SIGPIPE)
                self.assertIn(process.stderr.read(), (b'cleaned up\n', b''))

    def test_reader_goes_with_sigpipe_ignored(self):
        with harness.iterating('itertools:count', restore_signals=False,
                               preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN)) as process:
            harness.read_line(process.stdout)
            process.stdout.close()
            self.assertEqual(process.wait(harness.PATIENCE), 128 + signal.SIGPIPE)
            self.assertEqual(process.stderr.read(), b'')

    def test_head(self):
        result = subprocess.run(f"'{harness.COMMAND}' run itertools:count | head -n 1", shell=True,
                                capture_output=True, timeout=harness.PATIENCE)
        self.assertEqual((result.stdout, result.stderr), (b'0\n', b''))

    def test_slow_reader(self):
        with harness.iterating('builtins:range', '--arg=100000') as process:
            for number in range(1000):
                self.assertEqual(harness.read_line(process.stdout), f'{number}\n')
            rest, stderr = process.communicate(timeout=harness.PATIENCE)
            self.assertEqual((process.returncode, stderr), (0, b''))
            self.assertEqual(rest.split(), [b'%d' % number for number in range(1000, 100000)])

    @unittest.skipUnless(os.path.exists('/dev/full'), 'there is no /dev/full')
    def test_disk_full(self):
        with open('/dev/full', 'w') as full:
            with harness.iterating('itertools:count', stdout=full) as process:
                _, stderr = process.communicate(timeout=harness.PATIENCE)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b'items cannot be written', stderr)

    def test_closed_output(self):
        result = subprocess.run(['sh', '-c', 'exec "$0" run builtins:range --arg=5 >&-', harness.COMMAND],
                                capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual(result.returncode, 1)
        self.assertIn('standard output cannot be used', result.stderr)


class Jobs(unittest.TestCase):
    def test_shared_out(self):
        for n_jobs in (1, 2, 3, 8):
            arguments = ['--arg=shard=0', '--arg=shards=1'] if n_jobs == 1 else [f'--jobs={n_jobs}']
            result = harness.iterate('fixtures:numbers', '--arg=1000', *arguments)
            self.assertEqual(result.returncode, 0, result.stderr)
            numbers = [int(line) for line in result.stdout.split()]
            self.assertEqual(sorted(numbers), list(range(1000)))
            for shard in range(n_jobs):
                own = [number for number in numbers if number % n_jobs == shard]
                self.assertEqual(own, sorted(own))

    def test_one_fails(self):
        result = harness.iterate('fixtures:one_fails', '--jobs=2', stdout=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 1)
        self.assertIn('fixtures:one_fails failed in job 2 of 2: ValueError: on purpose', result.stderr)

    def test_all_fail(self):
        result = harness.iterate('fixtures:all_fail', '--jobs=3')
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.count('on purpose\nsubiter: '), 1)

    def test_one_times_out(self):
        result = harness.iterate('fixtures:one_hangs', '--jobs=2', '--timeout=500', stdout=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 3, result.stderr)

    def test_not_made_for_it(self):
        result = harness.iterate('builtins:range', '--arg=5', '--jobs=2')
        self.assertEqual(result.returncode, 1)
        self.assertIn('has to take the keyword arguments “shard” and “shards”', result.stderr)


class Progress(unittest.TestCase):
    def test_bar(self):
        with harness.Terminal() as terminal, \
             harness.iterating('fixtures:half_way', stderr=terminal.slave) as process:
            terminal.read_until(lambda screen: '1 items' in screen and screen.endswith('\033[K'))
            self.assertRegex(terminal.screen,
                             r'\r\[##########----------\]  50%  1 items  \d+ items/s  half way\033\[K')
            self.assertEqual(harness.read_line(process.stdout), 'item\n')
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(harness.PATIENCE), 130)
            terminal.read_rest()
            self.assertTrue(terminal.screen.endswith(CLEARED), terminal.screen)

    def test_bar_under_items(self):
        with harness.Terminal() as terminal, \
             harness.iterating('fixtures:half_way', stdout=terminal.slave, stderr=terminal.slave) as process:
            terminal.read_until(lambda screen: '50%' in screen and 'item\r\n' in screen)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(harness.PATIENCE), 130)
            terminal.read_rest()
            # An item starts at the start of a line with nothing on it.
            before = terminal.screen[:terminal.screen.index('item\r\n')]
            self.assertTrue(before == '' or before.endswith(CLEARED), before)
            self.assertTrue(terminal.screen.endswith(CLEARED), terminal.screen)

    def test_bar_under_output(self):
        with harness.Terminal() as terminal, \
             harness.iterating('fixtures:noise', stderr=terminal.slave) as process:
            self.assertEqual(process.wait(harness.PATIENCE), 0)
            terminal.read_until(lambda screen: 'without an end' in screen)
            terminal.read_rest()
            self.assertIsNone(re.search(r'[^\n]\rsubiter', terminal.screen), terminal.screen)

    def test_no_bar(self):
        for arguments, environment in ((['--quiet'], {}), ([], {'TERM': 'dumb'})):
            with harness.Terminal() as terminal, \
                 harness.iterating('fixtures:brief', *arguments, stderr=terminal.slave,
                                   env=os.environ | environment) as process:
                self.assertEqual(process.wait(harness.PATIENCE), 0)
                terminal.read_rest()
                self.assertEqual(terminal.screen, '')


class Plugins(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def make_plugin(self, *place):
        folder = os.path.join(self.folder, *place)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, 'squares.plugin'), 'w') as file:
            file.write('[Plugin]\nModule=squares\nName=Squares\nLoader=subiter\n')
        with open(os.path.join(folder, 'squares.py'), 'w') as file:
            file.write('def up_to(n):\n    return [i * i for i in range(n)]\n')
        # What lies beside a plugin's module is no module for others.
        with open(os.path.join(folder, 'json.py'), 'w') as file:
            file.write('raise RuntimeError\n')

    def run_squares(self, entry_point='squares:up_to', *arguments):
        path = os.pathsep.join(['/nonexistent', '', self.folder])
        return harness.run('run', entry_point, *arguments, env=os.environ | {'SUBITER_PLUGIN_PATH': path})

    def test_folder_of_plugins(self):
        self.make_plugin('plugins-of-mine')
        self.assertEqual(self.run_squares('squares:up_to', '--arg=3').stdout, '0\n1\n4\n')

    def test_folder_of_one(self):
        self.make_plugin()
        self.assertEqual(self.run_squares('squares:up_to', '--arg=3').stdout, '0\n1\n4\n')

    def test_not_in_the_way(self):
        self.make_plugin('plugins-of-mine')
        self.assertEqual(self.run_squares('json:loads', "--arg='[1]'").stdout, '1\n')

    def test_none(self):
        result = self.run_squares()
        self.assertEqual(result.returncode, 1)
        self.assertIn('module "squares" was not found', result.stderr)


if __name__ == '__main__':
    sys.exit(harness.main())
