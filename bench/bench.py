#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How fast Subiter is, beside what comes with Python and GLib: one question after the other."""

import argparse
import dataclasses
import json
import sys
import time

import chart
import machine
import report
import runner
from questions import QUESTIONS

NOTE = '''\
* is Subiter. Each figure is the median of {rounds} rounds, then the least and the greatest; × says how many times
better than the peer it was, round by round. Only ratios of one run mean something: machines differ, and so does the
same machine an hour later.'''


def parse_arguments():
    parser = argparse.ArgumentParser(prog='tools/dev bench', description=__doc__)
    parser.add_argument('names', nargs='*', metavar='NAME', help='questions, instead of all (see --list)')
    parser.add_argument('--list', action='store_true', help='say what questions there are')
    parser.add_argument('--rounds', type=int, metavar='N', help='how many rounds, instead of 5 (--quick: 2)')
    parser.add_argument('--quick', action='store_true', help='fewer cases and shorter rounds: a minute, not ten')
    parser.add_argument('--json', metavar='FILE', help='write everything that was measured there')
    parser.add_argument('--svg', metavar='FILE', help='draw a chart of it')
    parser.add_argument('--from', dest='source', metavar='FILE',
                        help='measure nothing: take what --json wrote, for --svg or to see the tables again')
    parser.add_argument('--smoke', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--programs', metavar='FOLDER', help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in QUESTIONS]
    if unknown:
        parser.error(f'there is no question “{unknown[0]}”; there are {", ".join(QUESTIONS)}')
    if options.rounds is not None and options.rounds < 1:
        parser.error(f'there has to be a round at least, not {options.rounds}')
    return options


def show(text):
    if sys.stderr.isatty():
        print(f'\r\033[K{text[:100]}', end='', file=sys.stderr, flush=True)


def measure(options):
    mode = runner.SMOKE if options.smoke else runner.QUICK if options.quick else runner.FULL
    if options.rounds is not None:
        mode = dataclasses.replace(mode, rounds=options.rounds)
    result = {'schema': 1, 'mode': mode.name, 'rounds': mode.rounds, 'machine': machine.describe(), 'questions': []}
    failures = []
    started = time.monotonic()
    print(NOTE.format(rounds=mode.rounds))
    for name in options.names or QUESTIONS:
        question = QUESTIONS[name]
        entries = runner.Runner(mode, options.programs, show).ask(question)
        failures += [entry.failed for entry in entries if entry.failed is not None]
        result['questions'].append(report.summarise(question, entries))
        print(f'\n{report.format_question(result["questions"][-1])}', flush=True)
    result['seconds'] = round(time.monotonic() - started, 1)
    return result, failures


def show_again(path, names):
    with open(path, encoding='utf-8') as file:
        result = json.load(file)
    print(NOTE.format(rounds=result['rounds']))
    for summary in result['questions']:
        if not names or summary['name'] in names:
            print(f'\n{report.format_question(summary)}')
    return result


def main():
    options = parse_arguments()
    if options.list:
        for question in QUESTIONS.values():
            print(f'{question.name:16} {question.text}')
        return 0

    if options.source:
        result, failures = show_again(options.source, options.names), []
    else:
        result, failures = measure(options)
    targets = [target for summary in result['questions'] for target in summary['targets']]
    if targets:
        print(f'\n{sum(target["met"] is True for target in targets)} of {len(targets)} targets met, '
              f'{sum(target["met"] is False for target in targets)} missed, '
              f'{sum(target["met"] is None for target in targets)} not measured')

    if options.json:
        with open(options.json, 'w', encoding='utf-8') as file:
            json.dump(result, file, indent=1, ensure_ascii=False)
            file.write('\n')
    if options.svg:
        with open(options.svg, 'w', encoding='utf-8') as file:
            file.write(chart.draw(result))
    for failure in failures:
        print(f'tools/dev bench: {failure}', file=sys.stderr)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
