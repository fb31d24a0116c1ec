/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

/* When the worker owes an item, and when it does not. The tests say "not
 * before"; when exactly a timeout comes is for the machine to say. */

#define TIMEOUT 30

static void
test_fires (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  gint64 began = g_get_monotonic_time ();

  subiter_source_set_timeout (source, TIMEOUT);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_timeouts == 1);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, TIMEOUT * 1000);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_TIMED_OUT);

  /* That was the end, and the code was told so. */
  subiter_test_wait_for (!subiter_interpreter_get_running (subiter_source_get_interpreter (source)));
  subiter_test_drain ();
  subiter_test_assert_log (log, "timeout");
  g_assert_cmpstr (log->states->str, ==, "running timed-out");
}

static gboolean
on_timeout_take_failure (SubiterSource *source,
                         SubiterFailure **failure)
{
  *failure = subiter_source_dup_failure (source);

  return *failure != NULL;
}

/* Where the code was stuck is known while it is asked for more time, and not any
 * more once it has got it. */
static void
test_stack (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = NULL;
  g_autoptr (SubiterFailure) failure = NULL;
  g_autoptr (SubiterFailure) later = NULL;
  g_autoptr (SubiterFailure) last = NULL;
  gulong id;

  id = g_signal_connect (source, "timeout", G_CALLBACK (on_timeout_take_failure), &failure);
  log = subiter_test_log_new (source);
  subiter_source_set_timeout (source, TIMEOUT);
  subiter_source_start (source);
  subiter_test_wait_for (failure != NULL);
  g_signal_handler_disconnect (source, id);
  g_assert_cmpstr (subiter_failure_get_exception_type (failure), ==, "TimeoutError");
  g_assert_cmpstr (subiter_failure_get_message (failure), ==,
                   "No item came within 30 ms; its code is at File \"test.c\", line 2, in test:wait");
  g_assert_cmpstr (subiter_failure_get_traceback (failure), ==,
                   "Stack (most recent call last):\n"
                   "  File \"test.c\", line 1, in serve\n    serve ();\n"
                   "  File \"test.c\", line 2, in test:wait\n    for (;;);\n");
  later = subiter_source_dup_failure (source);
  g_assert_null (later);

  subiter_test_wait_for (log->n_ends == 1);
  last = subiter_source_dup_failure (source);
  g_assert_nonnull (last);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_TIMED_OUT);
}

/* Code that nobody can look at times out all the same. */
static void
test_no_stack (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn_in_c", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (SubiterFailure) failure = NULL;

  subiter_source_set_timeout (source, TIMEOUT);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "timeout");
  failure = subiter_source_dup_failure (source);
  g_assert_null (failure);
  subiter_test_runtime_release ();
}

/* A thread that waits for an item is told as much. */
static void
test_stack_next (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (GError) error = NULL;
  SubiterFailure *failure;

  subiter_source_set_timeout (source, TIMEOUT);
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_TIMED_OUT);
  failure = subiter_failure_from_error (error);
  g_assert_nonnull (failure);
  g_assert_true (g_str_has_suffix (subiter_failure_get_message (failure), "line 2, in test:wait"));
}

static void
test_granted (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(2,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  gint64 began;

  log->grants = 2;
  subiter_source_set_timeout (source, TIMEOUT);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_timeouts == 1);
  began = g_get_monotonic_time ();
  subiter_test_wait_for (log->n_timeouts == 2);
  /* Another whole period. */
  g_assert_cmpint (g_get_monotonic_time () - began, >=, (TIMEOUT - 1) * 1000);
  subiter_test_assert_log (log, "timeout:granted timeout:granted");
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_RUNNING);

  log->grants = G_MAXUINT;
  subiter_test_runtime_permit (2);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_true (g_str_has_suffix (log->text->str, "finished"));
}

static void
on_item_time (SubiterSource *source,
              GVariant *item,
              gint64 *time)
{
  *time = g_get_monotonic_time ();
}

/* The period begins with the last item, not with the wait for that. */
static void
test_between_items (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(2,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  const guint timeout = 150;
  gint64 item_time = 0;
  gint64 end;

  g_signal_connect (source, "item", G_CALLBACK (on_item_time), &item_time);
  /* Its start may take any time. */
  log->grants = G_MAXUINT;
  subiter_source_set_timeout (source, timeout);
  subiter_source_start (source);
  end = g_get_monotonic_time () + timeout * 1000 / 2;
  subiter_test_wait_for (g_get_monotonic_time () > end);
  subiter_test_runtime_permit (1);
  subiter_test_wait_for (log->n_items == 1);
  log->grants = 0;
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpint (g_get_monotonic_time () - item_time, >=, timeout * 1000);
  g_assert_true (g_str_has_suffix (log->text->str, "0 timeout"));
}

/* A timeout that does not fire is a wait for something else that takes at
 * least as long. */
static void
outlast_timeout (void)
{
  gint64 end = g_get_monotonic_time () + 2 * TIMEOUT * 1000;

  subiter_test_wait_for (g_get_monotonic_time () > end);
}

static void
test_not_while_paused (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  gint64 began;

  subiter_source_set_timeout (source, TIMEOUT);
  subiter_source_start (source);
  subiter_source_pause (source);
  outlast_timeout ();
  g_assert_cmpuint (log->n_timeouts, ==, 0);

  /* The time that it was paused for is not counted. */
  began = g_get_monotonic_time ();
  subiter_source_resume (source);
  subiter_test_wait_for (log->n_timeouts == 1);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, TIMEOUT * 1000);
}

