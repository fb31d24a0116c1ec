/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-runtime-private.h"

#include <string.h>

/* What the test looks at. */
static _Atomic int counts[SUBITER_TEST_N_COUNTS];
static _Atomic int permits;
static _Atomic int released;
static _Atomic int held;
static _Atomic int n_starting;
static _Atomic int most_starting;
static _Atomic gpointer last_thread;

static GMutex trace_lock;
/* trace_lock */
static GString *trace;

/* What is kept of a source. */
typedef struct
{
  gboolean is_set_up;
  gboolean is_kept;
} Stream;

struct _SubiterTestRuntime
{
  GObject parent_instance;
};

struct _SubiterTestBrokenRuntime
{
  GObject parent_instance;
};

static void subiter_test_runtime_iface_init (SubiterRuntimeInterface *iface);
static void subiter_test_broken_runtime_iface_init (SubiterRuntimeInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SubiterTestRuntime, subiter_test_runtime, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SUBITER_TYPE_RUNTIME, subiter_test_runtime_iface_init))

G_DEFINE_FINAL_TYPE_WITH_CODE (SubiterTestBrokenRuntime, subiter_test_broken_runtime, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SUBITER_TYPE_RUNTIME, subiter_test_broken_runtime_iface_init))

void
subiter_test_runtime_add (SubiterTestCount what)
{
  atomic_fetch_add (&counts[what], 1);
}

int
subiter_test_runtime_count (SubiterTestCount what)
{
  return atomic_load (&counts[what]);
}

static void
add_trace (const char *what,
           const char *name)
{
  subiter_lock (&trace_lock);
  if (trace == NULL)
    trace = g_string_new (NULL);
  g_string_append_printf (trace, "%s%s%s%s", trace->len > 0 ? " " : "", what, name != NULL ? ":" : "",
                          name != NULL ? name : "");
  subiter_unlock (&trace_lock);
}

char *
subiter_test_runtime_dup_trace (void)
{
  char *text;

  subiter_lock (&trace_lock);
  text = g_strdup (trace != NULL ? trace->str : "");
  subiter_unlock (&trace_lock);

  return text;
}

GThread *
subiter_test_runtime_get_thread (void)
{
  return atomic_load (&last_thread);
}

int
subiter_test_runtime_get_most_starting (void)
{
  return atomic_load (&most_starting);
}

void
subiter_test_runtime_hold (gboolean holds)
{
  atomic_store (&held, holds);
}

void
subiter_test_runtime_permit (int n)
{
  atomic_fetch_add (&permits, n);
}

void
subiter_test_runtime_release (void)
{
  atomic_store (&released, 1);
}

/* Only while no worker lives. */
void
subiter_test_runtime_reset (void)
{
  for (int i = 0; i < SUBITER_TEST_N_COUNTS; i++)
    atomic_store (&counts[i], 0);
  atomic_store (&permits, 0);
  atomic_store (&released, 0);
  atomic_store (&held, 0);
  atomic_store (&most_starting, 0);

  subiter_lock (&trace_lock);
  if (trace != NULL)
    g_string_free (g_steal_pointer (&trace), TRUE);
  subiter_unlock (&trace_lock);
}

gboolean
subiter_test_runtime_take_permit (void)
{
  int n = atomic_load (&permits);

  while (n > 0)
    {
      if (atomic_compare_exchange_weak (&permits, &n, n - 1))
        return TRUE;
    }

  return FALSE;
}

gboolean
subiter_test_runtime_is_released (void)
{
  return atomic_load (&released) != 0;
}

/* FALSE: one of them failed. */
static gboolean
run_initializers (SubiterRun *run,
                  GError **error)
{
  GPtrArray *initializers = subiter_run_get_initializers (run);

  for (guint i = 0; i < initializers->len; i++)
    {
      const char *name = subiter_callable_get_attribute (initializers->pdata[i]);

      add_trace ("init", name);
      subiter_test_runtime_add (SUBITER_TEST_INITIALIZERS);
      if (strcmp (name, "setup_fails") == 0)
        {
          g_autoptr (SubiterFailure) failure = subiter_failure_new ("RuntimeError", "set-up failed", NULL, NULL);

          g_propagate_error (error, subiter_error_new_for_failure (SUBITER_ERROR_RAISED, failure));
          return FALSE;
        }
    }

  return TRUE;
}

