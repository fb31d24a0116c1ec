/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-fault-private.h"
#include "subiter-reaper-private.h"
#include "subiter-run-private.h"
#include "subiter-worker-private.h"

/* What becomes of the core when something fails that hardly ever does: it is said by
 * an error, nothing is left behind, and the next attempt goes well. */

static guint baseline;

static guint
count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

static guint
count_workers (void)
{
  g_autoptr (GPtrArray) ports = subiter_worker_list_ports ();

  return ports->len;
}

static void
on_failed (SubiterSource *source,
           GError *error,
           GError **copy)
{
  g_assert_null (*copy);
  *copy = g_error_copy (error);
}

typedef struct
{
  SubiterFault fault;
  GQuark (*domain) (void);
  int code;
  const char *message;
} Fault;

static const Fault faults[] = {
  { SUBITER_FAULT_WORKER_THREAD, g_thread_error_quark, G_THREAD_ERROR_AGAIN, "*thread*" },
  /* the reaper, without which no worker is begun */
  { SUBITER_FAULT_HELPER_THREAD, g_thread_error_quark, G_THREAD_ERROR_AGAIN, "*thread*" },
  { SUBITER_FAULT_RING, subiter_error_quark, SUBITER_ERROR_NO_MEMORY, "*no memory for a buffer of 64 items*" },
};

/* A runtime is kept once it was found, so this is the first test of all. */
static const Fault module_fault = {
  SUBITER_FAULT_MODULE, subiter_error_quark, SUBITER_ERROR_RUNTIME, "There is no runtime “test”; those found are *"
};

static void
assert_error (const Fault *fault,
              const GError *error)
{
  g_assert_error (error, fault->domain (), fault->code);
  g_assert_true (g_pattern_match_simple (fault->message, error->message));
}

static void
assert_nothing_left (void)
{
  subiter_test_wait_for (count_workers () == 0);
  subiter_test_wait_for (count_threads () <= baseline);
}

static void
check_started (const Fault *fault)
{
  SubiterSource *source = subiter_test_source_new ("range", "(3,)");
  SubiterTestLog *log = subiter_test_log_new (source);
  g_autoptr (GError) error = NULL;
  gulong id;

  id = g_signal_connect (source, "failed", G_CALLBACK (on_failed), &error);
  subiter_fault_inject (fault->fault, 0, 1);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (subiter_fault_clear (fault->fault), ==, 0);
  assert_error (fault, error);
  g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_FAILED);
  assert_nothing_left ();
  g_assert_cmpint (subiter_interpreter_get_state (subiter_source_get_interpreter (source)), ==,
                   SUBITER_INTERPRETER_STATE_IDLE);

  g_signal_handler_disconnect (source, id);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 2);
  g_assert_true (g_str_has_suffix (log->text->str, "0 1 2 finished"));
  subiter_test_log_free (log);
  subiter_test_assert_last_unref (source);
  assert_nothing_left ();
}

static void
check_next (const Fault *fault)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(3,)");
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GError) error = NULL;

  assert_nothing_left ();
  subiter_fault_inject (fault->fault, 0, 1);
  g_assert_null (subiter_source_next (source, NULL, &error));
  assert_error (fault, error);

  subiter_source_rewind (source);
  g_clear_error (&error);
  item = subiter_source_next (source, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (item), ==, 0);
}

static void
on_next (GObject *object,
         GAsyncResult *result,
         gpointer user_data)
{
  GError **error = user_data;

  g_assert_null (subiter_source_next_finish (SUBITER_SOURCE (object), result, error));
}

static void
check_next_async (const Fault *fault)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(3,)");
  g_autoptr (GError) error = NULL;

  assert_nothing_left ();
  subiter_fault_inject (fault->fault, 0, 1);
  subiter_source_next_async (source, NULL, on_next, &error);
  subiter_test_wait_for (error != NULL);
  assert_error (fault, error);
}

static void
test_module (void)
{
  check_started (&module_fault);
}

