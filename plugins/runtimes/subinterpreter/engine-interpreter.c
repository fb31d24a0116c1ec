/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-interpreter-private.h"

#include "engine-environment-private.h"
#include "engine-exit-private.h"
#include "engine-host-private.h"
#include "engine-leftover-private.h"
#include "engine-module-private.h"
#include "engine-output-private.h"
#include "engine-stream-private.h"
#include "subiter-fault-private.h"

#ifdef __linux__
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

static void
object_unref (gpointer object)
{
  Py_DECREF ((PyObject *) object);
}

/* Creates it in the gate. On success this thread is attached to it. */
static PyThreadState *
create_thread_state (GError **error)
{
  PyInterpreterConfig config = {
    .use_main_obmalloc = 0,
    .allow_fork = 0,
    .allow_exec = 0,
    .allow_threads = 1,
    .allow_daemon_threads = 0,
    .check_multi_interp_extensions = 1,
    .gil = PyInterpreterConfig_OWN_GIL,
  };
  PyThreadState *main_state = engine_host_attach (error);
  PyThreadState *thread_state = NULL;
  PyStatus status;

  if (main_state == NULL)
    return NULL;

  if (subiter_fault (SUBITER_FAULT_INTERPRETER))
    status = PyStatus_NoMemory ();
  else
    status = Py_NewInterpreterFromConfig (&thread_state, &config);
  if (PyStatus_Exception (status) || thread_state == NULL)
    {
      const char *reason = PyStatus_Exception (status) ? status.err_msg : NULL;

      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER, "No interpreter could be created: %s",
                   reason != NULL ? reason : "there is no memory");
      if (PyThreadState_GetUnchecked () == NULL)
        PyEval_RestoreThread (main_state);
      engine_host_detach (main_state);
      return NULL;
    }

  PyThreadState_Swap (main_state);
  engine_host_detach (main_state);
  PyEval_RestoreThread (thread_state);
  engine_module_prepare ();
  engine_exit_add (PyThreadState_GetInterpreter (thread_state));

  return thread_state;
}

static gboolean
set_argv (void)
{
  g_autoptr (PyObject) argv = Py_BuildValue ("[s]", "");

  return argv != NULL && PySys_SetObject ("argv", argv) == 0;
}

/* A step of the set-up that is made to fail does so with an exception, as any
 * does. */
static gboolean
step_fails (void)
{
  if (!subiter_fault (SUBITER_FAULT_SET_UP))
    return FALSE;

  PyErr_NoMemory ();

  return TRUE;
}

/* FALSE: an exception is pending. */
static gboolean
set_up (EngineInterpreter *self)
{
  self->module = step_fails () ? NULL : engine_module_new (self->worker);
  if (self->module == NULL)
    return FALSE;
  engine_worker_set_interpreter (self->worker, engine_module_get_stopped_type (self->module));

  if (step_fails () || !set_argv () || !engine_output_install (self->module, self->worker))
    return FALSE;

  self->baseline = step_fails () ? NULL : engine_baseline_new ();

  return self->baseline != NULL;
}

/* To create an interpreter takes more of the thread's stack than most code that runs
 * there afterwards. What is below this frame is of nobody, and costs memory for as long
 * as the worker lives: it is given back once. */
static void
give_stack_back (void)
{
#ifdef __linux__
  guintptr page_size = (guintptr) sysconf (_SC_PAGESIZE);
  guintptr end = ((guintptr) __builtin_frame_address (0) / page_size - 2) * page_size;
  pthread_attr_t attributes;
  void *start;
  size_t size;

  if (pthread_getattr_np (pthread_self (), &attributes) != 0)
    return;
  if (pthread_attr_getstack (&attributes, &start, &size) == 0 && (guintptr) start < end)
    madvise (start, end - (guintptr) start, MADV_DONTNEED);
  pthread_attr_destroy (&attributes);
#endif
}

/* Creates an interpreter for the calling thread and attaches that to it. */
EngineInterpreter *
engine_interpreter_new (SubiterPort *port,
                        EngineWorker *worker,
                        GError **error)
{
  PyThreadState *thread_state;
  EngineInterpreter *self;
  guint64 environment;
  gboolean entered;

  subiter_port_begin_wait (port);
  entered = engine_host_enter_gate (error);
  subiter_port_end_wait (port);
  if (!entered)
    return NULL;
  /* What changes while it is created may be what it knows or not. */
  environment = engine_environment_hash ();
  thread_state = create_thread_state (error);
  engine_host_leave_gate ();
  if (thread_state == NULL)
    return NULL;

  self = g_new0 (EngineInterpreter, 1);
  self->port = port;
  self->worker = worker;
  self->thread_state = thread_state;
  self->environment = environment;
  self->streams = engine_stream_table_new ();
  self->loaded = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, object_unref);

  if (!set_up (self))
    {
      EngineOutcome outcome = { .worker = worker };

      engine_outcome_take_exception (&outcome);
      engine_interpreter_end (self);
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER, "The interpreter could not be set up: %s",
                   outcome.error != NULL ? outcome.error->message : "it was interrupted");
      g_clear_error (&outcome.error);
      return NULL;
    }
  give_stack_back ();

  return self;
}

/* There is something to run in it, which may come long after it was created. */
void
engine_interpreter_use (EngineInterpreter *self)
{
  if (!self->is_used && self->environment != engine_environment_hash ())
    engine_environment_refresh ();
  self->is_used = TRUE;
}

/* Ends the interpreter, of which nothing is left. */
static void
destroy (EngineInterpreter *self)
{
  PyThreadState *thread_state = self->thread_state;
  SubiterPort *port = self->port;
  gboolean entered;

  g_clear_pointer (&self->baseline, engine_baseline_free);
  Py_CLEAR (self->module);
  PyEval_SaveThread ();

  g_free (self);

  subiter_port_begin_wait (port);
  entered = engine_host_enter_gate_to_end ();
  subiter_port_end_wait (port);

  /* Python itself is ending: better a leak. */
  if (!entered)
    return;

  engine_exit_remove (PyThreadState_GetInterpreter (thread_state));
  PyEval_RestoreThread (thread_state);
  Py_EndInterpreter (thread_state);
  engine_host_leave_gate ();
}

/* The worker is gone, and its interpreter stays for as long as somebody looks at memory
 * of its objects. When the program's Python ends, both stay for ever, as all that is left
 * behind then, and nothing is given back any more. */
static void
linger (SubiterPort *port,
        gpointer data)
{
  EngineInterpreter *self = data;
  EnginePins *pins = engine_worker_get_pins (self->worker);

  while (pins->n_pins > 0)
    {
      subiter_port_wait_for_poke (port);
      if (engine_host_is_shut ())
        continue;

      PyEval_RestoreThread (self->thread_state);
      engine_pins_collect (pins);
      PyEval_SaveThread ();
    }

  /* The objects may have left something behind in their turn. */
  PyEval_RestoreThread (self->thread_state);
  engine_leftover_end (self);
  destroy (self);
}

/* Ends the interpreter; this thread is attached to none afterwards. What the application
 * still holds keeps the interpreter, but not the worker: that is done. */
void
engine_interpreter_end (EngineInterpreter *self)
{
  EnginePins *pins = engine_worker_get_pins (self->worker);

  engine_worker_close (self->worker);
  engine_leftover_end (self);

  engine_pins_collect (pins);
  if (pins->n_pins > 0)
    {
      PyEval_SaveThread ();
      subiter_port_set_epilogue (self->port, linger, self);
      return;
    }

  destroy (self);
}
