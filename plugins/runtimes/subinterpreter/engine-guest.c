/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-guest-private.h"

#include <unistd.h>

/* To make a thread state, and to delete one, touches what all interpreters share,
 * and the end of the program's Python takes that away: from some moment on, either
 * is a fatal error. The interpreters themselves are left behind by then and last, so
 * their threads go on; and a guest may have waited for a GIL for as long as that.
 *
 * So whoever does either is counted, and Python does not go on to its end before they
 * are done, which takes no longer than a few instructions of theirs: none of them
 * waits for a GIL meanwhile. Those who come later, or get their GIL later, stay
 * where they are. */

/* How long to wait for them, in µs. */
#define PATIENCE (500 * G_TIME_SPAN_MILLISECOND)

static GMutex lock;
static GCond gone;
/* lock: how many are at it, and whether no more may be */
static guint n_inside;
static gboolean refuses;

static gboolean
enter (void)
{
  gboolean entered;

  g_mutex_lock (&lock);
  entered = !refuses;
  if (entered)
    n_inside++;
  g_mutex_unlock (&lock);

  return entered;
}

static void
leave (void)
{
  g_mutex_lock (&lock);
  n_inside--;
  if (n_inside == 0)
    g_cond_broadcast (&gone);
  g_mutex_unlock (&lock);
}

/* (nullable): a thread state for the calling thread, which is not attached. NULL: there
 * is no memory, or the program's Python has ended. */
PyThreadState *
engine_guest_new (PyInterpreterState *interpreter)
{
  PyThreadState *thread_state;

  if (!enter ())
    return NULL;
  thread_state = PyThreadState_New (interpreter);
  leave ();

  return thread_state;
}

/* Waits for the GIL of an interpreter other than the main one, for as long as that
 * takes. Does not return, and keeps the GIL, if the program's Python has ended
 * meanwhile: nothing may run in there any more. Between this and
 * engine_guest_detach () or engine_guest_free () is nothing that takes its time. */
void
engine_guest_attach (PyThreadState *thread_state)
{
  PyEval_RestoreThread (thread_state);
  if (enter ())
    return;

  for (;;)
    pause ();
}

void
engine_guest_detach (void)
{
  PyEval_SaveThread ();
  leave ();
}

/* Detaches it as well. */
void
engine_guest_free (PyThreadState *thread_state)
{
  PyThreadState_Clear (thread_state);
  PyThreadState_DeleteCurrent ();
  leave ();
}

/* For good. After this none is inside; unless one has been for too long, which
 * would hold up the program's end. */
void
engine_guest_refuse (void)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&lock);
  refuses = TRUE;
  while (n_inside > 0)
    {
      if (!g_cond_wait_until (&gone, &lock, deadline))
        break;
    }
  g_mutex_unlock (&lock);
}
