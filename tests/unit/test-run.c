/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static SubiterRun *
run_new (guint buffer_size,
         const char *item_type)
{
  g_autoptr (SubiterWakeup) wakeup = subiter_wakeup_new ();
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new ("range", "(1,)");

  return subiter_run_new (SUBITER_RUN_ITERATE, 7, callable, buffer_size, (const GVariantType *) item_type, wakeup);
}

static void
test_getters (void)
{
  static const char *const path[] = { "/a", "/b", NULL };
  g_autoptr (SubiterRun) run = run_new (1, NULL);
  g_autoptr (GPtrArray) initializers = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_callable_unref);
  SubiterRun *copy = g_boxed_copy (SUBITER_TYPE_RUN, run);

  g_assert_true (copy == run);
  g_boxed_free (SUBITER_TYPE_RUN, copy);
  g_assert_cmpint (subiter_run_get_kind (run), ==, SUBITER_RUN_ITERATE);
  g_assert_cmpuint (subiter_run_get_stream_id (run), ==, 7);
  g_assert_cmpstr (subiter_callable_get_attribute (subiter_run_get_callable (run)), ==, "range");
  g_assert_cmpuint (subiter_run_get_initializers (run)->len, ==, 0);
  g_assert_null (subiter_run_get_python_path (run)[0]);

  g_ptr_array_add (initializers, subiter_test_callable_new ("setup", NULL));
  subiter_run_set_initializers (run, initializers);
  g_assert_true (subiter_run_get_initializers (run) == initializers);
  subiter_run_set_python_path (run, path);
  g_assert_cmpstrv (subiter_run_get_python_path (run), path);
}

static SubiterPush
push_text (SubiterRun *run,
           const char *text,
           GError **error)
{
  SubiterValue value;
  SubiterPush result;

  subiter_value_init (&value);
  subiter_value_set_string (&value, text, -1);
  result = subiter_run_try_push (run, &value, error);
  /* It is the runtime's again unless it was handed over. */
  if (result == SUBITER_PUSH_DONE)
    g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_NONE);
  else
    g_assert_cmpstr (subiter_value_get_string (&value, NULL), ==, text);
  subiter_value_clear (&value);

  return result;
}

static void
test_push (void)
{
  g_autoptr (SubiterRun) run = run_new (2, "s");
  GError *error = NULL;
  SubiterValue value;

  g_assert_true (subiter_run_is_empty (run));
  g_assert_cmpint (push_text (run, "a", &error), ==, SUBITER_PUSH_DONE);
  g_assert_cmpint (push_text (run, "b", &error), ==, SUBITER_PUSH_DONE);
  g_assert_cmpint (push_text (run, "c", &error), ==, SUBITER_PUSH_FULL);
  g_assert_no_error (error);
  g_assert_false (subiter_run_is_empty (run));

  g_assert_true (subiter_run_pop (run, &value));
  {
    g_autoptr (GVariant) item = subiter_run_take_variant (run, &value);

    g_assert_cmpstr (g_variant_get_string (item, NULL), ==, "a");
  }
  g_assert_true (subiter_run_wait_for_space (run));

  subiter_value_init (&value);
  subiter_value_set_int64 (&value, 1);
  g_assert_cmpint (subiter_run_try_push (run, &value, &error), ==, SUBITER_PUSH_REFUSED);
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE);
  g_clear_error (&error);

  subiter_run_stop (run);
  g_assert_cmpint (push_text (run, "d", &error), ==, SUBITER_PUSH_STOPPED);
  g_assert_no_error (error);
  g_assert_false (subiter_run_wait_for_space (run));
}

/* Without a type only containers have something that can be wrong. */
static void
test_push_untyped (void)
{
  g_autoptr (SubiterRun) run = run_new (2, NULL);
  g_autoptr (GVariant) dict = g_variant_ref_sink (g_variant_new_parsed ("{1: 2}"));
  GError *error = NULL;
  SubiterValue value;

  g_assert_cmpint (push_text (run, "a", &error), ==, SUBITER_PUSH_DONE);
  subiter_test_value_from_variant (&value, dict);
  g_assert_cmpint (subiter_run_try_push (run, &value, &error), ==, SUBITER_PUSH_REFUSED);
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE);
  g_clear_error (&error);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_DICT);
  subiter_value_clear (&value);
}

