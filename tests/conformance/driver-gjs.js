// SPDX-License-Identifier: LGPL-2.1-or-later

// The scenarios in JavaScript, with GJS: plain signals and asynchronous calls.

import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import System from 'system';

import {parseVariant, runTable, Scenario} from './table.js';

const PATIENCE = 120;  // s: when to believe that nothing more will happen
const BATCH_SIZE = 7;

const LEVELS = {
    critical: GLib.LogLevelFlags.LEVEL_CRITICAL,
    warning: GLib.LogLevelFlags.LEVEL_WARNING,
    message: GLib.LogLevelFlags.LEVEL_MESSAGE,
    info: GLib.LogLevelFlags.LEVEL_INFO,
    debug: GLib.LogLevelFlags.LEVEL_DEBUG,
};
const ALL = Object.values(LEVELS).reduce((all, level) => all | level, 0);
const FATAL = LEVELS.critical | LEVELS.warning | GLib.LogLevelFlags.LEVEL_ERROR;

// The last part of a value's nick, as a GIR has it: STATE_TIMED_OUT is "timed-out".
function nickOf(enumeration, value) {
    const name = Object.keys(enumeration).find(key => enumeration[key] === value);
    return name?.toLowerCase().replaceAll('_', '-');
}

class Driver extends Scenario {
    constructor(scenario, folder) {
        super(scenario);
        this.folder = folder;
    }

    // ---- what is seen

    setError(error) {
        const own = error instanceof GLib.Error && error.domain === Subiter.error_quark();
        this.code = own ? nickOf(Subiter.Error, error.code) : `${error}`;
        this.message = error.message;
    }

    takeError(error) {
        this.setError(error);
        const {failure} = this.source;
        this.exception = failure?.get_exception_type() ?? null;
        this.traceback = failure?.get_traceback() ?? null;
        this.notes = failure?.get_notes() ?? null;
        this.causes = [];
        for (let cause = failure?.get_cause(); cause; cause = cause.get_cause())
            this.causes.push(cause.get_exception_type());
    }

    takeEnd(name, wantedState = null) {
        this.addEnd(name, nickOf(Subiter.State, this.source.state), wantedState);
    }

    onItem(item) {
        this.takeItem(item);
        this.advance();
    }

    onFailed(error) {
        if (this.mode !== 'push' && this.pulls === 0 && this.message && this.message !== error.message)
            this.trouble.push(`next gave “${this.message}”, the signal “${error.message}”`);
        this.takeError(error);
        this.takeEnd('failed', 'failed');
    }

    onTimeout() {
        if (this.grants > 0) {
            this.grants--;
            return true;
        }
        this.takeEnd('timeout');
        return false;
    }

    onOutput(stream, text) {
        this[stream === Subiter.Stream.STDOUT ? 'stdout' : 'stderr'] += text;
        this.advance();
    }

    onPulled(result) {
        let items = [];
        try {
            items = this.mode === 'batch'
                ? this.source.next_batch_finish(result)
                : [this.source.next_finish(result)].filter(item => item !== null);
        } catch (error) {
            this.takeError(error);
        }
        if (items.length > BATCH_SIZE)
            this.trouble.push(`a batch of ${items.length}`);
        items.forEach(item => this.takeItem(item));
        // It counts until the next one does: the scenario is not over in between.
        this.advance();
        if (items.length > 0)
            this.pull();
        this.pulls--;
        this.advance();
    }

    // ---- what is done

    pull() {
        if (this.holds)
            return;
        this.pulls++;
        if (this.mode === 'batch')
            this.source.next_batch_async(BATCH_SIZE, null, (_source, result) => this.onPulled(result));
        else
            this.source.next_async(null, (_source, result) => this.onPulled(result));
    }

    block() {
        try {
            let item;
            while ((item = this.source.next(null)) !== null) {
                this.takeItem(item);
                this.advance();
            }
        } catch (error) {
            this.takeError(error);
        }
    }

