/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Output, log messages and progress: what comes beside the items. */

static void
test_signal (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("output", "(1, 'one\n', 'two\n')");
  g_autoptr (SubiterSource) errors = subiter_test_source_new ("output", "(2, 'oops')");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autoptr (SubiterTestLog) errors_log = subiter_test_log_new (errors);
  g_autoptr (GString) expected = g_string_new (NULL);

  /* Before the end, in one piece or several. */
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_string_assign (expected, log->text->str);
  g_string_replace (expected, " out:", "", 0);
  g_assert_cmpstr (expected->str, ==, "out:one\ntwo\n finished");

  subiter_source_start (errors);
  subiter_test_wait_for (errors_log->n_ends == 1);
  subiter_test_assert_log (errors_log, "err:oops finished");
}

/* Text of a signal is UTF-8, whatever was written. */
static void
test_not_utf8 (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("output", "(1, b'a\\377z')");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_true (g_utf8_validate (log->text->str, -1, NULL));
  g_assert_true (g_str_has_prefix (log->text->str, "out:a\357\277\275z"));
}

static void
on_output (SubiterSource *source,
           SubiterStream stream,
           const char *text,
           GString *collected)
{
  g_string_append (collected, text);
}

/* Characters stay whole wherever the code's writes end, also if another stream
 * is written to in between; what is left at the end is replaced. */
static void
test_split_characters (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("output", "(1, b'a\\303', b'\\274b\\342', "
                                                              "b'\\202', b'\\254\\360\\237')");
  g_autoptr (GString) collected = g_string_new (NULL);

  g_signal_connect (source, "output", G_CALLBACK (on_output), collected);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);
  g_assert_true (g_str_has_prefix (collected->str, "aüb€\357\277\275"));
}

/* Runs @source to its end with standard output or error being a pipe, and
 * tells what came out of that. */
static char *
capture (SubiterSource *source,
         int fd)
{
  char buffer[256] = "";
  int fds[2];
  int saved;
  gssize n;

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  fflush (stdout);
  saved = dup (fd);
  g_assert_cmpint (dup2 (fds[1], fd), >=, 0);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);
  dup2 (saved, fd);
  close (saved);
  close (fds[1]);
  n = read (fds[0], buffer, sizeof buffer - 1);
  g_assert_cmpint (n, >=, 0);
  close (fds[0]);

  return g_strdup (buffer);
}

/* Without a handler it goes to the program's own streams, and with one it does
 * not. */
static void
test_forward (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("output", "(1, 'one\n', 'two\n')");
  g_autoptr (SubiterSource) errors = subiter_test_source_new ("output", "(2, 'oops\n')");
  g_autoptr (GString) collected = g_string_new (NULL);
  g_autofree char *first = capture (source, STDOUT_FILENO);
  g_autofree char *second = capture (errors, STDERR_FILENO);
  g_autofree char *third = NULL;
  gulong id;

  g_assert_cmpstr (first, ==, "one\ntwo\n");
  g_assert_cmpstr (second, ==, "oops\n");

  id = g_signal_connect (source, "output", G_CALLBACK (on_output), collected);
  third = capture (source, STDOUT_FILENO);
  g_assert_cmpstr (third, ==, "");
  g_assert_cmpstr (collected->str, ==, "one\ntwo\n");

  g_signal_handler_disconnect (source, id);
  g_clear_pointer (&third, g_free);
  third = capture (source, STDOUT_FILENO);
  g_assert_cmpstr (third, ==, "one\ntwo\n");
}

/* What code writes while it ends is not lost. */
static void
test_parting (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("parting", "('bye',)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  subiter_source_stop (source);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_assert_log (log, "out:bye finished");
}

static void
test_parting_timeout (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("parting", "('bye',)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_set_timeout (source, 1);
  log->grants = 1000000;
  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  log->grants = 0;
  g_string_truncate (log->text, 0);
  subiter_test_wait_for (log->n_ends == 1);
  subiter_test_wait_for (g_str_has_suffix (log->text->str, "out:bye"));
}

/* A flood is held back, and all of it arrives, in order. */
static void
test_flood (void)
{
  const int n_lines = 50000;
  g_autoptr (SubiterSource) source = subiter_test_source_new ("chatter", "(50000, 1)");
  g_autoptr (GString) collected = g_string_new (NULL);
  const char *p;

  g_signal_connect (source, "output", G_CALLBACK (on_output), collected);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);

  p = collected->str;
  for (int i = 0; i < n_lines; i++)
    {
      char *end;

      g_assert_true (g_str_has_prefix (p, "line "));
      g_assert_cmpint (strtol (p + 5, &end, 10), ==, i);
      p = end + 1;
    }
  g_assert_cmpint (*p, ==, '\0');
}

/* Output that nobody takes does not keep code from being stopped. */
static void
test_flood_stop (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("chatter", "(1000000000, 1)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_MADE) > 10000);
  subiter_source_stop (source);
  subiter_test_block_until (!subiter_interpreter_get_running (subiter_source_get_interpreter (source)));
  subiter_test_wait_for (log->n_ends == 1);
}

/* One who blocks in next () may be the one who would take the output. */
static void
test_flood_next (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("chatter", "(50000, 1)");
  g_autoptr (GString) collected = g_string_new (NULL);
  g_autoptr (GVariant) item = NULL;

  g_signal_connect (source, "output", G_CALLBACK (on_output), collected);
  item = subiter_source_next (source, NULL, NULL);
  g_assert_cmpint (g_variant_get_int64 (item), ==, 50000);
  g_assert_null (subiter_source_next (source, NULL, NULL));
  subiter_test_drain ();
  g_assert_true (g_str_has_suffix (collected->str, "line 49999\n"));
}

static void
test_log (void)
{
  g_autofree char *args = g_strdup_printf ("(%d, 'one', 'two')", G_LOG_LEVEL_WARNING);
  g_autoptr (SubiterSource) source = subiter_test_source_new ("log", args);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "one");
  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "two");
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_test_assert_expected_messages ();
}

