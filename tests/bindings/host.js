// SPDX-License-Identifier: LGPL-2.1-or-later

// A program that leaves while its source is alive: host.js MOMENT CODE WAY-OUT.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import System from 'system';

const [moment, code, wayOut] = ARGV;
const loop = new GLib.MainLoop(null, false);
let output = '';
let leaving = false;

// Once: a handler may be called again before the loop ends.
function leave() {
    if (leaving)
        return;
    leaving = true;
    print('leaving');
    loop.quit();
}

const source = Subiter.Source.new(Subiter.Callable.new_for_source_code(code, 'items'));
source.buffer_size = 4;
source.connect('item', () => {
    if (moment === 'item')
        leave();
});
source.connect('output', (_source, _stream, text) => {
    output += text;
    if (moment === 'stopped')
        source.stop();
    else if (moment === 'closed')
        source.close_async(null, null);
    if (['output', 'stopped', 'closed'].includes(moment) || moment === 'parked' && output.includes('\n4\n'))
        leave();
});
for (const name of ['finished', 'failed']) {
    source.connect(name, () => {
        if (moment === 'finished')
            leave();
    });
}
if (moment !== 'never')
    source.start();
// With four items in the buffer and one in hand.
if (moment === 'parked')
    source.pause();
if (moment === 'never' || moment === 'started')
    print('leaving');
else
    loop.run();

if (wayOut === 'exit') {
    System.exit(3);
} else if (wayOut === 'raise') {
    throw new Error('a failure of its own');
} else if (wayOut.startsWith('SIG')) {
    const [pid] = new TextDecoder().decode(Gio.File.new_for_path('/proc/self/stat').load_contents(null)[1]).split(' ');
    // a shell's own: there need not be a program of that name
    GLib.spawn_command_line_sync(`sh -c 'kill -s ${wayOut.slice(3)} ${pid}'`);
    // Until the signal arrives.
    loop.run();
}
