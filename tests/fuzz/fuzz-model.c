/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-model.h"

#include <string.h>

/* How deep the values go by themselves; a chain may go on much further. */
#define MAX_DEPTH 60
/* How many levels of a variant GLib reads, the outermost one included. */
#define MAX_LEVELS 128

static void make (SubiterValue *value,
                  FuzzReader *reader,
                  const GVariantType *type,
                  guint depth);

static GBytes *
make_bytes (FuzzReader *reader,
            gsize element_size)
{
  gsize length;
  const guint8 *data = fuzz_reader_take_bytes (reader, &length);

  return g_bytes_new (data, length - length % element_size);
}

static void
make_array (SubiterValue *value,
            FuzzReader *reader,
            char element)
{
  subiter_value_take_array (value, element, make_bytes (reader, subiter_value_element_size (element)));
}

static void
make_members (SubiterValue *values,
              gsize n_values,
              FuzzReader *reader,
              const GVariantType *type,
              guint depth)
{
  for (gsize i = 0; i < n_values; i++)
    make (&values[i], reader, type, depth);
}

/* A chain of lists with one member each, and no end in sight. */
static void
make_chain (SubiterValue *value,
            FuzzReader *reader)
{
  gsize length = fuzz_reader_take_byte (reader);

  /* deeper than a recursion could follow */
  if (length == 0xff && fuzz_reader_take_byte (reader) == 0xff)
    length = 250000;

  for (gsize i = 0; i < length; i++)
    value = subiter_value_set_list (value, 1);
}

static void
make_any (SubiterValue *value,
          FuzzReader *reader,
          guint depth)
{
  static const char elements[] = "bynqiuxtd";
  g_autofree char *text = NULL;
  gsize n_members;

  switch (fuzz_reader_take_choice (reader, depth < MAX_DEPTH ? 13 : 9))
    {
    case 0:
      break;
    case 1:
      subiter_value_set_boolean (value, fuzz_reader_take_byte (reader));
      break;
    case 2:
      subiter_value_set_int64 (value, fuzz_reader_take_int (reader));
      break;
    case 3:
      subiter_value_set_uint64 (value, (guint64) fuzz_reader_take_int (reader));
      break;
    case 4:
      subiter_value_set_double (value, fuzz_reader_take_double (reader));
      break;
    case 5:
    case 6:
      text = fuzz_reader_take_text (reader);
      g_assert_true (subiter_value_set_string (value, text, -1));
      break;
    case 7:
      subiter_value_take_bytes (value, make_bytes (reader, 1));
      break;
    case 8:
      make_array (value, reader, elements[fuzz_reader_take_choice (reader, strlen (elements))]);
      break;
    case 9:
      n_members = fuzz_reader_take_choice (reader, 20);
      make_members (subiter_value_set_tuple (value, n_members), n_members, reader, NULL, depth + 1);
      break;
    case 10:
      n_members = fuzz_reader_take_choice (reader, 20);
      make_members (subiter_value_set_list (value, n_members), n_members, reader, NULL, depth + 1);
      break;
    case 11:
      {
        SubiterValue *values;

        n_members = fuzz_reader_take_choice (reader, 20);
        values = subiter_value_set_dict (value, n_members);
        for (gsize i = 0; i < n_members; i++)
          {
            make (&values[i * 2], reader, G_VARIANT_TYPE_STRING, depth + 1);
            make (&values[i * 2 + 1], reader, NULL, depth + 1);
          }
      }
      break;
    default:
      make_chain (value, reader);
    }
}

static void
make_array_of (SubiterValue *value,
               FuzzReader *reader,
               const GVariantType *element,
               guint depth)
{
  char kind = *g_variant_type_peek_string (element);
  gsize n_members = fuzz_reader_take_choice (reader, 20);
  SubiterValue *values;

  if (kind == '{')
    {
      values = subiter_value_set_dict (value, n_members);
      for (gsize i = 0; i < n_members; i++)
        {
          make (&values[i * 2], reader, g_variant_type_key (element), depth + 1);
          make (&values[i * 2 + 1], reader, g_variant_type_value (element), depth + 1);
        }
      return;
    }

  if (subiter_value_element_size (kind) > 0 && n_members > 10)
    {
      if (kind == 'y' && n_members > 15)
        subiter_value_take_bytes (value, make_bytes (reader, 1));
      else
        make_array (value, reader, kind);
      return;
    }

  values = n_members % 2 == 0 ? subiter_value_set_list (value, n_members)
                              : subiter_value_set_tuple (value, n_members);
  make_members (values, n_members, reader, element, depth + 1);
}

