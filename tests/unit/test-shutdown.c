/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The end of all, each in a process of its own: it is for good. */

static void
run_in_subprocess (void (*func) (void))
{
  if (g_test_subprocess ())
    {
      func ();
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

static void
shut_down_idle (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(1,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  g_assert_true (subiter_shutdown (0));
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "failed:closed");
  subiter_test_assert_trace ("");
  g_assert_true (subiter_shutdown (0));
}

static void
test_idle (void)
{
  run_in_subprocess (shut_down_idle);
}

/* Nothing iterates a main context meanwhile. */
static void
shut_down_running (void)
{
  static const char *const functions[] = { "forever", "wait", "busy", "range" };
  SubiterSource *sources[G_N_ELEMENTS (functions)];
  SubiterTestLog *logs[G_N_ELEMENTS (functions)];

  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      sources[i] = subiter_test_source_new (functions[i], "(1,)");
      logs[i] = subiter_test_log_new (sources[i]);
      logs[i]->counts = TRUE;
      subiter_source_start (sources[i]);
    }
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 4);
  g_assert_true (subiter_shutdown (30000));
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_LEFT), ==, 4);

  /* Their ends are told to whoever still listens. */
  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      subiter_test_wait_for (logs[i]->n_ends == 1);
      subiter_test_log_free (logs[i]);
      g_object_unref (sources[i]);
    }
}

static void
test_running (void)
{
  run_in_subprocess (shut_down_running);
}

static void
shut_down_stubborn (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("stubborn", NULL);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  /* Not within no time, and not for ever. */
  g_assert_false (subiter_shutdown (0));
  g_assert_false (subiter_shutdown (0));
  /* Given up, which is no end, and of which the log hears nothing at this time. */
  g_assert_false (subiter_shutdown (30000));
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_LEFT), ==, 0);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "failed:abandoned");

  g_assert_false (subiter_shutdown (30000));
  subiter_test_runtime_release ();
  subiter_test_block_until (subiter_shutdown (0));
}

static void
test_stubborn (void)
{
  run_in_subprocess (shut_down_stubborn);
}

/* A program that just ends, whatever its workers are at. */
static void
exit_running (void)
{
  static const char *const functions[] = { "forever", "wait", "busy", "stubborn" };

  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    subiter_source_start (subiter_test_source_new (functions[i], NULL));
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 4);
  exit (0);
}

static void
test_exit (void)
{
  /* The sources that it leaves are the point here, not a leak. */
  if (g_test_subprocess ())
    exit_running ();

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

/* A child that was forked has none of the threads, and does not wait for
 * them. */
static void
exit_forked (void)
{
  SubiterSource *source = subiter_test_source_new ("stubborn", NULL);
  int status;
  pid_t pid;

  subiter_source_start (source);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    exit (7);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 7);
  g_object_unref (source);
  subiter_test_runtime_release ();
}

static void
test_forked (void)
{
  run_in_subprocess (exit_forked);
}

/* Such a child may say so itself, and begin something itself: neither waits for what
 * is not there. */
static void
shut_down_forked (void)
{
  SubiterSource *source = subiter_test_source_new ("stubborn", NULL);
  int status;
  pid_t pid;

  subiter_source_start (source);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      g_autoptr (SubiterSource) other = subiter_test_source_new ("range", "(1,)");
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (other);

      subiter_source_start (other);
      subiter_test_wait_for (log->n_ends == 1);
      subiter_test_assert_log (log, "failed:closed");
      g_assert_true (subiter_shutdown (1000));
      _exit (7);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 7);

  /* The parent is none the wiser. */
  subiter_test_runtime_release ();
  g_assert_true (subiter_shutdown (30000));
  g_object_unref (source);
}

static void
test_shut_down_forked (void)
{
  run_in_subprocess (shut_down_forked);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/shutdown/idle", test_idle);
  subiter_test_add ("/shutdown/running", test_running);
  subiter_test_add ("/shutdown/stubborn", test_stubborn);
  subiter_test_add ("/shutdown/exit", test_exit);
  subiter_test_add ("/shutdown/forked", test_forked);
  subiter_test_add ("/shutdown/forked/by-itself", test_shut_down_forked);

  return subiter_test_run ();
}
