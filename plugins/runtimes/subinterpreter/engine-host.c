/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-host-private.h"

#include "engine-exit-private.h"
#include "engine-guest-private.h"
#include "subiter-fault-private.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

/* How long to wait for another interpreter to be created or ended, in µs. */
#define GATE_PATIENCE (30 * G_TIME_SPAN_SECOND)
/* How long one that ends has the gate for itself, in µs. */
#define END_PATIENCE (3 * G_TIME_SPAN_SECOND)
/* Likewise when the program's Python ends, on top of the patience with all
 * workers, in µs. */
#define LAST_GATE_PATIENCE (100 * G_TIME_SPAN_MILLISECOND)
/* How long to wait for the program to let go of its GIL, or to finish starting
 * its Python, in s. */
#define GIL_PATIENCE 10
/* How often to look meanwhile whether its Python ends, in µs. */
#define GIL_INTERVAL (20 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  _Atomic int ref_count;
  GMutex lock;
  GCond changed;
  /* lock */
  gboolean attached;
} GilProbe;

static GMutex lock;
static GCond changed;
/* lock: whether somebody creates or ends an interpreter, and who */
static gboolean gate_taken;
static unsigned long gate_thread;
/* lock: when others pass by, monotonic in µs */
static gint64 gate_held_until;
/* lock: whether nobody may any more */
static gboolean gate_shut;
/* lock: whether the program's Python is about to end */
static gboolean ending;
/* gate: whether a Python has been found running, or started, and is told to say
 * when it ends; and the process that it was in */
static gboolean bound;
static pid_t bound_pid;
/* gate: a probe that has not come back; one is enough */
static GilProbe *waiting_probe;

static void
set_ending_error (GError **error)
{
  g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER,
                       "No interpreter could be created: the program's Python is ending");
}

/* With the lock held. Python still runs code of an interpreter that it ends: little
 * of it, but that may take for ever. It has nothing to do with other interpreters
 * then, so after a while they pass by. */
static gboolean
wait_for_gate (gint64 patience)
{
  gint64 deadline = g_get_monotonic_time () + patience;

  while (gate_taken && !gate_shut)
    {
      if (!ending && g_get_monotonic_time () >= gate_held_until)
        {
          engine_exit_pass (gate_thread);
          gate_taken = FALSE;
        }
      else if (!g_cond_wait_until (&changed, &lock, ending ? deadline : MIN (deadline, gate_held_until))
               && g_get_monotonic_time () >= deadline)
        {
          break;
        }
    }

  return !gate_taken && !gate_shut;
}

/* With the lock held. */
static void
take_gate (gint64 held_until)
{
  gate_taken = TRUE;
  gate_thread = PyThread_get_thread_ident ();
  gate_held_until = held_until;
}

gboolean
engine_host_enter_gate (GError **error)
{
  gboolean entered;
  gboolean shut;

  g_mutex_lock (&lock);
  entered = wait_for_gate (GATE_PATIENCE);
  shut = gate_shut;
  if (entered)
    take_gate (G_MAXINT64);
  g_mutex_unlock (&lock);

  if (shut)
    set_ending_error (error);
  else if (!entered)
    g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER,
                 "No interpreter could be created: another one has been starting or ending for %d s",
                 (int) (GATE_PATIENCE / G_TIME_SPAN_SECOND));
  return entered;
}

/* Waits for as long as it takes. FALSE: the gate is shut. */
gboolean
engine_host_enter_gate_to_end (void)
{
  gboolean entered = FALSE;

  g_mutex_lock (&lock);
  while (!entered && !gate_shut)
    entered = wait_for_gate (GATE_PATIENCE);
  if (entered)
    take_gate (g_get_monotonic_time () + END_PATIENCE);
  g_mutex_unlock (&lock);

  return entered;
}

void
engine_host_leave_gate (void)
{
  unsigned long thread_id = PyThread_get_thread_ident ();

  g_mutex_lock (&lock);
  if (gate_taken && gate_thread == thread_id)
    gate_taken = FALSE;
  else
    engine_exit_end_pass (thread_id);
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
}

/* For good, behind whoever is still in it. Returns the thread of that one, or 0. */
static unsigned long
shut_gate (void)
{
  unsigned long thread_id = 0;

  g_mutex_lock (&lock);
  if (!wait_for_gate (LAST_GATE_PATIENCE) && gate_taken)
    thread_id = gate_thread;
  gate_shut = TRUE;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);

  return thread_id;
}

gboolean
engine_host_is_shut (void)
{
  gboolean is_shut;

  g_mutex_lock (&lock);
  is_shut = gate_shut;
  g_mutex_unlock (&lock);

  return is_shut;
}

static gboolean
is_ending (void)
{
  gboolean result;

  g_mutex_lock (&lock);
  result = ending;
  g_mutex_unlock (&lock);

  return result;
}

