/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-wakeup-private.h"

/* A consumer as a source has one. */
typedef struct
{
  SubiterWakeup *wakeup;
  guint n_dispatched;
  guint n_destroyed;
  /* what the dispatch sets as the ready time */
  gint64 deadline;
  gboolean arms;
  /* called in the middle of a dispatch */
  void (*during) (SubiterWakeup *wakeup);
} Consumer;

static gboolean
consume (gpointer data)
{
  Consumer *consumer = data;

  subiter_wakeup_begin (consumer->wakeup);
  consumer->n_dispatched++;
  if (consumer->during != NULL)
    consumer->during (consumer->wakeup);
  subiter_wakeup_sleep (consumer->wakeup, consumer->deadline);
  if (consumer->arms)
    subiter_wakeup_arm (consumer->wakeup);
  if (subiter_wakeup_is_pending (consumer->wakeup))
    subiter_wakeup_sleep (consumer->wakeup, 0);

  return G_SOURCE_REMOVE;
}

static void
on_destroyed (gpointer data)
{
  Consumer *consumer = data;

  consumer->n_destroyed++;
}

static void
consumer_init (Consumer *consumer)
{
  *consumer = (Consumer) { .wakeup = subiter_wakeup_new (), .deadline = -1, .arms = TRUE };
  subiter_wakeup_attach (consumer->wakeup, g_main_context_get_thread_default (), "test",
                         G_PRIORITY_DEFAULT, consume, consumer, on_destroyed);
}

static void
consumer_clear (Consumer *consumer)
{
  subiter_wakeup_detach (consumer->wakeup);
  g_assert_cmpuint (consumer->n_destroyed, ==, 1);
  subiter_wakeup_unref (consumer->wakeup);
}

static void
test_attach (void)
{
  Consumer consumer;

  consumer_init (&consumer);
  /* At once, whatever was notified before; and it lasts, whatever it returns. */
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 1);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 1);
  subiter_wakeup_notify (consumer.wakeup);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 2);
  consumer_clear (&consumer);
}

static void
test_detach (void)
{
  Consumer consumer;

  consumer_init (&consumer);
  subiter_test_drain ();
  subiter_wakeup_notify (consumer.wakeup);
  subiter_wakeup_detach (consumer.wakeup);
  g_assert_cmpuint (consumer.n_destroyed, ==, 1);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 1);

  /* Nobody is there any more, and nothing happens. */
  subiter_wakeup_arm (consumer.wakeup);
  subiter_wakeup_notify_data (consumer.wakeup);
  subiter_wakeup_notify (consumer.wakeup);
  subiter_wakeup_sleep (consumer.wakeup, 0);
  subiter_wakeup_set_priority (consumer.wakeup, 3);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 1);
  consumer_clear (&consumer);
}

static void
test_data (void)
{
  Consumer consumer;

  consumer_init (&consumer);
  subiter_test_drain ();

  /* Once for any amount of it. */
  for (int i = 0; i < 100; i++)
    subiter_wakeup_notify_data (consumer.wakeup);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 2);

  /* Not at all if nobody asked for it. */
  consumer.arms = FALSE;
  subiter_wakeup_notify (consumer.wakeup);
  subiter_test_drain ();
  subiter_wakeup_notify_data (consumer.wakeup);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 4);
  subiter_wakeup_notify_data (consumer.wakeup);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 4);
  consumer_clear (&consumer);
}

/* News that come while the dispatch looks are not lost. */
static void
test_notify_during (void)
{
  Consumer consumer;

  consumer_init (&consumer);
  subiter_test_drain ();
  consumer.during = subiter_wakeup_notify;
  subiter_wakeup_notify (consumer.wakeup);
  g_assert_true (g_main_context_iteration (g_main_context_get_thread_default (), FALSE));
  consumer.during = NULL;
  g_assert_cmpuint (consumer.n_dispatched, ==, 2);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 3);
  consumer_clear (&consumer);
}

static void
test_pending (void)
{
  g_autoptr (SubiterWakeup) wakeup = subiter_wakeup_new ();

  g_assert_false (subiter_wakeup_is_pending (wakeup));
  subiter_wakeup_notify (wakeup);
  g_assert_true (subiter_wakeup_is_pending (wakeup));
  subiter_wakeup_notify (wakeup);
  subiter_wakeup_begin (wakeup);
  g_assert_false (subiter_wakeup_is_pending (wakeup));
  subiter_wakeup_arm (wakeup);
  subiter_wakeup_notify_data (wakeup);
  g_assert_false (subiter_wakeup_is_pending (wakeup));
}

static void
test_deadline (void)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_MILLISECOND;
  Consumer consumer;

  consumer_init (&consumer);
  consumer.deadline = deadline;
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 1);
  consumer.deadline = -1;
  subiter_test_wait_for (consumer.n_dispatched == 2);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline);
  consumer_clear (&consumer);
}

