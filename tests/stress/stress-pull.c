/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stress-support.h"

/* Several threads take the items of one source while another one stops,
 * pauses, resumes and cancels. Each item goes to exactly one of them, each
 * sees its own in order, and together they have all from the first one on. */

#define N_PULLERS 3
#define N_ITEMS 400

typedef struct
{
  SubiterSource *source;
  GRand *rand;
  /* of the whole round: how often each item was given out */
  _Atomic int *given;
  _Atomic int *n_errors;
  _Atomic int *n_over;
} Puller;

static gpointer
pull_main (gpointer data)
{
  Puller *puller = data;
  gint64 last = -1;

  for (;;)
    {
      g_autoptr (GCancellable) cancellable = NULL;
      g_autoptr (GVariant) item = NULL;
      g_autoptr (GError) error = NULL;
      gint64 number;

      if (stress_pick (puller->rand, 10) == 0)
        {
          cancellable = g_cancellable_new ();
          if (stress_pick (puller->rand, 2))
            g_cancellable_cancel (cancellable);
        }

      item = subiter_source_next (puller->source, cancellable, &error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        continue;
      if (item == NULL)
        {
          if (error != NULL)
            atomic_fetch_add (puller->n_errors, 1);
          break;
        }

      number = g_variant_get_int64 (item);
      g_assert_cmpint (number, >, last);
      g_assert_cmpint (number, <, N_ITEMS);
      last = number;
      atomic_fetch_add (&puller->given[number], 1);
    }
  atomic_fetch_add (puller->n_over, 1);

  return NULL;
}

static void
test_threads (void)
{
  static const char *const functions[] = { "range", "fail", "slow" };
  guint32 seed = stress_seed ();
  GRand *rand = g_rand_new_with_seed (seed);
  guint n_rounds = stress_rounds (60);

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autofree char *args = g_strdup_printf ("(%d, %d)", N_ITEMS, 9);
      const char *function = functions[stress_pick (rand, G_N_ELEMENTS (functions))];
      g_autoptr (SubiterSource) source = NULL;
      g_autoptr (SubiterTestLog) log = NULL;
      _Atomic int given[N_ITEMS] = { 0 };
      _Atomic int n_errors = 0;
      _Atomic int n_over = 0;
      gboolean stops = stress_pick (rand, 2);
      Puller pullers[N_PULLERS];
      GThread *threads[N_PULLERS];
      int n_given = 0;

      if (g_str_equal (function, "fail"))
        {
          g_free (args);
          args = g_strdup_printf ("(%d,)", N_ITEMS);
        }
      source = subiter_test_source_new (function, args);
      log = subiter_test_log_new (source);
      subiter_source_set_buffer_size (source, 1 + stress_pick (rand, 30));
      for (guint i = 0; i < N_PULLERS; i++)
        {
          pullers[i] = (Puller) { source, g_rand_new_with_seed (seed + round * N_PULLERS + i), given, &n_errors,
                                  &n_over };
          threads[i] = g_thread_new ("puller", pull_main, &pullers[i]);
        }

      for (guint i = stress_pick (rand, 40); i > 0; i--)
        {
          if (stress_pick (rand, 2))
            subiter_source_pause (source);
          else
            subiter_source_resume (source);
          g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
          g_thread_yield ();
        }
      if (stops)
        {
          /* Before its start there is nothing that could be stopped. */
          subiter_test_wait_for (subiter_source_get_state (source) != SUBITER_STATE_IDLE);
          subiter_source_stop (source);
        }
      else
        {
          subiter_source_resume (source);
        }
      subiter_test_wait_for (atomic_load (&n_over) == N_PULLERS || (subiter_source_resume (source), FALSE));
      for (guint i = 0; i < N_PULLERS; i++)
        {
          g_thread_join (threads[i]);
          g_rand_free (pullers[i].rand);
        }

      while (n_given < N_ITEMS && atomic_load (&given[n_given]) == 1)
        n_given++;
      for (int i = n_given; i < N_ITEMS; i++)
        g_assert_cmpint (atomic_load (&given[i]), ==, 0);
      if (!stops)
        {
          g_assert_cmpint (n_given, ==, N_ITEMS);
          g_assert_cmpint (atomic_load (&n_errors), ==, g_str_equal (function, "fail") ? 1 : 0);
        }
      subiter_test_wait_for (log->n_ends == 1);
      subiter_test_drain ();
      g_assert_cmpuint (log->n_ends, ==, 1);
      g_assert_cmpuint (log->n_items, ==, 0);
    }
  g_rand_free (rand);
}

