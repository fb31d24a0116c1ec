# SPDX-License-Identifier: LGPL-2.1-or-later
"""Count the lines of two folders at once, with asyncio. Usage: async-for.py FOLDER"""

import asyncio
import sys

import gi

gi.require_version("Subiter", "1")
from gi.events import GLibEventLoop
from gi.repository import Subiter

import lines


async def count(folder):
    return [result async for result in Subiter.iterate(lines.count, args=(folder,))]


async def main(folder):
    # Two sources: two interpreters, two threads.
    first, second = await asyncio.gather(count(folder), count(folder))
    assert first == second
    for name, n_lines in first:
        print(f"{n_lines:4} {name}")
    print(len(first), "files")


asyncio.run(main(sys.argv[1]), loop_factory=GLibEventLoop)
