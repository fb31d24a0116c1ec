/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A main loop and a worker that have nothing to do, until the program is ended. */

#include "bench-support.h"

static gboolean is_there;

static void
note_item (SubiterSource *source,
           GVariant *item,
           gpointer user_data)
{
  is_there = TRUE;
}

static void
pause_at_item (SubiterSource *source,
               GVariant *item,
               gpointer user_data)
{
  subiter_source_pause (source);
  is_there = TRUE;
}

int
main (int argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SubiterSource) source = NULL;
  const char *state;

  bench_parse (argc, argv);
  state = bench_get_string ("state", "waiting");
  bench_check_arguments ();

  if (g_str_equal (state, "waiting"))
    {
      source = bench_new_source (NULL, "bench_items:silence", NULL);
      subiter_source_set_item_func (source, note_item, NULL, NULL);
      subiter_source_start (source);
      bench_wait_for (is_there);
    }
  else if (g_str_equal (state, "full"))
    {
      source = bench_new_source (NULL, "bench_items:endless", NULL);
      subiter_source_set_item_func (source, pause_at_item, NULL, NULL);
      subiter_source_start (source);
      bench_wait_for (is_there);
    }
  else if (g_str_equal (state, "ended"))
    {
      source = bench_new_items (NULL, "int", 1);
      bench_exhaust (source);
    }
  else
    {
      bench_fail ("A state is waiting, full or ended, not “%s”", state);
    }

  g_print ("ready\n");
  g_main_loop_run (loop);

  return 0;
}
