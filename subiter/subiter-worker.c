/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-worker-private.h"

#include "subiter-error-private.h"
#include "subiter-fault-private.h"
#include "subiter-reaper-private.h"
#include "subiter-run-private.h"
#include "subiter-shutdown.h"
#include "subiter-spare-private.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* How long the end of the program waits for workers unless told otherwise, in
 * ms. */
#define EXIT_TIMEOUT 2000

static GMutex registry_lock;
/* registry_lock: signalled when a worker leaves the registry */
static GCond registry_left;
/* registry_lock: the ports whose workers live, not referenced: each takes
 * itself out before the worker's reference goes */
static GPtrArray *registry;
/* registry_lock: since when (monotonic, µs); 0: it accepts */
static gint64 refuses_new_since;
/* registry_lock: how many were given up and have not ended since */
static guint n_given_up;
static gboolean has_exit_handler;
static _Atomic guint exit_timeout = EXIT_TIMEOUT;
/* set once, with the lock; 0: there has been no worker yet */
static _Atomic pid_t home_pid;

/**
 * subiter_set_exit_timeout:
 * @timeout: the time in ms
 *
 * Sets how long the end of the program may wait for interpreters, two seconds
 * unless this is called. What has not ended by then is left where it is. This may be
 * called from any thread.
 */
void
subiter_set_exit_timeout (guint timeout)
{
  atomic_store_explicit (&exit_timeout, timeout, memory_order_relaxed);
}

/**
 * subiter_get_exit_timeout:
 *
 * Gets how long the end of the program may wait for interpreters.
 *
 * Returns: the time in ms
 */
guint
subiter_get_exit_timeout (void)
{
  return atomic_load_explicit (&exit_timeout, memory_order_relaxed);
}

/* A child that was forked without an exec has what knows of the workers and not their
 * threads: it must not wait for them, nor for locks that they may have had. */
gboolean
subiter_worker_is_forked (void)
{
  pid_t pid = atomic_load_explicit (&home_pid, memory_order_relaxed);

  return pid != 0 && pid != getpid ();
}

static void
shut_down_at_exit (void)
{
  subiter_shutdown (subiter_get_exit_timeout ());
}

static gboolean
register_port (SubiterPort *port,
               GError **error)
{
  gboolean accepted;

  subiter_lock (&registry_lock);
  accepted = refuses_new_since == 0;
  if (accepted)
    {
      if (registry == NULL)
        registry = g_ptr_array_new ();
      g_ptr_array_add (registry, port);
      if (!has_exit_handler)
        {
          has_exit_handler = atexit (shut_down_at_exit) == 0;
          atomic_store_explicit (&home_pid, getpid (), memory_order_relaxed);
        }
    }
  subiter_unlock (&registry_lock);

  if (!accepted)
    g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED,
                         "Subiter was shut down: no interpreter can be started any more");
  return accepted;
}

/* Once only, as it is for a worker that was given up and ends after all. */
static void
unregister_port (SubiterPort *port,
                 gboolean is_given_up)
{
  gboolean was_registered;

  subiter_lock (&registry_lock);
  was_registered = g_ptr_array_remove_fast (registry, port);
  if (is_given_up && was_registered)
    n_given_up++;
  else if (!is_given_up && !was_registered)
    n_given_up--;
  g_cond_broadcast (&registry_left);
  subiter_unlock (&registry_lock);

  if (was_registered)
    subiter_reaper_release ();
}

/* A run that its runtime left without an end has not finished. */
static void
check_all_ended (SubiterPort *port,
                 GError **error)
{
  g_autoptr (SubiterRun) run = subiter_port_dup_current (port);

  if (run != NULL && *error == NULL)
    g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                 "The runtime “%s” returned without having ended its run",
                 subiter_port_get_runtime_name (port));
}

/* Python code counts on an exception where it writes to a pipe or socket that nobody
 * reads, and Python ignores the signal for that when it starts a program. One
 * that was not started by Python gets the same, as it does from GSocket, unless
 * it has a handler of its own. To block it here instead would be inherited by the
 * processes that the code starts. */
