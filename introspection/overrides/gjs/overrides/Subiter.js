// SPDX-License-Identifier: LGPL-2.1-or-later

// What makes Subiter natural in GJS.
//
//     for await (const item of source)        in an async function
//     source.connect('item', onItem)          gets a GLib.Variant: Subiter.unpack() makes it a value
//
// An async method without its callback returns a promise. A failed iteration throws a Subiter.Error; if the
// reason is an exception in the worker, it has it as .failure, and in its .stack.

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

function explain(Subiter, source, error) {
    const failure = error instanceof Subiter.Error ? source.dup_failure() : null;
    if (failure) {
        error.failure = failure;
        error.stack = `${error.stack}### In the worker: ###\n${failure.get_traceback() ?? ''}`;
    }
    return error;
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
            let items;
            try {
                items = await source.next_batch_async(source.get_buffer_size(), null);
            } catch (error) {
                runs = false;
                throw explain(Subiter, source, error);
            }
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

    for (const method of ['close_async', 'next_async', 'next_batch_async'])
        Gio._promisify(Subiter.Source.prototype, method);
    Gio._promisify(Subiter.Interpreter.prototype, 'close_async');

    Subiter.Source.prototype[Symbol.asyncIterator] = function () {
        return iterate(Subiter, this);
    };

    Subiter.unpack = unpack;
}
