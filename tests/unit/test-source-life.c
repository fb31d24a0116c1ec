/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include <string.h>

/* Starts, stops, and starts again: what happens and what is signalled. */

static void
test_once (void)
{
  SubiterSource *source = subiter_test_source_new ("range", "(3,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_IDLE);
  subiter_source_start (source);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_RUNNING);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_FINISHED);
  g_assert_cmpuint (subiter_source_get_n_items (source), ==, 3);
  subiter_test_drain ();
  subiter_test_assert_log (log, "0 1 2 finished");
  /* Not every state is notified, if another follows at once; the last is. */
  g_assert_true (g_str_has_suffix (log->states->str, "finished"));
  subiter_test_assert_trace ("enter call:range");
  g_assert_true (subiter_test_runtime_get_thread () != g_thread_self ());
  subiter_test_assert_last_unref (source);
}

static void
test_empty (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(0,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "finished");
  g_assert_cmpuint (subiter_source_get_n_items (source), ==, 0);
}

static void
test_states (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_test_drain ();
  g_assert_cmpstr (log->states->str, ==, "running");
  subiter_source_pause (source);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_PAUSED);
  g_assert_cmpstr (log->states->str, ==, "running");
  subiter_test_drain ();
  g_assert_cmpstr (log->states->str, ==, "running paused");
  subiter_source_resume (source);
  subiter_test_drain ();
  subiter_source_stop (source);
  subiter_test_drain ();
  subiter_test_runtime_release ();
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpstr (log->states->str, ==, "running paused running stopping stopped");
  subiter_source_rewind (source);
  subiter_test_drain ();
  g_assert_cmpstr (log->states->str, ==, "running paused running stopping stopped idle");
}

static void
test_again (void)
{
  static const char *const initializers[] = { "test:setup", NULL };
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(2,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_initializers (source, initializers);
  for (guint i = 1; i <= 3; i++)
    {
      subiter_source_start (source);
      subiter_test_wait_for (log->n_ends == i);
      subiter_test_assert_log (log, "0 1 finished");
      g_assert_cmpuint (subiter_source_get_n_items (source), ==, 2);
    }

  /* The same interpreter, iterable, and no initializer a second time. */
  subiter_test_assert_trace ("enter init:setup call:range");
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS), ==, 3);
}

static void
test_again_one_shot (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("generator", "(2,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 2);
  subiter_test_assert_log (log, "0 1 finished 0 1 finished");
  subiter_test_assert_trace ("enter call:generator call:generator");
}

static void
test_initializers (void)
{
  static const char *const initializers[] = { "test:one", "test:two", NULL };
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (SubiterCallable) three = subiter_test_callable_new ("three", "(1,)");

  subiter_source_add_initializer (source, three);
  subiter_source_set_initializers (source, initializers);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_trace ("enter init:one init:two init:three call:range");
}

static void
test_initializer_fails (void)
{
  static const char *const initializers[] = { "test:setup_fails", NULL };
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (SubiterFailure) failure = NULL;

  subiter_source_set_initializers (source, initializers);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "failed:raised");
  failure = subiter_source_dup_failure (source);
  g_assert_cmpstr (subiter_failure_get_message (failure), ==, "set-up failed");
  subiter_test_assert_trace ("enter init:setup_fails");
}

static void
test_fail (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("fail", "(2,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (SubiterFailure) failure = NULL;

  g_assert_null (subiter_source_dup_failure (source));
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "0 1 failed:raised");
  g_assert_true (g_str_has_suffix (log->states->str, "failed"));
  failure = subiter_source_dup_failure (source);
  g_assert_nonnull (failure);
  g_assert_cmpstr (subiter_failure_get_exception_type (failure), ==, "ValueError");
  g_assert_nonnull (subiter_failure_get_traceback (failure));

  /* It is that of the last iteration only. */
  subiter_source_start (source);
  g_clear_pointer (&failure, subiter_failure_unref);
  failure = subiter_source_dup_failure (source);
  g_assert_null (failure);
  subiter_test_wait_for (log->n_ends == 2);
}

static void
on_failed (SubiterSource *source,
           GError *error,
           GError **copy)
{
  *copy = g_error_copy (error);
}

/* What a runtime fails with arrives, code by code. */
static void
test_codes (void)
{
  static const int codes[] = { SUBITER_ERROR_NOT_FOUND, SUBITER_ERROR_NOT_CALLABLE, SUBITER_ERROR_NOT_ITERABLE,
                               SUBITER_ERROR_RAISED, SUBITER_ERROR_NOT_SHAREABLE };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autofree char *args = g_strdup_printf ("(0, %d)", codes[i]);
      g_autoptr (SubiterSource) source = subiter_test_source_new ("fail", args);
      g_autoptr (GError) error = NULL;

      g_signal_connect (source, "failed", G_CALLBACK (on_failed), &error);
      subiter_source_start (source);
      subiter_test_wait_for (error != NULL);
      g_assert_error (error, SUBITER_ERROR, codes[i]);
      g_assert_nonnull (subiter_failure_from_error (error));
    }
}

