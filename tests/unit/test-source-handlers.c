/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

/* What handlers may do to their own source, which is everything. */

typedef enum
{
  STOP,
  STOP_START,
  CLOSE,
  UNREF,
  DISPOSE,
  N_ACTIONS,
} Action;

typedef struct
{
  SubiterSource *source;
  Action action;
  gboolean is_done;
  guint n_after;
  int n_closed;
} Actor;

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  Actor *actor = user_data;

  g_assert_true (subiter_source_close_finish (SUBITER_SOURCE (object), result, NULL));
  actor->n_closed++;
}

static void
act (Actor *actor)
{
  if (actor->is_done)
    return;

  actor->is_done = TRUE;
  switch (actor->action)
    {
    case STOP:
      subiter_source_stop (actor->source);
      break;
    case STOP_START:
      subiter_source_stop (actor->source);
      subiter_source_start (actor->source);
      break;
    case CLOSE:
      subiter_source_close_async (actor->source, NULL, on_closed, actor);
      break;
    case UNREF:
      g_clear_object (&actor->source);
      break;
    case DISPOSE:
      g_object_run_dispose (G_OBJECT (actor->source));
      break;
    case N_ACTIONS:
    default:
      g_assert_not_reached ();
    }
}

static void
check_after (Actor *actor,
             SubiterTestLog *log)
{
  switch (actor->action)
    {
    case STOP:
      subiter_test_drain ();
      break;
    case STOP_START:
      subiter_test_wait_for (log->n_ends == 2);
      break;
    case CLOSE:
      subiter_test_wait_for (actor->n_closed == 1);
      break;
    case UNREF:
      g_assert_null (log->source);
      break;
    case DISPOSE:
      subiter_test_drain ();
      break;
    case N_ACTIONS:
    default:
      g_assert_not_reached ();
    }
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         Actor *actor)
{
  if (actor->is_done && actor->action != STOP_START)
    actor->n_after++;
  if (g_variant_get_int64 (item) == 4)
    act (actor);
}

/* In the middle of a batch whose items are all there. */
static void
test_item (void)
{
  for (int action = 0; action < N_ACTIONS; action++)
    {
      SubiterSource *source = subiter_test_source_new ("range", "(50,)");
      g_autoptr (SubiterTestLog) log = NULL;
      Actor actor = { .source = source, .action = (Action) action };
      int pushed = subiter_test_runtime_count (SUBITER_TEST_PUSHED);

      g_signal_connect (source, "item", G_CALLBACK (on_item), &actor);
      log = subiter_test_log_new (source);
      subiter_source_start (source);
      subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == pushed + 50);
      subiter_test_wait_for (actor.is_done);
      if (action == STOP_START || action == STOP)
        subiter_test_wait_for (log->n_ends >= 1);
      check_after (&actor, log);

      g_assert_cmpuint (actor.n_after, ==, 0);
      switch ((Action) action)
        {
        case STOP:
        case CLOSE:
          g_assert_cmpuint (log->n_items, ==, 5);
          subiter_test_assert_log (log, "0 1 2 3 4 finished");
          break;
        case STOP_START:
          g_assert_cmpuint (log->n_items, ==, 55);
          break;
        case UNREF:
        case DISPOSE:
          /* The handler was the first of two: the other one gets the item that
           * it was called with, if the source is still there to emit. */
          g_assert_cmpuint (log->n_items, <=, 5);
          g_assert_cmpuint (log->n_ends, ==, 0);
          break;
        case N_ACTIONS:
        default:
          g_assert_not_reached ();
        }
      g_clear_object (&actor.source);
      g_assert_null (log->source);
    }
}

static void
take_item (SubiterSource *source,
           GVariant *item,
           gpointer data)
{
  on_item (source, item, data);
}

static void
test_item_func (void)
{
  for (int action = 0; action < N_ACTIONS; action++)
    {
      SubiterSource *source = subiter_test_source_new ("range", "(50,)");
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
      Actor actor = { .source = source, .action = (Action) action };
      int pushed = subiter_test_runtime_count (SUBITER_TEST_PUSHED);

      subiter_source_set_item_func (source, take_item, &actor, NULL);
      subiter_source_start (source);
      subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == pushed + 50);
      subiter_test_wait_for (actor.is_done);
      if (action == STOP_START || action == STOP)
        subiter_test_wait_for (log->n_ends >= 1);
      check_after (&actor, log);
      g_assert_cmpuint (actor.n_after, ==, 0);
      g_clear_object (&actor.source);
      g_assert_null (log->source);
    }
}

static void
on_end (SubiterSource *source,
        Actor *actor)
{
  act (actor);
}

static void
on_failed (SubiterSource *source,
           GError *error,
           Actor *actor)
{
  act (actor);
  /* It lasts as long as the emission. */
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_RAISED);
}

static void
run_end (const char *function,
         const char *args,
         const char *signal,
         GCallback handler)
{
  for (int action = 0; action < N_ACTIONS; action++)
    {
      SubiterSource *source = subiter_test_source_new (function, args);
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
      Actor actor = { .source = source, .action = (Action) action };

      g_signal_connect (source, signal, handler, &actor);
      subiter_source_start (source);
      subiter_test_wait_for (actor.is_done);
      check_after (&actor, log);
      subiter_test_drain ();
      g_assert_cmpuint (log->n_ends, ==, action == STOP_START ? 2 : 1);
      g_clear_object (&actor.source);
      g_assert_null (log->source);
    }
}

static void
test_finished (void)
{
  run_end ("range", "(3,)", "finished", G_CALLBACK (on_end));
}

static void
test_failed (void)
{
  run_end ("fail", "(3,)", "failed", G_CALLBACK (on_failed));
}

