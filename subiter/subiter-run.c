/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-run-private.h"

#include "subiter-callable.h"
#include "subiter-value-private.h"

/**
 * SubiterRun:
 *
 * One thing that a runtime is asked to do: to iterate a callable from its
 * start to its end, or to call one.
 *
 * This is for those who write a runtime: it gets runs from
 * [method@Subiter.Port.receive], and ends each with exactly one of
 * [method@Subiter.Run.finish] and [method@Subiter.Run.fail]. Except where
 * a method says otherwise, it may be called on the worker's thread only.
 */
G_DEFINE_BOXED_TYPE (SubiterRun, subiter_run, subiter_run_ref, subiter_run_unref)

SubiterRun *
subiter_run_new (SubiterRunKind kind,
                 guint64 stream_id,
                 SubiterCallable *callable,
                 guint buffer_size,
                 const GVariantType *item_type,
                 SubiterWakeup *wakeup)
{
  /* The ring's indices ask for cache lines of their own. */
  SubiterRun *run = g_aligned_alloc0 (1, sizeof (SubiterRun), 64);

  atomic_init (&run->ref_count, 1);
  run->kind = kind;
  run->stream_id = stream_id;
  run->callable = callable != NULL ? subiter_callable_ref (callable) : NULL;
  run->item_type = item_type != NULL ? g_variant_type_copy (item_type) : NULL;
  run->wakeup = subiter_wakeup_ref (wakeup);
  run->initializers = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_callable_unref);
  run->python_path = g_new0 (char *, 1);
  run->has_memory = subiter_ring_init (&run->ring, buffer_size);
  subiter_run_set_grace (run, SUBITER_RUN_INTERRUPT_DELAY, SUBITER_RUN_GRACE_PERIOD);
  g_mutex_init (&run->lock);
  g_cond_init (&run->changed);
  subiter_event_queue_init (&run->events);

  return run;
}

void
subiter_run_set_initializers (SubiterRun *run,
                              GPtrArray *initializers)
{
  g_ptr_array_unref (run->initializers);
  run->initializers = g_ptr_array_ref (initializers);
}

void
subiter_run_set_python_path (SubiterRun *run,
                             const char *const *python_path)
{
  g_strfreev (run->python_path);
  run->python_path = g_strdupv ((char **) python_path);
}

/* FALSE: there was none for the items that wait, so that it cannot be begun. */
gboolean
subiter_run_has_memory (SubiterRun *run)
{
  return run->has_memory;
}

/* How long the code has from when it is told to end, in ms: until it is
 * interrupted, and until it is given up. This may be called from any thread, and
 * counts for a run that is told to end after it. */
void
subiter_run_set_grace (SubiterRun *run,
                       guint interrupt_delay,
                       guint grace_period)
{
  atomic_store_explicit (&run->interrupt_delay, interrupt_delay, memory_order_relaxed);
  atomic_store_explicit (&run->grace_period, grace_period, memory_order_relaxed);
}

guint
subiter_run_get_interrupt_delay (SubiterRun *run)
{
  return atomic_load_explicit (&run->interrupt_delay, memory_order_relaxed);
}

guint
subiter_run_get_grace_period (SubiterRun *run)
{
  return atomic_load_explicit (&run->grace_period, memory_order_relaxed);
}

/* Whether output goes to the program's own standard streams, written where it
 * arises so that a slow reader of those never holds up a main loop. */
void
subiter_run_set_forward_output (SubiterRun *run,
                                gboolean forward_output)
{
  atomic_store_explicit (&run->forward_output, forward_output, memory_order_relaxed);
}

/**
 * subiter_run_ref:
 * @run: a run
 *
 * Takes a reference. This may be called from any thread.
 *
 * Returns: (transfer full): @run
 */
SubiterRun *
subiter_run_ref (SubiterRun *run)
{
  g_return_val_if_fail (run != NULL, NULL);

  atomic_fetch_add_explicit (&run->ref_count, 1, memory_order_relaxed);

  return run;
}

/**
 * subiter_run_unref:
 * @run: (transfer full): a run
 *
 * Gives a reference back. This may be called from any thread.
 */
void
subiter_run_unref (SubiterRun *run)
{
  g_return_if_fail (run != NULL);

  if (atomic_fetch_sub_explicit (&run->ref_count, 1, memory_order_acq_rel) != 1)
    return;

  subiter_ring_clear (&run->ring);
  subiter_event_queue_clear (&run->events);
  g_clear_pointer (&run->callable, subiter_callable_unref);
  g_clear_pointer (&run->item_type, g_variant_type_free);
  g_ptr_array_unref (run->initializers);
  g_strfreev (run->python_path);
  g_free (run->progress_text);
  g_clear_error (&run->error);
  subiter_wakeup_unref (run->wakeup);
  g_mutex_clear (&run->lock);
  g_cond_clear (&run->changed);
  g_aligned_free (run);
}

/**
 * subiter_run_get_kind:
 * @run: a run
 *
 * Tells what is to be done.
 *
 * Returns: the kind
 */
