/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-leftover-private.h"

/* How long they have to end by themselves, having been told so by
 * subiter.stopping () and subiter.wait (), in µs. */
#define PATIENCE G_TIME_SPAN_SECOND
/* How often an exception is raised in them after that, in µs. */
#define INTERVAL (100 * G_TIME_SPAN_MILLISECOND)
/* How long to wait for those that only the _thread module knows of, in µs. */
#define STRAY_PATIENCE (2 * G_TIME_SPAN_SECOND)

/* What the thread that does this shares with the worker, which waits in a
 * join meanwhile. */
typedef struct
{
  PyInterpreterState *interpreter;
  unsigned long worker_id;

  GMutex lock;
  GCond changed;
  /* lock */
  gboolean done;
} Leftover;

/* Whether no thread but this one is in the interpreter. */
static gboolean
is_alone (PyThreadState *thread_state)
{
  PyThreadState *head = PyInterpreterState_ThreadHead (PyThreadState_GetInterpreter (thread_state));

  return head == thread_state && PyThreadState_Next (head) == NULL;
}

/* Raises SystemExit, at which a thread ends without a word, in every thread of
 * the current interpreter but this one and the worker's. The list of them cannot
 * change: that takes the GIL. */
static void
aim_at_all (PyInterpreterState *interpreter,
            unsigned long worker_id)
{
  unsigned long own_id = PyThread_get_thread_ident ();

  for (PyThreadState *t = PyInterpreterState_ThreadHead (interpreter); t != NULL; t = PyThreadState_Next (t))
    {
      if (t->thread_id != own_id && t->thread_id != worker_id)
        PyThreadState_SetAsyncExc (t->thread_id, PyExc_SystemExit);
    }
}

static gpointer
leftover_thread (gpointer user_data)
{
  Leftover *leftover = user_data;
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&leftover->lock);
  while (!leftover->done)
    {
      PyThreadState *thread_state;

      if (g_cond_wait_until (&leftover->changed, &leftover->lock, deadline))
        continue;
      g_mutex_unlock (&leftover->lock);

      thread_state = PyThreadState_New (leftover->interpreter);
      if (thread_state != NULL)
        {
          PyEval_RestoreThread (thread_state);
          aim_at_all (leftover->interpreter, leftover->worker_id);
          PyThreadState_Clear (thread_state);
          PyThreadState_DeleteCurrent ();
        }

      deadline = g_get_monotonic_time () + INTERVAL;
      g_mutex_lock (&leftover->lock);
    }
  g_mutex_unlock (&leftover->lock);

  return NULL;
}

static void
call_if_imported (const char *module_name,
                  const char *function_name)
{
  g_autoptr (PyObject) module = NULL;
  g_autoptr (PyObject) result = NULL;

  if (PyDict_GetItemStringRef (PyImport_GetModuleDict (), module_name, &module) <= 0)
    {
      PyErr_Clear ();
      return;
    }

  result = PyObject_CallMethod (module, function_name, NULL);
  if (result == NULL)
    PyErr_WriteUnraisable (module);
}

/* Joins the threads of the threading module, and of executors. Python does
 * this too when it ends an interpreter, but for ever. */
static void
join_threads (PyThreadState *thread_state)
{
  Leftover leftover = {
    .interpreter = PyThreadState_GetInterpreter (thread_state),
    .worker_id = PyThread_get_thread_ident (),
  };
  GThread *thread;

  g_mutex_init (&leftover.lock);
  g_cond_init (&leftover.changed);
  thread = g_thread_try_new ("subiter-leftover", leftover_thread, &leftover, NULL);

  call_if_imported ("threading", "_shutdown");

  g_mutex_lock (&leftover.lock);
  leftover.done = TRUE;
  g_cond_signal (&leftover.changed);
  g_mutex_unlock (&leftover.lock);

  PyEval_SaveThread ();
  g_clear_pointer (&thread, g_thread_join);
  PyEval_RestoreThread (thread_state);

  g_mutex_clear (&leftover.lock);
  g_cond_clear (&leftover.changed);
}

/* Threads that were started with the _thread module are joined by nobody. */
static gboolean
wait_for_strays (PyThreadState *thread_state)
{
  gint64 start = g_get_monotonic_time ();
  gint64 next_aim = start + PATIENCE;

  while (!is_alone (thread_state))
    {
      gint64 now = g_get_monotonic_time ();

      if (now >= start + STRAY_PATIENCE)
        return FALSE;
      if (now >= next_aim)
        {
          aim_at_all (PyThreadState_GetInterpreter (thread_state), PyThread_get_thread_ident ());
          next_aim = now + INTERVAL;
        }

      PyEval_SaveThread ();
      g_usleep (5 * G_TIME_SPAN_MILLISECOND);
      PyEval_RestoreThread (thread_state);
    }

  return TRUE;
}

/* Ends all threads but this one, and calls the functions that are registered
 * for the end. What is in them may take its time, which must not hold up those
 * who create other interpreters. FALSE: a thread does not end. */
gboolean
engine_leftover_end (PyThreadState *thread_state)
{
  /* An executor, or a thread that has ended, wants the same call. */
  if (is_alone (thread_state))
    call_if_imported ("threading", "_shutdown");
  else
    join_threads (thread_state);

  call_if_imported ("atexit", "_run_exitfuncs");

  return wait_for_strays (thread_state);
}
