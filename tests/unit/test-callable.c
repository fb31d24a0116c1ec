/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include <string.h>

static SubiterCallable *
callable_new (const char *entry_point)
{
  GError *error = NULL;
  SubiterCallable *callable = subiter_callable_new_for_entry_point (entry_point, &error);

  g_assert_no_error (error);
  g_assert_nonnull (callable);

  return callable;
}

static void
test_entry_point (void)
{
  static const char *const good[][3] = {
    { "builtins:range", "builtins", "range" },
    { "package.module:Class.method", "package.module", "Class.method" },
    { "_a.__b__.c3:_d_", "_a.__b__.c3", "_d_" },
    { "größe:länge", "größe", "länge" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (SubiterCallable) callable = callable_new (good[i][0]);
      g_autofree char *text = subiter_callable_to_string (callable);

      g_assert_cmpint (subiter_callable_get_kind (callable), ==, SUBITER_CALLABLE_ENTRY_POINT);
      g_assert_cmpstr (subiter_callable_get_module (callable), ==, good[i][1]);
      g_assert_cmpstr (subiter_callable_get_attribute (callable), ==, good[i][2]);
      g_assert_cmpstr (text, ==, good[i][0]);
      g_assert_null (subiter_callable_get_path (callable));
      g_assert_null (subiter_callable_get_source_code (callable));
      g_assert_null (subiter_callable_get_args (callable));
      g_assert_null (subiter_callable_get_kwargs (callable));
    }
}

/* Each message names what was given, what is wrong with it, and what would do. */
static void
test_malformed (void)
{
  static const char *const bad[][2] = {
    { "", "colon" },
    { "range", "colon" },
    { "os.path.join", "colon" },
    { ":", "module" },
    { ":range", "module" },
    { "builtins:", "attribute" },
    { "builtins:range:x", "attribute" },
    { "builtins:range()", "attribute" },
    { "builtins: range", "attribute" },
    { "builtins.:range", "module" },
    { ".builtins:range", "module" },
    { "a..b:range", "module" },
    { "builtins:.range", "attribute" },
    { "builtins:range.", "attribute" },
    { "builtins:a..b", "attribute" },
    { "/usr/lib/x.py:f", "module" },
    { "3d:f", "module" },
    { "m:3d", "attribute" },
    { "m:a-b", "attribute" },
    { "my-module:f", "module" },
    { "m :f", "module" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      GError *error = NULL;

      g_assert_null (subiter_callable_new_for_entry_point (bad[i][0], &error));
      g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE);
      g_assert_nonnull (strstr (error->message, bad[i][0]));
      g_assert_nonnull (strstr (error->message, bad[i][1]));
      g_assert_nonnull (strstr (error->message, "module:attribute"));
      g_clear_error (&error);
      g_assert_null (subiter_callable_new_for_entry_point (bad[i][0], NULL));
    }
}

/* Bytes that are no text do not make an error message that is none. */
static void
test_malformed_bytes (void)
{
  GError *error = NULL;

  g_assert_null (subiter_callable_new_for_entry_point ("m\xff:f", &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_clear_error (&error);
}

static void
test_file (void)
{
  g_autofree char *folder = g_get_current_dir ();
  g_autofree char *path = g_build_filename (folder, "b", "x.py", NULL);
  g_autofree char *expected = g_strconcat (path, ":main", NULL);
  g_autofree char *text = NULL;
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterCallable) dotted = NULL;
  GError *error = NULL;

  callable = subiter_callable_new_for_file ("a/../b/x.py", "main", &error);
  g_assert_no_error (error);
  g_assert_cmpint (subiter_callable_get_kind (callable), ==, SUBITER_CALLABLE_FILE);
  g_assert_cmpstr (subiter_callable_get_path (callable), ==, path);
  g_assert_cmpstr (subiter_callable_get_attribute (callable), ==, "main");
  g_assert_null (subiter_callable_get_module (callable));
  g_assert_null (subiter_callable_get_source_code (callable));
  text = subiter_callable_to_string (callable);
  g_assert_cmpstr (text, ==, expected);

  dotted = subiter_callable_new_for_file ("/x.py", "Reader.rows", &error);
  g_assert_no_error (error);

  g_assert_null (subiter_callable_new_for_file ("", "main", &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE);
  g_assert_nonnull (strstr (error->message, "empty"));
  g_clear_error (&error);
  g_assert_null (subiter_callable_new_for_file ("/x.py", "main()", &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE);
  g_assert_nonnull (strstr (error->message, "main()"));
  g_clear_error (&error);
}

static void
test_source_code (void)
{
  const char *code = "def f ():\n  yield 1\n";
  g_autoptr (SubiterCallable) callable = NULL;
  g_autofree char *text = NULL;
  GError *error = NULL;

  callable = subiter_callable_new_for_source_code (code, "f", &error);
  g_assert_no_error (error);
  g_assert_cmpint (subiter_callable_get_kind (callable), ==, SUBITER_CALLABLE_SOURCE_CODE);
  g_assert_cmpstr (subiter_callable_get_source_code (callable), ==, code);
  g_assert_null (subiter_callable_get_module (callable));
  g_assert_null (subiter_callable_get_path (callable));
  text = subiter_callable_to_string (callable);
  g_assert_cmpstr (text, ==, "<source code>:f");

  g_assert_null (subiter_callable_new_for_source_code (code, "", &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE);
  g_assert_nonnull (strstr (error->message, "attribute"));
  g_clear_error (&error);
  g_assert_null (subiter_callable_new_for_source_code ("\xff", "f", &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE);
  g_assert_nonnull (strstr (error->message, "UTF-8"));
  g_clear_error (&error);
}

static void
assert_bound (SubiterCallable *callable,
              const char *args,
              const char *kwargs)
{
  GVariant *bound_args = subiter_callable_get_args (callable);
  GVariant *bound_kwargs = subiter_callable_get_kwargs (callable);
  g_autofree char *args_text = bound_args != NULL ? g_variant_print (bound_args, TRUE) : NULL;
  g_autofree char *kwargs_text = bound_kwargs != NULL ? g_variant_print (bound_kwargs, TRUE) : NULL;

  g_assert_cmpstr (args_text, ==, args);
  g_assert_cmpstr (kwargs_text, ==, kwargs);
}

/* Both are given as text, or as NULL. */
static SubiterCallable *
bind (SubiterCallable *callable,
      const char *args,
      const char *kwargs,
      GError **error)
{
  g_autoptr (GVariant) args_variant = NULL;
  g_autoptr (GVariant) kwargs_variant = NULL;
  GError *parse_error = NULL;

  if (args != NULL)
    args_variant = g_variant_parse (NULL, args, NULL, NULL, &parse_error);
  g_assert_no_error (parse_error);
  if (kwargs != NULL)
    kwargs_variant = g_variant_parse (NULL, kwargs, NULL, NULL, &parse_error);
  g_assert_no_error (parse_error);

  return subiter_callable_bind (callable, args_variant, kwargs_variant, error);
}

static void
test_bind (void)
{
  g_autoptr (SubiterCallable) callable = callable_new ("m:f");
  g_autoptr (SubiterCallable) once = NULL;
  g_autoptr (SubiterCallable) twice = NULL;
  g_autoptr (SubiterCallable) thrice = NULL;
  g_autoptr (SubiterCallable) plain = NULL;
  GError *error = NULL;

  once = bind (callable, "(1, 'b')", "{'k': <1>, 'l': <2>}", &error);
  g_assert_no_error (error);
  assert_bound (once, "(1, 'b')", "{'k': <1>, 'l': <2>}");
  assert_bound (callable, NULL, NULL);
  g_assert_cmpstr (subiter_callable_get_module (once), ==, "m");
  g_assert_cmpstr (subiter_callable_get_attribute (once), ==, "f");

  /* As functools.partial () does it: appended, and overridden. */
  twice = bind (once, "('c',)", "{'k': <'new'>, 'm': <3>}", &error);
  g_assert_no_error (error);
  assert_bound (twice, "(1, 'b', 'c')", "{'l': <2>, 'k': <'new'>, 'm': <3>}");
  assert_bound (once, "(1, 'b')", "{'k': <1>, 'l': <2>}");

  /* Nothing more is nothing lost. */
  thrice = bind (once, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_bound (thrice, "(1, 'b')", "{'k': <1>, 'l': <2>}");
  plain = bind (callable, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_bound (plain, NULL, NULL);
}

/* Floating variants are consumed, whatever comes of it. */
static void
test_bind_floating (void)
{
  g_autoptr (SubiterCallable) callable = callable_new ("m:f");
  g_autoptr (SubiterCallable) bound = NULL;
  GError *error = NULL;

  bound = subiter_callable_bind (callable, g_variant_new ("(is)", 1, "b"), g_variant_new_parsed ("{'k': <1>}"), &error);
  g_assert_no_error (error);
  assert_bound (bound, "(1, 'b')", "{'k': <1>}");
  g_assert_null (subiter_callable_bind (callable, g_variant_new_int32 (1), g_variant_new_parsed ("{'k': <1>}"), NULL));
}

static void
on_freed (gpointer data)
{
  (*(int *) data)++;
}

/* The memory of arguments is the callable's own: it may be let go of on any
 * thread. */
static void
test_bind_copies (void)
{
  static const gint32 numbers[] = { 1, 2 };
  g_autoptr (SubiterCallable) callable = callable_new ("m:f");
  g_autoptr (SubiterCallable) bound = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int n_freed = 0;

  bytes = g_bytes_new_with_free_func (numbers, sizeof numbers, on_freed, &n_freed);
  bound = subiter_callable_bind (callable, g_variant_new_from_bytes (G_VARIANT_TYPE ("(ii)"), bytes, TRUE), NULL, NULL);
  g_clear_pointer (&bytes, g_bytes_unref);
  g_assert_cmpint (n_freed, ==, 1);
  assert_bound (bound, "(1, 2)", NULL);
}

static void
test_bind_empty (void)
{
  g_autoptr (SubiterCallable) callable = callable_new ("m:f");
  g_autoptr (SubiterCallable) bound = NULL;
  g_autoptr (SubiterCallable) more = NULL;

  bound = bind (callable, "()", "@a{sv} {}", NULL);
  assert_bound (bound, "()", "@a{sv} {}");
  more = bind (bound, "(1,)", "{'k': <1>}", NULL);
  assert_bound (more, "(1,)", "{'k': <1>}");
}

static void
test_bind_refused (void)
{
  static const char *const bad[][3] = {
    { "1", NULL, "“i”" },
    { "[1]", NULL, "“ai”" },
    { "'a'", NULL, "tuple" },
    { NULL, "{'k': 1}", "“a{sv}”" },
    { NULL, "(1,)", "“(i)”" },
    { "(handle 0,)", NULL, "handle" },
    { "([handle 0],)", NULL, "handle" },
    { "(<handle 0>,)", NULL, "handle" },
    { "({'a': <[<handle 0>]>},)", NULL, "handle" },
    { NULL, "{'k': <handle 0>}", "handle" },
    { NULL, "{'k': <(1, [handle 0])>}", "handle" },
  };
  g_autoptr (SubiterCallable) callable = callable_new ("m:f");

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      GError *error = NULL;

      g_assert_null (bind (callable, bad[i][0], bad[i][1], &error));
      g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, bad[i][2]));
      g_clear_error (&error);
    }
}

/* What GLib would not find again once it is serialised. */
static void
test_bind_deep (void)
{
  g_autoptr (SubiterCallable) callable = callable_new ("m:f");

  for (guint n_boxes = 120; n_boxes < 200; n_boxes++)
    {
      GVariant *variant = g_variant_new_byte (1);
      g_autoptr (GVariant) args = NULL;
      g_autoptr (SubiterCallable) bound = NULL;
      g_autoptr (GVariant) child = NULL;
      GError *error = NULL;

      for (guint i = 0; i < n_boxes; i++)
        variant = g_variant_new_variant (variant);
      args = g_variant_ref_sink (g_variant_new_tuple (&variant, 1));
      bound = subiter_callable_bind (callable, args, NULL, &error);
      /* the tuple, the boxes, and the byte */
      if (1 + n_boxes + 1 > 128)
        {
          g_assert_null (bound);
          g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT);
          g_assert_nonnull (strstr (error->message, "128"));
          g_error_free (error);
          continue;
        }

      g_assert_no_error (error);
      child = g_variant_get_child_value (subiter_callable_get_args (bound), 0);
      for (guint i = 0; i < n_boxes; i++)
        {
          g_autoptr (GVariant) box = g_steal_pointer (&child);

          child = g_variant_get_variant (box);
        }
      g_assert_true (g_variant_is_of_type (child, G_VARIANT_TYPE_BYTE));
    }
}

static void
test_boxed (void)
{
  SubiterCallable *callable = callable_new ("m:f");
  SubiterCallable *copy = g_boxed_copy (SUBITER_TYPE_CALLABLE, callable);
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, SUBITER_TYPE_CALLABLE);
  g_value_take_boxed (&value, callable);
  g_assert_cmpstr (subiter_callable_get_module (copy), ==, "m");
  g_value_reset (&value);
  g_assert_cmpstr (subiter_callable_get_module (copy), ==, "m");
  g_boxed_free (SUBITER_TYPE_CALLABLE, copy);
}

static void
test_source (void)
{
  g_autoptr (SubiterSource) source = NULL;
  GError *error = NULL;

  g_assert_null (subiter_source_new_for_entry_point ("range", NULL, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE);
  g_clear_error (&error);
  g_assert_null (subiter_source_new_for_entry_point ("builtins:range", g_variant_new_int32 (3), &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  source = subiter_source_new_for_entry_point ("builtins:range", g_variant_new ("(i)", 3), &error);
  g_assert_no_error (error);
  assert_bound (subiter_source_get_callable (source), "(3,)", NULL);
  g_assert_cmpstr (subiter_source_get_runtime (source), ==, "subinterpreter");
}

/* What has which place is seen by the runtime; none of it is a variant. */
static void
test_bytes (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("abc", 3);
  g_autoptr (SubiterCallable) plain = subiter_callable_new_for_entry_point ("a:b", NULL);
  g_autoptr (SubiterCallable) first = subiter_callable_bind_bytes (plain, NULL, bytes);
  g_autoptr (SubiterCallable) second = NULL;
  g_autoptr (SubiterCallable) third = NULL;
  g_autoptr (SubiterCallable) fourth = NULL;
  g_autoptr (SubiterCallable) fifth = NULL;
  g_autofree char *kwargs = NULL;

  g_assert_cmpuint (subiter_callable_get_n_bytes (plain), ==, 0);
  g_assert_cmpuint (subiter_callable_get_n_bytes (first), ==, 1);
  g_assert_null (subiter_callable_get_args (first));
  g_assert_null (subiter_callable_get_bytes_name (first, 0));
  g_assert_cmpuint (subiter_callable_get_bytes_position (first, 0), ==, 0);
  /* not the same, but the same memory */
  g_assert_true (g_bytes_get_data (subiter_callable_get_bytes (first, 0), NULL) == g_bytes_get_data (bytes, NULL));

  second = subiter_callable_bind (first, g_variant_new ("(ii)", 1, 2),
                                  g_variant_new_parsed ("{'x': <1>, 'y': <2>, 'z': <3>}"), NULL);
  third = subiter_callable_bind_bytes (second, NULL, bytes);
  g_assert_cmpuint (g_variant_n_children (subiter_callable_get_args (third)), ==, 2);
  g_assert_cmpuint (subiter_callable_get_bytes_position (third, 0), ==, 0);
  g_assert_cmpuint (subiter_callable_get_bytes_position (third, 1), ==, 3);

  fourth = subiter_callable_bind_bytes (third, "y", bytes);
  g_assert_cmpuint (subiter_callable_get_n_bytes (fourth), ==, 3);
  g_assert_cmpstr (subiter_callable_get_bytes_name (fourth, 2), ==, "y");
  kwargs = g_variant_print (subiter_callable_get_kwargs (fourth), FALSE);
  g_assert_cmpstr (kwargs, ==, "{'x': <1>, 'z': <3>}");

  fifth = subiter_callable_bind (fourth, NULL, g_variant_new_parsed ("{'y': <4>}"), NULL);
  g_assert_cmpuint (subiter_callable_get_n_bytes (fifth), ==, 2);
}

static void
count_freed (gpointer data)
{
  (*(int *) data)++;
}

static gpointer
unref_main (gpointer data)
{
  subiter_callable_unref (data);

  return NULL;
}

static SubiterCallable *
new_with_counter (int *n_freed)
{
  g_autoptr (SubiterCallable) plain = subiter_callable_new_for_entry_point ("a:b", NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_with_free_func ("", 1, count_freed, n_freed);

  return subiter_callable_bind_bytes (plain, NULL, bytes);
}

/* At once by who bound it, and otherwise where he is. */
static void
test_bytes_end (void)
{
  int n_freed = 0;

  subiter_callable_unref (new_with_counter (&n_freed));
  g_assert_cmpint (n_freed, ==, 1);

  for (int i = 0; i < 3; i++)
    g_thread_join (g_thread_new ("other", unref_main, new_with_counter (&n_freed)));
  /* Each new one lets go of those before it. */
  g_assert_cmpint (n_freed, ==, 3);
  subiter_test_wait_for (n_freed == 4);
  subiter_test_drain ();
  g_assert_cmpint (n_freed, ==, 4);
}

static gpointer
bind_main (gpointer data)
{
  return new_with_counter (data);
}

/* The main context of whoever bound it, on whichever thread that is iterated now. */
static void
test_bytes_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  SubiterCallable *callable;
  int n_freed = 0;

  g_main_context_push_thread_default (context);
  callable = new_with_counter (&n_freed);
  g_main_context_pop_thread_default (context);
  g_thread_join (g_thread_new ("other", unref_main, callable));
  g_assert_cmpint (n_freed, ==, 0);
  subiter_test_drain ();
  g_assert_cmpint (n_freed, ==, 0);
  while (g_main_context_iteration (context, FALSE))
    continue;
  g_assert_cmpint (n_freed, ==, 1);

  /* Whose thread is gone: it is for the main context, and no other thread has a claim. */
  callable = g_thread_join (g_thread_new ("gone", bind_main, &n_freed));
  subiter_callable_unref (callable);
  subiter_callable_unref (new_with_counter (&n_freed));
  g_assert_cmpint (n_freed, ==, 2);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpint (n_freed, ==, 3);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/callable/entry-point", test_entry_point);
  subiter_test_add ("/callable/malformed", test_malformed);
  subiter_test_add ("/callable/malformed-bytes", test_malformed_bytes);
  subiter_test_add ("/callable/file", test_file);
  subiter_test_add ("/callable/source-code", test_source_code);
  subiter_test_add ("/callable/bind", test_bind);
  subiter_test_add ("/callable/bind-floating", test_bind_floating);
  subiter_test_add ("/callable/bind-copies", test_bind_copies);
  subiter_test_add ("/callable/bind-empty", test_bind_empty);
  subiter_test_add ("/callable/bind-refused", test_bind_refused);
  subiter_test_add ("/callable/bind-deep", test_bind_deep);
  subiter_test_add ("/callable/boxed", test_boxed);
  subiter_test_add ("/callable/source", test_source);
  subiter_test_add ("/callable/bytes", test_bytes);
  subiter_test_add ("/callable/bytes-end", test_bytes_end);
  subiter_test_add ("/callable/bytes-context", test_bytes_context);

  return subiter_test_run ();
}