static void
make_of (SubiterValue *value,
         FuzzReader *reader,
         const GVariantType *type,
         guint depth)
{
  const GVariantType *member;
  g_autofree char *text = NULL;
  SubiterValue *values;
  gsize n_members;

  switch (*g_variant_type_peek_string (type))
    {
    case 'b':
      subiter_value_set_boolean (value, fuzz_reader_take_byte (reader) & 1);
      break;
    case 'y':
    case 'n':
    case 'q':
    case 'i':
    case 'u':
    case 'x':
      subiter_value_set_int64 (value, fuzz_reader_take_int (reader));
      break;
    case 't':
      subiter_value_set_uint64 (value, (guint64) fuzz_reader_take_int (reader));
      break;
    case 'd':
      subiter_value_set_double (value, fuzz_reader_take_double (reader));
      break;
    case 's':
    case 'o':
    case 'g':
      text = fuzz_reader_take_text (reader);
      g_assert_true (subiter_value_set_string (value, text, (gssize) strlen (text)));
      break;
    case 'm':
      make (value, reader, g_variant_type_element (type), depth);
      break;
    case '(':
      n_members = g_variant_type_n_items (type);
      values = fuzz_reader_take_byte (reader) & 1 ? subiter_value_set_list (value, n_members)
                                                  : subiter_value_set_tuple (value, n_members);
      member = g_variant_type_first (type);
      for (gsize i = 0; i < n_members; i++, member = g_variant_type_next (member))
        make (&values[i], reader, member, depth + 1);
      break;
    case 'a':
      make_array_of (value, reader, g_variant_type_element (type), depth);
      break;
    default:
      make_any (value, reader, depth);
    }
}

static void
make (SubiterValue *value,
      FuzzReader *reader,
      const GVariantType *type,
      guint depth)
{
  subiter_value_init (value);
  if (type == NULL || *g_variant_type_peek_string (type) == 'v')
    make_any (value, reader, depth);
  else if (fuzz_reader_take_byte (reader) == '!')
    make_any (value, reader, depth);
  else
    make_of (value, reader, type, depth);
}

void
fuzz_model_make (SubiterValue *value,
                 FuzzReader *reader,
                 const GVariantType *type)
{
  make (value, reader, type, 0);
}

static gboolean fits (const SubiterValue *value,
                      const GVariantType *type,
                      guint depth,
                      guint level);

/* @level: how many levels of variants are around */
static gboolean
fits_natural (const SubiterValue *value,
              guint depth,
              guint level)
{
  static const guint levels[] = {
    [SUBITER_VALUE_NONE] = 2,
    [SUBITER_VALUE_BOOLEAN] = 1,
    [SUBITER_VALUE_INT64] = 1,
    [SUBITER_VALUE_UINT64] = 1,
    [SUBITER_VALUE_DOUBLE] = 1,
    [SUBITER_VALUE_STRING] = 1,
    [SUBITER_VALUE_BYTES] = 2,
    [SUBITER_VALUE_ARRAY] = 2,
    [SUBITER_VALUE_TUPLE] = 1,
    [SUBITER_VALUE_LIST] = 2,
    [SUBITER_VALUE_DICT] = 3,
  };
  const SubiterValueNode *node;

  if (level + levels[value->kind] > MAX_LEVELS)
    return FALSE;
  if (value->kind < SUBITER_VALUE_TUPLE)
    return TRUE;
  if (depth >= SUBITER_VALUE_MAX_DEPTH)
    return FALSE;

  node = subiter_value_get_node (value);
  for (gsize i = 0; i < node->n_values; i++)
    {
      if (value->kind == SUBITER_VALUE_DICT && i % 2 == 0)
        {
          if (node->values[i].kind != SUBITER_VALUE_STRING)
            return FALSE;
        }
      else if (!fits_natural (&node->values[i], depth + 1, level + levels[value->kind]))
        {
          return FALSE;
        }
    }

  return TRUE;
}

/* FALSE if @value is no int. */
static gboolean
get_int (const SubiterValue *value,
         __int128 *number)
{
  if (value->kind == SUBITER_VALUE_INT64)
    *number = value->data.int64;
  else if (value->kind == SUBITER_VALUE_UINT64)
    *number = value->data.uint64;
  else
    return FALSE;

  return TRUE;
}

static gboolean
fits_number (const SubiterValue *value,
             char type)
{
  __int128 number;

  if (type == 'd' && value->kind == SUBITER_VALUE_DOUBLE)
    return TRUE;
  if (!get_int (value, &number))
    return FALSE;

  switch (type)
    {
    case 'y':
      return number >= 0 && number < 1 << 8;
    case 'n':
      return number >= -(1 << 15) && number < 1 << 15;
    case 'q':
      return number >= 0 && number < 1 << 16;
    case 'i':
      return number >= -(1ll << 31) && number < 1ll << 31;
    case 'u':
      return number >= 0 && number < 1ll << 32;
    case 'x':
      return number >= -((__int128) 1 << 63) && number < (__int128) 1 << 63;
    case 't':
      return number >= 0 && number < (__int128) 1 << 64;
    default:
      return (__int128) (double) number == number;
    }
}

