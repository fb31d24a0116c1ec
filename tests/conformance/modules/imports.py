# SPDX-License-Identifier: LGPL-2.1-or-later
"""The standard library, and what cannot be had in a subinterpreter."""

import importlib


def common():
    import ctypes
    import datetime
    import hashlib
    import json
    import re
    import sqlite3
    import zlib

    yield json.dumps({'a': [1, None]})
    yield json.loads('[1, 2.5, "x", null, true]')
    yield re.findall(r'\d+', 'a1b22')
    yield datetime.date(2024, 2, 29).isoformat()
    with sqlite3.connect(':memory:') as connection:
        yield connection.execute('select 1 + 1').fetchone()
    yield ctypes.sizeof(ctypes.c_int64)
    yield hashlib.sha256(b'').hexdigest()
    yield zlib.crc32(b'subiter')


def more():
    import asyncio
    import base64
    import collections
    import concurrent.futures
    import csv
    import dataclasses
    import decimal
    import email
    import functools
    import gzip
    import io
    import itertools
    import logging
    import math
    import multiprocessing
    import os
    import pathlib
    import pickle
    import queue
    import random
    import socket
    import ssl
    import struct
    import subprocess
    import tempfile
    import threading
    import unicodedata
    import urllib.request
    import uuid
    import xml.etree.ElementTree

    yield unicodedata.name('é')
    yield math.factorial(5)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield list(pool.map(abs, [-1, -2]))
    yield asyncio.run(asyncio.sleep(0, 'slept'))
    yield pickle.loads(pickle.dumps({'a': 1}))
    yield xml.etree.ElementTree.fromstring('<a b="c"/>').get('b')
    yield str(decimal.Decimal('0.1') + decimal.Decimal('0.2'))


def runs_program():
    import subprocess

    yield subprocess.run(['echo', 'hello'], capture_output=True, text=True).stdout


def writes_to_closed_pipe():
    """An exception, as everywhere in Python, and not the end of the program by SIGPIPE."""
    import os

    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        os.write(write_end, b'x')
    except OSError as error:
        yield type(error).__name__
    finally:
        os.close(write_end)


def one(name):
    importlib.import_module(name)
    yield 'imported'


def caught(name):
    """Code that can do without it."""
    try:
        importlib.import_module(name)
    except ImportError as error:
        yield type(error).__name__


def isolated():
    """Nothing of the program's own Python, if it has one, is seen in here."""
    import sys

    yield '__main__' in sys.modules and hasattr(sys.modules['__main__'], 'a_variable_of_the_program')
    yield sys._is_gil_enabled() if hasattr(sys, '_is_gil_enabled') else True


def forbidden():
    """What an interpreter beside the main one may not do: each a plain exception."""
    import os
    import signal
    import threading

    for attempt in (lambda: os.fork(),
                    lambda: os.execv('/bin/true', ['true']),
                    lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
                    lambda: threading.Thread(target=print, daemon=True).start()):
        try:
            attempt()
        except (RuntimeError, ValueError) as error:
            yield type(error).__name__


def wraps(name):
    try:
        __import__(name)
    except ImportError as error:
        raise RuntimeError(f'this needs {name}') from error
    yield


def stumbles(name):
    try:
        __import__(name)
    except ImportError:
        1 / 0
    yield
