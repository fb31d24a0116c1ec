# SPDX-License-Identifier: LGPL-2.1-or-later

from model import ITEMS_PER_S, Case, Question
from questions.streams import CALLBACK, FOR, HOW, in_c, in_python, peer

PEER = 'interpreters.Queue'


def make_case(size):
    ours = {'buffer-size': size}
    slowness = {1: 50, 3: 20, 64: 2, 1024: 1}[size]
    return Case(f'room for {size}', [
        in_c(CALLBACK, 'callback', 4e6 / slowness, **ours),
        in_python(FOR, 'for', 2e5 / slowness, **ours),
        peer(PEER, 'interpreters-queue', 100 * size, least=20, maxsize=size),
        peer('multiprocessing.Queue', 'multiprocessing-queue', 1e5, maxsize=size),
    ], PEER, quick=size == 3, smoke=size == 3)


QUESTIONS = [Question(
    'buffers', 'How many small ints a second cross if few may wait?', HOW, [ITEMS_PER_S],
    [make_case(size) for size in (1, 3, 64, 1024)],
)]
