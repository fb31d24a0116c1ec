/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

/* The ladder that code which is told to stop goes down. */

/* ms; for code that is to be given up soon */
#define SHORT 50

static int
count_abandoned (void)
{
  g_autoptr (SubiterRuntime) runtime = subiter_runtime_lookup ("test", NULL);

  return (int) subiter_runtime_get_n_abandoned (runtime);
}

static void
wait_for_iterations (int n)
{
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == n);
}

/* Code that looks at the flag is never interrupted. */
static void
test_cooperative (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  wait_for_iterations (1);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_INTERRUPTS), ==, 0);
}

static void
test_busy (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("busy", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  for (guint i = 1; i <= 2; i++)
    {
      subiter_source_start (source);
      wait_for_iterations ((int) i);
      subiter_source_stop (source);
      subiter_test_wait_for (log->n_ends == i);
    }
  subiter_test_assert_log (log, "finished finished");
  /* On one and the same worker. */
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 1);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_INTERRUPTS), >=, 2);
}

/* Interrupted again and again until it takes notice. */
static void
test_swallow (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("swallow", "(3,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  wait_for_iterations (1);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "finished");
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_INTERRUPTS), >=, 4);
}

/* Given up in the end, which the log and an error say; the source starts again
 * on a worker of its own, while the first is still at it. */
static void
test_stubborn (void)
{
  static const char *const initializers[] = { "test:setup", NULL };
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_initializers (source, initializers);
  subiter_source_start (source);
  wait_for_iterations (1);
  subiter_source_stop (source);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "*test:stubborn did not end*given up*");
  subiter_test_wait_for (log->n_ends == 1);
  g_test_assert_expected_messages ();
  subiter_test_assert_log (log, "failed:abandoned");
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_FAILED);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_LEFT), ==, 0);

  subiter_source_start (source);
  wait_for_iterations (2);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 2);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_INITIALIZERS), ==, 2);

  /* The first one coming back does not disturb the second. */
  subiter_test_runtime_release ();
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_LEFT) >= 1);
  subiter_test_wait_for (log->n_ends == 2);
  subiter_test_assert_log (log, "finished");
}

/* What waited behind it goes to the next worker by itself. */
static void
test_stubborn_shared (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (interpreter, "stubborn", NULL);
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (interpreter, "range", "(2,)");
  g_autoptr (SubiterSource) third = subiter_test_source_new_on (interpreter, "range", "(2,)");
  g_autoptr (SubiterTestLog) first_log = subiter_test_log_new (first);
  g_autoptr (SubiterTestLog) second_log = subiter_test_log_new (second);
  g_autoptr (SubiterTestLog) third_log = subiter_test_log_new (third);

  subiter_source_start (first);
  wait_for_iterations (1);
  subiter_source_start (second);
  subiter_source_next_async (third, NULL, NULL, NULL);
  subiter_source_stop (first);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "*given up*");
  subiter_test_wait_for (first_log->n_ends == 1);
  g_test_assert_expected_messages ();
  subiter_test_wait_for (second_log->n_ends == 1);
  subiter_test_wait_for (subiter_source_get_n_items (third) == 1);
  subiter_test_assert_log (first_log, "failed:abandoned");
  subiter_test_assert_log (second_log, "0 1 finished");
}

/* A source that stops while it waits behind it is not to blame. */
static void
test_stubborn_queued_stop (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (interpreter, "stubborn", NULL);
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (interpreter, "range", "(2,)");
  g_autoptr (SubiterTestLog) first_log = subiter_test_log_new (first);
  g_autoptr (SubiterTestLog) second_log = subiter_test_log_new (second);

  subiter_source_start (first);
  wait_for_iterations (1);
  subiter_source_start (second);
  subiter_source_stop (first);
  subiter_source_stop (second);
  subiter_test_wait_for (second_log->n_ends == 1);
  subiter_test_assert_log (second_log, "finished");
  subiter_test_runtime_release ();
  subiter_test_wait_for (first_log->n_ends == 1);
  subiter_test_assert_log (first_log, "finished");
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  GError **error = user_data;

  g_assert_false (subiter_source_close_finish (SUBITER_SOURCE (object), result, error));
  g_assert_nonnull (*error);
}

