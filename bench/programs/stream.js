// SPDX-License-Identifier: LGPL-2.1-or-later

// Items from a worker to a consumer in GJS. The time is that from the start of a source on an interpreter that was
// used before to the arrival of its last item.

import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import System from 'system';

const options = {consumer: 'for-await', kind: 'int', items: '1000', check: '0', 'buffer-size': '64'};
for (const argument of System.programArgs) {
    const [, name, value] = argument.match(/^--([a-z-]+)=(.*)$/) ?? [];
    if (!(name in options))
        throw new Error(`There is no argument ${argument}`);
    options[name] = value;
}
const nExpected = Number(options.items);
const checksAll = options.check !== '0';

// As weigh() of bench_items.py.
function weigh(item) {
    if (typeof item === 'string')
        return item.length + item.charCodeAt(item.length - 1);
    if (item instanceof Uint8Array)
        return item.length + item[item.length - 1];
    if (Array.isArray(item))
        return item.reduce((sum, member) => sum + weigh(member), 0);
    if (typeof item === 'object')
        return weigh(Object.entries(item));
    return Math.trunc(item);
}

function makeSource(interpreter, kind, n) {
    const callable = kind === 'int'
        ? Subiter.Callable.new_for_entry_point('builtins:range').bind(new GLib.Variant('(x)', [n]), null)
        : Subiter.Callable.new_for_entry_point('bench_items:make').bind(new GLib.Variant('(sx)', [kind, n]), null);
    const source = new Subiter.Source({callable, interpreter, buffer_size: Number(options['buffer-size'])});
    source.set_python_path([GLib.getenv('BENCH_WORKERS')]);
    source.connect('failed', (_source, error) => {
        printerr(error.message);
        System.exit(1);
    });
    return source;
}

let n = 0, checksum = 0, ended = 0;

function take(item, getValue) {
    const isLast = ++n === nExpected;
    if (isLast)
        ended = GLib.get_monotonic_time();
    if (isLast || checksAll)
        checksum += weigh(getValue(item));
}

function consumeBySignal(source) {
    return new Promise(resolve => {
        // What a handler is given is a variant, and whoever wants the value asks for it.
        source.connect('item', (_source, item) => take(item, Subiter.unpack));
        source.connect('finished', resolve);
        source.start();
    });
}

async function consumeByForAwait(source) {
    const same = item => item;
    for await (const item of source)
        take(item, same);
}

async function consumeBatches(source) {
    const same = item => item;
    for await (const batch of source.batches()) {
        for (const item of batch)
            take(item, same);
    }
}

const loop = new GLib.MainLoop(null, false);

async function main() {
    const interpreter = Subiter.Interpreter.new(null);
    const used = makeSource(interpreter, options.kind, 2);
    let nUsed = 0;
    for await (const item of used)
        nUsed += item === undefined ? 0 : 1;
    if (nUsed !== 2)
        throw new Error(`The first source has delivered ${nUsed} of 2 items`);

    const source = makeSource(interpreter, options.kind, nExpected);
    const began = GLib.get_monotonic_time();
    await {signal: consumeBySignal, 'for-await': consumeByForAwait, batches: consumeBatches}[options.consumer](source);
    print(JSON.stringify({items: n, checksum, seconds: (ended - began) / 1e6}));
    await source.close_async(null);
    await used.close_async(null);
}

let failed = false;
main().catch(error => {
    logError(error);
    failed = true;
}).finally(() => loop.quit());
await loop.runAsync();
System.exit(failed ? 1 : 0);
