/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-reaper-private.h"

#include "subiter-callable.h"
#include "subiter-error.h"
#include "subiter-fault-private.h"
#include "subiter-inspection-private.h"
#include "subiter-run-private.h"
#include "subiter-shutdown.h"
#include "subiter-spare-private.h"
#include "subiter-worker-private.h"

/* How often a run that was interrupted is interrupted again, in µs. */
#define INTERRUPT_INTERVAL (100 * G_TIME_SPAN_MILLISECOND)
/* For ever, as a period in ms and as a time. */
#define NO_PERIOD G_MAXUINT
#define NEVER G_MAXINT64

/* One run on its way down the ladder; or a worker, if there is no run. */
typedef struct
{
  _Atomic int ref_count;
  SubiterPort *port;
  SubiterRun *run;
  /* the reaper's own */
  gint64 next_step;
  gint64 give_up;
  /* what is in that of the time in which the worker waited for its turn */
  gint64 waited;
  /* where its code sits, asked when its time is up */
  SubiterInspection *inspection;
  /* set by the reaper, cleared by the thread that interrupts */
  _Atomic int is_interrupting;
} Descent;

static GMutex reaper_lock;
/* reaper_lock: signalled when a descent is added, and when there is other news */
static GCond reaper_added;
static GPtrArray *descents;
static gboolean reaper_runs;
/* reaper_lock: how many workers there are that may have to be seen to */
static guint n_held;
/* reaper_lock: whether the reaper is to look at all of them again */
static gboolean reaper_has_news;
/* reaper_lock: whether a worker that nobody waits for may have to be started */
static gboolean spares_are_lacking;

static Descent *
descent_ref (Descent *descent)
{
  atomic_fetch_add_explicit (&descent->ref_count, 1, memory_order_relaxed);

  return descent;
}

static void
descent_unref (Descent *descent)
{
  if (atomic_fetch_sub_explicit (&descent->ref_count, 1, memory_order_acq_rel) != 1)
    return;

  subiter_port_unref (descent->port);
  g_clear_pointer (&descent->run, subiter_run_unref);
  g_clear_pointer (&descent->inspection, subiter_inspection_unref);
  g_free (descent);
}

static gpointer
interrupt_main (gpointer data)
{
  Descent *descent = data;
  g_autoptr (SubiterRuntime) runtime = subiter_port_dup_runtime (descent->port);

  if (runtime != NULL && !subiter_run_has_ended (descent->run))
    subiter_runtime_interrupt (runtime, descent->port, descent->run, SUBITER_INTERRUPT_RAISE);
  atomic_store_explicit (&descent->is_interrupting, 0, memory_order_release);
  descent_unref (descent);

  return NULL;
}

/* Interrupting waits for the worker's GIL, for ever if it must: so it has a
 * thread of its own, and there is one at a time. */
static void
interrupt (Descent *descent)
{
  GThread *thread;

  if (atomic_exchange_explicit (&descent->is_interrupting, 1, memory_order_acq_rel))
    return;

  thread = subiter_thread_try_new (SUBITER_FAULT_HELPER_THREAD, "subiter-stop", interrupt_main,
                                   descent_ref (descent), NULL);
  if (thread == NULL)
    {
      atomic_store_explicit (&descent->is_interrupting, 0, memory_order_release);
      descent_unref (descent);
      return;
    }
  g_thread_unref (thread);
}

static void
on_inspected (gpointer data)
{
  subiter_lock (&reaper_lock);
  reaper_has_news = TRUE;
  g_cond_signal (&reaper_added);
  subiter_unlock (&reaper_lock);
}

static void
abandon_run (Descent *descent)
{
  SubiterCallable *callable = subiter_run_get_callable (descent->run);
  g_autofree char *name = callable != NULL ? subiter_callable_to_string (callable) : g_strdup ("a run");
  g_autoptr (GError) error = NULL;

  error = subiter_inspection_make_error (descent->inspection, SUBITER_ERROR_ABANDONED,
                                         "%s did not end within %u ms of being told to, and its interpreter was "
                                         "given up",
                                         name, subiter_run_get_grace_period (descent->run));
  subiter_worker_abandon (descent->port, descent->run, error);
}

