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
        // What JSON has no number for.
        if (typeof member === 'number' && (!Number.isFinite(member) || Object.is(member, -0)))
            return {number: Object.is(member, -0) ? '-0' : `${member}`};
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
        ['v', new GLib.Variant('v', new GLib.Variant('x', 1)), 1], ['mmi', null], ['am(i)', [null, [1]]],
        ['ad', [NaN, Infinity, -0]], ['(ayab)', [[1], [true]], [new Uint8Array([1]), [true]]],
        ['as', ['', 'a€𝄞', 'b']], ['a{s(xt)}', {a: [-9007199254740992n, 9007199254740992n]}],
        ['a{oi}', {'/a': 1}, new Map([['/a', 1]])], ['{sv}', ['a', new GLib.Variant('i', 1)], ['a', 1]],
        ['(ss)', ['x'.repeat(5000), 'y']], ['aay', [new Uint8Array(5000), [1]], [new Uint8Array(5000), new Uint8Array([1])]],
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

// What a variant has in it, by asking it for each member.
function look(variant) {
    const members = () => Array.from({length: variant.n_children()}, (_, i) => look(variant.get_child_value(i)));
    const type = variant.get_type_string();
    switch (type[0]) {
    case 'b':
        return variant.get_boolean();
    case 'd':
        return variant.get_double();
    case 's':
    case 'o':
        return variant.get_string()[0];
    case 'v':
        return look(variant.get_variant());
    case 'm':
        return members()[0] ?? null;
    case '(':
    case '{':
        return members();
    case 'a':
        if (type === 'ay')
            return new Uint8Array(members());
        if (type.startsWith('a{s')) {
            const descriptors = members().map(([key, value]) => [key, {value, enumerable: true}]);
            return Object.create(Object.prototype, Object.fromEntries(descriptors));
        }
        return type.startsWith('a{') ? new Map(members()) : members();
    default: {
        const number = BigInt(variant.print(false).replace(/^0x.*/, text => Number(text)));
        return Number.isSafeInteger(Number(number)) ? Number(number) : number;
    }
    }
}

// Items of all kinds, the same ones each time.
const RANDOM = `
import random
from array import array

TEXTS = "", "a", "é", "€uro", "\U0001d11e clef", "x" * 64, "y" * 5000, "é" * 3000, "__proto__", "toString", "7"
NUMBERS = 0, -1, 2**53 - 1, 2**53, -2**53 + 1, -2**53, 2**63 - 1, -2**63, 2**63, 2**64 - 1
FLOATS = 0.0, -0.0, 0.1, 1e300, float("inf"), float("nan"), 3.0

def make(choose, depth):
    kinds = 9 if depth < 4 else 6
    match choose.randrange(kinds):
        case 0: return choose.choice((None, True, False))
        case 1: return choose.choice(NUMBERS)
        case 2: return choose.randrange(-1000, 1000)
        case 3: return choose.choice(FLOATS)
        case 4: return choose.choice(TEXTS)
        case 5: return choose.choice((b"", b"abc", bytes(5000), array("h", [-1, 2]), array("Q", [2**64 - 1]), array("d", FLOATS),
                                      array("q", [1, 2]), memoryview(b"\\1\\0\\2").cast("?")))
        case 6: return tuple(make(choose, depth + 1) for _ in range(choose.randrange(4)))
        case 7:
            if choose.random() < 0.3:
                return choose.choice(([1, 2, 3], [0.5, -0.0], [1, 0.5], [True, 1], list(range(2000))))
            return [make(choose, depth + 1) for _ in range(choose.randrange(4))]
        case _: return {choose.choice(TEXTS): make(choose, depth + 1) for _ in range(choose.randrange(4))}

def items():
    choose = random.Random(SEED)
    for _ in range(299):
        yield make(choose, 0)
    yield array("i", range(70000))
`;

tests.push(['values, each way', async () => {
    const seed = GLib.getenv('SUBITER_TEST_SEED') ?? String(GLib.random_int());
    print(`# SUBITER_TEST_SEED=${seed}`);
    const code = RANDOM.replace('SEED', seed);
    const expected = [];
    const unpacked = [];
    const source = makeSource(code);
    for (;;) {
        // eslint-disable-next-line no-await-in-loop
        const variant = await source.next_async(null);
        if (!variant)
            break;
        expected.push(look(variant));
        unpacked.push(Subiter.unpack(variant));
    }
    assertEqual(expected.length, 300);
    assertEqual(unpacked, expected);
    assertEqual(await collect(makeSource(code)), expected);
    const batches = await collect(makeSource(code).batches());
    assert(batches.every(items => items.length > 0 && items.length <= source.get_buffer_size()));
    assertEqual(batches.flat(1), expected);
}]);

