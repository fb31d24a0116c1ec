/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include <string.h>
#include <subiter.h>

/* Lines: a kind, a place and an attribute. What names something to call is refused, or
 * comes back as it was given. */

static void
check_refused (const GError *error)
{
  fuzz_assert_error (error);
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE);
}

/* A name has no empty part, and nothing in it that only has a meaning around names. */
static void
check_name (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, ".", -1);

  g_assert_true (g_utf8_validate (name, -1, NULL));
  g_assert_null (strpbrk (name, ":/\\ \t\r\n()[]{}'\"-+,;#"));
  g_assert_nonnull (parts[0]);
  for (gsize i = 0; parts[i] != NULL; i++)
    {
      g_assert_cmpstr (parts[i], !=, "");
      g_assert_false (g_ascii_isdigit (*parts[i]));
    }
}

static void
try_entry_point (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SubiterCallable) callable = subiter_callable_new_for_entry_point (text, &error);
  g_autofree char *joined = NULL;
  g_autofree char *shown = NULL;

  if (callable == NULL)
    {
      check_refused (error);
      return;
    }

  g_assert_no_error (error);
  check_name (subiter_callable_get_module (callable));
  check_name (subiter_callable_get_attribute (callable));
  joined = g_strconcat (subiter_callable_get_module (callable), ":",
                        subiter_callable_get_attribute (callable), NULL);
  g_assert_cmpstr (joined, ==, text);
  shown = subiter_callable_to_string (callable);
  g_assert_cmpstr (shown, ==, text);
}

static void
try_file (const char *path,
          const char *attribute)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SubiterCallable) callable = subiter_callable_new_for_file (path, attribute, &error);
  g_autofree char *expected = NULL;

  if (callable == NULL)
    {
      check_refused (error);
      return;
    }

  g_assert_no_error (error);
  check_name (subiter_callable_get_attribute (callable));
  g_assert_cmpstr (subiter_callable_get_attribute (callable), ==, attribute);
  expected = g_canonicalize_filename (path, NULL);
  g_assert_cmpstr (subiter_callable_get_path (callable), ==, expected);
  g_assert_true (g_path_is_absolute (subiter_callable_get_path (callable)));
}

static void
try_source_code (const char *code,
                 const char *attribute)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SubiterCallable) callable = subiter_callable_new_for_source_code (code, attribute, &error);

  if (callable == NULL)
    {
      check_refused (error);
      return;
    }

  g_assert_no_error (error);
  check_name (subiter_callable_get_attribute (callable));
  g_assert_cmpstr (subiter_callable_get_attribute (callable), ==, attribute);
  g_assert_cmpstr (subiter_callable_get_source_code (callable), ==, code);
  g_assert_true (g_utf8_validate (code, -1, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  FuzzReader reader = { data, size };
  g_autofree char *kind = fuzz_reader_take_line (&reader);
  g_autofree char *attribute = NULL;
  g_autofree char *place = NULL;

  if (g_str_equal (kind, "file"))
    {
      place = fuzz_reader_take_line (&reader);
      attribute = fuzz_reader_take_line (&reader);
      try_file (place, attribute);
    }
  else if (g_str_equal (kind, "code"))
    {
      attribute = fuzz_reader_take_line (&reader);
      /* of several lines */
      place = g_strndup ((const char *) reader.data, reader.size);
      try_source_code (place, attribute);
    }
  else
    {
      try_entry_point (kind);
    }

  return 0;
}