static void
on_slow_item (SubiterSource *source,
              GVariant *item,
              gpointer user_data)
{
  g_usleep (300 * 1000);
}

/* The consumer is slow, and the worker owes nothing. */
static void
test_not_while_consumer_slow (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(3,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  g_signal_connect (source, "item", G_CALLBACK (on_slow_item), NULL);
  subiter_source_set_timeout (source, 200);
  subiter_source_set_buffer_size (source, 1);
  /* Its start may take long on a busy machine; that would be owed. */
  log->grants = G_MAXUINT;
  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_PUSHED) > 0);
  log->n_timeouts = 0;
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (log->n_items, ==, 3);
  g_assert_cmpuint (log->n_timeouts, ==, 0);
}

/* Nor while the context is not iterated at all. */
static void
test_not_while_blocked (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(4,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_timeout (source, 300);
  subiter_source_start (source);
  subiter_test_drain ();
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == 4);
  subiter_test_block_until (!subiter_interpreter_get_running (subiter_source_get_interpreter (source)));
  g_usleep (400 * 1000);
  subiter_test_drain ();
  subiter_test_assert_log (log, "0 1 2 3 finished");
}

/* Code that waits until its output is taken owes nothing meanwhile. */
static void
test_not_while_output_waits (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("chatter", "(1000000000, 1)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  int n_made = -1;

  subiter_source_set_timeout (source, 300);
  subiter_source_start (source);
  g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
  /* Until it has come to a halt, which takes longer than the code may. */
  for (int i = 0; i < 5 || n_made != subiter_test_runtime_count (SUBITER_TEST_MADE); i++)
    {
      n_made = subiter_test_runtime_count (SUBITER_TEST_MADE);
      g_usleep (100 * 1000);
    }
  g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
  g_assert_cmpuint (log->n_timeouts, ==, 0);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);
}

/* A second iteration does not inherit the clock of the first. */
static void
test_restart (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  const guint timeout = 200;

  subiter_source_set_timeout (source, timeout);
  for (int i = 0; i < 2; i++)
    {
      gint64 end;

      log->n_ends = 0;
      subiter_source_start (source);
      subiter_test_drain ();
      if (i == 0)
        subiter_test_runtime_permit (1);
      else
        subiter_source_stop (source);
      subiter_test_wait_for (log->n_ends == 1);
      end = g_get_monotonic_time () + timeout * 1000;
      subiter_test_wait_for (g_get_monotonic_time () > end);

      log->n_ends = 0;
      end = g_get_monotonic_time () + timeout * 1000;
      subiter_source_start (source);
      while (g_get_monotonic_time () < end)
        {
          g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
          if (g_get_monotonic_time () < end)
            g_assert_cmpuint (log->n_timeouts, ==, 0);
        }
      subiter_test_runtime_permit (1);
      log->grants = G_MAXUINT;
      subiter_test_wait_for (log->n_ends == 1);
      log->grants = 0;
      log->n_timeouts = 0;
    }
}

/* Changed while it runs: it holds from then on. */
static void
test_changed (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_timeout (source, 1000000);
  subiter_source_start (source);
  subiter_test_drain ();
  subiter_source_set_timeout (source, TIMEOUT);
  subiter_test_wait_for (log->n_timeouts == 1);

  subiter_source_start (source);
  subiter_source_set_timeout (source, 0);
  outlast_timeout ();
  g_assert_cmpuint (log->n_timeouts, ==, 1);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 2);
  subiter_test_assert_log (log, "timeout finished");
}

/* Behind another source on the same interpreter it owes nothing. */
static void
test_not_while_queued (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (interpreter, "wait", NULL);
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (interpreter, "wait", NULL);
  g_autoptr (SubiterTestLog) first_log = subiter_test_log_new (first);
  g_autoptr (SubiterTestLog) second_log = subiter_test_log_new (second);

  subiter_source_set_timeout (second, TIMEOUT);
  subiter_source_start (first);
  subiter_source_start (second);
  outlast_timeout ();
  g_assert_cmpuint (second_log->n_timeouts, ==, 0);
  subiter_source_stop (first);
  subiter_test_wait_for (second_log->n_timeouts == 1);
  subiter_test_assert_log (first_log, "finished");
}