tests.push(['values of an item-type', async () => {
    for (const [type, items, expected] of [
        ['d', '[1, 2.5]', [1, 2.5]], ['t', '[2**64 - 1, 1]', [18446744073709551615n, 1]], ['y', '[255]', [255]],
        ['ay', '[[1, 2], b"a"]', [new Uint8Array([1, 2]), new Uint8Array([97])]], ['mx', '[None, 1]', [null, 1]],
        ['a{xs}', '[{1: "a"}]', [new Map([[1, 'a']])]], ['a{sad}', '[{"a": [1, 2]}]', [{a: [1, 2]}]],
        ['(sv)', '[["a", (1,)]]', [['a', [1]]]], ['b', '[True, False]', [true, false]], ['s', '["a", ""]', ['a', '']],
        ['a(oay)', '[[("/a", [7])]]', [[['/a', new Uint8Array([7])]]]],
    ]) {
        const source = makeSource(`def items():\n    yield from ${items}\n`);
        source.set_item_type(new GLib.VariantType(type));
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await collect(source), expected);
    }
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

tests.push(['an iterator without a loop', async () => {
    const source = makeRange(6);
    const iterator = source[Symbol.asyncIterator]();
    assert(iterator[Symbol.asyncIterator]() === iterator);
    const results = await Promise.all(Array.from({length: 8}, () => iterator.next()));
    assertEqual(results.map(({value, done}) => done ? 'done' : value), [0, 1, 2, 3, 4, 5, 'done', 'done']);
    assertEqual(results[1], {value: 1, done: false});

    const patient = makeRange(6)[Symbol.asyncIterator]();
    const read = [];
    const inTurn = [];
    for (let i = 0; i < 6; i++) {
        // eslint-disable-next-line no-await-in-loop
        inTurn.push(await patient.next());
        read.push(inTurn[i].value);
    }
    assertEqual(read, [0, 1, 2, 3, 4, 5]);
    assertEqual(inTurn.map(({value}) => value), read);

    // Whoever gets "next" once may be a loop, and may not.
    const other = makeRange(6)[Symbol.asyncIterator]();
    const {next} = other;
    await next();
    const promises = [next(), next(), next()];
    const kept = (await Promise.all(promises)).map(result => result);
    assertEqual(kept.map(({value}) => value), [1, 2, 3]);
    assertEqual((await next()).value, 4);

    assertEqual(await Array.fromAsync(makeRange(100)), Array.from({length: 100}, (_, i) => i));
    const copied = [];
    for await (const item of async function *() {
        yield * makeRange(100);
    }())
        copied.push(item);
    assertEqual(copied, Array.from({length: 100}, (_, i) => i));
}]);

tests.push(['an iterator that is left', async () => {
    const source = Subiter.Source.new_for_entry_point('itertools:count', null);
    const unused = source[Symbol.asyncIterator]();
    assertEqual(await unused.return(5), {value: 5, done: true});
    assertEqual(await unused.next(), {value: undefined, done: true});
    assertEqual(source.get_state(), Subiter.State.IDLE);

    const thrown = source[Symbol.asyncIterator]();
    await thrown.next();
    const reason = await thrown.throw(new Error('why')).catch(error => error);
    assertEqual(reason.message, 'why');
    assert([Subiter.State.STOPPING, Subiter.State.STOPPED].includes(source.get_state()));
    assertEqual(await thrown.next(), {value: undefined, done: true});

    // Of an iterable that makes nothing more: who waits for an item is told that there is none.
    const silent = makeSource('import subiter\n\ndef items():\n    yield 1\n    while True:\n        subiter.wait(60)\n');
    const waiting = silent[Symbol.asyncIterator]();
    await waiting.next();
    const next = waiting.next();
    assertEqual(await waiting.return(), {value: undefined, done: true});
    assertEqual(await next, {value: undefined, done: true});
}]);

tests.push(['batches', async () => {
    const source = makeRange(1000);
    for (let i = 0; i < 2; i++) {
        // eslint-disable-next-line no-await-in-loop
        assertEqual((await collect(source.batches())).flat(), Array.from({length: 1000}, (_, n) => n));
    }
    for await (const items of source.batches()) {
        assert(items.length > 0);
        break;
    }
    const items = [];
    const error = await assertFails(Subiter.Error.RAISED, (async () => {
        for await (const batch of makeSource('def items():\n    yield 1\n    yield 2\n    1 / 0\n').batches())
            items.push(...batch);
    })());
    assertEqual(items, [1, 2]);
    assert(error.stack.includes('test-gjs.js'), error.stack);
    assertEqual(error.failure.get_exception_type(), 'ZeroDivisionError');
}]);

tests.push(['the signal "items"', async () => {
    const source = makeRange(1000);
    const all = [];
    await new Promise(resolve => {
        source.connect('items', (_source, items) => all.push(...Subiter.unpack(items)));
        source.connect('finished', resolve);
        source.start();
    });
    assertEqual(all, Array.from({length: 1000}, (_, n) => n));
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
