/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "leftover-support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is left behind, and what is said on the program's own output when the
 * interpreter ends: a pattern. */
typedef struct
{
  const char *function;
  const char *said;
} Case;

/* After these nothing is left of the interpreter. */
static const Case clean_cases[] = {
  { "thread_that_waits", "" },
  { "thread_that_waits_for_an_item", "" },
  { "thread_that_asks", "" },
  { "thread_that_is_busy", "" },
  { "raw_threads", "" },
  { "thread_that_starts_threads", "" },
  { "timer", "" },
  { "executor", "" },
  { "interpreter_pool", "" },
  { "exit_function", "at exit\n" },
  { "exit_function_that_raises", "*ZeroDivisionError*and on\n" },
  { "exit_function_that_exits", "*SystemExit: 3*" },
  { "exit_function_that_is_busy", "" },
  { "exit_function_that_starts_threads", "" },
  { "exit_function_without_end", "" },
  { "object_that_prints", "gone\n" },
  { "object_that_raises", "*ZeroDivisionError*" },
  { "object_that_imports", "[0.0]\n" },
  { "object_that_comes_back", "" },
  { "object_that_is_busy", "" },
  { "object_that_starts_threads", "" },
  { "objects_everywhere", "*" },
  { "weak_references", "finalize\n" },
  { "generators", "*finally\n*" },
  { "loops", "*" },
  { "files", "" },
  { "callbacks", "" },
  { "hooks", "" },
  { "interpreters_kept", "" },
  { "interpreter_at_work", "" },
  { "large_items", "" },
};

/* These stay, and the interpreter with them: it is given up. The log says so once, and
 * what is in the way. */
static const Case endless_cases[] = {
  { "thread_in_a_lock", "*leftovers*given up*Thread \"acquire\":*" },
  { "thread_asleep", "*leftovers*given up*Thread \"sleeper\":*in thread_asleep.<locals>.sleeper*" },
  { "thread_that_is_stubborn", "*leftovers*given up*Thread \"stubborn\":*in stubborn*" },
  { "thread_deep_in_c", "*leftovers*given up*code in C*" },
  { "exit_function_that_is_stubborn", "*leftovers*given up*an exit function*in stubborn*" },
};

/* Standard output and error, while something is done. */
typedef struct
{
  int memory;
  int saved[2];
} Capture;

static void
capture_begin (Capture *capture)
{
  fflush (stdout);
  capture->memory = memfd_create ("output", MFD_CLOEXEC);
  g_assert_cmpint (capture->memory, >=, 0);
  for (int i = 0; i < 2; i++)
    {
      capture->saved[i] = dup (STDOUT_FILENO + i);
      g_assert_cmpint (dup2 (capture->memory, STDOUT_FILENO + i), >=, 0);
    }
}

static char *
capture_end (Capture *capture)
{
  off_t length = lseek (capture->memory, 0, SEEK_END);
  char *text = g_malloc0 ((gsize) length + 1);

  g_assert_cmpint (pread (capture->memory, text, (gsize) length, 0), ==, length);
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpint (dup2 (capture->saved[i], STDOUT_FILENO + i), >=, 0);
      close (capture->saved[i]);
    }
  close (capture->memory);

  return text;
}

/* What there is when nothing is left: the least that was ever seen. The first
 * interpreters of a process bring what stays, such as what ctypes needs for its
 * callbacks. */
static void
take_baseline (Census *census)
{
  static const char *const functions[] = { "interpreters_kept", "callbacks" };
  static Census least;
  Census now;

  for (gsize i = 0; least.n_threads == 0 && i < G_N_ELEMENTS (functions); i++)
    {
      g_autoptr (Subject) subject = subject_new (functions[i], NULL);

      subject_run (subject);
      subject_close (subject);
      g_assert_no_error (subject->close_error);
    }

  census_take (&now);
  least.n_interpreters = 1;
  least.n_threads = least.n_threads > 0 ? MIN (least.n_threads, now.n_threads) : now.n_threads;
  least.n_files = least.n_files > 0 ? MIN (least.n_files, now.n_files) : now.n_files;
  *census = least;
}

