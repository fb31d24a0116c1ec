/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-wakeup-private.h"

/* About 0.5 µs: a thread that blocks takes what there is by then, and then comes back. */
#define PATIENCE 8

struct _SubiterWakeup
{
  _Atomic int ref_count;
  /* set by a consumer, cleared by a notifier */
  _Atomic int armed;
  /* set by a notifier of control news, cleared by the dispatch */
  _Atomic int pending;

  GMutex lock;
  GCond cond;
  /* lock: NULL unless attached. The context is referenced so that its last
   * reference cannot be ours on a worker thread: only detach drops it. */
  GSource *source;
  GMainContext *context;
  guint n_waiting;

  /* of the waits of those that block */
  SubiterSpin spin;
};

static gboolean
wakeup_dispatch (GSource *source,
                 GSourceFunc callback,
                 gpointer user_data)
{
  callback (user_data);

  return G_SOURCE_CONTINUE;
}

/* No prepare and no check: the ready time says it all. */
static GSourceFuncs wakeup_funcs = {
  .dispatch = wakeup_dispatch,
};

SubiterWakeup *
subiter_wakeup_new (void)
{
  SubiterWakeup *wakeup = g_new0 (SubiterWakeup, 1);

  atomic_init (&wakeup->ref_count, 1);
  atomic_init (&wakeup->armed, 0);
  atomic_init (&wakeup->pending, 0);
  g_mutex_init (&wakeup->lock);
  g_cond_init (&wakeup->cond);

  return wakeup;
}

SubiterWakeup *
subiter_wakeup_ref (SubiterWakeup *wakeup)
{
  atomic_fetch_add_explicit (&wakeup->ref_count, 1, memory_order_relaxed);

  return wakeup;
}

void
subiter_wakeup_unref (SubiterWakeup *wakeup)
{
  if (atomic_fetch_sub_explicit (&wakeup->ref_count, 1, memory_order_acq_rel) != 1)
    return;

  /* The owner detaches first: a worker's last reference finds no source. */
  g_assert (wakeup->source == NULL);
  g_mutex_clear (&wakeup->lock);
  g_cond_clear (&wakeup->cond);
  g_free (wakeup);
}

/* Calls @func in @context, first as soon as it is iterated. The source takes
 * no notice of what @func returns: it lasts until it is detached. */
void
subiter_wakeup_attach (SubiterWakeup *wakeup,
                       GMainContext *context,
                       const char *name,
                       int priority,
                       GSourceFunc func,
                       gpointer data,
                       GDestroyNotify destroy)
{
  GSource *source = g_source_new (&wakeup_funcs, sizeof (GSource));

  g_assert (wakeup->source == NULL);

  g_source_set_static_name (source, name);
  g_source_set_priority (source, priority);
  g_source_set_callback (source, func, data, destroy);
  g_source_set_ready_time (source, 0);

  subiter_lock (&wakeup->lock);
  wakeup->source = source;
  wakeup->context = context != NULL ? g_main_context_ref (context) : g_main_context_ref (g_main_context_default ());
  g_source_attach (source, wakeup->context);
  subiter_unlock (&wakeup->lock);
}

void
subiter_wakeup_detach (SubiterWakeup *wakeup)
{
  GSource *source;
  GMainContext *context;

  subiter_lock (&wakeup->lock);
  source = g_steal_pointer (&wakeup->source);
  context = g_steal_pointer (&wakeup->context);
  subiter_unlock (&wakeup->lock);

  if (source == NULL)
    return;

  g_source_destroy (source);
  g_source_unref (source);
  g_main_context_unref (context);
}

void
subiter_wakeup_set_priority (SubiterWakeup *wakeup,
                             int priority)
{
  subiter_lock (&wakeup->lock);
  if (wakeup->source != NULL)
    g_source_set_priority (wakeup->source, priority);
  subiter_unlock (&wakeup->lock);
}

/* The dispatch calls out to code that may iterate its main context, and may be entered
 * again from there. */
