# SPDX-License-Identifier: LGPL-2.1-or-later
"""Says what arguments have arrived as."""


def describe(*args, **kwargs):
    for arg in args:
        yield f'{type(arg).__name__} {arg!r}'
    for name in sorted(kwargs):
        yield f'{name}: {type(kwargs[name]).__name__} {kwargs[name]!r}'


def back(*args):
    """As they are."""
    return list(args)


def with_names(first, second='default', *, third=None):
    yield f'{first} {second} {third}'


def order(**kwargs):
    yield list(kwargs)


def count(*args, **kwargs):
    yield len(args)
    yield len(kwargs)


def is_nan(value):
    yield value != value
