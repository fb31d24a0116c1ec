# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cannot be imported: what it needs is not there."""

import a_module_that_nobody_has


def items():
    yield a_module_that_nobody_has
