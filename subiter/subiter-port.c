/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-port-private.h"

#include "subiter-callable-private.h"
#include "subiter-error-private.h"
#include "subiter-run-private.h"
#include "subiter-runtime-private.h"

struct _SubiterPort
{
  _Atomic int ref_count;
  guint64 id;
  char *runtime_name;
  /* set by the application, in ms */
  _Atomic guint close_grace_period;
  /* immutable once the worker has started */
  void (*ready_func) (SubiterPort *port);
  /* the worker's own */
  gboolean was_ready;
  SubiterSpin spin;
  /* written with the lock held: how often there was something for the worker */
  _Atomic guint n_news;

  GMutex lock;
  /* signalled when a run is sent or the mailbox closed, and to a worker that waits when it
   * is poked; only the worker waits for it */
  GCond sent;
  /* lock: all that follows */
  GQueue mailbox;
  gboolean closed;
  gboolean exited;
  SubiterRun *current;
  SubiterRuntime *runtime;
  GPtrArray *watchers;
  /* for how long the worker has waited for its turn, in µs, and since when it does
   * (monotonic; 0: it does not) */
  gint64 waited;
  gint64 waiting_since;
  /* whether the worker was poked and has not looked at its chore since, and whether it
   * waits for such things */
  gboolean poked;
  gboolean waits;
  /* what ran last, to tell by what it is known: its name only, as its arguments may be
   * large, and the application's */
  GRefString *last_name;
  /* why it counts as gone, if it was given up */
  GError *abandoned;
  /* whether the log still has to be told of that, and whether there is no main
   * context in which to do it */
  gboolean has_farewell;
  gboolean is_orphan;
  gpointer data;
  GDestroyNotify destroy;

  /* the worker's own */
  SubiterPortFunc chore;
  gpointer chore_data;
  SubiterPortFunc epilogue;
  gpointer epilogue_data;
};

/**
 * SubiterPort:
 *
 * Where a worker's runtime gets its runs from: the worker's end of everything.
 *
 * This is for those who write a runtime. A port knows no object of the
 * application, so that the worker can drop the last reference to it.
 */
G_DEFINE_BOXED_TYPE (SubiterPort, subiter_port, subiter_port_ref, subiter_port_unref)

SubiterPort *
subiter_port_new (const char *runtime_name)
{
  static _Atomic guint64 last_id;
  SubiterPort *port = g_new0 (SubiterPort, 1);

  atomic_init (&port->ref_count, 1);
  port->id = atomic_fetch_add_explicit (&last_id, 1, memory_order_relaxed) + 1;
  port->runtime_name = g_strdup (runtime_name);
  atomic_init (&port->close_grace_period, SUBITER_PORT_CLOSE_GRACE_PERIOD);
  port->watchers = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_wakeup_unref);
  g_mutex_init (&port->lock);
  g_cond_init (&port->sent);
  g_queue_init (&port->mailbox);

  return port;
}

/**
 * subiter_port_ref:
 * @port: a port
 *
 * Takes a reference. This may be called from any thread.
 *
 * Returns: (transfer full): @port
 */
SubiterPort *
subiter_port_ref (SubiterPort *port)
{
  g_return_val_if_fail (port != NULL, NULL);

  atomic_fetch_add_explicit (&port->ref_count, 1, memory_order_relaxed);

  return port;
}

/**
 * subiter_port_unref:
 * @port: (transfer full): a port
 *
 * Gives a reference back. This may be called from any thread.
 */
void
subiter_port_unref (SubiterPort *port)
{
  g_return_if_fail (port != NULL);

  if (atomic_fetch_sub_explicit (&port->ref_count, 1, memory_order_acq_rel) != 1)
    return;

  if (port->destroy != NULL)
    port->destroy (port->data);
  g_queue_clear_full (&port->mailbox, (GDestroyNotify) subiter_run_unref);
  g_clear_pointer (&port->current, subiter_run_unref);
  g_clear_object (&port->runtime);
  g_ptr_array_unref (port->watchers);
  g_clear_pointer (&port->last_name, g_ref_string_release);
  g_clear_error (&port->abandoned);
  g_free (port->runtime_name);
  g_mutex_clear (&port->lock);
  g_cond_clear (&port->sent);
  g_free (port);
}

/**
 * subiter_port_get_id:
 * @port: a port
 *
 * Gets the number of the worker. This may be called from any thread.
 *
 * Returns: the number, unique in the process
 */