/* Timed out, it can be started again on the same worker. */
static void
test_again (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_timeout (source, TIMEOUT);
  for (guint i = 1; i <= 3; i++)
    {
      subiter_source_start (source);
      subiter_test_wait_for (log->n_timeouts == i);
    }
  subiter_test_assert_log (log, "timeout timeout timeout");
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 1);
}

static void
on_next (GObject *object,
         GAsyncResult *result,
         gpointer user_data)
{
  GError **error = user_data;

  g_assert_null (subiter_source_next_finish (SUBITER_SOURCE (object), result, error));
  g_assert_nonnull (*error);
}

static void
test_next_async (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (GError) error = NULL;
  gint64 began = g_get_monotonic_time ();

  subiter_source_set_timeout (source, TIMEOUT);
  log->grants = 1;
  subiter_source_next_async (source, NULL, on_next, &error);
  subiter_test_wait_for (error != NULL);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 2 * TIMEOUT * 1000 - 1000);
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_TIMED_OUT);
  subiter_test_assert_log (log, "timeout:granted timeout");
}

/* Between two calls nobody waits, so nothing is owed. */
static void
on_first (GObject *object,
          GAsyncResult *result,
          gpointer user_data)
{
  GVariant **item = user_data;

  *item = subiter_source_next_finish (SUBITER_SOURCE (object), result, NULL);
  g_assert_nonnull (*item);
}

static void
test_not_without_request (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(2,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GError) error = NULL;

  log->grants = G_MAXUINT;
  subiter_source_set_timeout (source, TIMEOUT);
  subiter_test_runtime_permit (1);
  subiter_source_next_async (source, NULL, on_first, &item);
  subiter_test_wait_for (item != NULL);
  log->n_timeouts = 0;
  outlast_timeout ();
  g_assert_cmpuint (log->n_timeouts, ==, 0);

  log->grants = 0;
  subiter_source_next_async (source, NULL, on_next, &error);
  subiter_test_wait_for (error != NULL);
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_TIMED_OUT);
}

static void
test_next (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (GError) error = NULL;
  gint64 began = g_get_monotonic_time ();

  subiter_source_set_timeout (source, TIMEOUT);
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_cmpint (g_get_monotonic_time () - began, >=, TIMEOUT * 1000);
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_TIMED_OUT);

  /* Once, and then it is at its end. */
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_no_error (error);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_drain ();
  subiter_test_assert_log (log, "timeout");
}

static void
test_next_queued (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (interpreter, "slow", "(1, 400000)");
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (interpreter, "range", "(1,)");
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GError) error = NULL;

  /* The first takes longer than the second may. */
  subiter_source_set_timeout (second, 300);
  subiter_source_start (first);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  item = subiter_source_next (second, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (item);
}

static gboolean
on_timeout_restart_and_stop (SubiterSource *source,
                             gpointer user_data)
{
  subiter_source_stop (source);
  subiter_source_start (source);
  subiter_source_stop (source);

  return FALSE;
}

/* A handler may stop the iteration after the one that it is asked about: that one
 * has its own end, and its own state. */
static void
test_stop_of_next (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = NULL;

  g_signal_connect (source, "timeout", G_CALLBACK (on_timeout_restart_and_stop), NULL);
  log = subiter_test_log_new (source);
  subiter_source_set_timeout (source, 1);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 2);
  subiter_test_drain ();
  subiter_test_assert_log (log, "timeout finished");
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_STOPPED);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/source/timeout/fires", test_fires);
  subiter_test_add ("/source/timeout/stack", test_stack);
  subiter_test_add ("/source/timeout/no-stack", test_no_stack);
  subiter_test_add ("/source/timeout/stack-next", test_stack_next);
  subiter_test_add ("/source/timeout/granted", test_granted);
  subiter_test_add ("/source/timeout/between-items", test_between_items);
  subiter_test_add ("/source/timeout/not-while-paused", test_not_while_paused);
  subiter_test_add ("/source/timeout/not-while-consumer-slow", test_not_while_consumer_slow);
  subiter_test_add ("/source/timeout/not-while-blocked", test_not_while_blocked);
  subiter_test_add ("/source/timeout/not-while-output-waits", test_not_while_output_waits);
  subiter_test_add ("/source/timeout/restart", test_restart);
  subiter_test_add ("/source/timeout/changed", test_changed);
  subiter_test_add ("/source/timeout/not-while-queued", test_not_while_queued);
  subiter_test_add ("/source/timeout/again", test_again);
  subiter_test_add ("/source/timeout/next-async", test_next_async);
  subiter_test_add ("/source/timeout/not-without-request", test_not_without_request);
  subiter_test_add ("/source/timeout/next", test_next);
  subiter_test_add ("/source/timeout/next-queued", test_next_queued);
  subiter_test_add ("/source/timeout/stop-of-next", test_stop_of_next);

  return subiter_test_run ();
}
