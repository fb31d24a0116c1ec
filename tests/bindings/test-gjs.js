// SPDX-License-Identifier: LGPL-2.1-or-later

// What a program with GJS may count on beyond the scenarios: that nothing is left behind, and that sources do
// not disturb each other.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import System from 'system';

const FAILSAFE = 120;  // s
const N_CYCLES = 100;
const COUNT = 'def items(n):\n    yield from range(n)\n';

GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR | GLib.LogLevelFlags.LEVEL_CRITICAL |
    GLib.LogLevelFlags.LEVEL_WARNING);

function assertSame(value, wanted) {
    if (JSON.stringify(value) !== JSON.stringify(wanted))
        throw new Error(`${JSON.stringify(value)}, not ${JSON.stringify(wanted)}`);
}

function makeSource(code = COUNT, n = 5, properties = {}) {
    let callable = Subiter.Callable.new_for_source_code(code, 'items');
    if (n !== null)
        callable = callable.bind(new GLib.Variant('(x)', [n]), null);
    return new Subiter.Source({callable, ...properties});
}

// A promise with a failsafe; start is given its resolve function.
function promised(start) {
    return new Promise((resolve, reject) => {
        const timer = GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, FAILSAFE, () => {
            reject(new Error(`nothing more has happened for ${FAILSAFE} s`));
            return GLib.SOURCE_CONTINUE;
        });
        start(value => {
            GLib.source_remove(timer);
            resolve(value);
        });
    });
}

const close = object => promised(resolve => {
    object.close_async(null, (_object, result) => resolve(object.close_finish(result)));
});

// All that a source signals from its start to its end.
const collect = source => promised(resolve => {
    const items = [];
    const handlers = [];
    const end = text => {
        handlers.forEach(id => source.disconnect(id));
        resolve([items, text]);
    };
    handlers.push(source.connect('item', (_source, item) => items.push(item.deepUnpack())));
    handlers.push(source.connect('finished', () => end('finished')));
    handlers.push(source.connect('failed', (_source, error) => end(error.message)));
    source.start();
});

// Until something is so that other threads bring about.
const until = condition => promised(resolve => {
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, 1, () => {
        if (!condition())
            return GLib.SOURCE_CONTINUE;
        resolve();
        return GLib.SOURCE_REMOVE;
    });
});

function count(folder) {
    const enumerator = Gio.File.new_for_path(folder).enumerate_children('standard::name', 0, null);
    let n = 0;
    while (enumerator.next_file(null) !== null)
        n++;
    enumerator.close(null);
    return n;
}

const countThreads = () => count('/proc/self/task');
const countFiles = () => count('/proc/self/fd');

// After a pause: what is weakly referenced lives until the end of the job that looked at it.
async function isCollected(references) {
    await until(() => true);
    System.gc();
    await until(() => true);
    System.gc();
    return references.every(reference => reference.deref() === undefined);
}

function runProgram(code, variables = {}) {
    const launcher = new Gio.SubprocessLauncher({
        flags: Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_PIPE,
    });
    for (const [name, value] of Object.entries(variables))
        launcher.setenv(name, value, true);
    const [file, stream] = Gio.File.new_tmp('subiter-XXXXXX.js');
    stream.close(null);
    file.replace_contents(`import Subiter from 'gi://Subiter?version=1';\n${code}`, null, false,
        Gio.FileCreateFlags.NONE, null);
    const process = launcher.spawnv(['gjs', '-m', file.get_path()]);
    const [, stdout, stderr] = process.communicate_utf8(null, null);
    file.delete(null);
    return {status: process.get_exit_status(), stdout, stderr};
}

