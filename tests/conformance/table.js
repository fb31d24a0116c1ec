// SPDX-License-Identifier: LGPL-2.1-or-later

// The table for JavaScript: what a scenario wants, against what was seen of it. Nothing here knows Subiter.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

const encoder = new TextEncoder();

export const parseVariant = text => GLib.Variant.parse(null, text, null, null);

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// What is seen of a scenario.
export class Record {
    constructor(scenario) {
        this.scenario = scenario;
        this.wantedEnds = [scenario.end ?? 'finished'].flat();
        this.trouble = [];
        this.items = [];
        this.ends = [];
        this.log = [];
        this.checksum = new GLib.Checksum(GLib.ChecksumType.SHA256);
        this.stdout = '';
        this.stderr = '';
    }

    // By type and serialised form where the table has a checksum, else as text.
    addItem(item) {
        if ('sha256' in this.scenario) {
            this.items.push(null);
            this.checksum.update(encoder.encode(`${item.get_type_string()}\0`));
            if (item.get_size() > 0)
                this.checksum.update(item.get_data_as_bytes().toArray());
        } else if ('range' in this.scenario && item.get_type_string() === 'x') {
            this.items.push(item.get_int64());
        } else {
            this.items.push(item.print(true));
        }
    }

    checkSame(what, value, wanted) {
        if (!same(value, wanted))
            this.trouble.push(`${what} is ${JSON.stringify(value)}, not ${JSON.stringify(wanted)}`);
    }

    checkParts(name, text, ordered = false) {
        let start = 0;
        for (const part of this.scenario[name] ?? []) {
            const found = text?.indexOf(part, start) ?? -1;
            if (found < 0)
                this.trouble.push(`${name} lacks “${part}”: ${text}`);
            else if (ordered)
                start = found + part.length;
        }
    }

    checkOutput(name, text) {
        const {scenario} = this;
        if (scenario['any-output'])
            return;
        if (`${name}-has` in scenario)
            this.checkParts(`${name}-has`, text);
        else if (`${name}-sha256` in scenario)
            this.checkSame(`checksum of ${name}`,
                GLib.compute_checksum_for_data(GLib.ChecksumType.SHA256, encoder.encode(text)), scenario[`${name}-sha256`]);
        else
            this.checkSame(name, text, scenario[name] ?? '');
    }

    checkItems() {
        const {scenario, items} = this;
        if (scenario['any-items'])
            return;
        if ('sha256' in scenario) {
            this.checkSame('number of items', items.length, scenario.count);
            this.checkSame('checksum', this.checksum.get_string(), scenario.sha256);
            return;
        }
        const isRange = 'range' in scenario;
        const count = isRange ? scenario.range : scenario.items.length;
        this.checkSame('number of items', items.length, count);
        for (let i = 0; i < Math.min(items.length, count); i++) {
            const wanted = isRange ? i : parseVariant(scenario.items[i]).print(true);
            if (items[i] !== wanted) {
                this.trouble.push(`item ${i} is ${items[i]}, not ${wanted}`);
                return;
            }
        }
    }

    check() {
        const {scenario} = this;
        this.checkItems();
        this.checkSame('end', this.ends, this.wantedEnds);
        this.checkSame('log', this.log, scenario.log ?? []);
        this.checkOutput('stdout', this.stdout);
        this.checkOutput('stderr', this.stderr);
        this.checkParts('message', this.message);
        this.checkParts('traceback', this.traceback, true);
        for (const [key, value] of Object.entries({
            error: this.code, exception: this.exception, notes: this.notes, causes: this.causes,
            progress: this.progress,
        })) {
            if (key in scenario)
                this.checkSame(key, value, scenario[key]);
        }
        if ('refused' in scenario)
            this.trouble.push('the callable was taken, not refused');
    }

    checkRefused() {
        this.checkSame('code', this.code, this.scenario.refused);
        this.checkParts('message', this.message);
    }
}

// One under way: takes its steps, and ends after the last of them. A driver makes the source, and has begin (),
// pull () and close (); done () is called at the end.
export class Scenario extends Record {
    constructor(scenario) {
        super(scenario);
        this.mode = scenario.mode ?? 'push';
        this.steps = [...scenario.steps ?? []];
        this.grants = scenario.grants ?? 0;
        this.due = this.firstItem = this.pulls = this.closes = 0;
    }

