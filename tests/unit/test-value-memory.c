/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"
#include "subiter-value-private.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>

/* What a value holds, and what becomes of the memory of it. What leaks shows
 * under a leak checker. */

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
  g_assert_cmpstr (subiter_value_get_string (&value, NULL), ==, "abc");
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
  subiter_value_clear (&value);
}

/* A stack of calls could not follow that. */
static void
test_clear_deep (void)
{
  SubiterValue value;
  SubiterValue *inner = &value;

  subiter_value_init (&value);
  for (guint i = 0; i < 1000000; i++)
    {
      inner = subiter_value_set_tuple (inner, 2);
      subiter_value_set_string (&inner[1], "text", -1);
    }
  subiter_value_clear (&value);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_NONE);
}

/* Any byte may be true in a buffer, in a variant only one. */
static void
test_booleans (void)
{
  const guint8 expected[] = { 0, 1, 1, 1 };
  g_autoptr (GVariant) variant = NULL;
  gconstpointer data;
  SubiterValue value;
  gsize n_booleans;

  subiter_value_init (&value);
  subiter_value_take_array (&value, 'b', g_bytes_new_static ("\0\1\2\377", 4));
  variant = subiter_value_take_variant (&value, G_VARIANT_TYPE ("ab"));
  data = g_variant_get_fixed_array (variant, &n_booleans, 1);
  g_assert_cmpmem (data, n_booleans, expected, sizeof expected);
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
test_strings_move (void)
{
  g_autoptr (GVariant) variant = NULL;
  g_autofree char *text = g_strnfill (100000, 'x');
  SubiterValue value;
  const char *kept;

  subiter_value_init (&value);
  subiter_value_set_string (&value, text, -1);
  kept = subiter_value_get_string (&value, NULL);
  variant = subiter_value_take_variant (&value, NULL);
  g_assert_true (g_variant_get_string (variant, NULL) == kept);
}

static void
on_released (gpointer data)
{
  g_atomic_int_inc ((int *) data);
}

/* A large buffer is released on another thread, some time after. */
static void
wait_for_released (int *n_released,
                   int wanted)
{
  while (g_atomic_int_get (n_released) < wanted)
    g_usleep (100);
  g_assert_cmpint (g_atomic_int_get (n_released), ==, wanted);
}

static void
note_releaser (gpointer data)
{
  g_atomic_pointer_set ((GThread **) data, g_thread_self ());
}

/* A large text is not copied either, and can be all that a small one can. */
static void
test_large_strings (void)
{
  const gsize length = 8 * 1024 * 1024;
  g_autofree char *text = g_strnfill (length, 'x');
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) typed = NULL;
  g_autoptr (GVariant) path = NULL;
  g_autoptr (GVariant) dict = NULL;
  g_autofree char *copy = NULL;
  SubiterValue value;
  SubiterValue *members;
  gsize got;

  *text = '/';
  subiter_value_init (&value);
  g_assert_true (subiter_value_set_string (&value, text, -1));
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_STRING);
  variant = subiter_value_take_variant (&value, NULL);
  g_assert_cmpstr (g_variant_get_type_string (variant), ==, "s");
  g_assert_cmpstr (g_variant_get_string (variant, &got), ==, text);
  g_assert_cmpuint (got, ==, length);
  copy = g_variant_dup_string (variant, NULL);
  g_assert_cmpstr (copy, ==, text);
  g_assert_true (g_variant_is_normal_form (variant));

  subiter_value_set_string (&value, text, -1);
  g_assert_true (subiter_value_check (&value, G_VARIANT_TYPE_STRING, NULL));
  typed = subiter_value_take_variant (&value, G_VARIANT_TYPE_STRING);
  g_assert_true (g_variant_equal (typed, variant));

  subiter_value_set_string (&value, text, -1);
  g_assert_true (subiter_value_check (&value, G_VARIANT_TYPE_OBJECT_PATH, NULL));
  g_assert_false (subiter_value_check (&value, G_VARIANT_TYPE_SIGNATURE, NULL));
  path = subiter_value_take_variant (&value, G_VARIANT_TYPE_OBJECT_PATH);
  g_assert_cmpstr (g_variant_get_string (path, NULL), ==, text);

  members = subiter_value_set_dict (&value, 1);
  subiter_value_set_string (&members[0], text, -1);
  subiter_value_set_string (&members[1], text, -1);
  dict = subiter_value_take_variant (&value, NULL);
  g_assert_true (g_variant_is_normal_form (dict));
  g_assert_true (g_variant_lookup (dict, text, "s", NULL));

  subiter_value_set_string (&value, text, -1);
  subiter_value_clear (&value);
}

