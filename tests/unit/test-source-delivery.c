/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

/* Items on their way from the worker to the main context: order, budget,
 * backpressure, pauses. */

static void
test_order (void)
{
  static const guint sizes[] = { 1, 2, 3, 64, 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(5000,)");
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

      log->counts = TRUE;
      subiter_source_set_buffer_size (source, sizes[i]);
      subiter_source_start (source);
      subiter_test_wait_for (log->n_ends == 1);
      g_assert_cmpuint (log->n_items, ==, 5000);
      g_assert_cmpuint (subiter_source_get_n_items (source), ==, 5000);
      subiter_test_assert_log (log, "finished");
    }
}

static void
test_kinds (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("kinds", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "nothing true -1 18446744073709551615 0.5 'text' b'bytes' [1, 2] (1, 'a') "
                                "[<int64 1>, <'a'>] {'k': <int64 1>} finished");
}

static void
test_item_type (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("echo", "(1, 2, 'three', 4)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_item_type (source, G_VARIANT_TYPE_BYTE);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "0x01 0x02 failed:wrong-type");

  /* From the next start on. */
  subiter_source_set_item_type (source, NULL);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 2);
  subiter_test_assert_log (log, "1 2 'three' 4 finished");
}

static void
test_not_shareable (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("echo", "(1, {2: 3})");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "1 failed:not-shareable");
}

static gboolean
on_turn (gpointer data)
{
  (*(guint *) data)++;

  return G_SOURCE_CONTINUE;
}

static GSource *
attach_idle (int priority,
             guint *n_turns)
{
  GSource *idle = g_idle_source_new ();

  g_source_set_priority (idle, priority);
  g_source_set_callback (idle, on_turn, n_turns, NULL);
  g_source_attach (idle, g_main_context_get_thread_default ());

  return idle;
}

/* What is above idle comes first, however many items wait. */
static void
test_priority (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(10,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  GSource *idle;
  guint n_turns = 0;

  log->counts = TRUE;
  g_assert_cmpint (subiter_source_get_priority (source), ==, G_PRIORITY_DEFAULT_IDLE);
  subiter_source_start (source);
  idle = attach_idle (G_PRIORITY_DEFAULT_IDLE - 1, &n_turns);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == 10);
  while (n_turns < 100)
    g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
  g_assert_cmpuint (log->n_items, ==, 0);

  subiter_source_set_priority (source, G_PRIORITY_DEFAULT);
  subiter_test_wait_for (log->n_ends == 1);
  g_source_destroy (idle);
  g_source_unref (idle);
}

/* Every item is waited for by hand, so that all are there when the context is
 * iterated. */
static SubiterSource *
start_with_items (int n_items,
                  SubiterTestLog **log)
{
  g_autofree char *args = g_strdup_printf ("(%d,)", n_items);
  SubiterSource *source = subiter_test_source_new ("range", args);

  *log = subiter_test_log_new (source);
  (*log)->counts = TRUE;
  subiter_source_set_buffer_size (source, (guint) n_items);
  subiter_source_start (source);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == n_items);

  return source;
}

static void
test_dispatch_items (void)
{
  g_autoptr (SubiterTestLog) log = NULL;
  g_autoptr (SubiterSource) source = start_with_items (100, &log);
  GSource *idle;
  guint n_turns = 0;

  subiter_source_set_dispatch_items (source, 7);
  subiter_source_set_dispatch_budget (source, G_MAXUINT);
  idle = attach_idle (G_PRIORITY_DEFAULT_IDLE, &n_turns);
  while (log->n_ends == 0)
    {
      guint n_before = log->n_items;

      g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
      g_assert_cmpuint (log->n_items - n_before, <=, 7);
    }
  /* The neighbour of the same priority got its turn between two batches. */
  g_assert_cmpuint (n_turns, >=, 100 / 7);
  g_assert_cmpuint (log->n_items, ==, 100);
  g_source_destroy (idle);
  g_source_unref (idle);
}

static void
on_slow_item (SubiterSource *source,
              GVariant *item,
              gpointer user_data)
{
  g_usleep (200);
}

/* With items that take long the budget is spent before the buffer is empty. */
static void
test_dispatch_budget (void)
{
  g_autoptr (SubiterTestLog) log = NULL;
  g_autoptr (SubiterSource) source = start_with_items (200, &log);
  GSource *idle;
  guint n_turns = 0;

  g_signal_connect (source, "item", G_CALLBACK (on_slow_item), NULL);
  subiter_source_set_dispatch_budget (source, 1000);
  idle = attach_idle (G_PRIORITY_DEFAULT_IDLE, &n_turns);
  while (log->n_ends == 0)
    {
      guint n_before = log->n_items;

      g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
      /* Twice the budget would take ten; what is needed to learn how long one
       * takes is in it. */
      g_assert_cmpuint (log->n_items - n_before, <=, 10);
    }
  g_assert_cmpuint (n_turns, >=, 200 / 10);
  g_source_destroy (idle);
  g_source_unref (idle);
}

