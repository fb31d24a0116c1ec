/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A million items through libgirepository alone. */

#include "girepository-calls.h"

#include <stdio.h>

#define N_ITEMS 1000000

static GMainLoop *loop;
static gint64 n_items;
static guint n_wrong;
static guint n_ends;

static void
on_item (GObject *source,
         GVariant *item)
{
  if (!g_variant_is_of_type (item, G_VARIANT_TYPE_INT64) || g_variant_get_int64 (item) != n_items)
    n_wrong++;
  n_items++;
}

static void
on_finished (GObject *source)
{
  n_ends++;
}

static void
on_failed (GObject *source,
           GError *error)
{
  g_error ("failed: %s", error->message);
}

static void
on_closed (GObject *source,
           GAsyncResult *result,
           gpointer data)
{
  g_main_loop_quit (loop);
}

static void
close_source (GObject *source)
{
  GIArgument args[4] = { { .v_pointer = source }, { .v_pointer = NULL }, { .v_pointer = (gpointer) on_closed }, { .v_pointer = NULL } };

  calls_invoke ("Source", "close_async", args, 4, NULL, NULL);
}

int
main (void)
{
  GIArgument new_args[2] = { { .v_string = (char *) "builtins:range" } };
  g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new ("(i)", N_ITEMS));
  g_autoptr (GError) error = NULL;
  GIArgument source;

  new_args[1].v_pointer = args;
  if (!calls_load ("Subiter", "1", &error)
      || !calls_invoke ("Source", "new_for_entry_point", new_args, 2, &source, &error))
    g_error ("%s", error->message);

  loop = g_main_loop_new (NULL, FALSE);
  g_signal_connect (source.v_pointer, "item", G_CALLBACK (on_item), NULL);
  g_signal_connect (source.v_pointer, "finished", G_CALLBACK (on_finished), NULL);
  g_signal_connect (source.v_pointer, "failed", G_CALLBACK (on_failed), NULL);
  /* The end of the test: after the end of the iteration, when anything that came too often has come. */
  g_signal_connect_after (source.v_pointer, "finished", G_CALLBACK (close_source), NULL);
  calls_invoke ("Source", "start", &source, 1, NULL, NULL);
  g_main_loop_run (loop);

  printf ("1..2\n");
  printf ("%sok 1 - all of %d items in order\n", n_items == N_ITEMS && n_wrong == 0 ? "" : "not ", N_ITEMS);
  printf ("%sok 2 - finished once\n", n_ends == 1 ? "" : "not ");
  g_object_unref (source.v_pointer);
  g_main_loop_unref (loop);

  return n_items == N_ITEMS && n_wrong == 0 && n_ends == 1 ? 0 : 1;
}
