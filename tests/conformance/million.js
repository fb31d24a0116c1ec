// SPDX-License-Identifier: LGPL-2.1-or-later

// A million items in JavaScript.

import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import System from 'system';

const N_ITEMS = 1000000;
const loop = new GLib.MainLoop(null, false);
let count = 0;
let wrong = 0;
let ends = 0;

const source = Subiter.Source.new_for_entry_point('builtins:range', new GLib.Variant('(i)', [N_ITEMS]));
source.connect('item', (_source, item) => {
    if (item.get_int64() !== count)
        wrong++;
    count++;
});
source.connect('finished', () => {
    ends++;
    // Whatever comes too often comes before this is done.
    source.close_async(null, () => loop.quit());
});
source.connect('failed', (_source, error) => {
    printerr(error.message);
    System.exit(1);
});
source.start();
await loop.runAsync();

const inOrder = count === N_ITEMS && wrong === 0;
print('1..2');
print(`${inOrder ? '' : 'not '}ok 1 - all of ${N_ITEMS} items in order`);
print(`${ends === 1 ? '' : 'not '}ok 2 - finished once`);
System.exit(inOrder && ends === 1 ? 0 : 1);
