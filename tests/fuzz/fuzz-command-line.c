/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include "arguments.h"
#include "entry-point.h"
#include "run-options.h"

#include <string.h>

/* A line for each argument of `subiter run`. What is taken is within the limits that are
 * documented; what is not, is said in words that can be shown. */

#define MAX_ARGUMENTS 32

/* Help is shown by GLib, which ends the program. */
static gboolean
asks_for_help (const char *argument)
{
  if (g_str_has_prefix (argument, "--"))
    return g_str_has_prefix (argument, "--help");

  return *argument == '-' && strpbrk (argument, "h?") != NULL;
}

static void
check_callable (SubiterCallable *callable)
{
  g_autofree char *text = subiter_callable_to_string (callable);
  g_autofree char *folder = entry_point_dup_folder (callable);
  g_autofree char *hint = entry_point_dup_hint (callable);

  g_assert_nonnull (strchr (text, ':'));
  g_assert_true (g_utf8_validate (subiter_callable_get_attribute (callable), -1, NULL));
  if (subiter_callable_get_path (callable) != NULL)
    g_assert_true (g_path_is_absolute (folder));
  if (hint != NULL)
    g_assert_true (g_utf8_validate (hint, -1, NULL));
}

static void
check_options (const RunOptions *options)
{
  GVariant *args = subiter_callable_get_args (options->callable);
  GVariant *kwargs = subiter_callable_get_kwargs (options->callable);

  g_assert_cmpuint (options->n_jobs, >=, 1);
  g_assert_cmpuint (options->n_jobs, <=, 256);
  g_assert_cmpuint (options->buffer_size, >=, 1);
  g_assert_cmpuint (options->buffer_size, <=, 1 << 20);
  g_assert_cmpint (options->format, <=, ITEM_FORMAT_GVARIANT);
  if (options->item_type != NULL)
    g_assert_true (g_variant_type_is_definite (options->item_type));
  for (gsize i = 0; options->python_path[i] != NULL; i++)
    g_assert_true (g_path_is_absolute (options->python_path[i]));

  check_callable (options->callable);
  for (guint i = 0; i < options->initializers->len; i++)
    check_callable (options->initializers->pdata[i]);
  g_assert_true (g_variant_is_of_type (args, G_VARIANT_TYPE_TUPLE));
  g_assert_true (g_variant_is_normal_form (args));
  g_assert_true (g_variant_is_of_type (kwargs, G_VARIANT_TYPE_VARDICT));
  g_assert_true (g_variant_is_normal_form (kwargs));
  if (options->n_jobs > 1)
    {
      g_assert_false (g_variant_lookup (kwargs, "shard", "*", NULL));
      g_assert_false (g_variant_lookup (kwargs, "shards", "*", NULL));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  FuzzReader reader = { data, size };
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (RunOptions) options = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (owned, g_strdup ("run"));
  while (!fuzz_reader_is_at_end (&reader) && owned->len <= MAX_ARGUMENTS)
    {
      char *line = fuzz_reader_take_line (&reader);

      g_ptr_array_add (owned, line);
      if (asks_for_help (line))
        return 0;
    }
  /* The option parser moves them about. */
  for (guint i = 0; i < owned->len; i++)
    g_ptr_array_add (argv, owned->pdata[i]);
  g_ptr_array_add (argv, NULL);

  options = run_options_parse ((int) owned->len, (char **) argv->pdata, &error);
  if (options == NULL)
    {
      fuzz_assert_error (error);
      return 0;
    }
  g_assert_no_error (error);
  check_options (options);

  return 0;
}
