/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

#include "subiter-batch-private.h"

/* What the dispatch does with items: callbacks and signals, in the source's main context
 * and without a lock. */

/* How long a batch may go on. The clock is not asked for every item, which
 * would cost more than a cheap item does, but often enough that the next look
 * comes within the budget if items go on to take as long as they did. */
typedef struct
{
  gint64 began;
  gint64 budget;
  guint max_items;
  guint n_items;
  guint next_look;
} Budget;

static void
budget_init (Budget *budget,
             SubiterSource *self)
{
  budget->began = g_get_monotonic_time ();
  budget->n_items = 0;
  budget->next_look = 1;
  subiter_lock (&self->lock);
  budget->budget = self->dispatch_budget;
  budget->max_items = self->dispatch_items;
  subiter_unlock (&self->lock);
}

/* An item has been delivered: whether there may be another one. */
static gboolean
budget_spend (Budget *budget)
{
  gint64 elapsed;
  gint64 affordable;

  budget->n_items++;
  if (budget->max_items > 0 && budget->n_items >= budget->max_items)
    return FALSE;
  if (budget->n_items < budget->next_look)
    return TRUE;

  elapsed = g_get_monotonic_time () - budget->began;
  if (elapsed >= budget->budget)
    return FALSE;

  affordable = (budget->budget - elapsed) * budget->n_items / MAX (elapsed, 1);
  budget->next_look = budget->n_items + (guint) CLAMP (affordable / 2, 1, MIN (budget->n_items, 64));

  return TRUE;
}

static gboolean
has_handlers (SubiterSource *self,
              SubiterSourceSignal signal)
{
  return g_signal_has_handler_pending (self, subiter_source_signals[signal], 0, TRUE);
}

/* How many items are copied out of the ring together, at most. */
#ifdef SUBITER_WITHOUT_HAND
#define MAX_HAND 1
#else
#define MAX_HAND 32
#endif

/* How many items one emission of "items" has at most. */
#define MAX_ARRAY 1024

/* Who takes the items of one dispatch. Whether there are handlers is asked only once: it
 * costs more than a cheap item does. */
typedef struct
{
  SubiterSource *self;
  SubiterRun *run;
  guint generation;

  SubiterItemFunc func;
  gpointer func_data;
  gboolean has_item_handlers;
  /* what the next emission of "items" is to have; NULL: there are no handlers */
  SubiterBatch *batch;

  /* the next items, copied together: the producer writes to the same cache lines. They are
   * in the ring until all of them are delivered, or until it is over, so that those that
   * are not stay there. */
  SubiterValue hand[MAX_HAND];
  guint n_hand;
  guint n_delivered;
} Delivery;

static gboolean
delivery_init (Delivery *delivery,
               SubiterSource *self,
               SubiterRun *run)
{
  gboolean is_current;

  delivery->self = self;
  delivery->run = run;
  delivery->n_hand = 0;
  delivery->n_delivered = 0;

  subiter_lock (&self->lock);
  delivery->func = self->item_func;
  delivery->func_data = self->item_func_data;
  delivery->generation = atomic_load_explicit (&self->generation, memory_order_relaxed);
  is_current = self->run == run && self->state == SUBITER_STATE_RUNNING;
  subiter_unlock (&self->lock);

  delivery->has_item_handlers = has_handlers (self, SUBITER_SOURCE_SIGNAL_ITEM);
  delivery->batch = has_handlers (self, SUBITER_SOURCE_SIGNAL_ITEMS) ? subiter_run_make_batch (run) : NULL;

  return is_current;
}

/* Somebody has started, stopped, paused or let go of the source. */
static gboolean
delivery_is_over (const Delivery *delivery)
{
  return atomic_load_explicit (&delivery->self->generation, memory_order_relaxed) != delivery->generation
         || subiter_source_is_dropped (delivery->self);
}