static void
test_clean (gconstpointer data)
{
  const Case *test_case = data;
  g_autofree char *said = NULL;
  Census baseline;
  Capture capture;

  take_baseline (&baseline);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (Subject) subject = subject_new (test_case->function, NULL);

      subject_run (subject);
      capture_begin (&capture);
      subject_close (subject);
      g_free (said);
      said = capture_end (&capture);
      g_assert_no_error (subject->close_error);
      if (!g_pattern_match_simple (test_case->said, said))
        g_error ("it says “%s” and not “%s”", said, test_case->said);
    }

  census_wait_for (&baseline);
}

/* Everything that was put somewhere has gone, in whatever order. */
static void
test_everywhere (void)
{
  static const char *const places[] = { "builtins", "main", "sys", "subiter", "context", "local", "cycle", "stream", "module" };
  g_autoptr (Subject) subject = subject_new ("objects_everywhere", NULL);
  g_autofree char *said = NULL;
  g_auto (GStrv) lines = NULL;
  Capture capture;

  subject_run (subject);
  capture_begin (&capture);
  subject_close (subject);
  said = capture_end (&capture);
  lines = g_strsplit (said, "\n", -1);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      if (!g_strv_contains ((const char *const *) lines, places[i]))
        g_error ("“%s” is not in “%s”", places[i], said);
    }
}

static void
test_refused (void)
{
  static const char *const errors[] = { "RuntimeError", "RuntimeError", "RuntimeError", "RuntimeError" };
  g_autoptr (Subject) subject = subject_new ("refused", NULL);
  Census baseline;

  take_baseline (&baseline);
  subject_run (subject);
  g_assert_cmpuint (subject->items->len, ==, G_N_ELEMENTS (errors));
  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    g_assert_cmpstr (g_variant_get_string (subject->items->pdata[i], NULL), ==, errors[i]);
  subject_close (subject);
  g_assert_no_error (subject->close_error);
  census_wait_for (&baseline);
}

/* In a process of its own: what stays is there until that ends. Which it does at
 * once, with its own exit status, and without a word. */
static void
give_up (const char *function)
{
  Subject *subject = subject_new (function, NULL);
  g_autoptr (Subject) other = subject_new ("object_that_is_busy", NULL);

  subiter_interpreter_set_close_grace_period (subject->interpreter, 1500);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  subject_run (subject);
  subject_close (subject);
  g_assert_error (subject->close_error, SUBITER_ERROR, SUBITER_ERROR_ABANDONED);

  /* Others are none the worse for it. */
  subject_run (other);
  subject_close (other);
  g_assert_no_error (other->close_error);

  exit (23);
}

static void
test_endless (gconstpointer data)
{
  const Case *test_case = data;

  if (g_test_subprocess ())
    give_up (test_case->function);

  g_test_trap_subprocess (NULL, 0, 0);
  if (g_test_trap_has_passed ())
    g_error ("it did not get to its end");
  g_test_trap_assert_stderr (test_case->said);
  g_test_trap_assert_stderr_unmatched ("*given up*given up*");
  g_test_trap_assert_stderr_unmatched ("*remaining*");
}

static void
check_blocked (const char *function,
               gboolean is_quick)
{
  g_autoptr (Subject) blocked = NULL;
  Census baseline;
  int ends[2];

  take_baseline (&baseline);
  g_assert_cmpint (pipe (ends), ==, 0);
  blocked = subject_new (function, g_variant_new ("(i)", ends[0]));
  subject_run (blocked);
  subject_begin_close (blocked);

  /* One is made, used and ended while the other is at its end. */
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (Subject) other = subject_new ("object_that_comes_back", NULL);

      subject_run (other);
      subject_close (other);
      g_assert_no_error (other->close_error);
    }
  if (is_quick)
    g_assert_false (blocked->closed);

  g_assert_cmpint (write (ends[1], "x", 1), ==, 1);
  wait_for (blocked->closed);
  close (ends[0]);
  close (ends[1]);
  census_wait_for (&baseline);
}