static void
test_not_found (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("no_such", NULL);
  g_autoptr (GError) error = NULL;

  g_signal_connect (source, "failed", G_CALLBACK (on_failed), &error);
  subiter_source_start (source);
  subiter_test_wait_for (error != NULL);
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "test:no_such"));
  g_assert_null (subiter_failure_from_error (error));
}

static void
test_stop (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  guint n_items;

  log->counts = TRUE;
  subiter_source_start (source);
  subiter_test_wait_for (log->n_items >= 100);
  n_items = log->n_items;
  subiter_source_stop (source);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_STOPPING);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (log->n_items, ==, n_items);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_STOPPED);
  subiter_test_assert_log (log, "finished");
  g_assert_true (g_str_has_suffix (log->states->str, "stopped"));

  /* A second stop is none. */
  subiter_source_stop (source);
  subiter_test_drain ();
  subiter_test_assert_log (log, "");
}

static void
test_stop_idle (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_stop (source);
  subiter_source_pause (source);
  subiter_source_resume (source);
  subiter_test_drain ();
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_IDLE);
  subiter_test_assert_log (log, "");
  subiter_test_assert_trace ("");
}

/* Before the worker knows of it. */
static void
test_stop_at_once (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  for (guint i = 1; i <= 100; i++)
    {
      subiter_source_start (source);
      subiter_source_stop (source);
      subiter_test_wait_for (log->n_ends == i);
      subiter_test_assert_log (log, "finished");
      g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_STOPPED);
    }
  g_assert_cmpuint (log->n_items, ==, 0);
}

static void
test_stop_waiting (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "finished");
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_INTERRUPTS), ==, 0);
}

/* What goes wrong in the clean-up of code that was stopped is told. */
static void
test_stop_fails (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("busy_raise", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "failed:raised");
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_FAILED);
}

/* Started while it still stops: both ends are told, in order. */
static void
test_restart (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  guint n_items;

  log->counts = TRUE;
  subiter_source_start (source);
  subiter_test_wait_for (log->n_items >= 10);
  subiter_source_stop (source);
  log->n_items = 0;
  subiter_source_start (source);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_RUNNING);
  subiter_test_wait_for (log->n_items >= 10 && log->n_ends == 1);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_RUNNING);
  n_items = log->n_items;
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 2);
  g_assert_cmpuint (log->n_items, ==, n_items);
  subiter_test_assert_log (log, "finished finished");
}

/* The state is that of the last of several that still end. */
static void
test_restart_twice (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("busy", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_stop (source);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 2);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends >= 1);
  if (log->n_ends == 1)
    g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_STOPPING);
  subiter_test_wait_for (log->n_ends == 2);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_STOPPED);
  subiter_test_assert_log (log, "finished finished");
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  GError *error = NULL;
  int *n_closed = user_data;

  subiter_source_close_finish (SUBITER_SOURCE (object), result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (subiter_source_get_state (SUBITER_SOURCE (object)), ==, SUBITER_STATE_CLOSED);
  (*n_closed)++;
}

static void
test_close (void)
{
  SubiterSource *source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  int n_closed = 0;

  log->counts = TRUE;
  subiter_source_start (source);
  subiter_test_wait_for (log->n_items >= 10);
  subiter_source_close_async (source, NULL, on_closed, &n_closed);
  subiter_source_close_async (source, NULL, on_closed, &n_closed);
  subiter_test_wait_for (n_closed == 2);
  /* The worker is gone by then. */
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_LEFT), ==, 1);
  subiter_test_assert_log (log, "finished");
  g_assert_true (g_str_has_suffix (log->states->str, "stopped closed"));

  subiter_source_close_async (source, NULL, on_closed, &n_closed);
  subiter_test_wait_for (n_closed == 3);
  subiter_source_stop (source);
  subiter_test_drain ();
  subiter_test_assert_log (log, "");
  subiter_test_assert_last_unref (source);
}

static void
test_close_idle (void)
{
  SubiterSource *source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  int n_closed = 0;

  subiter_source_close_async (source, NULL, on_closed, &n_closed);
  subiter_test_wait_for (n_closed == 1);
  subiter_test_assert_log (log, "");
  subiter_test_assert_trace ("");
  g_assert_cmpstr (log->states->str, ==, "closed");

  subiter_test_expect_critical ("*cannot be started after it was closed*");
  subiter_source_start (source);
  g_test_assert_expected_messages ();
  subiter_test_assert_last_unref (source);
}

