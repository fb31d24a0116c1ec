/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

/* Which thread things happen on. */

/* A thread with a main context of its own, iterated until it is told to end.
 * What it is given to do is done there. */
typedef struct
{
  GThread *thread;
  GMainContext *context;
  GMutex lock;
  GCond changed;
  /* lock */
  void (*task) (gpointer data);
  gpointer task_data;
  gboolean ends;
} Loop;

static gpointer
loop_main (gpointer data)
{
  Loop *loop = data;
  gboolean ends = FALSE;

  g_main_context_push_thread_default (loop->context);
  while (!ends)
    {
      void (*task) (gpointer data);
      gpointer task_data;

      subiter_lock (&loop->lock);
      task = loop->task;
      task_data = loop->task_data;
      ends = loop->ends;
      subiter_unlock (&loop->lock);
      if (task != NULL)
        {
          task (task_data);
          subiter_lock (&loop->lock);
          loop->task = NULL;
          g_cond_signal (&loop->changed);
          subiter_unlock (&loop->lock);
        }
      if (!g_main_context_iteration (loop->context, FALSE))
        g_usleep (200);
    }
  g_main_context_pop_thread_default (loop->context);

  return NULL;
}

static void
loop_init (Loop *loop)
{
  *loop = (Loop) { .context = g_main_context_new () };
  g_mutex_init (&loop->lock);
  g_cond_init (&loop->changed);
  loop->thread = g_thread_new ("loop", loop_main, loop);
}

/* Does something on the loop's thread and waits for it. */
static void
loop_call (Loop *loop,
           void (*task) (gpointer data),
           gpointer data)
{
  subiter_lock (&loop->lock);
  loop->task = task;
  loop->task_data = data;
  while (loop->task != NULL)
    subiter_cond_wait (&loop->changed, &loop->lock);
  subiter_unlock (&loop->lock);
}

static void
loop_clear (Loop *loop)
{
  subiter_lock (&loop->lock);
  loop->ends = TRUE;
  subiter_unlock (&loop->lock);
  g_thread_join (loop->thread);
  g_main_context_unref (loop->context);
  g_mutex_clear (&loop->lock);
  g_cond_clear (&loop->changed);
}

typedef struct
{
  const char *function;
  const char *args;
  SubiterSource *source;
  SubiterTestLog *log;
  guint n_ends;
  guint n_items;
} Made;

static void
make_source (gpointer data)
{
  Made *made = data;

  made->source = subiter_test_source_new (made->function, made->args);
  made->log = subiter_test_log_new (made->source);
  made->log->counts = TRUE;
}

static void
look (gpointer data)
{
  Made *made = data;

  made->n_ends = made->log->n_ends;
  made->n_items = made->log->n_items;
}

static void
drop (gpointer data)
{
  Made *made = data;

  g_clear_object (&made->source);
  subiter_test_log_free (made->log);
}

static guint
count_ends (Loop *loop,
            Made *made)
{
  loop_call (loop, look, made);

  return made->n_ends;
}

/* Made on one thread, started, paused and stopped on another: everything is
 * signalled where it was made, which the log asserts. */
static void
test_made_elsewhere (void)
{
  Loop loop;
  Made made = { .function = "forever" };

  loop_init (&loop);
  loop_call (&loop, make_source, &made);
  for (guint i = 1; i <= 10; i++)
    {
      subiter_source_start (made.source);
      subiter_test_wait_for (subiter_source_get_n_items (made.source) > 100);
      subiter_source_pause (made.source);
      subiter_source_resume (made.source);
      subiter_source_stop (made.source);
      subiter_test_wait_for (count_ends (&loop, &made) == i);
      /* The items of the next one are counted from the start. */
      made.log->n_items = 0;
    }
  loop_call (&loop, drop, &made);
  loop_clear (&loop);
}

/* The thread-default context of the thread that starts it does not matter. */
static void
test_started_elsewhere (void)
{
  Loop loop;
  Made made = { .function = "range", .args = "(1000,)" };
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1000,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  log->counts = TRUE;
  loop_init (&loop);
  loop_call (&loop, (void (*) (gpointer)) subiter_source_start, source);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (log->n_items, ==, 1000);

  loop_call (&loop, make_source, &made);
  loop_call (&loop, (void (*) (gpointer)) subiter_source_start, made.source);
  subiter_test_wait_for (count_ends (&loop, &made) == 1);
  g_assert_cmpuint (made.n_items, ==, 1000);
  loop_call (&loop, drop, &made);
  loop_clear (&loop);
}

static void
on_context_item (SubiterSource *source,
                 GVariant *item,
                 GThread *thread)
{
  g_assert_true (g_thread_self () == thread);
}

/* Without a thread-default context it is the global one. */
static void
test_global_context (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  g_autoptr (SubiterSource) source = NULL;

  g_main_context_pop_thread_default (context);
  source = subiter_test_source_new ("range", "(10,)");
  g_signal_connect (source, "item", G_CALLBACK (on_context_item), g_thread_self ());
  subiter_source_start (source);
  g_main_context_push_thread_default (context);
  subiter_test_wait_for (!subiter_interpreter_get_running (subiter_source_get_interpreter (source)));
  subiter_test_drain ();
  g_assert_cmpuint (subiter_source_get_n_items (source), ==, 0);

  g_main_context_pop_thread_default (context);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);
  g_assert_cmpuint (subiter_source_get_n_items (source), ==, 10);
  g_clear_object (&source);
  subiter_test_drain ();
  g_main_context_push_thread_default (context);
}

static gpointer
unref_main (gpointer data)
{
  subiter_test_unref (data);

  return NULL;
}