/* Closing does not wait for ever either, and says so. */
static void
test_stubborn_close (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (GError) error = NULL;

  subiter_source_start (source);
  wait_for_iterations (1);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "*given up*");
  subiter_source_close_async (source, NULL, on_closed, &error);
  subiter_test_wait_for (error != NULL);
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_ABANDONED);
  g_test_assert_expected_messages ();
  subiter_test_assert_log (log, "failed:abandoned");
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_CLOSED);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_LEFT), ==, 0);
}

static void
on_interpreter_closed (GObject *object,
                       GAsyncResult *result,
                       gpointer user_data)
{
  GError **error = user_data;

  g_assert_false (subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, error));
  g_assert_nonnull (*error);
}

/* A worker whose code has ended and left something behind that does not. */
static void
test_lingering (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) source = subiter_test_source_new_on (interpreter, "linger", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (GError) error = NULL;
  int n_abandoned = count_abandoned ();

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_interpreter_set_close_grace_period (interpreter, SHORT);
  subiter_interpreter_close_async (interpreter, NULL, on_interpreter_closed, &error);
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==, SUBITER_INTERPRETER_STATE_CLOSING);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING,
                         "The interpreter of test:linger did not end within 50 ms*given up*in leave*");
  subiter_test_wait_for (error != NULL);
  g_test_assert_expected_messages ();
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_ABANDONED);
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==, SUBITER_INTERPRETER_STATE_CLOSED);
  g_assert_cmpint (count_abandoned (), ==, n_abandoned + 1);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_LEFT), ==, 0);
  subiter_test_assert_log (log, "finished");
}

static void
on_queue_closed (GObject *object,
                 GAsyncResult *result,
                 gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, &error);
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

/* The time in which a worker waits for its turn to end is not held against it; another
 * one that is closed after it has had its time meanwhile. */
static void
test_queueing (void)
{
  g_autoptr (SubiterInterpreter) queueing = subiter_interpreter_new ("test");
  g_autoptr (SubiterInterpreter) lingering = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (queueing, "queue", NULL);
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (lingering, "linger", NULL);
  g_autoptr (SubiterTestLog) first_log = subiter_test_log_new (first);
  g_autoptr (SubiterTestLog) second_log = subiter_test_log_new (second);
  g_autoptr (GError) error = NULL;
  gboolean is_closed = FALSE;

  subiter_source_start (first);
  subiter_source_start (second);
  subiter_test_wait_for (first_log->n_ends == 1 && second_log->n_ends == 1);
  subiter_interpreter_set_close_grace_period (queueing, SHORT);
  subiter_interpreter_set_close_grace_period (lingering, 4 * SHORT);
  subiter_interpreter_close_async (queueing, NULL, on_queue_closed, &is_closed);
  subiter_interpreter_close_async (lingering, NULL, on_interpreter_closed, &error);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "*test:linger did not end*");
  subiter_test_wait_for (error != NULL);
  g_test_assert_expected_messages ();

  g_assert_false (is_closed);
  subiter_test_runtime_permit (1);
  subiter_test_wait_for (is_closed);
}

