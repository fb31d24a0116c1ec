// SPDX-License-Identifier: LGPL-2.1-or-later

// What "for await" costs by itself in GJS: a loop over promises that are resolved already, with no library in it.

import GLib from 'gi://GLib';
import System from 'system';

const [, items] = System.programArgs.join(' ').match(/--items=(\d+)/);
const nItems = Number(items);

function makeIterator() {
    let n = 0;
    const result = {value: 0, done: false};
    const promise = Promise.resolve(result);
    return {
        next() {
            result.value = n;
            result.done = n++ === nItems;
            return promise;
        },
        [Symbol.asyncIterator]() {
            return this;
        },
    };
}

const loop = new GLib.MainLoop(null, false);

async function main() {
    let n = 0;
    const began = GLib.get_monotonic_time();
    for await (const item of makeIterator())
        n += item >= 0 ? 1 : 0;
    const seconds = (GLib.get_monotonic_time() - began) / 1e6;
    print(JSON.stringify({items: n, seconds}));
}

main().catch(logError).finally(() => loop.quit());
await loop.runAsync();