static void
test_stop (void)
{
  g_autoptr (SubiterRun) run = run_new (1, NULL);

  g_assert_false (subiter_run_is_stopping (run));
  g_assert_true (subiter_run_stop (run));
  g_assert_true (subiter_run_is_stopping (run));
  g_assert_false (subiter_run_stop (run));
  g_assert_true (subiter_run_wait (run, -1));
  g_assert_true (subiter_run_wait (run, 0));
}

static gpointer
wait_main (gpointer data)
{
  return GINT_TO_POINTER (subiter_run_wait (data, -1));
}

static void
test_wait (void)
{
  g_autoptr (SubiterRun) run = run_new (1, NULL);
  gint64 began = g_get_monotonic_time ();
  GThread *thread;

  g_assert_false (subiter_run_wait (run, 0));
  g_assert_false (subiter_run_wait (run, 5000));
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 5000);

  thread = g_thread_new ("worker", wait_main, run);
  subiter_run_stop (run);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
  g_assert_true (subiter_run_wait (run, G_MAXINT64));
}

static void
test_end (void)
{
  g_autoptr (SubiterRun) run = run_new (1, NULL);
  g_autoptr (SubiterRun) other = run_new (1, NULL);

  g_assert_false (subiter_run_has_ended (run));
  g_assert_true (subiter_run_end (run, NULL));
  g_assert_true (subiter_run_has_ended (run));
  g_assert_no_error (subiter_run_get_error (run));

  /* Only the first end counts. */
  g_assert_false (subiter_run_end (run, g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_RAISED, "late")));
  subiter_run_fail (run, g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_RAISED, "late"));
  g_assert_no_error (subiter_run_get_error (run));

  subiter_run_fail (other, g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_RAISED, "first"));
  subiter_run_finish (other);
  g_assert_error (subiter_run_get_error (other), SUBITER_ERROR, SUBITER_ERROR_RAISED);
  g_assert_cmpstr (subiter_run_get_error (other)->message, ==, "first");
}

/* The events that wait, as text; their number is added to @n_events. */
static char *
take_events (SubiterRun *run,
             guint *n_events)
{
  gboolean has_waited;
  GQueue *events = subiter_event_queue_take (subiter_run_get_events (run), &has_waited);
  GString *text = g_string_new (NULL);

  if (events == NULL)
    return g_string_free_and_steal (text);

  for (GList *l = events->head; l != NULL; l = l->next)
    {
      SubiterEvent *event = l->data;

      if (n_events != NULL)
        (*n_events)++;
      g_string_append_printf (text, "%s[%s]",
                              event->kind == SUBITER_EVENT_LOG
                                ? "log"
                                : event->stream == SUBITER_STREAM_STDERR ? "err" : "out",
                              event->text->str);
    }
  g_queue_free_full (events, (GDestroyNotify) subiter_event_free);

  return g_string_free_and_steal (text);
}

static void
test_events (void)
{
  g_autoptr (SubiterRun) run = run_new (1, NULL);
  g_autofree char *text = NULL;
  guint n_events = 0;
  gboolean has_waited;

  g_assert_null (subiter_event_queue_take (subiter_run_get_events (run), &has_waited));
  g_assert_false (has_waited);
  g_assert_false (!subiter_event_queue_is_empty (subiter_run_get_events (run)));

  /* Pieces of one stream are joined, and the order is kept. */
  subiter_run_write_output (run, SUBITER_STREAM_STDOUT, "a", 1);
  subiter_run_write_output (run, SUBITER_STREAM_STDOUT, "bcd", 2);
  subiter_run_write_output (run, SUBITER_STREAM_STDERR, "e", 1);
  subiter_run_write_output (run, SUBITER_STREAM_STDERR, "", 0);
  subiter_run_write_output (run, SUBITER_STREAM_STDOUT, "f", 1);
  subiter_run_log (run, G_LOG_LEVEL_MESSAGE, "one");
  subiter_run_log (run, G_LOG_LEVEL_MESSAGE, "two");
  subiter_run_write_output (run, SUBITER_STREAM_STDOUT, "g", 1);
  text = take_events (run, &n_events);
  g_assert_cmpstr (text, ==, "out[abc]err[e]out[f]log[one]log[two]out[g]");
  g_assert_cmpuint (n_events, ==, 6);
  g_assert_null (subiter_event_queue_take (subiter_run_get_events (run), &has_waited));
}

