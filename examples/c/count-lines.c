/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Counts lines while a main loop runs. Usage: count-lines lines.py FOLDER */

#include <subiter.h>

static void
on_item (SubiterSource *source, GVariant *item, gpointer loop)
{
  const char *name;
  guint64 n_lines;
  g_variant_get (item, "(&st)", &name, &n_lines);
  g_print ("%4" G_GUINT64_FORMAT " %s\n", n_lines, name);
}

static void
on_failed (SubiterSource *source, const GError *error, gpointer loop)
{
  g_printerr ("%s\n", error->message);
  g_main_loop_quit (loop);
}

int
main (int argc, char **argv)
{
  if (argc != 3)
    return g_printerr ("Usage: count-lines lines.py FOLDER\n"), 2;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SubiterCallable) count = subiter_callable_new_for_file (argv[1], "count", NULL);
  g_autoptr (SubiterCallable) bound = subiter_callable_bind (count, g_variant_new ("(s)", argv[2]), NULL, NULL);
  g_autoptr (SubiterSource) source = subiter_source_new (bound);
  subiter_source_set_item_type (source, G_VARIANT_TYPE ("(st)"));
  g_signal_connect (source, "item", G_CALLBACK (on_item), NULL);
  g_signal_connect (source, "failed", G_CALLBACK (on_failed), loop);
  g_signal_connect_swapped (source, "finished", G_CALLBACK (g_main_loop_quit), loop);
  subiter_source_start (source);
  g_main_loop_run (loop);
  g_print ("%" G_GUINT64_FORMAT " files\n", subiter_source_get_n_items (source));
  return subiter_source_get_state (source) == SUBITER_STATE_FINISHED ? 0 : 1;
}
