/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-port-private.h"

static SubiterRun *
run_new (void)
{
  g_autoptr (SubiterWakeup) wakeup = subiter_wakeup_new ();

  return subiter_run_new (SUBITER_RUN_ITERATE, 1, NULL, 1, NULL, wakeup);
}

static void
test_ids (void)
{
  g_autoptr (SubiterPort) first = subiter_port_new ("test");
  g_autoptr (SubiterPort) second = subiter_port_new ("other");
  SubiterPort *copy = g_boxed_copy (SUBITER_TYPE_PORT, first);

  g_assert_cmpuint (subiter_port_get_id (first), >, 0);
  g_assert_cmpuint (subiter_port_get_id (first), !=, subiter_port_get_id (second));
  g_assert_cmpstr (subiter_port_get_runtime_name (first), ==, "test");
  g_assert_cmpstr (subiter_port_get_runtime_name (second), ==, "other");
  g_assert_true (copy == first);
  g_boxed_free (SUBITER_TYPE_PORT, copy);
}

static void
test_order (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  SubiterRun *runs[3];

  for (gsize i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      runs[i] = run_new ();
      g_assert_true (subiter_port_send (port, runs[i], NULL));
      g_assert_false (subiter_run_has_begun (runs[i]));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      g_autoptr (SubiterRun) received = subiter_port_receive (port);
      g_autoptr (SubiterRun) current = subiter_port_dup_current (port);
      g_autoptr (SubiterRun) after = NULL;

      g_assert_true (received == runs[i]);
      g_assert_true (subiter_run_has_begun (received));
      g_assert_true (current == received);
      subiter_run_finish (received);
      after = subiter_port_dup_current (port);
      g_assert_null (after);
      subiter_run_unref (runs[i]);
    }
}

/* Whether there is something else to do before a run. */
static void
test_behind (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterRun) first = run_new ();
  g_autoptr (SubiterRun) second = run_new ();
  g_autoptr (SubiterRun) third = run_new ();
  gboolean is_behind = TRUE;

  g_assert_true (subiter_port_send (port, first, &is_behind));
  g_assert_false (is_behind);
  subiter_run_unref (subiter_port_receive (port));
  g_assert_true (subiter_port_send (port, second, &is_behind));
  g_assert_true (is_behind);
  subiter_run_finish (first);
  subiter_run_unref (subiter_port_receive (port));
  subiter_run_finish (second);
  g_assert_true (subiter_port_send (port, third, &is_behind));
  g_assert_false (is_behind);
}

static void
count_freed (gpointer data)
{
  atomic_fetch_add ((_Atomic int *) data, 1);
}

static gpointer
receive_main (gpointer data)
{
  return subiter_port_receive (data);
}

static void
test_receive_blocks (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterRun) run = run_new ();
  g_autoptr (SubiterRun) received = NULL;
  GThread *thread;

  thread = g_thread_new ("worker", receive_main, port);
  g_assert_true (subiter_port_send (port, run, NULL));
  received = g_thread_join (thread);
  g_assert_true (received == run);
  subiter_run_finish (run);

  thread = g_thread_new ("worker", receive_main, port);
  subiter_port_close (port);
  g_assert_null (g_thread_join (thread));
}

static void
test_close (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterRun) current = run_new ();
  g_autoptr (SubiterRun) waiting = run_new ();
  g_autoptr (SubiterRun) late = run_new ();

  g_assert_true (subiter_port_send (port, current, NULL));
  subiter_run_unref (subiter_port_receive (port));
  g_assert_true (subiter_port_send (port, waiting, NULL));
  g_assert_true (subiter_port_close (port));

  /* What was not begun ends; what was goes on until it is told otherwise. */
  g_assert_true (subiter_run_has_ended (waiting));
  g_assert_error (subiter_run_get_error (waiting), SUBITER_ERROR, SUBITER_ERROR_CLOSED);
  g_assert_false (subiter_run_has_begun (waiting));
  g_assert_false (subiter_run_has_ended (current));
  g_assert_false (subiter_port_has_exited (port));
  g_assert_false (subiter_port_send (port, late, NULL));
  g_assert_false (subiter_run_has_ended (late));
  g_assert_false (subiter_port_close (port));

  subiter_run_finish (current);
  g_assert_null (subiter_port_receive (port));
}

