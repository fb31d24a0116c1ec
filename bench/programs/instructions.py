# SPDX-License-Identifier: LGPL-2.1-or-later
"""How many instructions an item takes, counted by callgrind: nothing of that is time, so that a busy machine does not
matter.

A program is run with two numbers of items. What it does once is in both counts, and cancels out. It tells callgrind
when to begin and when to end; built where valgrind has no headers, all that it does is counted, which says less.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

from common import parse_arguments, report

options = parse_arguments(program='', consumer='callback', kind='int', check=0, buffer_size=1024, few=2048, many=12288)


def count(n):
    """Instructions of the main thread, and of all others."""
    with tempfile.TemporaryDirectory() as folder:
        command = ['valgrind', '--tool=callgrind', '--separate-threads=yes', '--fair-sched=try', '--quiet',
                   f'--callgrind-out-file={folder}/out', options.program, f'--consumer={options.consumer}',
                   f'--kind={options.kind}', f'--check={options.check}', f'--buffer-size={options.buffer_size}',
                   # Nothing is to depend on how fast that is.
                   '--budget-us=60000000', f'--items={n}']
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f'{done.stderr[-500:]}\nIt ended with {done.returncode}')
        result = json.loads(done.stdout)
        if result['items'] != n:
            sys.exit(f'It delivered {result["items"]} of {n} items')
        # A file a thread, those of the first dump before those of the end; the one without a number is of no thread.
        folder = pathlib.Path(folder)
        consumer = worker = 0
        for path in list(folder.glob('out.1-*')) or folder.glob('out-*'):
            total = int(re.search(r'^(?:totals|summary): (\d+)', path.read_text(), re.M)[1])
            if path.name.endswith('-01'):
                consumer += total
            else:
                worker += total
    return result, consumer, worker


_, *few = count(options.few)
result, *many = count(options.many)
consumer, worker = ((b - a) / (options.many - options.few) for a, b in zip(few, many))
report(items=result['items'], checksum=result['checksum'], consumer=consumer, worker=worker, total=consumer + worker)
