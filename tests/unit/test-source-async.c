/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

/* next_async () and next_batch_async (). */

typedef struct
{
  GString *text;
  guint n_results;
  guint n_items;
} Results;

static void
results_init (Results *results)
{
  *results = (Results) { .text = g_string_new (NULL) };
}

static void
results_clear (Results *results)
{
  g_string_free (results->text, TRUE);
}

static void
results_add (Results *results,
             const char *text)
{
  g_string_append_printf (results->text, "%s%s", results->text->len > 0 ? " " : "", text);
}

static void
add_error (Results *results,
           const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    results_add (results, "cancelled");
  else if (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_RAISED))
    results_add (results, "raised");
  else if (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_BUSY))
    results_add (results, "busy");
  else if (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED))
    results_add (results, "closed");
  else
    g_assert_no_error (error);
}

static void
on_next (GObject *object,
         GAsyncResult *result,
         gpointer user_data)
{
  Results *results = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) item = subiter_source_next_finish (SUBITER_SOURCE (object), result, &error);

  results->n_results++;
  if (item != NULL)
    {
      g_autofree char *text = g_variant_print (item, FALSE);

      g_assert_false (g_variant_is_floating (item));
      results_add (results, text);
    }
  else if (error != NULL)
    {
      add_error (results, error);
    }
  else
    {
      results_add (results, "end");
    }
}

static void
on_batch (GObject *object,
          GAsyncResult *result,
          gpointer user_data)
{
  Results *results = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = subiter_source_next_batch_finish (SUBITER_SOURCE (object), result, &error);

  results->n_results++;
  if (items == NULL)
    {
      add_error (results, error);
      return;
    }
  g_assert_no_error (error);
  for (guint i = 0; i < items->len; i++)
    g_assert_cmpint (g_variant_get_int64 (items->pdata[i]), ==, results->n_items + i);
  results->n_items += items->len;
  if (items->len == 0)
    results_add (results, "end");
}

