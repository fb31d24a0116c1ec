# SPDX-License-Identifier: LGPL-2.1-or-later
"""Contestants that move items, for the questions about them. rate is only where the first round begins."""

from model import Contestant

HOW = ('ours from the start on a used interpreter to the last item, peers from when the worker begins; '
       'items come from a range or from a list that was made before and is cycled through in C, and are counted')


def in_c(name, consumer, rate, kind='int', least=200, **arguments):
    return Contestant(name, 'stream', {'consumer': consumer, **arguments}, rate, least, kind, ours=True)


def in_python(name, consumer, rate, kind='int', least=200, **arguments):
    return Contestant(name, 'stream.py', {'consumer': consumer, **arguments}, rate, least, kind,
                      needs=('pygobject',), ours=True)


def in_gjs(name, consumer, rate, kind='int', least=200, **arguments):
    return Contestant(name, 'stream.js', {'consumer': consumer, **arguments}, rate, least, kind,
                      needs=('gjs', 'pygobject'), ours=True)


_NEEDS = {
    'interpreters-queue': ('interpreters',),
    'interpreter-pool': ('interpreters',),
    'idle-add': ('pygobject',),
    'queue-idle-add': ('interpreters', 'pygobject'),
}


def peer(name, which, rate, kind='int', least=200, **arguments):
    return Contestant(name, 'peers.py', {'peer': which, **arguments}, rate, least, kind, needs=_NEEDS.get(which, ()))


# Names that more than one question has.
CALLBACK = 'C callback'
FOR = 'PyGObject for'
QUEUE = 'interpreters.Queue (1024)'
THREADS = 'threads + SimpleQueue (one GIL)'