/* The last reference goes on some other thread while items are delivered. */
static void
test_last_unref (void)
{
  guint n_rounds = subiter_test_is_thorough () ? 1000 : 50;

  for (guint i = 0; i < n_rounds; i++)
    {
      SubiterSource *source = subiter_test_source_new ("forever", NULL);
      SubiterSource *weak = source;
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
      GThread *thread;

      log->counts = TRUE;
      g_object_add_weak_pointer (G_OBJECT (source), (gpointer *) &weak);
      subiter_source_start (source);
      subiter_test_wait_for (log->n_items >= i);
      thread = g_thread_new ("unref", unref_main, source);
      for (guint j = 0; j < i % 10; j++)
        g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
      g_thread_join (thread);
      /* Unless a dispatch had it, in which case that has ended. */
      g_assert_null (weak);
      subiter_test_drain ();
      g_assert_cmpuint (log->n_ends, ==, 0);
    }
}

/* A context that ends before its source does. */
static void
test_context_gone (void)
{
  Loop loop;
  Made made = { .function = "forever" };

  loop_init (&loop);
  loop_call (&loop, make_source, &made);
  subiter_source_start (made.source);
  subiter_test_wait_for (subiter_source_get_n_items (made.source) > 10);
  loop_clear (&loop);

  subiter_source_stop (made.source);
  subiter_test_wait_for (!subiter_interpreter_get_running (subiter_source_get_interpreter (made.source)));
  drop (&made);
}

/* No worker ever touches a reference of the application's. */
static void
on_gone (gpointer data,
         GObject *where_the_object_was)
{
  GThread **thread = data;

  *thread = g_thread_self ();
}

static void
test_unref_thread (void)
{
  for (int i = 0; i < 50; i++)
    {
      SubiterSource *source = subiter_test_source_new (i % 2 ? "forever" : "range", "(10,)");
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
      GThread *thread = NULL;

      log->counts = TRUE;
      g_object_weak_ref (G_OBJECT (source), on_gone, &thread);
      subiter_source_start (source);
      for (int j = 0; j < i % 5; j++)
        g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
      g_object_unref (source);
      g_assert_true (thread == g_thread_self ());
    }
}

static gpointer
take_all (gpointer data)
{
  GVariant *item;

  while ((item = subiter_source_next (data, NULL, NULL)) != NULL)
    g_variant_unref (item);

  return NULL;
}

/* While the application is asked, another thread takes the rest. */
static gboolean
on_timeout_take_all (SubiterSource *source,
                     gpointer user_data)
{
  subiter_source_set_timeout (source, 0);
  subiter_test_runtime_permit (1);
  g_thread_join (g_thread_new ("taker", take_all, source));

  return FALSE;
}

static void
count_answer (GObject *object,
              GAsyncResult *result,
              gpointer user_data)
{
  g_autoptr (GVariant) item = subiter_source_next_finish (SUBITER_SOURCE (object), result, NULL);

  (*(guint *) user_data)++;
}

static void
check_end_while_asked (guint grants,
                       int n_iterations,
                       const char *expected,
                       SubiterState state)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(1,)");
  g_autoptr (SubiterTestLog) log = NULL;
  g_autoptr (SubiterFailure) failure = NULL;
  guint n_answers = 0;

  g_signal_connect (source, "timeout", G_CALLBACK (on_timeout_take_all), NULL);
  log = subiter_test_log_new (source);
  log->grants = grants;
  subiter_source_next_async (source, NULL, count_answer, &n_answers);
  /* Only code that runs can be looked at. */
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == n_iterations);
  subiter_source_set_timeout (source, 1);
  subiter_test_wait_for (n_answers == 1);
  subiter_test_drain ();
  subiter_test_assert_log (log, expected);
  g_assert_cmpint (subiter_source_get_state (source), ==, state);

  /* What is known of a timeout that was none is not known of the end. */
  failure = subiter_source_dup_failure (source);
  g_assert_true ((failure != NULL) == (state == SUBITER_STATE_TIMED_OUT));
}

/* An iteration has one end, also if a thread finds another one while a handler is
 * at the timeout. */
static void
test_end_while_asked (void)
{
  check_end_while_asked (0, 1, "timeout", SUBITER_STATE_TIMED_OUT);
  check_end_while_asked (1, 2, "timeout:granted finished", SUBITER_STATE_FINISHED);
}

/* A thread finds the end of an iteration while that of the one before it, which took its
 * time to stop, has not been signalled yet: they come in their order. */
static void
test_ends_in_order (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("busy", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (GError) error = NULL;

  subiter_source_set_interrupt_delay (source, 20);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_stop (source);
  subiter_source_rewind (source);
  subiter_source_set_timeout (source, 1);
  g_assert_null (subiter_source_next (source, NULL, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_TIMED_OUT);
  subiter_test_wait_for (log->n_ends == 2);
  subiter_test_assert_log (log, "finished timeout");
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/source/threads/made-elsewhere", test_made_elsewhere);
  subiter_test_add ("/source/threads/started-elsewhere", test_started_elsewhere);
  subiter_test_add ("/source/threads/global-context", test_global_context);
  subiter_test_add ("/source/threads/last-unref", test_last_unref);
  subiter_test_add ("/source/threads/context-gone", test_context_gone);
  subiter_test_add ("/source/threads/unref-thread", test_unref_thread);
  subiter_test_add ("/source/threads/end-while-asked", test_end_while_asked);
  subiter_test_add ("/source/threads/ends-in-order", test_ends_in_order);

  return subiter_test_run ();
}
