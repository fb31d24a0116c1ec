# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether code that would be stuck is to go on instead."""

import os


def is_free():
    return os.path.exists(os.environ["STUCK_MARKER"])