SubiterRunKind
subiter_run_get_kind (SubiterRun *run)
{
  g_return_val_if_fail (run != NULL, SUBITER_RUN_ITERATE);

  return run->kind;
}

/**
 * subiter_run_get_stream_id:
 * @run: a run
 *
 * Gets the number of the stream that @run belongs to. The runs of one
 * [class@Subiter.Source] have one number: a runtime keeps the iterable, and
 * that the initializers have run, by it.
 *
 * Returns: the number, unique in the process, or 0 for a run of kind %SUBITER_RUN_CALL
 */
guint64
subiter_run_get_stream_id (SubiterRun *run)
{
  g_return_val_if_fail (run != NULL, 0);

  return run->stream_id;
}

/**
 * subiter_run_get_callable:
 * @run: a run
 *
 * Gets what is to be called.
 *
 * Returns: (transfer none) (nullable): the callable, or %NULL for a run of kind
 *   %SUBITER_RUN_FORGET
 */
SubiterCallable *
subiter_run_get_callable (SubiterRun *run)
{
  g_return_val_if_fail (run != NULL, NULL);

  return run->callable;
}

/**
 * subiter_run_get_initializers:
 * @run: a run
 *
 * Gets what is to be called before the stream's first item.
 *
 * Returns: (transfer none) (element-type Subiter.Callable): the initializers,
 *   in order
 */
GPtrArray *
subiter_run_get_initializers (SubiterRun *run)
{
  g_return_val_if_fail (run != NULL, NULL);

  return run->initializers;
}

/**
 * subiter_run_get_python_path:
 * @run: a run
 *
 * Gets the folders that modules are to be looked for in first.
 *
 * Returns: (transfer none) (array zero-terminated=1) (element-type filename):
 *   the folders, in order
 */
const char *const *
subiter_run_get_python_path (SubiterRun *run)
{
  g_return_val_if_fail (run != NULL, NULL);

  return (const char *const *) run->python_path;
}

/**
 * subiter_run_try_push: (skip)
 * @run: a run
 * @value: (inout): an item; `None` is left in it if it was handed over
 * @error: return location for an error
 *
 * Hands an item to the consumer if there is room. This never blocks; it may look for room
 * for some µs if that has helped before.
 *
 * Errors: those of [method@Subiter.Value.check], if %SUBITER_PUSH_REFUSED is
 * returned.
 *
 * Returns: what became of the item
 */
SubiterPush
subiter_run_try_push (SubiterRun *run,
                      SubiterValue *value,
                      GError **error)
{
  if (G_UNLIKELY (subiter_run_is_stopping (run)))
    return SUBITER_PUSH_STOPPED;

  if ((run->item_type != NULL || subiter_value_is_container (value)) && value->kind != SUBITER_VALUE_VARIANT
      && !(run->item_type == NULL && subiter_value_is_plain (value)))
    {
      if (!subiter_value_check (value, run->item_type, error))
        return SUBITER_PUSH_REFUSED;
      if (subiter_value_is_container (value))
        subiter_value_make_if_large (value, run->item_type);
    }

  if (!subiter_ring_push (&run->ring, value)
      && !(subiter_ring_spin_for_space (&run->ring) && subiter_ring_push (&run->ring, value)))
    return SUBITER_PUSH_FULL;

  subiter_wakeup_notify_data (run->wakeup);

  return SUBITER_PUSH_DONE;
}

/**
 * subiter_run_wait_for_space:
 * @run: a run
 *
 * Blocks until the consumer has made room or the run is to end. Nothing that
 * others wait for may be held meanwhile, such as a GIL.
 *
 * Returns: %FALSE if the run is to end
 */
gboolean
subiter_run_wait_for_space (SubiterRun *run)
{
  g_return_val_if_fail (run != NULL, FALSE);

  return subiter_ring_wait_for_space (&run->ring) && !subiter_run_is_stopping (run);
}

/**
 * subiter_run_is_stopping:
 * @run: a run
 *
 * Tells whether the run is to end early. This may be called from any thread.
 *
 * Returns: whether it is
 */
gboolean
subiter_run_is_stopping (SubiterRun *run)
{
  return atomic_load_explicit (&run->stopping, memory_order_acquire) != 0;
}

/**
 * subiter_run_wait:
 * @run: a run
 * @timeout: how long to wait at most, in µs, or a negative number for ever
 *
 * Blocks until the run is to end, or has ended: a thread that the code left
 * behind may still be in here then. This may be called from any thread that
 * holds nothing that others wait for.
 *
 * Returns: whether the run is to end or has ended
 */
gboolean
subiter_run_wait (SubiterRun *run,
                  gint64 timeout)
{
  gint64 deadline;

  g_return_val_if_fail (run != NULL, TRUE);

  deadline = timeout < 0 ? -1 : g_get_monotonic_time () + MIN (timeout, G_MAXINT64 / 2);
  subiter_lock (&run->lock);
  while (!subiter_run_is_stopping (run) && !subiter_run_has_ended (run))
    {
      if (!subiter_cond_wait_until (&run->changed, &run->lock, deadline))
        break;
    }
  subiter_unlock (&run->lock);

  return subiter_run_is_stopping (run) || subiter_run_has_ended (run);
}

