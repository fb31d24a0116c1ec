/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long an item is on its way to a consumer in C, and how long it takes to
 * ask for one and have it, on an interpreter that was used before. */

#include "bench-support.h"

static void
note_delay (SubiterSource *source,
            GVariant *item,
            gpointer user_data)
{
  GArray *delays = user_data;
  double delay = (double) (bench_now () - g_variant_get_int64 (item)) / 1000;

  g_array_append_val (delays, delay);
}

/* Of paced items, each of which is the time at which it was made. */
static void
measure_one_way (SubiterInterpreter *interpreter,
                 GArray *delays,
                 gint64 n_items,
                 gint64 interval_us)
{
  g_autoptr (SubiterSource) source = NULL;

  source = bench_new_source (interpreter, "bench_items:stamps", g_variant_new ("(xx)", n_items, interval_us));
  subiter_source_set_item_func (source, note_delay, delays, NULL);
  bench_exhaust (source);
  bench_close (source);
}

/* Of sources with one item, from the start to the end. */
static void
measure_round_trips (SubiterInterpreter *interpreter,
                     GArray *delays,
                     gint64 n_items)
{
  g_autoptr (SubiterSource) source = bench_new_items (interpreter, "int", 1);

  /* Now it is used. */
  bench_exhaust (source);
  for (gint64 i = 0; i < n_items; i++)
    {
      gint64 began = bench_now ();
      double delay;

      bench_exhaust (source);
      delay = (double) (bench_now () - began) / 1000;
      g_array_append_val (delays, delay);
    }
  bench_close (source);
}

static gboolean is_answered;

static void
note_answer (GObject *object,
             GAsyncResult *result,
             gpointer user_data)
{
  const gint64 *expected = user_data;
  g_autoptr (GVariant) answer = NULL;
  GError *error = NULL;

  answer = subiter_interpreter_call_finish (SUBITER_INTERPRETER (object), result, &error);
  if (answer == NULL)
    bench_fail ("The call failed: %s", error->message);
  if (g_variant_get_int64 (answer) != *expected)
    bench_fail ("The answer is %" G_GINT64_FORMAT, g_variant_get_int64 (answer));
  is_answered = TRUE;
}

/* Of calls, each with an argument of its own, until it comes back. */
static void
measure_calls (SubiterInterpreter *interpreter,
               GArray *delays,
               gint64 n_items)
{
  g_autoptr (SubiterCallable) callable = NULL;
  GError *error = NULL;

  callable = subiter_callable_new_for_entry_point ("builtins:abs", &error);
  if (callable == NULL)
    bench_fail ("%s", error->message);
  /* The first one looks the function up. */
  for (gint64 i = -1; i < n_items; i++)
    {
      g_autoptr (SubiterCallable) bound = NULL;
      gint64 expected = ABS (i);
      gint64 began = bench_now ();
      double delay;

      bound = subiter_callable_bind (callable, g_variant_new ("(x)", i), NULL, &error);
      if (bound == NULL)
        bench_fail ("%s", error->message);
      is_answered = FALSE;
      subiter_interpreter_call_async (interpreter, bound, NULL, note_answer, &expected);
      bench_wait_for (is_answered);
      delay = (double) (bench_now () - began) / 1000;
      if (i >= 0)
        g_array_append_val (delays, delay);
    }
}

int
main (int argc,
      char **argv)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);
  g_autoptr (SubiterSource) used = NULL;
  g_autoptr (GArray) delays = g_array_new (FALSE, FALSE, sizeof (double));
  const char *what;
  gint64 n_items;
  gint64 interval_us;

  bench_parse (argc, argv);
  what = bench_get_string ("what", "one-way");
  n_items = bench_get_int ("items", 1000);
  interval_us = bench_get_int ("interval-us", 1000);
  bench_check_arguments ();

  used = bench_new_source (interpreter, "bench_items:make", g_variant_new ("(sx)", "int", (gint64) 2));
  bench_exhaust (used);

  if (g_str_equal (what, "one-way"))
    measure_one_way (interpreter, delays, n_items, interval_us);
  else if (g_str_equal (what, "round-trip"))
    measure_round_trips (interpreter, delays, n_items);
  else if (g_str_equal (what, "call"))
    measure_calls (interpreter, delays, n_items);
  else
    bench_fail ("What is measured is one-way, round-trip or call, not “%s”", what);

  bench_put ("items", delays->len);
  bench_put_percentiles ("us", delays);
  bench_close (used);
  bench_print ();

  return 0;
}
