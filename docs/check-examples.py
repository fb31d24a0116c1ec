#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run the examples of pages. One TAP case for each.

Usage: check-examples.py PAGE…

An example is a fenced block of a language below. If a "text" block follows, that is what it prints.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$(?:\n*^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)

# How to run one, and what has to be there.
COMMANDS = {
    "python": [sys.executable],
    "js": ["gjs", "-m"],
}
SUFFIXES = {"python": ".py", "js": ".js"}


def why_skip(language):
    if not shutil.which(COMMANDS[language][0]):
        return f"there is no {COMMANDS[language][0]}"
    importing = [sys.executable, "-c", "import gi.events"]
    if language == "python" and subprocess.run(importing, capture_output=True).returncode != 0:
        return "PyGObject 3.50 is not installed"
    return None


def run(language, code, expected, folder):
    script = pathlib.Path(folder, f"example{SUFFIXES[language]}")
    script.write_text(code)
    process = subprocess.run([*COMMANDS[language], script], capture_output=True, text=True, cwd=folder)
    if process.returncode == 0 and process.stderr == "" and process.stdout == (expected or ""):
        return True
    print(f"# exit status {process.returncode}")
    for line in (process.stdout + process.stderr).splitlines():
        print(f"# {line}")
    return False


def main():
    examples = []
    for page in map(pathlib.Path, sys.argv[1:]):
        text = page.read_text()
        for match in FENCE.finditer(text):
            if match[1] in COMMANDS:
                line = text.count("\n", 0, match.start()) + 1
                examples.append((f"{page.name}:{line}", *match.groups()))

    print(f"1..{len(examples)}")
    failed = False
    for number, (name, language, code, expected) in enumerate(examples, 1):
        skip = why_skip(language)
        if skip:
            print(f"ok {number} - {name} # SKIP {skip}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            succeeded = run(language, code, expected, folder)
        print(f"{'ok' if succeeded else 'not ok'} {number} - {name}")
        failed |= not succeeded
    return failed


if __name__ == "__main__":
    sys.exit(main())