/* Tells the producer to end. What has been pushed stays in the ring. FALSE if
 * it had been told before. */
gboolean
subiter_run_stop (SubiterRun *run)
{
  gboolean is_first;

  subiter_lock (&run->lock);
  is_first = !atomic_exchange_explicit (&run->stopping, 1, memory_order_acq_rel);
  g_cond_broadcast (&run->changed);
  subiter_unlock (&run->lock);

  subiter_ring_close (&run->ring);
  subiter_event_queue_close (&run->events);

  return is_first;
}

/* Nobody counts the time from when a call begins, so that its consumer is woken once. */
void
subiter_run_begin (SubiterRun *run)
{
  atomic_store_explicit (&run->begun, 1, memory_order_release);
  if (run->kind != SUBITER_RUN_CALL)
    subiter_wakeup_notify (run->wakeup);
}

gboolean
subiter_run_has_begun (SubiterRun *run)
{
  return atomic_load_explicit (&run->begun, memory_order_acquire) != 0;
}

gboolean
subiter_run_end (SubiterRun *run,
                 GError *error)
{
  gboolean is_first;

  subiter_lock (&run->lock);
  is_first = !atomic_load_explicit (&run->ended, memory_order_relaxed);
  if (is_first)
    {
      subiter_event_queue_flush (&run->events);
      run->error = error;
      atomic_store_explicit (&run->ended, 1, memory_order_release);
      g_cond_broadcast (&run->changed);
    }
  subiter_unlock (&run->lock);

  subiter_event_queue_close (&run->events);
  if (is_first)
    subiter_wakeup_notify (run->wakeup);
  else
    g_clear_error (&error);

  return is_first;
}

/* Ask this before finding the ring empty: an item cannot come after it. */
gboolean
subiter_run_has_ended (SubiterRun *run)
{
  return atomic_load_explicit (&run->ended, memory_order_acquire) != 0;
}

/* Once it has ended: NULL if nothing went wrong. */
const GError *
subiter_run_get_error (SubiterRun *run)
{
  return run->error;
}

/**
 * subiter_run_finish:
 * @run: a run
 *
 * Ends the run: the iterable is exhausted, or its code has ended because the
 * run was to end.
 */
void
subiter_run_finish (SubiterRun *run)
{
  g_return_if_fail (run != NULL);

  subiter_run_end (run, NULL);
}

/**
 * subiter_run_fail: (skip)
 * @run: a run
 * @error: (transfer full): what went wrong
 *
 * Ends the run with an error.
 */
void
subiter_run_fail (SubiterRun *run,
                  GError *error)
{
  g_return_if_fail (run != NULL);
  g_return_if_fail (error != NULL);

  subiter_run_end (run, error);
}

/* Settle after the last of those that are popped together. */
gboolean
subiter_run_pop (SubiterRun *run,
                 SubiterValue *value)
{
  return subiter_ring_pop (&run->ring, value);
}

/* (transfer full): up to @max_items; NULL if there is none. */
SubiterBatch *
subiter_run_pop_batch (SubiterRun *run,
                       guint max_items)
{
  guint n_available = subiter_ring_count (&run->ring);
  guint n_items = MIN (n_available, max_items);
  SubiterBatch *batch;

  if (n_items == 0)
    return NULL;

  batch = subiter_batch_new (run->item_type);
  batch->n_values = subiter_ring_pop_many (&run->ring, subiter_batch_reserve (batch, n_items), n_items);
  subiter_ring_settle (&run->ring);

  return batch;
}

/* Copies of items that stay where they are until the consumer advances past them. */
guint
subiter_run_peek (SubiterRun *run,
                  SubiterValue *values,
                  guint n_values)
{
  return subiter_ring_peek_many (&run->ring, values, n_values);
}

void
subiter_run_advance (SubiterRun *run,
                     guint n_values)
{
  subiter_ring_advance (&run->ring, n_values);
}

/* How long to wait for more than one item, for subiter_spin_until (). */
guint
subiter_run_get_patience (SubiterRun *run)
{
  return subiter_ring_get_patience (&run->ring);
}

/* (transfer full): one without items. */
SubiterBatch *
subiter_run_make_batch (SubiterRun *run)
{
  return subiter_batch_new (run->item_type);
}

void
subiter_run_settle (SubiterRun *run)
{
  subiter_ring_settle (&run->ring);
}

gboolean
subiter_run_is_empty (SubiterRun *run)
{
  return subiter_ring_is_empty (&run->ring);
}

/* (transfer full) */
GVariant *
subiter_run_dup_variant (SubiterRun *run,
                         const SubiterValue *value)
{
  return subiter_value_dup_variant (value, run->item_type);
}

/* (transfer full): the variant of an item that was popped. */
GVariant *
subiter_run_take_variant (SubiterRun *run,
                          SubiterValue *value)
{
  return subiter_value_take_variant (value, run->item_type);
}