static void
test_blocked_exit_function (void)
{
  check_blocked ("exit_function_that_blocks", TRUE);
}

static void
test_blocked_object (void)
{
  check_blocked ("object_that_blocks", TRUE);
}

/* Python runs this one where it ends the interpreter; others pass by after some
 * seconds. */
static void
test_blocked_in_the_walls (void)
{
  check_blocked ("object_in_the_walls_that_blocks", FALSE);
}

/* Items last for longer than the worker, and what they hold is given back. */
static void
test_items_outlive (void)
{
  g_autoptr (Subject) subject = subject_new ("large_items", NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) item = NULL;
  const guint8 *data;
  Census baseline;
  gsize size;

  take_baseline (&baseline);
  subject_run (subject);
  g_assert_cmpuint (subject->items->len, ==, 4);
  item = g_variant_ref (subject->items->pdata[3]);
  bytes = g_variant_get_data_as_bytes (item);
  subject_close (subject);
  g_assert_no_error (subject->close_error);

  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpuint (size, ==, 256 * 4096);
  for (gsize i = 0; i < size; i++)
    g_assert_cmpuint (data[i], ==, i % 256);

  g_ptr_array_set_size (subject->items, 0);
  g_clear_pointer (&item, g_variant_unref);
  g_clear_pointer (&bytes, g_bytes_unref);
  census_wait_for (&baseline);
}

/* Nobody takes the rest: it goes. */
static void
test_unread_items (void)
{
  g_autoptr (Subject) subject = subject_new ("unread_items", NULL);
  Census baseline;

  take_baseline (&baseline);
  subiter_source_start (subject->source);
  wait_for (subject->items->len > 0);
  subject_close (subject);
  g_assert_no_error (subject->close_error);
  census_wait_for (&baseline);
}

/* A process goes on. It is still a child of the program, who may wait for it. */
static void
test_process (void)
{
  g_autoptr (Subject) subject = subject_new ("process", g_variant_new ("(s)", "1000000"));
  Census baseline;
  gint64 pid;
  int status;

  take_baseline (&baseline);
  subject_run (subject);
  g_assert_cmpuint (subject->items->len, ==, 1);
  pid = g_variant_get_int64 (subject->items->pdata[0]);
  subject_close (subject);
  g_assert_no_error (subject->close_error);
  census_wait_for (&baseline);

  g_assert_cmpint (waitpid ((pid_t) pid, &status, WNOHANG), ==, 0);
  g_assert_cmpint (kill ((pid_t) pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid ((pid_t) pid, &status, 0), ==, pid);
}

int
main (int argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (clean_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/leftover/clean/", clean_cases[i].function, NULL);

      g_test_add_data_func (path, &clean_cases[i], test_clean);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (endless_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/leftover/endless/", endless_cases[i].function, NULL);

      g_test_add_data_func (path, &endless_cases[i], test_endless);
    }
  g_test_add_func ("/leftover/everywhere", test_everywhere);
  g_test_add_func ("/leftover/refused", test_refused);
  g_test_add_func ("/leftover/blocked/exit-function", test_blocked_exit_function);
  g_test_add_func ("/leftover/blocked/object", test_blocked_object);
  g_test_add_func ("/leftover/blocked/in-the-walls", test_blocked_in_the_walls);
  g_test_add_func ("/leftover/items/outlive", test_items_outlive);
  g_test_add_func ("/leftover/items/unread", test_unread_items);
  g_test_add_func ("/leftover/process", test_process);

  return g_test_run ();
}
