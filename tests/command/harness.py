# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the command share: running it, and telling the outcome in TAP."""

import contextlib
import fcntl
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import traceback
import unittest

HERE = pathlib.Path(__file__).resolve().parent
MODULES = HERE / 'modules'
COMMAND = os.environ.get('SUBITER_COMMAND', 'subiter')
HAS_PYTHON = bool(os.environ.get('SUBITER_TEST_PYTHON'))

# For what should take no time at all. Nothing waits for it to pass.
PATIENCE = 60


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.count = 0

    def tell(self, test, outcome, remark=''):
        self.count += 1
        print(f'{outcome} {self.count} - {test.id().removeprefix("__main__.")}{remark}', flush=True)

    def tell_failure(self, test, error):
        for line in ''.join(traceback.format_exception(*error)).splitlines():
            print(f'# {line}')
        self.tell(test, 'not ok')

    def addSuccess(self, test):
        self.tell(test, 'ok')

    def addSkip(self, test, reason):
        self.tell(test, 'ok', f' # SKIP {reason}')

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.tell_failure(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self.tell_failure(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            super().addSubTest(test, subtest, error)
            self.tell_failure(subtest, error)


def main(needs_python=True):
    if needs_python and not HAS_PYTHON:
        print('1..0 # SKIP no Python runtime is built')
        return
    result = TapResult()
    unittest.defaultTestLoader.loadTestsFromName('__main__').run(result)
    print(f'1..{result.count}')
    sys.exit(0 if result.wasSuccessful() else 1)


def run(*arguments, **options):
    """Runs the command to its end."""
    options = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True} | options
    return subprocess.run([COMMAND, *arguments], stdin=subprocess.DEVNULL, timeout=PATIENCE, **options)


def iterate(entry_point, *arguments, **options):
    """Runs `subiter run`, with the modules of the tests within reach."""
    return run('run', entry_point, f'--python-path={MODULES}', *arguments, **options)


@contextlib.contextmanager
def started(*arguments, **options):
    """The command while it runs: it is killed if it still does at the end of the block."""
    options = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE} | options
    process = subprocess.Popen([COMMAND, *arguments], bufsize=0, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def iterating(entry_point, *arguments, **options):
    return started('run', entry_point, f'--python-path={MODULES}', *arguments, **options)


class Terminal:
    """A terminal of 100 columns: what is written to `slave` is in `screen`, after read_until ()."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        os.set_blocking(self.master, False)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
        self.screen = ''

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for fd in (self.master, self.slave):
            os.close(fd)

    def read(self):
        """Whether anything came: what is there already."""
        try:
            data = os.read(self.master, 65536)
        except BlockingIOError:
            return False
        self.screen += data.decode()
        return True

    def read_until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition(self.screen):
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f'this is all that came: {self.screen!r}')
            select.select([self.master], [], [], left)
            self.read()

    def read_rest(self):
        while self.read():
            pass


def read_line(stream):
    """A line, byte by byte: nothing after it is taken."""
    line = b''
    while not line.endswith(b'\n'):
        readable, _, _ = select.select([stream], [], [], PATIENCE)
        byte = os.read(stream.fileno(), 1) if readable else b''
        if not byte:
            raise AssertionError(f'no whole line came, but {line!r}')
        line += byte
    return line.decode()


def reset_signals():
    """For a child: as a shell starts it, whatever started this test."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
