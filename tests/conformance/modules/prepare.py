# SPDX-License-Identifier: LGPL-2.1-or-later
"""Initializers."""

done = []


def first():
    done.append('first')


def second():
    done.append('second')
    return 'a value that nobody wants'


def fails():
    done.append('fails')
    raise ValueError('not prepared')


def fails_once():
    done.append('tried')
    if len(done) == 1:
        raise ValueError('not prepared yet')


def says():
    print('preparing')


class AsClass:
    def __init__(self):
        done.append('class')


constant = 5


def report():
    """What has been done, at the moment of each iteration."""
    yield list(done)
