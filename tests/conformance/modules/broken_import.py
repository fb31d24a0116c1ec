# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cannot be imported: it fails by itself."""

quotient = 1 / 0


def items():
    yield 1
