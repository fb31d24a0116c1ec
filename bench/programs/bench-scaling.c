/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Several workers at once that compute. */

#include "bench-support.h"

static gint64 n_items;
static gint64 n_finished;

static void
take_item (SubiterSource *source,
           GVariant *item,
           gpointer user_data)
{
  n_items++;
}

static void
on_finished (SubiterSource *source,
             gpointer user_data)
{
  n_finished++;
}

static void
on_failed (SubiterSource *source,
           GError *error,
           gpointer user_data)
{
  bench_fail ("A source failed: %s", error->message);
}

static SubiterSource *
make_source (SubiterInterpreter *interpreter,
             gint64 n)
{
  SubiterSource *source = bench_new_source (interpreter, "bench_items:compute", g_variant_new ("(x)", n));

  subiter_source_set_item_func (source, take_item, NULL, NULL);

  return source;
}

int
main (int argc,
      char **argv)
{
  g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 n_workers;
  gint64 n_expected;
  gint64 began;
  gint64 ended;

  bench_parse (argc, argv);
  n_workers = bench_get_int ("workers", 2);
  n_expected = bench_get_int ("items", 100);
  bench_check_arguments ();

  for (gint64 i = 0; i < n_workers; i++)
    {
      g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);
      g_autoptr (SubiterSource) used = make_source (interpreter, 1);
      SubiterSource *source;

      bench_exhaust (used);
      source = make_source (interpreter, n_expected / n_workers + (i < n_expected % n_workers));
      g_signal_connect (source, "finished", G_CALLBACK (on_finished), NULL);
      g_signal_connect (source, "failed", G_CALLBACK (on_failed), NULL);
      g_ptr_array_add (sources, source);
    }
  n_items = 0;

  began = bench_now ();
  for (guint i = 0; i < sources->len; i++)
    subiter_source_start (g_ptr_array_index (sources, i));
  bench_wait_for (n_finished == n_workers);
  ended = bench_now ();

  bench_put ("items", (double) n_items);
  bench_put ("seconds", (double) (ended - began) / 1e9);
  for (guint i = 0; i < sources->len; i++)
    bench_close (g_ptr_array_index (sources, i));
  bench_print ();

  return 0;
}
