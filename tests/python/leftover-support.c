/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "leftover-support.h"

#include <dlfcn.h>

/* How long nothing takes, in µs. */
#define FAILSAFE (20 * G_TIME_SPAN_SECOND)

static guint
count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* Of those that have to do with an interpreter: the reaper, which serves all, stays for
 * a while. */
static guint
count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *id;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((id = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", id, "comm", NULL);
      g_autofree char *name = NULL;

      if (g_file_get_contents (path, &name, NULL, NULL) && !g_str_has_prefix (name, "subiter-reaper"))
        n++;
    }

  return n;
}

/* The library is in the process once an interpreter has run. */
static guint
count_interpreters (void)
{
  void *(*head) (void) = (void *(*) (void)) dlsym (RTLD_DEFAULT, "PyInterpreterState_Head");
  void *(*next) (void *) = (void *(*) (void *)) dlsym (RTLD_DEFAULT, "PyInterpreterState_Next");
  guint n = 0;

  if (head == NULL || next == NULL)
    return 0;

  for (void *interpreter = head (); interpreter != NULL; interpreter = next (interpreter))
    n++;

  return n;
}

void
census_take (Census *census)
{
  census->n_interpreters = count_interpreters ();
  census->n_threads = count_threads ();
  census->n_files = count_entries ("/proc/self/fd");
}

static gboolean
census_is_within (const Census *baseline)
{
  Census now;

  census_take (&now);

  return now.n_interpreters <= baseline->n_interpreters && now.n_threads <= baseline->n_threads
         && now.n_files <= baseline->n_files;
}

gboolean
support_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
census_wait_for (const Census *baseline)
{
  gint64 failsafe = g_get_monotonic_time () + FAILSAFE;
  Census now;

  while (!census_is_within (baseline))
    {
      if (g_get_monotonic_time () > failsafe)
        {
          census_take (&now);
          g_error ("%u interpreters, %u threads, %u files are left; there were %u, %u, %u", now.n_interpreters,
                   now.n_threads, now.n_files, baseline->n_interpreters, baseline->n_threads, baseline->n_files);
        }
      g_main_context_iteration (NULL, FALSE);
      g_usleep (5 * G_TIME_SPAN_MILLISECOND);
    }
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         Subject *subject)
{
  g_ptr_array_add (subject->items, g_variant_ref (item));
}

static void
on_output (SubiterSource *source,
           SubiterStream stream,
           const char *text,
           Subject *subject)
{
  g_string_append (subject->output, text);
}

static void
on_finished (SubiterSource *source,
             Subject *subject)
{
  subject->ended = TRUE;
}

static void
on_failed (SubiterSource *source,
           GError *error)
{
  SubiterFailure *failure = subiter_failure_from_error (error);

  g_error ("%s\n%s", error->message, failure != NULL ? subiter_failure_get_traceback (failure) : "");
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  Subject *subject = user_data;

  subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, &subject->close_error);
  subject->closed = TRUE;
}

Subject *
subject_new (const char *function,
             GVariant *args)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "..", "conformance", "modules", NULL);
  const char *const path[] = { folder, NULL };
  g_autofree char *entry_point = g_strconcat ("leftovers:", function, NULL);
  Subject *subject = g_new0 (Subject, 1);
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterCallable) bound = NULL;
  g_autoptr (GError) error = NULL;

  subject->items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  subject->output = g_string_new (NULL);
  subject->interpreter = subiter_interpreter_new (NULL);
  callable = subiter_callable_new_for_entry_point (entry_point, &error);
  g_assert_no_error (error);
  bound = subiter_callable_bind (callable, args, NULL, &error);
  g_assert_no_error (error);
  subject->source = g_object_new (SUBITER_TYPE_SOURCE, "callable", bound, "interpreter", subject->interpreter,
                                  "python-path", path, NULL);
  g_signal_connect (subject->source, "item", G_CALLBACK (on_item), subject);
  g_signal_connect (subject->source, "output", G_CALLBACK (on_output), subject);
  g_signal_connect (subject->source, "finished", G_CALLBACK (on_finished), subject);
  g_signal_connect (subject->source, "failed", G_CALLBACK (on_failed), subject);

  return subject;
}

void
subject_free (Subject *subject)
{
  g_signal_handlers_disconnect_by_data (subject->source, subject);
  g_object_unref (subject->source);
  g_object_unref (subject->interpreter);
  g_ptr_array_unref (subject->items);
  g_string_free (subject->output, TRUE);
  g_clear_error (&subject->close_error);
  g_free (subject);
}

void
subject_run (Subject *subject)
{
  subiter_source_start (subject->source);
  wait_for (subject->ended);
}

void
subject_begin_close (Subject *subject)
{
  subiter_interpreter_close_async (subject->interpreter, NULL, on_closed, subject);
}

void
subject_close (Subject *subject)
{
  subject_begin_close (subject);
  wait_for (subject->closed);
}