static gboolean
on_idle (gpointer data)
{
  Consumer *consumer = data;

  /* The wakeup comes first if its priority is the higher one. */
  g_assert_cmpuint (consumer->n_dispatched, ==, 2);

  return G_SOURCE_REMOVE;
}

static void
test_priority (void)
{
  g_autoptr (GSource) idle = g_idle_source_new ();
  Consumer consumer;

  consumer_init (&consumer);
  subiter_test_drain ();
  subiter_wakeup_set_priority (consumer.wakeup, 5);
  g_source_set_priority (idle, 6);
  g_source_set_callback (idle, on_idle, &consumer, NULL);
  g_source_attach (idle, g_main_context_get_thread_default ());
  subiter_wakeup_notify (consumer.wakeup);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 2);

  subiter_wakeup_set_priority (consumer.wakeup, 7);
  subiter_wakeup_notify (consumer.wakeup);
  g_source_unref (idle);
  idle = g_idle_source_new ();
  g_source_set_priority (idle, 6);
  g_source_set_callback (idle, on_idle, &consumer, NULL);
  g_source_attach (idle, g_main_context_get_thread_default ());
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 3);
  consumer_clear (&consumer);
}

/* There is nothing to poll for but what the context has of its own. */
static void
test_no_fd (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  GPollFD before[8];
  GPollFD after[8];
  int n_before;
  int n_after;
  int priority;
  int timeout;
  Consumer consumer;

  g_main_context_prepare (context, &priority);
  n_before = g_main_context_query (context, priority, &timeout, before, G_N_ELEMENTS (before));
  g_main_context_check (context, priority, before, n_before);

  consumer_init (&consumer);
  subiter_test_drain ();
  g_main_context_prepare (context, &priority);
  n_after = g_main_context_query (context, G_MAXINT, &timeout, after, G_N_ELEMENTS (after));
  g_main_context_check (context, priority, after, n_after);
  g_assert_cmpint (n_after, ==, n_before);
  g_assert_cmpint (timeout, ==, -1);
  consumer_clear (&consumer);
}