guint64
subiter_port_get_id (SubiterPort *port)
{
  g_return_val_if_fail (port != NULL, 0);

  return port->id;
}

const char *
subiter_port_get_runtime_name (SubiterPort *port)
{
  return port->runtime_name;
}

/* With the lock held. */
static void
tell_news (SubiterPort *port)
{
  guint n_news = atomic_load_explicit (&port->n_news, memory_order_relaxed);

  atomic_store_explicit (&port->n_news, n_news + 1, memory_order_relaxed);
}

/* FALSE if the mailbox is closed. @is_behind (nullable) tells whether the worker has
 * something else to do first. */
gboolean
subiter_port_send (SubiterPort *port,
                   SubiterRun *run,
                   gboolean *is_behind)
{
  gboolean sent;
  gboolean waits;

  subiter_lock (&port->lock);
  sent = !port->closed;
  waits = port->waits;
  if (sent)
    {
      if (is_behind != NULL)
        *is_behind = !g_queue_is_empty (&port->mailbox)
                     || (port->current != NULL && !subiter_run_has_ended (port->current));
      g_queue_push_tail (&port->mailbox, subiter_run_ref (run));
      tell_news (port);
    }
  subiter_unlock (&port->lock);

  /* A worker that is woken wants the lock. */
  if (sent && waits)
    g_cond_signal (&port->sent);

  return sent;
}

typedef struct
{
  SubiterPort *port;
  guint n_news;
} NewsWait;

static gboolean
has_news (gpointer data)
{
  const NewsWait *wait = data;

  return atomic_load_explicit (&wait->port->n_news, memory_order_relaxed) != wait->n_news;
}

/* With the lock held, which is let go of meanwhile. It may have been for nothing. */
static void
wait_for_news (SubiterPort *port)
{
  NewsWait wait = { port, atomic_load_explicit (&port->n_news, memory_order_relaxed) };

  subiter_unlock (&port->lock);
  subiter_spin_until (&port->spin, 1, has_news, &wait);
  subiter_lock (&port->lock);
  if (has_news (&wait))
    return;

  port->waits = TRUE;
  subiter_cond_wait (&port->sent, &port->lock);
  port->waits = FALSE;
}

/* With the lock held, which is let go of meanwhile. What comes while the chore is done
 * is for another one. */
static void
do_chore (SubiterPort *port)
{
  port->poked = FALSE;
  if (port->chore == NULL)
    return;

  subiter_unlock (&port->lock);
  port->chore (port, port->chore_data);
  subiter_lock (&port->lock);
}

/* The run that the worker is done with goes now, with what is left in it, rather than
 * when there is another one. */
static void
forget_current (SubiterPort *port)
{
  SubiterRun *run;

  subiter_lock (&port->lock);
  run = g_steal_pointer (&port->current);
  subiter_unlock (&port->lock);

  g_clear_pointer (&run, subiter_run_unref);
}

/**
 * subiter_port_receive:
 * @port: a port
 *
 * Blocks until there is something to do. Meanwhile it does what
 * [method@Subiter.Port.set_chore] says whenever the port is poked. Only the worker's
 * thread may call this, holding nothing that others wait for, and the run that it got
 * before has to have ended.
 *
 * Returns: (transfer full) (nullable): a run, or %NULL if the worker is to end
 */
SubiterRun *
subiter_port_receive (SubiterPort *port)
{
  SubiterCallable *callable;
  SubiterRun *run;

  g_return_val_if_fail (port != NULL, NULL);

  if (!port->was_ready)
    {
      port->was_ready = TRUE;
      if (port->ready_func != NULL)
        port->ready_func (port);
    }
  forget_current (port);

  subiter_lock (&port->lock);
  while (!port->closed && g_queue_is_empty (&port->mailbox))
    {
      if (port->poked)
        do_chore (port);
      else
        wait_for_news (port);
    }
  run = port->closed ? NULL : g_queue_pop_head (&port->mailbox);
  if (run != NULL)
    port->current = subiter_run_ref (run);
  callable = run != NULL ? subiter_run_get_callable (run) : NULL;
  if (callable != NULL)
    {
      g_clear_pointer (&port->last_name, g_ref_string_release);
      port->last_name = subiter_callable_ref_name (callable);
    }
  subiter_unlock (&port->lock);

  if (run != NULL)
    subiter_run_begin (run);

  return run;
}

