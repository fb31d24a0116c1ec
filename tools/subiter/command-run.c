/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "command.h"

#include "console.h"
#include "entry-point.h"
#include "item-writer.h"
#include "job-group.h"

#include <glib-unix.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* in ms */
#define PROGRESS_INTERVAL 100
#define SHUTDOWN_TIMEOUT 2000

typedef struct
{
  RunOptions *options;
  GMainLoop *loop;
  ItemWriter *writer;
  JobGroup *group;

  /* how it ends: the first reason counts */
  int status;
  /* of the signal that interrupted it, or 0 */
  int signal_number;
  /* why items cannot be written any more, or 0 */
  int write_error;
  /* the message of the first failure */
  char *failure;
} Run;

/* Ends it once nothing is left to do. After an interruption, or with nobody to
 * read them, items that wait are not worth waiting for. */
static void
quit_if_over (Run *run)
{
  if (!job_group_has_ended (run->group))
    return;

  if (item_writer_is_drained (run->writer) || run->signal_number != 0)
    g_main_loop_quit (run->loop);
}

static void
stop (Run *run,
      int status)
{
  if (run->status == COMMAND_FINISHED)
    run->status = status;
  job_group_stop (run->group);
}

static void
on_item (GVariant *item,
         gpointer user_data)
{
  Run *run = user_data;

  item_format_append (run->options->format, item_writer_begin_line (run->writer), item);
  item_writer_end_line (run->writer);
}

/* Standard output has items and nothing else. */
static void
on_output (const char *text,
           gpointer user_data)
{
  console_print (text);
}

static const char *
get_traceback (const GError *error)
{
  SubiterFailure *failure = subiter_failure_from_error (error);
  const char *traceback = failure != NULL ? subiter_failure_get_traceback (failure) : NULL;

  /* That something is not there, or where no place is named: it says no more
   * than the message does. */
  if (traceback == NULL || strstr (traceback, "  File \"") == NULL
      || g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_NOT_FOUND))
    return NULL;

  return traceback;
}

/* A callable that does not know about jobs was given keyword arguments it does
 * not take. */
static gboolean
is_about_shards (Run *run,
                 guint job,
                 const GError *error)
{
  SubiterFailure *failure = subiter_failure_from_error (error);

  return run->options->n_jobs > 1 && failure != NULL && job_group_get_n_items_of (run->group, job) == 0
         && g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_RAISED)
         && g_str_equal (subiter_failure_get_exception_type (failure), "TypeError");
}

/* Jobs that share their work mostly fail for the same reason. */
static gboolean
is_known_failure (Run *run,
                  const GError *error)
{
  if (g_strcmp0 (run->failure, error->message) == 0)
    return TRUE;

  if (run->failure == NULL)
    run->failure = g_strdup (error->message);

  return FALSE;
}

static void
print_failure (Run *run,
               guint job,
               const GError *error)
{
  g_autofree char *name = subiter_callable_to_string (run->options->callable);
  const char *traceback = get_traceback (error);

  if (traceback != NULL)
    console_print (traceback);

  if (run->options->n_jobs > 1)
    console_message ("%s failed in job %u of %u: %s", name, job + 1, run->options->n_jobs, error->message);
  else
    console_message ("%s failed: %s", name, error->message);

  if (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_NOT_FOUND))
    {
      g_autofree char *hint = entry_point_dup_hint (run->options->callable);

      if (hint != NULL)
        console_message ("%s", hint);
    }
  if (is_about_shards (run, job, error))
    console_message ("with --jobs, %s has to take the keyword arguments “shard” and “shards”", name);
}

static void
on_failed (guint job,
           const GError *error,
           gpointer user_data)
{
  Run *run = user_data;

  /* Items that came before it are seen before it. */
  item_writer_write (run->writer);
  if (!is_known_failure (run, error))
    print_failure (run, job, error);
  stop (run, COMMAND_FAILED);
}

static void
on_timed_out (guint job,
              gpointer user_data)
{
  Run *run = user_data;
  g_autofree char *name = subiter_callable_to_string (run->options->callable);

  item_writer_write (run->writer);
  console_message ("%s timed out: no item came within %u ms", name, run->options->timeout);
  stop (run, COMMAND_TIMED_OUT);
}

static void
on_ended (gpointer user_data)
{
  Run *run = user_data;

  item_writer_write (run->writer);
  quit_if_over (run);
}

static const JobGroupFuncs group_funcs = {
  .item = on_item,
  .output = on_output,
  .failed = on_failed,
  .timed_out = on_timed_out,
  .ended = on_ended,
};

static void
on_blocked_changed (gboolean is_blocked,
                    gpointer user_data)
{
  Run *run = user_data;

  job_group_set_paused (run->group, is_blocked);
}

static void
before_write (gpointer user_data)
{
  console_before_items ();
}

