# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws results as an SVG file: bars on logarithmic scales, ours and those of the peers."""

import math
from xml.sax.saxutils import escape

from report import format_number

WIDTH, MARGIN = 860, 24
# Where bars begin and end at most; names end before, and figures follow.
LEFT, RIGHT = 330, WIDTH - 110
ROW, BAR = 19, 13

# It brings its own background, so that it can be read on any. The scheme is that of the reader.
STYLE = '''
    .page { fill: #ffffff; stroke: #d5d9de }
    text { fill: #24292f; font: 12px system-ui, "Cantarell", "Noto Sans", sans-serif;
           paint-order: stroke; stroke: #ffffff; stroke-width: 3px }
    .title { font-size: 17px; font-weight: 600 }
    .group { font-size: 13px; font-weight: 600 }
    .ours { font-weight: 600 }
    .name { text-anchor: end }
    .small { fill: #59636e; font-size: 11px }
    .scale { fill: #59636e; font-size: 11px; text-anchor: middle }
    .grid { stroke: #d5d9de; stroke-width: 1 }
    .bar-ours { fill: #1a6fd0 }
    .bar-peer { fill: #9aa3ad }
    .spread { stroke: #24292f; stroke-width: 1.5 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #16191d; stroke: #3a4048 }
      text { fill: #e6e9ec; stroke: #16191d }
      .small, .scale { fill: #a3acb6 }
      .grid { stroke: #3a4048 }
      .bar-ours { fill: #5aa2f2 }
      .bar-peer { fill: #6b747e }
      .spread { stroke: #e6e9ec }
    }
'''

# Of the question about kinds: whom to show. The others are in the tables.
SHOWN = ('C callback', 'PyGObject for', 'threads + SimpleQueue (one GIL)', 'interpreters.Queue, unbounded',
         'interpreters.Queue (1024)', 'multiprocessing.Queue (1024)', 'multiprocessing.Pool.imap (64)',
         'thread + GLib.idle_add (one GIL)')

# 1k is a thousand of what is counted; a time has units of its own.
COUNTS = ((1e9, 'G'), (1e6, 'M'), (1e3, 'k'), (1, ''))
TIMES = ((1e6, ' s'), (1e3, ' ms'), (1, ' µs'), (1e-3, ' ns'))


def _format(value, units):
    factor, suffix = next((unit for unit in units if value >= unit[0]), units[-1])
    return f'{format_number(float(f"{value / factor:.3g}"))}{suffix}'


class _Scale:
    """From values to places, by powers of ten."""

    def __init__(self, values):
        self.first = math.floor(math.log10(min(values)))
        self.last = max(math.ceil(math.log10(max(values))), self.first + 1)

    def get_x(self, value):
        return round(LEFT + (math.log10(value) - self.first) / (self.last - self.first) * (RIGHT - LEFT), 1)

    def get_ticks(self):
        return [10.0 ** power for power in range(self.first, self.last + 1)]


class _Drawing:
    def __init__(self):
        self._parts = []
        self.y = MARGIN

    def add(self, part):
        self._parts.append(part)

    def text(self, x, text, names, dy=0):
        self.add(f'<text x="{x}" y="{self.y + dy}" class="{names}">{escape(text)}</text>')

    def finish(self, title, description):
        height = self.y + MARGIN
        return '\n'.join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-labelledby="title description">',
            f'  <title id="title">{escape(title)}</title>',
            f'  <desc id="description">{escape(description)}</desc>',
            f'  <style>{STYLE}  </style>',
            f'  <rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
            *(f'  {part}' for part in self._parts),
            '</svg>', ''])


def _draw_bar(drawing, scale, units, bar):
    """A bar from the left to the median, a line from the lesser to the greater value, and what that is in words."""
    end = scale.get_x(bar['value'])
    kind = 'ours' if bar['ours'] else 'peer'
    drawing.text(LEFT - 8, bar['name'], f'name {kind}', ROW - 6)
    drawing.add(f'<rect class="bar-{kind}" x="{LEFT}" y="{drawing.y + (ROW - BAR) // 2}" '
                f'width="{max(round(end - LEFT, 1), 1)}" height="{BAR}" rx="2"/>')
    low, high = scale.get_x(bar['low']), scale.get_x(bar['high'])
    if high - low > 3:
        middle = drawing.y + ROW / 2
        drawing.add(f'<path class="spread" d="M{low} {middle}H{high}M{high} {middle - 3}v6"/>')
    drawing.text(max(end, high) + 7, bar['label'], kind, ROW - 6)
    drawing.y += ROW