/**
 * subiter_port_set_chore: (skip)
 * @port: a port
 * @func: (nullable): what to do
 * @data: what to call it with
 *
 * Says what the worker is to do when it is poked: [method@Subiter.Port.receive] calls
 * @func on the worker's thread, without any lock. Only the worker's thread may call
 * this.
 */
void
subiter_port_set_chore (SubiterPort *port,
                        SubiterPortFunc func,
                        gpointer data)
{
  g_return_if_fail (port != NULL);

  port->chore = func;
  port->chore_data = data;
}

/**
 * subiter_port_poke:
 * @port: a port
 *
 * Tells the worker that there is a chore to do. It does that at once if it waits in
 * [method@Subiter.Port.receive], and otherwise when it next gets there. How often it was
 * poked until then makes no difference. This may be called from any thread and calls
 * nothing.
 */
void
subiter_port_poke (SubiterPort *port)
{
  g_return_if_fail (port != NULL);

  subiter_lock (&port->lock);
  port->poked = TRUE;
  tell_news (port);
  if (port->waits)
    g_cond_signal (&port->sent);
  subiter_unlock (&port->lock);
}

/**
 * subiter_port_wait_for_poke:
 * @port: a port
 *
 * Blocks until the port is poked, if it was not since the worker last looked: for a
 * worker that will not receive anything any more. Only the worker's thread may call
 * this, holding nothing that others wait for.
 */
void
subiter_port_wait_for_poke (SubiterPort *port)
{
  g_return_if_fail (port != NULL);

  subiter_lock (&port->lock);
  while (!port->poked)
    wait_for_news (port);
  port->poked = FALSE;
  subiter_unlock (&port->lock);
}

/**
 * subiter_port_set_epilogue: (skip)
 * @port: a port
 * @func: (nullable): what to do
 * @data: what to call it with
 *
 * Says what the worker's thread is to do when the worker counts as gone:
 * @func is called after [vfunc@Subiter.Runtime.run] has returned, and nobody waits for it,
 * however long that takes. Only the worker's thread may call this.
 */
void
subiter_port_set_epilogue (SubiterPort *port,
                           SubiterPortFunc func,
                           gpointer data)
{
  g_return_if_fail (port != NULL);

  port->epilogue = func;
  port->epilogue_data = data;
}

void
subiter_port_run_epilogue (SubiterPort *port)
{
  if (port->epilogue != NULL)
    port->epilogue (port, port->epilogue_data);
}

static void
end_runs (GQueue *runs,
          const GError *error)
{
  SubiterRun *run;

  while ((run = g_queue_pop_head (runs)) != NULL)
    {
      subiter_run_stop (run);
      subiter_run_end (run, error != NULL ? g_error_copy (error) : NULL);
      subiter_run_unref (run);
    }
}

/* Closes the mailbox: the runs in it end unbegun. The current one is left to
 * the reaper. FALSE if it was closed before. */
gboolean
subiter_port_close (SubiterPort *port)
{
  g_autoptr (GError) error = NULL;
  GQueue unbegun = G_QUEUE_INIT;
  gboolean is_first;

  error = g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_CLOSED, "The interpreter was closed");

  subiter_lock (&port->lock);
  is_first = !port->closed;
  port->closed = TRUE;
  unbegun = port->mailbox;
  g_queue_init (&port->mailbox);
  tell_news (port);
  g_cond_broadcast (&port->sent);
  subiter_unlock (&port->lock);

  end_runs (&unbegun, error);

  return is_first;
}

/* Takes a run back that the worker has not received: it ends. FALSE if it is
 * not in the mailbox. */
gboolean
subiter_port_withdraw (SubiterPort *port,
                       SubiterRun *run)
{
  gboolean withdrawn;

  subiter_lock (&port->lock);
  withdrawn = g_queue_remove (&port->mailbox, run);
  subiter_unlock (&port->lock);

  if (withdrawn)
    {
      subiter_run_end (run, NULL);
      subiter_run_unref (run);
    }

  return withdrawn;
}

/* The worker is gone, or is given up: if @run is given, only if that is what it
 * is at, which is then referenced by the list of those to be ended. */