static void
test_default_context (void)
{
  Consumer consumer = { .wakeup = subiter_wakeup_new (), .deadline = -1 };

  subiter_wakeup_attach (consumer.wakeup, NULL, "test", G_PRIORITY_DEFAULT, consume, &consumer, on_destroyed);
  subiter_test_drain ();
  g_assert_cmpuint (consumer.n_dispatched, ==, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (consumer.n_dispatched, ==, 1);
  consumer_clear (&consumer);
}

static gpointer
notify_main (gpointer data)
{
  subiter_wakeup_notify (data);

  return NULL;
}

static gpointer
notify_data_main (gpointer data)
{
  subiter_wakeup_notify_data (data);

  return NULL;
}

/* A context that sleeps in poll is woken. */
static void
test_other_thread (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  Consumer consumer;
  GThread *thread;

  consumer_init (&consumer);
  subiter_test_drain ();

  thread = g_thread_new ("notify", notify_main, consumer.wakeup);
  g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (consumer.n_dispatched, ==, 2);
  g_thread_join (thread);

  thread = g_thread_new ("notify-data", notify_data_main, consumer.wakeup);
  g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (consumer.n_dispatched, ==, 3);
  g_thread_join (thread);
  consumer_clear (&consumer);
}

static gboolean
is_true (gpointer data)
{
  return atomic_load ((_Atomic int *) data) != 0;
}

static void
test_wait_deadline (void)
{
  g_autoptr (SubiterWakeup) wakeup = subiter_wakeup_new ();
  _Atomic int done = 0;
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_MILLISECOND;

  g_assert_cmpint (subiter_wakeup_wait (wakeup, deadline, FALSE, is_true, &done), ==, SUBITER_WAIT_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline);

  /* What is done needs no waiting, not even for a deadline that has passed. */
  done = 1;
  g_assert_cmpint (subiter_wakeup_wait (wakeup, deadline, FALSE, is_true, &done), ==, SUBITER_WAIT_DONE);
  g_assert_cmpint (subiter_wakeup_wait (wakeup, -1, FALSE, is_true, &done), ==, SUBITER_WAIT_DONE);
}

typedef struct
{
  SubiterWakeup *wakeup;
  _Atomic int *done;
} Waiter;

static gpointer
wait_main (gpointer data)
{
  const Waiter *waiter = data;

  g_assert_cmpint (subiter_wakeup_wait (waiter->wakeup, -1, FALSE, is_true, waiter->done), ==,
                   SUBITER_WAIT_DONE);

  return NULL;
}

/* Several threads and a main context wait for the same, and all hear of it. */
static void
test_several_waiters (void)
{
  for (int use_data = 0; use_data < 2; use_data++)
    {
      _Atomic int done = 0;
      Consumer consumer;
      Waiter waiter;
      GThread *threads[4];

      consumer_init (&consumer);
      subiter_test_drain ();
      waiter.wakeup = consumer.wakeup;
      waiter.done = &done;
      for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("waiter", wait_main, &waiter);

      atomic_store (&done, 1);
      if (use_data)
        subiter_wakeup_notify_data (consumer.wakeup);
      else
        subiter_wakeup_notify (consumer.wakeup);
      subiter_test_wait_for (consumer.n_dispatched == 2);
      for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      consumer_clear (&consumer);
    }
}

/* The hammer: a producer and a consumer that do nothing but what the protocol
 * says, as fast as they can. A wakeup that gets lost is a test that hangs. */
typedef struct
{
  SubiterWakeup *wakeup;
  _Atomic int n_made;
  _Atomic int n_taken;
  int n;
  gboolean is_control;
} Hammer;

static gpointer
hammer_main (gpointer data)
{
  Hammer *hammer = data;

  for (int i = 0; i < hammer->n; i++)
    {
      atomic_store_explicit (&hammer->n_made, i + 1, memory_order_release);
      if (hammer->is_control)
        subiter_wakeup_notify (hammer->wakeup);
      else
        subiter_wakeup_notify_data (hammer->wakeup);
      /* One at a time: each has to get through by itself. */
      while (atomic_load (&hammer->n_taken) != i + 1)
        g_thread_yield ();
    }

  return NULL;
}

static gboolean
hammer_consume (gpointer data)
{
  Hammer *hammer = data;
  int n_made;

  subiter_wakeup_begin (hammer->wakeup);
  n_made = atomic_load_explicit (&hammer->n_made, memory_order_acquire);
  atomic_store (&hammer->n_taken, n_made);
  subiter_wakeup_sleep (hammer->wakeup, -1);
  if (!hammer->is_control)
    subiter_wakeup_arm (hammer->wakeup);
  if (subiter_wakeup_is_pending (hammer->wakeup)
      || (!hammer->is_control && atomic_load_explicit (&hammer->n_made, memory_order_acquire) != n_made))
    subiter_wakeup_sleep (hammer->wakeup, 0);

  return G_SOURCE_CONTINUE;
}

static void
run_hammer (gboolean is_control)
{
  Hammer hammer = { .wakeup = subiter_wakeup_new (), .is_control = is_control };
  GThread *thread;

  hammer.n = subiter_test_is_thorough () ? 1000000 : 10000;
  subiter_wakeup_attach (hammer.wakeup, g_main_context_get_thread_default (), "hammer", 0, hammer_consume,
                         &hammer, NULL);
  thread = g_thread_new ("hammer", hammer_main, &hammer);
  while (atomic_load (&hammer.n_taken) != hammer.n)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  g_thread_join (thread);
  subiter_wakeup_detach (hammer.wakeup);
  subiter_wakeup_unref (hammer.wakeup);
}

static void
test_hammer_data (void)
{
  run_hammer (FALSE);
}

static void
test_hammer_control (void)
{
  run_hammer (TRUE);
}

static gboolean
hammer_has_more (gpointer data)
{
  Hammer *hammer = data;

  return atomic_load (&hammer->n_made) != atomic_load (&hammer->n_taken);
}

/* The same with a consumer that blocks. */
static void
test_hammer_wait (void)
{
  for (int is_control = 0; is_control < 2; is_control++)
    {
      Hammer hammer = { .wakeup = subiter_wakeup_new (), .is_control = is_control };
      GThread *thread;

      hammer.n = subiter_test_is_thorough () ? 1000000 : 10000;
      thread = g_thread_new ("hammer", hammer_main, &hammer);
      while (atomic_load (&hammer.n_taken) != hammer.n)
        {
          g_assert_cmpint (subiter_wakeup_wait (hammer.wakeup, -1, FALSE, hammer_has_more, &hammer), ==,
                           SUBITER_WAIT_DONE);
          atomic_store (&hammer.n_taken, atomic_load (&hammer.n_made));
        }
      g_thread_join (thread);
      subiter_wakeup_unref (hammer.wakeup);
    }
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/wakeup/attach", test_attach);
  subiter_test_add ("/wakeup/detach", test_detach);
  subiter_test_add ("/wakeup/data", test_data);
  subiter_test_add ("/wakeup/notify-during", test_notify_during);
  subiter_test_add ("/wakeup/pending", test_pending);
  subiter_test_add ("/wakeup/deadline", test_deadline);
  subiter_test_add ("/wakeup/priority", test_priority);
  subiter_test_add ("/wakeup/no-fd", test_no_fd);
  subiter_test_add ("/wakeup/default-context", test_default_context);
  subiter_test_add ("/wakeup/other-thread", test_other_thread);
  subiter_test_add ("/wakeup/wait-deadline", test_wait_deadline);
  subiter_test_add ("/wakeup/several-waiters", test_several_waiters);
  subiter_test_add ("/wakeup/hammer-data", test_hammer_data);
  subiter_test_add ("/wakeup/hammer-control", test_hammer_control);
  subiter_test_add ("/wakeup/hammer-wait", test_hammer_wait);

  return subiter_test_run ();
}
