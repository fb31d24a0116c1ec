/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-value-private.h"

/* What others read of a value that was made. */

/**
 * subiter_value_get_boolean: (skip)
 * @value: a value of kind %SUBITER_VALUE_BOOLEAN
 *
 * Reads a `bool`.
 *
 * Returns: what @value holds
 */
gboolean
subiter_value_get_boolean (const SubiterValue *value)
{
  g_return_val_if_fail (value->kind == SUBITER_VALUE_BOOLEAN, FALSE);

  return value->data.boolean;
}

/**
 * subiter_value_get_int64: (skip)
 * @value: a value of kind %SUBITER_VALUE_INT64
 *
 * Reads an `int`.
 *
 * Returns: what @value holds
 */
gint64
subiter_value_get_int64 (const SubiterValue *value)
{
  g_return_val_if_fail (value->kind == SUBITER_VALUE_INT64, 0);

  return value->data.int64;
}

/**
 * subiter_value_get_uint64: (skip)
 * @value: a value of kind %SUBITER_VALUE_UINT64
 *
 * Reads an `int` that is more than a signed one can be.
 *
 * Returns: what @value holds
 */
guint64
subiter_value_get_uint64 (const SubiterValue *value)
{
  g_return_val_if_fail (value->kind == SUBITER_VALUE_UINT64, 0);

  return value->data.uint64;
}

/**
 * subiter_value_get_double: (skip)
 * @value: a value of kind %SUBITER_VALUE_DOUBLE
 *
 * Reads a `float`.
 *
 * Returns: what @value holds
 */
double
subiter_value_get_double (const SubiterValue *value)
{
  g_return_val_if_fail (value->kind == SUBITER_VALUE_DOUBLE, 0.0);

  return value->data.real;
}

/**
 * subiter_value_get_string: (skip)
 * @value: a value of kind %SUBITER_VALUE_STRING
 * @length: (out) (optional): how many bytes it has, without its NUL
 *
 * Reads a `str`.
 *
 * Returns: (transfer none): UTF-8 that is valid as long as @value holds it
 */
const char *
subiter_value_get_string (const SubiterValue *value,
                          gsize *length)
{
  g_return_val_if_fail (value->kind == SUBITER_VALUE_STRING, NULL);

  if (length != NULL)
    *length = subiter_value_get_string_length (value);

  return subiter_value_peek_string (value);
}

/**
 * subiter_value_get_bytes: (skip)
 * @value: a value of kind %SUBITER_VALUE_BYTES or %SUBITER_VALUE_ARRAY
 *
 * Reads `bytes`, or the elements of an array, in the machine's byte order.
 *
 * Returns: (transfer none): what @value holds
 */
GBytes *
subiter_value_get_bytes (const SubiterValue *value)
{
  g_return_val_if_fail (value->kind == SUBITER_VALUE_BYTES || value->kind == SUBITER_VALUE_ARRAY, NULL);

  return value->data.bytes;
}

/**
 * subiter_value_get_element_type: (skip)
 * @value: a value of kind %SUBITER_VALUE_ARRAY
 *
 * Tells what the elements of an array are. A `b` is true if it is any byte but 0.
 *
 * Returns: one of the GVariant type characters `b n q i u x t d`, or `y` if whoever
 *   made it said so
 */
char
subiter_value_get_element_type (const SubiterValue *value)
{
  g_return_val_if_fail (value->kind == SUBITER_VALUE_ARRAY, '\0');

  return value->element;
}

/**
 * subiter_value_get_members: (skip)
 * @value: a value of kind %SUBITER_VALUE_TUPLE, %SUBITER_VALUE_LIST or %SUBITER_VALUE_DICT
 * @n_members: (out): how many there are; of a dict, twice as many as it has pairs
 *
 * Reads a container. Of a dict, each key is followed by its value.
 *
 * Returns: (transfer none): the members, valid as long as @value holds them
 */
const SubiterValue *
subiter_value_get_members (const SubiterValue *value,
                           gsize *n_members)
{
  const SubiterValueNode *node;

  g_return_val_if_fail (subiter_value_is_container (value), NULL);

  node = subiter_value_get_node (value);
  *n_members = node->n_values;

  return node->values;
}

/**
 * subiter_value_get_variant: (skip)
 * @value: a value of kind %SUBITER_VALUE_VARIANT
 *
 * Reads a container that has become a variant already.
 *
 * Returns: (transfer none): what @value holds
 */
GVariant *
subiter_value_get_variant (const SubiterValue *value)
{
  g_return_val_if_fail (value->kind == SUBITER_VALUE_VARIANT, NULL);

  return value->data.variant;
}