/* Overlapping asynchronous calls, some of which are cancelled, with stops and
 * rewinds in between: every call is answered once, and no item is lost but by
 * a stop. */
typedef struct
{
  gint64 expected;
  guint n_answers;
  gboolean is_at_end;
} Answers;

static void
on_next (GObject *object,
         GAsyncResult *result,
         gpointer user_data)
{
  Answers *answers = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) item = subiter_source_next_finish (SUBITER_SOURCE (object), result, &error);

  answers->n_answers++;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_assert_no_error (error);
  if (item == NULL)
    {
      answers->is_at_end = TRUE;
      return;
    }
  g_assert_false (answers->is_at_end);
  g_assert_cmpint (g_variant_get_int64 (item), ==, answers->expected);
  answers->expected++;
}

static void
on_batch (GObject *object,
          GAsyncResult *result,
          gpointer user_data)
{
  Answers *answers = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = subiter_source_next_batch_finish (SUBITER_SOURCE (object), result, &error);

  answers->n_answers++;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_assert_no_error (error);
  if (items->len == 0)
    answers->is_at_end = TRUE;
  for (guint i = 0; i < items->len; i++)
    {
      g_assert_false (answers->is_at_end);
      g_assert_cmpint (g_variant_get_int64 (items->pdata[i]), ==, answers->expected);
      answers->expected++;
    }
}

static void
test_async (void)
{
  GRand *rand = g_rand_new_with_seed (stress_seed ());
  guint n_rounds = stress_rounds (150);
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(100,)");

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (GPtrArray) cancellables = g_ptr_array_new_with_free_func (g_object_unref);
      Answers answers = { 0 };
      guint n_calls = 0;
      gboolean stops = stress_pick (rand, 3) == 0;

      subiter_source_set_buffer_size (source, 1 + stress_pick (rand, 20));
      for (guint step = 0; step < 60; step++)
        {
          GCancellable *cancellable = NULL;

          switch (stress_pick (rand, 6))
            {
            case 0:
            case 1:
              if (stress_pick (rand, 4) == 0)
                {
                  cancellable = g_cancellable_new ();
                  g_ptr_array_add (cancellables, cancellable);
                }
              subiter_source_next_async (source, cancellable, on_next, &answers);
              n_calls++;
              break;
            case 2:
              subiter_source_next_batch_async (source, 1 + stress_pick (rand, 10), NULL, on_batch, &answers);
              n_calls++;
              break;
            case 3:
              if (cancellables->len > 0)
                g_cancellable_cancel (cancellables->pdata[stress_pick (rand, cancellables->len)]);
              break;
            default:
              g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
            }
        }
      if (stops)
        subiter_source_stop (source);
      while (answers.n_answers < n_calls || !answers.is_at_end)
        {
          gint64 failsafe = 0;

          if (answers.n_answers == n_calls)
            {
              subiter_source_next_batch_async (source, 10, NULL, on_batch, &answers);
              n_calls++;
            }
          subiter_test_iterate (&failsafe, "all answers", G_STRLOC);
        }
      g_assert_cmpuint (answers.n_answers, ==, n_calls);
      if (!stops)
        g_assert_cmpint (answers.expected, ==, 100);
      subiter_source_stop (source);
      subiter_source_rewind (source);
    }
  g_rand_free (rand);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/stress/pull/threads", test_threads);
  subiter_test_add ("/stress/pull/async", test_async);

  return subiter_test_run ();
}
