/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

#include "subiter-error.h"

/* Takes part in an iteration by next () and its like: begins it if the source
 * is idle. FALSE: the items go elsewhere. Called with the lock held. */
gboolean
subiter_source_join_iteration (SubiterSource *self,
                               GError **error)
{
  if (self->closing)
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED, "The source was closed");
      return FALSE;
    }

  if (self->state == SUBITER_STATE_IDLE)
    subiter_source_begin (self, TRUE);

  if (self->run != NULL && !self->pulls)
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_BUSY,
                           "The source was started and delivers its items by signal; call next on a "
                           "source that is idle or was rewound");
      return FALSE;
    }

  return TRUE;
}

/* How many items were taken. */
guint
subiter_source_take (SubiterSource *self,
                     SubiterRun *run,
                     SubiterTake *take)
{
  SubiterValue value;
  guint n_items = 0;

  subiter_lock (&self->pull_lock);
  if (take->max_items > 0)
    {
      take->batch = subiter_run_pop_batch (run, take->max_items);
      n_items = take->batch != NULL ? subiter_batch_get_n_items (take->batch) : 0;
    }
  else if (subiter_run_pop (run, &value))
    {
      subiter_run_settle (run);
      n_items = 1;
    }
  subiter_unlock (&self->pull_lock);

  atomic_fetch_add_explicit (&self->n_items, n_items, memory_order_relaxed);
  if (n_items > 0 && take->max_items == 0)
    take->item = subiter_run_take_variant (run, &value);

  return n_items;
}

/* What a blocked call waits for. Only atomics are looked at: it is asked with
 * the wakeup's lock held. */
typedef struct
{
  SubiterSource *self;
  SubiterRun *run;
  GCancellable *cancellable;
  /* nullable: the look at code that made no item in time */
  SubiterInspection *inspection;
  guint generation;
  gboolean is_paused;
  /* whether the worker is still at something else: no item is owed yet */
  gboolean is_queued;
} Wait;

static gboolean
wait_is_over (gpointer data)
{
  const Wait *wait = data;

  return (!wait->is_paused && (!subiter_run_is_empty (wait->run) || subiter_run_has_ended (wait->run)))
         || (wait->is_queued && subiter_run_has_begun (wait->run))
         || (wait->inspection != NULL && subiter_inspection_is_done (wait->inspection))
         || atomic_load_explicit (&wait->self->generation, memory_order_seq_cst) != wait->generation
         || g_cancellable_is_cancelled (wait->cancellable);
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer user_data)
{
  subiter_wakeup_notify (user_data);
}

/* Whoever waits for items is to hear of it. For g_cancellable_disconnect (); 0 if @cancellable is NULL. */
gulong
subiter_source_connect_cancellable (SubiterSource *self,
                                    GCancellable *cancellable)
{
  if (cancellable == NULL)
    return 0;

  return g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), subiter_wakeup_ref (self->wakeup),
                                (GDestroyNotify) subiter_wakeup_unref);
}

/* No item came in time for a blocked call: there is no main context that could
 * be asked whether to wait on. */
static void
time_out (SubiterSource *self,
          SubiterRun *run,
          SubiterInspection *inspection)
{
  g_autoptr (GError) error = subiter_source_make_timeout_error (self, inspection);

  subiter_lock (&self->lock);
  if (self->run == run && subiter_run_is_empty (run) && !subiter_run_has_ended (run))
    {
      subiter_source_drop_windings (self);
      g_clear_error (&self->pull_error);
      self->pull_error = g_error_copy (error);
      subiter_source_set_failure (self, error);
      subiter_source_wind_down (self, SUBITER_STATE_TIMED_OUT, FALSE);
      subiter_source_add_end (self, run, SUBITER_STATE_TIMED_OUT, NULL);
    }
  subiter_unlock (&self->lock);
  subiter_source_changed (self);
}

/* The time is up: what follows takes a moment, in which an item may still come. */
static void
look_and_time_out (Wait *wait)
{
  g_autoptr (SubiterInspection) inspection = subiter_source_inspect (wait->self, wait->run);

  wait->inspection = inspection;
  if (inspection != NULL)
    subiter_wakeup_wait (wait->self->wakeup, g_get_monotonic_time () + SUBITER_INSPECTION_TIME, FALSE,
                         wait_is_over, wait);
  wait->inspection = NULL;

  if (!wait_is_over (wait))
    time_out (wait->self, wait->run, inspection);
}

/* Since when the worker owes an item to a call that is made of several attempts, so that
 * each of them does not begin anew. */
static gint64
get_owed_since (SubiterSource *self,
                gboolean owes)
{
  gint64 since;

  subiter_lock (&self->lock);
  if (!owes)
    self->polled_since = 0;
  else if (self->polled_since == 0)
    self->polled_since = g_get_monotonic_time ();
  since = self->polled_since;
  subiter_unlock (&self->lock);

  return since;
}