static gboolean
fits_dict (const SubiterValueNode *node,
           const GVariantType *entry,
           guint depth,
           guint level)
{
  for (gsize i = 0; i < node->n_values; i++)
    {
      if (!fits (&node->values[i], i % 2 == 0 ? g_variant_type_key (entry) : g_variant_type_value (entry), depth + 1,
                 level + 2))
        return FALSE;
    }

  return TRUE;
}

static gboolean
fits_array (const SubiterValue *value,
            const GVariantType *element,
            guint depth,
            guint level)
{
  char kind = *g_variant_type_peek_string (element);

  if (value->kind == SUBITER_VALUE_BYTES)
    return kind == 'y';
  if (value->kind == SUBITER_VALUE_ARRAY)
    return kind == value->element;
  if (value->kind < SUBITER_VALUE_TUPLE || depth >= SUBITER_VALUE_MAX_DEPTH)
    return FALSE;
  if ((kind == '{') != (value->kind == SUBITER_VALUE_DICT))
    return FALSE;
  if (kind == '{')
    return fits_dict (subiter_value_get_node (value), element, depth, level);

  for (gsize i = 0; i < subiter_value_get_node (value)->n_values; i++)
    {
      if (!fits (&subiter_value_get_node (value)->values[i], element, depth + 1, level + 1))
        return FALSE;
    }

  return TRUE;
}

static gboolean
fits_tuple (const SubiterValue *value,
            const GVariantType *type,
            guint depth,
            guint level)
{
  const GVariantType *member = g_variant_type_first (type);
  const SubiterValueNode *node;

  if (value->kind != SUBITER_VALUE_TUPLE && value->kind != SUBITER_VALUE_LIST)
    return FALSE;
  node = subiter_value_get_node (value);
  if (node->n_values != g_variant_type_n_items (type) || depth >= SUBITER_VALUE_MAX_DEPTH)
    return FALSE;

  for (gsize i = 0; i < node->n_values; i++, member = g_variant_type_next (member))
    {
      if (!fits (&node->values[i], member, depth + 1, level + 1))
        return FALSE;
    }

  return TRUE;
}

static gboolean
fits (const SubiterValue *value,
      const GVariantType *type,
      guint depth,
      guint level)
{
  char kind = *g_variant_type_peek_string (type);

  switch (kind)
    {
    case 'b':
      return value->kind == SUBITER_VALUE_BOOLEAN;
    case 's':
      return value->kind == SUBITER_VALUE_STRING;
    case 'o':
      return value->kind == SUBITER_VALUE_STRING && g_variant_is_object_path (subiter_value_get_string (value, NULL));
    case 'g':
      return value->kind == SUBITER_VALUE_STRING && g_variant_is_signature (subiter_value_get_string (value, NULL));
    case 'm':
      return value->kind == SUBITER_VALUE_NONE
             || fits (value, g_variant_type_element (type), depth, level + 1);
    case 'v':
      return fits_natural (value, depth, level + 1);
    case 'a':
      return fits_array (value, g_variant_type_element (type), depth, level);
    case '(':
      return fits_tuple (value, type, depth, level);
    case 'h':
    case '{':
      return FALSE;
    default:
      return fits_number (value, kind);
    }
}

gboolean
fuzz_model_fits (const SubiterValue *value,
                 const GVariantType *type)
{
  return type == NULL ? fits_natural (value, 0, 0) : fits (value, type, 0, 0);
}

static __int128
get_integer (GVariant *variant)
{
  switch (*g_variant_get_type_string (variant))
    {
    case 'y':
      return g_variant_get_byte (variant);
    case 'n':
      return g_variant_get_int16 (variant);
    case 'q':
      return g_variant_get_uint16 (variant);
    case 'i':
      return g_variant_get_int32 (variant);
    case 'u':
      return g_variant_get_uint32 (variant);
    case 'x':
      return g_variant_get_int64 (variant);
    case 't':
      return g_variant_get_uint64 (variant);
    default:
      g_assert_not_reached ();
    }
}

static gboolean
same_bits (double a,
           double b)
{
  return memcmp (&a, &b, sizeof a) == 0;
}

