// SPDX-License-Identifier: LGPL-2.1-or-later

// Counts lines while a main loop runs. Usage: gjs -m for-await.js lines.py FOLDER

import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import {exit, programArgs} from 'system';

const [path, folder] = programArgs;
const loop = new GLib.MainLoop(null, false);

async function main() {
    const callable = Subiter.Callable.new_for_file(path, 'count')
        .bind(new GLib.Variant('(s)', [folder]), null);
    let nFiles = 0;

    for await (const [name, nLines] of Subiter.Source.new(callable)) {
        print(`${nLines}`.padStart(4), name);
        nFiles++;
    }
    print(nFiles, 'files');
}

let status = 0;
main().catch(error => {
    logError(error);
    status = 1;
}).finally(() => loop.quit());
await loop.runAsync();
exit(status);
