/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-value-private.h"

#include <string.h>

/* From how many members on a container is large: about 0.3 ms. */
#define LARGE_COUNT 1024

static GVariant *make_natural (const SubiterValue *value);
static GVariant *make_typed (const SubiterValue *value,
                             const GVariantType *type);

/* A variant's boolean is 0 or 1; that of a buffer may be any byte. */
static gboolean
are_booleans (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize i = 0; i < size; i++)
    {
      if (data[i] > 1)
        return FALSE;
    }

  return TRUE;
}

static GVariant *
new_booleans (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint8 *booleans = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    booleans[i] = data[i] != 0;

  return g_variant_new_from_data (G_VARIANT_TYPE ("ab"), booleans, size, TRUE, g_free, booleans);
}

/* A GVariant keeps the memory of a GBytes, and copies only if its data is not
 * aligned for the elements. */
static GVariant *
make_buffer (const SubiterValue *value)
{
  char type[3] = { 'a', value->kind == SUBITER_VALUE_BYTES ? 'y' : value->element, '\0' };

  if (type[1] == 'b' && !are_booleans (value->data.bytes))
    return new_booleans (value->data.bytes);

  return g_variant_new_from_bytes (G_VARIANT_TYPE (type), value->data.bytes, TRUE);
}

/* Not looked at once more: who made it has seen to it that it is UTF-8. */
static GVariant *
make_string (const SubiterValue *value)
{
  g_autoptr (GBytes) bytes = NULL;

  if (value->element == SUBITER_VALUE_LONG_STRING)
    return g_variant_new_from_bytes (G_VARIANT_TYPE_STRING, value->data.bytes, TRUE);

  bytes = g_bytes_new (value->data.text, (gsize) value->length + 1);

  return g_variant_new_from_bytes (G_VARIANT_TYPE_STRING, bytes, TRUE);
}

/* Of variants of its members, one of which shares the memory of a large buffer or text. */
static GVariant *
put_together (const SubiterValue *value,
              const GVariantType *type)
{
  const SubiterValueNode *node = value->data.node;
  gboolean is_dict = value->kind == SUBITER_VALUE_DICT;
  gsize n_members = is_dict ? node->n_values / 2 : node->n_values;
  g_autofree GVariant **members = g_new (GVariant *, n_members);
  const GVariantType *member;

  if (type == NULL && value->kind == SUBITER_VALUE_TUPLE)
    {
      for (gsize i = 0; i < n_members; i++)
        members[i] = make_natural (&node->values[i]);
      return g_variant_new_tuple (members, n_members);
    }

  if (type == NULL)
    type = is_dict ? G_VARIANT_TYPE_VARDICT : G_VARIANT_TYPE ("av");

  if (*g_variant_type_peek_string (type) == '(')
    {
      member = g_variant_type_first (type);
      for (gsize i = 0; i < n_members; i++, member = g_variant_type_next (member))
        members[i] = make_typed (&node->values[i], member);
      return g_variant_new_tuple (members, n_members);
    }

  member = g_variant_type_element (type);
  for (gsize i = 0; i < n_members; i++)
    {
      if (is_dict)
        members[i] = g_variant_new_dict_entry (make_typed (&node->values[i * 2], g_variant_type_key (member)),
                                               make_typed (&node->values[i * 2 + 1], g_variant_type_value (member)));
      else
        members[i] = make_typed (&node->values[i], member);
    }

  return g_variant_new_array (member, members, n_members);
}

static GVariant *
make_container (const SubiterValue *value,
                const GVariantType *type)
{
  GVariant *variant = NULL;

#ifndef SUBITER_WITHOUT_SERIALIZER
  variant = subiter_value_serialize (value, type, SUBITER_VALUE_MAX_COPY);
#endif

  return variant != NULL ? variant : put_together (value, type);
}

static GVariant *
make_natural (const SubiterValue *value)
{
  switch ((SubiterValueKind) value->kind)
    {
    case SUBITER_VALUE_NONE:
      return g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL);
    case SUBITER_VALUE_BOOLEAN:
      return g_variant_new_boolean (value->data.boolean);
    case SUBITER_VALUE_INT64:
      return g_variant_new_int64 (value->data.int64);
    case SUBITER_VALUE_UINT64:
      return g_variant_new_uint64 (value->data.uint64);
    case SUBITER_VALUE_DOUBLE:
      return g_variant_new_double (value->data.real);
    case SUBITER_VALUE_STRING:
      return make_string (value);
    case SUBITER_VALUE_BYTES:
    case SUBITER_VALUE_ARRAY:
      return make_buffer (value);
    case SUBITER_VALUE_TUPLE:
    case SUBITER_VALUE_LIST:
    case SUBITER_VALUE_DICT:
      return make_container (value, NULL);
    case SUBITER_VALUE_VARIANT:
      return g_variant_ref (value->data.variant);
    default:
      g_assert_not_reached ();
    }
}