static void
test_next (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(3,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  Results results;

  results_init (&results);
  for (guint i = 1; i <= 5; i++)
    {
      subiter_source_next_async (source, NULL, on_next, &results);
      /* Never before the call has returned. */
      g_assert_cmpuint (results.n_results, ==, i - 1);
      subiter_test_wait_for (results.n_results == i);
    }
  g_assert_cmpstr (results.text->str, ==, "0 1 2 end end");
  subiter_test_assert_log (log, "finished");
  results_clear (&results);
}

/* Asked for several at once, they come in order, and the end to the rest. */
static void
test_overlapping (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(3,)");
  Results results;

  results_init (&results);
  for (guint i = 0; i < 5; i++)
    subiter_source_next_async (source, NULL, on_next, &results);
  subiter_test_wait_for (results.n_results == 5);
  g_assert_cmpstr (results.text->str, ==, "0 1 2 end end");

  subiter_source_rewind (source);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_test_wait_for (results.n_results == 6);
  g_assert_cmpstr (results.text->str, ==, "0 1 2 end end 0");
  results_clear (&results);
}

static void
test_fail (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("fail", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  Results results;

  results_init (&results);
  for (guint i = 0; i < 4; i++)
    subiter_source_next_async (source, NULL, on_next, &results);
  subiter_test_wait_for (results.n_results == 4);
  g_assert_cmpstr (results.text->str, ==, "0 raised end end");
  subiter_test_drain ();
  subiter_test_assert_log (log, "failed:raised");
  results_clear (&results);
}

/* The end is found although nobody asks for another item. */
static void
test_end_unasked (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  Results results;

  results_init (&results);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_test_wait_for (results.n_results == 1);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpstr (results.text->str, ==, "0");
  subiter_test_assert_log (log, "finished");
  results_clear (&results);
}

typedef struct
{
  SubiterSource *source;
  Results *results;
  gboolean asks;
} Starver;

/* Always ready, so that nothing of a lower priority is dispatched. */
static gboolean
starve (gpointer user_data)
{
  Starver *starver = user_data;

  if (starver->asks)
    subiter_source_next_async (starver->source, NULL, on_next, starver->results);
  starver->asks = FALSE;

  return G_SOURCE_CONTINUE;
}

/* A task that is answered in the iteration of the main context it was made in calls
 * back at G_PRIORITY_DEFAULT. The end, which a blocked call finds, does not
 * overtake it where the source has a higher priority. */
static void
test_end_after_callback (void)
{
  g_autoptr (SubiterSource) source = NULL;
  g_autoptr (SubiterTestLog) log = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (GSource) idle = g_idle_source_new ();
  Starver starver;
  Results results;

  results_init (&results);
  starver = (Starver) { .results = &results };
  g_source_set_priority (idle, G_PRIORITY_HIGH);
  g_source_set_callback (idle, starve, &starver, NULL);
  g_source_attach (idle, context);
  source = starver.source = subiter_test_source_new ("range", "(2,)");
  subiter_source_set_priority (source, G_PRIORITY_HIGH);
  log = subiter_test_log_new (source);

  item = subiter_source_next (source, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (item);
  subiter_test_block_until (!subiter_interpreter_get_running (subiter_source_get_interpreter (source)));

  starver.asks = TRUE;
  subiter_test_wait_for (subiter_source_get_n_items (source) == 2);
  g_assert_cmpuint (results.n_results, ==, 0);
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_no_error (error);
  subiter_source_next_async (source, NULL, on_next, &results);
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (results.n_results, ==, 0);
  g_assert_cmpuint (log->n_ends, ==, 0);

  g_source_destroy (idle);
  subiter_test_wait_for (results.n_results == 2 && log->n_ends == 1);
  g_assert_cmpstr (results.text->str, ==, "1 end");
  subiter_test_assert_log (log, "finished");
  results_clear (&results);
}

static void
test_batch (void)
{
  static const guint sizes[] = { 1, 7, 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(500,)");
      Results results;

      results_init (&results);
      while (results.text->len == 0)
        {
          guint n_results = results.n_results;
          guint n_items = results.n_items;

          subiter_source_next_batch_async (source, sizes[i], NULL, on_batch, &results);
          subiter_test_wait_for (results.n_results > n_results);
          g_assert_cmpuint (results.n_items - n_items, <=, sizes[i]);
          if (results.text->len == 0)
            g_assert_cmpuint (results.n_items, >, n_items);
        }
      g_assert_cmpuint (results.n_items, ==, 500);
      g_assert_cmpstr (results.text->str, ==, "end");
      results_clear (&results);
    }
}

/* A batch takes what there is, and does not wait for more. */
static void
test_batch_partial (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(5,)");
  Results results;

  results_init (&results);
  subiter_source_next_batch_async (source, 100, NULL, on_batch, &results);
  subiter_test_runtime_permit (1);
  subiter_test_wait_for (results.n_results == 1);
  g_assert_cmpuint (results.n_items, ==, 1);
  subiter_test_runtime_permit (2);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == 3);
  subiter_source_next_batch_async (source, 100, NULL, on_batch, &results);
  subiter_test_wait_for (results.n_results == 2);
  g_assert_cmpuint (results.n_items, ==, 3);
  results_clear (&results);
}

static void
test_batch_fail (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("fail", "(0,)");
  Results results;

  results_init (&results);
  subiter_source_next_batch_async (source, 5, NULL, on_batch, &results);
  subiter_source_next_batch_async (source, 5, NULL, on_batch, &results);
  subiter_test_wait_for (results.n_results == 2);
  g_assert_cmpstr (results.text->str, ==, "raised end");
  results_clear (&results);
}

/* A call that is cancelled takes no item with it. */
static void
test_cancelled (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(3,)");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Results results;

  results_init (&results);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_source_next_async (source, cancellable, on_next, &results);
  subiter_source_next_batch_async (source, 5, cancellable, on_batch, &results);
  subiter_source_next_async (source, NULL, on_next, &results);
  g_cancellable_cancel (cancellable);
  g_assert_cmpuint (results.n_results, ==, 0);
  subiter_test_wait_for (results.n_results == 2);
  g_assert_cmpstr (results.text->str, ==, "cancelled cancelled");
  subiter_test_runtime_permit (3);
  subiter_test_wait_for (results.n_results == 4);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_test_wait_for (results.n_results == 6);
  g_assert_cmpstr (results.text->str, ==, "cancelled cancelled 0 1 2 end");

  /* Cancelled before the call: nothing is begun for it. */
  subiter_source_rewind (source);
  subiter_source_next_async (source, cancellable, on_next, &results);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_IDLE);
  subiter_test_wait_for (results.n_results == 7);
  g_assert_true (g_str_has_suffix (results.text->str, "end cancelled"));
  results_clear (&results);
}

static void
test_cancel_while_items (void)
{
  for (int i = 0; i < 50; i++)
    {
      g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(100,)");
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      GError *error = NULL;
      Results results;

      results_init (&results);
      for (int j = 0; j < 20; j++)
        subiter_source_next_batch_async (source, 3, j % 2 == 0 ? cancellable : NULL, on_batch, &results);
      for (int j = 0; j < i % 5; j++)
        g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
      g_cancellable_cancel (cancellable);
      subiter_test_wait_for (results.n_results == 20);

      /* What is left comes without a gap. */
      for (gint64 expected = results.n_items; expected < 100; expected++)
        {
          g_autoptr (GVariant) item = subiter_source_next (source, NULL, &error);

          g_assert_no_error (error);
          g_assert_cmpint (g_variant_get_int64 (item), ==, expected);
        }
      g_assert_null (subiter_source_next (source, NULL, &error));
      results_clear (&results);
    }
}

static void
test_busy (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
  Results results;

  results_init (&results);
  subiter_source_start (source);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_source_next_batch_async (source, 5, NULL, on_batch, &results);
  g_assert_cmpuint (results.n_results, ==, 0);
  subiter_test_wait_for (results.n_results == 2);
  g_assert_cmpstr (results.text->str, ==, "busy busy");
  results_clear (&results);
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  *(gboolean *) user_data = subiter_source_close_finish (SUBITER_SOURCE (object), result, NULL);
}

/* Calls that wait when the source is stopped or closed are at their end. */
static void
test_stop (void)
{
  for (int closes = 0; closes < 2; closes++)
    {
      g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
      gboolean is_closed = FALSE;
      Results results;

      results_init (&results);
      subiter_source_next_async (source, NULL, on_next, &results);
      subiter_source_next_batch_async (source, 5, NULL, on_batch, &results);
      subiter_test_drain ();
      if (closes)
        subiter_source_close_async (source, NULL, on_closed, &is_closed);
      else
        subiter_source_stop (source);
      subiter_test_wait_for (results.n_results == 2);
      g_assert_cmpstr (results.text->str, ==, "end end");

      subiter_test_wait_for (!closes || is_closed);
      subiter_source_next_async (source, NULL, on_next, &results);
      subiter_test_wait_for (results.n_results == 3);
      g_assert_cmpstr (results.text->str, ==, closes ? "end end closed" : "end end end");
      results_clear (&results);
    }
}

/* A call that waited when its iteration came to an end is not given an item of
 * the next one. */
static void
test_stop_rewind (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(3,)");
  Results results;

  results_init (&results);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_source_stop (source);
  subiter_source_rewind (source);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_source_next_async (source, NULL, on_next, &results);
  /* In their order, also if the answers to the later ones are there at once. */
  subiter_test_block_until (!subiter_interpreter_get_running (subiter_source_get_interpreter (source))
                            && subiter_test_runtime_count (SUBITER_TEST_PUSHED) >= 3);
  subiter_test_wait_for (results.n_results == 4);
  g_assert_cmpstr (results.text->str, ==, "end end 0 1");
  results_clear (&results);
}

/* An error that a cancelled call would have got is for the next one. */
static void
test_fail_cancelled (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("fail", "(0,)");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Results results;

  results_init (&results);
  subiter_source_next_async (source, cancellable, on_next, &results);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1
                            && !subiter_interpreter_get_running (subiter_source_get_interpreter (source)));
  g_cancellable_cancel (cancellable);
  subiter_test_wait_for (results.n_results == 1);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_test_wait_for (results.n_results == 3);
  g_assert_cmpstr (results.text->str, ==, "cancelled raised end");
  results_clear (&results);
}

