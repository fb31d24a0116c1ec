/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-inspection-private.h"

#include "subiter-failure.h"
#include "subiter-fault-private.h"
#include "subiter-run-private.h"

#include <string.h>

/* How a runtime begins each frame. */
#define FRAME_PREFIX "  File \""

struct _SubiterInspection
{
  _Atomic int ref_count;
  SubiterPort *port;
  SubiterRun *run;
  void (*done) (gpointer data);
  gpointer data;
  GDestroyNotify destroy;

  /* set by the inspection's thread before is_done, then immutable */
  char *stack;
  _Atomic int is_done;
};

void
subiter_inspection_unref (SubiterInspection *inspection)
{
  if (atomic_fetch_sub_explicit (&inspection->ref_count, 1, memory_order_acq_rel) != 1)
    return;

  subiter_port_unref (inspection->port);
  g_clear_pointer (&inspection->run, subiter_run_unref);
  if (inspection->destroy != NULL)
    inspection->destroy (inspection->data);
  g_free (inspection->stack);
  g_free (inspection);
}

static void
finish (SubiterInspection *inspection,
        char *stack)
{
  inspection->stack = stack;
  atomic_store_explicit (&inspection->is_done, 1, memory_order_release);
  inspection->done (inspection->data);
}

static gpointer
inspection_main (gpointer data)
{
  g_autoptr (SubiterInspection) inspection = data;
  g_autoptr (SubiterRuntime) runtime = subiter_port_dup_runtime (inspection->port);
  char *stack = NULL;

  if (runtime != NULL)
    stack = subiter_runtime_dup_stack (runtime, inspection->port, inspection->run);
  finish (inspection, stack);

  return NULL;
}

/* Looks at the code of @run, or, if that is NULL, at all that keeps the worker. */
SubiterInspection *
subiter_inspection_new (SubiterPort *port,
                        SubiterRun *run,
                        void (*done) (gpointer data),
                        gpointer data,
                        GDestroyNotify destroy)
{
  SubiterInspection *inspection = g_new0 (SubiterInspection, 1);
  GThread *thread;

  atomic_init (&inspection->ref_count, 2);
  atomic_init (&inspection->is_done, 0);
  inspection->port = subiter_port_ref (port);
  inspection->run = run != NULL ? subiter_run_ref (run) : NULL;
  inspection->done = done;
  inspection->data = data;
  inspection->destroy = destroy;

  thread = subiter_thread_try_new (SUBITER_FAULT_HELPER_THREAD, "subiter-look", inspection_main, inspection, NULL);
  if (thread == NULL)
    {
      finish (inspection, NULL);
      subiter_inspection_unref (inspection);
      return inspection;
    }
  g_thread_unref (thread);

  return inspection;
}

gboolean
subiter_inspection_is_done (SubiterInspection *inspection)
{
  return atomic_load_explicit (&inspection->is_done, memory_order_acquire) != 0;
}

/* (nullable): the innermost frame, in one line. A line of source code may have anything
 * in it, but is indented by more. */
static char *
dup_place (const char *stack)
{
  const char *last = g_strrstr (stack, "\n" FRAME_PREFIX);
  const char *place = last != NULL ? last + 1 : stack;

  if (!g_str_has_prefix (place, FRAME_PREFIX))
    return NULL;
  place += strspn (place, " ");

  return g_strndup (place, strcspn (place, "\n"));
}

/* (transfer full): an error that says what it says, and where the code is if that is
 * known by now. */
GError *
subiter_inspection_make_error (SubiterInspection *inspection,
                               SubiterError code,
                               const char *format,
                               ...)
{
  g_autoptr (SubiterFailure) failure = NULL;
  g_autofree char *text = NULL;
  g_autofree char *place = NULL;
  g_autofree char *message = NULL;
  g_autofree char *traceback = NULL;
  GError *error;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  if (!subiter_inspection_is_done (inspection) || inspection->stack == NULL)
    return g_error_new_literal (SUBITER_ERROR, code, text);

  place = dup_place (inspection->stack);
  message = place != NULL ? g_strdup_printf ("%s; its code is at %s", text, place) : g_strdup (text);
  traceback = g_strconcat ("Stack (most recent call last):\n", inspection->stack, NULL);
  failure = subiter_failure_new ("TimeoutError", message, traceback, NULL);
  error = subiter_error_new_for_failure (code, failure);
  g_free (error->message);
  error->message = g_steal_pointer (&message);

  return error;
}
