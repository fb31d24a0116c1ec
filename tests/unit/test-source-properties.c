/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-source-private.h"

static void
test_defaults (void)
{
  g_autoptr (SubiterSource) source = subiter_source_new_for_entry_point ("m:f", NULL, NULL);
  g_autofree char *progress_text = subiter_source_dup_progress_text (source);

  g_assert_nonnull (subiter_source_get_callable (source));
  g_assert_nonnull (subiter_source_get_interpreter (source));
  g_assert_cmpstr (subiter_source_get_runtime (source), ==, "subinterpreter");
  g_assert_cmpuint (subiter_source_get_buffer_size (source), ==, 64);
  g_assert_cmpuint (subiter_source_get_timeout (source), ==, 0);
  g_assert_null (subiter_source_get_initializers (source));
  g_assert_null (subiter_source_get_item_type (source));
  g_assert_cmpint (subiter_source_get_priority (source), ==, G_PRIORITY_DEFAULT_IDLE);
  g_assert_cmpuint (subiter_source_get_dispatch_budget (source), ==, SUBITER_SOURCE_DEFAULT_DISPATCH_BUDGET);
  g_assert_cmpuint (subiter_source_get_dispatch_items (source), ==, 0);
  g_assert_null (subiter_source_get_python_path (source));
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_IDLE);
  g_assert_cmpuint (subiter_source_get_n_items (source), ==, 0);
  g_assert_cmpfloat (subiter_source_get_progress (source), ==, 0.0);
  g_assert_null (progress_text);
  g_assert_null (subiter_source_dup_failure (source));
}

/* What the property system says is what the methods say. */
static void
test_introspection (void)
{
  static const char *const initializers[] = { "m:a", "m:b", NULL };
  static const char *const python_path[] = { "/a", "/b", NULL };
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new ("range", "(1,)");
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) source = NULL;
  g_autoptr (SubiterCallable) got_callable = NULL;
  g_autoptr (SubiterInterpreter) got_interpreter = NULL;
  g_autoptr (SubiterFailure) got_failure = NULL;
  g_autofree char *got_runtime = NULL;
  g_autofree char *got_progress_text = NULL;
  g_auto (GStrv) got_initializers = NULL;
  g_auto (GStrv) got_python_path = NULL;
  g_autoptr (GVariantType) got_item_type = NULL;
  guint buffer_size;
  guint timeout;
  guint dispatch_budget;
  guint dispatch_items;
  int priority;
  guint64 n_items;
  double progress;
  SubiterState state;

  source = g_object_new (SUBITER_TYPE_SOURCE,
                         "callable", callable,
                         "interpreter", interpreter,
                         "buffer-size", 3,
                         "timeout", 4,
                         "initializers", initializers,
                         "item-type", G_VARIANT_TYPE ("as"),
                         "priority", 5,
                         "dispatch-budget", 6,
                         "dispatch-items", 7,
                         "python-path", python_path,
                         NULL);
  g_object_get (source,
                "callable", &got_callable,
                "interpreter", &got_interpreter,
                "runtime", &got_runtime,
                "buffer-size", &buffer_size,
                "timeout", &timeout,
                "initializers", &got_initializers,
                "item-type", &got_item_type,
                "priority", &priority,
                "dispatch-budget", &dispatch_budget,
                "dispatch-items", &dispatch_items,
                "python-path", &got_python_path,
                "state", &state,
                "n-items", &n_items,
                "progress", &progress,
                "progress-text", &got_progress_text,
                "failure", &got_failure,
                NULL);
  g_assert_true (got_callable == callable);
  g_assert_true (subiter_source_get_callable (source) == callable);
  g_assert_true (got_interpreter == interpreter);
  g_assert_true (subiter_source_get_interpreter (source) == interpreter);
  g_assert_cmpstr (got_runtime, ==, "test");
  g_assert_cmpuint (buffer_size, ==, 3);
  g_assert_cmpuint (subiter_source_get_buffer_size (source), ==, 3);
  g_assert_cmpuint (timeout, ==, 4);
  g_assert_cmpuint (subiter_source_get_timeout (source), ==, 4);
  g_assert_cmpstrv (got_initializers, initializers);
  g_assert_cmpstrv (subiter_source_get_initializers (source), initializers);
  g_assert_true (g_variant_type_equal (got_item_type, G_VARIANT_TYPE ("as")));
  g_assert_true (g_variant_type_equal (subiter_source_get_item_type (source), G_VARIANT_TYPE ("as")));
  g_assert_cmpint (priority, ==, 5);
  g_assert_cmpint (subiter_source_get_priority (source), ==, 5);
  g_assert_cmpuint (dispatch_budget, ==, 6);
  g_assert_cmpuint (subiter_source_get_dispatch_budget (source), ==, 6);
  g_assert_cmpuint (dispatch_items, ==, 7);
  g_assert_cmpuint (subiter_source_get_dispatch_items (source), ==, 7);
  g_assert_cmpstrv (got_python_path, python_path);
  g_assert_cmpstrv (subiter_source_get_python_path (source), python_path);
  g_assert_cmpint (state, ==, SUBITER_STATE_IDLE);
  g_assert_cmpuint (n_items, ==, 0);
  g_assert_cmpfloat (progress, ==, 0.0);
  g_assert_null (got_progress_text);
  g_assert_null (got_failure);
}

