// SPDX-License-Identifier: LGPL-2.1-or-later

// What makes Subiter natural in GJS.
//
//     for await (const item of source)        in an async function
//     source.connect('item', onItem)          gets a GLib.Variant: Subiter.unpack() makes it a value
//
// An async method without its callback returns a promise. A failed iteration throws a Subiter.Error; if the
// reason is an exception in the worker, it has it as .failure, and in its .stack. Its .cause is another Subiter.Error
// for what caused that exception, and the .errors of a group are its members.

const {GLib, Gio} = imports.gi;

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

// Beyond 2^53 - 1 a Number is another number, so that it is a BigInt there. Asking GLib for the number itself
// would warn of that, and round it.
function unpackInteger(variant) {
    const text = variant.print(false);
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text);
}

function toSafe(integer) {
    return integer >= -MAX_SAFE && integer <= MAX_SAFE ? Number(integer) : integer;
}

function getBytes(variant) {
    return variant.get_data_as_bytes().toArray();
}

// A copy: what GLib has may not be aligned as a typed array has to be.
function unpackNumbers(ArrayType) {
    return variant => {
        const bytes = getBytes(variant);
        return Array.from(new ArrayType(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)));
    };
}

const unpackers = new Map([
    ['b', variant => variant.get_boolean()],
    ['y', variant => variant.get_byte()],
    ['n', variant => variant.get_int16()],
    ['q', variant => variant.get_uint16()],
    ['i', variant => variant.get_int32()],
    ['u', variant => variant.get_uint32()],
    ['x', unpackInteger],
    ['t', unpackInteger],
    ['h', variant => variant.get_handle()],
    ['d', variant => variant.get_double()],
    ['s', variant => variant.get_string()[0]],
    ['o', variant => variant.get_string()[0]],
    ['g', variant => variant.get_string()[0]],
    ['v', variant => unpack(variant.get_variant())],
    ['ay', getBytes],
    ['ab', variant => Array.from(getBytes(variant), byte => byte !== 0)],
    ['an', unpackNumbers(Int16Array)],
    ['aq', unpackNumbers(Uint16Array)],
    ['ai', unpackNumbers(Int32Array)],
    ['au', unpackNumbers(Uint32Array)],
    ['ax', variant => unpackNumbers(BigInt64Array)(variant).map(toSafe)],
    ['at', variant => unpackNumbers(BigUint64Array)(variant).map(toSafe)],
    ['ad', unpackNumbers(Float64Array)],
]);

function unpackMembers(variant) {
    return Array.from({length: variant.n_children()}, (_, i) => unpack(variant.get_child_value(i)));
}

// Not by assignment, which would make the object's prototype of what a "__proto__" holds.
function unpackObject(variant) {
    const object = {};
    for (const [key, value] of unpackMembers(variant))
        Object.defineProperty(object, key, {value, configurable: true, enumerable: true, writable: true});
    return object;
}

function findUnpacker(type) {
    if (type.startsWith('m'))
        return variant => variant.n_children() > 0 ? unpack(variant.get_child_value(0)) : null;
    if (type.startsWith('a{s'))
        return unpackObject;
    if (type.startsWith('a{'))
        return variant => new Map(unpackMembers(variant));
    return unpackMembers;
}

function unpack(variant) {
    const type = variant.get_type_string();
    let unpacker = unpackers.get(type);
    if (!unpacker) {
        unpacker = findUnpacker(type);
        unpackers.set(type, unpacker);
    }
    return unpacker(variant);
}

// The causes are not in there: they have a stack of their own, and logError() shows them below this one.
function describe(failure) {
    return `### In the worker: ###\n${(failure.get_own_traceback() ?? '').trimEnd()}`;
}

// An error that was thrown has a stack already, which says where in this program.
function explain(error) {
    if (Object.hasOwn(error, 'stack') && error.failure)
        error.stack = `${error.stack.trimEnd()}\n${describe(error.failure)}`;
    return error;
}

// A property of a prototype that becomes one of the object when it is asked for. (Not a WeakMap: the engine ends the
// program if a GLib.Error is a key.)
function makeLazy(name, make) {
    const set = (object, value) => Object.defineProperty(object, name, {value, configurable: true, writable: true});
    return {
        configurable: true,
        get() {
            return set(this, make(this))[name];
        },
        set(value) {
            set(this, value);
        },
    };
}

// Every Subiter.Error knows its failure, wherever it comes from; also one that a handler of "failed" is called with.
function extendErrors(Subiter) {
    const makeError = failure => {
        const message = failure.get_message();
        const error = new Subiter.Error({
            code: Subiter.Error.RAISED,
            message: `${failure.get_exception_type()}${message ? ': ' : ''}${message}`,
        });
        error.failure = failure;
        error.stack = describe(failure);
        return error;
    };
    const makeCause = failure => failure ? makeError(failure) : undefined;

    for (const [name, make] of Object.entries({
        failure: error => Subiter.Failure.from_error(error),
        cause: error => makeCause(error.failure?.get_cause()),
        errors: error => error.failure?.get_members().map(makeError) ?? [],
        stack: error => error.failure ? describe(error.failure) : undefined,
    }))
        Object.defineProperty(Subiter.Error.prototype, name, makeLazy(name, make));
}

function promisify(prototype, method) {
    Gio._promisify(prototype, method);
    const promisified = prototype[method];
    prototype[method] = function (...args) {
        const result = promisified.apply(this, args);
        if (!(result instanceof Promise))
            return result;
        return result.catch(error => {
            throw explain(error);
        });
    };
}

function begin(Subiter, source) {
    switch (source.get_state()) {
    case Subiter.State.IDLE:
        break;
    case Subiter.State.RUNNING:
    case Subiter.State.PAUSED:
        throw new Subiter.Error({
            code: Subiter.Error.BUSY,
            message: 'The source is being iterated already; make another source for a second iteration',
        });
    case Subiter.State.CLOSED:
        throw new Subiter.Error({code: Subiter.Error.CLOSED, message: 'The source was closed'});
    default:
        source.rewind();
    }
}

// A generator's finally block is run by "break", "return" and "throw" in the loop over it, too.
async function *iterate(Subiter, source) {
    begin(Subiter, source);
    let runs = true;
    try {
        while (runs) {
            runs = false;
            // eslint-disable-next-line no-await-in-loop
            const items = await source.next_batch_async(source.get_buffer_size(), null);
            runs = items.length > 0;
            for (const item of items)
                yield unpack(item);
        }
    } finally {
        if (runs)
            source.stop();
    }
}

function _init() {
    const Subiter = this;

    // An error of this domain that was made before the library knows it could not have a failure.
    Subiter.error_quark();
    extendErrors(Subiter);

    for (const method of ['close_async', 'next_async', 'next_batch_async'])
        promisify(Subiter.Source.prototype, method);
    promisify(Subiter.Interpreter.prototype, 'close_async');

    Subiter.Source.prototype[Symbol.asyncIterator] = function () {
        return iterate(Subiter, this);
    };

    Subiter.unpack = unpack;
}
