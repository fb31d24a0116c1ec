/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include "fuzz-model.h"

#include "subiter-batch-private.h"
#include "subiter-error.h"
#include "subiter-test-columns.h"
#include "subiter-value-private.h"

#include <string.h>

/* A line with an item-type, which counts if it is a definite type, then a tree of values
 * as a runtime of somebody else might push it, mostly one that fits. It becomes a variant
 * of that type that says the same, or it is refused with the place that does not fit. */

static void
check_error (const GError *error)
{
  fuzz_assert_error (error);
  g_assert_true (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE)
                 || g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE));
  g_assert_true (g_str_has_prefix (error->message, "item"));
  g_assert_nonnull (strstr (error->message, ": "));
}

/* (floating): the same, put together by GLib from its smallest parts. */
static GVariant *
put_together (GVariant *variant)
{
  const GVariantType *type = g_variant_get_type (variant);
  gsize n_members = g_variant_is_container (variant) ? g_variant_n_children (variant) : 0;
  g_autofree GVariant **members = g_new (GVariant *, n_members);

  if (!g_variant_is_container (variant))
    return g_variant_new_from_data (type, g_variant_get_data (variant), g_variant_get_size (variant), TRUE,
                                    (GDestroyNotify) g_variant_unref, g_variant_ref (variant));

  for (gsize i = 0; i < n_members; i++)
    {
      g_autoptr (GVariant) member = g_variant_get_child_value (variant, i);

      members[i] = put_together (member);
    }

  switch (g_variant_classify (variant))
    {
    case G_VARIANT_CLASS_VARIANT:
      return g_variant_new_variant (members[0]);
    case G_VARIANT_CLASS_MAYBE:
      return g_variant_new_maybe (g_variant_type_element (type), n_members > 0 ? members[0] : NULL);
    case G_VARIANT_CLASS_ARRAY:
      return g_variant_new_array (g_variant_type_element (type), members, n_members);
    case G_VARIANT_CLASS_DICT_ENTRY:
      return g_variant_new_dict_entry (members[0], members[1]);
    default:
      return g_variant_new_tuple (members, n_members);
    }
}

/* Byte for byte what GLib would have written. */
static void
check_bytes (GVariant *variant)
{
  g_autoptr (GVariant) expected = g_variant_ref_sink (put_together (variant));
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (variant);
  g_autoptr (GBytes) expected_bytes = g_variant_get_data_as_bytes (expected);

  g_assert_true (g_variant_type_equal (g_variant_get_type (variant), g_variant_get_type (expected)));
  g_assert_true (g_bytes_equal (bytes, expected_bytes));
}

/* Not only in memory: it has to survive being written and read, which is when GLib looks
 * at it with suspicion. */
static void
check_variant (GVariant *variant,
               const SubiterValue *value,
               const GVariantType *type)
{
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (variant);
  g_autofree gpointer copy = g_memdup2 (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autoptr (GVariant) read = NULL;

  if (type != NULL)
    g_assert_true (g_variant_is_of_type (variant, type));
  g_assert_true (g_variant_is_normal_form (variant));
  g_assert_true (fuzz_model_equal (value, variant, type));

  read = g_variant_ref_sink (g_variant_new_from_data (g_variant_get_type (variant), copy,
                                                      g_bytes_get_size (bytes), FALSE, NULL, NULL));
  g_assert_true (g_variant_is_normal_form (read));
  g_assert_true (fuzz_model_equal (value, read, type));
}

/* Columns of the value, and of the variant, say what the variant does. */
static void
check_columns (GVariant *variant,
               SubiterValue *value,
               const GVariantType *type)
{
  g_autoptr (SubiterBatch) batch = subiter_batch_new (type);
  g_autoptr (SubiterColumns) columns = NULL;
  g_autoptr (SubiterColumns) columns_of_variant = subiter_columns_new_for_variant (variant);
  g_autofree char *expected = subiter_test_columns_print_variant (variant);
  g_autofree char *printed = NULL;
  g_autofree char *printed_of_variant = subiter_test_columns_print (columns_of_variant);

  subiter_batch_append (batch, value);
  columns = subiter_columns_new (batch);
  printed = subiter_test_columns_print (columns);
  g_assert_cmpstr (printed, ==, expected);
  g_assert_cmpstr (printed_of_variant, ==, expected);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  FuzzReader reader = { data, size };
  FuzzReader again;
  g_autofree char *line = fuzz_reader_take_line (&reader);
  const GVariantType *type = NULL;
  g_autoptr (GError) error = NULL;
  SubiterValue value;
  /* taking the variant takes the value */
  SubiterValue same;

  if (g_variant_type_string_is_valid (line) && g_variant_type_is_definite (G_VARIANT_TYPE (line)))
    type = G_VARIANT_TYPE (line);
  again = reader;
  fuzz_model_make (&value, &reader, type);
  fuzz_model_make (&same, &again, type);

  if (subiter_value_check (&value, type, &error))
    {
      g_autoptr (GVariant) variant = NULL;

      g_assert_no_error (error);
      g_assert_true (fuzz_model_fits (&same, type));
      variant = subiter_value_take_variant (&value, type);
      g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_NONE);
      check_variant (variant, &same, type);
      check_bytes (variant);
      if (subiter_value_is_container (&same))
        {
          /* as for one that is large, with all its buffers in it */
          g_autoptr (GVariant) in_one_piece = g_variant_ref_sink (subiter_value_serialize (&same, type, G_MAXSIZE));

          check_variant (in_one_piece, &same, type);
          check_bytes (in_one_piece);
        }
      check_columns (variant, &same, type);
    }
  else
    {
      check_error (error);
      g_assert_false (fuzz_model_fits (&same, type));
    }
  subiter_value_clear (&value);
  subiter_value_clear (&same);

  return 0;
}