static GVariant *
make_typed (const SubiterValue *value,
            const GVariantType *type)
{
  const GVariantType *element;

  switch (*g_variant_type_peek_string (type))
    {
    case 'b':
      return g_variant_new_boolean (value->data.boolean);
    case 'y':
      return g_variant_new_byte ((guint8) value->data.int64);
    case 'n':
      return g_variant_new_int16 ((gint16) value->data.int64);
    case 'q':
      return g_variant_new_uint16 ((guint16) value->data.int64);
    case 'i':
      return g_variant_new_int32 ((gint32) value->data.int64);
    case 'u':
      return g_variant_new_uint32 ((guint32) value->data.int64);
    case 'x':
      return g_variant_new_int64 (value->data.int64);
    case 't':
      return g_variant_new_uint64 (value->kind == SUBITER_VALUE_UINT64 ? value->data.uint64
                                                                       : (guint64) value->data.int64);
    case 'd':
      return g_variant_new_double (subiter_value_to_double (value));
    case 's':
      return make_string (value);
    case 'o':
      return g_variant_new_object_path (subiter_value_peek_string (value));
    case 'g':
      return g_variant_new_signature (subiter_value_peek_string (value));
    case 'v':
      return g_variant_new_variant (make_natural (value));
    case 'm':
      element = g_variant_type_element (type);
      return g_variant_new_maybe (element,
                                  value->kind == SUBITER_VALUE_NONE ? NULL : make_typed (value, element));
    case 'a':
    case '(':
      if (value->kind == SUBITER_VALUE_BYTES || value->kind == SUBITER_VALUE_ARRAY)
        return make_buffer (value);
      return make_container (value, type);
    default:
      g_assert_not_reached ();
    }
}

/**
 * subiter_value_dup_variant: (skip)
 * @value: a value that [method@Subiter.Value.check] accepts for @type
 * @type: (nullable): the type to give it, or %NULL for the one of the
 *   conversion table
 *
 * Makes a variant of what @value holds, sharing large strings and buffers rather
 * than copying them.
 *
 * Returns: (transfer full): the variant
 */
GVariant *
subiter_value_dup_variant (const SubiterValue *value,
                           const GVariantType *type)
{
  if (value->kind == SUBITER_VALUE_VARIANT)
    return g_variant_ref (value->data.variant);

  return g_variant_ref_sink (type == NULL ? make_natural (value) : make_typed (value, type));
}

/**
 * subiter_value_take_variant:
 * @value: (inout): a value that [method@Subiter.Value.check] accepts for @type
 * @type: (nullable): the type to give it, or %NULL for the one of the
 *   conversion table
 *
 * Makes a variant of what @value holds, as [method@Subiter.Value.dup_variant] does,
 * and leaves `None` in @value.
 *
 * Returns: (transfer full): the variant
 */
GVariant *
subiter_value_take_variant (SubiterValue *value,
                            const GVariantType *type)
{
  GVariant *variant = subiter_value_dup_variant (value, type);

  /* It is no container in most cases, and then there is nothing to go through. */
  if (value->kind >= SUBITER_VALUE_STRING)
    subiter_value_clear (value);
  else
    subiter_value_init (value);

  return variant;
}

/* Counts to @limit and no further. */
static gsize
count_members (const SubiterValue *value,
               gsize limit)
{
  const SubiterValueNode *node;
  gsize n;

  if (!subiter_value_is_container (value))
    return 0;

  node = subiter_value_get_node (value);
  n = node->n_values;
  for (gsize i = 0; i < node->n_values && n < limit; i++)
    n += count_members (&node->values[i], limit - n);

  return n;
}

/* A variant is made where it is wanted, by a main loop, but of a container that would
 * take that too long it is made here, in the form of one piece, which is released at
 * once as well; or, if it has a large buffer in it, which would be copied, of
 * many. @value has to be one that is accepted for @type. */
void
subiter_value_make_if_large (SubiterValue *value,
                             const GVariantType *type)
{
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (count_members (value, LARGE_COUNT) < LARGE_COUNT)
    return;

  variant = subiter_value_serialize (value, type, SUBITER_VALUE_MAX_COPY);
  if (variant == NULL)
    {
      variant = g_variant_ref_sink (put_together (value, type));
    }
  else
    {
      g_autoptr (GVariant) made = g_variant_ref_sink (variant);

      bytes = subiter_value_release_elsewhere (g_variant_get_data_as_bytes (made));
      variant = g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (made), bytes, TRUE));
    }

  subiter_value_clear (value);
  value->kind = SUBITER_VALUE_VARIANT;
  value->data.variant = g_steal_pointer (&variant);
}
