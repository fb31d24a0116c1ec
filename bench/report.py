# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results as data and as tables."""

import statistics

from model import Missing
from runner import Medians


def _get_ratios(entry, peer, figure):
    """How many times better than the peer it was in each round."""
    if peer is None or not peer.is_in:
        return []
    pairs = [(mine[figure.name], other[figure.name]) for mine, other in zip(entry.rounds, peer.rounds)]
    if not figure.more_is_better:
        pairs = [(other, mine) for mine, other in pairs]
    return [a / b for a, b in pairs if b != 0]


def _summarise_entry(entry, peer, figures):
    summary = {'name': entry.contestant.name, 'ours': entry.contestant.ours}
    if entry.skipped is not None:
        return {**summary, 'skipped': entry.skipped}
    if entry.failed is not None:
        return {**summary, 'failed': entry.failed}
    summary['figures'] = {}
    for figure in figures:
        values = [of_round[figure.name] for of_round in entry.rounds]
        ratios = _get_ratios(entry, peer, figure)
        summary['figures'][figure.name] = {
            'median': statistics.median(values), 'min': min(values), 'max': max(values), 'rounds': values,
            'ratio': statistics.median(ratios) if ratios else None,
        }
    summary['results'] = entry.results
    return summary


def _summarise_target(target, medians):
    summary = {'text': target.text, 'unit': target.unit, 'at_least': target.at_least, 'at_most': target.at_most}
    try:
        value = target.get(medians)
    except Missing as missing:
        return {**summary, 'value': None, 'met': None, 'missing': str(missing)}
    return {**summary, 'value': value, 'met': target.holds(value)}


def summarise(question, entries):
    """Everything about a question, as JSON has it."""
    cases = []
    for case in question.cases:
        of_case = [entry for entry in entries if entry.case is case]
        if of_case:
            peer = next((entry for entry in of_case if entry.contestant.name == case.peer), None)
            cases.append({'name': case.name, 'peer': case.peer,
                          'contestants': [_summarise_entry(entry, peer, question.figures) for entry in of_case]})
    medians = Medians(question, entries)
    return {
        'name': question.name, 'question': question.text, 'how': question.how,
        'figures': [{'name': figure.name, 'unit': figure.unit, 'more_is_better': figure.more_is_better}
                    for figure in question.figures],
        'cases': cases,
        'targets': [_summarise_target(target, medians) for target in question.targets],
    }


def format_number(value):
    """Three digits that mean something, at least."""
    if value == 0:
        return '0'
    if abs(value) >= 100:
        return f'{value:,.0f}'
    return f'{value:.3g}'


def format_times(ratio):
    return '' if ratio is None else f'{format_number(ratio)} ×'


def _format_rows(summary):
    name_width = max((len(contestant['name']) for case in summary['cases'] for contestant in case['contestants']),
                     default=0)
    for case in summary['cases']:
        yield f'  {case["name"]}'
        for contestant in case['contestants']:
            name = f'    {"*" if contestant["ours"] else " "} {contestant["name"]:{name_width}}'
            if 'figures' not in contestant:
                yield f'{name}  {"skipped: " + contestant["skipped"] if "skipped" in contestant else "FAILED"}'
                continue
            for number, figure in enumerate(summary['figures']):
                values = contestant['figures'][figure['name']]
                spread = f'{format_number(values["min"])} … {format_number(values["max"])}'
                ratio = 'peer' if contestant['name'] == case['peer'] else format_times(values['ratio'])
                lead = name if number == 0 else ' ' * len(name)
                yield (f'{lead}  {format_number(values["median"]):>12} {figure["unit"]:14} {spread:27}'
                       f' {ratio:>9}').rstrip()


def format_target(target):
    sense, limit = ('at least', target['at_least']) if target['at_least'] is not None else \
        ('at most', target['at_most'])
    wanted = f'{sense} {format_number(limit)}{" " if target["unit"] else ""}{target["unit"]}'
    if target['met'] is None:
        return f'  not measured  {target["text"]}: {wanted}'
    word = 'met' if target['met'] else 'MISSED'
    return f'  {word:12}  {target["text"]}: {wanted}; {format_number(target["value"])}'


def format_question(summary):
    lines = [f'{summary["name"]}: {summary["question"]}', f'  ({summary["how"]})']
    lines += _format_rows(summary)
    lines += map(format_target, summary['targets'])
    return '\n'.join(lines)
