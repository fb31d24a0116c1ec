/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "item-format.h"

#include <json-glib/json-glib.h>

#include <math.h>
#include <string.h>

gboolean
item_format_parse (const char *name,
                   ItemFormat *format,
                   GError **error)
{
  static const char *const names[] = { "text", "json", "gvariant" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (g_str_equal (names[i], name))
        {
          *format = (ItemFormat) i;
          return TRUE;
        }
    }

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "there is no format “%s”; it has to be “text”, “json” or “gvariant”", name);

  return FALSE;
}

/* The fewest digits that give the same number back. */
static void
append_double (GString *out,
               double number)
{
  static const char *const formats[] = { "%.15g", "%.16g", "%.17g" };
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_ascii_formatd (text, sizeof text, formats[i], number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }
  g_string_append (out, text);
  if (isfinite (number) && strpbrk (text, ".e") == NULL)
    g_string_append (out, ".0");
}

/* FALSE if @value is not a number. */
static gboolean
append_integer (GString *out,
                GVariant *value)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_BYTE:
      g_string_append_printf (out, "%u", g_variant_get_byte (value));
      return TRUE;
    case G_VARIANT_CLASS_INT16:
      g_string_append_printf (out, "%d", g_variant_get_int16 (value));
      return TRUE;
    case G_VARIANT_CLASS_UINT16:
      g_string_append_printf (out, "%u", g_variant_get_uint16 (value));
      return TRUE;
    case G_VARIANT_CLASS_INT32:
      g_string_append_printf (out, "%d", g_variant_get_int32 (value));
      return TRUE;
    case G_VARIANT_CLASS_UINT32:
      g_string_append_printf (out, "%u", g_variant_get_uint32 (value));
      return TRUE;
    case G_VARIANT_CLASS_INT64:
      g_string_append_printf (out, "%" G_GINT64_FORMAT, g_variant_get_int64 (value));
      return TRUE;
    case G_VARIANT_CLASS_UINT64:
      g_string_append_printf (out, "%" G_GUINT64_FORMAT, g_variant_get_uint64 (value));
      return TRUE;
    case G_VARIANT_CLASS_HANDLE:
      g_string_append_printf (out, "%d", g_variant_get_handle (value));
      return TRUE;
    case G_VARIANT_CLASS_BOOLEAN:
    case G_VARIANT_CLASS_DOUBLE:
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_ARRAY:
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
    default:
      return FALSE;
    }
}

/* What a variant or a maybe holds; NULL if that is nothing. */
static GVariant *
unwrap (GVariant *value)
{
  g_autoptr (GVariant) inner = g_variant_ref (value);

  for (;;)
    {
      g_autoptr (GVariant) outer = NULL;

      if (g_variant_is_of_type (inner, G_VARIANT_TYPE_VARIANT))
        {
          outer = g_steal_pointer (&inner);
          inner = g_variant_get_variant (outer);
        }
      else if (g_variant_is_of_type (inner, G_VARIANT_TYPE_MAYBE))
        {
          outer = g_steal_pointer (&inner);
          inner = g_variant_get_maybe (outer);
          if (inner == NULL)
            return NULL;
        }
      else
        {
          return g_steal_pointer (&inner);
        }
    }
}

static gboolean
is_string (GVariant *value)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
         || g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH)
         || g_variant_is_of_type (value, G_VARIANT_TYPE_SIGNATURE);
}

static void
append_text (GString *out,
             GVariant *item)
{
  g_autoptr (GVariant) value = unwrap (item);

  if (value == NULL)
    g_string_append (out, "nothing");
  else if (is_string (value))
    g_string_append (out, g_variant_get_string (value, NULL));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    append_double (out, g_variant_get_double (value));
  else if (!append_integer (out, value))
    g_variant_print_string (value, out, FALSE);
}

static void append_json (GString *out,
                         GVariant *item);

/* json-glib knows what has to be escaped. Numbers it has not enough of: its
 * integers end at 63 bits. */
static void
append_json_string (GString *out,
                    const char *text)
{
  static JsonGenerator *generator;
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);

  if (generator == NULL)
    generator = json_generator_new ();
  json_generator_set_root (generator, node);
  json_generator_to_gstring (generator, out);
}

static void
append_json_double (GString *out,
                    double number)
{
  if (isfinite (number))
    append_double (out, number);
  else
    g_string_append (out, "null");
}

static void
append_json_bytes (GString *out,
                   GVariant *value)
{
  g_autofree char *text = NULL;
  const guchar *data;
  gsize size;

  data = g_variant_get_fixed_array (value, &size, 1);
  text = g_base64_encode (data, size);
  g_string_append_printf (out, "\"%s\"", text);
}

/* JSON has members with string keys only. */
static void
append_json_member (GString *out,
                    GVariant *entry)
{
  g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
  g_autoptr (GVariant) value = g_variant_get_child_value (entry, 1);
  g_autoptr (GString) key_text = g_string_new (NULL);

  append_text (key_text, key);
  append_json_string (out, key_text->str);
  g_string_append_c (out, ':');
  append_json (out, value);
}

static void
append_json_container (GString *out,
                       GVariant *value)
{
  gboolean is_object = g_variant_is_of_type (value, G_VARIANT_TYPE_DICTIONARY);
  GVariantIter iter;
  GVariant *child;
  gboolean is_first = TRUE;

  g_string_append_c (out, is_object ? '{' : '[');
  g_variant_iter_init (&iter, value);
  while ((child = g_variant_iter_next_value (&iter)) != NULL)
    {
      if (!is_first)
        g_string_append_c (out, ',');
      is_first = FALSE;
      if (is_object)
        append_json_member (out, child);
      else
        append_json (out, child);
      g_variant_unref (child);
    }
  g_string_append_c (out, is_object ? '}' : ']');
}

static void
append_json (GString *out,
             GVariant *item)
{
  g_autoptr (GVariant) value = unwrap (item);

  if (value == NULL)
    {
      g_string_append (out, "null");
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    {
      g_string_append (out, g_variant_get_boolean (value) ? "true" : "false");
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    {
      append_json_double (out, g_variant_get_double (value));
    }
  else if (is_string (value))
    {
      append_json_string (out, g_variant_get_string (value, NULL));
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    {
      append_json_bytes (out, value);
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DICT_ENTRY))
    {
      g_string_append_c (out, '{');
      append_json_member (out, value);
      g_string_append_c (out, '}');
    }
  else if (!append_integer (out, value))
    {
      append_json_container (out, value);
    }
}

/* Adds @item without an end of line. */
void
item_format_append (ItemFormat format,
                    GString *out,
                    GVariant *item)
{
  switch (format)
    {
    case ITEM_FORMAT_TEXT:
      append_text (out, item);
      break;
    case ITEM_FORMAT_JSON:
      append_json (out, item);
      break;
    case ITEM_FORMAT_GVARIANT:
      g_variant_print_string (item, out, TRUE);
      break;
    default:
      g_assert_not_reached ();
    }
}
