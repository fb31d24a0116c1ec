/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Interpreters that come and go: each is made, imports, is iterated and is
 * closed. After each cycle, what the process has is printed; of what must not
 * grow at all, this program says so itself. */

#include "soak-process.h"

#include <stdatomic.h>
#include <subiter.h>

#define N_ITEMS 20

typedef struct
{
  gint64 n_items;
  gboolean is_finished;
  gboolean is_closed;
} Cycle;

static _Atomic int n_sources;
static _Atomic int n_interpreters;

static void
count_down (gpointer data)
{
  atomic_fetch_sub ((_Atomic int *) data, 1);
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         Cycle *cycle)
{
  g_assert_cmpint (g_variant_get_int64 (item), ==, cycle->n_items);
  cycle->n_items++;
}

static void
on_finished (SubiterSource *source,
             Cycle *cycle)
{
  cycle->is_finished = TRUE;
}

static void
on_failed (SubiterSource *source,
           GError *error,
           Cycle *cycle)
{
  g_assert_no_error (error);
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  Cycle *cycle = user_data;
  GError *error = NULL;

  subiter_source_close_finish (SUBITER_SOURCE (object), result, &error);
  g_assert_no_error (error);
  cycle->is_closed = TRUE;
}

static void
run_cycle (void)
{
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterCallable) bound = NULL;
  SubiterSource *source;
  Cycle cycle = { 0 };
  GError *error = NULL;

  callable = subiter_callable_new_for_source_code (SOAK_CODE, "items", &error);
  g_assert_no_error (error);
  bound = subiter_callable_bind (callable, g_variant_new ("(i)", N_ITEMS), NULL, &error);
  g_assert_no_error (error);
  source = subiter_source_new (bound);
  n_sources++;
  n_interpreters++;
  g_object_set_data_full (G_OBJECT (source), "soak", (gpointer) &n_sources, count_down);
  g_object_set_data_full (G_OBJECT (subiter_source_get_interpreter (source)), "soak", (gpointer) &n_interpreters,
                          count_down);
  g_signal_connect (source, "item", G_CALLBACK (on_item), &cycle);
  g_signal_connect (source, "finished", G_CALLBACK (on_finished), &cycle);
  g_signal_connect (source, "failed", G_CALLBACK (on_failed), &cycle);

  subiter_source_start (source);
  soak_wait_for (cycle.is_finished);
  g_assert_cmpint (cycle.n_items, ==, N_ITEMS);
  subiter_source_close_async (source, NULL, on_closed, &cycle);
  soak_wait_for (cycle.is_closed);
  g_object_unref (source);

  /* The worker says that it is gone as the last thing that it does. */
  soak_wait_for (soak_count_threads ("subiter-") == 0);
}

static int
count_instances (void)
{
  const GType types[] = { SUBITER_TYPE_SOURCE, SUBITER_TYPE_INTERPRETER, G_TYPE_TASK, G_TYPE_CANCELLABLE };
  int n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    n += g_type_get_instance_count (types[i]);

  return n;
}

/* Only a GLib that was built for it does. */
static gboolean
counts_instances (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  return g_type_get_instance_count (G_TYPE_CANCELLABLE) > 0;
}

int
main (int argc,
      char **argv)
{
  guint n_cycles = argc > 1 ? (guint) atoi (argv[1]) : 60;
  guint n_warm_up = argc > 2 ? (guint) atoi (argv[2]) : 20;
  guint n_threads = 0;
  gint64 began = 0;
  guint n_files = 0;
  int n_instances = 0;

  for (guint i = 0; i < n_warm_up + n_cycles; i++)
    {
      if (i == n_warm_up)
        {
          began = g_get_monotonic_time ();
          n_files = soak_count_files ();
          n_threads = soak_count_threads (NULL);
          n_instances = count_instances ();
        }
      run_cycle ();
      g_assert_cmpint (n_sources, ==, 0);
      g_assert_cmpint (n_interpreters, ==, 0);
      if (i >= n_warm_up)
        {
          g_assert_cmpuint (soak_count_files (), ==, n_files);
          /* One of the library's own that begins has no name yet. */
          soak_wait_for (soak_count_threads (NULL) <= n_threads);
          g_assert_cmpuint (soak_count_threads (NULL), ==, n_threads);
          g_assert_cmpint (count_instances (), ==, n_instances);
          soak_print_memory ();
        }
    }
  soak_print_figure ("ms-per-cycle", (double) (g_get_monotonic_time () - began) / 1000.0 / n_cycles);
  soak_print_figure ("files", n_files);
  soak_print_figure ("threads", n_threads);
  if (counts_instances ())
    soak_print_figure ("instances", n_instances);

  /* What the library has for itself goes as well. */
  soak_wait_for (soak_count_entries ("/proc/self/task") <= n_threads);

  return 0;
}
