/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many interpreters at once, each of which produces: all of their items come,
 * in order, and then all of them go. */

#include "soak-process.h"

#include <subiter.h>

typedef struct
{
  SubiterSource *source;
  gint64 n_items;
  gboolean is_finished;
} Stream;

static gint64 n_expected;
static guint n_begun;
static guint n_finished;
static guint n_closed;

static void
on_item (SubiterSource *source,
         GVariant *item,
         Stream *stream)
{
  g_assert_cmpint (g_variant_get_int64 (item), ==, stream->n_items);
  /* All have to be there before one may go on. */
  if (stream->n_items++ == 0)
    {
      n_begun++;
      subiter_source_pause (source);
    }
}

static void
on_finished (SubiterSource *source,
             Stream *stream)
{
  g_assert_cmpint (stream->n_items, ==, n_expected);
  n_finished++;
}

static void
on_failed (SubiterSource *source,
           GError *error,
           Stream *stream)
{
  g_assert_no_error (error);
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  GError *error = NULL;

  subiter_source_close_finish (SUBITER_SOURCE (object), result, &error);
  g_assert_no_error (error);
  n_closed++;
}

static SubiterSource *
new_source (gint64 n_items)
{
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterCallable) bound = NULL;
  GError *error = NULL;

  callable = subiter_callable_new_for_source_code (SOAK_CODE, "items", &error);
  g_assert_no_error (error);
  bound = subiter_callable_bind (callable, g_variant_new ("(x)", n_items), NULL, &error);
  g_assert_no_error (error);

  return subiter_source_new (bound);
}

static void
run (guint n,
     gint64 n_items)
{
  g_autofree Stream *streams = g_new0 (Stream, n);
  gint64 rss = soak_get_rss ();
  gint64 began = g_get_monotonic_time ();

  n_expected = n_items;
  n_begun = n_finished = n_closed = 0;
  for (guint i = 0; i < n; i++)
    {
      Stream *stream = &streams[i];

      stream->source = new_source (n_items);
      g_signal_connect (stream->source, "item", G_CALLBACK (on_item), stream);
      g_signal_connect (stream->source, "finished", G_CALLBACK (on_finished), stream);
      g_signal_connect (stream->source, "failed", G_CALLBACK (on_failed), stream);
      subiter_source_start (stream->source);
    }
  soak_wait_for (n_begun == n);
  g_assert_cmpuint (soak_count_threads ("subiter-"), ==, n);
  if (n > 1)
    {
      soak_print_figure ("ms-per-interpreter", (double) (g_get_monotonic_time () - began) / 1000.0 / n);
      soak_print_figure ("kib-per-interpreter", (double) (soak_get_rss () - rss) / n);
    }

  began = g_get_monotonic_time ();
  for (guint i = 0; i < n; i++)
    subiter_source_resume (streams[i].source);
  soak_wait_for (n_finished == n);
  if (n > 1)
    soak_print_figure ("items-per-s", (double) (n_items * n)
                       / ((double) (g_get_monotonic_time () - began) / G_TIME_SPAN_SECOND));

  began = g_get_monotonic_time ();
  for (guint i = 0; i < n; i++)
    subiter_source_close_async (streams[i].source, NULL, on_closed, NULL);
  soak_wait_for (n_closed == n);
  soak_wait_for (soak_count_threads ("subiter-") == 0);
  if (n > 1)
    soak_print_figure ("ms-per-close", (double) (g_get_monotonic_time () - began) / 1000.0 / n);
  for (guint i = 0; i < n; i++)
    g_assert_finalize_object (streams[i].source);
}

int
main (int argc,
      char **argv)
{
  guint n_files;

  g_assert_cmpint (argc, ==, 3);
  run (1, 100);
  n_files = soak_count_files ();
  run ((guint) atoi (argv[1]), g_ascii_strtoll (argv[2], NULL, 10));
  g_assert_cmpuint (soak_count_files (), ==, n_files);

  return 0;
}