/* Nor is one that is in a container: the main loop would take long over it. */
static void
test_large_string_inside (void)
{
  const gsize length = 8 * 1024 * 1024;
  g_autofree char *text = g_strnfill (length, 'x');
  const char *types[] = { NULL, "av", "as", "(s)", "ams" };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      const GVariantType *type = types[i] != NULL ? G_VARIANT_TYPE (types[i]) : NULL;
      g_autoptr (GVariant) variant = NULL;
      g_autoptr (GVariant) child = NULL;
      SubiterValue value;
      SubiterValue *members;
      const char *kept;

      subiter_value_init (&value);
      members = subiter_value_set_list (&value, 1);
      g_assert_true (subiter_value_set_string (&members[0], text, -1));
      kept = subiter_value_get_string (&members[0], NULL);
      g_assert_true (subiter_value_check (&value, type, NULL));
      variant = subiter_value_take_variant (&value, type);
      child = g_variant_get_child_value (variant, 0);
      while (g_variant_is_container (child))
        {
          g_autoptr (GVariant) outer = g_steal_pointer (&child);

          child = g_variant_get_child_value (outer, 0);
        }
      g_assert_true (g_variant_get_string (child, NULL) == kept);
    }
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
  GThread *releaser = NULL;
  int n_released = 0;

  subiter_value_init (&value);
  subiter_value_take_bytes (&value, g_bytes_new_with_free_func (memory, size, on_released, &n_released));
  variant = subiter_value_take_variant (&value, NULL);
  g_assert_true (g_variant_get_data (variant) == memory);
  g_assert_cmpint (n_released, ==, 0);
  part = g_variant_get_child_value (variant, 3);
  g_variant_unref (variant);
  g_variant_unref (part);
  wait_for_released (&n_released, 1);

  subiter_value_take_bytes (&value, g_bytes_new_with_free_func (memory, size, on_released, &n_released));
  subiter_value_clear (&value);
  wait_for_released (&n_released, 2);

  /* Not by whoever drops it: to give memory back takes time. */
  subiter_value_take_bytes (&value, g_bytes_new_with_free_func (memory, size, note_releaser, &releaser));
  subiter_value_clear (&value);
  while (g_atomic_pointer_get (&releaser) == NULL)
    g_usleep (100);
  g_assert_true (g_atomic_pointer_get (&releaser) != g_thread_self ());
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

static void
set_list (SubiterValue *value,
          gsize n_members)
{
  SubiterValue *members = subiter_value_set_list (value, n_members);

  for (gsize i = 0; i < n_members; i++)
    subiter_value_set_int64 (&members[i], (gint64) i);
}

/* A container that is large becomes a variant of one piece before it is handed over. */
static void
test_large_containers (void)
{
  g_autoptr (GVariant) natural = NULL;
  g_autoptr (GVariant) typed = NULL;
  g_autoptr (GVariant) outer = NULL;
  g_autoptr (GVariant) member = NULL;
  SubiterValue value;
  SubiterValue *members;

  subiter_value_init (&value);
  set_list (&value, 100);
  subiter_value_make_if_large (&value, NULL);
  g_assert_cmpint (value.kind, ==, SUBITER_VALUE_LIST);
  subiter_value_clear (&value);

  set_list (&value, 2000);
  subiter_value_make_if_large (&value, NULL);
  g_assert_cmpint (value.kind, ==, SUBITER_VALUE_VARIANT);
  g_assert_false (subiter_value_is_container (&value));
  natural = subiter_value_take_variant (&value, NULL);
  g_assert_cmpstr (g_variant_get_type_string (natural), ==, "av");
  g_assert_cmpuint (g_variant_n_children (natural), ==, 2000);
  g_variant_get_child (natural, 1999, "v", &member);
  g_assert_cmpint (g_variant_get_int64 (member), ==, 1999);
  g_assert_true (g_variant_is_normal_form (natural));
  g_assert_cmpint (value.kind, ==, SUBITER_VALUE_NONE);

  set_list (&value, 2000);
  subiter_value_make_if_large (&value, G_VARIANT_TYPE ("au"));
  typed = subiter_value_take_variant (&value, G_VARIANT_TYPE ("au"));
  g_assert_cmpstr (g_variant_get_type_string (typed), ==, "au");
  g_assert_cmpuint (g_variant_get_size (typed), ==, 8000);

  /* All together count. */
  members = subiter_value_set_tuple (&value, 300);
  for (gsize i = 0; i < 300; i++)
    set_list (&members[i], 4);
  subiter_value_make_if_large (&value, NULL);
  g_assert_cmpint (value.kind, ==, SUBITER_VALUE_VARIANT);
  outer = subiter_value_take_variant (&value, NULL);
  g_assert_cmpuint (g_variant_n_children (outer), ==, 300);

  /* A large buffer in there is not copied. */
  {
    g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (100000), 100000);
    g_autoptr (GVariant) shared = NULL;
    g_autoptr (GVariant) buffer = NULL;

    members = subiter_value_set_list (&value, 2000);
    subiter_value_take_bytes (&members[1999], g_bytes_ref (bytes));
    subiter_value_make_if_large (&value, NULL);
    g_assert_cmpint (value.kind, ==, SUBITER_VALUE_VARIANT);
    shared = subiter_value_take_variant (&value, NULL);
    g_variant_get_child (shared, 1999, "v", &buffer);
    g_assert_true (g_variant_get_data (buffer) == g_bytes_get_data (bytes, NULL));
  }

  /* One that nobody takes. */
  set_list (&value, 2000);
  subiter_value_make_if_large (&value, NULL);
  subiter_value_clear (&value);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/value-memory/kinds", test_kinds);
  subiter_test_add ("/value-memory/clear-nested", test_clear_nested);
  subiter_test_add ("/value-memory/clear-deep", test_clear_deep);
  subiter_test_add ("/value-memory/booleans", test_booleans);
  subiter_test_add ("/value-memory/element-size", test_element_size);
  subiter_test_add ("/value-memory/array-misuse", test_array_misuse);
  subiter_test_add ("/value-memory/natural-many", test_natural_many);
  subiter_test_add ("/value-memory/strings-move", test_strings_move);
  subiter_test_add ("/value-memory/large-strings", test_large_strings);
  subiter_test_add ("/value-memory/large-string-inside", test_large_string_inside);
  subiter_test_add ("/value-memory/large-containers", test_large_containers);
  subiter_test_add ("/value-memory/buffers", test_buffers);
  subiter_test_add ("/value-memory/unaligned", test_unaligned);

  return subiter_test_run ();
}
