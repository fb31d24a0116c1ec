/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"
#include "subiter-value-private.h"

#include <math.h>
#include <string.h>

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
  g_assert_true (g_variant_is_normal_form (out));
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

static void
test_kinds (void)
{
  static const char *const names[] = { "None", "bool", "int", "int", "float", "str", "bytes", "array", "tuple",
                                       "list", "dict" };
  SubiterValue value;

  subiter_value_init (&value);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_NONE);
  g_assert_false (subiter_value_is_container (&value));

  subiter_value_set_boolean (&value, 17);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_BOOLEAN);
  g_assert_cmpint (value.data.boolean, ==, TRUE);
  subiter_value_clear (&value);

  subiter_value_set_int64 (&value, G_MININT64);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_INT64);
  subiter_value_clear (&value);

  /* Only what a signed one cannot hold is unsigned. */
  subiter_value_set_uint64 (&value, G_MAXINT64);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_INT64);
  subiter_value_clear (&value);
  subiter_value_set_uint64 (&value, (guint64) G_MAXINT64 + 1);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_UINT64);
  subiter_value_clear (&value);

  subiter_value_set_double (&value, 0.5);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_DOUBLE);
  subiter_value_clear (&value);

  subiter_value_set_string (&value, "abcdef", 3);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_STRING);
  g_assert_cmpstr (value.data.string, ==, "abc");
  subiter_value_clear (&value);

  subiter_value_take_bytes (&value, g_bytes_new_static ("x", 1));
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_BYTES);
  subiter_value_clear (&value);

  subiter_value_take_array (&value, 'n', g_bytes_new_static ("abcd", 4));
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_ARRAY);
  subiter_value_clear (&value);

  g_assert_nonnull (subiter_value_set_tuple (&value, 2));
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_TUPLE);
  g_assert_true (subiter_value_is_container (&value));
  subiter_value_clear (&value);

  g_assert_nonnull (subiter_value_set_list (&value, 0));
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_LIST);
  subiter_value_clear (&value);

  g_assert_nonnull (subiter_value_set_dict (&value, 3));
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_DICT);
  g_assert_cmpuint (subiter_value_get_node (&value)->n_values, ==, 6);
  subiter_value_clear (&value);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_NONE);
  subiter_value_clear (&value);

  for (int kind = 0; kind <= SUBITER_VALUE_DICT; kind++)
    g_assert_cmpstr (subiter_value_kind_to_string ((SubiterValueKind) kind), ==, names[kind]);
}

static void
test_clear_nested (void)
{
  SubiterValue value;
  SubiterValue *members;

  subiter_value_init (&value);
  members = subiter_value_set_list (&value, 3);
  subiter_value_set_string (&members[0], "text", -1);
  subiter_value_take_bytes (&members[1], g_bytes_new ("data", 4));
  members = subiter_value_set_dict (&members[2], 1);
  subiter_value_set_string (&members[0], "key", -1);
  subiter_value_take_array (subiter_value_set_tuple (&members[1], 1), 'y', g_bytes_new ("ab", 2));
  /* What leaks shows under a leak checker. */
  subiter_value_clear (&value);
}

static void
test_element_size (void)
{
  g_assert_cmpuint (subiter_value_element_size ('b'), ==, 1);
  g_assert_cmpuint (subiter_value_element_size ('y'), ==, 1);
  g_assert_cmpuint (subiter_value_element_size ('n'), ==, 2);
  g_assert_cmpuint (subiter_value_element_size ('q'), ==, 2);
  g_assert_cmpuint (subiter_value_element_size ('i'), ==, 4);
  g_assert_cmpuint (subiter_value_element_size ('u'), ==, 4);
  g_assert_cmpuint (subiter_value_element_size ('x'), ==, 8);
  g_assert_cmpuint (subiter_value_element_size ('t'), ==, 8);
  g_assert_cmpuint (subiter_value_element_size ('d'), ==, 8);
  g_assert_cmpuint (subiter_value_element_size ('h'), ==, 0);
  g_assert_cmpuint (subiter_value_element_size ('s'), ==, 0);
}

static void
test_array_misuse (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  SubiterValue value;

  subiter_value_init (&value);
  subiter_test_expect_critical ("*size > 0*");
  subiter_value_take_array (&value, 'i', bytes);
  subiter_test_expect_critical ("*size > 0*");
  subiter_value_take_array (&value, 's', bytes);
  g_test_assert_expected_messages ();
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_NONE);
}

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