/* The program of that libpython, if it is where one would install it: Python
 * finds its standard library from there. */
static char *
find_program (void)
{
  g_autofree char *name = g_strdup_printf ("python%d.%d", PY_MAJOR_VERSION, PY_MINOR_VERSION);
  g_autofree char *folder = NULL;
  Dl_info info;
  void *symbol = dlsym (RTLD_DEFAULT, "Py_GetVersion");
  char *library;

  if (symbol == NULL || dladdr (symbol, &info) == 0 || info.dli_fname == NULL)
    return g_steal_pointer (&name);
  library = realpath (info.dli_fname, NULL);
  if (library == NULL)
    return g_steal_pointer (&name);

  /* prefix/lib/libpython…, or prefix/lib/x86_64-linux-gnu/libpython… */
  folder = g_path_get_dirname (library);
  free (library);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *parent = g_path_get_dirname (folder);
      g_autofree char *program = g_build_filename (parent, "bin", name, NULL);

      if (g_path_is_absolute (program) && g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer (&program);
      g_free (folder);
      folder = g_steal_pointer (&parent);
    }

  return g_steal_pointer (&name);
}

static PyStatus
start_python (void)
{
  g_autofree char *program = find_program ();
  PyPreConfig preconfig;
  PyConfig config;
  PyStatus status;

  /* No environment variables, no arguments, no signal handlers, no change of
   * the locale. A program in C that never called setlocale () would leave
   * Python with ASCII for file names: UTF-8 is what GLib has them in. */
  PyPreConfig_InitIsolatedConfig (&preconfig);
  preconfig.utf8_mode = 1;
  status = Py_PreInitialize (&preconfig);
  if (PyStatus_Exception (status))
    return status;

  PyConfig_InitIsolatedConfig (&config);
  status = PyConfig_SetBytesString (&config, &config.program_name, program);
  if (!PyStatus_Exception (status))
    status = Py_InitializeFromConfig (&config);
  PyConfig_Clear (&config);

  if (!PyStatus_Exception (status))
    PyEval_SaveThread ();

  return status;
}

static gpointer
start_thread (gpointer user_data)
{
  PyStatus *status = user_data;

  *status = start_python ();

  return NULL;
}

/* Python takes the thread that starts it for the main thread. That had better
 * not be a worker, which comes and goes. */
static gboolean
start_python_on_own_thread (GError **error)
{
  GThread *thread;
  PyStatus status;

  thread = subiter_thread_try_new (SUBITER_FAULT_HELPER_THREAD, "subiter-python", start_thread, &status, error);
  if (thread == NULL)
    return FALSE;
  g_thread_join (thread);
  if (!PyStatus_Exception (status))
    return TRUE;

  g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME, "Python %d.%d could not be started: %s",
               PY_MAJOR_VERSION, PY_MINOR_VERSION,
               status.err_msg != NULL ? status.err_msg : "no reason was given");
  return FALSE;
}

/* The program's Python ends: its main thread is here, and its other threads are
 * joined. It must not find interpreters alive when it goes on. A child that was
 * forked without an exec has none of the threads, and maybe locks that they held;
 * Python has deleted the interpreters there. */
static PyObject *
host_ends (PyObject *self,
           PyObject *ignored)
{
  PyThreadState *thread_state;
  gboolean has_own;

  if (getpid () != bound_pid)
    Py_RETURN_NONE;

  has_own = PyDict_GetItemString (PyImport_GetModuleDict (), "concurrent.interpreters") != NULL;
  thread_state = PyEval_SaveThread ();

  g_mutex_lock (&lock);
  ending = TRUE;
  g_mutex_unlock (&lock);

  subiter_shutdown (subiter_get_exit_timeout ());
  engine_exit_leave_behind (shut_gate (), has_own);
  engine_guest_refuse ();

  PyEval_RestoreThread (thread_state);

  Py_RETURN_NONE;
}

/* As Python code does it: what PyUnstable_AtExit () registers is called only
 * once the interpreters have been looked for. */
static void
register_exit_function (void)
{
  static PyMethodDef method = { "end_subiter", host_ends, METH_NOARGS, NULL };
  g_autoptr (PyObject) module = PyImport_ImportModule ("atexit");
  g_autoptr (PyObject) function = module != NULL ? PyCFunction_New (&method, NULL) : NULL;
  g_autoptr (PyObject) result = NULL;

  if (function != NULL)
    result = PyObject_CallMethod (module, "register", "O", function);
  PyErr_Clear ();
}

static void
gil_probe_unref (GilProbe *probe)
{
  if (--probe->ref_count > 0)
    return;

  g_mutex_clear (&probe->lock);
  g_cond_clear (&probe->changed);
  g_free (probe);
}

