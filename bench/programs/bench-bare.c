/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Interpreters by nothing but CPython's own calls, each on a thread of its own:
 * how long one takes to make, or how much memory. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "bench-support.h"

typedef struct
{
  GMutex lock;
  GCond changed;
  gint64 made;
  gboolean may_end;
} Gate;

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
  gint64 made;

  status = Py_NewInterpreterFromConfig (&state, &config);
  made = bench_now ();
  if (PyStatus_Exception (status))
    bench_fail ("There was no interpreter: %s", status.err_msg);

  Py_BEGIN_ALLOW_THREADS
  g_mutex_lock (&gate->lock);
  gate->made = made;
  g_cond_broadcast (&gate->changed);
  while (!gate->may_end)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
  Py_END_ALLOW_THREADS
  Py_EndInterpreter (state);

  return NULL;
}

/* In ns, when it was made. */
static gint64
make_interpreter (Gate *gate,
                  GThread **thread)
{
  gint64 made;

  g_mutex_init (&gate->lock);
  g_cond_init (&gate->changed);
  *thread = g_thread_new ("interpreter", interpreter_main, gate);
  g_mutex_lock (&gate->lock);
  while (gate->made == 0)
    g_cond_wait (&gate->changed, &gate->lock);
  made = gate->made;
  g_mutex_unlock (&gate->lock);

  return made;
}

static void
end_interpreter (Gate *gate,
                 GThread *thread)
{
  g_mutex_lock (&gate->lock);
  gate->may_end = TRUE;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
  g_thread_join (thread);
}

static void
measure_time (gint64 n)
{
  g_autoptr (GArray) delays = g_array_new (FALSE, FALSE, sizeof (double));

  for (gint64 i = 0; i < n; i++)
    {
      Gate gate = { 0 };
      GThread *thread;
      gint64 began = bench_now ();
      double delay = (double) (make_interpreter (&gate, &thread) - began) / 1000;

      g_array_append_val (delays, delay);
      end_interpreter (&gate, thread);
    }
  bench_put_percentiles ("us", delays);
}

static void
measure_memory (gint64 n)
{
  g_autofree Gate *gates = g_new0 (Gate, n);
  g_autofree GThread **threads = g_new0 (GThread *, n);
  BenchMemory memory = { 0 };

  for (gint64 i = 0; i < n; i++)
    {
      make_interpreter (&gates[i], &threads[i]);
      bench_note_memory (&memory);
    }
  bench_put_memory (&memory);
  for (gint64 i = 0; i < n; i++)
    end_interpreter (&gates[i], threads[i]);
}

int
main (int argc,
      char **argv)
{
  PyConfig config;
  PyThreadState *state;
  const char *what;
  gint64 n_times;
  gint64 n_workers;

  bench_parse (argc, argv);
  what = bench_get_string ("what", "time");
  n_times = bench_get_int ("times", 10);
  n_workers = bench_get_int ("workers", 16);
  bench_check_arguments ();

  PyConfig_InitIsolatedConfig (&config);
  if (PyStatus_Exception (Py_InitializeFromConfig (&config)))
    bench_fail ("There is no Python");
  PyConfig_Clear (&config);
  state = PyEval_SaveThread ();
  if (g_str_equal (what, "memory"))
    measure_memory (n_workers);
  else
    measure_time (n_times);
  PyEval_RestoreThread (state);
  bench_print ();

  return Py_FinalizeEx ();
}
