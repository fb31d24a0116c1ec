/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"
#include "fuzz-variants.h"

#include "item-format.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* A variant, in every format of the command: one line of valid text, JSON that a parser
 * takes, and a GVariant's text that gives the same variant back. */

static void
check_json (const char *text)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;

  g_assert_null (strpbrk (text, "\n\r"));
  g_assert_true (g_utf8_validate (text, -1, NULL));
  json_parser_set_strict (parser, TRUE);
  json_parser_load_from_data (parser, text, -1, &error);
  g_assert_no_error (error);
}

static void
check_gvariant (const char *text,
                GVariant *variant)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *again = NULL;
  g_autoptr (GVariant) parsed = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_true (g_utf8_validate (text, -1, NULL));
  /* What GLib can print and not read again: great depth, and numbers that are next to 0. */
  if (g_error_matches (error, G_VARIANT_PARSE_ERROR, G_VARIANT_PARSE_ERROR_RECURSION)
      || g_error_matches (error, G_VARIANT_PARSE_ERROR, G_VARIANT_PARSE_ERROR_NUMBER_TOO_BIG))
    return;
  g_assert_no_error (error);
  g_assert_true (g_variant_is_of_type (parsed, g_variant_get_type (variant)));
  again = g_variant_print (parsed, TRUE);
  g_assert_cmpstr (again, ==, text);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  FuzzReader reader = { data, size };
  g_autoptr (GVariant) variant = fuzz_variant_make (&reader);
  g_autoptr (GString) text = g_string_new (NULL);

  if (variant == NULL)
    return 0;

  item_format_append (ITEM_FORMAT_JSON, text, variant);
  check_json (text->str);

  g_string_truncate (text, 0);
  item_format_append (ITEM_FORMAT_TEXT, text, variant);
  g_assert_true (g_utf8_validate (text->str, (gssize) text->len, NULL));

  g_string_truncate (text, 0);
  item_format_append (ITEM_FORMAT_GVARIANT, text, variant);
  check_gvariant (text->str, variant);

  return 0;
}
