# SPDX-License-Identifier: LGPL-2.1-or-later
"""How values of Python become variants, for the override of Subiter."""

from gi.repository import GLib


def _pack_int(value, place):
    if -(2**63) <= value < 2**63:
        return GLib.Variant.new_int64(value)
    if 0 <= value < 2**64:
        return GLib.Variant.new_uint64(value)
    raise OverflowError(f"{place}: an int has to be from -2**63 to 2**64 - 1")


def _pack_str(value, place):
    if "\0" in value:
        raise ValueError(f"{place}: a str with a NUL cannot be passed; encode it to pass it as bytes")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{place}: a str with a lone surrogate, at character {error.start}, cannot be passed; os.fsencode () "
            "makes bytes of a file name"
        ) from None
    return GLib.Variant.new_string(value)


def _pack_bytes(value, place):
    return GLib.Variant.new_from_bytes(GLib.VariantType("ay"), GLib.Bytes.new(bytes(value)), True)


def _pack_tuple(value, place):
    return GLib.Variant.new_tuple(*[_pack(member, f"{place}[{i}]") for i, member in enumerate(value)])


def _pack_list(value, place):
    members = [GLib.Variant.new_variant(_pack(member, f"{place}[{i}]")) for i, member in enumerate(value)]
    return GLib.Variant.new_array(GLib.VariantType("v"), members)


def _pack_dict(value, place):
    builder = GLib.VariantBuilder(GLib.VariantType("a{sv}"))
    for key, member in value.items():
        if not isinstance(key, str):
            kind = type(key).__qualname__
            raise TypeError(f"{place}: a key of type {kind} cannot be passed; the keys have to be str")
        member = GLib.Variant.new_variant(_pack(member, f"{place}[{key!r}]"))
        builder.add_value(GLib.Variant.new_dict_entry(_pack_str(key, place), member))
    return builder.end()


_PACKERS = (
    (GLib.Variant, lambda value, place: value),
    (bool, lambda value, place: GLib.Variant.new_boolean(value)),
    (int, _pack_int),
    (float, lambda value, place: GLib.Variant.new_double(value)),
    (str, _pack_str),
    ((bytes, bytearray), _pack_bytes),
    (tuple, _pack_tuple),
    (list, _pack_list),
    (dict, _pack_dict),
)


def _pack(value, place):
    if value is None:
        return GLib.Variant.new_maybe(GLib.VariantType("v"), None)
    for types, pack in _PACKERS:
        if isinstance(value, types):
            return pack(value, place)
    raise TypeError(
        f"{place}: a value of type {type(value).__qualname__} cannot be passed; what can be is None, bool, int, float, "
        "str, bytes, tuple, list, dict and GLib.Variant"
    )


def pack_args(args):
    if args is None or isinstance(args, GLib.Variant):
        return args
    if not isinstance(args, tuple):
        raise TypeError(f"args has to be a tuple or a GLib.Variant, not {type(args).__qualname__}")
    return _pack_tuple(args, "args")


def pack_kwargs(kwargs):
    if kwargs is None or isinstance(kwargs, GLib.Variant):
        return kwargs
    if not isinstance(kwargs, dict):
        raise TypeError(f"kwargs has to be a dict or a GLib.Variant, not {type(kwargs).__qualname__}")
    return _pack_dict(kwargs, "kwargs")


def split_args(args):
    """Make a list of variants, each of several arguments, and of those that are GLib.Bytes, in their order."""
    if not isinstance(args, tuple) or not any(isinstance(value, GLib.Bytes) for value in args):
        return [pack_args(args)]
    parts = []
    members = []
    for i, value in enumerate(args):
        if not isinstance(value, GLib.Bytes):
            members.append(_pack(value, f"args[{i}]"))
            continue
        if members:
            parts.append(GLib.Variant.new_tuple(*members))
            members = []
        parts.append(value)
    if members:
        parts.append(GLib.Variant.new_tuple(*members))
    return parts


def split_kwargs(kwargs):
    """Make a variant of the arguments, and a dict of those that are GLib.Bytes."""
    if not isinstance(kwargs, dict):
        return pack_kwargs(kwargs), {}
    named = {name: value for name, value in kwargs.items() if isinstance(value, GLib.Bytes)}
    # The names are as those of others have to be.
    pack_kwargs(dict.fromkeys(named))
    return pack_kwargs({name: value for name, value in kwargs.items() if name not in named}), named