static void
after_write (gpointer user_data)
{
  Run *run = user_data;

  console_after_items (item_writer_is_drained (run->writer));
}

static void
on_drained (gpointer user_data)
{
  quit_if_over (user_data);
}

static void
on_write_failed (int error_number,
                 gpointer user_data)
{
  Run *run = user_data;

  run->write_error = error_number;
  stop (run, COMMAND_FAILED);
}

static const ItemWriterFuncs writer_funcs = {
  .blocked_changed = on_blocked_changed,
  .before_write = before_write,
  .after_write = after_write,
  .drained = on_drained,
  .failed = on_write_failed,
};

static gboolean
interrupt (Run *run,
           int signal_number)
{
  if (run->signal_number != 0)
    {
      console_close ();
      _exit (COMMAND_INTERRUPTED + signal_number);
    }

  run->signal_number = signal_number;
  stop (run, COMMAND_INTERRUPTED + signal_number);
  quit_if_over (run);

  return G_SOURCE_CONTINUE;
}

static gboolean
on_sigint (gpointer user_data)
{
  return interrupt (user_data, SIGINT);
}

static gboolean
on_sigterm (gpointer user_data)
{
  return interrupt (user_data, SIGTERM);
}

static gboolean
on_sighup (gpointer user_data)
{
  return interrupt (user_data, SIGHUP);
}

static gboolean
on_progress_due (gpointer user_data)
{
  Run *run = user_data;
  g_autofree char *text = job_group_dup_progress_text (run->group);

  console_set_progress (job_group_get_progress (run->group), job_group_get_n_items (run->group), text);

  return G_SOURCE_CONTINUE;
}

/* Keeps standard output for the items: whatever else writes to its file
 * descriptor, such as a C library or a child process, writes to standard error. */
static int
take_standard_output (GError **error)
{
  int fd = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

  if (fd < 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
                   "standard output cannot be used: %s", g_strerror (errno));
      return -1;
    }
  dup2 (STDERR_FILENO, STDOUT_FILENO);

  return fd;
}

/* The result is an exit status. */
static int
iterate (Run *run)
{
  guint ids[] = {
    g_unix_signal_add (SIGINT, on_sigint, run),
    g_unix_signal_add (SIGTERM, on_sigterm, run),
    g_unix_signal_add (SIGHUP, on_sighup, run),
    0,
  };

  if (console_has_bar ())
    ids[3] = g_timeout_add (PROGRESS_INTERVAL, on_progress_due, run);

  job_group_start (run->group);
  g_main_loop_run (run->loop);

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    g_clear_handle_id (&ids[i], g_source_remove);

  return run->status;
}

/* A reader that has had enough is nothing to complain of. Where others die of
 * SIGPIPE, so does this, its interpreters ended first. */
static int
end_without_reader (sighandler_t sigpipe_handler)
{
  if (sigpipe_handler == SIG_DFL)
    {
      subiter_shutdown (SHUTDOWN_TIMEOUT);
      signal (SIGPIPE, SIG_DFL);
      raise (SIGPIPE);
    }

  return COMMAND_INTERRUPTED + SIGPIPE;
}

static int
run_with_options (RunOptions *options,
                  GError **error)
{
  g_autoptr (GMainLoop) loop = NULL;
  g_autoptr (ItemWriter) writer = NULL;
  g_autoptr (JobGroup) group = NULL;
  /* Python code is used to errors where a C program would die. */
  sighandler_t sigpipe_handler = signal (SIGPIPE, SIG_IGN);
  Run run = { .options = options };
  int status;
  int fd;

  fd = take_standard_output (error);
  if (fd < 0)
    return COMMAND_FAILED;

  group = job_group_new (options, &group_funcs, &run, error);
  if (group == NULL)
    return COMMAND_FAILED;
  loop = g_main_loop_new (NULL, FALSE);
  writer = item_writer_new (fd, &writer_funcs, &run);
  run.loop = loop;
  run.writer = writer;
  run.group = group;

  console_open (fd, !options->is_quiet);
  status = iterate (&run);
  console_close ();

  g_clear_pointer (&run.group, job_group_free);
  group = NULL;
  g_clear_pointer (&run.failure, g_free);
  if (run.write_error == EPIPE)
    return end_without_reader (sigpipe_handler);
  if (run.write_error != 0)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (run.write_error),
                 "items cannot be written: %s", g_strerror (run.write_error));

  return status;
}

int
command_run (int argc,
             char **argv)
{
  g_autoptr (RunOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  options = run_options_parse (argc, argv, &error);
  if (options == NULL)
    {
      g_printerr ("subiter: %s\nTry “subiter run --help”.\n", error->message);
      return COMMAND_MISUSED;
    }

  status = run_with_options (options, &error);
  if (error != NULL)
    g_printerr ("subiter: %s\n", error->message);

  return status;
}
