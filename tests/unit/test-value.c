/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"
#include "subiter-value-private.h"

#include <math.h>
#include <string.h>

/* There is one form for it and no other: looked at as if it came from anywhere. */
static void
assert_normal_form (GVariant *variant)
{
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (variant);
  g_autoptr (GVariant) doubtful = NULL;

  doubtful = g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (variant), bytes, FALSE));
  g_assert_true (g_variant_is_normal_form (doubtful));
  g_assert_cmpvariant (doubtful, variant);
}

/* Makes a value of @text and a variant of that: what comes out, with types. */
static char *
convert (const char *text,
         const char *type)
{
  g_autoptr (GVariant) in = NULL;
  g_autoptr (GVariant) out = NULL;
  GError *error = NULL;
  SubiterValue value;

  in = g_variant_parse (NULL, text, NULL, NULL, &error);
  g_assert_no_error (error);
  subiter_test_value_from_variant (&value, in);
  if (!subiter_value_check (&value, (const GVariantType *) type, &error))
    {
      char *message = g_strdup_printf ("%d %s", error->code, error->message);

      g_assert_cmpuint (error->domain, ==, SUBITER_ERROR);
      g_error_free (error);
      subiter_value_clear (&value);
      return message;
    }

  g_assert_no_error (error);
  out = subiter_value_take_variant (&value, (const GVariantType *) type);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_NONE);
  g_assert_false (g_variant_is_floating (out));
  assert_normal_form (out);
  if (type != NULL)
    g_assert_true (g_variant_is_of_type (out, (const GVariantType *) type));

  return g_variant_print (out, TRUE);
}

typedef struct
{
  const char *in;
  const char *type;
  const char *out;
} Row;

static void
check_rows (const Row *rows,
            gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      g_autofree char *out = convert (rows[i].in, rows[i].type);

      if (strcmp (out, rows[i].out) != 0)
        g_test_message ("%s as %s", rows[i].in, rows[i].type != NULL ? rows[i].type : "(nil)");
      g_assert_cmpstr (out, ==, rows[i].out);
    }
}

#define CHECK_ROWS(rows) check_rows (rows, G_N_ELEMENTS (rows))

/* The conversion table. */
static void
test_natural (void)
{
  static const Row rows[] = {
    { "@mv nothing", NULL, "@mv nothing" },
    { "true", NULL, "true" },
    { "false", NULL, "false" },
    { "int64 0", NULL, "int64 0" },
    { "int64 -9223372036854775808", NULL, "int64 -9223372036854775808" },
    { "int64 9223372036854775807", NULL, "int64 9223372036854775807" },
    { "uint64 9223372036854775808", NULL, "uint64 9223372036854775808" },
    { "uint64 18446744073709551615", NULL, "uint64 18446744073709551615" },
    { "0.5", NULL, "0.5" },
    { "inf", NULL, "inf" },
    { "-inf", NULL, "-inf" },
    { "''", NULL, "''" },
    { "'grüße 😀'", NULL, "'grüße 😀'" },
    { "@ay []", NULL, "@ay []" },
    { "[byte 0x00, 0xff]", NULL, "[byte 0x00, 0xff]" },
    { "[true, false]", NULL, "[true, false]" },
    { "@an []", NULL, "@an []" },
    { "[int16 -1, 2]", NULL, "[int16 -1, 2]" },
    { "[uint16 1, 2]", NULL, "[uint16 1, 2]" },
    { "[-1, 2, 3]", NULL, "[-1, 2, 3]" },
    { "[uint32 1, 2, 3]", NULL, "[uint32 1, 2, 3]" },
    { "[int64 -1, 2]", NULL, "[int64 -1, 2]" },
    { "[uint64 1, 2]", NULL, "[uint64 1, 2]" },
    { "[0.5, 1.5]", NULL, "[0.5, 1.5]" },
    { "()", NULL, "()" },
    { "(1, 'a', @mv nothing)", NULL, "(int64 1, 'a', @mv nothing)" },
    { "@av []", NULL, "@av []" },
    { "[<1>, <'a'>, <[<true>]>]", NULL, "[<int64 1>, <'a'>, <[<true>]>]" },
    { "['a', 'b']", NULL, "[<'a'>, <'b'>]" },
    { "@a{sv} {}", NULL, "@a{sv} {}" },
    { "{'k': <1>, 'l': <{'m': <@mv nothing>}>}", NULL, "{'k': <int64 1>, 'l': <{'m': <@mv nothing>}>}" },
  };

  CHECK_ROWS (rows);
}

