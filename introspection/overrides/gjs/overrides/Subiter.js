// SPDX-License-Identifier: LGPL-2.1-or-later

// What makes Subiter natural in GJS.
//
//     for await (const item of source)        in an async function
//     for await (const items of source.batches())    the same, with an array of the items that are there
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

// What Subiter.ColumnKind has, as the numbers that they are there.
const ColumnKind = Object.freeze({
    MIXED: 0,
    NONE: 1,
    BOOLEAN: 2,
    INT: 3,
    INT64: 4,
    UINT64: 5,
    DOUBLE: 6,
    STRING: 7,
    BYTES: 8,
    BOOLEANS: 9,
    INTS: 10,
    DOUBLES: 11,
    TUPLE: 12,
    LIST: 13,
    OBJECT: 14,
    MAP: 15,
    OTHER: 16,
});
const N_HEAD = 8;

// Makes values of a Subiter.Columns, whose documentation says what is where. Each column is gone through from its
// front.
class ColumnReader {
    constructor(columns) {
        const {buffer} = columns.get_data();
        const [nItems, kind, nNumbers, nSizes, nKinds, nBytes, textLength, nOthers] = new Uint32Array(buffer, 0, N_HEAD);
        const sizesOffset = N_HEAD * Uint32Array.BYTES_PER_ELEMENT + nNumbers * Float64Array.BYTES_PER_ELEMENT;
        const kindsOffset = sizesOffset + nSizes * Uint32Array.BYTES_PER_ELEMENT;

        this.nItems = nItems;
        this.kind = kind;
        this.numbers = new Float64Array(buffer, N_HEAD * Uint32Array.BYTES_PER_ELEMENT, nNumbers);
        this.sizes = nSizes > 0 ? new Uint32Array(buffer, sizesOffset, nSizes) : null;
        this.kinds = nKinds > 0 ? new Uint8Array(buffer, kindsOffset, nKinds) : null;
        this.bytes = nBytes > 0 ? new Uint8Array(buffer, kindsOffset + nKinds, nBytes) : null;
        this.text = textLength > 0 ? columns.get_text() : '';
        this.others = nOthers > 0 ? columns.get_others() : null;
        this.nextNumber = 0;
        this.nextSize = 0;
        this.nextKind = 0;
        this.nextByte = 0;
        this.nextCharacter = 0;
        this.nextOther = 0;
    }

    readItems() {
        switch (this.kind) {
        case ColumnKind.INT:
        case ColumnKind.DOUBLE:
            return this.readNumbers(this.nItems);
        case ColumnKind.BOOLEAN:
            return this.readBooleans(this.nItems);
        case ColumnKind.STRING:
            return this.readStrings(this.nItems);
        default:
            return this.readValues(this.nItems);
        }
    }

    readNumbers(n) {
        const {numbers, nextNumber} = this;
        const values = [];
        for (let i = 0; i < n; i++)
            values.push(numbers[nextNumber + i]);
        this.nextNumber = nextNumber + n;
        return values;
    }

    readBooleans(n) {
        return this.readNumbers(n).map(number => number !== 0);
    }

    readStrings(n) {
        const values = [];
        for (let i = 0; i < n; i++)
            values.push(this.readString());
        return values;
    }

    // Its sizes are that in UTF-8, which is for others, and the one here.
    readString() {
        const start = this.nextCharacter;
        this.nextCharacter += this.sizes[this.nextSize + 1];
        this.nextSize += 2;
        return this.text.slice(start, this.nextCharacter);
    }

    readBytes(n) {
        const start = this.nextByte;
        this.nextByte += n;
        return n > 0 ? this.bytes.slice(start, this.nextByte) : new Uint8Array();
    }

    readInteger(ArrayType) {
        const {buffer, byteOffset} = this.numbers;
        const offset = byteOffset + this.nextNumber++ * Float64Array.BYTES_PER_ELEMENT;
        return new ArrayType(buffer, offset, 1)[0];
    }

    readValues(n) {
        const values = [];
        for (let i = 0; i < n; i++)
            values.push(this.readValue());
        return values;
    }

    // What the prototype has too, such as "__proto__", is not for an assignment.
    readObject(n) {
        const object = {};
        for (let i = 0; i < n; i++) {
            const key = this.readValue();
            const value = this.readValue();
            if (key in Object.prototype)
                Object.defineProperty(object, key, {value, configurable: true, enumerable: true, writable: true});
            else
                object[key] = value;
        }
        return object;
    }

    readMap(n) {
        const map = new Map();
        for (let i = 0; i < n; i++) {
            const key = this.readValue();
            map.set(key, this.readValue());
        }
        return map;
    }

    readValue() {
        switch (this.kinds[this.nextKind++]) {
        case ColumnKind.NONE:
            return null;
        case ColumnKind.BOOLEAN:
            return this.numbers[this.nextNumber++] !== 0;
        case ColumnKind.INT:
        case ColumnKind.DOUBLE:
            return this.numbers[this.nextNumber++];
        case ColumnKind.INT64:
            return this.readInteger(BigInt64Array);
        case ColumnKind.UINT64:
            return this.readInteger(BigUint64Array);
        case ColumnKind.STRING:
            return this.readString();
        case ColumnKind.BYTES:
            return this.readBytes(this.sizes[this.nextSize++]);
        case ColumnKind.BOOLEANS:
            return this.readBooleans(this.sizes[this.nextSize++]);
        case ColumnKind.INTS:
        case ColumnKind.DOUBLES:
            return this.readNumbers(this.sizes[this.nextSize++]);
        case ColumnKind.TUPLE:
        case ColumnKind.LIST:
            return this.readValues(this.sizes[this.nextSize++]);
        case ColumnKind.OBJECT:
            return this.readObject(this.sizes[this.nextSize++]);
        case ColumnKind.MAP:
            return this.readMap(this.sizes[this.nextSize++]);
        case ColumnKind.OTHER:
            return unpack(this.others[this.nextOther++]);
        default:
            throw new Error('This Subiter.js is not the one of the library');
        }
    }
}

