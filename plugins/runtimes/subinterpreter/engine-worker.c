/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-worker-private.h"

#include "engine-guest-private.h"

struct _EngineWorker
{
  _Atomic int ref_count;

  EnginePins pins;

  /* set by the worker before its first run, then immutable */
  PyInterpreterState *interpreter;
  PyThreadState *thread_state;
  unsigned long thread_id;
  /* the exception that ends a run; borrowed from the worker's subiter module */
  PyObject *stopped_type;

  GMutex lock;
  GCond changed;
  /* lock: the run whose code runs */
  SubiterRun *run;
  /* lock: whether an exception may be aimed at that code */
  gboolean interruptible;
  /* lock: whether a thread is about to do so, for which it needs the GIL */
  gboolean interrupting;
  /* lock: how many threads are looking at that code, and whether one of them is about
   * to enter, likewise */
  guint n_visits;
  gboolean entering;
  /* lock: whether there will be no more runs */
  gboolean closing;
  /* lock: what keeps the interpreter from ending, as a stack; NULL for nothing */
  char *obstacle;
};

/* For the data of @port, which has to have it for as long as there are pins. */
EngineWorker *
engine_worker_new (SubiterPort *port)
{
  EngineWorker *worker = g_new0 (EngineWorker, 1);

  worker->pins.port = port;
  worker->ref_count = 1;
  g_mutex_init (&worker->lock);
  g_cond_init (&worker->changed);

  return worker;
}

EngineWorker *
engine_worker_ref (EngineWorker *worker)
{
  worker->ref_count++;

  return worker;
}

void
engine_worker_unref (EngineWorker *worker)
{
  if (--worker->ref_count > 0)
    return;

  g_mutex_clear (&worker->lock);
  g_cond_clear (&worker->changed);
  g_free (worker->obstacle);
  g_free (worker);
}

void
engine_worker_set_interpreter (EngineWorker *worker,
                               PyObject *stopped_type)
{
  worker->interpreter = PyInterpreterState_Get ();
  worker->thread_state = PyThreadState_Get ();
  worker->thread_id = PyThread_get_thread_ident ();
  worker->stopped_type = stopped_type;
}

PyInterpreterState *
engine_worker_get_interpreter (EngineWorker *worker)
{
  return worker->interpreter;
}

PyThreadState *
engine_worker_get_thread_state (EngineWorker *worker)
{
  return worker->thread_state;
}

PyObject *
engine_worker_get_stopped_type (EngineWorker *worker)
{
  return worker->stopped_type;
}

EnginePins *
engine_worker_get_pins (EngineWorker *worker)
{
  return &worker->pins;
}

/* From here on the run may be interrupted. */
void
engine_worker_begin (EngineWorker *worker,
                     SubiterRun *run)
{
  engine_worker_drop_interrupt (worker);

  g_mutex_lock (&worker->lock);
  worker->run = subiter_run_ref (run);
  worker->interruptible = TRUE;
  g_mutex_unlock (&worker->lock);
}

/* Takes back an exception that was aimed at this thread and has not landed. */
void
engine_worker_drop_interrupt (EngineWorker *worker)
{
  PyThreadState_SetAsyncExc (worker->thread_id, NULL);
}

/* From here on the run is not interrupted any more, and nothing that was aimed
 * at it lands later. Somebody who is on his way to aim needs this
 * interpreter's GIL, so it is let go of while waiting for him. */
void
engine_worker_shield (EngineWorker *worker)
{
  gboolean interrupting;

  g_mutex_lock (&worker->lock);
  worker->interruptible = FALSE;
  interrupting = worker->interrupting;
  g_mutex_unlock (&worker->lock);

  if (interrupting)
    {
      PyThreadState *thread_state = PyEval_SaveThread ();

      g_mutex_lock (&worker->lock);
      while (worker->interrupting)
        g_cond_wait (&worker->changed, &worker->lock);
      g_mutex_unlock (&worker->lock);

      PyEval_RestoreThread (thread_state);
    }

  engine_worker_drop_interrupt (worker);
}

/* There is more code of the run to come, such as its cleaning up. */
void
engine_worker_unshield (EngineWorker *worker)
{
  g_mutex_lock (&worker->lock);
  worker->interruptible = worker->run != NULL;
  g_mutex_unlock (&worker->lock);
}

/* After engine_worker_shield (): what code of this interpreter does now is of
 * no run, and nobody is in the interpreter who came because of it. */
void
engine_worker_end (EngineWorker *worker)
{
  gboolean is_visited;
  SubiterRun *run;

  g_mutex_lock (&worker->lock);
  run = g_steal_pointer (&worker->run);
  is_visited = worker->n_visits > 0;
  g_mutex_unlock (&worker->lock);

  if (is_visited)
    {
      PyThreadState *thread_state = PyEval_SaveThread ();

      g_mutex_lock (&worker->lock);
      while (worker->n_visits > 0)
        g_cond_wait (&worker->changed, &worker->lock);
      g_mutex_unlock (&worker->lock);

      PyEval_RestoreThread (thread_state);
    }

  subiter_run_unref (run);
}

/* FALSE: @run is not, or no longer, the one whose code runs. Otherwise the worker
 * does not leave it before engine_worker_end_visit () is called, so that the
 * interpreter and the state of its thread last until then. */
