/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

/**
 * SubiterValueKind:
 * @SUBITER_VALUE_NONE: Python's `None`
 * @SUBITER_VALUE_BOOLEAN: a `bool`
 * @SUBITER_VALUE_INT64: an `int` that fits 64 signed bits
 * @SUBITER_VALUE_UINT64: an `int` above that which fits 64 unsigned bits
 * @SUBITER_VALUE_DOUBLE: a `float`
 * @SUBITER_VALUE_STRING: a `str`
 * @SUBITER_VALUE_BYTES: `bytes` or `bytearray`
 * @SUBITER_VALUE_ARRAY: a contiguous buffer of numbers
 * @SUBITER_VALUE_TUPLE: a `tuple`
 * @SUBITER_VALUE_LIST: a `list`
 * @SUBITER_VALUE_DICT: a `dict`
 * @SUBITER_VALUE_VARIANT: a container with very many members, which became a
 *   [struct@GLib.Variant] on the worker's thread; nobody else makes one
 *
 * What a [struct@Subiter.Value] holds.
 */
typedef enum
{
  SUBITER_VALUE_NONE,
  SUBITER_VALUE_BOOLEAN,
  SUBITER_VALUE_INT64,
  SUBITER_VALUE_UINT64,
  SUBITER_VALUE_DOUBLE,
  SUBITER_VALUE_STRING,
  SUBITER_VALUE_BYTES,
  SUBITER_VALUE_ARRAY,
  SUBITER_VALUE_TUPLE,
  SUBITER_VALUE_LIST,
  SUBITER_VALUE_DICT,
  SUBITER_VALUE_VARIANT,
} SubiterValueKind;

/**
 * SUBITER_VALUE_MAX_DEPTH:
 *
 * How many containers a value may be nested in.
 *
 * A dict costs three levels of a [struct@GLib.Variant] (the array, the entry and the
 * variant in it), and GLib takes at most 128 of those when it reads a
 * serialised one.
 */
#define SUBITER_VALUE_MAX_DEPTH 40

/**
 * SubiterValue:
 *
 * A Python object on its way to a main loop: plain data, 16 bytes, owned by
 * one thread at a time.
 *
 * Only a runtime makes values, on its worker thread. Start from
 * [func@Subiter.Value.init], fill it with one of the setters, and hand it
 * over with [method@Subiter.Run.try_push], or give it up with
 * [method@Subiter.Value.clear].
 */
struct _SubiterValue
{
  /*< private >*/
  guint8 kind;
  char element;
  guint32 length;
  union
  {
    /*< private >*/
    gboolean boolean;
    gint64 int64;
    guint64 uint64;
    double real;
    char *text;
    gpointer bytes;
    gpointer node;
    gpointer variant;
  } data;
};

SUBITER_AVAILABLE_IN_ALL
void subiter_value_init (SubiterValue *value);
SUBITER_AVAILABLE_IN_ALL
void subiter_value_clear (SubiterValue *value);
SUBITER_AVAILABLE_IN_ALL
SubiterValueKind subiter_value_get_kind (const SubiterValue *value);
SUBITER_AVAILABLE_IN_ALL
void subiter_value_set_boolean (SubiterValue *value,
                                gboolean boolean);
SUBITER_AVAILABLE_IN_ALL
void subiter_value_set_int64 (SubiterValue *value,
                              gint64 number);
SUBITER_AVAILABLE_IN_ALL
void subiter_value_set_uint64 (SubiterValue *value,
                               guint64 number);
SUBITER_AVAILABLE_IN_ALL
void subiter_value_set_double (SubiterValue *value,
                               double number);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_value_set_string (SubiterValue *value,
                                   const char *text,
                                   gssize length);
SUBITER_AVAILABLE_IN_ALL
void subiter_value_take_bytes (SubiterValue *value,
                               GBytes *bytes);
SUBITER_AVAILABLE_IN_ALL
void subiter_value_take_array (SubiterValue *value,
                               char element_type,
                               GBytes *bytes);
SUBITER_AVAILABLE_IN_ALL
void subiter_value_take_pinned_bytes (SubiterValue *value,
                                      GBytes *bytes);
SUBITER_AVAILABLE_IN_ALL
void subiter_value_take_pinned_array (SubiterValue *value,
                                      char element_type,
                                      GBytes *bytes);
SUBITER_AVAILABLE_IN_ALL
SubiterValue *subiter_value_set_tuple (SubiterValue *value,
                                       gsize n_values);
SUBITER_AVAILABLE_IN_ALL
SubiterValue *subiter_value_set_list (SubiterValue *value,
                                      gsize n_values);
SUBITER_AVAILABLE_IN_ALL
SubiterValue *subiter_value_set_dict (SubiterValue *value,
                                      gsize n_pairs);

SUBITER_AVAILABLE_IN_ALL
gboolean subiter_value_get_boolean (const SubiterValue *value);
SUBITER_AVAILABLE_IN_ALL
gint64 subiter_value_get_int64 (const SubiterValue *value);
SUBITER_AVAILABLE_IN_ALL
guint64 subiter_value_get_uint64 (const SubiterValue *value);
SUBITER_AVAILABLE_IN_ALL
double subiter_value_get_double (const SubiterValue *value);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_value_get_string (const SubiterValue *value,
                                      gsize *length);
SUBITER_AVAILABLE_IN_ALL
GBytes *subiter_value_get_bytes (const SubiterValue *value);
SUBITER_AVAILABLE_IN_ALL
char subiter_value_get_element_type (const SubiterValue *value);
SUBITER_AVAILABLE_IN_ALL
const SubiterValue *subiter_value_get_members (const SubiterValue *value,
                                               gsize *n_members);
SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_value_get_variant (const SubiterValue *value);

SUBITER_AVAILABLE_IN_ALL
gboolean subiter_value_check (const SubiterValue *value,
                              const GVariantType *type,
                              GError **error);
SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_value_dup_variant (const SubiterValue *value,
                                     const GVariantType *type);
SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_value_take_variant (SubiterValue *value,
                                      const GVariantType *type);

G_END_DECLS
