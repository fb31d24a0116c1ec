/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-python.h"
#include "fuzz-variants.h"

#include <string.h>

/* A variant is an argument of a Python function that returns what it got: so each goes
 * through Python, and comes back as the tables of the documentation say. */

#define MAX_CONTAINERS SUBITER_VALUE_MAX_DEPTH
#define MAX_LEVELS 128

static GVariant *make_natural (GVariant *given,
                               guint depth);
static GVariant *make_typed (GVariant *given,
                             guint depth);

/* What is in boxes and maybes; NULL if that is nothing, which is None. */
static GVariant *
unwrap (GVariant *given)
{
  g_autoptr (GVariant) inner = NULL;

  if (!g_variant_is_of_type (given, G_VARIANT_TYPE_VARIANT) && !g_variant_is_of_type (given, G_VARIANT_TYPE_MAYBE))
    return g_variant_ref (given);
  if (g_variant_n_children (given) == 0)
    return NULL;

  inner = g_variant_get_child_value (given, 0);

  return unwrap (inner);
}

/* Whether a dict has them in one place. No NaN is the same as another. */
static gboolean
are_same_key (GVariant *a,
              GVariant *b)
{
  if (g_variant_is_of_type (a, G_VARIANT_TYPE_DOUBLE))
    return g_variant_get_double (a) == g_variant_get_double (b);

  return g_variant_equal (a, b);
}

/* The entries of a dict as Python has them: the first key, the last value. */
static GPtrArray *
list_entries (GVariant *dict)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (gsize i = 0; i < g_variant_n_children (dict); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (dict, i);
      g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
      g_autoptr (GVariant) value = g_variant_get_child_value (entry, 1);
      guint j;

      for (j = 0; j < entries->len; j += 2)
        {
          if (are_same_key (entries->pdata[j], key))
            break;
        }
      if (j < entries->len)
        {
          g_variant_unref (entries->pdata[j + 1]);
          entries->pdata[j + 1] = g_steal_pointer (&value);
          continue;
        }
      g_ptr_array_add (entries, g_steal_pointer (&key));
      g_ptr_array_add (entries, g_steal_pointer (&value));
    }

  return g_steal_pointer (&entries);
}

/* Floating, as all that is made here is. */
static GVariant *
copy (GVariant *given)
{
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (given);

  return g_variant_new_from_bytes (g_variant_get_type (given), bytes, TRUE);
}

/* FALSE if there is none, because it cannot be. */
static gboolean
add (GVariantBuilder *builder,
     GVariant *member)
{
  if (member == NULL)
    return FALSE;

  g_variant_builder_add_value (builder, member);

  return TRUE;
}

static GVariant *
box (GVariant *variant)
{
  return variant != NULL ? g_variant_new_variant (variant) : NULL;
}

static GVariant *
make_dict (GVariant *given,
           const GVariantType *type,
           guint depth)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (type);
  g_autoptr (GPtrArray) entries = list_entries (given);
  gboolean is_natural = g_variant_type_equal (type, G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; i < entries->len; i += 2)
    {
      g_autoptr (GVariant) key = NULL;
      GVariant *value;

      key = g_variant_ref_sink (is_natural ? make_natural (entries->pdata[i], depth)
                                           : make_typed (entries->pdata[i], depth));
      /* of a type that a dict of the natural type has no keys of */
      if (!g_variant_is_of_type (key, g_variant_type_key (g_variant_type_element (type))))
        return NULL;
      value = is_natural ? box (make_natural (entries->pdata[i + 1], depth)) : make_typed (entries->pdata[i + 1], depth);
      if (value == NULL)
        return NULL;
      g_variant_builder_add_value (&builder, g_variant_new_dict_entry (key, value));
    }

  return g_variant_builder_end (&builder);
}

static GVariant *
make_natural_members (GVariant *given,
                      guint depth)
{
  gboolean is_array = g_variant_is_of_type (given, G_VARIANT_TYPE_ARRAY);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (is_array ? G_VARIANT_TYPE ("av") : G_VARIANT_TYPE_TUPLE);

  for (gsize i = 0; i < g_variant_n_children (given); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (given, i);
      GVariant *member = make_natural (child, depth);

      if (!add (&builder, is_array ? box (member) : member))
        return NULL;
    }

  return g_variant_builder_end (&builder);
}

static GVariant *
make_integer (GVariant *given)
{
  switch (g_variant_classify (given))
    {
    case G_VARIANT_CLASS_BYTE:
      return g_variant_new_int64 (g_variant_get_byte (given));
    case G_VARIANT_CLASS_INT16:
      return g_variant_new_int64 (g_variant_get_int16 (given));
    case G_VARIANT_CLASS_UINT16:
      return g_variant_new_int64 (g_variant_get_uint16 (given));
    case G_VARIANT_CLASS_INT32:
      return g_variant_new_int64 (g_variant_get_int32 (given));
    case G_VARIANT_CLASS_UINT32:
      return g_variant_new_int64 (g_variant_get_uint32 (given));
    case G_VARIANT_CLASS_INT64:
      return g_variant_new_int64 (g_variant_get_int64 (given));
    default:
      break;
    }
  if (g_variant_get_uint64 (given) <= G_MAXINT64)
    return g_variant_new_int64 ((gint64) g_variant_get_uint64 (given));

  return g_variant_new_uint64 (g_variant_get_uint64 (given));
}

