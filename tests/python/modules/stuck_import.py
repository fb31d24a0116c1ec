# SPDX-License-Identifier: LGPL-2.1-or-later
"""A module whose import takes for ever."""

import time

from stuck_places import is_free

while not is_free():
    time.sleep(0.001)  # at the top of a module

ITEM = 7
