// SPDX-License-Identifier: LGPL-2.1-or-later

// A program that leaves while its source is alive: host.js MOMENT CODE WAY-OUT.
// test-process.py says which moments there are.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import System from 'system';

const [moment, code, wayOut] = ARGV;
const isContext = moment === 'context';
const context = isContext ? new GLib.MainContext() : null;
context?.push_thread_default();
let loop = new GLib.MainLoop(context, false);
let source = Subiter.Source.new(Subiter.Callable.new_for_source_code(code, 'items'));
let output = '';
let leaving = false;
const kept = [];

// Once: a handler may be called again before the loop ends.
function leave() {
    if (leaving)
        return;
    leaving = true;
    if (moment.startsWith('unref-')) {
        source = null;
        // The last reference goes when the handler has returned: so does the
        // wrapper, which the garbage collector would otherwise have for longer.
        GLib.idle_add(GLib.PRIORITY_LOW, () => {
            System.gc();
            loop.quit();
            return GLib.SOURCE_REMOVE;
        });
        print('leaving');
        return;
    }
    print('leaving');
    if (wayOut === 'exit in the handler')
        System.exit(3);
    loop.quit();
}

function connect() {
    source.buffer_size = 4;
    if (moment === 'unref-timeout')
        source.timeout = 50;
    source.connect('item', (self, item) => {
        if (['item', 'unref-item'].includes(moment))
            leave();
        if (moment.startsWith('keep')) {
            kept.push(item, item.get_data_as_bytes());
            if (moment === 'keep')
                leave();
            else
                self.close_async(null).then(leave);
        }
    });
    source.connect('output', (self, _stream, text) => {
        output += text;
        if (moment === 'stopped')
            self.stop();
        else if (moment === 'closed')
            self.close_async(null, null);
        else if (moment === 'closing')
            self.close_async(null).then(() => printerr('nobody waits for this'));
        if (['output', 'stopped', 'closed', 'closing', 'next', 'batch', 'await', 'context', 'unref-output']
            .includes(moment) || moment === 'parked' && output.includes('\n4\n'))
            leave();
    });
    source.connect('timeout', () => {
        if (moment === 'unref-timeout')
            leave();
        return false;
    });
    for (const name of ['finished', 'failed']) {
        source.connect(name, () => {
            if (moment === 'finished' || moment === `unref-${name}`)
                leave();
        });
    }
}

async function take() {
    for await (const _item of source)
        printerr('nobody waits for this');
}

function begin() {
    if (moment === 'never')
        return;
    // Promises that nobody awaits.
    if (moment === 'next')
        source.next_async(null);
    else if (moment === 'batch')
        source.next_batch_async(10, null);
    else if (moment === 'await')
        take();
    else
        source.start();
    // With four items in the buffer and one in hand.
    if (moment === 'parked')
        source.pause();
}

connect();
begin();
if (moment.startsWith('after-'))
    GLib.usleep(1000 * moment.slice('after-'.length));
if (moment === 'never' || moment === 'started' || moment.startsWith('after-'))
    print('leaving');
else
    loop.run();

context?.pop_thread_default();
loop = null;
System.gc();

if (wayOut === 'exit') {
    System.exit(3);
} else if (wayOut === 'raise') {
    throw new Error('a failure of its own');
} else if (wayOut.startsWith('SIG')) {
    const [pid] = new TextDecoder().decode(Gio.File.new_for_path('/proc/self/stat').load_contents(null)[1]).split(' ');
    // a shell's own: there need not be a program of that name
    GLib.spawn_command_line_sync(`sh -c 'kill -s ${wayOut.slice(3)} ${pid}'`);
    // Until the signal arrives.
    new GLib.MainLoop(null, false).run();
}
