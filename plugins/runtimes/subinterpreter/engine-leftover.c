/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-leftover-private.h"

#include "engine-baseline-private.h"
#include "engine-call-private.h"
#include "engine-guest-private.h"
#include "engine-obstacle-private.h"
#include "engine-output-private.h"
#include "engine-stream-private.h"

/* How long each thing has to end by itself, in µs; subiter.stopping () and
 * subiter.wait () have told it to. */
#define PATIENCE G_TIME_SPAN_SECOND
/* How often it is looked at in that time, and how often an exception is raised in it
 * after that, in µs. */
#define INTERVAL (100 * G_TIME_SPAN_MILLISECOND)
/* Likewise once that has been of no use for long. */
#define LONG_INTERVAL G_TIME_SPAN_SECOND
#define LONG (60 * G_TIME_SPAN_SECOND)
/* How many times what ends may leave something behind in turn. */
#define MAX_ROUNDS 16

/* What the thread that sees to it shares with the worker. */
typedef struct
{
  PyInterpreterState *interpreter;
  EngineWorker *worker;
  unsigned long worker_id;

  /* for who holds the interpreter's GIL: */
  /* what the worker calls now, of the code's own; NULL if it waits for threads */
  const char *work;
  /* since when, monotonic in µs */
  gint64 since;

  GMutex lock;
  GCond changed;
  /* lock */
  gboolean done;
  /* lock: whether the thread has made its thread state, which is then there for as
   * long as the thread is */
  gboolean ready;
  PyThreadState *thread_state;
} Leftover;

/* Whether no thread but this one and the helper is in the interpreter. */
static gboolean
is_alone (Leftover *leftover,
          PyThreadState *thread_state)
{
  for (PyThreadState *t = PyInterpreterState_ThreadHead (leftover->interpreter); t != NULL;
       t = PyThreadState_Next (t))
    {
      if (t != thread_state && t != leftover->thread_state)
        return FALSE;
    }

  return TRUE;
}

/* Raises SystemExit, at which a thread ends without a word, in every thread of
 * the current interpreter but this one and the worker's; in that, what ends a
 * run, if it is at code that can be ended. The list of them cannot change: that
 * takes the GIL. */
static void
aim_at_all (Leftover *leftover)
{
  unsigned long own_id = PyThread_get_thread_ident ();

  for (PyThreadState *t = PyInterpreterState_ThreadHead (leftover->interpreter); t != NULL;
       t = PyThreadState_Next (t))
    {
      if (t->thread_id == leftover->worker_id)
        {
          if (leftover->work != NULL)
            PyThreadState_SetAsyncExc (t->thread_id, engine_worker_get_stopped_type (leftover->worker));
        }
      else if (t->thread_id != own_id)
        {
          PyThreadState_SetAsyncExc (t->thread_id, PyExc_SystemExit);
        }
    }
}

/* Returns how long this took until now, in µs. */
static gint64
look (Leftover *leftover)
{
  g_autofree char *known = engine_worker_dup_obstacle (leftover->worker);
  g_autoptr (GPtrArray) obstacles = NULL;
  gint64 duration;

  if (known == NULL)
    engine_worker_take_obstacle (leftover->worker, g_strdup (ENGINE_OBSTACLE_DEAF));

  engine_guest_attach (leftover->thread_state);
  duration = g_get_monotonic_time () - leftover->since;
  obstacles = engine_obstacle_collect (leftover->interpreter, leftover->worker_id, leftover->work);
  if (duration >= PATIENCE)
    aim_at_all (leftover);
  engine_guest_detach ();

  engine_worker_take_obstacle (leftover->worker, engine_obstacle_format (obstacles));

  return duration;
}

static gpointer
leftover_thread (gpointer user_data)
{
  Leftover *leftover = user_data;
  gint64 deadline = g_get_monotonic_time () + INTERVAL;

  g_mutex_lock (&leftover->lock);
  leftover->thread_state = engine_guest_new (leftover->interpreter);
  leftover->ready = TRUE;
  g_cond_signal (&leftover->changed);
  while (!leftover->done)
    {
      gint64 duration;

      if (g_cond_wait_until (&leftover->changed, &leftover->lock, deadline))
        continue;

      g_mutex_unlock (&leftover->lock);
      duration = leftover->thread_state != NULL ? look (leftover) : 0;
      deadline = g_get_monotonic_time () + (duration < LONG ? INTERVAL : LONG_INTERVAL);
      g_mutex_lock (&leftover->lock);
    }
  g_mutex_unlock (&leftover->lock);

  if (leftover->thread_state != NULL)
    {
      engine_guest_attach (leftover->thread_state);
      engine_guest_free (leftover->thread_state);
    }

  return NULL;
}

