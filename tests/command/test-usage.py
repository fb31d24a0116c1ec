# SPDX-License-Identifier: LGPL-2.1-or-later

import os
import unittest

import harness


class Usage(unittest.TestCase):
    def check(self, arguments, status, stdout='', stderr=''):
        result = harness.run(*arguments)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertIn(stdout, result.stdout)
        self.assertIn(stderr, result.stderr)
        if not stdout:
            self.assertEqual(result.stdout, '')
        if not stderr:
            self.assertEqual(result.stderr, '')

    def test_version(self):
        for option in ('--version', '-V'):
            self.check([option], 0, stdout='subiter ')

    def test_help(self):
        for option in ('help', '--help', '-h'):
            self.check([option], 0, stdout='Commands:\n  run ')

    def test_help_of_run(self):
        for arguments in (['help', 'run'], ['run', '--help'], ['run', '-h']):
            self.check(arguments, 0, stdout='subiter run [OPTION…] ENTRY-POINT')

    def test_nothing(self):
        self.check([], 2, stderr='Commands:')

    def test_mistakes(self):
        for arguments, message in (
            (['walk'], 'there is no command “walk”'),
            (['help', 'walk'], 'there is no command “walk”'),
            (['builtins:range'], 'say “subiter run” in front of an entry point'),
            (['--jobs=2'], 'there is no option “--jobs=2” before a command'),
            (['run'], 'it has to be said what to run'),
            (['run', 'a:b', '5'], '“5” is one entry point too many; arguments go into --arg'),
            (['run', 'builtins'], 'has no colon'),
            (['run', 'builtins:'], 'does not end with the name of an attribute'),
            (['run', 'dir/file.py'], 'it has to be such as “dir/file.py:function”'),
            (['run', 'dir/file.py:1'], '“1” is not the name of an attribute'),
            (['run', 'a:b', '--initializer=c'], 'The entry point “c” has no colon'),
            (['run', 'a:b', '--jobs=0'], '--jobs=0 is out of range; it has to be from 1 to 256'),
            (['run', 'a:b', '--jobs=two'], 'two'),
            (['run', 'a:b', '--timeout=-1'], '--timeout=-1 is out of range'),
            (['run', 'a:b', '--buffer-size=0'], '--buffer-size=0 is out of range; it has to be from 1'),
            (['run', 'a:b', '--format=xml'], 'it has to be “text”, “json” or “gvariant”'),
            (['run', 'a:b', '--item-type=Z'], '--item-type=Z is not the type of a GVariant'),
            (['run', 'a:b', '--item-type=a*'], 'it has to be a definite one'),
            (['run', 'a:b', '--python-path=/nonexistent'], '--python-path=/nonexistent is not a folder'),
            (['run', 'a:b', '--jobs=2', '--arg=shard=1'], 'leave them out'),
            (['run', 'a:b', '--bogus'], '--bogus'),
            (['run', 'a:b', b'\xff'], '“\ufffd” is one entry point too many'),
            (['run', 'a:b', b'--python-path=\xff'], '--python-path=\ufffd is not a folder'),
            (['run', 'a:b', b'--\xff'], '--\ufffd'),
        ):
            with self.subTest(arguments=arguments):
                self.check(arguments, 2, stderr=message)

    def test_bad_arguments(self):
        for argument, message in (
            ('hello world', 'unknown keyword'),
            ("'open", '--arg=\'open is not the text of a GVariant'),
            ('[1, true]', 'unable to find a common type'),
            ('5x', '5x'),
            ('key=[', '--arg=key=[ is not the text of a GVariant'),
            ('', 'an empty string is --arg="\'\'"'),
            ('key=', 'an empty string is --arg="key=\'\'"'),
            ('99999999999999999999', 'integer too big'),
        ):
            with self.subTest(argument=argument):
                self.check(['run', 'a:b', f'--arg={argument}'], 2, stderr=message)

    def test_argument_given_twice(self):
        self.check(['run', 'a:b', '--arg=n=1', '--arg=n=2'], 2, stderr='“n” is given twice')

    def test_argument_not_utf8(self):
        self.check(['run', 'a:b', b'--arg=/\xff'], 2, stderr='is not UTF-8')


@unittest.skipUnless(harness.HAS_PYTHON, 'no Python runtime is built')
class Arguments(unittest.TestCase):
    def check(self, given, args=(), kwargs=None):
        result = harness.iterate('fixtures:echo', *(f'--arg={argument}' for argument in given))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, f'{args!r}\n{kwargs or {}!r}\n')

    def test_none(self):
        self.check([])

    def test_positional(self):
        for text, value in (
            ('5', 5), ('-5', -5), ('5000000000', 5000000000), (str(2**64 - 1), 2**64 - 1),
            (str(-2**63), -2**63),
            ('2.5', 2.5), ('1e3', 1000.0), ('true', True), ('inf', float('inf')),
            ("'a string'", 'a string'), ('"it\'s"', "it's"), ("''", ''), ("'grüße'", 'grüße'),
            ('[1, 2]', [1, 2]), ("('a', 1)", ('a', 1)), ("{'a': 1}", {'a': 1}),
            ("{'a': <1>, 'b': <'c'>}", {'a': 1, 'b': 'c'}),
            ('@mv nothing', None), ('uint64 7', 7), ('[<1>, <true>]', [1, True]),
        ):
            with self.subTest(text=text):
                self.check([text], (value,))

    def test_plain_strings(self):
        for text in ('hello', 'grüße', '/tmp', "/tmp/a (b)'s", './x y', '../x', '.', '..', 'a-b.c/d:e', '_x',
                     'nancy'):
            with self.subTest(text=text):
                self.check([text], (text,))

    def test_keywords(self):
        self.check(['n=5', 'name=hello', "größe='a=b'", '_x=true'],
                   kwargs={'_x': True, 'größe': 'a=b', 'n': 5, 'name': 'hello'})

    def test_both(self):
        self.check(['1', 'n=2', '3'], (1, 3), {'n': 2})

    def test_in_plain_locale(self):
        result = harness.iterate('fixtures:echo', '--arg=/größe', env=os.environ | {'LC_ALL': 'C'})
        self.assertEqual((result.returncode, result.stdout), (0, "('/größe',)\n{}\n"), result.stderr)


if __name__ == '__main__':
    harness.main(needs_python=False)
