/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a user's first program may look like; built with what pkg-config says. */

#include <subiter.h>

static void
on_item (SubiterSource *source,
         GVariant *item,
         gpointer user_data)
{
  (void) source;
  (void) user_data;
  g_print ("%" G_GINT64_FORMAT "\n", g_variant_get_int64 (item));
}

static void
on_finished (SubiterSource *source,
             GMainLoop *loop)
{
  (void) source;
  g_main_loop_quit (loop);
}

static void
on_failed (SubiterSource *source,
           GError *error,
           GMainLoop *loop)
{
  (void) source;
  g_printerr ("%s\n", error->message);
  g_main_loop_quit (loop);
}

int
main (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (SubiterSource) source = NULL;

  source = subiter_source_new_for_entry_point ("builtins:range", g_variant_new ("(i)", 5), &error);
  if (source == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  g_signal_connect (source, "item", G_CALLBACK (on_item), NULL);
  g_signal_connect (source, "finished", G_CALLBACK (on_finished), loop);
  g_signal_connect (source, "failed", G_CALLBACK (on_failed), loop);
  subiter_source_start (source);
  g_main_loop_run (loop);

  return 0;
}
