/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The same interpreters as those of the other programs, by nothing but
 * CPython's own calls: what is not flat here is not Subiter's to mend. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "soak-process.h"

#define N_ITEMS 20

typedef struct
{
  GMutex lock;
  GCond changed;
  guint n_ready;
  gboolean may_end;
} Gate;

/* Interpreters are made and ended one at a time, as Subiter does it. */
static GMutex making;

static void
run_code (void)
{
  PyObject *globals = PyDict_New ();
  PyObject *result;
  PyObject *iterator;
  PyObject *item;
  long n = 0;

  g_assert_cmpint (PyDict_SetItemString (globals, "__builtins__", PyEval_GetBuiltins ()), ==, 0);
  result = PyRun_String (SOAK_CODE, Py_file_input, globals, globals);
  g_assert_nonnull (result);
  Py_DECREF (result);

  iterator = PyObject_CallFunction (PyDict_GetItemString (globals, "items"), "i", N_ITEMS);
  g_assert_nonnull (iterator);
  while ((item = PyIter_Next (iterator)) != NULL)
    {
      g_assert_cmpint (PyLong_AsLong (item), ==, n);
      Py_DECREF (item);
      n++;
    }
  g_assert_cmpint (n, ==, N_ITEMS);
  g_assert_null (PyErr_Occurred ());
  Py_DECREF (iterator);
  Py_DECREF (globals);
}

static gpointer
interpreter_main (gpointer data)
{
  Gate *gate = data;
  PyThreadState *state = NULL;
  PyStatus status;
  PyInterpreterConfig config = {
    .use_main_obmalloc = 0,
    .allow_fork = 0,
    .allow_exec = 0,
    .allow_threads = 1,
    .allow_daemon_threads = 0,
    .check_multi_interp_extensions = 1,
    .gil = PyInterpreterConfig_OWN_GIL,
  };

  g_mutex_lock (&making);
  status = Py_NewInterpreterFromConfig (&state, &config);
  g_assert_false (PyStatus_Exception (status));
  g_mutex_unlock (&making);

  run_code ();
  if (gate != NULL)
    {
      Py_BEGIN_ALLOW_THREADS
      g_mutex_lock (&gate->lock);
      gate->n_ready++;
      g_cond_broadcast (&gate->changed);
      while (!gate->may_end)
        g_cond_wait (&gate->changed, &gate->lock);
      g_mutex_unlock (&gate->lock);
      g_mutex_lock (&making);
      Py_END_ALLOW_THREADS
    }
  else
    {
      g_mutex_lock (&making);
    }
  Py_EndInterpreter (state);
  g_mutex_unlock (&making);

  return NULL;
}

static void
run_cycles (guint n_cycles,
            guint n_warm_up)
{
  gint64 began = 0;

  for (guint i = 0; i < n_warm_up + n_cycles; i++)
    {
      if (i == n_warm_up)
        began = g_get_monotonic_time ();
      g_thread_join (g_thread_new ("interpreter", interpreter_main, NULL));
      if (i >= n_warm_up)
        soak_print_memory ();
    }
  soak_print_figure ("ms-per-cycle", (double) (g_get_monotonic_time () - began) / 1000.0 / n_cycles);
}

static void
run_at_once (guint n)
{
  g_autofree GThread **threads = g_new0 (GThread *, n);
  Gate gate = { 0 };
  gint64 rss = soak_get_rss ();
  gint64 began = g_get_monotonic_time ();

  g_mutex_init (&gate.lock);
  g_cond_init (&gate.changed);
  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("interpreter", interpreter_main, &gate);

  g_mutex_lock (&gate.lock);
  while (gate.n_ready < n)
    g_cond_wait (&gate.changed, &gate.lock);
  soak_print_figure ("ms-per-interpreter", (double) (g_get_monotonic_time () - began) / 1000.0 / n);
  soak_print_figure ("kib-per-interpreter", (double) (soak_get_rss () - rss) / n);
  gate.may_end = TRUE;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);

  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
  g_mutex_clear (&gate.lock);
  g_cond_clear (&gate.changed);
}

int
main (int argc,
      char **argv)
{
  PyConfig config;
  PyThreadState *state;

  g_assert_cmpint (argc, >=, 3);
  PyConfig_InitIsolatedConfig (&config);
  g_assert_false (PyStatus_Exception (Py_InitializeFromConfig (&config)));
  PyConfig_Clear (&config);
  state = PyEval_SaveThread ();

  if (g_str_equal (argv[1], "at-once"))
    {
      g_thread_join (g_thread_new ("interpreter", interpreter_main, NULL));
      run_at_once ((guint) atoi (argv[2]));
    }
  else
    {
      run_cycles ((guint) atoi (argv[1]), (guint) atoi (argv[2]));
    }
  PyEval_RestoreThread (state);

  return Py_FinalizeEx ();
}