static void
test_withdraw (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterRun) first = run_new ();
  g_autoptr (SubiterRun) second = run_new ();

  g_assert_true (subiter_port_send (port, first, NULL));
  g_assert_true (subiter_port_send (port, second, NULL));
  g_assert_true (subiter_port_withdraw (port, second));
  g_assert_true (subiter_run_has_ended (second));
  g_assert_no_error (subiter_run_get_error (second));
  g_assert_false (subiter_port_withdraw (port, second));

  subiter_run_unref (subiter_port_receive (port));
  g_assert_false (subiter_port_withdraw (port, first));
  g_assert_false (subiter_run_has_ended (first));
  subiter_run_finish (first);
}

static void
test_exit (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterRun) current = run_new ();
  g_autoptr (SubiterRun) waiting = run_new ();
  g_autoptr (GError) error = g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_INTERPRETER, "no");

  g_assert_true (subiter_port_send (port, current, NULL));
  subiter_run_unref (subiter_port_receive (port));
  g_assert_true (subiter_port_send (port, waiting, NULL));
  subiter_port_exit (port, error);
  g_assert_true (subiter_port_has_exited (port));
  g_assert_error (subiter_run_get_error (current), SUBITER_ERROR, SUBITER_ERROR_INTERPRETER);
  g_assert_error (subiter_run_get_error (waiting), SUBITER_ERROR, SUBITER_ERROR_INTERPRETER);
  g_assert_true (subiter_run_is_stopping (current));
  g_assert_false (subiter_port_send (port, waiting, NULL));
  g_assert_null (subiter_port_receive (port));

  /* The worker that was given up comes back and is not heard any more. */
  subiter_run_finish (current);
  g_assert_error (subiter_run_get_error (current), SUBITER_ERROR, SUBITER_ERROR_INTERPRETER);
  subiter_port_exit (port, NULL);
}

static void
test_give_up (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterRun) first = run_new ();
  g_autoptr (SubiterRun) second = run_new ();
  g_autoptr (GError) error = g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_ABANDONED, "given up");
  g_autoptr (GError) abandoned = NULL;
  g_autofree char *farewell = NULL;
  gboolean is_orphan = FALSE;

  g_assert_true (subiter_port_send (port, first, NULL));
  g_assert_true (subiter_port_send (port, second, NULL));
  g_assert_false (subiter_port_give_up (port, first, &is_orphan, error));
  subiter_run_unref (subiter_port_receive (port));
  g_assert_false (subiter_port_give_up (port, second, &is_orphan, error));
  subiter_run_finish (first);
  /* Too late for the first, and the second has done nothing wrong. */
  g_assert_false (subiter_port_give_up (port, first, &is_orphan, error));
  subiter_run_unref (subiter_port_receive (port));
  g_assert_false (subiter_port_give_up (port, first, &is_orphan, error));
  g_assert_false (subiter_port_has_exited (port));

  g_assert_true (subiter_port_give_up (port, second, &is_orphan, error));
  g_assert_true (subiter_port_has_exited (port));
  g_assert_no_error (subiter_run_get_error (first));
  g_assert_error (subiter_run_get_error (second), SUBITER_ERROR, SUBITER_ERROR_ABANDONED);
  abandoned = subiter_port_dup_abandoned (port);
  g_assert_error (abandoned, SUBITER_ERROR, SUBITER_ERROR_ABANDONED);
  g_assert_false (subiter_port_give_up (port, NULL, &is_orphan, error));

  /* The log is told once. */
  g_assert_false (is_orphan);
  farewell = subiter_port_take_farewell (port);
  g_assert_cmpstr (farewell, ==, "given up");
  g_assert_null (subiter_port_take_farewell (port));
}

