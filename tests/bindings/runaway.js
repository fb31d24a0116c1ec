// SPDX-License-Identifier: LGPL-2.1-or-later

// A main loop with a heartbeat, while a source runs away: runaway.js CODE HOW. See runaway.c.

import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import System from 'system';

// ms
const HEARTBEAT = 5;
const RUNNING_TIME = 200;
const TIMEOUT = 200;
const TIME_AFTER = 100;

const [code, how] = ARGV;
const loop = new GLib.MainLoop(null, false);
let lastBeat = 0;
let lastDelay = 0;
let longestGap = 0;
let longestGapAt = 0;
let ready = false;

const source = Subiter.Source.new(Subiter.Callable.new_for_source_code(code, 'items'));

// For how long this thread has waited for a processor, in µs.
function getDelay() {
    try {
        const [, data] = GLib.file_get_contents('/proc/thread-self/schedstat');
        return Math.floor(new TextDecoder().decode(data).split(' ')[1] / 1000);
    } catch {
        return 0;
    }
}

function beReady() {
    if (ready)
        return;
    ready = true;
    if (how === 'stop') {
        GLib.timeout_add(GLib.PRIORITY_DEFAULT, RUNNING_TIME, () => {
            source.stop();
            return GLib.SOURCE_REMOVE;
        });
    }
}

function end(text) {
    print(`end ${text}`);
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, TIME_AFTER, () => {
        loop.quit();
        return GLib.SOURCE_REMOVE;
    });
}

source.buffer_size = 2;
if (how === 'timeout')
    source.timeout = TIMEOUT;
source.connect('item', (_source, item) => {
    item.get_size();
    beReady();
});
source.connect('output', beReady);
source.connect('finished', () => end('finished'));
source.connect('failed', (_source, error) =>
    end(`failed ${error.code} ${error.message.slice(0, 60).replaceAll('\n', ' ')}`));
source.connect('timeout', () => {
    end('timeout');
    return false;
});
GLib.timeout_add(GLib.PRIORITY_DEFAULT, HEARTBEAT, () => {
    const now = GLib.get_monotonic_time();
    const delay = getDelay();
    const gap = now - lastBeat - (delay - lastDelay);
    if (lastBeat && gap > longestGap) {
        longestGap = gap;
        longestGapAt = lastBeat;
    }
    lastBeat = now;
    lastDelay = delay;
    return GLib.SOURCE_CONTINUE;
});
const startedAt = GLib.get_monotonic_time();
source.start();
loop.run();
print(`gap ${longestGap} at ${longestGapAt - startedAt}`);
System.exit(4);
