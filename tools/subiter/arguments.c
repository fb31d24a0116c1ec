/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "arguments.h"

#include <string.h>

/* The value in "key=value", or NULL if @argument is not of that form. No text
 * of a GVariant starts with a name and an equals sign. */
static const char *
find_value (const char *argument)
{
  const char *p = argument;

  if (!g_unichar_isalpha (g_utf8_get_char (p)) && *p != '_')
    return NULL;
  while (g_unichar_isalnum (g_utf8_get_char (p)) || *p == '_')
    p = g_utf8_next_char (p);

  return *p == '=' ? p + 1 : NULL;
}

/* Whether @text can only be meant as a string: a path, or one word without
 * anything that text of a GVariant is made of. */
static gboolean
is_plain_string (const char *text)
{
  if (*text == '/' || g_str_has_prefix (text, "./") || g_str_has_prefix (text, "../"))
    return TRUE;
  if (!g_unichar_isalpha (g_utf8_get_char (text)) && *text != '_' && !g_str_equal (text, ".")
      && !g_str_equal (text, ".."))
    return FALSE;

  return strpbrk (text, "'\"()[]{}<>,@% \t\n") == NULL;
}

/* GVariant's text gives a bare number the type "i". Python has one type for
 * them all. */
static GVariant *
parse_number (const char *text)
{
  GVariant *number = g_variant_parse (G_VARIANT_TYPE_INT64, text, NULL, NULL, NULL);

  if (number == NULL)
    number = g_variant_parse (G_VARIANT_TYPE_UINT64, text, NULL, NULL, NULL);

  return number;
}

static GVariant *
parse_value (const char *argument,
             const char *text,
             GError **error)
{
  g_autoptr (GError) parse_error = NULL;
  g_autofree char *context = NULL;
  GVariant *value;

  value = g_variant_parse (NULL, text, NULL, NULL, &parse_error);
  if (value != NULL)
    return value;

  if (g_error_matches (parse_error, G_VARIANT_PARSE_ERROR, G_VARIANT_PARSE_ERROR_NUMBER_OUT_OF_RANGE))
    {
      value = parse_number (text);
      if (value != NULL)
        return value;
    }
  else if (is_plain_string (text))
    {
      return g_variant_ref_sink (g_variant_new_string (text));
    }

  if (*text == '\0')
    {
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT,
                   "--arg=%s has no value; an empty string is --arg=\"%s''\"", argument, argument);
      return NULL;
    }

  context = g_strchomp (g_variant_parse_error_print_context (parse_error, text));
  g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT,
               "--arg=%s is not the text of a GVariant: %s\n"
               "It has to be such as 5, 2.5, true, \"'a string'\" (the shell takes the outer quotes away) or "
               "\"[1, 2]\", with “key=” in front for a keyword argument",
               argument, context);

  return NULL;
}

/* Binds what was given with --arg, each "VALUE" or "KEY=VALUE". */
SubiterCallable *
arguments_bind (SubiterCallable *callable,
                const char *const *arguments,
                GError **error)
{
  g_auto (GVariantBuilder) args = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);
  g_auto (GVariantDict) kwargs = G_VARIANT_DICT_INIT (NULL);

  for (gsize i = 0; arguments != NULL && arguments[i] != NULL; i++)
    {
      const char *value_text = find_value (arguments[i]);
      g_autoptr (GVariant) value = NULL;
      g_autofree char *key = NULL;

      value = parse_value (arguments[i], value_text != NULL ? value_text : arguments[i], error);
      if (value == NULL)
        return NULL;

      if (value_text == NULL)
        {
          g_variant_builder_add_value (&args, value);
          continue;
        }

      key = g_strndup (arguments[i], value_text - 1 - arguments[i]);
      if (g_variant_dict_contains (&kwargs, key))
        {
          g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT,
                       "the keyword argument “%s” is given twice; each may be given once", key);
          return NULL;
        }
      g_variant_dict_insert_value (&kwargs, key, value);
    }

  return subiter_callable_bind (callable, g_variant_builder_end (&args), g_variant_dict_end (&kwargs), error);
}

gboolean
arguments_have_key (const char *const *arguments,
                    const char *key)
{
  for (gsize i = 0; arguments != NULL && arguments[i] != NULL; i++)
    {
      const char *value = find_value (arguments[i]);

      if (value != NULL && strncmp (arguments[i], key, strlen (key)) == 0
          && arguments[i] + strlen (key) + 1 == value)
        return TRUE;
    }

  return FALSE;
}