static void
test_started (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    check_started (&faults[i]);
}

static void
test_next (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    check_next (&faults[i]);
}

static void
test_next_async (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    check_next_async (&faults[i]);
}

/* A thread that is to interrupt cannot be had, again and again: it is tried until it
 * can. */
static void
test_interrupt (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("busy", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_interrupt_delay (source, 0);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_fault_inject (SUBITER_FAULT_HELPER_THREAD, 0, 3);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (subiter_fault_clear (SUBITER_FAULT_HELPER_THREAD), ==, 0);
  subiter_test_assert_log (log, "finished");
}

/* Without a thread for it nobody looks where code sits, and it is given up, or timed
 * out, all the same. */
static void
test_inspection (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_timeout (source, 20);
  subiter_source_set_interrupt_delay (source, G_MAXUINT);
  subiter_source_set_grace_period (source, 20);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_fault_inject (SUBITER_FAULT_HELPER_THREAD, 0, 2);
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING,
                         "test:stubborn did not end within 20 ms of being told to, and its interpreter was given up");
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "timeout");
  g_assert_null (subiter_source_dup_failure (source));
  subiter_test_wait_for (subiter_source_get_abandoned (source));
  g_test_assert_expected_messages ();
  g_assert_cmpuint (subiter_fault_clear (SUBITER_FAULT_HELPER_THREAD), ==, 0);
  subiter_test_runtime_release ();
}

/* One of several that share an interpreter is not taken along by another's. */
static void
test_shared (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) first = subiter_test_source_new_on (interpreter, "range", "(2,)");
  g_autoptr (SubiterSource) second = subiter_test_source_new_on (interpreter, "range", "(2,)");
  g_autoptr (SubiterTestLog) first_log = subiter_test_log_new (first);
  g_autoptr (SubiterTestLog) second_log = subiter_test_log_new (second);

  subiter_fault_inject (SUBITER_FAULT_RING, 1, 1);
  subiter_source_start (first);
  subiter_source_start (second);
  subiter_test_wait_for (first_log->n_ends == 1 && second_log->n_ends == 1);
  subiter_test_assert_log (first_log, "0 1 finished");
  subiter_test_assert_log (second_log, "failed:no-memory");
}

/* A shutdown knows of a worker before it has its thread, and may close one that gets
 * none: there is nothing to wait for then, be it for ever. */
static void
test_closed (void)
{
  g_autoptr (SubiterWakeup) wakeup = subiter_wakeup_new ();
  g_autoptr (SubiterRun) run = subiter_run_new (SUBITER_RUN_ITERATE, 1, NULL, 1, NULL, wakeup);
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (GError) error = NULL;

  assert_nothing_left ();
  subiter_port_set_close_grace_period (port, G_MAXUINT);
  g_assert_true (subiter_port_send (port, run, NULL));
  subiter_fault_inject (SUBITER_FAULT_WORKER_THREAD, 0, 1);
  g_assert_false (subiter_worker_start (port, &error));
  g_assert_cmpuint (subiter_fault_clear (SUBITER_FAULT_WORKER_THREAD), ==, 0);
  assert_error (&faults[0], error);
  g_assert_true (subiter_port_has_exited (port));
  subiter_reaper_close (port);
  assert_nothing_left ();
  g_assert_true (subiter_run_has_ended (run));
  g_assert_error (subiter_run_get_error (run), G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  baseline = count_threads ();
  subiter_test_add ("/fault/module", test_module);
  subiter_test_add ("/fault/started", test_started);
  subiter_test_add ("/fault/next", test_next);
  subiter_test_add ("/fault/next-async", test_next_async);
  subiter_test_add ("/fault/interrupt", test_interrupt);
  subiter_test_add ("/fault/inspection", test_inspection);
  subiter_test_add ("/fault/shared", test_shared);
  subiter_test_add ("/fault/closed", test_closed);

  return subiter_test_run ();
}