static gboolean
equal_buffer (const SubiterValue *value,
              GVariant *variant)
{
  char element = value->kind == SUBITER_VALUE_BYTES ? 'y' : value->element;
  const char type[] = { 'a', element, '\0' };
  gsize size;
  const guint8 *data = g_bytes_get_data (value->data.bytes, &size);
  gsize n_bytes = subiter_value_element_size (element);

  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE (type)) || g_variant_n_children (variant) != size / n_bytes)
    return FALSE;

  for (gsize i = 0; i < size / n_bytes; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i);

      if (element == 'b')
        {
          if (g_variant_get_boolean (child) != (data[i] != 0))
            return FALSE;
        }
      else if (memcmp (g_variant_get_data (child), data + i * n_bytes, n_bytes) != 0)
        {
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
equal_members (const SubiterValue *value,
               GVariant *variant,
               gboolean is_natural)
{
  const SubiterValueNode *node = subiter_value_get_node (value);
  gsize n_each = value->kind == SUBITER_VALUE_DICT ? 2 : 1;

  if (g_variant_n_children (variant) != node->n_values / n_each)
    return FALSE;

  for (gsize i = 0; i < node->n_values; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i / n_each);
      g_autoptr (GVariant) member = n_each == 2 ? g_variant_get_child_value (child, i % 2) : g_variant_ref (child);

      if (is_natural)
        {
          g_autoptr (GVariant) boxed = g_steal_pointer (&member);

          /* the members of a list, and the values of a dict */
          if (value->kind == SUBITER_VALUE_LIST || (n_each == 2 && i % 2 == 1))
            member = g_variant_get_variant (boxed);
          else
            member = g_variant_ref (boxed);
        }
      if (!fuzz_model_equal (&node->values[i], member, is_natural ? NULL : g_variant_get_type (member)))
        return FALSE;
    }

  return TRUE;
}

static gboolean
equal_natural (const SubiterValue *value,
               GVariant *variant)
{
  const char *type = g_variant_get_type_string (variant);
  g_autoptr (GVariant) inner = NULL;

  switch ((SubiterValueKind) value->kind)
    {
    case SUBITER_VALUE_NONE:
      inner = g_str_equal (type, "mv") ? g_variant_get_maybe (variant) : g_variant_ref (variant);
      return inner == NULL;
    case SUBITER_VALUE_BOOLEAN:
      return g_str_equal (type, "b") && g_variant_get_boolean (variant) == value->data.boolean;
    case SUBITER_VALUE_INT64:
      return g_str_equal (type, "x") && g_variant_get_int64 (variant) == value->data.int64;
    case SUBITER_VALUE_UINT64:
      return g_str_equal (type, "t") && g_variant_get_uint64 (variant) == value->data.uint64;
    case SUBITER_VALUE_DOUBLE:
      return g_str_equal (type, "d") && same_bits (g_variant_get_double (variant), value->data.real);
    case SUBITER_VALUE_STRING:
      return g_str_equal (type, "s") && g_str_equal (g_variant_get_string (variant, NULL), subiter_value_get_string (value, NULL));
    case SUBITER_VALUE_BYTES:
    case SUBITER_VALUE_ARRAY:
      return equal_buffer (value, variant);
    case SUBITER_VALUE_TUPLE:
      return *type == '(' && equal_members (value, variant, TRUE);
    case SUBITER_VALUE_LIST:
      return g_str_equal (type, "av") && equal_members (value, variant, TRUE);
    case SUBITER_VALUE_DICT:
      return g_str_equal (type, "a{sv}") && equal_members (value, variant, TRUE);
    default:
      g_assert_not_reached ();
    }
}

gboolean
fuzz_model_equal (const SubiterValue *value,
                  GVariant *variant,
                  const GVariantType *type)
{
  g_autoptr (GVariant) inner = NULL;
  __int128 number = 0;
  char kind;

  if (type == NULL)
    return equal_natural (value, variant);
  if (!g_variant_is_of_type (variant, type))
    return FALSE;

  kind = *g_variant_type_peek_string (type);
  switch (kind)
    {
    case 'b':
      return value->kind == SUBITER_VALUE_BOOLEAN && g_variant_get_boolean (variant) == value->data.boolean;
    case 'd':
      if (value->kind == SUBITER_VALUE_DOUBLE)
        return same_bits (g_variant_get_double (variant), value->data.real);
      return get_int (value, &number) && g_variant_get_double (variant) == (double) number;
    case 's':
    case 'o':
    case 'g':
      return value->kind == SUBITER_VALUE_STRING
             && g_str_equal (g_variant_get_string (variant, NULL), subiter_value_get_string (value, NULL));
    case 'm':
      inner = g_variant_get_maybe (variant);
      if (inner == NULL)
        return value->kind == SUBITER_VALUE_NONE;
      return value->kind != SUBITER_VALUE_NONE && fuzz_model_equal (value, inner, g_variant_type_element (type));
    case 'v':
      inner = g_variant_get_variant (variant);
      return equal_natural (value, inner);
    case 'a':
    case '(':
      if (value->kind == SUBITER_VALUE_BYTES || value->kind == SUBITER_VALUE_ARRAY)
        return equal_buffer (value, variant);
      return value->kind >= SUBITER_VALUE_TUPLE && equal_members (value, variant, FALSE);
    default:
      return get_int (value, &number) && get_integer (variant) == number;
    }
}