static gboolean
leave (SubiterPort *port,
       SubiterRun *run,
       gboolean is_given_up,
       gboolean *is_orphan,
       const GError *error)
{
  g_autoptr (GPtrArray) watchers = NULL;
  GQueue runs = G_QUEUE_INIT;

  subiter_lock (&port->lock);
  if ((is_given_up && port->exited)
      || (run != NULL && (port->current != run || subiter_run_has_ended (run))))
    {
      subiter_unlock (&port->lock);
      return FALSE;
    }
  port->closed = TRUE;
  port->exited = TRUE;
  if (is_given_up)
    {
      port->abandoned = g_error_copy (error);
      port->has_farewell = !port->is_orphan;
      *is_orphan = port->is_orphan;
      if (port->runtime != NULL)
        subiter_runtime_count_abandoned (port->runtime);
    }
  runs = port->mailbox;
  g_queue_init (&port->mailbox);
  if (port->current != NULL)
    g_queue_push_head (&runs, g_steal_pointer (&port->current));
  watchers = g_steal_pointer (&port->watchers);
  port->watchers = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_wakeup_unref);
  subiter_unlock (&port->lock);

  /* Before the ends, so that the log comes before what is signalled of them. */
  for (guint i = 0; i < watchers->len; i++)
    subiter_wakeup_notify (watchers->pdata[i]);
  end_runs (&runs, error);

  return TRUE;
}

/* The worker is gone: ends all its runs, with @error if there is one, and tells
 * the watchers. */
void
subiter_port_exit (SubiterPort *port,
                   const GError *error)
{
  leave (port, NULL, FALSE, NULL, error);
}

/* The worker counts as gone, if it still is at @run or that is NULL: FALSE if
 * not, and if it is gone. @is_orphan tells whether nobody will take what the log
 * is to be told. */
gboolean
subiter_port_give_up (SubiterPort *port,
                      SubiterRun *run,
                      gboolean *is_orphan,
                      const GError *error)
{
  return leave (port, run, TRUE, is_orphan, error);
}

/* (transfer full) (nullable): why the worker was given up. */
GError *
subiter_port_dup_abandoned (SubiterPort *port)
{
  GError *error = NULL;

  subiter_lock (&port->lock);
  if (port->abandoned != NULL)
    error = g_error_copy (port->abandoned);
  subiter_unlock (&port->lock);

  return error;
}

/* (transfer full) (nullable): what the log has to be told, once. */
static char *
take_farewell (SubiterPort *port,
               gboolean is_last_time)
{
  char *farewell = NULL;

  subiter_lock (&port->lock);
  if (port->has_farewell)
    farewell = subiter_error_describe (port->abandoned);
  port->has_farewell = FALSE;
  port->is_orphan = port->is_orphan || is_last_time;
  subiter_unlock (&port->lock);

  return farewell;
}

char *
subiter_port_take_farewell (SubiterPort *port)
{
  return take_farewell (port, FALSE);
}

/* Likewise, and nobody will ask again: who gives the worker up after this
 * tells the log by himself. */
char *
subiter_port_orphan (SubiterPort *port)
{
  return take_farewell (port, TRUE);
}

/* (transfer full) (nullable): by what people know the worker. */
char *
subiter_port_dup_callable_name (SubiterPort *port)
{
  char *name = NULL;

  subiter_lock (&port->lock);
  name = g_strdup (port->last_name);
  subiter_unlock (&port->lock);

  return name;
}

/* How long the worker has to end once its mailbox is closed, in ms. This may be
 * called from any thread. */
void
subiter_port_set_close_grace_period (SubiterPort *port,
                                     guint period)
{
  atomic_store_explicit (&port->close_grace_period, period, memory_order_relaxed);
}

guint
subiter_port_get_close_grace_period (SubiterPort *port)
{
  return atomic_load_explicit (&port->close_grace_period, memory_order_relaxed);
}

gboolean
subiter_port_is_abandoned (SubiterPort *port)
{
  gboolean is_abandoned;

  subiter_lock (&port->lock);
  is_abandoned = port->abandoned != NULL;
  subiter_unlock (&port->lock);

  return is_abandoned;
}

gboolean
subiter_port_has_exited (SubiterPort *port)
{
  gboolean exited;

  subiter_lock (&port->lock);
  exited = port->exited;
  subiter_unlock (&port->lock);

  return exited;
}

/* (transfer full) (nullable): the run that the worker is at. */
SubiterRun *
subiter_port_dup_current (SubiterPort *port)
{
  SubiterRun *run = NULL;

  subiter_lock (&port->lock);
  if (port->current != NULL && !subiter_run_has_ended (port->current))
    run = subiter_run_ref (port->current);
  subiter_unlock (&port->lock);

  return run;
}

