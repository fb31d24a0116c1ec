/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <subiter-version.h>

G_BEGIN_DECLS

/* Things that hardly ever fail, made to fail on demand, so that tests see what
 * becomes of it: only in a build with the option `fault_injection`. In any other
 * build nothing of this is left. */
typedef enum
{
  /* the thread of a worker */
  SUBITER_FAULT_WORKER_THREAD,
  /* a thread that interrupts or looks at a worker, or sees to its end */
  SUBITER_FAULT_HELPER_THREAD,
  /* the memory for the items that wait */
  SUBITER_FAULT_RING,
  /* a module that is loaded: a runtime's, an engine, Python's library */
  SUBITER_FAULT_MODULE,
  /* an interpreter: its creation, and each step of what is done to it after that */
  SUBITER_FAULT_INTERPRETER,
  SUBITER_FAULT_SET_UP,
  SUBITER_N_FAULTS,
} SubiterFault;

#ifdef SUBITER_FAULT_INJECTION
/* any thread; whether the thing is to fail this time */
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_fault (SubiterFault fault);
/* The next @n_skipped times go well, the @n_failing after that do not. */
SUBITER_AVAILABLE_IN_ALL
void subiter_fault_inject (SubiterFault fault,
                           guint n_skipped,
                           guint n_failing);
/* how many were injected and have not come up yet */
SUBITER_AVAILABLE_IN_ALL
guint subiter_fault_clear (SubiterFault fault);
#else
#define subiter_fault(fault) FALSE
#endif

static inline GThread *
subiter_thread_try_new (SubiterFault fault,
                        const char *name,
                        GThreadFunc func,
                        gpointer data,
                        GError **error)
{
  if (subiter_fault (fault))
    {
      g_set_error_literal (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "A thread was made to fail");
      return NULL;
    }

  return g_thread_try_new (name, func, data, error);
}

G_END_DECLS