static void
test_integers (void)
{
  static const Row rows[] = {
    { "int64 0", "y", "byte 0x00" },
    { "int64 255", "y", "byte 0xff" },
    { "int64 256", "y", "7 item: 256 is out of the range of \"y\"" },
    { "int64 -1", "y", "7 item: -1 is out of the range of \"y\"" },
    { "int64 -32768", "n", "int16 -32768" },
    { "int64 32767", "n", "int16 32767" },
    { "int64 -32769", "n", "7 item: -32769 is out of the range of \"n\"" },
    { "int64 32768", "n", "7 item: 32768 is out of the range of \"n\"" },
    { "int64 0", "q", "uint16 0" },
    { "int64 65535", "q", "uint16 65535" },
    { "int64 -1", "q", "7 item: -1 is out of the range of \"q\"" },
    { "int64 65536", "q", "7 item: 65536 is out of the range of \"q\"" },
    { "int64 -2147483648", "i", "-2147483648" },
    { "int64 2147483647", "i", "2147483647" },
    { "int64 -2147483649", "i", "7 item: -2147483649 is out of the range of \"i\"" },
    { "int64 2147483648", "i", "7 item: 2147483648 is out of the range of \"i\"" },
    { "int64 0", "u", "uint32 0" },
    { "int64 4294967295", "u", "uint32 4294967295" },
    { "int64 -1", "u", "7 item: -1 is out of the range of \"u\"" },
    { "int64 4294967296", "u", "7 item: 4294967296 is out of the range of \"u\"" },
    { "int64 -9223372036854775808", "x", "int64 -9223372036854775808" },
    { "int64 9223372036854775807", "x", "int64 9223372036854775807" },
    { "uint64 9223372036854775808", "x", "7 item: 9223372036854775808 is out of the range of \"x\"" },
    { "int64 0", "t", "uint64 0" },
    { "uint64 18446744073709551615", "t", "uint64 18446744073709551615" },
    { "int64 -1", "t", "7 item: -1 is out of the range of \"t\"" },
    { "uint64 18446744073709551615", "y", "7 item: 18446744073709551615 is out of the range of \"y\"" },
    { "true", "y", "7 item: a value of type bool does not fit \"y\"" },
    { "1.0", "i", "7 item: a value of type float does not fit \"i\"" },
    { "int64 1", "b", "7 item: a value of type int does not fit \"b\"" },
    { "'1'", "x", "7 item: a value of type str does not fit \"x\"" },
    { "@mv nothing", "x", "7 item: a value of type None does not fit \"x\"" },
  };

  CHECK_ROWS (rows);
}

static void
test_doubles (void)
{
  static const Row rows[] = {
    { "0.25", "d", "0.25" },
    { "int64 3", "d", "3.0" },
    { "int64 9007199254740992", "d", "9007199254740992.0" },
    { "int64 -9007199254740992", "d", "-9007199254740992.0" },
    { "int64 1152921504606846976", "d", "1.152921504606847e+18" },
    { "int64 -9223372036854775808", "d", "-9.2233720368547758e+18" },
    { "uint64 9223372036854775808", "d", "9.2233720368547758e+18" },
    { "int64 9223372036854775807", "d", "7 item: 9223372036854775807 is out of the range of \"d\"" },
    { "int64 9007199254740993", "d", "7 item: 9007199254740993 is out of the range of \"d\"" },
    { "int64 -9007199254740993", "d", "7 item: -9007199254740993 is out of the range of \"d\"" },
    { "uint64 18446744073709551615", "d", "7 item: 18446744073709551615 is out of the range of \"d\"" },
    { "true", "d", "7 item: a value of type bool does not fit \"d\"" },
    { "'1.0'", "d", "7 item: a value of type str does not fit \"d\"" },
  };
  g_autoptr (GVariant) variant = NULL;
  SubiterValue value;

  CHECK_ROWS (rows);

  subiter_value_init (&value);
  subiter_value_set_double (&value, NAN);
  g_assert_true (subiter_value_check (&value, G_VARIANT_TYPE_DOUBLE, NULL));
  variant = subiter_value_take_variant (&value, NULL);
  g_assert_true (isnan (g_variant_get_double (variant)));
}