/* Without anybody whose main context it could be told in, others tell the log. */
static void
test_give_up_orphan (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (GError) error = g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_ABANDONED, "given up");
  gboolean is_orphan = FALSE;

  g_assert_null (subiter_port_orphan (port));
  g_assert_true (subiter_port_give_up (port, NULL, &is_orphan, error));
  g_assert_true (is_orphan);
  g_assert_null (subiter_port_take_farewell (port));
}

/* A worker that is at nothing can be given up too, unless it is gone. */
static void
test_give_up_idle (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterPort) gone = subiter_port_new ("test");
  g_autoptr (GError) error = g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_ABANDONED, "given up");
  g_autoptr (GError) abandoned = NULL;
  gboolean is_orphan = FALSE;

  g_assert_null (subiter_port_dup_abandoned (port));
  g_assert_true (subiter_port_give_up (port, NULL, &is_orphan, error));
  g_assert_true (subiter_port_has_exited (port));
  abandoned = subiter_port_dup_abandoned (port);
  g_assert_error (abandoned, SUBITER_ERROR, SUBITER_ERROR_ABANDONED);

  subiter_port_exit (gone, NULL);
  g_assert_false (subiter_port_give_up (gone, NULL, &is_orphan, error));
  g_assert_null (subiter_port_dup_abandoned (gone));
}

static void
test_watch (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterWakeup) watcher = subiter_wakeup_new ();
  g_autoptr (SubiterWakeup) gone = subiter_wakeup_new ();
  g_autoptr (SubiterWakeup) late = subiter_wakeup_new ();

  subiter_port_watch (port, watcher);
  subiter_port_watch (port, gone);
  subiter_port_unwatch (port, gone);
  subiter_port_unwatch (port, late);
  g_assert_false (subiter_wakeup_is_pending (watcher));
  subiter_port_close (port);
  g_assert_false (subiter_wakeup_is_pending (watcher));
  subiter_port_exit (port, NULL);
  g_assert_true (subiter_wakeup_is_pending (watcher));
  g_assert_false (subiter_wakeup_is_pending (gone));

  /* Once, and at once if it is too late to wait for it. */
  subiter_wakeup_begin (watcher);
  subiter_port_exit (port, NULL);
  g_assert_false (subiter_wakeup_is_pending (watcher));
  subiter_port_watch (port, late);
  g_assert_true (subiter_wakeup_is_pending (late));
}

/* A watcher that the port alone holds, and a mailbox that nobody emptied. */
static void
test_unref_full (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  SubiterWakeup *wakeup = subiter_wakeup_new ();
  SubiterRun *run = run_new ();

  subiter_port_watch (port, wakeup);
  subiter_wakeup_unref (wakeup);
  g_assert_true (subiter_port_send (port, run, NULL));
  g_assert_true (subiter_port_send (port, run, NULL));
  subiter_run_unref (run);
  subiter_run_unref (subiter_port_receive (port));
}

/* A worker that does chores between its runs. */
typedef struct
{
  SubiterPort *port;
  GThread *thread;
  /* what is to be done, and what was done */
  _Atomic int n_wanted;
  _Atomic int n_done;
  _Atomic int n_chores;
  /* held up at its first chore until this is set */
  SubiterTestFlag *gate;
  SubiterTestFlag begun;
} Chores;

static void
do_chores (SubiterPort *port,
           gpointer data)
{
  Chores *chores = data;
  int n_wanted = atomic_exchange (&chores->n_wanted, 0);

  g_assert_true (port == chores->port);
  g_assert_true (g_thread_self () == chores->thread);
  atomic_fetch_add (&chores->n_chores, 1);
  subiter_test_flag_set (&chores->begun);
  if (chores->gate != NULL)
    subiter_test_block_until (subiter_test_flag_is_set (chores->gate));
  atomic_fetch_add (&chores->n_done, n_wanted);
}