void
subiter_wakeup_allow_recursion (SubiterWakeup *wakeup)
{
  subiter_lock (&wakeup->lock);
  if (wakeup->source != NULL)
    g_source_set_can_recurse (wakeup->source, TRUE);
  subiter_unlock (&wakeup->lock);
}

/* Data has been made available. */
void
subiter_wakeup_notify_data (SubiterWakeup *wakeup)
{
  subiter_full_fence ();
#ifndef SUBITER_WITHOUT_EDGE
  if (!atomic_load_explicit (&wakeup->armed, memory_order_relaxed))
    return;

  if (!atomic_exchange_explicit (&wakeup->armed, 0, memory_order_acq_rel))
    return;
#endif

  subiter_lock (&wakeup->lock);
  if (wakeup->source != NULL)
    g_source_set_ready_time (wakeup->source, 0);
  if (wakeup->n_waiting > 0)
    g_cond_broadcast (&wakeup->cond);
  subiter_unlock (&wakeup->lock);
}

/* A state that the consumer looks at has changed. */
void
subiter_wakeup_notify (SubiterWakeup *wakeup)
{
  gboolean already = atomic_exchange_explicit (&wakeup->pending, 1, memory_order_seq_cst);

  subiter_lock (&wakeup->lock);
  if (!already && wakeup->source != NULL)
    g_source_set_ready_time (wakeup->source, 0);
  if (wakeup->n_waiting > 0)
    g_cond_broadcast (&wakeup->cond);
  subiter_unlock (&wakeup->lock);
}

/* The dispatch is about to look at the state. */
void
subiter_wakeup_begin (SubiterWakeup *wakeup)
{
  atomic_exchange_explicit (&wakeup->pending, 0, memory_order_seq_cst);
}

/* The consumer wants to hear of data: it has to look once more after this. */
void
subiter_wakeup_arm (SubiterWakeup *wakeup)
{
  atomic_store_explicit (&wakeup->armed, 1, memory_order_relaxed);
  subiter_full_fence ();
}

/* Sets when the dispatch comes next by itself: on the monotonic clock in µs,
 * 0 for at once, negative for never. Look at the data and at
 * subiter_wakeup_is_pending () after it. */
void
subiter_wakeup_sleep (SubiterWakeup *wakeup,
                      gint64 deadline)
{
  subiter_lock (&wakeup->lock);
  if (wakeup->source != NULL)
    g_source_set_ready_time (wakeup->source, deadline);
  subiter_unlock (&wakeup->lock);
  subiter_full_fence ();
}

gboolean
subiter_wakeup_is_pending (SubiterWakeup *wakeup)
{
  return atomic_load_explicit (&wakeup->pending, memory_order_seq_cst) != 0;
}

/* Blocks until @is_done says so, asked again after every piece of news, or
 * until @deadline (monotonic, µs; negative for never) has passed. If it is @interruptible,
 * whatever else wakes it, such as a signal handler on this thread, ends it too. */
SubiterWait
subiter_wakeup_wait (SubiterWakeup *wakeup,
                     gint64 deadline,
                     gboolean interruptible,
                     gboolean (*is_done) (gpointer data),
                     gpointer data)
{
  SubiterWait outcome = SUBITER_WAIT_DONE;

  if (subiter_spin_until (&wakeup->spin, PATIENCE, is_done, data))
    return SUBITER_WAIT_DONE;

  subiter_lock (&wakeup->lock);
  wakeup->n_waiting++;
  for (;;)
    {
      subiter_wakeup_arm (wakeup);
      if (is_done (data))
        {
          outcome = SUBITER_WAIT_DONE;
          break;
        }
      if (outcome != SUBITER_WAIT_DONE)
        break;
      if (!subiter_cond_wait_until (&wakeup->cond, &wakeup->lock, deadline))
        outcome = SUBITER_WAIT_TIMED_OUT;
      else if (interruptible)
        outcome = SUBITER_WAIT_INTERRUPTED;
    }
  wakeup->n_waiting--;
  subiter_unlock (&wakeup->lock);

  return outcome;
}
