// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests of what the override adds for GJS. TAP.

import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';
import {exit} from 'system';

const tests = [];

function assert(condition, message = 'assertion failed') {
    if (!condition)
        throw new Error(message);
}

function show(value) {
    return JSON.stringify(value, (key, member) => {
        if (typeof member === 'bigint')
            return `${member}n`;
        if (member instanceof Map)
            return {map: [...member]};
        if (member instanceof Uint8Array)
            return {bytes: [...member]};
        return member;
    });
}

function assertEqual(actual, expected) {
    assert(show(actual) === show(expected), `${show(actual)} is not ${show(expected)}`);
}

function makeSource(code) {
    return Subiter.Source.new(Subiter.Callable.new_for_source_code(code, 'items'));
}

function makeRange(limit) {
    return Subiter.Source.new_for_entry_point('builtins:range', new GLib.Variant('(i)', [limit]));
}

async function collect(source) {
    const items = [];
    for await (const item of source)
        items.push(item);
    return items;
}

async function assertFails(code, promise) {
    try {
        await promise;
    } catch (error) {
        assert(error instanceof Subiter.Error && error.code === code, `${error}`);
        return error;
    }
    throw new Error('nothing was thrown');
}

tests.push(['unpack', async () => {
    for (const [type, value, expected = value] of [
        ['b', true], ['y', 255], ['n', -1], ['q', 65535], ['i', -1], ['u', 4294967295], ['x', -1], ['t', 1], ['d', 0.5],
        ['x', 9007199254740991], ['x', 9007199254740992n], ['x', -9007199254740993n], ['t', 18446744073709551615n],
        ['s', 'é'], ['o', '/a'], ['g', 'a{sv}'], ['as', []], ['as', ['a']], ['()', []], ['(i(s))', [1, ['a']]],
        ['ay', [0, 255], new Uint8Array([0, 255])], ['ay', [], new Uint8Array()],
        ['an', [-1, 2]], ['aq', [65535]], ['ai', [-1]], ['au', [4294967295]], ['ab', [true, false]], ['ad', [0.5]],
        ['ax', [1, -2]], ['at', [1, 18446744073709551615n]], ['ad', []], ['aai', [[1], []]],
        ['a{si}', {a: 1}], ['a{xs}', {5: 'a'}, new Map([[5, 'a']])], ['mi', null], ['mi', 1],
        ['av', [new GLib.Variant('s', 'a'), new GLib.Variant('ms', null)], ['a', null]],
        ['a{sv}', {a: new GLib.Variant('(ii)', [1, 2])}, {a: [1, 2]}],
    ])
        assertEqual(Subiter.unpack(new GLib.Variant(type, value)), expected);
}]);

tests.push(['values', async () => {
    const items = await collect(makeSource(`
from array import array

def items():
    yield None
    yield 2**53
    yield b"a"
    yield 1, [None, "a"]
    yield {"__proto__": {"a": 1}, "toString": 2}
    yield array("d", [0.5])
`));
    const object = items.splice(4, 1)[0];
    assertEqual(items, [null, 9007199254740992n, new Uint8Array([97]), [1, [null, 'a']], [0.5]]);
    assertEqual(Object.keys(object), ['__proto__', 'toString']);
    assert(Object.getPrototypeOf(object) === Object.prototype);
}]);

tests.push(['for await, again', async () => {
    const source = makeRange(1000);
    for (let i = 0; i < 2; i++) {
        const items = await collect(source);
        assert(items.length === 1000 && items.every((item, index) => item === index));
    }
    for await (const item of source) {
        if (item === 2)
            break;
    }
    assertEqual((await collect(source)).slice(0, 3), [0, 1, 2]);
}]);

tests.push(['for await stops when left', async () => {
    const source = Subiter.Source.new_for_entry_point('itertools:count', null);
    const stops = () => [Subiter.State.STOPPING, Subiter.State.STOPPED].includes(source.get_state());

    for await (const item of source) {
        if (item === 2)
            break;
    }
    assert(stops());
    try {
        for await (const item of source)
            throw new Error(`${item}`);
    } catch (error) {
        assertEqual(error.message, '0');
    }
    assert(stops());
    const iterator = source[Symbol.asyncIterator]();
    assertEqual((await iterator.next()).value, 0);
    assert(source.get_state() === Subiter.State.RUNNING);
    await iterator.return();
    assert(stops());
}]);

tests.push(['for await twice at once', async () => {
    const source = Subiter.Source.new_for_entry_point('itertools:count', null);
    const iterator = source[Symbol.asyncIterator]();
    await iterator.next();
    await assertFails(Subiter.Error.BUSY, collect(source));
    assertEqual((await iterator.next()).value, 1);
    await iterator.return();
    assertEqual(await Promise.all([collect(makeRange(2)), collect(makeRange(3))]), [[0, 1], [0, 1, 2]]);
}]);

tests.push(['errors', async () => {
    const items = [];
    const source = makeSource('def items():\n    yield 1\n    raise KeyError("no such thing")\n');
    const error = await assertFails(Subiter.Error.RAISED, (async () => {
        for await (const item of source)
            items.push(item);
    })());
    assertEqual(items, [1]);
    assertEqual(error.message, "KeyError: 'no such thing'");
    assertEqual(error.failure.get_exception_type(), 'KeyError');
    assert(error.stack.includes('raise KeyError("no such thing")'), error.stack);
    assert(error.stack.includes('test-gjs.js'), error.stack);

    const other = await assertFails(Subiter.Error.NOT_FOUND,
        collect(Subiter.Source.new_for_entry_point('json:nosuch', null)));
    assert(other.message.includes('nosuch'));
}]);

tests.push(['promises', async () => {
    const source = makeRange(3);
    assertEqual((await source.next_async(null)).print(true), 'int64 0');
    assert((await source.next_batch_async(10, null)).length > 0);
    assertEqual(await source.close_async(null), true);
    await assertFails(Subiter.Error.CLOSED, collect(source));

    const interpreter = Subiter.Interpreter.new(null);
    assertEqual(await interpreter.close_async(null), true);
}]);

async function findReasonToSkip() {
    try {
        await makeRange(1).next_async(null);
    } catch (error) {
        if (error instanceof Subiter.Error && error.code === Subiter.Error.RUNTIME)
            return error.message;
        throw error;
    }
    return null;
}

async function main() {
    const skip = await findReasonToSkip();
    if (skip) {
        print(`1..0 # SKIP ${skip}`);
        return true;
    }

    let succeeded = true;
    print(`1..${tests.length}`);
    for (const [index, [name, test]] of tests.entries()) {
        try {
            // In their order: each looks at its own source alone.
            // eslint-disable-next-line no-await-in-loop
            await test();
            print(`ok ${index + 1} - ${name}`);
        } catch (error) {
            succeeded = false;
            print(`not ok ${index + 1} - ${name}`);
            print(`${error}\n${error.stack}`.trim().replace(/^/gm, '# '));
        }
    }
    return succeeded;
}

const loop = new GLib.MainLoop(null, false);
let succeeded = false;
main().then(result => (succeeded = result)).catch(logError).finally(() => loop.quit());
await loop.runAsync();
exit(succeeded ? 0 : 1);
