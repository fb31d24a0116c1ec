/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-columns.h"

#include <string.h>

/* What is still to be read of each column. */
typedef struct
{
  const double *numbers;
  const guint32 *sizes;
  const guint8 *kinds;
  const guint8 *bytes;
  const char *text;
  GPtrArray *others;
  guint next_other;
} Reader;

static void
print_double (GString *out,
              double number)
{
  g_string_append_printf (out, "d%.17g", number);
}

static void
print_int64 (GString *out,
             gint64 number)
{
  g_string_append_printf (out, "%" G_GINT64_FORMAT, number);
}

static void
print_uint64 (GString *out,
              guint64 number)
{
  g_string_append_printf (out, "%" G_GUINT64_FORMAT, number);
}

static void
print_bytes (GString *out,
             const guint8 *bytes,
             gsize n)
{
  g_string_append (out, "b'");
  for (gsize i = 0; i < n; i++)
    g_string_append_printf (out, "%02x", bytes[i]);
  g_string_append_c (out, '\'');
}

static void
print_text (GString *out,
            const char *text,
            gsize length)
{
  g_string_append_c (out, '"');
  g_string_append_len (out, text, (gssize) length);
  g_string_append_c (out, '"');
}

static void print_variant (GString *out,
                           GVariant *variant);

static void
print_pair (GString *out,
            GVariant *pair)
{
  g_autoptr (GVariant) key = g_variant_get_child_value (pair, 0);
  g_autoptr (GVariant) value = g_variant_get_child_value (pair, 1);

  print_variant (out, key);
  g_string_append (out, ": ");
  print_variant (out, value);
}

static void
print_variant_members (GString *out,
                       GVariant *variant,
                       const char *brackets,
                       void (*print) (GString *out,
                                      GVariant *member))
{
  g_string_append_c (out, brackets[0]);
  for (gsize i = 0; i < g_variant_n_children (variant); i++)
    {
      g_autoptr (GVariant) member = g_variant_get_child_value (variant, i);

      if (i > 0)
        g_string_append (out, ", ");
      print (out, member);
    }
  g_string_append_c (out, brackets[1]);
}

static void
print_variant_array (GString *out,
                     GVariant *variant)
{
  const char *type = g_variant_get_type_string (variant);
  gconstpointer bytes;
  gsize n_bytes;

  if (type[1] == 'y')
    {
      bytes = g_variant_get_fixed_array (variant, &n_bytes, 1);
      print_bytes (out, bytes, n_bytes);
    }
  else if (type[1] == '{')
    {
      print_variant_members (out, variant, type[2] == 's' ? "{}" : "<>", print_pair);
    }
  else
    {
      print_variant_members (out, variant, "[]", print_variant);
    }
}

static void
print_variant (GString *out,
               GVariant *variant)
{
  g_autoptr (GVariant) inner = NULL;

  switch (g_variant_classify (variant))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      g_string_append (out, g_variant_get_boolean (variant) ? "true" : "false");
      break;
    case G_VARIANT_CLASS_BYTE:
      print_uint64 (out, g_variant_get_byte (variant));
      break;
    case G_VARIANT_CLASS_INT16:
      print_int64 (out, g_variant_get_int16 (variant));
      break;
    case G_VARIANT_CLASS_UINT16:
      print_uint64 (out, g_variant_get_uint16 (variant));
      break;
    case G_VARIANT_CLASS_INT32:
      print_int64 (out, g_variant_get_int32 (variant));
      break;
    case G_VARIANT_CLASS_UINT32:
      print_uint64 (out, g_variant_get_uint32 (variant));
      break;
    case G_VARIANT_CLASS_INT64:
      print_int64 (out, g_variant_get_int64 (variant));
      break;
    case G_VARIANT_CLASS_UINT64:
      print_uint64 (out, g_variant_get_uint64 (variant));
      break;
    case G_VARIANT_CLASS_HANDLE:
      print_int64 (out, g_variant_get_handle (variant));
      break;
    case G_VARIANT_CLASS_DOUBLE:
      print_double (out, g_variant_get_double (variant));
      break;
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
      print_text (out, g_variant_get_string (variant, NULL), strlen (g_variant_get_string (variant, NULL)));
      break;
    case G_VARIANT_CLASS_VARIANT:
      inner = g_variant_get_variant (variant);
      print_variant (out, inner);
      break;
    case G_VARIANT_CLASS_MAYBE:
      inner = g_variant_get_maybe (variant);
      if (inner != NULL)
        print_variant (out, inner);
      else
        g_string_append (out, "none");
      break;
    case G_VARIANT_CLASS_ARRAY:
      print_variant_array (out, variant);
      break;
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
      print_variant_members (out, variant, "()", print_variant);
      break;
    default:
      g_assert_not_reached ();
    }
}

char *
subiter_test_columns_print_variant (GVariant *variant)
{
  GString *out = g_string_new (NULL);

  print_variant (out, variant);

  return g_string_free (out, FALSE);
}

static void read_value (GString *out,
                        Reader *reader,
                        SubiterColumnKind kind);

static void
read_next (GString *out,
           Reader *reader)
{
  read_value (out, reader, *reader->kinds++);
}

