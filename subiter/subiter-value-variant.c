/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-value-private.h"

#include <string.h>

/* From how many members on a container is large: about 0.3 ms. */
#define LARGE_COUNT 1024

static GVariant *take_natural (SubiterValue *value);
static GVariant *take_typed (SubiterValue *value,
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
take_buffer (SubiterValue *value)
{
  char type[3] = { 'a', value->kind == SUBITER_VALUE_BYTES ? 'y' : value->element, '\0' };
  g_autoptr (GBytes) bytes = value->data.bytes;

  if (type[1] == 'b' && !are_booleans (bytes))
    return new_booleans (bytes);

  return g_variant_new_from_bytes (G_VARIANT_TYPE (type), bytes, TRUE);
}

/* A large one is not looked at: that takes as long as copying it. */
static GVariant *
take_string (SubiterValue *value)
{
  GVariant *variant;

  if (value->element != SUBITER_VALUE_LARGE_STRING)
    return g_variant_new_take_string (value->data.string);

  variant = g_variant_new_from_bytes (G_VARIANT_TYPE_STRING, value->data.bytes, TRUE);
  g_bytes_unref (value->data.bytes);

  return variant;
}

static GVariant *
take_natural_members (SubiterValue *value)
{
  SubiterValueNode *node = value->data.node;
  GVariant *stack[16];
  g_autofree GVariant **heap = NULL;
  GVariant **members = stack;
  GVariant *variant;
  gsize n_members = node->n_values;

  if (n_members > G_N_ELEMENTS (stack))
    members = heap = g_new (GVariant *, n_members);

  switch ((SubiterValueKind) value->kind)
    {
    case SUBITER_VALUE_TUPLE:
      for (gsize i = 0; i < n_members; i++)
        members[i] = take_natural (&node->values[i]);
      variant = g_variant_new_tuple (members, n_members);
      break;

    case SUBITER_VALUE_LIST:
      for (gsize i = 0; i < n_members; i++)
        members[i] = g_variant_new_variant (take_natural (&node->values[i]));
      variant = g_variant_new_array (G_VARIANT_TYPE_VARIANT, members, n_members);
      break;

    default:
      n_members /= 2;
      for (gsize i = 0; i < n_members; i++)
        members[i] = g_variant_new_dict_entry (take_natural (&node->values[i * 2]),
                                               g_variant_new_variant (take_natural (&node->values[i * 2 + 1])));
      variant = g_variant_new_array (G_VARIANT_TYPE ("{sv}"), members, n_members);
    }

  g_free (node);

  return variant;
}

/* Takes what @value holds, and leaves it to the caller to forget it. */
static GVariant *
take_natural (SubiterValue *value)
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
      return take_string (value);
    case SUBITER_VALUE_BYTES:
    case SUBITER_VALUE_ARRAY:
      return take_buffer (value);
    case SUBITER_VALUE_TUPLE:
    case SUBITER_VALUE_LIST:
    case SUBITER_VALUE_DICT:
      return take_natural_members (value);
    default:
      g_assert_not_reached ();
    }
}

static double
get_real (const SubiterValue *value)
{
  if (value->kind == SUBITER_VALUE_DOUBLE)
    return value->data.real;
  if (value->kind == SUBITER_VALUE_UINT64)
    return (double) value->data.uint64;
  return (double) value->data.int64;
}

static GVariant *
take_typed_members (SubiterValue *value,
                    const GVariantType *type)
{
  SubiterValueNode *node = value->data.node;
  gsize n_members = value->kind == SUBITER_VALUE_DICT ? node->n_values / 2 : node->n_values;
  g_autofree GVariant **members = g_new (GVariant *, n_members);
  const GVariantType *member;
  GVariant *variant;

  if (*g_variant_type_peek_string (type) == '(')
    {
      member = g_variant_type_first (type);
      for (gsize i = 0; i < n_members; i++, member = g_variant_type_next (member))
        members[i] = take_typed (&node->values[i], member);
      variant = g_variant_new_tuple (members, n_members);
    }
  else if (value->kind == SUBITER_VALUE_DICT)
    {
      member = g_variant_type_element (type);
      for (gsize i = 0; i < n_members; i++)
        members[i] = g_variant_new_dict_entry (take_typed (&node->values[i * 2], g_variant_type_key (member)),
                                               take_typed (&node->values[i * 2 + 1], g_variant_type_value (member)));
      variant = g_variant_new_array (member, members, n_members);
    }
  else
    {
      member = g_variant_type_element (type);
      for (gsize i = 0; i < n_members; i++)
        members[i] = take_typed (&node->values[i], member);
      variant = g_variant_new_array (member, members, n_members);
    }

  g_free (node);

  return variant;
}

static GVariant *
take_typed (SubiterValue *value,
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
      return g_variant_new_double (get_real (value));
    case 's':
      return take_string (value);
    case 'o':
    case 'g':
      {
        const char *text = subiter_value_peek_string (value);
        GVariant *variant = *g_variant_type_peek_string (type) == 'o' ? g_variant_new_object_path (text)
                                                                      : g_variant_new_signature (text);

        subiter_value_clear (value);
        return variant;
      }
    case 'v':
      return g_variant_new_variant (take_natural (value));
    case 'm':
      element = g_variant_type_element (type);
      return g_variant_new_maybe (element,
                                  value->kind == SUBITER_VALUE_NONE ? NULL : take_typed (value, element));
    case 'a':
    case '(':
      if (value->kind == SUBITER_VALUE_BYTES || value->kind == SUBITER_VALUE_ARRAY)
        return take_buffer (value);
      return take_typed_members (value, type);
    default:
      g_assert_not_reached ();
    }
}

/**
 * subiter_value_take_variant:
 * @value: (inout): a value that [method@Subiter.Value.check] accepts for @type
 * @type: (nullable): the type to give it, or %NULL for the one of the
 *   conversion table
 *
 * Makes a variant of what @value holds, moving strings and buffers rather
 * than copying them, and leaves `None` in @value.
 *
 * Returns: (transfer full): the variant
 */
GVariant *
subiter_value_take_variant (SubiterValue *value,
                            const GVariantType *type)
{
  GVariant *variant;

  if (value->kind == SUBITER_VALUE_MADE)
    {
      variant = (gpointer) value->data.bytes;
      subiter_value_init (value);
      return variant;
    }

  variant = type == NULL ? take_natural (value) : take_typed (value, type);
  subiter_value_init (value);

  return g_variant_ref_sink (variant);
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
 * once as well. @value has to be one that is accepted for @type. */
void
subiter_value_make_if_large (SubiterValue *value,
                             const GVariantType *type)
{
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (count_members (value, LARGE_COUNT) < LARGE_COUNT)
    return;

  variant = subiter_value_take_variant (value, type);
  bytes = subiter_value_release_elsewhere (g_variant_get_data_as_bytes (variant));
  value->kind = SUBITER_VALUE_MADE;
  value->data.bytes = (gpointer) g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (variant),
                                                                               bytes, TRUE));
}