static void
abandon_worker (Descent *descent)
{
  g_autofree char *name = subiter_port_dup_callable_name (descent->port);
  g_autoptr (GError) error = NULL;

  error = subiter_inspection_make_error (descent->inspection, SUBITER_ERROR_ABANDONED,
                                         "The interpreter of %s did not end within %u ms of being closed and was given "
                                         "up: its code may have left a thread or an exit function behind that does "
                                         "not end",
                                         name != NULL ? name : "nothing yet",
                                         subiter_port_get_close_grace_period (descent->port));
  subiter_worker_abandon (descent->port, NULL, error);
}

static void
abandon (Descent *descent)
{
  if (descent->run != NULL)
    abandon_run (descent);
  else
    abandon_worker (descent);
}

/* Interpreters end one after the other: one that waits for others is given the time
 * that this takes. */
static void
extend (Descent *descent)
{
  gint64 waited = subiter_port_get_waited (descent->port);

  descent->give_up += waited - descent->waited;
  descent->next_step = descent->give_up;
  descent->waited = waited;
}

/* FALSE if the descent is over. */
static gboolean
take_step (Descent *descent,
           gint64 now)
{
  if (descent->run != NULL ? subiter_run_has_ended (descent->run) : subiter_port_has_exited (descent->port))
    return FALSE;

  if (descent->inspection != NULL
      && (now >= descent->next_step || subiter_inspection_is_done (descent->inspection)))
    {
      abandon (descent);
      return FALSE;
    }
  if (now < descent->next_step)
    return TRUE;
  if (descent->run == NULL)
    {
      extend (descent);
      if (now < descent->give_up)
        return TRUE;
    }
  if (now >= descent->give_up)
    {
      descent->next_step = now + SUBITER_INSPECTION_TIME;
      descent->inspection = subiter_inspection_new (descent->port, descent->run, on_inspected, NULL, NULL);
      return TRUE;
    }

  interrupt (descent);
  descent->next_step = MIN (now + INTERRUPT_INTERVAL, descent->give_up);

  return TRUE;
}

static gpointer
reaper_main (gpointer data)
{
  subiter_lock (&reaper_lock);
  while (descents->len > 0 || n_held > 0)
    {
      g_autoptr (GPtrArray) steps = g_steal_pointer (&descents);
      gboolean fills = spares_are_lacking;
      gint64 next_step = NEVER;

      reaper_has_news = FALSE;
      spares_are_lacking = FALSE;
      /* Steps are taken outside the lock: nobody who adds to the list may
       * have to wait for them. */
      descents = g_ptr_array_new_with_free_func ((GDestroyNotify) descent_unref);
      subiter_unlock (&reaper_lock);
      for (guint i = 0; i < steps->len;)
        {
          Descent *descent = steps->pdata[i];

          if (!take_step (descent, g_get_monotonic_time ()))
            {
              g_ptr_array_remove_index_fast (steps, i);
              continue;
            }
          next_step = MIN (next_step, descent->next_step);
          i++;
        }
      if (fills)
        subiter_spare_fill ();
      subiter_lock (&reaper_lock);

      if (descents->len > 0 || reaper_has_news)
        next_step = 0;
      for (guint i = 0; i < steps->len; i++)
        g_ptr_array_add (descents, descent_ref (steps->pdata[i]));
      /* Not the last references. What waits is not to be kept by this stack alone, which
       * a child that is forked meanwhile does not have. */
      g_clear_pointer (&steps, g_ptr_array_unref);
      if ((descents->len > 0 || n_held > 0) && next_step > 0)
        subiter_cond_wait_until (&reaper_added, &reaper_lock, next_step == NEVER ? -1 : next_step);
    }
  g_clear_pointer (&descents, g_ptr_array_unref);
  reaper_runs = FALSE;
  subiter_unlock (&reaper_lock);

  return NULL;
}

/* Called with the lock held. */
static gboolean
ensure_reaper (GError **error)
{
  GThread *thread;

  if (descents == NULL)
    descents = g_ptr_array_new_with_free_func ((GDestroyNotify) descent_unref);
  if (reaper_runs)
    return TRUE;

  thread = subiter_thread_try_new (SUBITER_FAULT_HELPER_THREAD, "subiter-reaper", reaper_main, NULL, error);
  reaper_runs = thread != NULL;
  g_clear_pointer (&thread, g_thread_unref);

  return reaper_runs;
}