typedef struct
{
  SubiterRun *run;
  gboolean logs;
  _Atomic int n_written;
  SubiterTestFlag done;
} Writer;

static gpointer
write_main (gpointer data)
{
  Writer *writer = data;
  g_autofree char *line = g_strnfill (1000, 'x');

  while (!subiter_run_is_stopping (writer->run))
    {
      if (writer->logs)
        subiter_run_log (writer->run, G_LOG_LEVEL_MESSAGE, "");
      else
        subiter_run_write_output (writer->run, SUBITER_STREAM_STDOUT, line, 1000);
      atomic_fetch_add (&writer->n_written, 1);
    }
  subiter_test_flag_set (&writer->done);

  return NULL;
}

/* Whoever writes without end waits for whoever reads; also if it writes
 * nothing, many times. */
static void
test_backpressure (void)
{
  for (int logs = 0; logs < 2; logs++)
    {
      g_autoptr (SubiterRun) run = run_new (1, NULL);
      Writer writer = { .run = run, .logs = logs };
      int most = 256 * 1024 / (logs ? (int) sizeof (SubiterEvent) : 1000) + 1;
      GThread *thread = g_thread_new ("writer", write_main, &writer);
      int n_written = -1;
      gboolean has_waited;
      GQueue *events;

      /* It has come to a halt when it has not moved for a while; it would not
       * be wrong to look too early. */
      while (atomic_load (&writer.n_written) != n_written)
        {
          n_written = atomic_load (&writer.n_written);
          g_assert_cmpint (n_written, <=, most);
          g_usleep (20000);
        }
      events = subiter_event_queue_take (subiter_run_get_events (run), &has_waited);
      g_assert_true (has_waited);
      g_queue_free_full (events, (GDestroyNotify) subiter_event_free);
      subiter_test_block_until (atomic_load (&writer.n_written) > n_written);

      subiter_run_stop (run);
      g_thread_join (thread);
      g_assert_true (subiter_test_flag_is_set (&writer.done));
    }
}

/* While somebody blocks for an item, who may be the one who would read, it does
 * not wait. */
static void
test_blocking (void)
{
  g_autoptr (SubiterRun) run = run_new (1, NULL);
  Writer writer = { .run = run };
  GThread *thread = g_thread_new ("writer", write_main, &writer);

  subiter_event_queue_begin_blocking (subiter_run_get_events (run));
  subiter_test_block_until (atomic_load (&writer.n_written) > 1000);
  subiter_event_queue_end_blocking (subiter_run_get_events (run));
  subiter_run_stop (run);
  g_thread_join (thread);
  g_assert_true (!subiter_event_queue_is_empty (subiter_run_get_events (run)));
}

static void
test_progress (void)
{
  g_autoptr (SubiterRun) run = run_new (1, NULL);
  g_autofree char *text = NULL;
  double fraction = -1.0;

  g_assert_false (subiter_run_take_progress (run, &fraction, &text));
  subiter_run_set_progress (run, 0.25, "first");
  subiter_run_set_progress (run, 0.5, "second");
  g_assert_true (subiter_run_take_progress (run, &fraction, &text));
  g_assert_cmpfloat (fraction, ==, 0.5);
  g_assert_cmpstr (text, ==, "second");
  g_clear_pointer (&text, g_free);
  g_assert_false (subiter_run_take_progress (run, &fraction, &text));

  subiter_run_set_progress (run, 17.0, NULL);
  g_assert_true (subiter_run_take_progress (run, &fraction, &text));
  g_assert_cmpfloat (fraction, ==, 1.0);
  g_assert_null (text);
  subiter_run_set_progress (run, -1.0, NULL);
  g_assert_true (subiter_run_take_progress (run, &fraction, &text));
  g_assert_cmpfloat (fraction, ==, 0.0);
}