/* Of the type that the Python object gives it. */
static GVariant *
make_natural (GVariant *wrapped,
              guint depth)
{
  g_autoptr (GVariant) given = unwrap (wrapped);

  if (given == NULL)
    return g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL);
  if (g_variant_is_of_type (given, G_VARIANT_TYPE_BYTESTRING))
    return copy (given);
  if (g_variant_is_container (given))
    {
      if (depth == MAX_CONTAINERS)
        return NULL;
      if (g_variant_is_of_type (given, G_VARIANT_TYPE_DICTIONARY))
        return make_dict (given, G_VARIANT_TYPE_VARDICT, depth + 1);
      return make_natural_members (given, depth + 1);
    }

  switch (*g_variant_get_type_string (given))
    {
    case 'b':
    case 'd':
    case 's':
      return copy (given);
    case 'o':
    case 'g':
      return g_variant_new_string (g_variant_get_string (given, NULL));
    default:
      return make_integer (given);
    }
}

/* With the type that it had as the item-type. */
static GVariant *
make_typed (GVariant *given,
            guint depth)
{
  const GVariantType *type = g_variant_get_type (given);
  g_auto (GVariantBuilder) builder = { 0 };
  g_autoptr (GVariant) content = NULL;

  if (!g_variant_is_container (given) || g_variant_is_of_type (given, G_VARIANT_TYPE_BYTESTRING))
    return copy (given);
  if (g_variant_is_of_type (given, G_VARIANT_TYPE_VARIANT))
    {
      content = g_variant_get_variant (given);
      return box (make_natural (content, depth));
    }
  if (g_variant_is_of_type (given, G_VARIANT_TYPE_MAYBE))
    {
      g_autoptr (GVariant) inner = unwrap (given);
      GVariant *member;

      if (inner == NULL)
        return g_variant_new_maybe (g_variant_type_element (type), NULL);
      content = g_variant_get_maybe (given);
      member = make_typed (content, depth);
      return member != NULL ? g_variant_new_maybe (NULL, member) : NULL;
    }

  /* no Python object is an entry of a dict */
  if (depth == MAX_CONTAINERS || g_variant_is_of_type (given, G_VARIANT_TYPE_DICT_ENTRY))
    return NULL;
  if (g_variant_is_of_type (given, G_VARIANT_TYPE_DICTIONARY))
    return make_dict (given, type, depth + 1);

  g_variant_builder_init (&builder, type);
  for (gsize i = 0; i < g_variant_n_children (given); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (given, i);

      if (!add (&builder, make_typed (child, depth + 1)))
        return NULL;
    }

  return g_variant_builder_end (&builder);
}

static void
check (GVariant *given,
       GVariant *expected,
       SubiterCallable *callable,
       const GVariantType *item_type)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  gboolean is_complete = fuzz_python_run (callable, item_type, items, &error);

  if (expected == NULL || fuzz_variant_count_levels (expected) > MAX_LEVELS)
    {
      g_assert_false (is_complete);
      g_assert_cmpuint (items->len, ==, 0);
      g_assert_true (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE)
                     || g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE));
      g_assert_true (g_str_has_prefix (error->message, "item"));
      return;
    }

  g_assert_no_error (error);
  g_assert_cmpuint (items->len, ==, 1);
  g_assert_cmpstr (g_variant_get_type_string (items->pdata[0]), ==, g_variant_get_type_string (expected));
  g_assert_true (g_variant_is_normal_form (items->pdata[0]));
  /* Bits, not text: a NaN is to stay the NaN that it is. */
  g_assert_cmpmem (g_variant_get_data (items->pdata[0]), g_variant_get_size (items->pdata[0]),
                   g_variant_get_data (expected), g_variant_get_size (expected));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  FuzzReader reader = { data, size };
  g_autoptr (GVariant) given = fuzz_variant_make (&reader);
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) normal = NULL;
  g_autoptr (GVariant) expected = NULL;
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (GError) error = NULL;

  if (given == NULL)
    return 0;

  args = g_variant_ref_sink (g_variant_new_tuple (&given, 1));
  callable = fuzz_python_callable ("echo", args, NULL, &error);
  if (callable == NULL)
    {
      fuzz_assert_error (error);
      return 0;
    }

  normal = g_variant_get_normal_form (given);
  expected = make_typed (normal, 0);
  if (expected != NULL)
    g_variant_ref_sink (expected);
  check (given, expected, callable, g_variant_get_type (given));
  g_clear_pointer (&expected, g_variant_unref);

  expected = make_natural (normal, 0);
  if (expected != NULL)
    g_variant_ref_sink (expected);
  check (given, expected, callable, NULL);

  if (g_variant_is_of_type (given, G_VARIANT_TYPE_VARDICT))
    {
      g_clear_pointer (&callable, subiter_callable_unref);
      callable = fuzz_python_callable ("echo_keywords", NULL, given, &error);
      g_assert_no_error (error);
      check (given, expected, callable, NULL);
    }

  return 0;
}
