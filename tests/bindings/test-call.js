// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls on an interpreter, and workers that are ready before they are wanted, with GJS.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import System from 'system';

Gio._promisify(Subiter.Interpreter.prototype, 'call_async', 'call_finish');
GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR | GLib.LogLevelFlags.LEVEL_CRITICAL |
    GLib.LogLevelFlags.LEVEL_WARNING);

function assertSame(value, wanted) {
    if (JSON.stringify(value) !== JSON.stringify(wanted))
        throw new Error(`${JSON.stringify(value)}, not ${JSON.stringify(wanted)}`);
}

function makeCallable(code, n = null) {
    const callable = Subiter.Callable.new_for_source_code(code, 'f');
    return n === null ? callable : callable.bind(new GLib.Variant('(x)', [n]), null);
}

async function failure(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    throw new Error('there is no error');
}

const tests = {
    async 'values'() {
        const interpreter = new Subiter.Interpreter();
        const answers = [...Array(20).keys()].map(n =>
            interpreter.call_async(makeCallable('def f(n): return (n, str (n))', n), null));
        for (const [n, answer] of answers.entries())
            assertSame((await answer).deepUnpack(), [n, `${n}`]);  // eslint-disable-line no-await-in-loop
    },

    async 'errors'() {
        const interpreter = new Subiter.Interpreter();
        const cancellable = new Gio.Cancellable();
        let error = await failure(interpreter.call_async(makeCallable('def f(): 1 / 0'), null));
        assertSame(error.matches(Subiter.error_quark(), Subiter.Error.RAISED), true);
        const waiting = failure(interpreter.call_async(makeCallable('import subiter\nf = subiter.wait'), cancellable));
        cancellable.cancel();
        error = await waiting;
        assertSame(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), true);
    },

    // The program ends with the rest of them alive.
    async 'spares'() {
        const runtime = Subiter.Runtime.lookup('subinterpreter');
        assertSame(runtime.n_spares, 0);
        runtime.n_spares = 2;
        assertSame(runtime.get_n_spares(), 2);
        for (let i = 0; i < 3; i++) {
            const interpreter = new Subiter.Interpreter();
            // eslint-disable-next-line no-await-in-loop
            const answer = await interpreter.call_async(makeCallable('def f(n): return n', i), null);
            assertSame(answer.deepUnpack(), i);
        }
    },
};

let failed = false;
print(`1..${Object.keys(tests).length}`);
for (const [i, [name, test]] of Object.entries(tests).entries()) {
    try {
        // eslint-disable-next-line no-await-in-loop
        await test();
        print(`ok ${i + 1} - ${name}`);
    } catch (error) {
        failed = true;
        print(`not ok ${i + 1} - ${name}`);
        print(`${error}\n${error.stack}`.trimEnd().replace(/^/gm, '# '));
    }
}
System.exit(failed ? 1 : 0);