/* A percent sign is not a format. */
static void
test_log_percent (void)
{
  g_autofree char *args = g_strdup_printf ("(%d, '100%%s%%n')", G_LOG_LEVEL_WARNING);
  g_autoptr (SubiterSource) source = subiter_test_source_new ("log", args);
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "100%s%n");
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_test_assert_expected_messages ();
}

typedef struct
{
  GThread *thread;
  guint n_progress;
  guint n_text;
  double last;
} Progress;

static void
on_progress (SubiterSource *source,
             GParamSpec *pspec,
             Progress *progress)
{
  double fraction = subiter_source_get_progress (source);

  g_assert_true (g_thread_self () == progress->thread);
  g_assert_cmpfloat (fraction, >=, progress->last);
  progress->last = fraction;
  progress->n_progress++;
}

static void
on_progress_text (SubiterSource *source,
                  GParamSpec *pspec,
                  Progress *progress)
{
  g_autofree char *text = subiter_source_dup_progress_text (source);

  g_assert_true (text == NULL || g_str_has_prefix (text, "step "));
  progress->n_text++;
}

static void
test_progress (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("progress", "(10,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
  g_autofree char *text = NULL;
  g_autofree char *after = NULL;
  Progress progress = { .thread = g_thread_self () };

  g_signal_connect (source, "notify::progress", G_CALLBACK (on_progress), &progress);
  g_signal_connect (source, "notify::progress-text", G_CALLBACK (on_progress_text), &progress);
  g_assert_cmpfloat (subiter_source_get_progress (source), ==, 0.0);
  subiter_source_start (source);
  subiter_test_wait_for (log->n_ends == 1);
  g_assert_cmpuint (progress.n_progress, >=, 1);
  g_assert_cmpuint (progress.n_progress, <=, 11);
  g_assert_cmpuint (progress.n_text, ==, progress.n_progress);
  g_assert_cmpfloat (subiter_source_get_progress (source), ==, 1.0);
  text = subiter_source_dup_progress_text (source);
  g_assert_cmpstr (text, ==, "step 10");

  /* A new iteration begins at nothing, and says so. */
  progress.last = 0.0;
  subiter_source_start (source);
  g_assert_cmpfloat (subiter_source_get_progress (source), ==, 0.0);
  after = subiter_source_dup_progress_text (source);
  g_assert_null (after);
  subiter_test_wait_for (log->n_ends == 2);
}

/* Nothing of it is lost with the end, whoever finds that. */
static void
test_progress_next (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("progress", "(5,)");
  g_autofree char *text = NULL;
  GVariant *item;

  while ((item = subiter_source_next (source, NULL, NULL)) != NULL)
    g_variant_unref (item);
  subiter_test_drain ();
  g_assert_cmpfloat (subiter_source_get_progress (source), ==, 1.0);
  text = subiter_source_dup_progress_text (source);
  g_assert_cmpstr (text, ==, "step 5");
}

/* Progress is told although items are held back, and where no item is asked
 * for. */
static void
test_progress_paused (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("progress", "(5,)");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_source_pause (source);
  subiter_test_wait_for (subiter_source_get_progress (source) == 1.0);
  g_assert_cmpuint (log->n_items, ==, 0);
  subiter_source_resume (source);
  subiter_test_wait_for (log->n_ends == 1);
}

static void
test_output_paused (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("output", "(1, 'text')");
  g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);

  subiter_source_start (source);
  subiter_source_pause (source);
  subiter_test_wait_for (log->text->len > 0);
  subiter_test_drain ();
  subiter_test_assert_log (log, "out:text");
  subiter_source_resume (source);
  subiter_test_wait_for (log->n_ends == 1);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/source/output/signal", test_signal);
  subiter_test_add ("/source/output/not-utf8", test_not_utf8);
  subiter_test_add ("/source/output/split-characters", test_split_characters);
  subiter_test_add ("/source/output/forward", test_forward);
  subiter_test_add ("/source/output/parting", test_parting);
  subiter_test_add ("/source/output/parting-timeout", test_parting_timeout);
  subiter_test_add ("/source/output/flood", test_flood);
  subiter_test_add ("/source/output/flood-stop", test_flood_stop);
  subiter_test_add ("/source/output/flood-next", test_flood_next);
  subiter_test_add ("/source/output/log", test_log);
  subiter_test_add ("/source/output/log-percent", test_log_percent);
  subiter_test_add ("/source/output/progress", test_progress);
  subiter_test_add ("/source/output/progress-next", test_progress_next);
  subiter_test_add ("/source/output/progress-paused", test_progress_paused);
  subiter_test_add ("/source/output/output-paused", test_output_paused);

  return subiter_test_run ();
}
