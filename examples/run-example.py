#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run an example, and compare what it prints with what it is to print. One TAP case.

Usage: run-example.py [--skip REASON] [--needs-gi] NAME COMMAND…
"""

import argparse
import os
import subprocess
import sys

# What data/ contains. All examples say it in the same words.
EXPECTED = """\
   3 haiku.txt
   1 line.txt
   0 nothing.txt
3 files
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--skip", default="")
    parser.add_argument("--needs-gi", action="store_true")
    parser.add_argument("name")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    skip = arguments.skip
    if not skip and arguments.needs_gi:
        importing = subprocess.run([arguments.command[0], "-c", "import gi.events"], capture_output=True)
        skip = "" if importing.returncode == 0 else "PyGObject 3.50 is not installed"

    print("1..1")
    if skip:
        print(f"ok 1 - {arguments.name} # SKIP {skip}")
        return

    # A warning or a critical message is a failure.
    environment = {**os.environ, "G_DEBUG": "fatal-warnings"}
    process = subprocess.run(arguments.command, capture_output=True, text=True, env=environment)
    for line in (process.stdout + process.stderr).splitlines():
        print(f"# {line}")
    if process.returncode != 0:
        print(f"# exit status {process.returncode}")
    succeeded = process.returncode == 0 and process.stdout == EXPECTED and process.stderr == ""
    print(f"{'ok' if succeeded else 'not ok'} 1 - {arguments.name}")
    sys.exit(not succeeded)


if __name__ == "__main__":
    main()