/* A call that waits keeps the source. */
static void
test_unref (void)
{
  SubiterSource *source = subiter_test_source_new ("gated", "(1,)");
  SubiterSource *weak = source;
  Results results;

  results_init (&results);
  g_object_add_weak_pointer (G_OBJECT (source), (gpointer *) &weak);
  subiter_source_next_async (source, NULL, on_next, &results);
  g_object_unref (source);
  subiter_test_drain ();
  g_assert_nonnull (weak);
  subiter_test_runtime_permit (1);
  subiter_test_wait_for (results.n_results == 1);
  subiter_test_wait_for (weak == NULL);
  g_assert_cmpstr (results.text->str, ==, "0");
  results_clear (&results);
}

static void
test_pause (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(2,)");
  Results results;

  results_init (&results);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_source_pause (source);
  subiter_source_next_async (source, NULL, on_next, &results);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == 2);
  subiter_test_drain ();
  g_assert_cmpuint (results.n_results, ==, 0);
  subiter_source_resume (source);
  subiter_test_wait_for (results.n_results == 2);
  g_assert_cmpstr (results.text->str, ==, "0 1");
  results_clear (&results);
}

/* One call from the callback of another, without end. */
static void
on_next_chain (GObject *object,
               GAsyncResult *result,
               gpointer user_data)
{
  g_autoptr (GVariant) item = subiter_source_next_finish (SUBITER_SOURCE (object), result, NULL);
  Results *results = user_data;

  if (item == NULL)
    {
      results->n_results++;
      return;
    }
  g_assert_cmpint (g_variant_get_int64 (item), ==, results->n_items);
  results->n_items++;
  subiter_source_next_async (SUBITER_SOURCE (object), NULL, on_next_chain, results);
}