static void
test_strings (void)
{
  static const Row rows[] = {
    { "'a'", "s", "'a'" },
    { "'/org/gnome'", "o", "objectpath '/org/gnome'" },
    { "'/'", "o", "objectpath '/'" },
    { "'org'", "o", "7 item: a value of type str does not fit \"o\"" },
    { "''", "o", "7 item: a value of type str does not fit \"o\"" },
    { "'a{sv}'", "g", "signature 'a{sv}'" },
    { "''", "g", "signature ''" },
    { "'a{'", "g", "7 item: a value of type str does not fit \"g\"" },
    { "b'a'", "s", "7 item: a value of type bytes does not fit \"s\"" },
    { "'a'", "ay", "7 item: a value of type str does not fit \"ay\"" },
    { "true", "b", "true" },
    { "int64 3", "h", "7 item: a value of type int does not fit \"h\"" },
  };

  CHECK_ROWS (rows);
}

static void
test_maybe (void)
{
  static const Row rows[] = {
    { "@mv nothing", "ms", "@ms nothing" },
    { "'a'", "ms", "@ms 'a'" },
    { "'a'", "mms", "@mms 'a'" },
    { "@mv nothing", "mms", "@mms nothing" },
    { "int64 1", "ms", "7 item: a value of type int does not fit \"s\"" },
    { "[<1>, <@mv nothing>]", "ami", "[@mi 1, nothing]" },
    { "@mv nothing", "s", "7 item: a value of type None does not fit \"s\"" },
    { "@mv nothing", "v", "<@mv nothing>" },
    { "@mv nothing", "mv", "@mv nothing" },
    { "int64 2", "mv", "@mv <int64 2>" },
  };

  CHECK_ROWS (rows);
}

static void
test_containers (void)
{
  static const Row rows[] = {
    { "[<1>, <2>]", "ai", "[1, 2]" },
    { "(1, 2)", "ai", "[1, 2]" },
    { "@av []", "ai", "@ai []" },
    { "()", "ai", "@ai []" },
    { "@av []", "()", "()" },
    { "@a{sv} {}", "a{sv}", "@a{sv} {}" },
    { "[<1>, <'a'>]", "(is)", "(1, 'a')" },
    { "(1, 'a')", "(is)", "(1, 'a')" },
    { "(1,)", "(is)", "7 item: a tuple of 1 does not fit \"(is)\", which has 2 members" },
    { "[<1>, <1>, <1>]", "(ii)", "7 item: a list of 3 does not fit \"(ii)\", which has 2 members" },
    { "{'k': <1>}", "(ii)", "7 item: a value of type dict does not fit \"(ii)\"" },
    { "{'k': <1>}", "ai", "7 item: a value of type dict does not fit \"ai\"" },
    { "[<1>]", "a{si}", "7 item: a value of type list does not fit \"a{si}\"" },
    { "int64 1", "a{si}", "7 item: a value of type int does not fit \"a{si}\"" },
    { "{'k': <1>}", "a{si}", "{'k': 1}" },
    { "{'k': <1>}", "a{sv}", "{'k': <int64 1>}" },
    { "{1: <'a'>, 2: <'b'>}", "a{qs}", "{uint16 1: 'a', 2: 'b'}" },
    { "{'/k': <1>}", "a{oi}", "{objectpath '/k': 1}" },
    { "[<[<1>, <2>]>, <@av []>]", "aai", "[[1, 2], []]" },
    { "([<'a'>], {'k': <(1, 2)>})", "(asa{s(yy)})", "(['a'], {'k': (byte 0x01, byte 0x02)})" },
    { "([<'a'>], 1)", "v", "<([<'a'>], int64 1)>" },
    { "b'ab'", "ay", "b'ab'" },
    { "b'ab'", "as", "7 item: a value of type bytes does not fit \"as\"" },
    { "b'ab'", "av", "7 item: a value of type bytes does not fit \"av\"" },
    { "[int16 1, 2]", "an", "[int16 1, 2]" },
    { "[int16 1, 2]", "ai", "7 item: a value of type array does not fit \"ai\"" },
    { "[<1>, <2>]", "ay", "[byte 0x01, 0x02]" },
  };

  CHECK_ROWS (rows);
}