static void
on_notify (SubiterSource *source,
           GParamSpec *pspec,
           GString *names)
{
  g_string_append_printf (names, "%s%s", names->len > 0 ? " " : "", g_param_spec_get_name (pspec));
}

/* Once for a change, and not at all for none. */
static void
test_notify (void)
{
  static const char *const strv[] = { "m:a", NULL };
  static const char *const empty[] = { NULL };
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1,)");
  g_autoptr (GString) names = g_string_new (NULL);

  g_signal_connect (source, "notify", G_CALLBACK (on_notify), names);
  for (int i = 0; i < 2; i++)
    {
      subiter_source_set_buffer_size (source, 3);
      subiter_source_set_timeout (source, 4);
      subiter_source_set_initializers (source, strv);
      subiter_source_set_item_type (source, G_VARIANT_TYPE_STRING);
      subiter_source_set_priority (source, 5);
      subiter_source_set_dispatch_budget (source, 6);
      subiter_source_set_dispatch_items (source, 7);
      subiter_source_set_python_path (source, strv);
    }
  g_assert_cmpstr (names->str, ==, "buffer-size timeout initializers item-type priority dispatch-budget "
                                   "dispatch-items python-path");

  g_string_truncate (names, 0);
  subiter_source_set_initializers (source, NULL);
  subiter_source_set_initializers (source, empty);
  subiter_source_set_item_type (source, NULL);
  subiter_source_set_item_type (source, NULL);
  subiter_source_set_python_path (source, empty);
  g_assert_null (subiter_source_get_initializers (source));
  g_assert_null (subiter_source_get_python_path (source));
  g_assert_null (subiter_source_get_item_type (source));
  g_assert_cmpstr (names->str, ==, "initializers item-type python-path");
}

static void
test_misuse (void)
{
  static const char *const bad[] = { "m:a", "no colon", NULL };
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1,)");

  subiter_test_expect_critical ("*buffer_size > 0*");
  subiter_source_set_buffer_size (source, 0);
  subiter_test_expect_critical ("*buffer_size*");
  subiter_source_set_buffer_size (source, SUBITER_SOURCE_MAX_BUFFER_SIZE + 1);
  g_assert_cmpuint (subiter_source_get_buffer_size (source), ==, 64);

  subiter_test_expect_critical ("*is_definite*");
  subiter_source_set_item_type (source, G_VARIANT_TYPE_ARRAY);
  g_assert_null (subiter_source_get_item_type (source));

  subiter_test_expect_critical ("*no colon*");
  subiter_source_set_initializers (source, bad);
  g_assert_null (subiter_source_get_initializers (source));

  subiter_test_expect_critical ("*initializer != NULL*");
  subiter_source_add_initializer (source, NULL);

  subiter_test_expect_critical ("*callable != NULL*");
  g_assert_null (subiter_source_new (NULL));
  subiter_test_expect_critical ("*SUBITER_IS_SOURCE*");
  subiter_source_start (NULL);
  subiter_test_expect_critical ("*SUBITER_IS_SOURCE*");
  subiter_source_stop ((SubiterSource *) subiter_source_get_interpreter (source));
  g_test_assert_expected_messages ();
}

/* A setting that holds from the next start on leaves a run alone. */
static void
test_next_start (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_buffer_size (source, 2);
  subiter_source_start (source);
  subiter_source_set_buffer_size (source, 5);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PARKED) == 1);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_PUSHED), ==, 2);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);

  subiter_source_start (source);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PARKED) == 2);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_PUSHED), ==, 7);
}

/* A given interpreter counts, whatever runtime is named beside it. */
static void
test_runtime_of_interpreter (void)
{
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new ("range", "(1,)");
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) source = NULL;

  source = g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "interpreter", interpreter, "runtime", "other",
                         NULL);
  g_assert_cmpstr (subiter_source_get_runtime (source), ==, "test");
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/source/properties/defaults", test_defaults);
  subiter_test_add ("/source/properties/introspection", test_introspection);
  subiter_test_add ("/source/properties/notify", test_notify);
  subiter_test_add ("/source/properties/misuse", test_misuse);
  subiter_test_add ("/source/properties/next-start", test_next_start);
  subiter_test_add ("/source/properties/runtime-of-interpreter", test_runtime_of_interpreter);

  return subiter_test_run ();
}
