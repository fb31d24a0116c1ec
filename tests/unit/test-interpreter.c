/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include <string.h>

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  GError *error = NULL;

  g_assert_true (subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, &error));
  g_assert_no_error (error);
  (*(int *) user_data)++;
}

static void
close_and_wait (SubiterInterpreter *interpreter)
{
  int n_closed = 0;

  subiter_interpreter_close_async (interpreter, NULL, on_closed, &n_closed);
  subiter_test_wait_for (n_closed == 1);
}

static void
test_properties (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);
  g_autoptr (SubiterInterpreter) other = subiter_interpreter_new ("test");
  g_autofree char *runtime = NULL;
  gboolean running;
  guint64 id;

  g_object_get (interpreter, "runtime", &runtime, "running", &running, "id", &id, NULL);
  g_assert_cmpstr (runtime, ==, "subinterpreter");
  g_assert_cmpstr (subiter_interpreter_get_runtime (other), ==, "test");
  g_assert_false (running);
  g_assert_cmpuint (id, >, 0);
  g_assert_cmpuint (subiter_interpreter_get_id (interpreter), ==, id);
  g_assert_cmpuint (subiter_interpreter_get_id (other), !=, id);
}

static void
test_running (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) source = subiter_test_source_new_on (interpreter, "wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  g_assert_false (subiter_interpreter_get_running (interpreter));
  subiter_source_start (source);
  subiter_test_wait_for (subiter_interpreter_get_running (interpreter));
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_false (subiter_interpreter_get_running (interpreter));
}

/* Nothing is started for an interpreter that is not used. */
static void
test_close_unused (void)
{
  SubiterInterpreter *interpreter = subiter_interpreter_new ("test");

  close_and_wait (interpreter);
  subiter_test_assert_trace ("");
  subiter_test_assert_last_unref (interpreter);
}

static void
test_close (void)
{
  SubiterInterpreter *interpreter = subiter_interpreter_new ("test");
  SubiterSource *source = subiter_test_source_new_on (interpreter, "range", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  close_and_wait (interpreter);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_LEFT), ==, 1);
  close_and_wait (interpreter);

  /* What starts on it now fails, and says why. */
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 2);
  subiter_test_assert_log (log, "0 finished failed:closed");
  subiter_test_assert_last_unref (source);
  subiter_test_assert_last_unref (interpreter);
}