static void
test_paths (void)
{
  static const Row rows[] = {
    { "[<1>, <'a'>]", "ai", "7 item[1]: a value of type str does not fit \"i\"" },
    { "(0, 0, 0, {'size': <'big'>})", "(iiia{sx})", "7 item[3].size: a value of type str does not fit \"x\"" },
    { "{'odd key': <'big'>}", "a{sx}", "7 item[\"odd key\"]: a value of type str does not fit \"x\"" },
    { "{'': <'big'>}", "a{sx}", "7 item[\"\"]: a value of type str does not fit \"x\"" },
    { "{'1st': <'big'>}", "a{sx}", "7 item[\"1st\"]: a value of type str does not fit \"x\"" },
    { "{'_private9': <'big'>}", "a{sx}", "7 item._private9: a value of type str does not fit \"x\"" },
    { "{7: <'big'>}", "a{xx}", "7 item[7]: a value of type str does not fit \"x\"" },
    { "{0.5: <'big'>}", "a{dx}", "7 item[key 0]: a value of type str does not fit \"x\"" },
    { "{'a': <[<{'b': <[<true>]>}>]>}", "a{saa{sai}}", "7 item.a[0].b[0]: a value of type bool does not fit \"i\"" },
    { "{1: <1>}", NULL,
      "6 item: key 0 of the dict is of type int; without an item-type that says otherwise, such as \"a{xv}\", "
      "the keys have to be str" },
    { "[<(0, {'k': <{true: <1>}>})>]", NULL,
      "6 item[0][1].k: key 0 of the dict is of type bool; without an item-type that says otherwise, such as "
      "\"a{xv}\", the keys have to be str" },
    { "{'k': <{1: <1>}>}", "a{sv}",
      "6 item.k: key 0 of the dict is of type int; without an item-type that says otherwise, such as \"a{xv}\", "
      "the keys have to be str" },
    { "{'k': <1>}", "a{xv}", "7 item.k: a value of type str does not fit \"x\"" },
  };

  CHECK_ROWS (rows);
}

/* @n lists in one another, with a string in the innermost. */
static void
nest (SubiterValue *value,
      guint n)
{
  subiter_value_init (value);
  for (guint i = 0; i < n; i++)
    value = subiter_value_set_list (value, 1);
  subiter_value_set_string (value, "core", -1);
}