/* No budget at all is one item at a time. */
static void
test_no_budget (void)
{
  g_autoptr (SubiterTestLog) log = NULL;
  g_autoptr (SubiterSource) source = start_with_items (20, &log);

  subiter_source_set_dispatch_budget (source, 0);
  while (log->n_ends == 0)
    {
      guint n_before = log->n_items;

      g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
      g_assert_cmpuint (log->n_items - n_before, <=, 1);
    }
  g_assert_cmpuint (log->n_items, ==, 20);
}

static void
test_backpressure (void)
{
  static const int sizes[] = { 1, 2, 3, 64 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
      int pushed = subiter_test_runtime_count (SUBITER_TEST_PUSHED);
      int parked = subiter_test_runtime_count (SUBITER_TEST_PARKED);

      log->counts = TRUE;
      subiter_source_set_buffer_size (source, (guint) sizes[i]);
      subiter_source_start (source);
      /* As many as there is room for, and one in hand. */
      subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PARKED) > parked);
      g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_PUSHED) - pushed, ==, sizes[i]);

      for (int j = 0; j < 200; j++)
        {
          g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
          g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_PUSHED) - pushed, <=,
                           (int) log->n_items + sizes[i] + 1);
        }
      subiter_source_stop (source);
      subiter_test_wait_for (log->n_ends == 1);
    }
}

static void
test_pause (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(100,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  log->counts = TRUE;
  subiter_source_set_buffer_size (source, 10);
  subiter_source_start (source);
  subiter_source_pause (source);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_PAUSED);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_PARKED) == 1);
  subiter_test_drain ();
  g_assert_cmpuint (log->n_items, ==, 0);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_PUSHED), ==, 10);

  subiter_source_pause (source);
  subiter_source_resume (source);
  subiter_source_resume (source);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_RUNNING);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (log->n_items, ==, 100);
}

/* The end is held back as the items before it are. */
static void
test_pause_end (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(2,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_source_pause (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == 2);
  subiter_test_wait_for (!subiter_interpreter_get_running (subiter_source_get_interpreter (source)));
  subiter_test_drain ();
  subiter_test_assert_log (log, "");
  subiter_source_resume (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "0 1 finished");
}

static void
test_pause_stop (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("forever", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_source_pause (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_PARKED) == 1);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "finished");
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_STOPPED);
}

static void
on_item_pause (SubiterSource *source,
               GVariant *item,
               guint *n_pauses)
{
  if (g_variant_get_int64 (item) % 10 != 9)
    return;

  subiter_source_pause (source);
  (*n_pauses)++;
}

/* Paused by a handler, no item comes after the one that it handled. */
static void
test_pause_in_handler (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(100,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  guint n_pauses = 0;

  log->counts = TRUE;
  g_signal_connect (source, "item", G_CALLBACK (on_item_pause), &n_pauses);
  subiter_source_start (source);
  for (guint i = 1; i <= 10; i++)
    {
      subiter_test_wait_for (n_pauses == i);
      subiter_test_drain ();
      g_assert_cmpuint (log->n_items, ==, i * 10);
      subiter_source_resume (source);
    }
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (log->n_items, ==, 100);
}

typedef struct
{
  guint n_items;
  guint n_other;
  guint n_destroyed;
  gboolean replaces;
} Taker;

static void
on_destroyed (gpointer data)
{
  Taker *taker = data;

  taker->n_destroyed++;
}

static void
take_other (SubiterSource *source,
            GVariant *item,
            gpointer data)
{
  Taker *taker = data;

  taker->n_other++;
}

static void
take_item (SubiterSource *source,
           GVariant *item,
           gpointer data)
{
  Taker *taker = data;

  g_assert_cmpint (g_variant_get_int64 (item), ==, taker->n_items);
  g_assert_cmpuint (taker->n_destroyed, ==, 0);
  taker->n_items++;
  if (taker->replaces && taker->n_items == 5)
    subiter_source_set_item_func (source, take_other, taker, on_destroyed);
}

static void
test_item_func (void)
{
  SubiterSource *source = subiter_test_source_new ("range", "(100,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  Taker taker = { 0 };

  log->counts = TRUE;
  subiter_source_set_item_func (source, take_item, &taker, on_destroyed);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (taker.n_items, ==, 100);
  g_assert_cmpuint (log->n_items, ==, 100);
  g_assert_cmpuint (taker.n_destroyed, ==, 0);
  subiter_test_assert_last_unref (source);
  g_assert_cmpuint (taker.n_destroyed, ==, 1);
}

/* From within itself: the old one does not see another item. */
static void
test_item_func_replaced (void)
{
  g_autoptr (SubiterTestLog) log = NULL;
  g_autoptr (SubiterSource) source = start_with_items (100, &log);
  Taker taker = { .replaces = TRUE };

  subiter_source_set_item_func (source, take_item, &taker, on_destroyed);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (taker.n_items, ==, 5);
  g_assert_cmpuint (taker.n_other, ==, 95);
  g_assert_cmpuint (taker.n_destroyed, ==, 1);
  subiter_source_set_item_func (source, NULL, NULL, NULL);
  g_assert_cmpuint (taker.n_destroyed, ==, 2);
}

/* Items that nobody wants still count. */
static void
test_no_handler (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1000,)");

  subiter_source_start (source);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);
  g_assert_cmpuint (subiter_source_get_n_items (source), ==, 1000);
}