/* One attempt. TRUE: the call is over, at the end of the iteration with nothing taken. */
static gboolean
try_next (SubiterSource *self,
          GCancellable *cancellable,
          gboolean interruptible,
          SubiterTake *take,
          GError **error)
{
  g_autoptr (SubiterRun) run = NULL;
  Wait wait = { .self = self, .cancellable = cancellable };
  gint64 timeout;
  gint64 since;
  gboolean has_ended;
  SubiterWait outcome;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return TRUE;

  subiter_lock (&self->lock);
  if (!subiter_source_join_iteration (self, error))
    {
      subiter_unlock (&self->lock);
      return TRUE;
    }
  if (self->run == NULL)
    {
      if (self->pull_error != NULL)
        g_propagate_error (error, g_steal_pointer (&self->pull_error));
      subiter_unlock (&self->lock);
      return TRUE;
    }
  run = subiter_run_ref (self->run);
  wait.run = run;
  wait.is_paused = self->state == SUBITER_STATE_PAUSED;
  wait.generation = atomic_load_explicit (&self->generation, memory_order_relaxed);
  wait.is_queued = self->queued && !subiter_run_has_begun (run);
  timeout = wait.is_paused || wait.is_queued ? 0 : (gint64) self->timeout * G_TIME_SPAN_MILLISECOND;
  subiter_unlock (&self->lock);

  if (!wait.is_paused)
    {
      has_ended = subiter_run_has_ended (run);
      if (subiter_source_take (self, run, take) > 0)
        {
          if (interruptible && timeout > 0)
            get_owed_since (self, FALSE);
          return TRUE;
        }
      if (has_ended)
        {
          subiter_lock (&self->lock);
          if (self->run == run)
            subiter_source_end (self, run);
          subiter_unlock (&self->lock);
          subiter_source_changed (self);
          return FALSE;
        }
    }

  since = interruptible ? get_owed_since (self, timeout > 0) : g_get_monotonic_time ();
  subiter_event_queue_begin_blocking (subiter_run_get_events (run));
  outcome = subiter_wakeup_wait (self->wakeup, timeout > 0 ? since + timeout : -1, interruptible,
                                 wait_is_over, &wait);
  if (outcome == SUBITER_WAIT_TIMED_OUT)
    look_and_time_out (&wait);
  subiter_event_queue_end_blocking (subiter_run_get_events (run));

  if (outcome == SUBITER_WAIT_TIMED_OUT && interruptible)
    get_owed_since (self, FALSE);

  return FALSE;
}

/**
 * subiter_source_next:
 * @self: a source
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Takes the next item, and begins the iteration if the source is idle. Blocks
 * until there is one: call this on a thread that no main loop runs on, or in a
 * program that has none. Several threads may call it; each item goes to one of
 * them.
 *
 * The end of the iteration is signalled in the source's main context all the
 * same. After it, this returns %NULL until [method@Subiter.Source.rewind] is
 * called. If no item comes within [property@Subiter.Source:timeout], the
 * iteration ends, whatever a handler of [signal@Subiter.Source::timeout] says.
 *
 * Errors: %G_IO_ERROR_CANCELLED, after which no item is lost;
 * %SUBITER_ERROR_BUSY if the source was started and delivers by signal;
 * %SUBITER_ERROR_CLOSED if it was closed;
 * %SUBITER_ERROR_TIMED_OUT; those of [signal@Subiter.Source::failed].
 *
 * Returns: (transfer full) (nullable): an item, or %NULL without @error set at
 *   the end of the iteration
 */
GVariant *
subiter_source_next (SubiterSource *self,
                     GCancellable *cancellable,
                     GError **error)
{
  SubiterTake take = { .max_items = 0 };
  gulong cancelled_id;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);
  g_return_val_if_fail (self->callable != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  cancelled_id = subiter_source_connect_cancellable (self, cancellable);
  g_object_ref (self);
  while (!try_next (self, cancellable, FALSE, &take, error))
    continue;
  subiter_sync_release (self);
  g_object_unref (self);

  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, cancelled_id);

  return take.item;
}

/**
 * subiter_source_poll_batch: (skip)
 * @self: a source
 * @max_items: how many items to take at most, at least 1
 * @cancellable: (nullable): a cancellable
 * @batch: (out) (transfer full) (nullable): return location for the items, none of them at the end
 *   of the iteration
 * @error: return location for an error
 *
 * Takes the items that there are, at least one, as [method@Subiter.Source.next] takes one,
 * or waits for them once.
 *
 * This is for bindings, whose language has to look after something else when a wait was
 * interrupted: on Linux it is by a handler of a Unix signal that ran on the calling
 * thread, unless that was installed with `SA_RESTART`. How often it is called makes no
 * difference to [property@Subiter.Source:timeout].
 *
 * Errors: those of [method@Subiter.Source.next].
 *
 * Returns: %TRUE if @batch or @error is set; %FALSE if there is nothing yet: call it again
 */
gboolean
subiter_source_poll_batch (SubiterSource *self,
                           guint max_items,
                           GCancellable *cancellable,
                           SubiterBatch **batch,
                           GError **error)
{
  SubiterTake take = { .max_items = max_items };
  GError *own_error = NULL;
  gulong cancelled_id;
  gboolean is_over;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), TRUE);
  g_return_val_if_fail (self->callable != NULL, TRUE);
  g_return_val_if_fail (max_items > 0, TRUE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), TRUE);
  g_return_val_if_fail (batch != NULL, TRUE);
  g_return_val_if_fail (error == NULL || *error == NULL, TRUE);

  cancelled_id = subiter_source_connect_cancellable (self, cancellable);
  g_object_ref (self);
  is_over = try_next (self, cancellable, TRUE, &take, &own_error);
  if (is_over && take.batch == NULL)
    get_owed_since (self, FALSE);
  subiter_sync_release (self);
  g_object_unref (self);

  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, cancelled_id);

  *batch = take.batch;
  if (is_over && *batch == NULL && own_error == NULL)
    *batch = subiter_batch_new (NULL);
  if (own_error != NULL)
    g_propagate_error (error, own_error);

  return is_over;
}