/* More members than fit where few are kept. */
static void
test_natural_many (void)
{
  const gsize n_members = 1000;
  g_autoptr (GVariant) variant = NULL;
  SubiterValue value;
  SubiterValue *members;

  subiter_value_init (&value);
  members = subiter_value_set_list (&value, n_members);
  for (gsize i = 0; i < n_members; i++)
    subiter_value_set_int64 (&members[i], (gint64) i);
  g_assert_true (subiter_value_check (&value, NULL, NULL));
  variant = subiter_value_take_variant (&value, NULL);

  g_assert_cmpuint (g_variant_n_children (variant), ==, n_members);
  for (gsize i = 0; i < n_members; i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (variant, i);
      g_autoptr (GVariant) member = g_variant_get_variant (boxed);

      g_assert_cmpint (g_variant_get_int64 (member), ==, i);
    }
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

static void
test_strings_move (void)
{
  g_autoptr (GVariant) variant = NULL;
  g_autofree char *text = g_strnfill (100000, 'x');
  SubiterValue value;
  const char *kept;

  subiter_value_init (&value);
  subiter_value_set_string (&value, text, -1);
  kept = value.data.string;
  variant = subiter_value_take_variant (&value, NULL);
  g_assert_true (g_variant_get_string (variant, NULL) == kept);
}

static void
on_released (gpointer data)
{
  (*(int *) data)++;
}

/* A large buffer is neither copied nor freed before its last variant is. */
static void
test_buffers (void)
{
  const gsize size = 8 * 1024 * 1024;
  g_autofree guint8 *memory = g_malloc0 (size);
  GVariant *variant;
  GVariant *part;
  SubiterValue value;
  int n_released = 0;

  subiter_value_init (&value);
  subiter_value_take_bytes (&value, g_bytes_new_with_free_func (memory, size, on_released, &n_released));
  variant = subiter_value_take_variant (&value, NULL);
  g_assert_true (g_variant_get_data (variant) == memory);
  g_assert_cmpint (n_released, ==, 0);
  part = g_variant_get_child_value (variant, 3);
  g_variant_unref (variant);
  g_variant_unref (part);
  g_assert_cmpint (n_released, ==, 1);

  subiter_value_take_bytes (&value, g_bytes_new_with_free_func (memory, size, on_released, &n_released));
  subiter_value_clear (&value);
  g_assert_cmpint (n_released, ==, 2);
}

/* Where the memory is not aligned for the elements it is copied. */
static void
test_unaligned (void)
{
  _Alignas (8) char memory[8 * 3 + 1];
  const gint64 numbers[] = { 1, -2, G_MAXINT64 };

  memcpy (memory + 1, numbers, sizeof numbers);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GVariant) variant = NULL;
      const gint64 *elements;
      SubiterValue value;
      gsize n_elements;

      subiter_value_init (&value);
      subiter_value_take_array (&value, 'x', g_bytes_new_static (memory + 1, sizeof numbers));
      variant = subiter_value_take_variant (&value, i == 0 ? NULL : G_VARIANT_TYPE ("ax"));
      elements = g_variant_get_fixed_array (variant, &n_elements, sizeof *elements);
      g_assert_cmpmem (elements, n_elements * sizeof *elements, numbers, sizeof numbers);
    }
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/value/kinds", test_kinds);
  subiter_test_add ("/value/clear-nested", test_clear_nested);
  subiter_test_add ("/value/element-size", test_element_size);
  subiter_test_add ("/value/array-misuse", test_array_misuse);
  subiter_test_add ("/value/natural", test_natural);
  subiter_test_add ("/value/natural-many", test_natural_many);
  subiter_test_add ("/value/integers", test_integers);
  subiter_test_add ("/value/doubles", test_doubles);
  subiter_test_add ("/value/strings", test_strings);
  subiter_test_add ("/value/maybe", test_maybe);
  subiter_test_add ("/value/containers", test_containers);
  subiter_test_add ("/value/paths", test_paths);
  subiter_test_add ("/value/long-path", test_long_path);
  subiter_test_add ("/value/depth", test_depth);
  subiter_test_add ("/value/depth-message", test_depth_message);
  subiter_test_add ("/value/strings-move", test_strings_move);
  subiter_test_add ("/value/buffers", test_buffers);
  subiter_test_add ("/value/unaligned", test_unaligned);

  return subiter_test_run ();
}
