/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stress-support.h"

/* Interpreters that sources on several threads share, closed and let go of at
 * any moment. Every iteration comes to an end, and every worker leaves. */

#define N_LOOPS 3

typedef struct
{
  SubiterInterpreter *interpreter;
  GRand *rand;
  guint n_rounds;
} Loop;

static gpointer
loop_main (gpointer data)
{
  Loop *loop = data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (guint round = 0; round < loop->n_rounds; round++)
    {
      static const char *const functions[] = { "range", "forever", "slow", "wait", "generator" };
      SubiterSource *source = subiter_test_source_new_on (loop->interpreter,
                                                          functions[stress_pick (loop->rand,
                                                                                 G_N_ELEMENTS (functions))],
                                                          "(20, 50)");
      SubiterTestLog *log = subiter_test_log_new (source);
      guint n_starts = 1 + stress_pick (loop->rand, 2);

      log->counts = TRUE;
      for (guint i = 1; i <= n_starts; i++)
        {
          log->n_items = 0;
          subiter_source_start (source);
          for (guint j = stress_pick (loop->rand, 20); j > 0; j--)
            g_main_context_iteration (context, FALSE);
          subiter_source_stop (source);
        }
      if (stress_pick (loop->rand, 2))
        {
          subiter_test_wait_for (log->n_ends == n_starts);
          subiter_test_drain ();
          g_assert_cmpuint (log->n_ends, ==, n_starts);
        }
      subiter_test_assert_last_unref (source);
      subiter_test_log_free (log);
    }
  g_main_context_pop_thread_default (context);
  subiter_test_unref (g_steal_pointer (&loop->interpreter));

  return NULL;
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  g_assert_true (subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, NULL));
  *(gboolean *) user_data = TRUE;
}

static void
test_shared (void)
{
  guint32 seed = stress_seed ();
  GRand *rand = g_rand_new_with_seed (seed);
  guint n_rounds = stress_rounds (20);

  for (guint round = 0; round < n_rounds; round++)
    {
      SubiterInterpreter *interpreter = subiter_interpreter_new ("test");
      gboolean closes = stress_pick (rand, 2);
      gboolean is_closed = FALSE;
      Loop loops[N_LOOPS];
      GThread *threads[N_LOOPS];

      for (guint i = 0; i < N_LOOPS; i++)
        {
          loops[i] = (Loop) { g_object_ref (interpreter), g_rand_new_with_seed (seed + round * N_LOOPS + i), 10 };
          threads[i] = g_thread_new ("loop", loop_main, &loops[i]);
        }
      if (closes)
        {
          for (guint i = stress_pick (rand, 10); i > 0; i--)
            {
              subiter_interpreter_get_running (interpreter);
              g_thread_yield ();
            }
          subiter_interpreter_close_async (interpreter, NULL, on_closed, &is_closed);
          subiter_test_wait_for (is_closed);
        }
      g_object_unref (interpreter);
      for (guint i = 0; i < N_LOOPS; i++)
        {
          g_thread_join (threads[i]);
          g_rand_free (loops[i].rand);
        }
    }
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_LEFT)
                         == subiter_test_runtime_count (SUBITER_TEST_ENTERED));
  g_rand_free (rand);
}

/* Many workers at once. */
static void
test_many (void)
{
  const guint n = 32;
  guint n_rounds = stress_rounds (4);

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr (GPtrArray) logs = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_test_log_free);

      for (guint i = 0; i < n; i++)
        {
          SubiterSource *source = subiter_test_source_new ("range", "(200,)");
          SubiterTestLog *log = subiter_test_log_new (source);

          log->counts = TRUE;
          g_ptr_array_add (sources, source);
          g_ptr_array_add (logs, log);
          subiter_source_start (source);
        }
      for (guint i = 0; i < n; i++)
        {
          SubiterTestLog *log = logs->pdata[i];

          subiter_test_wait_for (log->n_ends == 1);
          g_assert_cmpuint (log->n_items, ==, 200);
        }
    }
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/stress/interpreter/shared", test_shared);
  subiter_test_add ("/stress/interpreter/many", test_many);

  return subiter_test_run ();
}