/* Each has @n_each values. Those of a run have one kind, which is not among the kinds. */
static void
read_members (GString *out,
              Reader *reader,
              SubiterColumnKind run_kind,
              guint n_each,
              const char *brackets)
{
  guint32 n = *reader->sizes++;

  g_string_append_c (out, brackets[0]);
  for (guint32 i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append (out, ", ");
      if (run_kind != SUBITER_COLUMN_MIXED)
        read_value (out, reader, run_kind);
      else
        read_next (out, reader);
      if (n_each == 2)
        {
          g_string_append (out, ": ");
          read_next (out, reader);
        }
    }
  g_string_append_c (out, brackets[1]);
}

static void
read_string (GString *out,
             Reader *reader)
{
  gsize length = reader->sizes[0];
  g_autofree gunichar2 *utf16 = NULL;
  glong n_utf16;

  g_assert_true (g_utf8_validate_len (reader->text, length, NULL));
  utf16 = g_utf8_to_utf16 (reader->text, (glong) length, NULL, &n_utf16, NULL);
  g_assert_cmpuint (reader->sizes[1], ==, n_utf16);
  print_text (out, reader->text, length);
  reader->text += length;
  reader->sizes += 2;
}

static void
read_value (GString *out,
            Reader *reader,
            SubiterColumnKind kind)
{
  guint64 bits;

  switch (kind)
    {
    case SUBITER_COLUMN_NONE:
      g_string_append (out, "none");
      break;
    case SUBITER_COLUMN_BOOLEAN:
      g_assert_true (*reader->numbers == 0 || *reader->numbers == 1);
      g_string_append (out, *reader->numbers++ == 1 ? "true" : "false");
      break;
    case SUBITER_COLUMN_INT:
      g_assert_true (ABS (*reader->numbers) < 9007199254740992.);
      print_int64 (out, (gint64) *reader->numbers++);
      break;
    case SUBITER_COLUMN_INT64:
    case SUBITER_COLUMN_UINT64:
      memcpy (&bits, reader->numbers++, sizeof bits);
      if (kind == SUBITER_COLUMN_INT64)
        print_int64 (out, (gint64) bits);
      else
        print_uint64 (out, bits);
      break;
    case SUBITER_COLUMN_DOUBLE:
      print_double (out, *reader->numbers++);
      break;
    case SUBITER_COLUMN_STRING:
      read_string (out, reader);
      break;
    case SUBITER_COLUMN_BYTES:
      print_bytes (out, reader->bytes, reader->sizes[0]);
      reader->bytes += *reader->sizes++;
      break;
    case SUBITER_COLUMN_BOOLEANS:
      read_members (out, reader, SUBITER_COLUMN_BOOLEAN, 1, "[]");
      break;
    case SUBITER_COLUMN_INTS:
      read_members (out, reader, SUBITER_COLUMN_INT, 1, "[]");
      break;
    case SUBITER_COLUMN_DOUBLES:
      read_members (out, reader, SUBITER_COLUMN_DOUBLE, 1, "[]");
      break;
    case SUBITER_COLUMN_TUPLE:
      read_members (out, reader, SUBITER_COLUMN_MIXED, 1, "()");
      break;
    case SUBITER_COLUMN_LIST:
      read_members (out, reader, SUBITER_COLUMN_MIXED, 1, "[]");
      break;
    case SUBITER_COLUMN_OBJECT:
      read_members (out, reader, SUBITER_COLUMN_MIXED, 2, "{}");
      break;
    case SUBITER_COLUMN_MAP:
      read_members (out, reader, SUBITER_COLUMN_MIXED, 2, "<>");
      break;
    case SUBITER_COLUMN_OTHER:
      print_variant (out, g_ptr_array_index (reader->others, reader->next_other++));
      break;
    case SUBITER_COLUMN_MIXED:
    default:
      g_assert_not_reached ();
    }
}

char *
subiter_test_columns_print (SubiterColumns *columns)
{
  GString *out = g_string_new (NULL);
  gsize size;
  const guint8 *data = subiter_columns_get_data (columns, &size);
  const guint32 *head = (gconstpointer) data;
  const double *numbers = (gconstpointer) (data + 8 * sizeof *head);
  const guint32 *sizes = (gconstpointer) (numbers + head[2]);
  const guint8 *kinds = (gconstpointer) (sizes + head[3]);
  const guint8 *bytes = kinds + head[4];
  const char *text = subiter_columns_get_text (columns);
  GPtrArray *others = subiter_columns_get_others (columns);
  Reader reader = { numbers, sizes, kinds, bytes, text, others, 0 };

  g_assert_cmpuint ((gsize) data % sizeof (double), ==, 0);
  g_assert_true (bytes + head[5] == data + size);
  g_assert_cmpuint (head[6], ==, strlen (text));
  g_assert_cmpuint (head[7], ==, others->len);

  for (guint i = 0; i < head[0]; i++)
    {
      if (i > 0)
        g_string_append (out, "; ");
      if (head[1] != SUBITER_COLUMN_MIXED)
        read_value (out, &reader, head[1]);
      else
        read_next (out, &reader);
    }

  g_assert_true (reader.numbers == numbers + head[2]);
  g_assert_true (reader.sizes == sizes + head[3]);
  g_assert_true (reader.kinds == kinds + head[4]);
  g_assert_true (reader.bytes == bytes + head[5]);
  g_assert_true (reader.text == text + head[6]);
  g_assert_cmpuint (reader.next_other, ==, head[7]);

  return g_string_free (out, FALSE);
}
