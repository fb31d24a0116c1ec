# SPDX-License-Identifier: LGPL-2.1-or-later
"""A script that was not meant to be imported."""

import sys

sys.exit('usage: a script')
