/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How late a timer is beside a source whose items never end. */

#include "bench-support.h"

#define INTERVAL_MS 10

typedef struct
{
  SubiterSource *source;
  GArray *delays;
  gint64 due;
  gint64 until;
  gint64 n_items;
  gboolean is_over;
} Flood;

static gboolean
on_timer (gpointer user_data)
{
  Flood *flood = user_data;
  gint64 now = bench_now ();
  double delay = (double) (now - flood->due) / 1e6;

  /* GLib counts from when it looked at the clock, which is a moment before. */
  delay = MAX (delay, 0);
  g_array_append_val (flood->delays, delay);
  flood->due = g_source_get_time (g_main_current_source ()) * 1000 + INTERVAL_MS * 1000000;
  if (now < flood->until)
    return G_SOURCE_CONTINUE;
  flood->is_over = TRUE;

  return G_SOURCE_REMOVE;
}

static void
take_item (SubiterSource *source,
           GVariant *item,
           gpointer user_data)
{
  Flood *flood = user_data;

  /* The time begins when the flood does. */
  if (flood->n_items++ == 0)
    {
      flood->due = bench_now () + INTERVAL_MS * 1000000;
      flood->until += bench_now ();
      g_timeout_add (INTERVAL_MS, on_timer, flood);
    }
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         Flood *flood)
{
  take_item (source, item, flood);
}

int
main (int argc,
      char **argv)
{
  g_autoptr (SubiterSource) source = NULL;
  Flood flood = { .delays = g_array_new (FALSE, FALSE, sizeof (double)) };
  const char *consumer;
  gint64 ms;

  bench_parse (argc, argv);
  consumer = bench_get_string ("consumer", "callback");
  ms = bench_get_int ("ms", 1000);
  flood.until = ms * 1000000;
  bench_check_arguments ();

  source = bench_new_source (NULL, "bench_items:endless", NULL);
  subiter_source_set_buffer_size (source, 1024);
  if (g_str_equal (consumer, "callback"))
    subiter_source_set_item_func (source, take_item, &flood, NULL);
  else if (g_str_equal (consumer, "signal"))
    g_signal_connect (source, "item", G_CALLBACK (on_item), &flood);
  else
    bench_fail ("A consumer is callback or signal, not “%s”", consumer);
  subiter_source_start (source);
  bench_wait_for (flood.is_over);
  subiter_source_stop (source);

  bench_put ("items_per_s", (double) flood.n_items / ((double) ms / 1000));
  bench_put_percentiles ("late_ms", flood.delays);
  bench_close (source);
  g_array_unref (flood.delays);
  bench_print ();

  return 0;
}