/* (nullable): the helper, once it has its thread state. One cannot be made any more
 * when the program's Python has ended around an interpreter that is left behind. */
static GThread *
start_thread (Leftover *leftover)
{
  GThread *thread = g_thread_try_new ("subiter-leftover", leftover_thread, leftover, NULL);

  g_mutex_lock (&leftover->lock);
  while (thread != NULL && !leftover->ready)
    g_cond_wait (&leftover->changed, &leftover->lock);
  g_mutex_unlock (&leftover->lock);

  return thread;
}

/* What comes next is code of the worker's own, or if @work is NULL, is not. What
 * was aimed at what came before does not hit it. */
static void
begin_work (Leftover *leftover,
            const char *work)
{
  leftover->work = work;
  leftover->since = g_get_monotonic_time ();
  engine_worker_drop_interrupt (leftover->worker);
}

/* (nullable) */
static PyObject *
call_if_imported (const char *module_name,
                  const char *function_name)
{
  g_autoptr (PyObject) module = NULL;
  PyObject *result;

  if (PyDict_GetItemStringRef (PyImport_GetModuleDict (), module_name, &module) <= 0)
    {
      PyErr_Clear ();
      return NULL;
    }

  result = PyObject_CallMethod (module, function_name, NULL);
  if (result == NULL)
    PyErr_WriteUnraisable (module);

  return result;
}

/* Threads that were started with the _thread module are joined by nobody. */
static void
wait_for_strays (Leftover *leftover,
                 PyThreadState *thread_state)
{
  gint64 start = g_get_monotonic_time ();

  while (!is_alone (leftover, thread_state))
    {
      gint64 duration = g_get_monotonic_time () - start;

      /* None of them can tell when it ends. */
      PyEval_SaveThread ();
      g_usleep ((gulong) CLAMP (duration / 16, G_TIME_SPAN_MILLISECOND, 2 * INTERVAL));
      PyEval_RestoreThread (thread_state);
    }
}

/* A timer that has not run out will not: without this, nothing ends its waiting. */
static void
cancel_timers (void)
{
  PyObject *module = PyDict_GetItemString (PyImport_GetModuleDict (), "threading");
  g_autoptr (PyObject) held = Py_XNewRef (module);
  g_autoptr (PyObject) type = NULL;
  g_autoptr (PyObject) threads = NULL;

  if (held != NULL)
    type = PyObject_GetAttrString (held, "Timer");
  if (type != NULL)
    threads = PyObject_CallMethod (held, "enumerate", NULL);
  for (Py_ssize_t i = 0; threads != NULL && PyList_Check (threads) && i < PyList_GET_SIZE (threads); i++)
    {
      PyObject *thread = PyList_GET_ITEM (threads, i);

      if (PyObject_IsInstance (thread, type) == 1)
        Py_XDECREF (PyObject_CallMethod (thread, "cancel", NULL));
      PyErr_Clear ();
    }
  PyErr_Clear ();
}

/* Python does this too when it ends an interpreter, but then nothing can be done
 * about what does not end. */
static void
end_threads (Leftover *leftover,
             PyThreadState *thread_state)
{
  begin_work (leftover, NULL);
  cancel_timers ();

  /* Of the threading module, and of executors: these end only by this call. */
  Py_XDECREF (call_if_imported ("threading", "_shutdown"));
  wait_for_strays (leftover, thread_state);
}

static gboolean
has_exit_functions (void)
{
  g_autoptr (PyObject) n = call_if_imported ("atexit", "_ncallbacks");

  return n != NULL && PyObject_IsTrue (n) == 1;
}

static void
call_exit_functions (Leftover *leftover)
{
  if (!has_exit_functions ())
    return;

  begin_work (leftover, "an exit function");
  Py_XDECREF (call_if_imported ("atexit", "_run_exitfuncs"));
  begin_work (leftover, NULL);
}

