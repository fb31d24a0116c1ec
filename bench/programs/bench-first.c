/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long it takes from the start of a source to its first item: where nothing
 * is there yet, with an interpreter of its own where Python is there, and with
 * one that was used before. */

#include "bench-support.h"

static gint64 arrived;

static void
note_arrival (SubiterSource *source,
              GVariant *item,
              gpointer user_data)
{
  arrived = bench_now ();
}

/* In µs. */
static double
measure (SubiterSource *source)
{
  gint64 began = bench_now ();

  arrived = 0;
  bench_exhaust (source);

  return (double) (arrived - began) / 1000;
}

static SubiterSource *
make_source (void)
{
  SubiterSource *source = bench_new_items (NULL, "int", 1);

  subiter_source_set_item_func (source, note_arrival, NULL, NULL);

  return source;
}

int
main (int argc,
      char **argv)
{
  g_autoptr (SubiterSource) first = make_source ();
  g_autoptr (GArray) delays = g_array_new (FALSE, FALSE, sizeof (double));
  const char *what;
  double process;
  gint64 n;

  bench_parse (argc, argv);
  what = bench_get_string ("what", "interpreter");
  n = bench_get_int ("times", 10);
  bench_check_arguments ();

  process = measure (first);
  if (g_str_equal (what, "process"))
    {
      g_array_append_val (delays, process);
    }
  else if (g_str_equal (what, "interpreter"))
    {
      for (gint64 i = 0; i < n; i++)
        {
          g_autoptr (SubiterSource) source = make_source ();
          double delay = measure (source);

          g_array_append_val (delays, delay);
          bench_close (source);
        }
    }
  else if (g_str_equal (what, "used"))
    {
      for (gint64 i = 0; i < n; i++)
        {
          double delay = measure (first);

          g_array_append_val (delays, delay);
        }
    }
  else
    {
      bench_fail ("What is measured is process, interpreter or used, not “%s”", what);
    }

  bench_put_percentiles ("us", delays);
  bench_close (first);
  bench_print ();

  return 0;
}
