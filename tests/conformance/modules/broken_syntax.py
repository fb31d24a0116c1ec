# SPDX-License-Identifier: LGPL-2.1-or-later
# Not Python, on purpose.


def items(:
    yield 1