static gpointer
probe_thread (gpointer user_data)
{
  GilProbe *probe = user_data;
  PyInterpreterState *main_interpreter = PyInterpreterState_Main ();
  PyThreadState *thread_state = main_interpreter != NULL ? engine_guest_new (main_interpreter) : NULL;

  if (thread_state != NULL)
    {
      PyEval_RestoreThread (thread_state);
      PyThreadState_Clear (thread_state);
      PyThreadState_DeleteCurrent ();
    }

  g_mutex_lock (&probe->lock);
  probe->attached = TRUE;
  g_cond_signal (&probe->changed);
  g_mutex_unlock (&probe->lock);
  gil_probe_unref (probe);

  return NULL;
}

static gboolean
start_probe (GError **error)
{
  GThread *thread;

  waiting_probe = g_new0 (GilProbe, 1);
  waiting_probe->ref_count = 2;
  g_mutex_init (&waiting_probe->lock);
  g_cond_init (&waiting_probe->changed);

  thread = subiter_thread_try_new (SUBITER_FAULT_HELPER_THREAD, "subiter-probe", probe_thread, waiting_probe, error);
  if (thread == NULL)
    {
      gil_probe_unref (waiting_probe);
      g_clear_pointer (&waiting_probe, gil_probe_unref);
      return FALSE;
    }
  g_thread_unref (thread);

  return TRUE;
}

/* Attaching to the main interpreter cannot be given up once begun, so it is
 * tried by a thread that can be left waiting. Creating an interpreter and
 * importing compiled modules into it both go through the main one: a C program
 * that embeds Python and never lets go of its GIL would block them for ever. A
 * Python that was started here may have got its GIL taken by the program, too. */
static gboolean
probe_main_gil (GError **error)
{
  gint64 deadline = g_get_monotonic_time () + GIL_PATIENCE * G_TIME_SPAN_SECOND;
  gboolean attached;

  if (waiting_probe == NULL && !start_probe (error))
    return FALSE;

  g_mutex_lock (&waiting_probe->lock);
  while (!waiting_probe->attached && !Py_IsFinalizing ())
    {
      gint64 now = g_get_monotonic_time ();

      if (now >= deadline)
        break;
      g_cond_wait_until (&waiting_probe->changed, &waiting_probe->lock, MIN (now + GIL_INTERVAL, deadline));
    }
  attached = waiting_probe->attached;
  g_mutex_unlock (&waiting_probe->lock);

  if (attached)
    {
      g_clear_pointer (&waiting_probe, gil_probe_unref);
      return TRUE;
    }

  if (Py_IsFinalizing ())
    set_ending_error (error);
  else
    g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER,
                 "No interpreter could be created: the program has kept the GIL of its main interpreter for "
                 "%d s; a program that embeds Python has to let go of it, by PyEval_SaveThread (), while its "
                 "main loop runs",
                 GIL_PATIENCE);
  return FALSE;
}

/* A program may be in the middle of starting its Python, or of ending it: then
 * there is a main interpreter. Once it has ended there is none, and another
 * Python may be started. */
static void
wait_for_program (void)
{
  gint64 deadline = g_get_monotonic_time () + GIL_PATIENCE * G_TIME_SPAN_SECOND;

  while (!Py_IsInitialized () && !Py_IsFinalizing () && PyInterpreterState_Head () != NULL
         && g_get_monotonic_time () < deadline)
    g_usleep (GIL_INTERVAL);
}

static gboolean
ensure_python (GError **error)
{
  if (!bound)
    {
      wait_for_program ();
      if (!Py_IsInitialized () && PyInterpreterState_Head () == NULL && !start_python_on_own_thread (error))
        return FALSE;
    }

  if (is_ending () || !Py_IsInitialized () || Py_IsFinalizing ())
    {
      set_ending_error (error);
      return FALSE;
    }

  return probe_main_gil (error);
}

/* Attaches this thread to the main interpreter, starting Python if nobody has. */
PyThreadState *
engine_host_attach (GError **error)
{
  PyThreadState *main_state;

  if (!ensure_python (error))
    return NULL;

  main_state = engine_guest_new (PyInterpreterState_Main ());
  if (main_state == NULL && is_ending ())
    {
      set_ending_error (error);
      return NULL;
    }
  if (main_state == NULL)
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER,
                           "No interpreter could be created: there is no memory for a thread state");
      return NULL;
    }
  PyEval_RestoreThread (main_state);

  /* A Python that was started here is not ended here: the process takes it
   * along. But the program may use it, and end it. */
  if (!bound)
    {
      bound_pid = getpid ();
      register_exit_function ();
      engine_exit_watch_forks ();
    }
  bound = TRUE;

  return main_state;
}

/* Undoes engine_host_attach (), on the same thread. */
void
engine_host_detach (PyThreadState *main_state)
{
  PyThreadState_Clear (main_state);
  PyThreadState_DeleteCurrent ();
}
