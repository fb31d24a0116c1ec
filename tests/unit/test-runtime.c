/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-port-private.h"

#include <string.h>

static void
test_lookup (void)
{
  g_autoptr (SubiterRuntime) first = NULL;
  g_autoptr (SubiterRuntime) again = NULL;
  g_autoptr (SubiterRuntime) other = NULL;
  GError *error = NULL;

  first = subiter_runtime_lookup ("test", &error);
  g_assert_no_error (error);
  g_assert_true (SUBITER_TEST_IS_RUNTIME (first));
  again = subiter_runtime_lookup ("test", &error);
  g_assert_no_error (error);
  g_assert_true (again == first);
  other = subiter_runtime_lookup ("test-broken", &error);
  g_assert_no_error (error);
  g_assert_true (SUBITER_TEST_IS_BROKEN_RUNTIME (other));
}

static void
test_unknown (void)
{
  for (int i = 0; i < 2; i++)
    {
      GError *error = NULL;

      g_assert_null (subiter_runtime_lookup ("no-such", &error));
      g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME);
      g_assert_nonnull (strstr (error->message, "“no-such”"));
      g_assert_nonnull (strstr (error->message, "“test”"));
      g_assert_nonnull (strstr (error->message, "“test-broken”"));
      g_clear_error (&error);
    }
}

static void
test_extension_point (void)
{
  GIOExtensionPoint *point = g_io_extension_point_lookup (SUBITER_RUNTIME_EXTENSION_POINT_NAME);

  g_assert_nonnull (point);
  g_assert_true (g_io_extension_point_get_required_type (point) == SUBITER_TYPE_RUNTIME);
  g_assert_nonnull (g_io_extension_point_get_extension_by_name (point, "test"));
}

static gpointer
lookup_main (gpointer data)
{
  return subiter_runtime_lookup ("test", NULL);
}

static void
test_threads (void)
{
  g_autoptr (SubiterRuntime) runtime = subiter_runtime_lookup ("test", NULL);
  GThread *threads[8];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("lookup", lookup_main, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autoptr (SubiterRuntime) found = g_thread_join (threads[i]);

      g_assert_true (found == runtime);
    }
}

/* A runtime served by hand, as the worker does it. */
static void
test_run (void)
{
  g_autoptr (SubiterRuntime) runtime = subiter_runtime_lookup ("test", NULL);
  g_autoptr (SubiterRuntime) broken = subiter_runtime_lookup ("test-broken", NULL);
  g_autoptr (SubiterPort) port = subiter_port_new ("test");
  g_autoptr (SubiterWakeup) wakeup = subiter_wakeup_new ();
  g_autoptr (SubiterRun) run = subiter_run_new (SUBITER_RUN_FORGET, 1, NULL, 1, NULL, wakeup);
  GError *error = NULL;

  subiter_port_close (port);
  g_assert_true (subiter_runtime_run (runtime, port, &error));
  g_assert_no_error (error);
  g_assert_false (subiter_runtime_interrupt (runtime, port, run, SUBITER_INTERRUPT_RAISE));
  g_assert_false (subiter_runtime_interrupt (runtime, port, run, SUBITER_INTERRUPT_KILL));

  g_assert_false (subiter_runtime_run (broken, port, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER);
  g_clear_error (&error);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/runtime/lookup", test_lookup);
  subiter_test_add ("/runtime/unknown", test_unknown);
  subiter_test_add ("/runtime/extension-point", test_extension_point);
  subiter_test_add ("/runtime/threads", test_threads);
  subiter_test_add ("/runtime/run", test_run);

  return subiter_test_run ();
}