static void
test_depth (void)
{
  g_autoptr (GString) type = g_string_new (NULL);
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) copy = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;
  SubiterValue value;

  /* As deep as it may be: and what comes out survives being stored. */
  nest (&value, SUBITER_VALUE_MAX_DEPTH);
  subiter_value_check (&value, NULL, &error);
  g_assert_no_error (error);
  variant = subiter_value_take_variant (&value, NULL);
  bytes = g_variant_get_data_as_bytes (variant);
  copy = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("av"), bytes, FALSE));
  g_assert_true (g_variant_is_normal_form (copy));

  nest (&value, SUBITER_VALUE_MAX_DEPTH + 1);
  g_assert_false (subiter_value_check (&value, NULL, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE);
  g_assert_true (g_str_has_prefix (error->message, "item[0][0][0]"));
  g_assert_nonnull (strstr (error->message, G_STRINGIFY (SUBITER_VALUE_MAX_DEPTH)));
  g_clear_error (&error);
  g_assert_false (subiter_value_check (&value, G_VARIANT_TYPE_VARIANT, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE);
  g_clear_error (&error);

  for (guint i = 0; i < SUBITER_VALUE_MAX_DEPTH + 1; i++)
    g_string_append_c (type, 'a');
  g_string_append_c (type, 's');
  g_assert_false (subiter_value_check (&value, G_VARIANT_TYPE (type->str), &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE);
  g_clear_error (&error);
  subiter_value_clear (&value);

  nest (&value, SUBITER_VALUE_MAX_DEPTH);
  g_assert_true (subiter_value_check (&value, G_VARIANT_TYPE (type->str + 1), &error));
  g_assert_no_error (error);
  subiter_value_clear (&value);
}

/* A key may be of any length; a message about it may not. */
static void
test_long_path (void)
{
  g_autofree char *key = g_strnfill (1000000, 'k');
  GError *error = NULL;
  SubiterValue value;
  SubiterValue *members;

  subiter_value_init (&value);
  members = subiter_value_set_dict (&value, 1);
  subiter_value_set_string (&members[0], key, -1);
  subiter_value_set_string (&members[1], "x", -1);
  g_assert_false (subiter_value_check (&value, G_VARIANT_TYPE ("a{si}"), &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE);
  g_assert_cmpuint (strlen (error->message), <, 1000);
  g_error_free (error);
  subiter_value_clear (&value);
}

/* What GLib does not read again is refused: a deep item-type leaves less room for what is in a
 * box at its end. */
static void
test_deep_type (void)
{
  for (guint n_maybes = 100; n_maybes < 127; n_maybes++)
    {
      g_autofree char *maybes = g_strnfill (n_maybes, 'm');
      g_autofree char *type = g_strconcat (maybes, "v", NULL);
      gsize n_lists;
      gsize most = 0;

      for (n_lists = 0; n_lists <= SUBITER_VALUE_MAX_DEPTH; n_lists++)
        {
          g_autoptr (GVariant) variant = NULL;
          g_autoptr (GVariant) read = NULL;
          g_autoptr (GBytes) bytes = NULL;
          GError *error = NULL;
          SubiterValue value;
          SubiterValue *inner = &value;

          subiter_value_init (&value);
          for (gsize i = 0; i < n_lists; i++)
            inner = subiter_value_set_list (inner, 1);
          subiter_value_set_int64 (inner, 1);
          if (!subiter_value_check (&value, G_VARIANT_TYPE (type), &error))
            {
              g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE);
              g_assert_nonnull (strstr (error->message, "128"));
              g_error_free (error);
              subiter_value_clear (&value);
              break;
            }

          most = n_lists;
          variant = subiter_value_take_variant (&value, G_VARIANT_TYPE (type));
          bytes = g_variant_get_data_as_bytes (variant);
          read = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), bytes, FALSE));
          g_assert_true (g_variant_is_normal_form (read));
        }
      /* each list has two levels, the box one, and the number one */
      g_assert_cmpuint (most, ==, (128 - n_maybes - 2) / 2);
    }
}

/* A message is UTF-8 wherever it is cut. */
static void
test_depth_message (void)
{
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *padding = g_strnfill (i, 'x');
      GError *error = NULL;
      SubiterValue value;
      SubiterValue *inner = &value;

      subiter_value_init (&value);
      for (guint j = 0; j < SUBITER_VALUE_MAX_DEPTH + 1; j++)
        {
          inner = subiter_value_set_dict (inner, 1);
          subiter_value_set_string (&inner[0], j == 0 ? padding : "€", -1);
          inner++;
        }
      g_assert_false (subiter_value_check (&value, NULL, &error));
      g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_error_free (error);
      subiter_value_clear (&value);
    }
}

/* A string of @length bytes. */
static void
set_long_string (SubiterValue *value,
                 gsize length)
{
  g_autofree char *text = g_strnfill (length, 'x');

  g_assert_true (subiter_value_set_string (value, text, (gssize) length));
}

/* (transfer full) @value is cleared. */
static GBytes *
serialize (SubiterValue *value,
           const char *type)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (subiter_value_serialize (value, G_VARIANT_TYPE (type), G_MAXSIZE));

  subiter_value_clear (value);

  return g_variant_get_data_as_bytes (variant);
}