static void
ignore_sigpipe (void)
{
  static gsize done;
  struct sigaction old;

  if (g_once_init_enter (&done))
    {
      if (sigaction (SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
        signal (SIGPIPE, SIG_IGN);
      g_once_init_leave (&done, 1);
    }
}

static gpointer
worker_main (gpointer data)
{
  g_autoptr (SubiterPort) port = data;
  g_autoptr (SubiterRuntime) runtime = NULL;
  g_autoptr (GError) error = NULL;

  ignore_sigpipe ();
  runtime = subiter_runtime_lookup (subiter_port_get_runtime_name (port), &error);
  if (runtime != NULL)
    {
      subiter_port_set_runtime (port, runtime);
      subiter_runtime_run (runtime, port, &error);
      check_all_ended (port, &error);
    }
  subiter_port_exit (port, error);
  subiter_spare_worker_ends (port);
  unregister_port (port, FALSE);
  subiter_port_run_epilogue (port);

  return NULL;
}

/* Errors: SUBITER_ERROR_CLOSED after a shutdown, and in a child that was forked;
 * G_THREAD_ERROR if the system has no thread left. */
gboolean
subiter_worker_start (SubiterPort *port,
                      GError **error)
{
  g_autofree char *name = g_strdup_printf ("subiter-%" G_GUINT64_FORMAT, subiter_port_get_id (port));
  g_autoptr (GError) thread_error = NULL;
  GThread *thread;

  if (subiter_worker_is_forked ())
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED,
                           "No interpreter can be started in a process that was forked from one that has used "
                           "Subiter; start a program of its own there");
      return FALSE;
    }
  if (!subiter_reaper_hold (error))
    return FALSE;
  if (!register_port (port, error))
    {
      subiter_reaper_release ();
      return FALSE;
    }

  subiter_spare_worker_starts ();
  subiter_port_set_ready_func (port, subiter_spare_worker_is_ready);
  thread = subiter_thread_try_new (SUBITER_FAULT_WORKER_THREAD, name, worker_main, subiter_port_ref (port),
                                   &thread_error);
  if (thread == NULL)
    {
      /* A shutdown may have closed it by now, and wait for it to end. */
      subiter_port_exit (port, thread_error);
      subiter_spare_worker_ends (port);
      unregister_port (port, FALSE);
      subiter_port_unref (port);
      g_propagate_error (error, g_steal_pointer (&thread_error));
      return FALSE;
    }
  g_thread_unref (thread);

  return TRUE;
}

/* Nobody is left in whose main context the log could be told: this is structured
 * logging, whose writer may be called from any thread, where a log handler
 * may not. */
static void
log_here (const GError *error)
{
  g_autofree char *message = subiter_error_describe (error);

  g_log_structured ("Subiter", G_LOG_LEVEL_WARNING, "MESSAGE", "%s", message);
}

/* From here on the worker counts as gone, whatever it does. FALSE if it is, or
 * if @run is given and it has got past that. */
gboolean
subiter_worker_abandon (SubiterPort *port,
                        SubiterRun *run,
                        const GError *error)
{
  gboolean is_orphan;

  /* At the end of the program it would be told too late. */
  if (subiter_worker_refuses_new ())
    g_free (subiter_port_orphan (port));
  if (!subiter_port_give_up (port, run, &is_orphan, error))
    return FALSE;

  if (is_orphan && !subiter_worker_refuses_new ())
    log_here (error);
  unregister_port (port, TRUE);

  return TRUE;
}

/* (transfer full): the ports of the workers that live. */
GPtrArray *
subiter_worker_list_ports (void)
{
  GPtrArray *ports = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_port_unref);

  subiter_lock (&registry_lock);
  for (guint i = 0; registry != NULL && i < registry->len; i++)
    g_ptr_array_add (ports, subiter_port_ref (registry->pdata[i]));
  subiter_unlock (&registry_lock);

  return ports;
}

gboolean
subiter_worker_refuses_new (void)
{
  gboolean refuses;

  subiter_lock (&registry_lock);
  refuses = refuses_new_since != 0;
  subiter_unlock (&registry_lock);

  return refuses;
}

/* Since when that is so, on the monotonic clock in µs. */
gint64
subiter_worker_refuse_new (void)
{
  gint64 since;

  subiter_lock (&registry_lock);
  if (refuses_new_since == 0)
    refuses_new_since = g_get_monotonic_time ();
  since = refuses_new_since;
  subiter_unlock (&registry_lock);

  return since;
}

/* Blocks until no worker lives but those that were given up, or until @deadline
 * (monotonic, µs). Whether none lives. */
gboolean
subiter_worker_wait_for_all (gint64 deadline)
{
  gboolean all_gone;

  subiter_lock (&registry_lock);
  while (registry != NULL && registry->len > 0)
    {
      if (!subiter_cond_wait_until (&registry_left, &registry_lock, deadline))
        break;
    }
  all_gone = (registry == NULL || registry->len == 0) && n_given_up == 0;
  subiter_unlock (&registry_lock);

  return all_gone;
}