static void
delivery_flush (Delivery *delivery)
{
  SubiterSource *self = delivery->self;
  g_autoptr (SubiterBatch) batch = NULL;
  g_autoptr (GVariant) items = NULL;
  gboolean is_current;

  if (delivery->batch == NULL || subiter_batch_get_n_items (delivery->batch) == 0)
    return;

  batch = g_steal_pointer (&delivery->batch);
  delivery->batch = subiter_run_make_batch (delivery->run);

  /* A pause came after these items, and a stop before. */
  subiter_lock (&self->lock);
  is_current = self->run == delivery->run;
  subiter_unlock (&self->lock);
  if (!is_current || subiter_source_is_dropped (self))
    return;

  items = subiter_batch_to_variant (batch);
  g_signal_emit (self, subiter_source_signals[SUBITER_SOURCE_SIGNAL_ITEMS], 0, items);
}

static void
delivery_advance (Delivery *delivery)
{
  subiter_run_advance (delivery->run, delivery->n_delivered);
  delivery->n_hand = 0;
  delivery->n_delivered = 0;
}

static void
delivery_clear (Delivery *delivery)
{
  delivery_advance (delivery);
  subiter_run_settle (delivery->run);
  delivery_flush (delivery);
  g_clear_pointer (&delivery->batch, subiter_batch_unref);
}

static void
deliver_item (Delivery *delivery,
              SubiterValue *value)
{
  SubiterSource *self = delivery->self;

  if (delivery->func != NULL || delivery->has_item_handlers)
    {
      g_autoptr (GVariant) item = NULL;

      item = delivery->batch != NULL ? subiter_run_dup_variant (delivery->run, value)
                                     : subiter_run_take_variant (delivery->run, value);
      if (delivery->func != NULL)
        delivery->func (self, item, delivery->func_data);
      if (delivery->has_item_handlers && !subiter_source_is_dropped (self))
        g_signal_emit (self, subiter_source_signals[SUBITER_SOURCE_SIGNAL_ITEM], 0, item);
    }

  if (delivery->batch != NULL)
    {
      subiter_batch_append (delivery->batch, value);
      if (subiter_batch_get_n_items (delivery->batch) == MAX_ARRAY)
        delivery_flush (delivery);
    }
  else
    {
      subiter_value_clear (value);
    }
}

static gboolean
has_news (gpointer data)
{
  const Delivery *delivery = data;

  return !subiter_run_is_empty (delivery->run) || subiter_run_has_ended (delivery->run)
         || delivery_is_over (delivery);
}

static gboolean
fill_hand (Delivery *delivery)
{
  delivery_advance (delivery);
  delivery->n_hand = subiter_run_peek (delivery->run, delivery->hand, MAX_HAND);

  return delivery->n_hand > 0;
}

/* FALSE: there is no item, and there will be none in a moment. */
static gboolean
next_item (Delivery *delivery,
           SubiterValue *value)
{
  if (delivery->n_delivered == delivery->n_hand && !fill_hand (delivery))
    {
      delivery_flush (delivery);
      if (!subiter_spin_until (&delivery->self->spin, subiter_run_get_patience (delivery->run), has_news, delivery)
          || delivery_is_over (delivery) || !fill_hand (delivery))
        return FALSE;
    }

  *value = delivery->hand[delivery->n_delivered++];

  /* With the last, before what is done with it, however long that takes: the worker may go on. */
  if (delivery->n_delivered == delivery->n_hand)
    delivery_advance (delivery);

  return TRUE;
}

/* Delivers items by callback and signal until there are none, the budget is
 * spent, or somebody starts, stops or pauses. */
guint
subiter_source_deliver_items (SubiterSource *self,
                              SubiterRun *run)
{
  Delivery delivery;
  SubiterValue value;
  Budget budget;

  if (!delivery_init (&delivery, self, run))
    {
      g_clear_pointer (&delivery.batch, subiter_batch_unref);
      return 0;
    }

  budget_init (&budget, self);
  while (!delivery_is_over (&delivery) && next_item (&delivery, &value))
    {
      atomic_fetch_add_explicit (&self->n_items, 1, memory_order_relaxed);
      deliver_item (&delivery, &value);
      if (!budget_spend (&budget))
        break;
    }
  delivery_clear (&delivery);

  return budget.n_items;
}