    takeItem(item) {
        if (this.due === 0)
            this.trouble.push(`item ${this.items.length} came after the end`);
        if (this.quiet)
            this.trouble.push(`item ${this.items.length} came after stop or pause`);
        this.addItem(item);
    }

    addEnd(name, state, wantedState) {
        if (this.due === 0)
            this.trouble.push(`there is another end: ${name}`);
        else
            this.due--;
        if (wantedState === null || wantedState === state)
            this.ends.push(name);
        else
            this.ends.push(state === 'stopped' ? state : `${name}:${state}`);
        this.advance();
    }

    act(action) {
        const [name, argument] = action.split(/ (.*)/s);
        if (['stop', 'pause', 'resume'].includes(action)) {
            this.quiet = action !== 'resume';
            this.source[action]();
        } else if (action === 'start') {
            this.begin();
        } else if (action === 'close') {
            this.quiet = true;
            this.close();
        } else if (action === 'hold') {
            this.holds = true;
        } else if (action === 'go on') {
            this.holds = false;
            this.pull();
        } else if (name === 'timeout') {
            this.source.timeout = Number(argument);
        } else if (name === 'no-output') {
            if (this.stdout.includes(argument))
                this.trouble.push(`there is ${action} already`);
        } else {
            throw new Error(`no such action: ${action}`);
        }
    }

    onTime() {
        this.isTime = true;
        this.advance();
        return GLib.SOURCE_REMOVE;
    }

    isDue(when) {
        const [name, argument] = when.split(/ (.*)/s);
        switch (name) {
        case 'now':
            return true;
        case 'item':
            return this.items.length >= Number(argument);
        case 'end':
            return this.ends.length >= Number(argument) && this.pulls === 0;
        case 'output':
            return this.stdout.includes(argument);
        case 'progress':
            return this.source.progress >= Number(argument);
        case 'idle':
            if (!this.armed)
                GLib.idle_add(GLib.PRIORITY_LOW, () => this.onTime());
            break;
        case 'after':
            if (!this.armed)
                GLib.timeout_add(GLib.PRIORITY_DEFAULT, Number(argument), () => this.onTime());
            break;
        default:
            throw new Error(`no such time: ${when}`);
        }
        this.armed = true;
        return this.isTime;
    }

    advance() {
        while (this.steps.length > 0) {
            const [when, action] = this.steps[0];
            if (!this.isDue(when))
                return;
            this.armed = this.isTime = false;
            this.steps.shift();
            this.act(action);
        }
        if (this.ends.length < this.wantedEnds.length || this.pulls > 0)
            return;
        if (!this.closing) {
            this.closing = true;
            this.close();
        } else if (this.closes === 0) {
            this.done();
        }
    }
}

// Runs the scenarios whose names match, or all; run (scenario, folder) makes a Record of one.
export async function runTable(run, [path, ...patterns]) {
    const file = Gio.File.new_for_commandline_arg(path);
    const folder = file.get_parent().get_child('modules').get_path();
    const table = JSON.parse(new TextDecoder().decode(file.load_contents(null)[1]));
    const without = GLib.getenv('SUBITER_TEST_WITHOUT');
    let failed = false;
    let number = 0;
    for (const scenario of table) {
        const {name, needs} = scenario;
        if (patterns.length > 0 && !patterns.some(pattern => GLib.pattern_match_simple(pattern, name)))
            continue;
        number++;
        if (needs && needs === without) {
            print(`ok ${number} - ${name} # SKIP there is no ${needs}`);
            continue;
        }
        // eslint-disable-next-line no-await-in-loop
        const {trouble} = await run(scenario, folder);
        print(`${trouble.length > 0 ? 'not ' : ''}ok ${number} - ${name}`);
        for (const line of trouble.join('\n').split('\n').filter(text => text))
            print(`# ${line}`);
        failed ||= trouble.length > 0;
    }
    print(`1..${number}`);
    return failed ? 1 : 0;
}
