#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Check that a GIR tells all there is to know about a library.

Usage: check-gir.py GIR LIBRARY

One TAP case for each thing of the namespace: it, its members, parameters and return values are
documented, what is handed over says who owns it, and properties have the types of their getters and
setters. One more case: each symbol that the library exports
is in the GIR, and the other way round.
"""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

CORE = "{http://www.gtk.org/introspection/core/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"

CALLABLES = {"function", "function-macro", "method", "constructor", "virtual-method", "callback", "signal"}
DOCUMENTED = CALLABLES | {
    "class", "interface", "record", "union", "enumeration", "bitfield", "boxed", "member", "constant",
    "property", "alias",
}

# Functions that no other language could call, and why. Each is in the GIR all the same, marked as not
# introspectable: so its documentation is checked, and a new (skip) has to give its reason here.
NOT_INTROSPECTABLE = {
    "subiter_batch_peek_values": "for C; values, which bindings have as variants",
    "subiter_source_poll_batch": "for bindings in C; both hands back a batch and says whether there is one",
    "subiter_value_get_boolean": "for C; reads a value, which bindings have as a variant",
    "subiter_value_get_int64": "for C; reads a value, which bindings have as a variant",
    "subiter_value_get_uint64": "for C; reads a value, which bindings have as a variant",
    "subiter_value_get_double": "for C; reads a value, which bindings have as a variant",
    "subiter_value_get_string": "for C; reads a value, which bindings have as a variant",
    "subiter_value_get_bytes": "for C; reads a value, which bindings have as a variant",
    "subiter_value_get_element_type": "for C; reads a value, which bindings have as a variant",
    "subiter_value_get_members": "for C; reads a value, which bindings have as a variant",
    "subiter_value_get_variant": "for C; reads a value, which bindings have as a variant",
    "subiter_value_dup_variant": "for C; bindings have subiter_batch_get_item ()",
    "subiter_error_new_for_failure": "for runtimes; returns a GError, which bindings turn into an exception",
    "subiter_run_fail": "for runtimes; takes a GError over, which bindings cannot give away",
    "subiter_runtime_install_properties": "for runtimes; initialises a class in C",
    "subiter_run_try_push": "for runtimes; both hands back a value and sets an error",
    "subiter_value_set_tuple": "for runtimes; returns a pointer into the value, to be written through",
    "subiter_value_set_list": "for runtimes; returns a pointer into the value, to be written through",
    "subiter_value_set_dict": "for runtimes; returns a pointer into the value, to be written through",
    "subiter_port_set_chore": "for runtimes; a function that is called on a worker's thread",
    "subiter_port_set_epilogue": "for runtimes; a function that is called on a worker's thread",
    "subiter_port_set_data": "for runtimes; an untyped pointer",
    "subiter_port_get_data": "for runtimes; an untyped pointer",
}


def get_tag(element):
    return element.tag.rpartition("}")[2]


def get_name(element):
    return element.get(C + "identifier") or element.get(C + "type") or element.get("name") or "?"


def has_doc(element):
    doc = element.find(CORE + "doc")
    return doc is not None and bool((doc.text or "").strip())


def is_void(element):
    type_element = element.find(CORE + "type")
    return type_element is not None and type_element.get("name") == "none"


def check_callable(element, where):
    for parameter in element.iterfind(f"{CORE}parameters/*"):
        name = f"{where} ({parameter.get('name')})"
        if not has_doc(parameter):
            yield f"{name}: the parameter is not documented"
        if parameter.get("transfer-ownership") is None and get_tag(element) != "function-macro":
            yield f"{name}: nothing says who owns the parameter"
    value = element.find(CORE + "return-value")
    if value is not None and not is_void(value):
        if not has_doc(value):
            yield f"{where}: the return value is not documented"
        if value.get("transfer-ownership") is None:
            yield f"{where}: nothing says who owns the return value"


def describe_type(element):
    """The type of a value in words that can be compared."""
    for child in element:
        if get_tag(child) == "type":
            return " of ".join([child.get("name")] + [describe_type(child)] * (len(child) > 0))
        if get_tag(child) == "array":
            return f"array of {describe_type(child)}"
    return "?"


def check_property(element, where, siblings):
    if element.get("transfer-ownership") is None:
        yield f"{where}: nothing says who owns the property"
    # GJS takes the fast way only then, and warns if not.
    getter = siblings.get(element.get("getter"))
    if getter is not None:
        value = getter.find(CORE + "return-value")
        if describe_type(value) != describe_type(element):
            yield f"{where}: its getter's type is {describe_type(value)}, its own {describe_type(element)}"
    setter = siblings.get(element.get("setter"))
    if setter is not None:
        value = setter.find(f"{CORE}parameters/{CORE}parameter")
        if describe_type(value) != describe_type(element):
            yield f"{where}: its setter's type is {describe_type(value)}, its own {describe_type(element)}"


def check(element, parent=None, siblings=None):
    """Yield what is wrong with an element and all in it."""
    tag = get_tag(element)
    where = f"{parent}.{get_name(element)}" if parent else get_name(element)
    # The structure of a type's class or interface is only there for its own virtual methods.
    is_documented = tag in DOCUMENTED and element.get(GLIB + "is-gtype-struct-for") is None
    if tag == "union" and all(field.get("private") for field in element.iterfind(CORE + "field")):
        return
    if is_documented and not has_doc(element):
        yield f"{where}: the {tag} is not documented"
    if tag == "property":
        yield from check_property(element, where, siblings or {})
    if tag in CALLABLES and is_documented:
        yield from check_callable(element, where)
    if tag == "field":
        return
    methods = {method.get("name"): method for method in element.iterfind(CORE + "method")}
    for child in element:
        if get_tag(child) in DOCUMENTED:
            yield from check(child, where, methods)


def list_exported(library):
    output = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True)
    return {line.split()[-1] for line in output.stdout.splitlines()}


def check_symbols(namespace, library):
    exported = list_exported(library)
    named = {}
    for element in namespace.iter():
        for attribute in (C + "identifier", GLIB + "get-type"):
            symbol = element.get(attribute)
            if symbol and get_tag(element) in DOCUMENTED - {"member", "constant", "function-macro"}:
                # A static function may be there twice: once as the method of a type, for newer bindings.
                if symbol not in named or element.get("introspectable") != "0":
                    named[symbol] = element
    for symbol in sorted(exported - named.keys()):
        yield f"{symbol} is exported, and not in the GIR"
    for symbol in sorted(named.keys() - exported):
        yield f"{symbol} is in the GIR, and not exported"
    for symbol in sorted(exported & named.keys()):
        is_hidden = named[symbol].get("introspectable") == "0"
        if is_hidden and symbol not in NOT_INTROSPECTABLE:
            yield f"{symbol} is not introspectable, and no reason is known"
        if not is_hidden and symbol in NOT_INTROSPECTABLE:
            yield f"{symbol} is introspectable, and said not to be"
    for symbol in sorted(NOT_INTROSPECTABLE.keys() - exported):
        yield f"{symbol} is said not to be introspectable, and does not exist"


def report(number, name, complaints):
    complaints = list(complaints)
    print(f"{'not ok' if complaints else 'ok'} {number} - {name}")
    for complaint in complaints:
        print(f"# {complaint}")
    return bool(complaints)


def main():
    gir, library = sys.argv[1:]
    namespace = ElementTree.parse(gir).getroot().find(CORE + "namespace")
    things = [element for element in namespace if get_tag(element) in DOCUMENTED]
    print(f"1..{len(things) + 1}")
    failed = report(1, "exported symbols", check_symbols(namespace, library))
    for number, element in enumerate(things, 2):
        failed |= report(number, f"{get_tag(element)} {get_name(element)}", check(element))
    return failed


if __name__ == "__main__":
    sys.exit(main())
