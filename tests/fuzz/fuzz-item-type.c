/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include "run-options.h"
#include "subiter-value-private.h"

#include <string.h>

/* The text of an item-type: what the command takes, a source takes, and what comes is of
 * that type or is refused. */

/* One value of every kind. */
static gboolean
make_value (SubiterValue *value,
            int index)
{
  SubiterValue *members;

  subiter_value_init (value);
  switch (index)
    {
    case 0:
      return TRUE;
    case 1:
      subiter_value_set_boolean (value, TRUE);
      return TRUE;
    case 2:
      subiter_value_set_int64 (value, 1);
      return TRUE;
    case 3:
      subiter_value_set_uint64 (value, G_MAXUINT64);
      return TRUE;
    case 4:
      subiter_value_set_double (value, 0.5);
      return TRUE;
    case 5:
      return subiter_value_set_string (value, "/", -1);
    case 6:
      subiter_value_take_bytes (value, g_bytes_new_static ("a", 1));
      return TRUE;
    case 7:
      subiter_value_take_array (value, 'n', g_bytes_new_static ("ab", 2));
      return TRUE;
    case 8:
      subiter_value_set_tuple (value, 0);
      return TRUE;
    case 9:
      members = subiter_value_set_list (value, 2);
      subiter_value_set_int64 (&members[0], 1);
      subiter_value_set_int64 (&members[1], 2);
      return TRUE;
    case 10:
      members = subiter_value_set_dict (value, 1);
      subiter_value_set_int64 (&members[1], 1);
      return subiter_value_set_string (&members[0], "a", -1);
    default:
      return FALSE;
    }
}

static void
try_values (const GVariantType *type)
{
  SubiterValue value;

  for (int i = 0; make_value (&value, i); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) variant = NULL;

      if (subiter_value_check (&value, type, &error))
        {
          variant = subiter_value_take_variant (&value, type);
          g_assert_true (g_variant_is_of_type (variant, type));
          g_assert_true (g_variant_is_normal_form (variant));
        }
      else
        {
          fuzz_assert_error (error);
          /* Of a type that is as deep as one may be, a value in a "v" may be too deep. */
          if (!g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE))
            g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE);
        }
      subiter_value_clear (&value);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  FuzzReader reader = { data, size };
  g_autofree char *text = fuzz_reader_take_line (&reader);
  g_autofree char *option = g_strconcat ("--item-type=", text, NULL);
  char *argv[] = { (char *) "run", option, (char *) "m:f", NULL };
  g_autoptr (RunOptions) options = NULL;
  g_autoptr (SubiterSource) source = NULL;
  g_autoptr (GVariantType) type = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_definite = g_variant_type_string_is_valid (text) && strpbrk (text, "*?r") == NULL;

  options = run_options_parse (3, argv, &error);
  g_assert_true ((options != NULL) == is_definite);
  if (options == NULL)
    {
      fuzz_assert_error (error);
      return 0;
    }

  g_assert_true (g_variant_type_equal (options->item_type, G_VARIANT_TYPE (text)));
  source = subiter_source_new (options->callable);
  g_object_set (source, "item-type", options->item_type, NULL);
  g_object_get (source, "item-type", &type, NULL);
  g_assert_true (g_variant_type_equal (options->item_type, type));
  try_values (type);

  return 0;
}