/* Not a number is no progress. */
static void
test_progress_nan (void)
{
  g_autoptr (SubiterRun) run = run_new (1, NULL);
  g_autofree char *text = NULL;
  double fraction = -1.0;

  subiter_run_set_progress (run, g_ascii_strtod ("nan", NULL), "what");
  g_assert_true (subiter_run_take_progress (run, &fraction, &text));
  g_assert_true (fraction >= 0.0 && fraction <= 1.0);
}

/* Output that no one wants goes to the program's own streams, and waits for
 * a slow reader of those without a loss. */
static void
test_forward (void)
{
  const int streams[] = { STDOUT_FILENO, STDERR_FILENO };

  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autoptr (SubiterRun) run = run_new (1, NULL);
      char buffer[8] = "";
      int fds[2];
      int saved;

      g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
      fflush (stdout);
      saved = dup (streams[i]);
      g_assert_cmpint (dup2 (fds[1], streams[i]), >=, 0);
      subiter_run_set_forward_output (run, TRUE);
      subiter_run_write_output (run, streams[i] == STDERR_FILENO ? SUBITER_STREAM_STDERR : SUBITER_STREAM_STDOUT,
                                "text", 4);
      dup2 (saved, streams[i]);
      close (saved);
      close (fds[1]);

      g_assert_cmpint (read (fds[0], buffer, sizeof buffer), ==, 4);
      g_assert_cmpstr (buffer, ==, "text");
      g_assert_false (!subiter_event_queue_is_empty (subiter_run_get_events (run)));
      close (fds[0]);
    }
}

typedef struct
{
  int fd;
  gsize n_read;
} Reader;

static gpointer
read_main (gpointer data)
{
  Reader *reader = data;
  char buffer[4096];
  gssize n;

  while ((n = read (reader->fd, buffer, sizeof buffer)) > 0)
    reader->n_read += (gsize) n;

  return NULL;
}

static void
test_forward_nonblocking (void)
{
  const gsize length = 1000000;
  g_autoptr (SubiterRun) run = run_new (1, NULL);
  g_autofree char *text = g_strnfill (length, 'x');
  Reader reader = { 0 };
  GThread *thread;
  int fds[2];
  int saved;

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  g_assert_cmpint (fcntl (fds[1], F_SETFL, O_NONBLOCK), ==, 0);
  fflush (stdout);
  saved = dup (STDOUT_FILENO);
  g_assert_cmpint (dup2 (fds[1], STDOUT_FILENO), >=, 0);
  reader.fd = fds[0];
  thread = g_thread_new ("reader", read_main, &reader);
  subiter_run_set_forward_output (run, TRUE);
  subiter_run_write_output (run, SUBITER_STREAM_STDOUT, text, length);
  dup2 (saved, STDOUT_FILENO);
  close (saved);
  close (fds[1]);
  g_thread_join (thread);
  close (fds[0]);
  g_assert_cmpuint (reader.n_read, ==, length);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/run/getters", test_getters);
  subiter_test_add ("/run/push", test_push);
  subiter_test_add ("/run/push-untyped", test_push_untyped);
  subiter_test_add ("/run/stop", test_stop);
  subiter_test_add ("/run/wait", test_wait);
  subiter_test_add ("/run/end", test_end);
  subiter_test_add ("/run/events", test_events);
  subiter_test_add ("/run/backpressure", test_backpressure);
  subiter_test_add ("/run/blocking", test_blocking);
  subiter_test_add ("/run/progress", test_progress);
  subiter_test_add ("/run/progress-nan", test_progress_nan);
  subiter_test_add ("/run/forward", test_forward);
  subiter_test_add ("/run/forward-nonblocking", test_forward_nonblocking);

  return subiter_test_run ();
}