gboolean
engine_worker_begin_visit (EngineWorker *worker,
                           SubiterRun *run)
{
  gboolean is_current;

  g_mutex_lock (&worker->lock);
  is_current = worker->run == run;
  if (is_current)
    worker->n_visits++;
  g_mutex_unlock (&worker->lock);

  return is_current;
}

void
engine_worker_end_visit (EngineWorker *worker)
{
  g_mutex_lock (&worker->lock);
  worker->n_visits--;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
}

/* For one who visits: another thread is to enter the interpreter for him. FALSE: there
 * has been one before, which has not come to that by @deadline (monotonic, µs).
 * Otherwise this is a visit as well, until engine_worker_end_entry () is called. */
gboolean
engine_worker_begin_entry (EngineWorker *worker,
                           gint64 deadline)
{
  gboolean entered;

  g_mutex_lock (&worker->lock);
  while (worker->entering)
    {
      if (!g_cond_wait_until (&worker->changed, &worker->lock, deadline))
        break;
    }
  entered = !worker->entering;
  if (entered)
    {
      worker->entering = TRUE;
      worker->n_visits++;
    }
  g_mutex_unlock (&worker->lock);

  return entered;
}

void
engine_worker_end_entry (EngineWorker *worker)
{
  g_mutex_lock (&worker->lock);
  worker->entering = FALSE;
  worker->n_visits--;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
}

/* There are no more runs: tells the threads that Python code left behind. */
void
engine_worker_close (EngineWorker *worker)
{
  g_mutex_lock (&worker->lock);
  worker->closing = TRUE;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
}

/* (transfer full) (nullable): the run whose code runs. */
SubiterRun *
engine_worker_dup_run (EngineWorker *worker)
{
  SubiterRun *run = NULL;

  g_mutex_lock (&worker->lock);
  if (worker->run != NULL)
    run = subiter_run_ref (worker->run);
  g_mutex_unlock (&worker->lock);

  return run;
}

gboolean
engine_worker_is_stopping (EngineWorker *worker)
{
  gboolean stopping;

  g_mutex_lock (&worker->lock);
  stopping = worker->closing || (worker->run != NULL && subiter_run_is_stopping (worker->run));
  g_mutex_unlock (&worker->lock);

  return stopping;
}

/* Waits until the current run is to end or, without one, until the
 * interpreter is to end; at most @timeout µs unless that is negative. */
gboolean
engine_worker_wait (EngineWorker *worker,
                    gint64 timeout)
{
  g_autoptr (SubiterRun) run = engine_worker_dup_run (worker);
  gboolean closing;
  gint64 deadline;

  if (run != NULL)
    return subiter_run_wait (run, timeout);

  deadline = g_get_monotonic_time () + MIN (timeout, G_MAXINT64 / 2);
  g_mutex_lock (&worker->lock);
  while (!worker->closing)
    {
      if (timeout < 0)
        g_cond_wait (&worker->changed, &worker->lock);
      else if (!g_cond_wait_until (&worker->changed, &worker->lock, deadline))
        break;
    }
  closing = worker->closing;
  g_mutex_unlock (&worker->lock);

  return closing;
}

/* PyThreadState_SetAsyncExc () searches the current interpreter only, so this
 * thread has to enter the worker's. That waits for its GIL, for as long as code
 * in C keeps it. The worker does not leave the run meanwhile. */
static gboolean
aim_exception (EngineWorker *worker)
{
  PyThreadState *thread_state = engine_guest_new (worker->interpreter);
  int n_aimed;

  if (thread_state == NULL)
    return FALSE;

  engine_guest_attach (thread_state);
  n_aimed = PyThreadState_SetAsyncExc (worker->thread_id, worker->stopped_type);
  engine_guest_free (thread_state);

  return n_aimed == 1;
}

/* FALSE: @run is not, or no longer, the one whose code runs. */
gboolean
engine_worker_interrupt (EngineWorker *worker,
                         SubiterRun *run)
{
  gboolean aimed;

  g_mutex_lock (&worker->lock);
  while (worker->interrupting)
    g_cond_wait (&worker->changed, &worker->lock);
  if (!worker->interruptible || worker->run != run)
    {
      g_mutex_unlock (&worker->lock);
      return FALSE;
    }
  worker->interrupting = TRUE;
  g_mutex_unlock (&worker->lock);

  aimed = aim_exception (worker);

  g_mutex_lock (&worker->lock);
  worker->interrupting = FALSE;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);

  return aimed;
}

/* @obstacle is (transfer full) (nullable). */
void
engine_worker_take_obstacle (EngineWorker *worker,
                             char *obstacle)
{
  char *before;

  g_mutex_lock (&worker->lock);
  before = worker->obstacle;
  worker->obstacle = obstacle;
  g_mutex_unlock (&worker->lock);

  g_free (before);
}

/* (transfer full) (nullable): in the form in which Python prints stacks, with a
 * line before each that says whose it is. It is there only while the interpreter
 * ends, so that who asks need not enter one that may be gone. */
char *
engine_worker_dup_obstacle (EngineWorker *worker)
{
  char *obstacle;

  g_mutex_lock (&worker->lock);
  obstacle = g_strdup (worker->obstacle);
  g_mutex_unlock (&worker->lock);

  return obstacle;
}