/* Notifies @wakeup once when the worker exits, at once if it has. */
void
subiter_port_watch (SubiterPort *port,
                    SubiterWakeup *wakeup)
{
  gboolean exited;

  subiter_lock (&port->lock);
  exited = port->exited;
  if (!exited && !g_ptr_array_find (port->watchers, wakeup, NULL))
    g_ptr_array_add (port->watchers, subiter_wakeup_ref (wakeup));
  subiter_unlock (&port->lock);

  if (exited)
    subiter_wakeup_notify (wakeup);
}

void
subiter_port_unwatch (SubiterPort *port,
                      SubiterWakeup *wakeup)
{
  subiter_lock (&port->lock);
  g_ptr_array_remove (port->watchers, wakeup);
  subiter_unlock (&port->lock);
}

void
subiter_port_set_ready_func (SubiterPort *port,
                             void (*func) (SubiterPort *port))
{
  port->ready_func = func;
}

/* Whether the runtime had made what it runs things in, and asked for the first. */
gboolean
subiter_port_was_ready (SubiterPort *port)
{
  return port->was_ready;
}

void
subiter_port_set_runtime (SubiterPort *port,
                          SubiterRuntime *runtime)
{
  subiter_lock (&port->lock);
  g_set_object (&port->runtime, runtime);
  subiter_unlock (&port->lock);
}

/* (transfer full) (nullable): NULL until the worker has found its runtime. */
SubiterRuntime *
subiter_port_dup_runtime (SubiterPort *port)
{
  SubiterRuntime *runtime = NULL;

  subiter_lock (&port->lock);
  if (port->runtime != NULL)
    runtime = g_object_ref (port->runtime);
  subiter_unlock (&port->lock);

  return runtime;
}

/**
 * subiter_port_begin_wait:
 * @port: a port
 *
 * Says that the worker waits for its turn, such as when interpreters can only be
 * ended one after the other. This time does not count against an interpreter that was
 * closed. Only the worker's thread may call this.
 */
void
subiter_port_begin_wait (SubiterPort *port)
{
  g_return_if_fail (port != NULL);

  subiter_lock (&port->lock);
  port->waiting_since = g_get_monotonic_time ();
  subiter_unlock (&port->lock);
}

/**
 * subiter_port_end_wait:
 * @port: a port
 *
 * Ends what [method@Subiter.Port.begin_wait] began.
 */
void
subiter_port_end_wait (SubiterPort *port)
{
  g_return_if_fail (port != NULL);

  subiter_lock (&port->lock);
  port->waited += g_get_monotonic_time () - port->waiting_since;
  port->waiting_since = 0;
  subiter_unlock (&port->lock);
}

/* For how long the worker has waited for its turn by now, in µs. */
gint64
subiter_port_get_waited (SubiterPort *port)
{
  gint64 waited;

  subiter_lock (&port->lock);
  waited = port->waited;
  if (port->waiting_since != 0)
    waited += g_get_monotonic_time () - port->waiting_since;
  subiter_unlock (&port->lock);

  return waited;
}

/**
 * subiter_port_set_data: (skip)
 * @port: a port
 * @data: (nullable): what the runtime keeps for this worker
 * @destroy: (nullable): called with @data with the last reference to @port, on
 *   whichever thread drops that
 *
 * Keeps something for the runtime, once a port, so that
 * [vfunc@Subiter.Runtime.interrupt] finds it.
 */
void
subiter_port_set_data (SubiterPort *port,
                       gpointer data,
                       GDestroyNotify destroy)
{
  g_return_if_fail (port != NULL);
  g_return_if_fail (port->data == NULL);

  subiter_lock (&port->lock);
  port->data = data;
  port->destroy = destroy;
  subiter_unlock (&port->lock);
}

/**
 * subiter_port_get_data: (skip)
 * @port: a port
 *
 * Gets what the runtime keeps. This may be called from any thread.
 *
 * Returns: (transfer none) (nullable): what was set
 */
gpointer
subiter_port_get_data (SubiterPort *port)
{
  gpointer data;

  g_return_val_if_fail (port != NULL, NULL);

  subiter_lock (&port->lock);
  data = port->data;
  subiter_unlock (&port->lock);

  return data;
}
