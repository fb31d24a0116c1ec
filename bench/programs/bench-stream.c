/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Items from a worker to a consumer in C, as fast as they go.
 *
 * The time is that from the start of a source on an interpreter that was used
 * before to the arrival of its last item. */

#include "bench-support.h"

typedef struct
{
  gint64 n_expected;
  gint64 n_items;
  gint64 checksum;
  gint64 busy_ns;
  gint64 ended;
  guint batch_size;
  gboolean checks_all;
  gboolean is_finished;
} Consumer;

static void
take (Consumer *consumer,
      GVariant *item)
{
  gboolean is_last = ++consumer->n_items == consumer->n_expected;

  if (consumer->checks_all || is_last)
    consumer->checksum += bench_weigh (item);
  if (consumer->busy_ns > 0)
    bench_spin_until (bench_now () + consumer->busy_ns);
  if (is_last)
    consumer->ended = bench_now ();
}

/* Several that came at once, of which each is looked at only if all are to be. */
static void
take_variants (Consumer *consumer,
               GVariant *items)
{
  gsize n;

  if (g_variant_is_of_type (items, G_VARIANT_TYPE ("ax")) && consumer->busy_ns == 0)
    {
      const gint64 *numbers = g_variant_get_fixed_array (items, &n, sizeof *numbers);

      for (gsize i = 0; consumer->checks_all && i < n; i++)
        consumer->checksum += numbers[i];
      consumer->n_items += (gint64) n;
      if (consumer->n_items == consumer->n_expected)
        {
          consumer->ended = bench_now ();
          if (!consumer->checks_all)
            consumer->checksum = numbers[n - 1];
        }
      return;
    }

  n = g_variant_n_children (items);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (items, i);
      g_autoptr (GVariant) item = NULL;

      if (g_variant_is_of_type (child, G_VARIANT_TYPE_VARIANT))
        item = g_variant_get_variant (child);
      else
        item = g_steal_pointer (&child);
      take (consumer, item);
    }
}

static void
take_values (Consumer *consumer,
             SubiterBatch *batch)
{
  const SubiterValue *values;
  guint n;

  values = subiter_batch_peek_values (batch, &n);
  for (guint i = 0; i < n; i++)
    {
      gboolean is_last = ++consumer->n_items == consumer->n_expected;

      if (consumer->checks_all || is_last)
        consumer->checksum += bench_weigh_value (&values[i]);
      if (consumer->busy_ns > 0)
        bench_spin_until (bench_now () + consumer->busy_ns);
      if (is_last)
        consumer->ended = bench_now ();
    }
}

static void
on_items (SubiterSource *source,
          GVariant *items,
          Consumer *consumer)
{
  take_variants (consumer, items);
}

static void
on_packed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  SubiterSource *source = SUBITER_SOURCE (object);
  Consumer *consumer = user_data;
  g_autoptr (SubiterBatch) batch = NULL;
  GError *error = NULL;

  batch = subiter_source_next_batch_finish_packed (source, result, &error);
  if (batch == NULL)
    bench_fail ("The source failed: %s", error->message);
  if (subiter_batch_get_n_items (batch) == 0)
    {
      consumer->is_finished = TRUE;
      return;
    }
  take_values (consumer, batch);
  subiter_source_next_batch_async (source, consumer->batch_size, NULL, on_packed, consumer);
}

static void
consume_by_polling (SubiterSource *source,
                    Consumer *consumer)
{
  gboolean is_over = FALSE;

  while (!is_over)
    {
      g_autoptr (SubiterBatch) batch = NULL;
      GError *error = NULL;

      if (!subiter_source_poll_batch (source, consumer->batch_size, NULL, &batch, &error))
        continue;
      if (batch == NULL)
        bench_fail ("The source failed: %s", error->message);
      is_over = subiter_batch_get_n_items (batch) == 0;
      take_values (consumer, batch);
    }
}

static void
take_item (SubiterSource *source,
           GVariant *item,
           gpointer user_data)
{
  take (user_data, item);
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         Consumer *consumer)
{
  take (consumer, item);
}