static void
test_close_finished (void)
{
  SubiterSource *source = subiter_test_source_new ("range", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  int n_closed = 0;

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_source_close_async (source, NULL, on_closed, &n_closed);
  subiter_test_wait_for (n_closed == 1);
  subiter_test_assert_log (log, "0 finished");
  subiter_test_assert_last_unref (source);
}

static void
on_close_cancelled (GObject *object,
                    GAsyncResult *result,
                    gpointer user_data)
{
  GError *error = NULL;
  int *n_closed = user_data;

  g_assert_false (subiter_source_close_finish (SUBITER_SOURCE (object), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_error_free (error);
  (*n_closed)++;
}

static void
test_close_cancelled (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  int n_closed = 0;

  log->counts = TRUE;
  subiter_source_start (source);
  subiter_test_wait_for (log->n_items > 0);
  subiter_source_close_async (source, cancellable, on_close_cancelled, &n_closed);
  g_cancellable_cancel (cancellable);
  subiter_test_wait_for (n_closed == 1);
  /* Closing went on. */
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_CLOSED);
  subiter_test_assert_log (log, "finished");
}

static void
test_start_running (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_expect_critical ("*cannot be started while it is running*");
  subiter_source_start (source);
  subiter_test_expect_critical ("*cannot be rewound while it is running*");
  subiter_source_rewind (source);
  g_test_assert_expected_messages ();
  subiter_test_runtime_permit (1);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "0 finished");
}

static void
test_no_callable (void)
{
  g_autoptr (SubiterSource) source = g_object_new (SUBITER_TYPE_SOURCE, "runtime", "test", NULL);

  subiter_test_expect_critical ("*callable != NULL*");
  subiter_source_start (source);
  g_test_assert_expected_messages ();
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_IDLE);
}

/* A source that was never started, or whose worker is at work, can go. */
static void
test_unref (void)
{
  static const char *const functions[] = { "range", "forever", "wait", "busy" };

  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      SubiterSource *source = subiter_test_source_new (functions[i], "(1,)");
      int n_iterations = subiter_test_runtime_count (SUBITER_TEST_ITERATIONS);

      subiter_test_assert_last_unref (source);
      source = subiter_test_source_new (functions[i], "(1,)");
      subiter_source_start (source);
      subiter_test_assert_last_unref (source);
      source = subiter_test_source_new (functions[i], "(1,)");
      subiter_source_start (source);
      subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) > n_iterations);
      subiter_test_assert_last_unref (source);
    }
}

/* Nothing is signalled any more. */
static void
test_unref_silent (void)
{
  SubiterSource *source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  guint n_items;

  log->counts = TRUE;
  subiter_source_start (source);
  subiter_test_wait_for (log->n_items > 0);
  n_items = log->n_items;
  subiter_test_assert_last_unref (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_LEFT) == 1);
  subiter_test_drain ();
  g_assert_cmpuint (log->n_items, ==, n_items);
  subiter_test_assert_log (log, "");
}

static void
test_dispose (void)
{
  SubiterSource *source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  int n_closed = 0;

  log->counts = TRUE;
  subiter_source_start (source);
  subiter_test_wait_for (log->n_items > 0);
  g_object_run_dispose (G_OBJECT (source));
  g_object_run_dispose (G_OBJECT (source));
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_CLOSED);
  subiter_source_stop (source);
  subiter_source_pause (source);
  subiter_test_expect_critical ("*after it was closed*");
  subiter_source_start (source);
  g_test_assert_expected_messages ();
  subiter_source_close_async (source, NULL, on_closed, &n_closed);
  subiter_test_wait_for (n_closed == 1);
  subiter_test_assert_last_unref (source);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/source/life/once", test_once);
  subiter_test_add ("/source/life/empty", test_empty);
  subiter_test_add ("/source/life/states", test_states);
  subiter_test_add ("/source/life/again", test_again);
  subiter_test_add ("/source/life/again-one-shot", test_again_one_shot);
  subiter_test_add ("/source/life/initializers", test_initializers);
  subiter_test_add ("/source/life/initializer-fails", test_initializer_fails);
  subiter_test_add ("/source/life/fail", test_fail);
  subiter_test_add ("/source/life/codes", test_codes);
  subiter_test_add ("/source/life/not-found", test_not_found);
  subiter_test_add ("/source/life/stop", test_stop);
  subiter_test_add ("/source/life/stop-idle", test_stop_idle);
  subiter_test_add ("/source/life/stop-at-once", test_stop_at_once);
  subiter_test_add ("/source/life/stop-waiting", test_stop_waiting);
  subiter_test_add ("/source/life/stop-fails", test_stop_fails);
  subiter_test_add ("/source/life/restart", test_restart);
  subiter_test_add ("/source/life/restart-twice", test_restart_twice);
  subiter_test_add ("/source/life/close", test_close);
  subiter_test_add ("/source/life/close-idle", test_close_idle);
  subiter_test_add ("/source/life/close-finished", test_close_finished);
  subiter_test_add ("/source/life/close-cancelled", test_close_cancelled);
  subiter_test_add ("/source/life/start-running", test_start_running);
  subiter_test_add ("/source/life/no-callable", test_no_callable);
  subiter_test_add ("/source/life/unref", test_unref);
  subiter_test_add ("/source/life/unref-silent", test_unref_silent);
  subiter_test_add ("/source/life/dispose", test_dispose);

  return subiter_test_run ();
}