static gpointer
chores_main (gpointer data)
{
  Chores *chores = data;
  SubiterRun *run;

  chores->thread = g_thread_self ();
  subiter_port_set_chore (chores->port, do_chores, chores);
  while ((run = subiter_port_receive (chores->port)) != NULL)
    {
      subiter_run_finish (run);
      subiter_run_unref (run);
    }

  return NULL;
}

/* The edge, as whoever hands something back does it. */
static void
want_chore (Chores *chores)
{
  if (atomic_fetch_add (&chores->n_wanted, 1) == 0)
    subiter_port_poke (chores->port);
}

static void
test_chore (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterRun) run = run_new ();
  Chores chores = { .port = port };
  GThread *thread = g_thread_new ("worker", chores_main, &chores);

  for (int i = 1; i <= 100; i++)
    {
      want_chore (&chores);
      subiter_test_block_until (atomic_load (&chores.n_done) == i);
    }
  g_assert_cmpint (atomic_load (&chores.n_chores), ==, 100);

  /* It is still there for runs. */
  g_assert_true (subiter_port_send (port, run, NULL));
  subiter_test_block_until (subiter_run_has_ended (run));
  subiter_port_close (port);
  g_thread_join (thread);
}

/* Many things to do are one chore, and what comes meanwhile is another. */
static void
test_chore_burst (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  SubiterTestFlag gate = { 0 };
  Chores chores = { .port = port, .gate = &gate };
  GThread *thread = g_thread_new ("worker", chores_main, &chores);

  want_chore (&chores);
  subiter_test_block_until (subiter_test_flag_is_set (&chores.begun));
  for (guint i = 0; i < 1000; i++)
    want_chore (&chores);
  for (guint i = 0; i < 10; i++)
    subiter_port_poke (port);
  subiter_test_flag_set (&gate);
  subiter_test_block_until (atomic_load (&chores.n_done) == 1001);
  subiter_port_close (port);
  g_thread_join (thread);
  g_assert_cmpint (atomic_load (&chores.n_chores), ==, 2);
}

#define N_POKERS 3
#define N_POKES 20000

static gpointer
poker_main (gpointer data)
{
  for (guint i = 0; i < N_POKES; i++)
    want_chore (data);

  return NULL;
}

/* None is lost, whatever the worker is at. */
static void
test_chore_threads (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  Chores chores = { .port = port };
  GThread *thread = g_thread_new ("worker", chores_main, &chores);
  GThread *pokers[N_POKERS];

  for (guint i = 0; i < N_POKERS; i++)
    pokers[i] = g_thread_new ("poker", poker_main, &chores);
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (SubiterRun) run = run_new ();

      g_assert_true (subiter_port_send (port, run, NULL));
      subiter_test_block_until (subiter_run_has_ended (run));
    }
  for (guint i = 0; i < N_POKERS; i++)
    g_thread_join (pokers[i]);
  subiter_test_block_until (atomic_load (&chores.n_done) == N_POKERS * N_POKES);
  subiter_port_close (port);
  g_thread_join (thread);
}

/* A port without a chore is none the worse. */
static void
test_poke_without_chore (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  GThread *thread = g_thread_new ("worker", receive_main, port);

  subiter_port_poke (port);
  subiter_port_poke (port);
  subiter_port_close (port);
  g_assert_null (g_thread_join (thread));
}

static gpointer
wait_main (gpointer data)
{
  Chores *chores = data;

  while (atomic_load (&chores->n_done) < N_POKES)
    {
      subiter_port_wait_for_poke (chores->port);
      atomic_fetch_add (&chores->n_done, atomic_exchange (&chores->n_wanted, 0));
    }

  return NULL;
}

/* That it was poked before, and that it is closed, is no matter. */
static void
test_wait_for_poke (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  Chores chores = { .port = port };
  GThread *thread;

  subiter_port_poke (port);
  subiter_port_wait_for_poke (port);
  subiter_port_close (port);
  g_assert_null (subiter_port_receive (port));
  thread = g_thread_new ("worker", wait_main, &chores);
  poker_main (&chores);
  g_thread_join (thread);
  g_assert_cmpint (atomic_load (&chores.n_done), ==, N_POKES);
}

