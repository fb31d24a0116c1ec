/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-python.h"

/* Python objects of every kind, which modules/fuzz_functions.py makes of the bytes: before
 * each it says, in words of its own, what it is to become, or that it cannot be shared. */

static void
append_hex (GString *text,
            gconstpointer data,
            gsize size)
{
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", ((const guint8 *) data)[i]);
}

static void
append_string (GString *text,
               GVariant *string)
{
  gsize length;
  const char *characters = g_variant_get_string (string, &length);

  append_hex (text, characters, length);
}

static void append (GString *text,
                    GVariant *item);

static void
append_members (GString *text,
                GVariant *item,
                const char *brackets)
{
  g_string_append_c (text, brackets[0]);
  for (gsize i = 0; i < g_variant_n_children (item); i++)
    {
      g_autoptr (GVariant) member = g_variant_get_child_value (item, i);

      if (i > 0)
        g_string_append_c (text, ',');
      append (text, member);
    }
  g_string_append_c (text, brackets[1]);
}

static void
append (GString *text,
        GVariant *item)
{
  const char *type = g_variant_get_type_string (item);
  g_autoptr (GVariant) inner = NULL;
  g_autoptr (GVariant) key = NULL;
  double real;

  if (g_str_equal (type, "mv"))
    {
      g_assert_cmpuint (g_variant_n_children (item), ==, 0);
      g_string_append_c (text, 'n');
      return;
    }
  if (g_str_equal (type, "av"))
    {
      append_members (text, item, "[]");
      return;
    }
  if (g_str_equal (type, "a{sv}"))
    {
      append_members (text, item, "{}");
      return;
    }

  switch (*type)
    {
    case 'b':
      g_string_append_printf (text, "b%d", g_variant_get_boolean (item));
      break;
    case 'x':
      g_string_append_printf (text, "i%" G_GINT64_FORMAT, g_variant_get_int64 (item));
      break;
    case 't':
      g_assert_cmpuint (g_variant_get_uint64 (item), >, G_MAXINT64);
      g_string_append_printf (text, "i%" G_GUINT64_FORMAT, g_variant_get_uint64 (item));
      break;
    case 'd':
      real = g_variant_get_double (item);
      g_string_append_c (text, 'd');
      append_hex (text, &real, sizeof real);
      break;
    case 's':
      g_string_append_c (text, 's');
      append_string (text, item);
      break;
    case 'v':
      inner = g_variant_get_variant (item);
      append (text, inner);
      break;
    case '{':
      key = g_variant_get_child_value (item, 0);
      inner = g_variant_get_child_value (item, 1);
      append_string (text, key);
      g_string_append_c (text, ':');
      append (text, inner);
      break;
    case '(':
      append_members (text, item, "()");
      break;
    default:
      g_assert_cmpint (*type, ==, 'a');
      g_string_append_printf (text, "A%s", type + 1);
      append_hex (text, g_variant_get_data (item), g_variant_get_size (item));
    }
}

static void
check_item (GVariant *item,
            GVariant *promise)
{
  g_autoptr (GString) text = g_string_new ("=");

  g_assert_true (g_variant_is_normal_form (item));
  append (text, item);
  g_assert_cmpstr (text->str, ==, g_variant_get_string (promise, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  g_autoptr (GVariant) args = NULL;
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autoptr (GError) error = NULL;
  gboolean is_complete;

  args = g_variant_ref_sink (g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1)));
  callable = fuzz_python_callable ("items", args, NULL, &error);
  g_assert_no_error (error);

  is_complete = fuzz_python_run (callable, NULL, items, &error);
  for (guint i = 0; i + 1 < items->len; i += 2)
    check_item (items->pdata[i + 1], items->pdata[i]);
  if (is_complete)
    {
      g_assert_cmpuint (items->len % 2, ==, 0);
      return 0;
    }

  /* It ends at the first that cannot be shared; a buffer may raise what it likes. */
  g_assert_cmpuint (items->len % 2, ==, 1);
  g_assert_cmpstr (g_variant_get_string (items->pdata[items->len - 1], NULL), ==, "!");
  if (!g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_RAISED))
    {
      g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE);
      g_assert_true (g_str_has_prefix (error->message, "item"));
    }

  return 0;
}
