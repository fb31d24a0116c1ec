#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenarios in Python, through PyGObject: plain signals and asynchronous calls."""

import gc
import os
import sys
import threading

try:
    import gi
except ImportError as error:
    print(f'1..0 # SKIP there is no PyGObject for this Python: {error}')
    sys.exit(0)

gi.require_version('Subiter', '1')

import table  # noqa: E402
from gi.repository import GLib, Subiter  # noqa: E402

BATCH_SIZE = 7
LEVELS = {'critical': GLib.LogLevelFlags.LEVEL_CRITICAL, 'warning': GLib.LogLevelFlags.LEVEL_WARNING,
          'message': GLib.LogLevelFlags.LEVEL_MESSAGE, 'info': GLib.LogLevelFlags.LEVEL_INFO,
          'debug': GLib.LogLevelFlags.LEVEL_DEBUG}
FATAL = LEVELS['critical'] | LEVELS['warning'] | GLib.LogLevelFlags.LEVEL_ERROR
a_variable_of_the_program = True


def variant(text):
    return GLib.Variant.parse(None, text, None, None) if text is not None else None


class Driver(table.Scenario):
    def __init__(self, table_entry, folder):
        super().__init__(table_entry)
        self.folder = folder

    # ---- what is seen

    def check_thread(self):
        if threading.current_thread() is not threading.main_thread():
            self.trouble.append('called on another thread')

    def take_item(self, item):
        self.check_thread()
        super().take_item(item)

    def get_code(self, error):
        own = error.domain == GLib.quark_to_string(Subiter.error_quark())
        return Subiter.Error(error.code).value_nick if own else error.domain

    def take_error(self, error):
        self.code, self.message = self.get_code(error), error.message
        failure = self.source.props.failure
        self.exception = failure and failure.get_exception_type()
        self.traceback = failure and failure.get_traceback()
        self.notes = failure and failure.get_notes()
        self.causes = []
        while failure := failure and failure.get_cause():
            self.causes.append(failure.get_exception_type())

    def take_end(self, name, wanted_state=None):
        self.check_thread()
        self.add_end(name, self.source.props.state.value_nick, wanted_state)

    def on_item(self, source, item):
        self.take_item(item)
        self.advance()

    def on_failed(self, source, error):
        if self.mode != 'push' and self.pulls == 0 and self.message not in (None, error.message):
            self.trouble.append(f'next gave {self.message!r}, the signal {error.message!r}')
        self.take_error(error)
        self.take_end('failed', 'failed')

    def on_timeout(self, source):
        if self.grants > 0:
            self.grants -= 1
            return True
        self.take_end('timeout')
        return False

    def on_output(self, source, stream, text):
        self.check_thread()
        if stream == Subiter.Stream.STDOUT:
            self.stdout += text
        else:
            self.stderr += text
        self.advance()

    def on_log(self, domain, level, message):
        for name, flag in LEVELS.items():
            if level & flag:
                self.log.append(f'{name} {message}')

    def on_pulled(self, source, result):
        items = []
        try:
            if self.mode == 'batch':
                items = source.next_batch_finish(result)
            else:
                items = [item for item in [source.next_finish(result)] if item is not None]
        except GLib.Error as error:
            self.take_error(error)
        if len(items) > BATCH_SIZE:
            self.trouble.append(f'a batch of {len(items)}')
        for item in items:
            self.take_item(item)
        # It counts until the next one does: the scenario is not over in between.
        self.advance()
        if items:
            self.pull()
        self.pulls -= 1
        self.advance()

    def on_closed(self, source, result):
        source.close_finish(result)
        self.closes -= 1
        self.advance()

    # ---- what is done

    def pull(self):
        if self.holds:
            return
        self.pulls += 1
        if self.mode == 'batch':
            self.source.next_batch_async(BATCH_SIZE, None, self.on_pulled)
        else:
            self.source.next_async(None, self.on_pulled)

    def block(self):
        try:
            while (item := self.source.next(None)) is not None:
                self.take_item(item)
                self.advance()
        except GLib.Error as error:
            self.take_error(error)

    def begin(self):
        self.quiet = False
        self.due += 1
        self.first_item = len(self.items)
        if self.mode == 'blocking':
            self.block()
        elif self.mode in ('pull', 'batch'):
            if self.ends:
                self.source.rewind()
            for _ in range(self.scenario.get('overlap', 1)):
                self.pull()
        else:
            self.source.start()

    def close(self):
        self.closes += 1
        self.source.close_async(None, self.on_closed)

    def make_callable(self):
        scenario, attribute = self.scenario, self.scenario.get('attribute', 'items')
        code = scenario.get('code')
        if 'returns' in scenario:
            code = f'from stock import *\n\n\ndef items():\n    return {scenario["returns"]}\n'
        if code is not None:
            callable = Subiter.Callable.new_for_source_code(code, attribute)
        elif 'file' in scenario:
            path = scenario['file'] and os.path.join(self.folder, scenario['file'])
            callable = Subiter.Callable.new_for_file(path, attribute)
        else:
            callable = Subiter.Callable.new_for_entry_point(scenario['entry-point'])
        return callable.bind(variant(scenario.get('args')), variant(scenario.get('kwargs')))

    def connect(self):
        source, scenario = self.source, self.scenario
        for name in ('buffer-size', 'timeout', 'dispatch-items', 'dispatch-budget', 'priority'):
            if name in scenario:
                source.set_property(name, scenario[name])
        if 'item-type' in scenario:
            source.props.item_type = GLib.VariantType.new(scenario['item-type'])
        source.props.initializers = scenario.get('initializers', [])
        source.props.python_path = [os.path.join(self.folder, path) for path in scenario.get('python-path', [''])]
        source.connect('finished', lambda source: self.take_end('finished', 'finished'))
        source.connect('failed', self.on_failed)
        source.connect('timeout', self.on_timeout)
        source.connect('output', self.on_output)
        source.connect('notify::progress', lambda source, pspec: self.advance())
        if self.mode == 'func':
            source.set_item_func(self.on_item)
        elif self.mode == 'push':
            source.connect('item', self.on_item)

    def run(self):
        try:
            callable = self.make_callable()
        except GLib.Error as error:
            self.code, self.message = self.get_code(error), error.message
            self.check_refused()
            return self
        self.source = Subiter.Source.new(callable)
        self.connect()
        patience = GLib.timeout_add_seconds(table.PATIENCE, self.on_patience)
        handler = None
        if 'log' in self.scenario:
            GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR)
            handler = GLib.log_set_handler('Subiter', GLib.LogLevelFlags.LEVEL_MASK, self.on_log)
        if self.mode != 'none':
            self.begin()
        self.advance()
        self.loop.run()
        GLib.source_remove(patience)
        if handler is not None:
            GLib.log_remove_handler('Subiter', handler)
            GLib.log_set_always_fatal(FATAL)
        self.progress = [self.source.props.progress, self.source.props.progress_text]
        self.check_same('n-items', self.source.props.n_items, len(self.items) - self.first_item)
        self.check_same('periods not asked for', self.grants, 0)
        self.check()
        self.check_freed()
        return self

    def check_freed(self):
        freed = []
        self.source.weak_ref(lambda: freed.append(True))
        self.source = None
        gc.collect()
        if not freed:
            self.trouble.append('the source is kept alive by something')


GLib.log_set_always_fatal(FATAL)
sys.exit(table.run_table(lambda entry, folder: Driver(entry, folder).run(), *sys.argv[1:]))