static void
run_epilogue (SubiterPort *port,
              gpointer data)
{
  (*(int *) data)++;
}

static void
test_epilogue (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  int n = 0;

  subiter_port_run_epilogue (port);
  subiter_port_set_epilogue (port, run_epilogue, &n);
  g_assert_cmpint (n, ==, 0);
  subiter_port_run_epilogue (port);
  g_assert_cmpint (n, ==, 1);
}

/* What a run holds that has ended goes when the worker waits for another, not after. */
static void
test_forget (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterWakeup) wakeup = subiter_wakeup_new ();
  SubiterRun *run = subiter_run_new (SUBITER_RUN_ITERATE, 1, NULL, 1, NULL, wakeup);
  _Atomic int n_freed = 0;
  SubiterValue value;
  GThread *thread;

  g_assert_true (subiter_port_send (port, run, NULL));
  subiter_run_unref (run);
  run = subiter_port_receive (port);
  subiter_value_init (&value);
  subiter_value_take_bytes (&value, g_bytes_new_with_free_func ("", 1, count_freed, &n_freed));
  g_assert_cmpint (subiter_run_try_push (run, &value, NULL), ==, SUBITER_PUSH_DONE);
  subiter_run_finish (run);
  subiter_run_unref (run);
  g_assert_cmpint (atomic_load (&n_freed), ==, 0);

  thread = g_thread_new ("worker", receive_main, port);
  subiter_test_block_until (atomic_load (&n_freed) == 1);
  subiter_port_close (port);
  g_assert_null (g_thread_join (thread));
}

static void
count_up (gpointer data)
{
  (*(int *) data)++;
}

static void
test_data (void)
{
  SubiterPort *port = subiter_port_new ("test");
  int n_destroyed = 0;

  g_assert_null (subiter_port_get_data (port));
  subiter_port_set_data (port, &n_destroyed, count_up);
  g_assert_true (subiter_port_get_data (port) == &n_destroyed);
  subiter_test_expect_critical ("*data == NULL*");
  subiter_port_set_data (port, port, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpint (n_destroyed, ==, 0);
  subiter_port_unref (port);
  g_assert_cmpint (n_destroyed, ==, 1);
}

static void
test_runtime (void)
{
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterRuntime) runtime = subiter_runtime_lookup ("test", NULL);
  g_autoptr (SubiterRuntime) kept = NULL;

  g_assert_null (subiter_port_dup_runtime (port));
  subiter_port_set_runtime (port, runtime);
  kept = subiter_port_dup_runtime (port);
  g_assert_true (kept == runtime);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/port/ids", test_ids);
  subiter_test_add ("/port/order", test_order);
  subiter_test_add ("/port/behind", test_behind);
  subiter_test_add ("/port/receive-blocks", test_receive_blocks);
  subiter_test_add ("/port/close", test_close);
  subiter_test_add ("/port/withdraw", test_withdraw);
  subiter_test_add ("/port/exit", test_exit);
  subiter_test_add ("/port/give-up", test_give_up);
  subiter_test_add ("/port/give-up-idle", test_give_up_idle);
  subiter_test_add ("/port/give-up-orphan", test_give_up_orphan);
  subiter_test_add ("/port/watch", test_watch);
  subiter_test_add ("/port/unref-full", test_unref_full);
  subiter_test_add ("/port/chore", test_chore);
  subiter_test_add ("/port/chore-burst", test_chore_burst);
  subiter_test_add ("/port/chore-threads", test_chore_threads);
  subiter_test_add ("/port/poke-without-chore", test_poke_without_chore);
  subiter_test_add ("/port/wait-for-poke", test_wait_for_poke);
  subiter_test_add ("/port/epilogue", test_epilogue);
  subiter_test_add ("/port/forget", test_forget);
  subiter_test_add ("/port/data", test_data);
  subiter_test_add ("/port/runtime", test_runtime);

  return subiter_test_run ();
}