static void
serve_iterate (SubiterTestWorker *worker,
               SubiterRun *run)
{
  SubiterCallable *callable = subiter_run_get_callable (run);
  guint64 stream_id = subiter_run_get_stream_id (run);
  SubiterTestCall call = { .run = run, .worker = worker, .args = subiter_callable_get_args (callable) };
  const SubiterTestFunction *function;
  GError *error = NULL;
  Stream *stream;

  /* It was stopped before it began. */
  if (subiter_run_is_stopping (run))
    {
      subiter_run_finish (run);
      return;
    }

  stream = g_hash_table_lookup (worker->streams, &stream_id);
  if (stream == NULL)
    {
      stream = g_new0 (Stream, 1);
      g_hash_table_insert (worker->streams, g_memdup2 (&stream_id, sizeof stream_id), stream);
    }

  if (!stream->is_set_up && !run_initializers (run, &error))
    {
      subiter_run_fail (run, error);
      return;
    }
  stream->is_set_up = TRUE;

  function = subiter_test_function_find (callable, &error);
  if (function == NULL)
    {
      subiter_run_fail (run, error);
      return;
    }
  if (!stream->is_kept)
    {
      add_trace ("call", function->name);
      subiter_test_runtime_add (SUBITER_TEST_CALLS);
    }
  stream->is_kept = !function->is_one_shot;

  subiter_test_runtime_add (SUBITER_TEST_ITERATIONS);
  function->iterate (&call);
}

/* What is pushed is what it returns: the functions that push one item are those that
 * can be called. */
static void
serve_call (SubiterTestWorker *worker,
            SubiterRun *run)
{
  SubiterCallable *callable = subiter_run_get_callable (run);
  SubiterTestCall call = { .run = run, .worker = worker, .args = subiter_callable_get_args (callable) };
  const SubiterTestFunction *function;
  GError *error = NULL;

  function = subiter_test_function_find (callable, &error);
  if (function == NULL)
    {
      subiter_run_fail (run, error);
      return;
    }

  add_trace ("call", function->name);
  subiter_test_runtime_add (SUBITER_TEST_CALLS);
  function->iterate (&call);
}

static void
serve (SubiterTestWorker *worker,
       SubiterRun *run)
{
  guint64 stream_id = subiter_run_get_stream_id (run);

  atomic_store (&last_thread, g_thread_self ());
  if (subiter_run_get_kind (run) == SUBITER_RUN_FORGET)
    {
      add_trace ("forget", NULL);
      subiter_test_runtime_add (SUBITER_TEST_FORGETS);
      g_hash_table_remove (worker->streams, &stream_id);
      subiter_run_finish (run);
      return;
    }

  subiter_lock (&worker->lock);
  worker->current = run;
  worker->n_interrupts = 0;
  subiter_unlock (&worker->lock);

  if (subiter_run_get_kind (run) == SUBITER_RUN_CALL)
    serve_call (worker, run);
  else
    serve_iterate (worker, run);

  subiter_lock (&worker->lock);
  worker->current = NULL;
  subiter_unlock (&worker->lock);
}

static void
worker_free (gpointer data)
{
  SubiterTestWorker *worker = data;

  g_hash_table_unref (worker->streams);
  g_mutex_clear (&worker->lock);
  g_free (worker);
  subiter_test_runtime_add (SUBITER_TEST_PORTS_FREED);
}

/* What takes a while where an interpreter is created. */
static void
start (void)
{
  int n = atomic_fetch_add (&n_starting, 1) + 1;
  int most = atomic_load (&most_starting);

  while (n > most && !atomic_compare_exchange_weak (&most_starting, &most, n))
    continue;
  while (atomic_load (&held))
    g_usleep (200);
  atomic_fetch_sub (&n_starting, 1);
}