/* There is going to be a worker: one that could not be ended must not be begun, so
 * the reaper is there before it. */
gboolean
subiter_reaper_hold (GError **error)
{
  gboolean held;

  subiter_lock (&reaper_lock);
  held = ensure_reaper (error);
  if (held)
    n_held++;
  subiter_unlock (&reaper_lock);

  return held;
}

void
subiter_reaper_release (void)
{
  /* There may be a descent of it that is over. */
  subiter_lock (&reaper_lock);
  n_held--;
  reaper_has_news = TRUE;
  g_cond_signal (&reaper_added);
  subiter_unlock (&reaper_lock);
}

void
subiter_reaper_ask_for_spares (void)
{
  subiter_lock (&reaper_lock);
  spares_are_lacking = TRUE;
  reaper_has_news = TRUE;
  g_cond_signal (&reaper_added);
  subiter_unlock (&reaper_lock);
}

static void
add_descent (SubiterPort *port,
             SubiterRun *run,
             gint64 first_step,
             gint64 give_up)
{
  Descent *descent = g_new0 (Descent, 1);

  atomic_init (&descent->ref_count, 1);
  descent->port = subiter_port_ref (port);
  descent->run = run != NULL ? subiter_run_ref (run) : NULL;
  descent->next_step = first_step;
  descent->give_up = give_up;

  subiter_lock (&reaper_lock);
  /* It fails only for a worker that has gone meanwhile. */
  ensure_reaper (NULL);
  g_ptr_array_add (descents, descent);
  g_cond_signal (&reaper_added);
  subiter_unlock (&reaper_lock);
}

/* When a period in ms is over that begins now. */
static gint64
get_end (guint period)
{
  return period == NO_PERIOD ? NEVER : g_get_monotonic_time () + (gint64) period * G_TIME_SPAN_MILLISECOND;
}

/* Tells @run to stop and sees to it that it does, on the reaper's own time.
 * This may be called from any thread and never blocks. */
void
subiter_reaper_stop (SubiterPort *port,
                     SubiterRun *run)
{
  gint64 give_up;

  if (!subiter_run_stop (run) || subiter_run_has_ended (run))
    return;
  if (subiter_port_withdraw (port, run))
    return;

  give_up = get_end (subiter_run_get_grace_period (run));
  add_descent (port, run, MIN (get_end (subiter_run_get_interrupt_delay (run)), give_up), give_up);
}

/* Closes the mailbox of @port and sees to it that its worker ends. */
void
subiter_reaper_close (SubiterPort *port)
{
  g_autoptr (SubiterRun) current = NULL;
  gint64 give_up;

  if (!subiter_port_close (port))
    return;

  current = subiter_port_dup_current (port);
  if (current != NULL)
    subiter_reaper_stop (port, current);
  give_up = get_end (subiter_port_get_close_grace_period (port));
  add_descent (port, NULL, give_up, give_up);
}

/**
 * subiter_shutdown:
 * @timeout: how long to wait at most, in ms
 *
 * Closes every interpreter of the process and waits for them to end, on the
 * calling thread. No interpreter can be started after this.
 *
 * The library does this by itself when the program exits, with the timeout that
 * [func@Subiter.set_exit_timeout] sets; a host that finalises Python or unloads what its callables
 * need before that calls this first. Under PyGObject the override does.
 *
 * The time counts from the first call of this function, so that a further one does
 * not wait again for what did not end in it. In a child that was forked there is nothing
 * to wait for.
 *
 * An interpreter that has not ended after its period of grace is given up, as it is
 * at any time, but no warning is logged any more. One that was given up is not waited
 * for.
 *
 * Returns: whether all of them have ended; %FALSE also as long as the code of one that
 *   was given up goes on
 */
gboolean
subiter_shutdown (guint timeout)
{
  gint64 deadline;
  g_autoptr (GPtrArray) ports = NULL;

  if (subiter_worker_is_forked ())
    return TRUE;

  deadline = subiter_worker_refuse_new () + (gint64) timeout * G_TIME_SPAN_MILLISECOND;
  ports = subiter_worker_list_ports ();
  for (guint i = 0; i < ports->len; i++)
    subiter_reaper_close (ports->pdata[i]);

  return subiter_worker_wait_for_all (deadline);
}