static void
on_cancelled (GObject *object,
              GAsyncResult *result,
              gpointer user_data)
{
  GError *error = NULL;

  g_assert_false (subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_error_free (error);
  (*(int *) user_data)++;
}

static void
test_close_cancelled (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  int n_closed = 0;

  g_cancellable_cancel (cancellable);
  subiter_interpreter_close_async (interpreter, cancellable, on_cancelled, &n_closed);
  subiter_test_wait_for (n_closed == 1);
}

/* One that is at work: what runs on it ends, and so does what waits; neither
 * passes for having come to its end. */
static void
test_close_running (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (interpreter, "wait", NULL);
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (interpreter, "range", "(3,)");
  g_autoptr (SubiterTestLog) first_log = subiter_test_log_new (first);
  g_autoptr (SubiterTestLog) second_log = subiter_test_log_new (second);

  subiter_source_start (first);
  subiter_source_start (second);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  close_and_wait (interpreter);
  subiter_test_wait_for (first_log->n_ends == 1 && second_log->n_ends == 1);
  g_assert_cmpint (subiter_source_get_state (first), !=, SUBITER_STATE_FINISHED);
  subiter_test_assert_log (second_log, "failed:closed");
}

/* An interpreter that is closed while a source on it is told to stop is no
 * failure of that. */
static void
test_close_stopping (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (interpreter, "busy", NULL);
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (interpreter, "range", "(3,)");
  g_autoptr (SubiterTestLog) first_log = subiter_test_log_new (first);
  g_autoptr (SubiterTestLog) second_log = subiter_test_log_new (second);

  subiter_source_start (first);
  subiter_source_start (second);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_stop (first);
  subiter_source_stop (second);
  close_and_wait (interpreter);
  subiter_test_wait_for (first_log->n_ends == 1 && second_log->n_ends == 1);
  subiter_test_assert_log (first_log, "finished");
  subiter_test_assert_log (second_log, "finished");
}

/* Started again on it although an iteration before still ends: that comes first,
 * and until then the main context is left alone. */
static void
test_close_restart (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) source = subiter_test_source_new_on (interpreter, "stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  int n_closed = 0;
  guint n_busy = 0;

  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_stop (source);
  subiter_interpreter_close_async (interpreter, NULL, on_closed, &n_closed);
  subiter_source_start (source);
  while (g_main_context_iteration (g_main_context_get_thread_default (), FALSE))
    g_assert_cmpuint (n_busy++, <, 1000);
  subiter_test_assert_log (log, "");
  subiter_test_runtime_release ();
  subiter_test_wait_for (log->n_ends == 2);
  subiter_test_assert_log (log, "finished failed:closed");
  subiter_test_wait_for (n_closed == 1);
}

/* One after the other, in the order in which they were started. */
static void
test_shared (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (interpreter, "gated", "(2,)");
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (interpreter, "range", "(2,)");
  g_autoptr (SubiterTestLog) first_log = subiter_test_log_new (first);
  g_autoptr (SubiterTestLog) second_log = subiter_test_log_new (second);

  subiter_source_start (first);
  subiter_source_start (second);
  subiter_test_runtime_permit (1);
  subiter_test_wait_for (first_log->n_items == 1);
  g_assert_cmpuint (second_log->n_items, ==, 0);
  subiter_test_runtime_permit (1);
  subiter_test_wait_for (second_log->n_ends == 1);
  subiter_test_wait_for (first_log->n_ends == 1);
  subiter_test_assert_trace ("enter call:gated call:range");

  /* Each has its own iterable on it, and drops that when it goes. */
  subiter_source_start (second);
  subiter_test_wait_for (second_log->n_ends == 2);
  subiter_test_assert_trace ("enter call:gated call:range");
  g_clear_object (&second);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_FORGETS) == 1);
  subiter_test_assert_trace ("enter call:gated call:range forget");

  /* The interpreter is not that source's to end. */
  subiter_test_runtime_permit (2);
  subiter_source_start (first);
  subiter_test_wait_for (first_log->n_ends == 2);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 1);
}

/* Initializers are each source's own. */
static void
test_shared_initializers (void)
{
  static const char *const initializers[] = { "test:setup", NULL };
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (SubiterSource) source = subiter_test_source_new_on (interpreter, "range", "(1,)");
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

      subiter_source_set_initializers (source, initializers);
      for (guint j = 1; j <= 2; j++)
        {
          subiter_source_start (source);
          subiter_test_wait_for (log->n_ends == j);
        }
    }
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_FORGETS) == 2);
  subiter_test_assert_trace ("enter init:setup call:range forget init:setup call:range forget");
}

/* To stop what waits behind something else takes no time, and leaves that
 * alone. */
static void
test_stop_queued (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (interpreter, "gated", "(1,)");
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (interpreter, "range", "(2,)");
  g_autoptr (SubiterTestLog) first_log = subiter_test_log_new (first);
  g_autoptr (SubiterTestLog) second_log = subiter_test_log_new (second);

  subiter_source_start (first);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_start (second);
  subiter_source_stop (second);
  subiter_test_wait_for (second_log->n_ends == 1);
  subiter_test_assert_log (second_log, "finished");
  g_assert_cmpint (subiter_source_get_state (first), ==, SUBITER_STATE_RUNNING);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_INTERRUPTS), ==, 0);

  subiter_test_runtime_permit (1);
  subiter_test_wait_for (first_log->n_ends == 1);
  subiter_test_assert_log (first_log, "0 finished");
}

static void
test_unknown_runtime (void)
{
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new ("range", "(1,)");
  g_autoptr (SubiterSource) source = g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "runtime", "no-such",
                                                   NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (GError) error = NULL;

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 2);
  subiter_test_assert_log (log, "failed:runtime failed:runtime");

  subiter_source_rewind (source);
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME);
  g_assert_nonnull (strstr (error->message, "no-such"));
}

