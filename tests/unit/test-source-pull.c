/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include <string.h>

/* next () on threads, with and without a main loop. */

static gint64
next_int (SubiterSource *source)
{
  g_autoptr (GVariant) item = NULL;
  GError *error = NULL;

  item = subiter_source_next (source, NULL, &error);
  g_assert_no_error (error);

  return item != NULL ? g_variant_get_int64 (item) : -1;
}

static void
assert_at_end (SubiterSource *source)
{
  GError *error = NULL;

  for (int i = 0; i < 3; i++)
    {
      g_assert_null (subiter_source_next (source, NULL, &error));
      g_assert_no_error (error);
    }
}

/* No main context is ever iterated. */
static void
test_next (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1000,)");

  for (gint64 i = 0; i < 1000; i++)
    {
      g_assert_cmpint (next_int (source), ==, i);
      g_assert_cmpuint (subiter_source_get_n_items (source), ==, i + 1);
    }
  assert_at_end (source);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_FINISHED);
}

/* The end is signalled all the same, items are not. */
static void
test_signals (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(3,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  for (gint64 i = 0; i < 3; i++)
    g_assert_cmpint (next_int (source), ==, i);
  assert_at_end (source);
  subiter_test_drain ();
  subiter_test_assert_log (log, "finished");
  g_assert_true (g_str_has_suffix (log->states->str, "finished"));
}

static void
test_rewind (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(2,)");

  subiter_source_rewind (source);
  for (int i = 0; i < 3; i++)
    {
      g_assert_cmpint (next_int (source), ==, 0);
      g_assert_cmpint (next_int (source), ==, 1);
      assert_at_end (source);
      subiter_source_rewind (source);
      g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_IDLE);
    }
  subiter_test_assert_trace ("enter call:range");
}

/* Its end is told once, and then it is at its end. */
static void
test_fail (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("fail", "(2,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (SubiterFailure) failure = NULL;

  g_assert_cmpint (next_int (source), ==, 0);
  g_assert_cmpint (next_int (source), ==, 1);
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_RAISED);
  g_assert_nonnull (subiter_failure_from_error (error));
  failure = subiter_source_dup_failure (source);
  g_assert_nonnull (failure);
  assert_at_end (source);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_FAILED);
  subiter_test_drain ();
  subiter_test_assert_log (log, "failed:raised");

  /* An error that nobody asked for does not wait for the next iteration. */
  subiter_source_rewind (source);
  g_assert_cmpint (next_int (source), ==, 0);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 2);
  subiter_source_rewind (source);
  g_assert_cmpint (next_int (source), ==, 0);
}

static void
test_busy (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  GError *error = NULL;

  log->counts = TRUE;
  subiter_source_start (source);
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_BUSY);
  g_clear_error (&error);
  subiter_test_wait_for (log->n_items > 10);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);

  /* And the other way around. */
  subiter_source_rewind (source);
  g_assert_cmpint (next_int (source), ==, 0);
  subiter_test_expect_critical ("*while it is running*");
  subiter_source_start (source);
  g_test_assert_expected_messages ();
  g_assert_cmpint (next_int (source), ==, 1);
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  *(gboolean *) user_data = subiter_source_close_finish (SUBITER_SOURCE (object), result, NULL);
}

static void
test_closed (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
  gboolean is_closed = FALSE;
  GError *error = NULL;

  g_assert_cmpint (next_int (source), ==, 0);
  subiter_source_close_async (source, NULL, on_closed, &is_closed);
  subiter_test_wait_for (is_closed);
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED);
  g_clear_error (&error);
}

static void
test_cancelled (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(2,)");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (subiter_source_next (source, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_IDLE);
  g_assert_cmpint (next_int (source), ==, 0);
  g_assert_null (subiter_source_next (source, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpint (next_int (source), ==, 1);
}

typedef struct
{
  SubiterSource *source;
  GCancellable *cancellable;
  SubiterTestFlag called;
  SubiterTestFlag done;
  GVariant *item;
  GError *error;
} Puller;

static gpointer
pull_main (gpointer data)
{
  Puller *puller = data;

  subiter_test_flag_set (&puller->called);
  puller->item = subiter_source_next (puller->source, puller->cancellable, &puller->error);
  subiter_test_flag_set (&puller->done);

  return NULL;
}

static void
test_cancelled_blocked (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(2,)");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Puller puller = { .source = source, .cancellable = cancellable };
  GThread *thread = g_thread_new ("puller", pull_main, &puller);

  subiter_test_block_until (subiter_test_flag_is_set (&puller.called));
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  g_assert_false (subiter_test_flag_is_set (&puller.done));
  g_cancellable_cancel (cancellable);
  g_thread_join (thread);
  g_assert_true (subiter_test_flag_is_set (&puller.done));
  g_assert_null (puller.item);
  g_assert_error (puller.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&puller.error);

  /* Nothing is lost by it. */
  subiter_test_runtime_permit (2);
  g_assert_cmpint (next_int (source), ==, 0);
  g_assert_cmpint (next_int (source), ==, 1);
  assert_at_end (source);
}

static void
test_stop_blocked (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  Puller puller = { .source = source };
  GThread *thread = g_thread_new ("puller", pull_main, &puller);

  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_stop (source);
  g_thread_join (thread);
  g_assert_true (subiter_test_flag_is_set (&puller.done));
  g_assert_null (puller.item);
  g_assert_no_error (puller.error);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "finished");
}

/* The last reference goes on the thread that is blocked. */
static gpointer
pull_and_drop_main (gpointer data)
{
  g_autoptr (GVariant) item = subiter_source_next (data, NULL, NULL);

  g_assert_nonnull (item);
  subiter_test_unref (data);

  return NULL;
}

static void
test_unref_on_thread (void)
{
  SubiterSource *source = subiter_test_source_new ("gated", "(2,)");
  SubiterSource *weak = source;
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  GThread *thread;

  g_object_add_weak_pointer (G_OBJECT (source), (gpointer *) &weak);
  thread = g_thread_new ("puller", pull_and_drop_main, source);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_test_drain ();
  subiter_test_runtime_permit (1);
  g_thread_join (thread);
  g_assert_null (weak);
  subiter_test_drain ();
  g_assert_cmpuint (log->n_ends, ==, 0);
}

static void
test_pause_blocked (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(2,)");
  Puller puller = { .source = source };
  GThread *thread = g_thread_new ("puller", pull_main, &puller);

  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_pause (source);
  subiter_test_runtime_permit (1);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == 1);
  g_assert_false (subiter_test_flag_is_set (&puller.done));
  subiter_source_resume (source);
  g_thread_join (thread);
  g_assert_true (subiter_test_flag_is_set (&puller.done));
  g_assert_cmpint (g_variant_get_int64 (puller.item), ==, 0);
  g_variant_unref (puller.item);
}