/* Started again from its own end, as a program that repeats does it. */
static void
on_finished_start (SubiterSource *source,
                   guint *n_left)
{
  if (*n_left == 0)
    return;

  (*n_left)--;
  subiter_source_start (source);
}

static void
test_repeat (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(3,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  guint n_left = 100;

  g_signal_connect (source, "finished", G_CALLBACK (on_finished_start), &n_left);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 101);
  g_assert_cmpuint (log->n_items, ==, 303);
}

static gboolean
on_timeout (SubiterSource *source,
            Actor *actor)
{
  if (actor->is_done)
    return FALSE;

  act (actor);
  return FALSE;
}

static void
test_timeout (void)
{
  for (int action = 0; action < N_ACTIONS; action++)
    {
      SubiterSource *source = subiter_test_source_new ("wait", NULL);
      g_autoptr (SubiterTestLog) log = NULL;
      Actor actor = { .source = source, .action = (Action) action };

      log = subiter_test_log_new (source);
      g_signal_connect (source, "timeout", G_CALLBACK (on_timeout), &actor);
      subiter_source_set_timeout (source, 10);
      subiter_source_start (source);
      subiter_test_wait_for (actor.is_done);
      check_after (&actor, log);
      subiter_test_drain ();
      if (action == STOP_START)
        subiter_test_assert_log (log, "timeout timeout");
      else
        subiter_test_assert_log (log, "timeout");
      if (action == STOP)
        g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_TIMED_OUT);
      g_clear_object (&actor.source);
      g_assert_null (log->source);
    }
}

static void
on_output (SubiterSource *source,
           SubiterStream stream,
           const char *text,
           Actor *actor)
{
  if (actor->is_done && actor->action != STOP_START)
    actor->n_after++;
  act (actor);
}

static void
test_output (void)
{
  for (int action = 0; action < N_ACTIONS; action++)
    {
      SubiterSource *source = subiter_test_source_new ("chatter", "(10, 1)");
      g_autoptr (SubiterTestLog) log = NULL;
      Actor actor = { .source = source, .action = (Action) action };

      log = subiter_test_log_new (source);
      g_signal_connect (source, "output", G_CALLBACK (on_output), &actor);
      subiter_source_start (source);
      subiter_test_wait_for (actor.is_done);
      if (action == STOP_START || action == STOP)
        subiter_test_wait_for (log->n_ends >= 1);
      check_after (&actor, log);
      if (action == UNREF || action == DISPOSE)
        g_assert_cmpuint (actor.n_after, ==, 0);
      g_clear_object (&actor.source);
      g_assert_null (log->source);
    }
}

static void
on_notify (SubiterSource *source,
           GParamSpec *pspec,
           Actor *actor)
{
  act (actor);
}

static void
test_notify (void)
{
  static const char *const names[] = { "notify::state", "notify::n-items", "notify::progress" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      for (int action = 0; action < N_ACTIONS; action++)
        {
          SubiterSource *source = subiter_test_source_new ("progress", "(5,)");
          g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
          Actor actor = { .source = source, .action = (Action) action };

          g_signal_connect (source, names[i], G_CALLBACK (on_notify), &actor);
          subiter_source_start (source);
          subiter_test_wait_for (actor.is_done);
          if (action == STOP)
            subiter_test_wait_for (log->n_ends == 1);
          if (action == STOP_START)
            subiter_test_wait_for (log->n_ends >= 1);
          else
            check_after (&actor, log);
          g_clear_object (&actor.source);
          g_assert_null (log->source);
        }
    }
}

typedef struct
{
  SubiterSource *other;
  SubiterTestLog *log;
} Pair;

static void
on_item_stop_other (SubiterSource *source,
                    GVariant *item,
                    Pair *pair)
{
  guint n_items = pair->log->n_items;

  g_clear_object (&pair->other);
  g_assert_cmpuint (pair->log->n_items, ==, n_items);
}

/* Dropped by another source's handler. */
static void
test_other (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  Pair pair = { .other = subiter_test_source_new ("forever", NULL) };

  pair.log = subiter_test_log_new (pair.other);
  pair.log->counts = TRUE;
  g_signal_connect (source, "item", G_CALLBACK (on_item_stop_other), &pair);
  subiter_source_start (pair.other);
  subiter_source_start (source);
  subiter_test_wait_for (pair.log->n_items > 10);
  subiter_test_runtime_permit (1);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_null (pair.other);
  g_assert_null (pair.log->source);
  subiter_test_log_free (pair.log);
}

static void
on_item_iterate (SubiterSource *source,
                 GVariant *item,
                 guint *n_items)
{
  /* A dialogue that runs a loop of its own. */
  for (int i = 0; i < 10; i++)
    g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
  g_assert_cmpint (g_variant_get_int64 (item), ==, *n_items);
  (*n_items)++;
}

/* A handler that iterates the context gets no item out of turn. */
static void
test_nested_loop (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(50,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  guint n_items = 0;

  log->counts = TRUE;
  g_signal_connect (source, "item", G_CALLBACK (on_item_iterate), &n_items);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (n_items, ==, 50);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/source/handlers/item", test_item);
  subiter_test_add ("/source/handlers/item-func", test_item_func);
  subiter_test_add ("/source/handlers/finished", test_finished);
  subiter_test_add ("/source/handlers/failed", test_failed);
  subiter_test_add ("/source/handlers/repeat", test_repeat);
  subiter_test_add ("/source/handlers/timeout", test_timeout);
  subiter_test_add ("/source/handlers/output", test_output);
  subiter_test_add ("/source/handlers/notify", test_notify);
  subiter_test_add ("/source/handlers/other", test_other);
  subiter_test_add ("/source/handlers/nested-loop", test_nested_loop);

  return subiter_test_run ();
}
