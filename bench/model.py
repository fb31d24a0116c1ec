# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a question is made of. Those that are asked are in questions/."""

import dataclasses
from collections.abc import Callable


class Failed(Exception):
    """What a contestant has done wrong. The text names it."""


class Missing(Exception):
    """A figure that a target is about was not measured: its contestant was skipped, or has failed."""


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number of a contestant's result."""

    name: str
    unit: str
    more_is_better: bool = True
    # From the JSON object that a program prints.
    get: Callable[[dict], float] | None = None
    # What cannot be below nothing may be nothing: wakeups, say.
    may_be_zero: bool = False

    def of(self, result):
        return self.get(result) if self.get else result[self.name]


@dataclasses.dataclass(frozen=True)
class Contestant:
    """A command that does the work once, in a process of its own, and prints one JSON object.

    program is "stream" for programs/bench-stream.c, or the name of a file in programs/.
    """

    name: str
    program: str
    arguments: dict = dataclasses.field(default_factory=dict)
    # Roughly how many items a second it does. A first round that does not count finds out more exactly how many
    # items it has to be given.
    rate: float | None = None
    # Fewer items than this say nothing.
    least: int = 200
    # Of what kind its items are, for those whose items are counted and looked at.
    kind: str | None = None
    # Arguments that are not the same in a full, a quick and a smoke run.
    sizes: dict[str, tuple] = dataclasses.field(default_factory=dict)
    # The mechanism that the library is to do without, of those in meson.build.
    without: str | None = None
    # Of runner.REQUIREMENTS.
    needs: tuple[str, ...] = ()
    ours: bool = False


@dataclasses.dataclass(frozen=True)
class Case:
    """Contestants that do the same work."""

    name: str
    contestants: list[Contestant]
    # Whom the ratios are against.
    peer: str
    # Whether a quick run has it, too.
    quick: bool = True
    # And whether the smoke test has.
    smoke: bool = True


@dataclasses.dataclass(frozen=True)
class Target:
    """What a figure has to be. get is called with a Medians and gives the number, or raises Missing."""

    text: str
    get: Callable
    unit: str = ''
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value):
        if self.at_least is not None:
            return value >= self.at_least
        return value <= self.at_most


@dataclasses.dataclass(frozen=True)
class Question:
    name: str
    text: str
    # How that is measured: what is in the time, and what is not.
    how: str
    # The first is the main one.
    figures: list[Figure]
    cases: list[Case]
    targets: list[Target] = dataclasses.field(default_factory=list)
    # Where each round is the same, few will do.
    max_rounds: int | None = None


ITEMS_PER_S = Figure('items_per_s', 'items/s', get=lambda result: result['items'] / result['seconds'])
