/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-module-private.h"

#include <math.h>

/* The module that Python code in a worker finds as "subiter". */
typedef struct
{
  EngineWorker *worker;
  PyObject *stopped_type;
} ModuleState;

static ModuleState *
get_state (PyObject *module)
{
  return PyModule_GetState (module);
}

/* Text for the main loop: it has to be UTF-8 and end at its NUL. */
static PyObject *
encode_text (PyObject *text)
{
  return PyUnicode_AsEncodedString (text, "utf-8", "backslashreplace");
}

PyDoc_STRVAR (progress_doc,
              "progress($module, fraction, text=None)\n"
              "--\n\n"
              "Tell how much of the iteration is done.\n\n"
              "fraction is a number from 0 to 1, text says what is being done. Only the newest\n"
              "report is kept for the main loop, so this may be called as often as you like.");

static PyObject *
module_progress (PyObject *module,
                 PyObject *args,
                 PyObject *kwargs)
{
  static const char *const names[] = { "fraction", "text", NULL };
  g_autoptr (PyObject) bytes = NULL;
  g_autoptr (SubiterRun) run = NULL;
  PyObject *text = Py_None;
  double fraction;

  if (!PyArg_ParseTupleAndKeywords (args, kwargs, "d|O:progress", names, &fraction, &text))
    return NULL;
  if (!(fraction >= 0.0 && fraction <= 1.0))
    {
      PyErr_SetString (PyExc_ValueError, "fraction has to be a number from 0 to 1");
      return NULL;
    }
  if (text != Py_None)
    {
      if (!PyUnicode_Check (text))
        {
          PyErr_Format (PyExc_TypeError, "text has to be a str or None, not %T", text);
          return NULL;
        }
      bytes = encode_text (text);
      if (bytes == NULL)
        return NULL;
    }

  run = engine_worker_dup_run (get_state (module)->worker);
  if (run != NULL)
    subiter_run_set_progress (run, fraction, bytes != NULL ? PyBytes_AS_STRING (bytes) : NULL);

  Py_RETURN_NONE;
}

PyDoc_STRVAR (stopping_doc,
              "stopping($module, /)\n"
              "--\n\n"
              "Return whether the iteration is to end early.\n\n"
              "Code that works for long between two items asks this now and then and returns\n"
              "if it is true.");

static PyObject *
module_stopping (PyObject *module,
                 PyObject *ignored)
{
  return PyBool_FromLong (engine_worker_is_stopping (get_state (module)->worker));
}

PyDoc_STRVAR (wait_doc,
              "wait($module, seconds=None)\n"
              "--\n\n"
              "Sleep, but not longer than until the iteration is to end.\n\n"
              "Return whether it is to end. Without a number of seconds, wait until it is.");

/* Seconds as µs; -1 for None; -2: an exception is pending. */
static gint64
parse_seconds (PyObject *object)
{
  double seconds;

  if (object == Py_None)
    return -1;

  seconds = PyFloat_AsDouble (object);
  if (seconds == -1.0 && PyErr_Occurred ())
    return -2;
  if (!(seconds >= 0.0))
    {
      PyErr_SetString (PyExc_ValueError, "seconds has to be 0 or more, or None");
      return -2;
    }

  seconds = ceil (seconds * G_USEC_PER_SEC);

  return seconds >= (double) (G_MAXINT64 / 2) ? -1 : (gint64) seconds;
}

static PyObject *
module_wait (PyObject *module,
             PyObject *args,
             PyObject *kwargs)
{
  static const char *const names[] = { "seconds", NULL };
  PyObject *seconds = Py_None;
  PyThreadState *thread_state;
  EngineWorker *worker;
  gboolean stopping;
  gint64 timeout;

  if (!PyArg_ParseTupleAndKeywords (args, kwargs, "|O:wait", names, &seconds))
    return NULL;
  timeout = parse_seconds (seconds);
  if (timeout == -2)
    return NULL;

  worker = get_state (module)->worker;
  thread_state = PyEval_SaveThread ();
  stopping = engine_worker_wait (worker, timeout);
  PyEval_RestoreThread (thread_state);

  return PyBool_FromLong (stopping);
}

PyDoc_STRVAR (log_doc,
              "log($module, message, level=\"message\")\n"
              "--\n\n"
              "Log a message in the program, through GLib.\n\n"
              "level is one of \"debug\", \"info\", \"message\", \"warning\" and \"critical\".");

