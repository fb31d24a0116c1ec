/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-batch-private.h"
#include "subiter-columns.h"
#include "subiter-test-columns.h"
#include "subiter-value-private.h"

/* The items of a batch and of variants, laid out for a binding: SubiterColumns. */

static SubiterValue
make_value (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) variant = g_variant_parse (NULL, text, NULL, NULL, &error);
  SubiterValue value;

  g_assert_no_error (error);
  subiter_test_value_from_variant (&value, variant);

  return value;
}

/* @items: (array zero-terminated=1) */
static SubiterBatch *
make_batch (const char *const *items,
            const char *type)
{
  SubiterBatch *batch = subiter_batch_new ((const GVariantType *) type);

  for (guint i = 0; items[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      SubiterValue value = make_value (items[i]);

      g_assert_true (subiter_value_check (&value, (const GVariantType *) type, &error));
      g_assert_no_error (error);
      subiter_batch_append (batch, &value);
    }

  return batch;
}

#define MAKE_BATCH(type, ...) make_batch ((const char *const[]){ __VA_ARGS__, NULL }, (type))

/* Which kind the head says that all items have. */
static SubiterColumnKind
get_kind (SubiterColumns *columns)
{
  gsize size;

  return ((const guint32 *) (gconstpointer) subiter_columns_get_data (columns, &size))[1];
}

/* What a batch of one item says is what its variant says, and what the variant's columns
 * say. */
static void
test_kinds (void)
{
  static const struct
  {
    const char *item;
    const char *type;
    const char *expected;
  } rows[] = {
    { "@mv nothing", NULL, "none" },
    { "true", NULL, "true" },
    { "int64 -5", NULL, "-5" },
    { "int64 9007199254740991", NULL, "9007199254740991" },
    { "int64 9007199254740992", NULL, "9007199254740992" },
    { "int64 -9007199254740993", NULL, "-9007199254740993" },
    { "int64 -9223372036854775808", NULL, "-9223372036854775808" },
    { "uint64 18446744073709551615", NULL, "18446744073709551615" },
    { "0.5", NULL, "d0.5" },
    { "-0.0", NULL, "d-0" },
    { "inf", NULL, "dinf" },
    { "''", NULL, "\"\"" },
    { "'a€𝄞'", NULL, "\"a€𝄞\"" },
    { "b'abc'", NULL, "b'61626300'" },
    { "@ay []", NULL, "b''" },
    { "[int16 -1, 2]", NULL, "[-1, 2]" },
    { "[uint16 65535]", NULL, "[65535]" },
    { "[int32 -1]", NULL, "[-1]" },
    { "[uint32 4294967295]", NULL, "[4294967295]" },
    { "[int64 1, -2]", NULL, "[1, -2]" },
    { "[int64 1, 9007199254740993]", NULL, "[1, 9007199254740993]" },
    { "[uint64 1, 18446744073709551615]", NULL, "[1, 18446744073709551615]" },
    { "[0.5, nan]", NULL, "[d0.5, dnan]" },
    { "[true, false]", NULL, "[true, false]" },
    { "@ad []", NULL, "[]" },
    { "()", NULL, "()" },
    { "(int64 1, 0.5, 'a', (true,))", NULL, "(1, d0.5, \"a\", (true))" },
    { "@av []", NULL, "[]" },
    { "[<int64 1>, <int64 2>]", NULL, "[1, 2]" },
    { "[<int64 1>, <0.5>]", NULL, "[1, d0.5]" },
    { "[<0.5>, <1.5>]", NULL, "[d0.5, d1.5]" },
    { "[<int64 1>, <int64 9007199254740993>]", NULL, "[1, 9007199254740993]" },
    { "[<@mv nothing>, <'a'>, <b'a'>]", NULL, "[none, \"a\", b'6100']" },
    { "@a{sv} {}", NULL, "{}" },
    { "{'a': <int64 1>, 'b': <{'c': <'d'>}>}", NULL, "{\"a\": 1, \"b\": {\"c\": \"d\"}}" },
    { "int64 3", "d", "d3" },
    { "[<int64 1>, <2.5>]", "ad", "[d1, d2.5]" },
    { "[<int64 1>, <int64 2>]", "ad", "[d1, d2]" },
    { "[<int64 1>, <int64 2>]", "amd", "[d1, d2]" },
    { "[<int64 1>, <int64 2>]", "ay", "b'0102'" },
    { "[<[<int64 1>, <int64 2>]>]", "aay", "[b'0102']" },
    { "[<int64 1>, <'a'>]", "(is)", "(1, \"a\")" },
    { "(int64 1, int64 2)", "ax", "[1, 2]" },
    { "'/a'", "o", "\"/a\"" },
    { "@mv nothing", "mmi", "none" },
    { "int64 5", "mmi", "5" },
    { "int64 5", "v", "5" },
    { "{'a': <int64 1>}", "a{sd}", "{\"a\": d1}" },
    { "{'/a': <int64 1>}", "a{oi}", "<\"/a\": 1>" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (SubiterBatch) batch = MAKE_BATCH (rows[i].type, rows[i].item);
      g_autoptr (SubiterColumns) columns = subiter_columns_new (batch);
      g_autoptr (GVariant) variant = subiter_batch_get_item (batch, 0);
      g_autoptr (SubiterColumns) columns_of_variant = subiter_columns_new_for_variant (variant);
      g_autofree char *printed = subiter_test_columns_print (columns);
      g_autofree char *printed_of_variant = subiter_test_columns_print (columns_of_variant);
      g_autofree char *asked = subiter_test_columns_print_variant (variant);

      g_test_message ("%s as %s", rows[i].item, rows[i].type != NULL ? rows[i].type : "(nil)");
      g_assert_cmpstr (printed, ==, rows[i].expected);
      g_assert_cmpstr (printed_of_variant, ==, rows[i].expected);
      g_assert_cmpstr (asked, ==, rows[i].expected);
    }
}

/* Where all items have one kind, it is said once. */
static void
test_one_kind (void)
{
  static const struct
  {
    const char *items[4];
    SubiterColumnKind kind;
    const char *expected;
  } rows[] = {
    { { "int64 1", "int64 2" }, SUBITER_COLUMN_INT, "1; 2" },
    { { "0.5", "1.5" }, SUBITER_COLUMN_DOUBLE, "d0.5; d1.5" },
    { { "true", "false" }, SUBITER_COLUMN_BOOLEAN, "true; false" },
    { { "'a'", "''", "'ä'" }, SUBITER_COLUMN_STRING, "\"a\"; \"\"; \"ä\"" },
    { { "int64 1" }, SUBITER_COLUMN_INT, "1" },
    { { "int64 1", "0.5" }, SUBITER_COLUMN_MIXED, "1; d0.5" },
    { { "int64 1", "int64 1", "int64 9007199254740992" }, SUBITER_COLUMN_MIXED, "1; 1; 9007199254740992" },
    { { "(int64 1, int64 2)", "()" }, SUBITER_COLUMN_MIXED, "(1, 2); ()" },
    { { "@mv nothing" }, SUBITER_COLUMN_MIXED, "none" },
    { { NULL }, SUBITER_COLUMN_MIXED, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (SubiterBatch) batch = make_batch (rows[i].items, NULL);
      g_autoptr (SubiterColumns) columns = subiter_columns_new (batch);
      g_autofree char *printed = subiter_test_columns_print (columns);

      g_assert_cmpint (get_kind (columns), ==, rows[i].kind);
      g_assert_cmpstr (printed, ==, rows[i].expected);
    }
}

/* What is large is among the others, and nothing else is. */
static void
test_large (void)
{
  g_autoptr (SubiterBatch) batch = subiter_batch_new (NULL);
  g_autoptr (SubiterColumns) columns = NULL;
  g_autofree char *text = g_strnfill (4097, 'x');
  static const guint8 zeros[65537];
  SubiterValue value;
  GPtrArray *others;

  for (guint i = 0; i < 2; i++)
    {
      subiter_value_init (&value);
      g_assert_true (subiter_value_set_string (&value, text, 4096 + i));
      subiter_batch_append (batch, &value);
      subiter_value_take_bytes (&value, g_bytes_new_static (zeros, 4096 + i));
      subiter_batch_append (batch, &value);
      subiter_value_take_array (&value, 'b', g_bytes_new_static (zeros, 65536 + i));
      subiter_batch_append (batch, &value);
    }

  columns = subiter_columns_new (batch);
  others = subiter_columns_get_others (columns);
  g_assert_cmpuint (others->len, ==, 3);
  g_assert_cmpstr (g_variant_get_string (others->pdata[0], NULL), ==, text);
  g_assert_cmpuint (g_variant_get_size (others->pdata[1]), ==, 4097);
  g_assert_true (g_variant_is_of_type (others->pdata[1], G_VARIANT_TYPE ("ay")));
  g_assert_cmpuint (g_variant_get_size (others->pdata[2]), ==, 65537);
  g_assert_true (g_variant_is_of_type (others->pdata[2], G_VARIANT_TYPE ("ab")));
  g_free (subiter_test_columns_print (columns));
}

/* A container that the worker made a variant of is looked into all the same. */
static void
test_made (void)
{
  g_autoptr (SubiterBatch) batch = subiter_batch_new (NULL);
  g_autoptr (SubiterColumns) columns = NULL;
  g_autofree char *printed = NULL;
  g_autofree char *expected = NULL;
  g_autoptr (GVariant) item = NULL;
  SubiterValue value;
  SubiterValue *members;

  subiter_value_init (&value);
  members = subiter_value_set_list (&value, 3000);
  for (guint i = 0; i < 3000; i++)
    subiter_value_set_double (&members[i], i);
  subiter_value_make_if_large (&value, NULL);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_VARIANT);
  subiter_batch_append (batch, &value);

  columns = subiter_columns_new (batch);
  item = subiter_batch_get_item (batch, 0);
  printed = subiter_test_columns_print (columns);
  expected = subiter_test_columns_print_variant (item);
  g_assert_cmpuint (subiter_columns_get_others (columns)->len, ==, 0);
  g_assert_cmpstr (printed, ==, expected);
  g_assert_true (g_str_has_prefix (printed, "[d0, d1, "));
}

static void
test_boxed (void)
{
  g_autoptr (SubiterBatch) batch = MAKE_BATCH (NULL, "int64 1");
  SubiterColumns *columns = subiter_columns_new (batch);
  SubiterColumns *copy = g_boxed_copy (SUBITER_TYPE_COLUMNS, columns);

  g_assert_true (copy == columns);
  subiter_columns_unref (columns);
  g_assert_cmpint (get_kind (copy), ==, SUBITER_COLUMN_INT);
  g_boxed_free (SUBITER_TYPE_COLUMNS, copy);
}

int
main (int argc,
      char *argv[])
{
  subiter_test_init (&argc, &argv);

  subiter_test_add ("/columns/kinds", test_kinds);
  subiter_test_add ("/columns/one-kind", test_one_kind);
  subiter_test_add ("/columns/large", test_large);
  subiter_test_add ("/columns/made", test_made);
  subiter_test_add ("/columns/boxed", test_boxed);

  return subiter_test_run ();
}
