# SPDX-License-Identifier: LGPL-2.1-or-later
"""In a folder that has to be on python-path."""

import streams


def items():
    yield 'extra'
    yield from streams.one()