static gboolean
subiter_test_runtime_run (SubiterRuntime *runtime,
                          SubiterPort *port,
                          GError **error)
{
  SubiterTestWorker *worker = g_new0 (SubiterTestWorker, 1);
  SubiterRun *run;

  worker->streams = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  g_mutex_init (&worker->lock);
  subiter_port_set_data (port, worker, worker_free);

  add_trace ("enter", NULL);
  subiter_test_runtime_add (SUBITER_TEST_ENTERED);
  start ();
  subiter_test_runtime_add (SUBITER_TEST_READY);
  while (!worker->leaves && (run = subiter_port_receive (port)) != NULL)
    {
      serve (worker, run);
      subiter_run_unref (run);
    }
  while (worker->lingers && !subiter_test_runtime_is_released ())
    g_usleep (200);
  if (worker->queues)
    {
      subiter_port_begin_wait (port);
      while (!subiter_test_runtime_take_permit () && !subiter_test_runtime_is_released ())
        g_usleep (200);
      subiter_port_end_wait (port);
    }
  add_trace ("leave", NULL);
  subiter_test_runtime_add (SUBITER_TEST_LEFT);

  return TRUE;
}

static gboolean
subiter_test_runtime_interrupt (SubiterRuntime *runtime,
                                SubiterPort *port,
                                SubiterRun *run,
                                SubiterInterrupt how)
{
  SubiterTestWorker *worker = subiter_port_get_data (port);
  gboolean is_current;

  if (worker == NULL || how != SUBITER_INTERRUPT_RAISE)
    return FALSE;

  subiter_lock (&worker->lock);
  is_current = worker->current == run;
  if (is_current)
    worker->n_interrupts++;
  subiter_unlock (&worker->lock);

  if (is_current)
    subiter_test_runtime_add (SUBITER_TEST_INTERRUPTS);

  return is_current;
}

static char *
subiter_test_runtime_dup_stack (SubiterRuntime *runtime,
                                SubiterPort *port,
                                SubiterRun *run)
{
  SubiterTestWorker *worker = subiter_port_get_data (port);
  g_autofree char *name = NULL;
  gboolean is_current;

  if (worker == NULL)
    return NULL;

  subiter_test_runtime_add (SUBITER_TEST_LOOKS);
  if (run == NULL)
    return g_strdup ("  File \"test.c\", line 1, in leave\n");

  subiter_lock (&worker->lock);
  is_current = worker->current == run;
  subiter_unlock (&worker->lock);
  if (!is_current)
    return NULL;

  name = subiter_callable_to_string (subiter_run_get_callable (run));
  while (g_str_has_suffix (name, "_in_c") && !subiter_test_runtime_is_released ())
    g_usleep (200);

  return g_strdup_printf ("  File \"test.c\", line 1, in serve\n    serve ();\n"
                          "  File \"test.c\", line 2, in %s\n    for (;;);\n", name);
}

static void
subiter_test_runtime_iface_init (SubiterRuntimeInterface *iface)
{
  iface->run = subiter_test_runtime_run;
  iface->interrupt = subiter_test_runtime_interrupt;
  iface->dup_stack = subiter_test_runtime_dup_stack;
}

static void
subiter_test_runtime_class_init (SubiterTestRuntimeClass *klass)
{
  subiter_runtime_install_properties (G_OBJECT_CLASS (klass));
}

static void
subiter_test_runtime_init (SubiterTestRuntime *self)
{
}

static gboolean
subiter_test_broken_runtime_run (SubiterRuntime *runtime,
                                 SubiterPort *port,
                                 GError **error)
{
  subiter_test_runtime_add (SUBITER_TEST_BROKEN);
  g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER, "No interpreter can be made here");
  return FALSE;
}

static void
subiter_test_broken_runtime_iface_init (SubiterRuntimeInterface *iface)
{
  iface->run = subiter_test_broken_runtime_run;
  iface->interrupt = subiter_test_runtime_interrupt;
}

static void
subiter_test_broken_runtime_class_init (SubiterTestBrokenRuntimeClass *klass)
{
  subiter_runtime_install_properties (G_OBJECT_CLASS (klass));
}

static void
subiter_test_broken_runtime_init (SubiterTestBrokenRuntime *self)
{
}

void
subiter_test_runtime_register (void)
{
  GIOExtensionPoint *point = g_io_extension_point_register (SUBITER_RUNTIME_EXTENSION_POINT_NAME);

  g_io_extension_point_set_required_type (point, SUBITER_TYPE_RUNTIME);
  g_io_extension_point_implement (SUBITER_RUNTIME_EXTENSION_POINT_NAME, SUBITER_TEST_TYPE_RUNTIME, "test", 0);
  g_io_extension_point_implement (SUBITER_RUNTIME_EXTENSION_POINT_NAME, SUBITER_TEST_TYPE_BROKEN_RUNTIME,
                                  "test-broken", 0);
}