static void
assert_written_alike (GBytes *bytes,
                      GVariant *expected)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (expected);
  g_autoptr (GBytes) expected_bytes = g_variant_get_data_as_bytes (variant);

  g_assert_true (g_bytes_equal (bytes, expected_bytes));
}

/* How wide the ends of members are written depends on the size of the whole, with them. */
static void
test_widths_of_ends (void)
{
  static const struct
  {
    gsize from;
    gsize to;
  } lengths[] = { { 0, 9 }, { 235, 260 }, { 65510, 65540 } };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      for (gsize length = lengths[i].from; length < lengths[i].to; length++)
        {
          g_autofree char *text = g_strnfill (length, 'x');
          g_autoptr (GBytes) list = NULL;
          g_autoptr (GBytes) tuple = NULL;
          g_autoptr (GBytes) dict = NULL;
          GVariantBuilder builder;
          SubiterValue value;
          SubiterValue *members;

          subiter_value_init (&value);
          members = subiter_value_set_list (&value, 3);
          set_long_string (&members[0], length);
          set_long_string (&members[1], 0);
          set_long_string (&members[2], 3);
          list = serialize (&value, "as");
          g_variant_builder_init (&builder, G_VARIANT_TYPE ("as"));
          g_variant_builder_add (&builder, "s", text);
          g_variant_builder_add (&builder, "s", "");
          g_variant_builder_add (&builder, "s", "xxx");
          assert_written_alike (list, g_variant_builder_end (&builder));

          members = subiter_value_set_tuple (&value, 4);
          set_long_string (&members[0], length);
          subiter_value_set_int64 (&members[1], 7);
          subiter_value_set_int64 (&members[2], 8);
          set_long_string (&members[3], 2);
          tuple = serialize (&value, "(smxns)");
          assert_written_alike (tuple, g_variant_new ("(smxns)", text, TRUE, (gint64) 7, 8, "xx"));

          members = subiter_value_set_dict (&value, 2);
          set_long_string (&members[0], length);
          subiter_value_set_int64 (&members[1], 1);
          set_long_string (&members[2], 1);
          set_long_string (&members[3], length);
          dict = serialize (&value, "a{sv}");
          g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
          g_variant_builder_add (&builder, "{sv}", text, g_variant_new_int64 (1));
          g_variant_builder_add (&builder, "{sv}", "x", g_variant_new_string (text));
          assert_written_alike (dict, g_variant_builder_end (&builder));
        }
    }
}

/* Tuples in tuples, as deep as they may be: what is asked of each is asked once. */
static void
test_deep_tuples (void)
{
  g_autoptr (GVariant) variant = NULL;
  SubiterValue value;
  SubiterValue *inner = &value;
  GError *error = NULL;

  subiter_value_init (&value);
  for (int i = 0; i < SUBITER_VALUE_MAX_DEPTH; i++)
    inner = subiter_value_set_tuple (inner, 1);
  subiter_value_set_int64 (inner, 7);
  g_assert_true (subiter_value_check (&value, NULL, &error));
  g_assert_no_error (error);
  variant = subiter_value_take_variant (&value, NULL);
  assert_normal_form (variant);
  g_assert_cmpuint (g_variant_get_size (variant), ==, 8);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/value/natural", test_natural);
  subiter_test_add ("/value/integers", test_integers);
  subiter_test_add ("/value/doubles", test_doubles);
  subiter_test_add ("/value/strings", test_strings);
  subiter_test_add ("/value/maybe", test_maybe);
  subiter_test_add ("/value/containers", test_containers);
  subiter_test_add ("/value/paths", test_paths);
  subiter_test_add ("/value/long-path", test_long_path);
  subiter_test_add ("/value/depth", test_depth);
  subiter_test_add ("/value/deep-type", test_deep_type);
  subiter_test_add ("/value/depth-message", test_depth_message);
  subiter_test_add ("/value/widths-of-ends", test_widths_of_ends);

  subiter_test_add ("/value/deep-tuples", test_deep_tuples);

  return subiter_test_run ();
}