const tests = {
    async 'cycles leave nothing'() {
        await collect(makeSource());
        System.gc();
        await until(() => countThreads() >= 0);
        const references = [];
        let threads = 0;
        let files = 0;
        for (let i = 0; i < N_CYCLES; i++) {
            const source = makeSource();
            references.push(new WeakRef(source));
            // eslint-disable-next-line no-await-in-loop
            assertSame(await collect(source), [[0, 1, 2, 3, 4], 'finished']);
            // eslint-disable-next-line no-await-in-loop
            await close(source);
            if (i === 10) {
                threads = countThreads();
                files = countFiles();
            }
        }
        // The engine may keep the last ones on its stack.
        if (!await isCollected(references.slice(0, -5)))
            throw new Error(`${references.filter(reference => reference.deref()).length} sources are alive`);
        await until(() => countThreads() <= threads);
        if (countFiles() > files)
            throw new Error(`${countFiles()} open files, not ${files}`);
    },

    async 'sources that are dropped end'() {
        const threads = countThreads();
        const references = [];
        (() => {
            for (let i = 0; i < 20; i++) {
                const source = makeSource('import subiter\ndef items(n):\n    yield n\n    subiter.wait()\n');
                source.start();
                references.push(new WeakRef(source));
            }
        })();
        await until(() => true);
        // The engine may keep the last one on its stack: it is not counted.
        await until(() => {
            System.gc();
            return references.filter(reference => reference.deref()).length <= 1;
        });
        await until(() => countThreads() <= threads + 1);
    },

    async 'item func that knows its source goes with close'() {
        const references = [];
        for (let i = 0; i < 20; i++) {
            const source = makeSource();
            let count = 0;
            references.push(new WeakRef(source));
            source.set_item_func(() => {
                count = source.n_items;
            });
            // eslint-disable-next-line no-await-in-loop
            await collect(source);
            // eslint-disable-next-line no-await-in-loop
            await close(source);
            assertSame(count, 5);
        }
        // The engine may keep the last ones on its stack.
        if (!await isCollected(references.slice(0, -5)))
            throw new Error(`${references.filter(reference => reference.deref()).length} sources are alive`);
    },

    async 'many at once'() {
        const sources = Array.from({length: 8}, () => makeSource(COUNT, 5000));
        const results = await Promise.all(sources.map(collect));
        for (const [items, end] of results)
            assertSame([items.length, items.every((item, i) => item === i), end], [5000, true, 'finished']);
        assertSame(new Set(sources.map(source => source.interpreter.id)).size, 8);
        await Promise.all(sources.map(close));
    },

    async 'two sources on one interpreter'() {
        const interpreter = Subiter.Interpreter.new(null);
        const code = 'seen = []\ndef items(n):\n    for i in range(2):\n        seen.append(n)\n        yield list(seen)\n';
        const sources = [1, 2].map(n => makeSource(code, n, {interpreter}));
        const results = await Promise.all(sources.map(collect));
        assertSame(results.map(([items]) => items.map(item => item.map(member => member.deepUnpack()))),
            [[[1], [1, 1]], [[1, 1, 2], [1, 1, 2, 2]]]);
        await close(interpreter);
        const [items, end] = await collect(sources[0]);
        assertSame([items, end.includes('closed')], [[], true]);
    },

    async 'errors have a failure, a cause and a stack'() {
        const code = `
def items():
    try:
        {}['missing']
    except KeyError as error:
        raise ValueError('no more') from error
    yield
`;
        const check = (error, inProgram) => {
            assertSame([error instanceof Subiter.Error, error instanceof GLib.Error, error.code, error.message],
                [true, true, Subiter.Error.RAISED, 'ValueError: no more']);
            assertSame(error.failure.get_exception_type(), 'ValueError');
            assertSame(error.stack.includes('test-gjs.js'), inProgram);
            assertSame(error.stack.split('### In the worker: ###\nTraceback (most recent call last):\n').length, 2);
            assertSame(['line 6, in items', "raise ValueError('no more') from error", 'KeyError'].map(
                part => error.stack.includes(part)), [true, true, false]);
            assertSame([error.cause === error.cause, error.cause instanceof Subiter.Error, error.cause.message],
                [true, true, "KeyError: 'missing'"]);
            assertSame([error.cause.failure.get_exception_type(), error.cause.cause, error.cause.errors],
                ['KeyError', undefined, []]);
            assertSame(error.cause.stack.includes("{}['missing']"), true);
            assertSame(error.failure.get_traceback().includes('direct cause'), true);
        };
        const take = async promise => {
            try {
                await promise;
            } catch (error) {
                return error;
            }
            throw new Error('nothing was thrown');
        };
        const loopOver = async source => {
            for await (const item of source)
                throw new Error(`${item}`);
        };

        check(await take(loopOver(makeSource(code, null))), true);
        check(await take(makeSource(code, null).next_async(null)), true);
        check(await take(makeSource(code, null).next_batch_async(5, null)), true);
        const source = makeSource(code, null);
        check(await promised(resolve => {
            source.connect('failed', (_source, error) => resolve(error));
            source.start();
        }), false);

        const own = new Subiter.Error({code: Subiter.Error.CLOSED, message: 'closed'});
        assertSame([own.failure, own.cause, own.errors, own.stack.includes('test-gjs.js')],
            [null, undefined, [], true]);
        assertSame((await take(makeSource(code, null, {runtime: 'nosuch'}).next_async(null))).failure, null);
    },

    async 'errors of groups'() {
        const source = makeSource("def items():\n    raise ExceptionGroup('g', [ValueError(1), KeyError(2)])\n    yield\n",
            null);
        try {
            await source.next_async(null);
        } catch (error) {
            assertSame(error.errors.map(member => [member.message, member.failure.get_message()]),
                [['ValueError: 1', '1'], ['KeyError: 2', '2']]);
            return;
        }
        throw new Error('nothing was thrown');
    },

    async 'errors in the log'() {
        const {stderr} = runProgram(`
            const source = Subiter.Source.new(Subiter.Callable.new_for_source_code(
                'def items():\\n    try:\\n        1 / 0\\n    except ArithmeticError:\\n        raise KeyError(3)\\n', 'items'));
            try {
                for await (const item of source)
                    print(item);
            } catch (error) {
                logError(error, 'seen');
            }
            logError(new Subiter.Error({code: 0, message: 'plain'}), 'seen');`);
        for (const part of ['seen: Subiter.Error: KeyError: 3', 'raise KeyError(3)',
            'Caused by: Subiter.Error: ZeroDivisionError: division by zero', '    1 / 0\n', 'seen: Subiter.Error: plain'])
            assertSame([part, stderr.split(part).length], [part, 2]);
        assertSame(stderr.split('Caused by').length, 2);
    },

    async 'runtime that is not there'() {
        const [items, end] = await collect(makeSource(COUNT, 5, {runtime: 'nosuch'}));
        assertSame([items, end.includes('nosuch'), end.includes('subinterpreter')], [[], true, true]);
    },

    async 'properties'() {
        const source = makeSource();
        assertSame(['buffer_size', 'timeout', 'n_items', 'progress', 'progress_text', 'failure', 'state', 'runtime',
            'item_type'].map(name => source[name]),
        [64, 0, 0, 0, null, null, Subiter.State.IDLE, 'subinterpreter', null]);
        const seen = [];
        source.connect('notify::state', () => seen.push(source.state));
        source.connect('notify::n-items', () => seen.push('n-items'));
        await collect(source);
        await close(source);
        assertSame([seen.includes(Subiter.State.FINISHED), seen.includes('n-items'), source.n_items, source.state],
            [true, true, 5, Subiter.State.CLOSED]);
    },

    async 'import is quiet'() {
        const code = `
            for (const name of Object.keys(Subiter)) Object.getOwnPropertyNames(Subiter[name]?.prototype ?? {});
            new Subiter.Interpreter();`;
        const {status, stdout, stderr} = runProgram(code, {G_DEBUG: 'fatal-warnings'});
        assertSame([status, stdout, stderr], [0, '', '']);
    },
};

const chosen = ARGV.length > 0 ? ARGV : Object.keys(tests);
let failed = false;
print(`1..${chosen.length}`);
for (const [i, name] of chosen.entries()) {
    try {
        // eslint-disable-next-line no-await-in-loop
        await tests[name]();
        print(`ok ${i + 1} - ${name}`);
    } catch (error) {
        failed = true;
        print(`not ok ${i + 1} - ${name}`);
        print(`${error}\n${error.stack}`.trimEnd().replace(/^/gm, '# '));
    }
}
System.exit(failed ? 1 : 0);
