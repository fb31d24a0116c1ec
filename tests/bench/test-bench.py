# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmarks: every question is asked with so few items that its figures say nothing, but they have to be there,
and the items have to be all that were made. Nothing here is about time."""

import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest.mock
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
BENCH = HERE.parent.parent / 'bench'
sys.path[:0] = [str(BENCH), str(HERE.parent / 'bindings')]

import chart  # noqa: E402
import report  # noqa: E402
import runner  # noqa: E402
import tap  # noqa: E402
from model import ITEMS_PER_S, Case, Contestant, Figure, Question, Target  # noqa: E402
from questions import QUESTIONS  # noqa: E402

PROGRAMS = os.environ['BENCH_PROGRAMS']
# How many questions are asked at a time: most of what they do here is to start.
JOBS = 3


def run_bench(*arguments):
    return subprocess.run([sys.executable, BENCH / 'bench.py', '--programs', PROGRAMS, *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, check=False)


def check_contestant(contestant, figures, text):
    name = contestant['name']
    assert name in text, name
    assert 'failed' not in contestant, contestant
    if 'skipped' in contestant:
        assert contestant['skipped'] in [reason for reason, _ in runner.REQUIREMENTS.values()], contestant
        return 0
    assert len(contestant['results']) == 1
    for figure in figures:
        values = contestant['figures'][figure.name]
        assert set(values) == {'median', 'min', 'max', 'rounds', 'ratio'}, values
        assert values['rounds'] == [values['median']] == [values['min']] == [values['max']], values
        value = values['median']
        assert math.isfinite(value) and (value > 0 or (value == 0 and figure.may_be_zero)), (name, values)
    return 1


def ask(name):
    """A question by the command, as far as its contestants are here."""
    question = QUESTIONS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'result.json'
        done = run_bench('--smoke', '--json', path, name)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == '', done.stderr
        text = path.read_text()
    result = json.loads(text)
    assert str(BENCH.parent) not in text and os.uname().nodename not in result['machine'].values()
    assert result['machine']['cores'] > 0 and result['machine']['Python'].startswith('3.'), result['machine']

    [summary] = result['questions']
    assert summary['name'] == name and question.text in done.stdout
    expected = [case for case in question.cases if case.smoke]
    assert expected and [case['name'] for case in summary['cases']] == [case.name for case in expected]
    n = 0
    for case, declared in zip(summary['cases'], expected):
        assert [c['name'] for c in case['contestants']] == [c.name for c in declared.contestants]
        assert case['peer'] in [c['name'] for c in case['contestants']], case['peer']
        assert any(c['ours'] for c in case['contestants']), case['name']
        n += sum(check_contestant(contestant, question.figures, done.stdout) for contestant in case['contestants'])
    assert len(summary['targets']) == len(question.targets)
    for target in summary['targets']:
        assert (target['met'] is None) == (target['value'] is None) and target['text'] in done.stdout, target
    if n == 0:
        reasons = {c['skipped'] for case in summary['cases'] for c in case['contestants']}
        raise tap.Skip('; '.join(sorted(reasons)))


# The driver, with contestants that are made for that.

GOOD = 'print(\'{"items": %s, "checksum": 19, "seconds": 0.5}\' % n)'
WRONG_PROGRAMS = {
    'delivers less': ('print(\'{"items": 19, "checksum": 1, "seconds": 0.5}\')', '19 of 20 items'),
    'delivers others': ('print(\'{"items": 20, "checksum": 5, "seconds": 0.5}\')', 'checksum of its items is 5, not'),
    'ends with an error': ('sys.exit("nothing works")', 'ended with 1: nothing works'),
    'dies': ('os.kill(os.getpid(), 9)', 'ended with -9'),
    'prints nonsense': ('print("fast")', "printed no JSON but 'fast"),
    'takes no time': ('print(\'{"items": 20, "checksum": 190, "seconds": -1}\')', 'there were -20.0 items/s'),
}


def make_contestant(folder, name, code, **declared):
    path = pathlib.Path(folder) / f'{name.replace(" ", "-")}.py'
    path.write_text('import os, re, sys, time\n'
                    'n = int(re.search("--items=([0-9]+)", " ".join(sys.argv))[1])\n' + code)
    return Contestant(name, str(path), rate=1, least=20, kind='int', **declared)


def make_question(contestants, peer, targets=()):
    return Question('made-up', 'Who is it?', 'not', [ITEMS_PER_S], [Case('case', contestants, peer)], list(targets))


def test_contestants_that_fail_are_named():
    with tempfile.TemporaryDirectory() as folder:
        question = make_question([make_contestant(folder, name, code)
                                  for name, (code, _) in WRONG_PROGRAMS.items()], 'dies')
        entries = runner.Runner(runner.SMOKE, None).ask(question)
    for entry in entries:
        expected = WRONG_PROGRAMS[entry.contestant.name][1]
        assert entry.failed.startswith(f'made-up: case: {entry.contestant.name}: '), entry.failed
        assert expected in entry.failed, (entry.failed, expected)
    text = report.format_question(report.summarise(question, entries))
    assert text.count('FAILED') == len(WRONG_PROGRAMS), text


def test_a_contestant_that_hangs_is_ended():
    """And so is what it has started, which would keep its output open."""
    with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(runner, 'TIMEOUT', 1):
        question = make_question([make_contestant(folder, 'sleeper', 'os.fork(); time.sleep(1000)')], 'sleeper')
        [entry] = runner.Runner(runner.SMOKE, None).ask(question)
    assert entry.failed == 'made-up: case: sleeper: it was not done after 1 s', entry.failed


def test_a_contestant_that_fails_is_an_error():
    """Of the command, too: it goes on with the others, and ends with 1."""
    with tempfile.TemporaryDirectory() as folder:
        done = run_bench('--smoke', '--programs', folder, 'memory')
    assert done.returncode == 1, done
    assert re.search('^tools/dev bench: memory: .*: there is no program bench-memory$', done.stderr, re.M), done.stderr
    assert 'bench-bare' in done.stderr and 'FAILED' in done.stdout, done


def test_what_is_not_there_is_skipped():
    with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(runner, 'is_there', lambda need: False):
        question = make_question([make_contestant(folder, 'one', 'sys.exit(1)', needs=('gjs',))], 'one',
                                 [Target('it', lambda medians: medians('case', 'one'), at_least=1)])
        entries = runner.Runner(runner.SMOKE, None).ask(question)
    assert entries[0].skipped == 'there is no gjs' and entries[0].failed is None
    text = report.format_question(report.summarise(question, entries))
    assert 'skipped: there is no gjs' in text and 'not measured' in text, text


def test_rounds_take_turns_and_make_medians():
    """Each round has everybody once; ratios are of the same round, and their median is not that of the medians."""
    speeds = {'ours': [10, 40, 90], 'peer': [10, 10, 30]}
    count = ('path = sys.argv[0] + ".runs"\n'
             'k = len(open(path).read()) if os.path.exists(path) else 0\n'
             'open(path, "a").write(".")\n'
             'open(os.path.dirname(path) + "/log", "a").write(os.path.basename(path)[0])\n'
             'print(\'{"items": %d, "checksum": %d, "seconds": %f}\' % (n, n - 1, n / speeds[k]))')
    mode = runner.Mode('made-up', 0, rounds=3, duration=0)
    with tempfile.TemporaryDirectory() as folder:
        question = make_question(
            [make_contestant(folder, name, f'speeds = {values}\n{count}') for name, values in speeds.items()], 'peer',
            [Target('fast', lambda medians: medians('case', 'ours'), at_least=40),
             Target('faster', lambda medians: medians.ratio(('case', 'ours'), ('case', 'peer')), at_least=3.5),
             Target('not slower', lambda medians: medians.difference(('case', 'ours'), ('case', 'peer')), at_most=1)])
        entries = runner.Runner(mode, None).ask(question)
        assert (pathlib.Path(folder) / 'log').read_text() == 'opopop'
    summary = report.summarise(question, entries)
    ours, peer = (contestant['figures']['items_per_s'] for contestant in summary['cases'][0]['contestants'])
    assert [round(ours[name]) for name in ('median', 'min', 'max')] == [40, 10, 90], ours
    assert round(peer['median']) == 10 and round(peer['ratio'], 3) == 1, peer
    assert round(ours['ratio'], 3) == 3, ours
    assert [target['met'] for target in summary['targets']] == [True, False, False], summary['targets']


def test_less_may_be_better():
    figure = Figure('us', 'µs', False)
    entries = [runner.Entry(None, Contestant(name, name), rounds=[{'us': value}]) for name, value in (('a', 2), ('b', 8))]
    assert report._get_ratios(entries[0], entries[1], figure) == [4]


def test_a_chart_shows_what_there_is():
    """Bars are as long as their figures say, and whoever cannot see them is told."""
    def of(name, ours, **figures):
        return {'name': name, 'ours': ours, 'figures': {
            key: {'median': value, 'min': value / 2, 'max': value * 2} for key, value in figures.items()}}

    machine = {'cores': 2, 'processor': 'Abacus <2>', 'Python': '3.14', 'GLib': '2.80', 'PyGObject': None}
    result = {'rounds': 5, 'machine': machine, 'questions': [
        {'name': 'kinds', 'question': 'Many?', 'cases': [{'name': 'small int', 'contestants': [
            of('C callback', True, items_per_s=1e6), of('interpreters.Queue (1024)', False, items_per_s=1e4),
            {'name': 'PyGObject for', 'ours': True, 'skipped': 'there is no PyGObject for this Python'}]}]},
        {'name': 'latency', 'question': 'Long?', 'cases': [{'name': '1 ms apart', 'contestants': [
            of('C callback', True, us_p50=10, us_p99=50)]}]}]}
    root = xml.etree.ElementTree.fromstring(chart.draw(result))
    tag = '{http://www.w3.org/2000/svg}'
    assert root.find(f'{tag}title').text and root.get('role') == 'img'
    description = root.find(f'{tag}desc').text
    assert 'small int: C callback 1M; interpreters.Queue (1024) 10k items a second.' in description, description
    assert 'Long? C callback 10 µs, 50 µs.' in description, description
    ours, peer, delay = [float(bar.get('width')) for bar in root.iter(f'{tag}rect') if bar.get('class') != 'page']
    # From 1k, which is below the least, to 10M.
    assert (ours, peer) == (round((chart.RIGHT - chart.LEFT) * 3 / 4, 1), round((chart.RIGHT - chart.LEFT) / 4, 1))
    assert delay == 1 and 'Abacus <2>' in ''.join(root.itertext())
    # Nothing has nothing to show, and is a chart as well.
    xml.etree.ElementTree.fromstring(chart.draw({'rounds': 5, 'machine': machine, 'questions': []}))


def test_arguments():
    done = run_bench('--list')
    assert done.returncode == 0 and [line.split()[0] for line in done.stdout.splitlines()] == list(QUESTIONS), done
    done = run_bench('nothing')
    assert done.returncode == 2 and 'no question “nothing”; there are kinds, ' in done.stderr, done
    done = run_bench('--rounds', '0')
    assert done.returncode == 2 and 'a round at least, not 0' in done.stderr, done


def test_results_are_shown_again():
    with tempfile.TemporaryDirectory() as folder:
        path, svg = pathlib.Path(folder) / 'result.json', pathlib.Path(folder) / 'chart.svg'
        first = run_bench('--smoke', '--json', path, 'memory')
        again = run_bench('--from', path, '--svg', svg)
        assert (first.returncode, again.returncode) == (0, 0), (first, again)
        assert first.stdout == again.stdout
        assert xml.etree.ElementTree.parse(svg).getroot().tag.endswith('svg')


def main():
    names = sys.argv[1:]
    cases = [(f'question {name}', lambda name=name: ask(name)) for name in QUESTIONS]
    cases += [(name.removeprefix('test_').replace('_', ' '), function) for name, function in globals().items()
              if name.startswith('test_')]
    return tap.run([case for case in cases if not names or case[0] in names], JOBS)


if __name__ == '__main__':
    sys.exit(main())