/* Several threads share an iteration: each item goes to one of them, to each
 * of them in order, and its error as well. */
typedef struct
{
  SubiterSource *source;
  guint n_items;
  guint n_errors;
  gint64 sum;
} Share;

static gpointer
share_main (gpointer data)
{
  Share *share = data;
  gint64 last = -1;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) item = subiter_source_next (share->source, NULL, &error);
      gint64 number;

      if (item == NULL)
        {
          share->n_errors += error != NULL;
          return NULL;
        }
      number = g_variant_get_int64 (item);
      g_assert_cmpint (number, >, last);
      last = number;
      share->n_items++;
      share->sum += number;
    }
}

static void
test_several_threads (void)
{
  const gint64 n = 20000;

  for (int i = 0; i < 2; i++)
    {
      g_autofree char *args = g_strdup_printf ("(%" G_GINT64_FORMAT ",)", n);
      g_autoptr (SubiterSource) source = subiter_test_source_new (i == 0 ? "range" : "fail", args);
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
      Share shares[4] = { 0 };
      GThread *threads[G_N_ELEMENTS (shares)];
      guint n_items = 0;
      guint n_errors = 0;
      gint64 sum = 0;

      for (gsize j = 0; j < G_N_ELEMENTS (shares); j++)
        {
          shares[j].source = source;
          threads[j] = g_thread_new ("share", share_main, &shares[j]);
        }
      for (gsize j = 0; j < G_N_ELEMENTS (shares); j++)
        {
          g_thread_join (threads[j]);
          n_items += shares[j].n_items;
          n_errors += shares[j].n_errors;
          sum += shares[j].sum;
        }
      g_assert_cmpuint (n_items, ==, n);
      g_assert_cmpint (sum, ==, n * (n - 1) / 2);
      g_assert_cmpuint (n_errors, ==, i);
      subiter_test_drain ();
      subiter_test_assert_log (log, i == 0 ? "finished" : "failed:raised");
    }
}

/* All that was written arrives before the end does, whoever found that. */
static void
test_output (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("output", "(1, 'one', 'two')");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  assert_at_end (source);
  subiter_test_drain ();
  subiter_test_assert_log (log, "out:onetwo finished");
}

static void
test_item_type (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("echo", "(1, 'two')");
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GError) error = NULL;

  subiter_source_set_item_type (source, G_VARIANT_TYPE_UINT16);
  item = subiter_source_next (source, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_get_uint16 (item), ==, 1);
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE);
  g_assert_nonnull (strstr (error->message, "\"q\""));
}

/* After start () has come to its end, there is nothing more to take. */
static void
test_after_start (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(2,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  assert_at_end (source);
  subiter_source_rewind (source);
  g_assert_cmpint (next_int (source), ==, 0);
  g_assert_cmpint (next_int (source), ==, 1);
  assert_at_end (source);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 3);
  subiter_test_assert_log (log, "0 1 finished finished 0 1 finished");
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/source/pull/next", test_next);
  subiter_test_add ("/source/pull/signals", test_signals);
  subiter_test_add ("/source/pull/rewind", test_rewind);
  subiter_test_add ("/source/pull/fail", test_fail);
  subiter_test_add ("/source/pull/busy", test_busy);
  subiter_test_add ("/source/pull/closed", test_closed);
  subiter_test_add ("/source/pull/cancelled", test_cancelled);
  subiter_test_add ("/source/pull/cancelled-blocked", test_cancelled_blocked);
  subiter_test_add ("/source/pull/stop-blocked", test_stop_blocked);
  subiter_test_add ("/source/pull/unref-on-thread", test_unref_on_thread);
  subiter_test_add ("/source/pull/pause-blocked", test_pause_blocked);
  subiter_test_add ("/source/pull/several-threads", test_several_threads);
  subiter_test_add ("/source/pull/output", test_output);
  subiter_test_add ("/source/pull/item-type", test_item_type);
  subiter_test_add ("/source/pull/after-start", test_after_start);

  return subiter_test_run ();
}
