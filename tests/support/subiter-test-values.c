/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-runtime.h"

static void
fill_members (SubiterValue *values,
              GVariant *variant)
{
  gsize n_members = g_variant_n_children (variant);

  for (gsize i = 0; i < n_members; i++)
    {
      g_autoptr (GVariant) member = g_variant_get_child_value (variant, i);

      subiter_test_value_from_variant (&values[i], member);
    }
}

static void
fill_dict (SubiterValue *value,
           GVariant *variant)
{
  gsize n_pairs = g_variant_n_children (variant);
  SubiterValue *values = subiter_value_set_dict (value, n_pairs);

  for (gsize i = 0; i < n_pairs; i++)
    {
      g_autoptr (GVariant) pair = g_variant_get_child_value (variant, i);

      fill_members (&values[i * 2], pair);
    }
}

static void
fill_array (SubiterValue *value,
            GVariant *variant)
{
  const GVariantType *element = g_variant_type_element (g_variant_get_type (variant));
  char kind = *g_variant_type_peek_string (element);

  switch (kind)
    {
    case '{':
      fill_dict (value, variant);
      break;
    case 'y':
      subiter_value_take_bytes (value, g_variant_get_data_as_bytes (variant));
      break;
    case 'b':
    case 'n':
    case 'q':
    case 'i':
    case 'u':
    case 'x':
    case 't':
    case 'd':
      subiter_value_take_array (value, kind, g_variant_get_data_as_bytes (variant));
      break;
    default:
      fill_members (subiter_value_set_list (value, g_variant_n_children (variant)), variant);
    }
}

void
subiter_test_value_from_variant (SubiterValue *value,
                                 GVariant *variant)
{
  g_autoptr (GVariant) inner = NULL;

  subiter_value_init (value);

  switch (g_variant_classify (variant))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      subiter_value_set_boolean (value, g_variant_get_boolean (variant));
      break;
    case G_VARIANT_CLASS_BYTE:
      subiter_value_set_int64 (value, g_variant_get_byte (variant));
      break;
    case G_VARIANT_CLASS_INT16:
      subiter_value_set_int64 (value, g_variant_get_int16 (variant));
      break;
    case G_VARIANT_CLASS_UINT16:
      subiter_value_set_int64 (value, g_variant_get_uint16 (variant));
      break;
    case G_VARIANT_CLASS_INT32:
      subiter_value_set_int64 (value, g_variant_get_int32 (variant));
      break;
    case G_VARIANT_CLASS_UINT32:
      subiter_value_set_int64 (value, g_variant_get_uint32 (variant));
      break;
    case G_VARIANT_CLASS_INT64:
      subiter_value_set_int64 (value, g_variant_get_int64 (variant));
      break;
    case G_VARIANT_CLASS_UINT64:
      subiter_value_set_uint64 (value, g_variant_get_uint64 (variant));
      break;
    case G_VARIANT_CLASS_DOUBLE:
      subiter_value_set_double (value, g_variant_get_double (variant));
      break;
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
      subiter_value_set_string (value, g_variant_get_string (variant, NULL), -1);
      break;
    case G_VARIANT_CLASS_VARIANT:
      inner = g_variant_get_variant (variant);
      subiter_test_value_from_variant (value, inner);
      break;
    case G_VARIANT_CLASS_MAYBE:
      inner = g_variant_get_maybe (variant);
      if (inner != NULL)
        subiter_test_value_from_variant (value, inner);
      break;
    case G_VARIANT_CLASS_TUPLE:
      fill_members (subiter_value_set_tuple (value, g_variant_n_children (variant)), variant);
      break;
    case G_VARIANT_CLASS_ARRAY:
      fill_array (value, variant);
      break;
    case G_VARIANT_CLASS_HANDLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
    default:
      g_assert_not_reached ();
    }
}