static void
test_broken_runtime (void)
{
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new ("range", "(1,)");
  g_autoptr (SubiterSource) source = g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "runtime",
                                                   "test-broken", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "failed:interpreter");
}

/* A runtime that goes away in the middle is not one that has finished. */
static void
test_runtime_leaves (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("leave", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  for (guint i = 1; i <= 2; i++)
    {
      subiter_source_start (source);
      subiter_test_wait_for (log->n_ends == i);
      subiter_test_assert_log (log, "failed:runtime");
    }
  /* On a new worker each time. */
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 2);
}

static void
test_unref (void)
{
  SubiterInterpreter *interpreter = subiter_interpreter_new ("test");
  SubiterSource *source = subiter_test_source_new_on (interpreter, "wait", NULL);

  /* The source keeps it. */
  g_object_unref (interpreter);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_test_assert_last_unref (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_LEFT) == 1);
}

/* The interpreter that a source made ends with it, whoever still holds that. */
static void
test_outlives_source (void)
{
  SubiterSource *source = subiter_test_source_new ("range", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  SubiterInterpreter *interpreter = g_object_ref (subiter_source_get_interpreter (source));

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_last_unref (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_LEFT) == 1);
  close_and_wait (interpreter);
  subiter_test_assert_last_unref (interpreter);
}

static void
on_state (SubiterInterpreter *interpreter,
          GParamSpec *pspec,
          SubiterInterpreterState *state)
{
  *state = subiter_interpreter_get_state (interpreter);
}

static void
on_source_closed (GObject *object,
                  GAsyncResult *result,
                  gpointer user_data)
{
  gboolean *closed = user_data;

  *closed = subiter_source_close_finish (SUBITER_SOURCE (object), result, NULL);
}

/* That is heard of also if it never was at anything. */
static void
test_closed_by_source (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1,)");
  SubiterInterpreter *interpreter = subiter_source_get_interpreter (source);
  SubiterInterpreterState state = SUBITER_INTERPRETER_STATE_IDLE;
  gboolean closed = FALSE;

  g_signal_connect (interpreter, "notify::state", G_CALLBACK (on_state), &state);
  subiter_test_drain ();
  subiter_source_close_async (source, NULL, on_source_closed, &closed);
  subiter_test_wait_for (closed && state == SUBITER_INTERPRETER_STATE_CLOSED);
  g_signal_handlers_disconnect_by_data (interpreter, &state);
}

static void
test_dispose (void)
{
  SubiterInterpreter *interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) source = subiter_test_source_new_on (interpreter, "range", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  g_object_run_dispose (G_OBJECT (interpreter));
  g_object_run_dispose (G_OBJECT (interpreter));
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "failed:closed");
  g_object_unref (interpreter);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/interpreter/properties", test_properties);
  subiter_test_add ("/interpreter/running", test_running);
  subiter_test_add ("/interpreter/close-unused", test_close_unused);
  subiter_test_add ("/interpreter/close", test_close);
  subiter_test_add ("/interpreter/close-cancelled", test_close_cancelled);
  subiter_test_add ("/interpreter/close-running", test_close_running);
  subiter_test_add ("/interpreter/close-stopping", test_close_stopping);
  subiter_test_add ("/interpreter/close-restart", test_close_restart);
  subiter_test_add ("/interpreter/shared", test_shared);
  subiter_test_add ("/interpreter/shared-initializers", test_shared_initializers);
  subiter_test_add ("/interpreter/stop-queued", test_stop_queued);
  subiter_test_add ("/interpreter/unknown-runtime", test_unknown_runtime);
  subiter_test_add ("/interpreter/broken-runtime", test_broken_runtime);
  subiter_test_add ("/interpreter/runtime-leaves", test_runtime_leaves);
  subiter_test_add ("/interpreter/unref", test_unref);
  subiter_test_add ("/interpreter/outlives-source", test_outlives_source);
  subiter_test_add ("/interpreter/closed-by-source", test_closed_by_source);
  subiter_test_add ("/interpreter/dispose", test_dispose);

  return subiter_test_run ();
}