static void
on_batch (GObject *object,
          GAsyncResult *result,
          gpointer user_data)
{
  SubiterSource *source = SUBITER_SOURCE (object);
  Consumer *consumer = user_data;
  g_autoptr (GPtrArray) items = NULL;
  GError *error = NULL;

  items = subiter_source_next_batch_finish (source, result, &error);
  if (items == NULL)
    bench_fail ("The source failed: %s", error->message);
  if (items->len == 0)
    {
      consumer->is_finished = TRUE;
      return;
    }
  for (guint i = 0; i < items->len; i++)
    take (consumer, g_ptr_array_index (items, i));
  subiter_source_next_batch_async (source, consumer->batch_size, NULL, on_batch, consumer);
}

static void
consume_by_next (SubiterSource *source,
                 Consumer *consumer)
{
  GError *error = NULL;
  GVariant *item;

  while ((item = subiter_source_next (source, NULL, &error)) != NULL)
    {
      take (consumer, item);
      g_variant_unref (item);
    }
  if (error != NULL)
    bench_fail ("The source failed: %s", error->message);
}

static SubiterSource *
make_source (SubiterInterpreter *interpreter,
             const char *kind,
             gint64 n_items,
             gint64 produce_us)
{
  if (produce_us > 0)
    return bench_new_source (interpreter, "bench_items:slow", g_variant_new ("(sxx)", kind, n_items, produce_us));

  return bench_new_items (interpreter, kind, n_items);
}

int
main (int argc,
      char **argv)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);
  g_autoptr (SubiterSource) warm_up = NULL;
  g_autoptr (SubiterSource) source = NULL;
  Consumer consumer = { 0 };
  const char *how;
  const char *kind;
  const char *item_type;
  gboolean has_handlers = TRUE;
  gint64 produce_us;
  gint64 budget_us;
  gint64 began;

  bench_parse (argc, argv);
  how = bench_get_string ("consumer", "callback");
  kind = bench_get_string ("kind", "int");
  item_type = bench_get_string ("item-type", NULL);
  produce_us = bench_get_int ("produce-us", 0);
  budget_us = bench_get_int ("budget-us", 0);
  consumer.n_expected = bench_get_int ("items", 1000);
  consumer.busy_ns = bench_get_int ("busy-us", 0) * 1000;
  consumer.checks_all = bench_get_int ("check", 0) != 0;
  consumer.batch_size = (guint) bench_get_int ("buffer-size", 64);
  bench_check_arguments ();

  warm_up = make_source (interpreter, kind, 2, produce_us);
  bench_exhaust (warm_up);

  source = make_source (interpreter, kind, consumer.n_expected, produce_us);
  subiter_source_set_buffer_size (source, consumer.batch_size);
  if (item_type != NULL)
    subiter_source_set_item_type (source, G_VARIANT_TYPE (item_type));
  if (budget_us > 0)
    subiter_source_set_dispatch_budget (source, (guint) budget_us);
  if (g_str_equal (how, "callback"))
    subiter_source_set_item_func (source, take_item, &consumer, NULL);
  else if (g_str_equal (how, "signal"))
    g_signal_connect (source, "item", G_CALLBACK (on_item), &consumer);
  else if (g_str_equal (how, "items"))
    g_signal_connect (source, "items", G_CALLBACK (on_items), &consumer);
  else
    has_handlers = FALSE;

  bench_begin_counting ();
  began = bench_now ();
  if (has_handlers)
    {
      bench_exhaust (source);
    }
  else if (g_str_equal (how, "next-batch") || g_str_equal (how, "packed"))
    {
      subiter_source_next_batch_async (source, consumer.batch_size, NULL,
                                       g_str_equal (how, "packed") ? on_packed : on_batch, &consumer);
      bench_wait_for (consumer.is_finished);
    }
  else if (g_str_equal (how, "poll-batch"))
    {
      consume_by_polling (source, &consumer);
    }
  else if (g_str_equal (how, "next"))
    {
      consume_by_next (source, &consumer);
    }
  else
    {
      bench_fail ("There is no consumer “%s”", how);
    }
  bench_end_counting ();
  bench_put ("items", (double) consumer.n_items);
  bench_put ("checksum", (double) consumer.checksum);
  bench_put ("seconds", (double) (consumer.ended - began) / 1e9);
  bench_close (source);
  bench_close (warm_up);
  bench_print ();

  return 0;
}