/* What ends code here is no error of its. */
static PyObject *
report_unraisable (PyObject *self,
                   PyObject *unraisable)
{
  g_autoptr (PyObject) type = PyObject_GetAttrString (unraisable, "exc_type");

  if (type == PyTuple_GET_ITEM (self, 1))
    Py_RETURN_NONE;
  PyErr_Clear ();

  return PyObject_CallOneArg (PyTuple_GET_ITEM (self, 0), unraisable);
}

/* (nullable): what to have in the place of a hook for exceptions that nobody can
 * catch. */
static PyObject *
make_hook (EngineWorker *worker,
           const char *name)
{
  static PyMethodDef method = { "report_unraisable", report_unraisable, METH_O, NULL };
  PyObject *type = engine_worker_get_stopped_type (worker);
  PyObject *hook = PySys_GetObject (name);
  g_autoptr (PyObject) pair = NULL;

  if (hook != NULL && type != NULL)
    pair = PyTuple_Pack (2, hook, type);

  return pair != NULL ? PyCFunction_New (&method, pair) : NULL;
}

static void
hush_interrupts (EngineInterpreter *interpreter)
{
  g_autoptr (PyObject) hook = make_hook (interpreter->worker, "unraisablehook");
  g_autoptr (PyObject) last_hook = make_hook (interpreter->worker, "__unraisablehook__");

  if (hook != NULL)
    PySys_SetObject ("unraisablehook", hook);
  if (last_hook != NULL && interpreter->baseline != NULL)
    engine_baseline_set_sys_object (interpreter->baseline, "unraisablehook", last_hook);
  PyErr_Clear ();
}

/* Lets go of what is held for the code, and of what the code itself holds. */
static void
drop_objects (EngineInterpreter *interpreter,
              Leftover *leftover)
{
  begin_work (leftover, "something that runs when an object goes");
  g_clear_pointer (&interpreter->streams, g_hash_table_unref);
  engine_call_forget_all (interpreter);
  g_clear_pointer (&interpreter->loaded, g_hash_table_unref);
  if (interpreter->baseline != NULL)
    engine_baseline_restore (interpreter->baseline);
  engine_output_flush ();
  begin_work (leftover, NULL);
}

/* Ends all threads but this one, calls the functions that are registered for the
 * end, and lets go of the code's objects. What is in all that may take its time,
 * or for ever, and must not hold up those who create or end other interpreters:
 * so it happens here rather than in Py_EndInterpreter (), which finds nothing
 * left to do of it. This returns when that is so: whoever waits for the worker
 * knows when he has waited for long enough. */
void
engine_leftover_end (EngineInterpreter *interpreter)
{
  PyThreadState *thread_state = interpreter->thread_state;
  Leftover leftover = {
    .interpreter = PyThreadState_GetInterpreter (thread_state),
    .worker = interpreter->worker,
    .worker_id = PyThread_get_thread_ident (),
  };
  GThread *thread;

  g_mutex_init (&leftover.lock);
  g_cond_init (&leftover.changed);
  leftover.since = g_get_monotonic_time ();
  engine_worker_take_obstacle (interpreter->worker, NULL);
  hush_interrupts (interpreter);
  thread = start_thread (&leftover);

  /* Any of these may leave behind what another one ends. */
  for (guint i = 0; i < MAX_ROUNDS; i++)
    {
      end_threads (&leftover, thread_state);
      call_exit_functions (&leftover);
      end_threads (&leftover, thread_state);
      drop_objects (interpreter, &leftover);
      if (!has_exit_functions () && is_alone (&leftover, thread_state))
        break;
    }
  Py_XDECREF (call_if_imported ("atexit", "_clear"));
  wait_for_strays (&leftover, thread_state);

  g_mutex_lock (&leftover.lock);
  leftover.done = TRUE;
  g_cond_signal (&leftover.changed);
  g_mutex_unlock (&leftover.lock);

  PyEval_SaveThread ();
  g_clear_pointer (&thread, g_thread_join);
  PyEval_RestoreThread (thread_state);

  engine_worker_drop_interrupt (interpreter->worker);
  engine_worker_take_obstacle (interpreter->worker, NULL);
  g_mutex_clear (&leftover.lock);
  g_cond_clear (&leftover.changed);
}
