# SPDX-License-Identifier: LGPL-2.1-or-later
"""The questions, in the order in which they are asked. Each module has one, or several of a kind."""

import importlib

_MODULES = ['kinds', 'consumers', 'buffers', 'slow', 'large', 'mechanisms', 'latency', 'first', 'idle', 'flood', 'scaling',
            'memory', 'instructions']

QUESTIONS = {question.name: question
             for module in _MODULES
             for question in importlib.import_module(f'questions.{module}').QUESTIONS}