static gboolean
parse_level (const char *name,
             GLogLevelFlags *level)
{
  static const struct
  {
    const char *name;
    GLogLevelFlags level;
  } levels[] = {
    { "debug", G_LOG_LEVEL_DEBUG },
    { "info", G_LOG_LEVEL_INFO },
    { "message", G_LOG_LEVEL_MESSAGE },
    { "warning", G_LOG_LEVEL_WARNING },
    { "critical", G_LOG_LEVEL_CRITICAL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      if (g_str_equal (name, levels[i].name))
        {
          *level = levels[i].level;
          return TRUE;
        }
    }

  PyErr_Format (PyExc_ValueError,
                "level has to be one of \"debug\", \"info\", \"message\", \"warning\" and \"critical\", "
                "not \"%s\"",
                name);
  return FALSE;
}

static PyObject *
module_log (PyObject *module,
            PyObject *args,
            PyObject *kwargs)
{
  static const char *const names[] = { "message", "level", NULL };
  g_autoptr (PyObject) text = NULL;
  g_autoptr (PyObject) bytes = NULL;
  const char *level_name = "message";
  PyThreadState *thread_state;
  GLogLevelFlags level;
  EngineWorker *worker;
  PyObject *message;
  SubiterRun *run;

  if (!PyArg_ParseTupleAndKeywords (args, kwargs, "O|s:log", names, &message, &level_name)
      || !parse_level (level_name, &level))
    return NULL;

  text = PyObject_Str (message);
  bytes = text != NULL ? encode_text (text) : NULL;
  if (bytes == NULL)
    return NULL;

  /* This waits while much that was logged is unread. */
  worker = get_state (module)->worker;
  thread_state = PyEval_SaveThread ();
  run = engine_worker_dup_run (worker);
  if (run != NULL)
    {
      subiter_run_log (run, level, PyBytes_AS_STRING (bytes));
      subiter_run_unref (run);
    }
  PyEval_RestoreThread (thread_state);

  Py_RETURN_NONE;
}

/* A function with keyword arguments goes through a pointer of another type. */
#define WITH_KEYWORDS(function) ((PyCFunction) (void (*) (void)) (function))

static PyMethodDef module_functions[] = {
  { "progress", WITH_KEYWORDS (module_progress), METH_VARARGS | METH_KEYWORDS, progress_doc },
  { "stopping", module_stopping, METH_NOARGS, stopping_doc },
  { "wait", WITH_KEYWORDS (module_wait), METH_VARARGS | METH_KEYWORDS, wait_doc },
  { "log", WITH_KEYWORDS (module_log), METH_VARARGS | METH_KEYWORDS, log_doc },
  { NULL, NULL, 0, NULL },
};

PyDoc_STRVAR (stopped_doc,
              "Raised in code that did not end when it was told to.\n\n"
              "It derives from BaseException, so that \"except Exception\" lets it through.");

static int
module_exec (PyObject *module)
{
  ModuleState *state = get_state (module);

  state->stopped_type = PyErr_NewExceptionWithDoc ("subiter.Stopped", stopped_doc, PyExc_BaseException, NULL);
  if (state->stopped_type == NULL)
    return -1;

  return PyModule_AddObjectRef (module, "Stopped", state->stopped_type);
}

static int
module_traverse (PyObject *module,
                 visitproc visit,
                 void *arg)
{
  ModuleState *state = get_state (module);

  if (state != NULL)
    Py_VISIT (state->stopped_type);

  return 0;
}

static int
module_clear (PyObject *module)
{
  ModuleState *state = get_state (module);

  if (state != NULL)
    Py_CLEAR (state->stopped_type);

  return 0;
}

static void
module_free (void *module)
{
  ModuleState *state = get_state (module);

  if (state == NULL)
    return;

  Py_CLEAR (state->stopped_type);
  g_clear_pointer (&state->worker, engine_worker_unref);
}

static PyModuleDef_Slot module_slots[] = {
  { Py_mod_exec, (void *) module_exec },
  { Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED },
  { 0, NULL },
};

PyDoc_STRVAR (module_doc, "What Python code that runs in a worker can tell its program, and ask it.");

static PyModuleDef module_def = {
  PyModuleDef_HEAD_INIT,
  .m_name = "subiter",
  .m_doc = module_doc,
  .m_size = sizeof (ModuleState),
  .m_methods = module_functions,
  .m_slots = module_slots,
  .m_traverse = module_traverse,
  .m_clear = module_clear,
  .m_free = module_free,
};

/* In the gate: what all interpreters share of the definition is set by the
 * first who uses it. */
void
engine_module_prepare (void)
{
  PyModuleDef_Init (&module_def);
}

/* Makes the module of the current interpreter, as its import system would, and
 * puts it where `import subiter` looks first. The import system itself is there in
 * every interpreter, while the package by which code knows it would have to be imported.
 * NULL: an exception is pending. */
PyObject *
engine_module_new (EngineWorker *worker)
{
  g_autoptr (PyObject) machinery = PyImport_ImportModule ("_frozen_importlib");
  g_autoptr (PyObject) spec = NULL;
  g_autoptr (PyObject) module = NULL;

  if (machinery != NULL)
    spec = PyObject_CallMethod (machinery, "ModuleSpec", "sO", "subiter", Py_None);
  if (spec != NULL)
    module = PyModule_FromDefAndSpec (&module_def, spec);
  if (module == NULL || PyObject_SetAttrString (module, "__spec__", spec) != 0)
    return NULL;

  if (PyModule_ExecDef (module, &module_def) != 0)
    return NULL;
  get_state (module)->worker = engine_worker_ref (worker);

  if (PyDict_SetItemString (PyImport_GetModuleDict (), "subiter", module) != 0)
    return NULL;

  return g_steal_pointer (&module);
}

PyObject *
engine_module_get_stopped_type (PyObject *module)
{
  return get_state (module)->stopped_type;
}
