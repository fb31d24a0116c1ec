/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

/**
 * SubiterColumnKind:
 * @SUBITER_COLUMN_MIXED: in the head: the values have kinds of their own
 * @SUBITER_COLUMN_NONE: nothing, as Python's `None`
 * @SUBITER_COLUMN_BOOLEAN: the next number is 0 or 1
 * @SUBITER_COLUMN_INT: the next number, an integer that a double holds exactly
 * @SUBITER_COLUMN_INT64: the 64 bits of the next number are a signed integer
 * @SUBITER_COLUMN_UINT64: the 64 bits of the next number are an unsigned integer
 * @SUBITER_COLUMN_DOUBLE: the next number
 * @SUBITER_COLUMN_STRING: the next two sizes are those of the next piece of the text,
 *   in bytes of UTF-8 and in units of UTF-16
 * @SUBITER_COLUMN_BYTES: the next size says how many of the bytes
 * @SUBITER_COLUMN_BOOLEANS: a list; the next size says of how many numbers, all 0 or 1
 * @SUBITER_COLUMN_INTS: a list; the next size says of how many numbers, all integers
 * @SUBITER_COLUMN_DOUBLES: a list; the next size says of how many numbers
 * @SUBITER_COLUMN_TUPLE: the next size says how many values follow as its members
 * @SUBITER_COLUMN_LIST: the same, of a list
 * @SUBITER_COLUMN_OBJECT: a dictionary; the next size says of how many pairs: the key, a
 *   string, and the value follow for each
 * @SUBITER_COLUMN_MAP: the same, with keys of any kind
 * @SUBITER_COLUMN_OTHER: the next one of the others, a variant
 *
 * What a value is, in the columns of [struct@Subiter.Columns], and what of them belongs to
 * it.
 */
typedef enum
{
  SUBITER_COLUMN_MIXED,
  SUBITER_COLUMN_NONE,
  SUBITER_COLUMN_BOOLEAN,
  SUBITER_COLUMN_INT,
  SUBITER_COLUMN_INT64,
  SUBITER_COLUMN_UINT64,
  SUBITER_COLUMN_DOUBLE,
  SUBITER_COLUMN_STRING,
  SUBITER_COLUMN_BYTES,
  SUBITER_COLUMN_BOOLEANS,
  SUBITER_COLUMN_INTS,
  SUBITER_COLUMN_DOUBLES,
  SUBITER_COLUMN_TUPLE,
  SUBITER_COLUMN_LIST,
  SUBITER_COLUMN_OBJECT,
  SUBITER_COLUMN_MAP,
  SUBITER_COLUMN_OTHER,
} SubiterColumnKind;

#define SUBITER_TYPE_COLUMNS (subiter_columns_get_type ())

SUBITER_AVAILABLE_IN_ALL
GType subiter_columns_get_type (void) G_GNUC_CONST;
SUBITER_AVAILABLE_IN_ALL
SubiterColumns *subiter_columns_new (SubiterBatch *batch);
SUBITER_AVAILABLE_IN_ALL
SubiterColumns *subiter_columns_new_for_variant (GVariant *variant);
SUBITER_AVAILABLE_IN_ALL
SubiterColumns *subiter_columns_ref (SubiterColumns *columns);
SUBITER_AVAILABLE_IN_ALL
void subiter_columns_unref (SubiterColumns *columns);
SUBITER_AVAILABLE_IN_ALL
const guint8 *subiter_columns_get_data (SubiterColumns *columns,
                                        gsize *size);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_columns_get_text (SubiterColumns *columns);
SUBITER_AVAILABLE_IN_ALL
GPtrArray *subiter_columns_get_others (SubiterColumns *columns);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SubiterColumns, subiter_columns_unref)

G_END_DECLS
