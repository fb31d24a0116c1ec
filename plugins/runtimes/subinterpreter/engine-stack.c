/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-stack-private.h"

#include "engine-frames-private.h"
#include "engine-guest-private.h"

#include <stdatomic.h>

/* How long to wait for the GIL, in µs. Code of Python's own lets go of it when it
 * is asked to, every 5 ms; code in C that has not done so after this may not for
 * a long time. */
#define GIL_PATIENCE (50 * G_TIME_SPAN_MILLISECOND)

/* Somebody who waits for the GIL of a worker to look at its stack. He may have to wait
 * for ever, so this is of those two who want to know, and of him. */
typedef struct
{
  _Atomic int ref_count;
  SubiterPort *port;
  EngineWorker *worker;

  GMutex lock;
  GCond changed;
  /* lock: whether he is done, and what he saw, if anything */
  gboolean done;
  GPtrArray *frames;
} Visit;

static void
visit_unref (Visit *visit)
{
  if (atomic_fetch_sub_explicit (&visit->ref_count, 1, memory_order_acq_rel) != 1)
    return;

  g_clear_pointer (&visit->frames, g_ptr_array_unref);
  g_mutex_clear (&visit->lock);
  g_cond_clear (&visit->changed);
  subiter_port_unref (visit->port);
  g_free (visit);
}

static gpointer
visit_main (gpointer data)
{
  Visit *visit = data;
  PyThreadState *thread_state = engine_guest_new (engine_worker_get_interpreter (visit->worker));
  GPtrArray *frames = NULL;

  if (thread_state != NULL)
    {
      engine_guest_attach (thread_state);
      frames = engine_frames_collect (engine_worker_get_thread_state (visit->worker));
      engine_guest_free (thread_state);
    }

  g_mutex_lock (&visit->lock);
  visit->done = TRUE;
  visit->frames = frames;
  g_cond_signal (&visit->changed);
  g_mutex_unlock (&visit->lock);

  engine_worker_end_entry (visit->worker);
  visit_unref (visit);

  return NULL;
}

/* (nullable): the frames of a worker, seen from within its interpreter. NULL: the GIL
 * could not be had by @deadline. */
static GPtrArray *
enter_and_collect (SubiterPort *port,
                   EngineWorker *worker,
                   gint64 deadline)
{
  GPtrArray *frames = NULL;
  GThread *thread;
  Visit *visit;

  /* One who waits is enough: where there is no end to that, they would pile up. */
  if (!engine_worker_begin_entry (worker, deadline))
    return NULL;

  visit = g_new0 (Visit, 1);
  visit->ref_count = 2;
  visit->port = subiter_port_ref (port);
  visit->worker = worker;
  g_mutex_init (&visit->lock);
  g_cond_init (&visit->changed);

  thread = g_thread_try_new ("subiter-visit", visit_main, visit, NULL);
  if (thread == NULL)
    {
      engine_worker_end_entry (worker);
      visit_unref (visit);
    }
  else
    {
      g_thread_unref (thread);
      g_mutex_lock (&visit->lock);
      while (!visit->done)
        {
          if (!g_cond_wait_until (&visit->changed, &visit->lock, deadline))
            break;
        }
      frames = g_steal_pointer (&visit->frames);
      g_mutex_unlock (&visit->lock);
    }
  visit_unref (visit);

  return frames;
}

/* (nullable): where the code of @run sits; or, if that is NULL, what is in the way of
 * the end of the worker. */
char *
engine_stack_dup (SubiterPort *port,
                  SubiterRun *run)
{
  EngineWorker *worker = subiter_port_get_data (port);
  g_autoptr (GPtrArray) frames = NULL;

  if (worker == NULL)
    return NULL;
  if (run == NULL)
    return engine_worker_dup_obstacle (worker);
  if (!engine_worker_begin_visit (worker, run))
    return NULL;

  frames = enter_and_collect (port, worker, g_get_monotonic_time () + GIL_PATIENCE);
  /* It sits in C. */
  if (frames == NULL)
    frames = engine_frames_peek (engine_worker_get_thread_state (worker));
  engine_worker_end_visit (worker);

  return frames != NULL ? engine_frames_format (frames, run) : NULL;
}