static void
on_n_items (SubiterSource *source,
            GParamSpec *pspec,
            guint64 *last)
{
  guint64 n_items = subiter_source_get_n_items (source);

  g_assert_cmpuint (n_items, !=, *last);
  *last = n_items;
}

static void
test_n_items (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(3,)");
  guint64 last = 0;

  g_signal_connect (source, "notify::n-items", G_CALLBACK (on_n_items), &last);
  subiter_source_start (source);
  for (guint i = 1; i <= 3; i++)
    {
      subiter_test_runtime_permit (1);
      subiter_test_wait_for (last == i);
    }
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);
  subiter_source_start (source);
  subiter_test_wait_for (last == 0);
}

/* Several sources in one context: none starves. */
static void
test_several (void)
{
  SubiterSource *sources[4];
  SubiterTestLog *logs[4];

  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      sources[i] = subiter_test_source_new ("forever", NULL);
      logs[i] = subiter_test_log_new (sources[i]);
      logs[i]->counts = TRUE;
      subiter_source_start (sources[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    subiter_test_wait_for (logs[i]->n_items >= 1000);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      subiter_source_stop (sources[i]);
      subiter_test_wait_for (logs[i]->n_ends == 1);
      subiter_test_log_free (logs[i]);
      g_object_unref (sources[i]);
    }
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 4);
}

static void
on_item_wait_for_next (SubiterSource *source,
                       GVariant *item,
                       gpointer user_data)
{
  int n_expected = MIN ((int) g_variant_get_int64 (item) + 2, 10);

  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) >= n_expected);
}

/* What is being handled was taken: as many as fit may wait meanwhile. */
static void
test_room (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(10,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  log->counts = TRUE;
  subiter_source_set_buffer_size (source, 1);
  g_signal_connect (source, "item", G_CALLBACK (on_item_wait_for_next), NULL);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/source/delivery/order", test_order);
  subiter_test_add ("/source/delivery/kinds", test_kinds);
  subiter_test_add ("/source/delivery/item-type", test_item_type);
  subiter_test_add ("/source/delivery/not-shareable", test_not_shareable);
  subiter_test_add ("/source/delivery/priority", test_priority);
  subiter_test_add ("/source/delivery/dispatch-items", test_dispatch_items);
  subiter_test_add ("/source/delivery/dispatch-budget", test_dispatch_budget);
  subiter_test_add ("/source/delivery/no-budget", test_no_budget);
  subiter_test_add ("/source/delivery/backpressure", test_backpressure);
  subiter_test_add ("/source/delivery/pause", test_pause);
  subiter_test_add ("/source/delivery/pause-end", test_pause_end);
  subiter_test_add ("/source/delivery/pause-stop", test_pause_stop);
  subiter_test_add ("/source/delivery/pause-in-handler", test_pause_in_handler);
  subiter_test_add ("/source/delivery/item-func", test_item_func);
  subiter_test_add ("/source/delivery/item-func-replaced", test_item_func_replaced);
  subiter_test_add ("/source/delivery/no-handler", test_no_handler);
  subiter_test_add ("/source/delivery/n-items", test_n_items);
  subiter_test_add ("/source/delivery/several", test_several);

  subiter_test_add ("/source/delivery/room", test_room);

  return subiter_test_run ();
}
