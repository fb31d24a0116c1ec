# SPDX-License-Identifier: LGPL-2.1-or-later
"""Identifiers beyond ASCII, the module's own name among them."""


def zähle(größe):
    for zahl in range(größe):
        yield f'№ {zahl}'


class Maß:
    def __init__(self, *, länge):
        self.länge = länge

    def __iter__(self):
        return iter([self.länge])