static void
count_notify (GObject *object,
              GParamSpec *pspec,
              gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* What is known of code that was given up, and that it is over with the next
 * start. */
static void
test_abandoned (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (SubiterFailure) failure = NULL;
  SubiterInterpreter *interpreter = subiter_source_get_interpreter (source);
  int n_abandoned = count_abandoned ();
  guint n_notified = 0;
  guint n_states = 0;

  g_signal_connect (source, "notify::abandoned", G_CALLBACK (count_notify), &n_notified);
  g_signal_connect (interpreter, "notify::state", G_CALLBACK (count_notify), &n_states);
  subiter_source_set_interrupt_delay (source, 0);
  subiter_source_set_grace_period (source, SHORT);
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==, SUBITER_INTERPRETER_STATE_IDLE);

  subiter_source_start (source);
  wait_for_iterations (1);
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==, SUBITER_INTERPRETER_STATE_LIVE);
  subiter_test_wait_for (n_states == 1);
  g_assert_false (subiter_source_get_abandoned (source));
  subiter_source_stop (source);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING,
                         "test:stubborn did not end within 50 ms of being told to, and its interpreter was given up; "
                         "its code is at File \"test.c\", line 2, in test:stubborn\n"
                         "Stack (most recent call last):\n  File*serve ();\n  File*");
  subiter_test_wait_for (log->n_ends == 1);
  g_test_assert_expected_messages ();
  subiter_test_assert_log (log, "failed:abandoned");
  g_assert_true (subiter_source_get_abandoned (source));
  subiter_test_wait_for (n_notified == 1 && n_states == 2);
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==, SUBITER_INTERPRETER_STATE_ABANDONED);
  g_assert_cmpint (count_abandoned (), ==, n_abandoned + 1);
  failure = subiter_source_dup_failure (source);
  g_assert_nonnull (failure);
  g_assert_cmpstr (subiter_failure_get_exception_type (failure), ==, "TimeoutError");
  g_assert_true (g_str_has_prefix (subiter_failure_get_traceback (failure), "Stack (most recent call last):\n"));

  subiter_source_start (source);
  wait_for_iterations (2);
  g_assert_false (subiter_source_get_abandoned (source));
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==, SUBITER_INTERPRETER_STATE_LIVE);
  subiter_test_wait_for (n_notified == 2 && n_states == 3);
  subiter_test_runtime_release ();
  subiter_test_wait_for (log->n_ends == 2);
}

/* Nobody can tell where it sits, or is still waiting to: it is given up all the same. */
static void
test_abandoned_in_c (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn_in_c", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (SubiterFailure) failure = NULL;

  subiter_source_set_grace_period (source, SHORT);
  subiter_source_start (source);
  wait_for_iterations (1);
  subiter_source_stop (source);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING,
                         "test:stubborn_in_c did not end within 50 ms of being told to, and its interpreter was "
                         "given up");
  subiter_test_wait_for (log->n_ends == 1);
  g_test_assert_expected_messages ();
  subiter_test_assert_log (log, "failed:abandoned");
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_LOOKS), ==, 1);
  failure = subiter_source_dup_failure (source);
  g_assert_null (failure);
  subiter_test_runtime_release ();
}

/* Never interrupted, and given up. */
static void
test_no_interrupt (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_interrupt_delay (source, G_MAXUINT);
  subiter_source_start (source);
  wait_for_iterations (1);
  /* It counts for what runs already. */
  subiter_source_set_grace_period (source, SHORT);
  subiter_source_stop (source);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "*given up*");
  subiter_test_wait_for (log->n_ends == 1);
  g_test_assert_expected_messages ();
  subiter_test_assert_log (log, "failed:abandoned");
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_INTERRUPTS), ==, 0);
  subiter_test_runtime_release ();
}

/* Interrupted at once, and never given up. */
static void
test_for_ever (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_interrupt_delay (source, 0);
  subiter_source_set_grace_period (source, G_MAXUINT);
  subiter_source_start (source);
  wait_for_iterations (1);
  subiter_source_stop (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_INTERRUPTS) >= 3);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_STOPPING);
  subiter_test_runtime_release ();
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "finished");
}

/* Timed out: the same ladder, and no second end. */
static void
test_stubborn_timeout (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_timeout (source, 20);
  log->grants = 1000000;
  subiter_source_start (source);
  wait_for_iterations (1);
  log->grants = 0;
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "*given up*");
  subiter_test_wait_for (log->n_ends == 1);
  g_string_truncate (log->text, 0);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_TIMED_OUT);

  /* A new start waits behind the old run, and comes to its turn. */
  log->grants = 1000000;
  subiter_source_start (source);
  wait_for_iterations (2);
  g_test_assert_expected_messages ();
  subiter_test_runtime_release ();
  subiter_test_wait_for (log->n_ends == 2);
  g_assert_true (g_str_has_suffix (log->text->str, "finished"));
}