def _draw_section(drawing, title, note, groups, units):
    """groups: a name and its bars."""
    groups = [(name, bars) for name, bars in groups if bars]
    if not groups:
        return
    scale = _Scale([bar[end] for _, bars in groups for bar in bars for end in ('low', 'high')])
    drawing.y += 14
    drawing.text(MARGIN, title, 'title')
    drawing.y += 19
    drawing.text(MARGIN, note, 'small')
    drawing.y += 22
    ticks = scale.get_ticks()
    for tick in ticks:
        drawing.add(f'<text x="{scale.get_x(tick)}" y="{drawing.y}" class="scale">{escape(_format(tick, units))}</text>')
    drawing.y += 6
    bottom = drawing.y + sum(27 + ROW * len(bars) for _, bars in groups)
    for tick in ticks:
        drawing.add(f'<path class="grid" d="M{scale.get_x(tick)} {drawing.y}V{bottom}"/>')
    for name, bars in groups:
        drawing.y += 22
        drawing.text(MARGIN, name, 'group')
        drawing.y += 5
        for bar in bars:
            _draw_bar(drawing, scale, units, bar)
    drawing.y += 16


def _list_rates(summary):
    for case in summary['cases']:
        bars = []
        for contestant in case['contestants']:
            figure = contestant.get('figures', {}).get('items_per_s')
            if figure and contestant['name'] in SHOWN:
                bars.append({'name': contestant['name'], 'ours': contestant['ours'], 'value': figure['median'],
                             'low': figure['min'], 'high': figure['max'], 'label': _format(figure['median'], COUNTS)})
        yield case['name'], sorted(bars, key=lambda bar: -bar['value'])


def _list_delays(summary):
    for case in summary['cases']:
        bars = []
        for contestant in case['contestants']:
            figures = contestant.get('figures')
            if figures:
                p50, p99 = figures['us_p50']['median'], figures['us_p99']['median']
                bars.append({'name': contestant['name'], 'ours': contestant['ours'], 'value': p50, 'low': p50,
                             'high': p99, 'label': f'{_format(p50, TIMES)}, {_format(p99, TIMES)}'})
        yield summary['question'], sorted(bars, key=lambda bar: bar['value'])


def describe_machine(machine):
    versions = ', '.join(f'{name} {machine[name]}' for name in ('Python', 'GLib', 'PyGObject') if machine.get(name))
    return f'{machine["cores"]} cores, {machine["processor"]}; {versions}'


def draw(result):
    """The text of the file."""
    questions = {summary['name']: summary for summary in result['questions']}
    drawing = _Drawing()
    machine = describe_machine(result['machine'])
    sentences = [f'Measured on {machine}. Scales are logarithmic.']
    if 'kinds' in questions:
        rates = list(_list_rates(questions['kinds']))
        _draw_section(drawing, 'Items a second, more is better',
                      f'The median of {result["rounds"]} rounds, the least and the greatest. Blue is Subiter.',
                      rates, COUNTS)
        sentences += [f'{name}: {"; ".join(bar["name"] + " " + bar["label"] for bar in bars)} items a second.'
                      for name, bars in rates if bars]
    delays = [group for name in ('latency', 'round-trip') if name in questions for group in _list_delays(questions[name])]
    if delays:
        _draw_section(drawing, 'Time that it takes, less is better',
                      'Half of the time it is less than the bar (p50), and in 99 of 100 less than its line (p99).',
                      delays, TIMES)
        sentences += [f'{name} {"; ".join(bar["name"] + " " + bar["label"] for bar in bars)}.'
                      for name, bars in delays if bars]
    drawing.y += 2
    drawing.text(MARGIN, machine, 'small')
    drawing.y += 16
    drawing.text(MARGIN, 'tools/dev bench --svg FILE', 'small')
    drawing.y -= 8
    return drawing.finish('How fast items cross, Subiter and what comes with Python and GLib', ' '.join(sentences))