    begin() {
        this.quiet = false;
        this.due++;
        this.firstItem = this.items.length;
        if (this.mode === 'blocking') {
            this.block();
        } else if (this.mode === 'pull' || this.mode === 'batch') {
            if (this.ends.length > 0)
                this.source.rewind();
            for (let i = 0; i < (this.scenario.overlap ?? 1); i++)
                this.pull();
        } else {
            this.source.start();
        }
    }

    close() {
        this.closes++;
        this.source.close_async(null, (source, result) => {
            source.close_finish(result);
            this.closes--;
            this.advance();
        });
    }

    makeCallable() {
        const {scenario, folder} = this;
        const parse = key => key in scenario ? parseVariant(scenario[key]) : null;
        const attribute = scenario.attribute ?? 'items';
        let {code} = scenario;
        if ('returns' in scenario)
            code = `from stock import *\n\n\ndef items():\n    return ${scenario.returns}\n`;
        let callable;
        if (code !== undefined)
            callable = Subiter.Callable.new_for_source_code(code, attribute);
        else if ('file' in scenario)
            callable = Subiter.Callable.new_for_file(scenario.file && GLib.build_filenamev([folder, scenario.file]), attribute);
        else
            callable = Subiter.Callable.new_for_entry_point(scenario['entry-point']);
        return callable.bind(parse('args'), parse('kwargs'));
    }

    connect() {
        const {source, scenario, folder} = this;
        for (const name of ['buffer-size', 'timeout', 'dispatch-items', 'dispatch-budget', 'priority']) {
            if (name in scenario)
                source[name.replace('-', '_')] = scenario[name];
        }
        if ('item-type' in scenario)
            source.item_type = new GLib.VariantType(scenario['item-type']);
        source.initializers = scenario.initializers ?? [];
        source.python_path = (scenario['python-path'] ?? ['']).map(path => GLib.build_filenamev([folder, path]));
        source.connect('finished', () => this.takeEnd('finished', 'finished'));
        source.connect('failed', (_source, error) => this.onFailed(error));
        source.connect('timeout', () => this.onTimeout());
        source.connect('output', (_source, stream, text) => this.onOutput(stream, text));
        source.connect('notify::progress', () => this.advance());
        if (this.mode === 'func')
            source.set_item_func((_source, item) => this.onItem(item));
        else if (this.mode === 'push')
            source.connect('item', (_source, item) => this.onItem(item));
    }

    async run() {
        let callable;
        try {
            callable = this.makeCallable();
        } catch (error) {
            this.setError(error);
            this.checkRefused();
            return this;
        }
        this.source = Subiter.Source.new(callable);
        this.connect();
        let handler = 0;
        if ('log' in this.scenario) {
            GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR);
            handler = GLib.log_set_handler('Subiter', ALL, (_domain, level, message) => {
                this.log.push(`${Object.keys(LEVELS).find(name => level & LEVELS[name])} ${message}`);
            });
        }
        let patience;
        await new Promise(resolve => {
            this.done = resolve;
            patience = GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, PATIENCE, () => {
                this.trouble.push(`nothing more has happened for ${PATIENCE} s`);
                resolve();
                return GLib.SOURCE_CONTINUE;
            });
            if (this.mode !== 'none')
                this.begin();
            this.advance();
        });
        GLib.source_remove(patience);
        if (handler !== 0) {
            GLib.log_remove_handler('Subiter', handler);
            GLib.log_set_always_fatal(FATAL);
        }
        this.progress = [this.source.progress, this.source.progress_text];
        this.checkSame('n-items', this.source.n_items, this.items.length - this.firstItem);
        this.checkSame('periods not asked for', this.grants, 0);
        this.check();
        return this;
    }
}

GLib.log_set_always_fatal(FATAL);
System.exit(await runTable((scenario, folder) => new Driver(scenario, folder).run(), ARGV));