let Columns;

// Numbers and text need one call; what is in a container would need several for each.
function unpack(variant) {
    const unpacker = unpackers.get(variant.get_type_string());
    return unpacker ? unpacker(variant) : new ColumnReader(Columns.new_for_variant(variant)).readItems()[0];
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

const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function *() {}.prototype));

// The stack of an error that comes by callback says where that was called. This adds who asked.
function addStack(error, {stack}) {
    error.stack = `${(error.stack ?? '').trimEnd()}\n### Promise created here: ###\n${stack}`;
    return error;
}

// What an async generator does, at a fraction of its cost: a batch has one promise that waits, and its other items are
// there already.
class Iteration {
    constructor(Subiter, source, makeItems) {
        this.Subiter = Subiter;
        this.source = source;
        this.makeItems = makeItems;
        this.items = [];
        this.next = 0;
        this.waiting = [];
        this.hasBegun = false;
        this.hasEnded = false;
        this.isFetching = false;
    }

    hasItem() {
        return this.next < this.items.length && this.waiting.length === 0;
    }

    takeItem() {
        return this.items[this.next++];
    }

    wait() {
        return new Promise((resolve, reject) => {
            this.waiting.push({resolve, reject, error: new Error()});
            if (!this.isFetching)
                this.serve();
        });
    }

    serve() {
        while (this.waiting.length > 0) {
            if (this.next < this.items.length) {
                this.waiting.shift().resolve({value: this.takeItem(), done: false});
            } else if (this.hasEnded) {
                this.waiting.shift().resolve({value: undefined, done: true});
            } else {
                try {
                    this.fetch();
                    return;
                } catch (error) {
                    this.fail(error);
                }
            }
        }
    }

    fail(error) {
        this.hasEnded = true;
        this.waiting.shift().reject(error);
    }

    fetch() {
        if (!this.hasBegun) {
            begin(this.Subiter, this.source);
            this.hasBegun = true;
        }
        this.source.next_batch_async(this.source.get_buffer_size(), null, (source, result) => {
            this.isFetching = false;
            try {
                const batch = source.next_batch_finish_packed(result);
                if (!this.hasEnded)
                    this.setItems(batch);
            } catch (error) {
                this.fail(explain(addStack(error, this.waiting[0].error)));
            }
            this.serve();
        });
        this.isFetching = true;
    }

    setItems(batch) {
        this.hasEnded = batch.get_n_items() === 0;
        this.items = this.hasEnded ? [] : this.makeItems(batch);
        this.next = 0;
    }

    // Whoever waits for an item gets none: an iterable that makes no more must not hold up its end.
    stop() {
        if (this.hasBegun && !this.hasEnded)
            this.source.stop();
        this.hasEnded = true;
        this.items = [];
        this.next = 0;
    }
}

// Most of what an item costs is its promise, as the engine notes the stack for each; so one that has been resolved is
// used again, with a result whose value changes. That shows only to code which keeps a result and asks for the next.
//
// A loop, by "for await" or "yield*" or Array.fromAsync(), gets the function "next" once, calls it for each item, and
// has read the value by then. So the result is new each time from when "next" is got once more, or a value was not read.
function makeIterator(Subiter, source, makeItems) {
    const iteration = new Iteration(Subiter, source, makeItems);
    let isLoop = false;
    let wasGot = false;
    let isRead = true;
    let value;
    const result = {
        get value() {
            isRead = true;
            return value;
        },
        done: false,
    };
    const promise = Promise.resolve(result);

    function next() {
        if (!iteration.hasItem())
            return iteration.wait();
        isLoop &&= isRead;
        if (!isLoop)
            return Promise.resolve({value: iteration.takeItem(), done: false});
        isRead = false;
        value = iteration.takeItem();
        return promise;
    }

    return Object.create(AsyncIteratorPrototype, Object.getOwnPropertyDescriptors({
        get next() {
            isLoop = !wasGot;
            wasGot = true;
            return next;
        },
        async return(returned) {
            iteration.stop();
            return {value: await returned, done: true};
        },
        async throw(error) {
            iteration.stop();
            throw error;
        },
    }));
}

function _init() {
    const Subiter = this;

    // An error of this domain that was made before the library knows it could not have a failure.
    Subiter.error_quark();
    extendErrors(Subiter);

    for (const method of ['close_async', 'next_async', 'next_batch_async'])
        promisify(Subiter.Source.prototype, method);
    promisify(Subiter.Interpreter.prototype, 'close_async');

    Columns = Subiter.Columns;
    const readItems = batch => new ColumnReader(Columns.new(batch)).readItems();

    Subiter.Source.prototype[Symbol.asyncIterator] = function () {
        return makeIterator(Subiter, this, readItems);
    };
    Subiter.Source.prototype.batches = function () {
        return makeIterator(Subiter, this, batch => [readItems(batch)]);
    };

    Subiter.unpack = unpack;
}
