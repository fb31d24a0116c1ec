/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "leftover-support.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Code that was given up, and comes back: when nobody is left who knew of it, or nothing
 * of what it needs. Each in a process of its own. */

typedef struct
{
  SubiterSource *source;
  int ends[2];
  guint n_items;
  guint n_timeouts;
  gboolean timed_out;
} Fixture;

static void
on_item_counted (SubiterSource *source,
                 GVariant *item,
                 Fixture *fixture)
{
  fixture->n_items++;
}

/* The third time is enough: somebody waits for the GIL by now, for as long as it takes. */
static gboolean
on_timeout (SubiterSource *source,
            Fixture *fixture)
{
  return ++fixture->n_timeouts < 3;
}

static void
fixture_init (Fixture *fixture,
              const char *function)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "modules", NULL);
  const char *const path[] = { folder, NULL };
  g_autofree char *entry_point = g_strconcat ("deaf:", function, NULL);
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterCallable) bound = NULL;
  g_autoptr (GError) error = NULL;

  memset (fixture, 0, sizeof *fixture);
  g_assert_cmpint (pipe (fixture->ends), ==, 0);
  callable = subiter_callable_new_for_entry_point (entry_point, &error);
  g_assert_no_error (error);
  bound = subiter_callable_bind (callable, g_variant_new ("(i)", fixture->ends[0]), NULL, &error);
  g_assert_no_error (error);
  fixture->source = g_object_new (SUBITER_TYPE_SOURCE, "callable", bound, "python-path", path, "timeout", 100,
                                  "interrupt-delay", 0, "grace-period", 300, NULL);
  g_signal_connect (fixture->source, "item", G_CALLBACK (on_item_counted), fixture);
  g_signal_connect (fixture->source, "timeout", G_CALLBACK (on_timeout), fixture);

  subiter_source_start (fixture->source);
  wait_for (fixture->n_items == 1);
  wait_for (subiter_source_get_state (fixture->source) == SUBITER_STATE_TIMED_OUT);
}

/* All who are on their way to something. */
static guint
count_running (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *id;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((id = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", id, "stat", NULL);
      g_autofree char *text = NULL;
      const char *state = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL))
        state = strrchr (text, ')');
      if (state != NULL && state[2] != 'S')
        n++;
    }

  /* This one is. */
  return n - 1;
}

/* Until nobody is at anything: looked at for longer than Python's switch interval and
 * the reaper's, as it goes from one to the next of them. */
static void
wait_for_quiet (void)
{
  guint n_quiet = 0;

  for (guint i = 0; n_quiet < 40 && i < 4000; i++)
    {
      n_quiet = count_running () == 0 ? n_quiet + 1 : 0;
      g_usleep (10 * G_TIME_SPAN_MILLISECOND);
    }
  g_assert_cmpuint (n_quiet, ==, 40);
}

static void
let_return (Fixture *fixture)
{
  g_assert_cmpint (write (fixture->ends[1], "x", 1), ==, 1);
}

static void
finalize_python (void)
{
  int (*ensure) (void) = (int (*) (void)) dlsym (RTLD_DEFAULT, "PyGILState_Ensure");
  int (*finalize) (void) = (int (*) (void)) dlsym (RTLD_DEFAULT, "Py_FinalizeEx");

  g_assert_nonnull (ensure);
  g_assert_nonnull (finalize);
  ensure ();
  g_assert_cmpint (finalize (), ==, 0);
}

/* What is left when an interpreter has gone. */
static void
take_baseline (Census *census)
{
  g_autoptr (Subject) subject = subject_new ("callbacks", NULL);

  subject_run (subject);
  subject_close (subject);
  g_assert_no_error (subject->close_error);
  census_take (census);
  census->n_interpreters = 1;
  /* those who still were on their way out then */
  census->n_threads = MIN (census->n_threads, 3);
}

static void
return_to_nobody (void)
{
  Census baseline;
  Fixture fixture;

  take_baseline (&baseline);
  fixture_init (&fixture, "items");
  wait_for (subiter_source_get_abandoned (fixture.source));
  g_object_unref (fixture.source);
  let_return (&fixture);
  baseline.n_files += 2;
  census_wait_for (&baseline);
}

static void
return_after_shutdown (void)
{
  Census baseline;
  Fixture fixture;

  take_baseline (&baseline);
  fixture_init (&fixture, "items");
  wait_for (subiter_source_get_abandoned (fixture.source));
  g_assert_false (subiter_shutdown (0));
  let_return (&fixture);
  wait_for (subiter_shutdown (0));
  baseline.n_files += 2;
  census_wait_for (&baseline);
  g_object_unref (fixture.source);
}

/* There are those who wait for the GIL, to look and to interrupt: when they get it, there
 * is no Python any more. */
static void
return_without_python (void)
{
  Fixture fixture;

  fixture_init (&fixture, "items");
  subiter_set_exit_timeout (100);
  finalize_python ();
  let_return (&fixture);
  wait_for_quiet ();
}

static void
return_abandoned_without_python (void)
{
  Fixture fixture;

  fixture_init (&fixture, "items");
  wait_for (subiter_source_get_abandoned (fixture.source));
  g_object_unref (fixture.source);
  finalize_python ();
  let_return (&fixture);
  wait_for_quiet ();
}

static void
finalize_with_shared_gil (void)
{
  Fixture fixture;

  fixture_init (&fixture, "nested");
  subiter_set_exit_timeout (100);
  finalize_python ();
}

static const struct
{
  const char *path;
  void (*func) (void);
} tests[] = {
  { "/return/to-nobody", return_to_nobody },
  { "/return/after-shutdown", return_after_shutdown },
  { "/return/without-python", return_without_python },
  { "/return/abandoned-without-python", return_abandoned_without_python },
  { "/return/shared-gil", finalize_with_shared_gil },
};

static void
test_in_subprocess (gconstpointer data)
{
  void (*const *func) (void) = data;

  if (g_test_subprocess ())
    {
      /* The log is told of what is given up. */
      g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
      (*func) ();
      exit (23);
    }

  g_test_trap_subprocess (NULL, 120 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
  if (g_test_trap_has_passed ())
    g_error ("it did not get to its end");
  g_test_trap_assert_stderr_unmatched ("*Fatal*");
  g_test_trap_assert_stderr_unmatched ("*ERROR*");
  g_test_trap_assert_stderr_unmatched ("*CRITICAL*");
  g_assert_false (g_test_trap_reached_timeout ());
}

int
main (int argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, &tests[i].func, test_in_subprocess);

  return g_test_run ();
}
