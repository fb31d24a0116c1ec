# SPDX-License-Identifier: LGPL-2.1-or-later
"""Count lines in a plain loop, in another thread and interpreter. Usage: for-loop.py FOLDER"""

import sys

import gi

gi.require_version("Subiter", "1")
from gi.repository import Subiter

import lines

n_files = 0
for name, n_lines in Subiter.iterate(lines.count, args=(sys.argv[1],)):
    print(f"{n_lines:4} {name}")
    n_files += 1
print(n_files, "files")