static void
test_chain (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(10000,)");
  Results results;

  results_init (&results);
  subiter_source_next_async (source, NULL, on_next_chain, &results);
  subiter_test_wait_for (results.n_results == 1);
  g_assert_cmpuint (results.n_items, ==, 10000);
  results_clear (&results);
}

static void
test_misuse (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1,)");

  subiter_test_expect_critical ("*max_items > 0*");
  subiter_source_next_batch_async (source, 0, NULL, on_batch, NULL);
  g_test_assert_expected_messages ();
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/source/async/next", test_next);
  subiter_test_add ("/source/async/overlapping", test_overlapping);
  subiter_test_add ("/source/async/fail", test_fail);
  subiter_test_add ("/source/async/end-unasked", test_end_unasked);
  subiter_test_add ("/source/async/end-after-callback", test_end_after_callback);
  subiter_test_add ("/source/async/batch", test_batch);
  subiter_test_add ("/source/async/batch-partial", test_batch_partial);
  subiter_test_add ("/source/async/batch-fail", test_batch_fail);
  subiter_test_add ("/source/async/cancelled", test_cancelled);
  subiter_test_add ("/source/async/cancel-while-items", test_cancel_while_items);
  subiter_test_add ("/source/async/busy", test_busy);
  subiter_test_add ("/source/async/stop", test_stop);
  subiter_test_add ("/source/async/stop-rewind", test_stop_rewind);
  subiter_test_add ("/source/async/fail-cancelled", test_fail_cancelled);
  subiter_test_add ("/source/async/unref", test_unref);
  subiter_test_add ("/source/async/pause", test_pause);
  subiter_test_add ("/source/async/chain", test_chain);
  subiter_test_add ("/source/async/misuse", test_misuse);

  return subiter_test_run ();
}