/* Several at once take no longer than one. */
static void
test_several (void)
{
  SubiterSource *sources[5];
  SubiterTestLog *logs[5];

  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      sources[i] = subiter_test_source_new ("stubborn", NULL);
      logs[i] = subiter_test_log_new (sources[i]);
      subiter_source_start (sources[i]);
    }
  wait_for_iterations (5);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "*given up*");
      subiter_source_stop (sources[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      subiter_test_wait_for (logs[i]->n_ends == 1);
      subiter_test_assert_log (logs[i], "failed:abandoned");
      subiter_test_log_free (logs[i]);
      g_object_unref (sources[i]);
    }
  g_test_assert_expected_messages ();
}

/* Nobody is left in whose main context it could be said. */
static void
test_abandoned_orphan (void)
{
  if (g_test_subprocess ())
    {
      SubiterSource *source = subiter_test_source_new ("stubborn", NULL);

      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      subiter_source_set_grace_period (source, SHORT);
      subiter_source_start (source);
      wait_for_iterations (1);
      g_object_unref (source);
      subiter_test_wait_for (count_abandoned () == 1);
      subiter_test_runtime_release ();
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*WARNING*test:stubborn did not end within 50 ms*given up*");
}

/* The source has gone, and its last words have not. */
static void
test_abandoned_undispatched (void)
{
  SubiterSource *source = subiter_test_source_new ("stubborn", NULL);
  int n_abandoned = count_abandoned ();

  subiter_source_set_grace_period (source, SHORT);
  subiter_source_start (source);
  wait_for_iterations (1);
  subiter_source_stop (source);
  subiter_test_block_until (count_abandoned () == n_abandoned + 1);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "*test:stubborn did not end*given up*");
  g_object_unref (source);
  g_test_assert_expected_messages ();
  subiter_test_runtime_release ();
}

/* Given up with no source left to say so: the program goes on. */
static void
test_unref (void)
{
  SubiterSource *source = subiter_test_source_new ("stubborn", NULL);

  subiter_source_start (source);
  wait_for_iterations (1);
  subiter_test_assert_last_unref (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_INTERRUPTS) >= 1);
  subiter_test_runtime_release ();
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_LEFT) == 1);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/reaper/cooperative", test_cooperative);
  subiter_test_add ("/reaper/busy", test_busy);
  subiter_test_add ("/reaper/swallow", test_swallow);
  subiter_test_add ("/reaper/stubborn", test_stubborn);
  subiter_test_add ("/reaper/stubborn-shared", test_stubborn_shared);
  subiter_test_add ("/reaper/stubborn-queued-stop", test_stubborn_queued_stop);
  subiter_test_add ("/reaper/stubborn-close", test_stubborn_close);
  subiter_test_add ("/reaper/lingering", test_lingering);
  subiter_test_add ("/reaper/queueing", test_queueing);
  subiter_test_add ("/reaper/abandoned", test_abandoned);
  subiter_test_add ("/reaper/abandoned-in-c", test_abandoned_in_c);
  subiter_test_add ("/reaper/abandoned-orphan", test_abandoned_orphan);
  subiter_test_add ("/reaper/abandoned-undispatched", test_abandoned_undispatched);
  subiter_test_add ("/reaper/no-interrupt", test_no_interrupt);
  subiter_test_add ("/reaper/for-ever", test_for_ever);
  subiter_test_add ("/reaper/stubborn-timeout", test_stubborn_timeout);
  subiter_test_add ("/reaper/several", test_several);
  subiter_test_add ("/reaper/unref", test_unref);

  return subiter_test_run ();
}
