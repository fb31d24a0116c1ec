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
  subiter_test_add ("/port/data", test_data);
  subiter_test_add ("/port/runtime", test_runtime);

  return subiter_test_run ();
}
