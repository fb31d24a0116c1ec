/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-interpreter-private.h"

#include "subiter-enums.h"
#include "subiter-error.h"
#include "subiter-port-private.h"
#include "subiter-reaper-private.h"
#include "subiter-run-private.h"
#include "subiter-runtime-private.h"
#include "subiter-spare-private.h"
#include "subiter-worker-private.h"

/**
 * SubiterInterpreter:
 *
 * A Python interpreter of its own, with a worker thread of its own.
 *
 * The interpreter and its thread come into being when the first
 * [class@Subiter.Source] on it starts, and end when the object is closed or its
 * last reference goes. Sources that share an interpreter share its modules and
 * run one after the other, and so do functions that are called on it with
 * [method@Subiter.Interpreter.call_async].
 *
 * All methods may be called from any thread. The callback of an asynchronous one is
 * called in the thread-default main context of its caller, and not before the
 * main context of the moment of construction is iterated.
 */
G_DEFINE_FINAL_TYPE (SubiterInterpreter, subiter_interpreter, G_TYPE_OBJECT)

typedef enum
{
  PROP_ID = 1,
  PROP_RUNTIME,
  PROP_RUNNING,
  PROP_STATE,
  PROP_CLOSE_GRACE_PERIOD,
} SubiterInterpreterProperty;

static GParamSpec *properties[PROP_CLOSE_GRACE_PERIOD + 1];

/* Called with the lock held. */
static void
replace_port (SubiterInterpreter *self,
              SubiterPort *port)
{
  if (self->port != NULL)
    {
      char *farewell = subiter_port_orphan (self->port);

      if (farewell != NULL)
        g_queue_push_tail (&self->farewells, farewell);
      subiter_port_unref (self->port);
    }

  subiter_port_watch (port, self->wakeup);
  self->port = subiter_port_ref (port);
}

/* Called with the lock held. FALSE if the mailbox is closed. */
static gboolean
send_first (SubiterInterpreter *self,
            SubiterPort *port,
            SubiterRun *run)
{
  subiter_port_set_close_grace_period (port, self->close_grace_period);

  return subiter_port_send (port, run, NULL);
}

/* Hands @run to the worker, which is started if there is none. @is_behind tells
 * whether that has something else to do first. (transfer full): the port it went
 * to. Errors: SUBITER_ERROR_CLOSED, and those of subiter_worker_start (). */
SubiterPort *
subiter_interpreter_submit_locked (SubiterInterpreter *self,
                                   SubiterRun *run,
                                   gboolean *is_behind,
                                   GError **error)
{
  g_autoptr (SubiterPort) fresh = NULL;

  *is_behind = FALSE;
  if (self->closed)
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED, "The interpreter was closed");
      return NULL;
    }
  if (self->port != NULL && subiter_port_send (self->port, run, is_behind))
    return subiter_port_ref (self->port);

  /* There was no worker yet, or it could not work or was given up. */
  fresh = subiter_spare_take (self->runtime);
  if (fresh == NULL || !send_first (self, fresh, run))
    {
      g_clear_pointer (&fresh, subiter_port_unref);
      fresh = subiter_port_new (self->runtime);
      send_first (self, fresh, run);
      if (!subiter_worker_start (fresh, error))
        return NULL;
    }

  replace_port (self, fresh);
  /* It is in another state. */
  subiter_wakeup_notify (self->wakeup);

  return g_steal_pointer (&fresh);
}

SubiterPort *
subiter_interpreter_submit (SubiterInterpreter *self,
                            SubiterRun *run,
                            gboolean *is_behind,
                            GError **error)
{
  SubiterPort *port;

  subiter_lock (&self->lock);
  port = subiter_interpreter_submit_locked (self, run, is_behind, error);
  subiter_unlock (&self->lock);

  return port;
}

/* Lets the interpreter drop what it keeps for a stream. */
void
subiter_interpreter_forget (SubiterInterpreter *self,
                            guint64 stream_id)
{
  g_autoptr (SubiterWakeup) wakeup = subiter_wakeup_new ();
  g_autoptr (SubiterRun) run = subiter_run_new (SUBITER_RUN_FORGET, stream_id, NULL, 1, NULL, wakeup);

  subiter_lock (&self->lock);
  if (self->port != NULL)
    subiter_port_send (self->port, run, NULL);
  subiter_unlock (&self->lock);
}

/* Closes without waiting; @wakeup, if there is one, is notified once the worker
 * has ended. */
void
subiter_interpreter_close (SubiterInterpreter *self,
                           SubiterWakeup *wakeup)
{
  g_autoptr (SubiterPort) port = NULL;

  subiter_lock (&self->lock);
  self->closed = TRUE;
  if (self->port != NULL)
    port = subiter_port_ref (self->port);
  subiter_unlock (&self->lock);

  if (port != NULL)
    {
      subiter_reaper_close (port);
      if (wakeup != NULL)
        subiter_port_watch (port, wakeup);
    }
  else if (wakeup != NULL)
    {
      subiter_wakeup_notify (wakeup);
    }

  /* It is in another state, whoever it was that closed it. */
  subiter_wakeup_notify (self->wakeup);
}

/* Whether it was closed and its worker has ended. @error is set if that was given
 * up instead. */
gboolean
subiter_interpreter_has_closed (SubiterInterpreter *self,
                                GError **error)
{
  gboolean has_closed;

  subiter_lock (&self->lock);
  has_closed = self->closed && (self->port == NULL || subiter_port_has_exited (self->port));
  if (has_closed && self->port != NULL)
    *error = subiter_port_dup_abandoned (self->port);
  subiter_unlock (&self->lock);

  return has_closed;
}

static void
log_farewell (gpointer data)
{
  g_autofree char *farewell = data;

  g_log ("Subiter", G_LOG_LEVEL_WARNING, "%s", farewell);
}

/* Tells the log of workers that were given up. */
static void
log_farewells (SubiterInterpreter *self,
               gboolean is_last_time)
{
  GQueue farewells = G_QUEUE_INIT;
  char *farewell = NULL;

  subiter_lock (&self->lock);
  farewells = self->farewells;
  g_queue_init (&self->farewells);
  if (self->port != NULL)
    farewell = is_last_time ? subiter_port_orphan (self->port) : subiter_port_take_farewell (self->port);
  subiter_unlock (&self->lock);

  if (farewell != NULL)
    g_queue_push_tail (&farewells, farewell);
  g_queue_clear_full (&farewells, log_farewell);
}

/* Answers who waits for the end; as each may call out to anything, one at a time. */
static void
answer_close_tasks (SubiterInterpreter *self,
                    const GError *error)
{
  for (;;)
    {
      g_autoptr (GTask) task = NULL;

      subiter_lock (&self->lock);
      task = g_queue_pop_head (&self->close_tasks);
      subiter_unlock (&self->lock);
      if (task == NULL)
        return;

      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
    }
}

/* What is called here may iterate the main context, and so may be in here again. */
static gboolean
interpreter_dispatch (gpointer user_data)
{
  GWeakRef *weak_ref = user_data;
  g_autoptr (SubiterInterpreter) self = g_weak_ref_get (weak_ref);
  g_autoptr (GError) error = NULL;
  SubiterInterpreterState state;
  gboolean has_closed;

  if (self == NULL)
    return G_SOURCE_CONTINUE;

  subiter_wakeup_begin (self->wakeup);
  has_closed = subiter_interpreter_has_closed (self, &error);
  /* After that: who is told that it has closed sees it in that state. */
  state = subiter_interpreter_get_state (self);
  subiter_wakeup_sleep (self->wakeup, -1);
  if (subiter_wakeup_is_pending (self->wakeup))
    subiter_wakeup_sleep (self->wakeup, 0);

  log_farewells (self, FALSE);
  if (state != self->notified_state)
    {
      self->notified_state = state;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
    }
  subiter_interpreter_answer_calls (self);
  if (has_closed)
    answer_close_tasks (self, error);
  subiter_sync_release (self);

  return G_SOURCE_CONTINUE;
}

static void
weak_ref_free (gpointer data)
{
  GWeakRef *weak_ref = data;

  g_weak_ref_clear (weak_ref);
  g_free (weak_ref);
}

static void
subiter_interpreter_constructed (GObject *object)
{
  SubiterInterpreter *self = SUBITER_INTERPRETER (object);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  GWeakRef *weak_ref = g_new0 (GWeakRef, 1);

  G_OBJECT_CLASS (subiter_interpreter_parent_class)->constructed (object);

  if (self->runtime == NULL)
    self->runtime = g_strdup (SUBITER_RUNTIME_DEFAULT);
  g_weak_ref_init (weak_ref, self);
  subiter_wakeup_attach (self->wakeup, context, "[subiter] interpreter", G_PRIORITY_DEFAULT,
                         interpreter_dispatch, weak_ref, weak_ref_free);
  subiter_wakeup_allow_recursion (self->wakeup);
}

static void
subiter_interpreter_dispose (GObject *object)
{
  SubiterInterpreter *self = SUBITER_INTERPRETER (object);

  subiter_sync_acquired (self);

  subiter_interpreter_close (self, NULL);
  subiter_wakeup_detach (self->wakeup);
  log_farewells (self, TRUE);
  /* A call keeps its interpreter, unless a program disposes of that by force. */
  subiter_interpreter_answer_calls (self);

  G_OBJECT_CLASS (subiter_interpreter_parent_class)->dispose (object);
}

static void
subiter_interpreter_finalize (GObject *object)
{
  SubiterInterpreter *self = SUBITER_INTERPRETER (object);

  subiter_sync_acquired (self);

  if (self->port != NULL)
    subiter_port_unwatch (self->port, self->wakeup);
  g_clear_pointer (&self->port, subiter_port_unref);
  subiter_wakeup_unref (self->wakeup);
  g_free (self->runtime);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (subiter_interpreter_parent_class)->finalize (object);
}

static void
subiter_interpreter_get_property (GObject *object,
                                  guint property_id,
                                  GValue *value,
                                  GParamSpec *pspec)
{
  SubiterInterpreter *self = SUBITER_INTERPRETER (object);

  switch ((SubiterInterpreterProperty) property_id)
    {
    case PROP_ID:
      g_value_set_uint64 (value, subiter_interpreter_get_id (self));
      break;
    case PROP_RUNTIME:
      g_value_set_string (value, subiter_interpreter_get_runtime (self));
      break;
    case PROP_RUNNING:
      g_value_set_boolean (value, subiter_interpreter_get_running (self));
      break;
    case PROP_STATE:
      g_value_set_enum (value, subiter_interpreter_get_state (self));
      break;
    case PROP_CLOSE_GRACE_PERIOD:
      g_value_set_uint (value, subiter_interpreter_get_close_grace_period (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
subiter_interpreter_set_property (GObject *object,
                                  guint property_id,
                                  const GValue *value,
                                  GParamSpec *pspec)
{
  SubiterInterpreter *self = SUBITER_INTERPRETER (object);

  switch ((SubiterInterpreterProperty) property_id)
    {
    case PROP_RUNTIME:
      self->runtime = g_value_dup_string (value);
      break;
    case PROP_CLOSE_GRACE_PERIOD:
      subiter_interpreter_set_close_grace_period (self, g_value_get_uint (value));
      break;
    case PROP_ID:
    case PROP_RUNNING:
    case PROP_STATE:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
subiter_interpreter_class_init (SubiterInterpreterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = subiter_interpreter_constructed;
  object_class->dispose = subiter_interpreter_dispose;
  object_class->finalize = subiter_interpreter_finalize;
  object_class->get_property = subiter_interpreter_get_property;
  object_class->set_property = subiter_interpreter_set_property;

  /**
   * SubiterInterpreter:id:
   *
   * The number of the interpreter, unique in the process.
   */
  properties[PROP_ID] =
      g_param_spec_uint64 ("id", NULL, NULL, 0, G_MAXUINT64, 0,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SubiterInterpreter:runtime:
   *
   * The name of the runtime that runs it, `"subinterpreter"` unless another is
   * given. Whether there is one of that name shows when the first source
   * starts, which fails with %SUBITER_ERROR_RUNTIME if not.
   */
  properties[PROP_RUNTIME] =
      g_param_spec_string ("runtime", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SubiterInterpreter:running:
   *
   * Whether Python code is being run at this moment. There is no
   * notification when this changes.
   */
  properties[PROP_RUNNING] =
      g_param_spec_boolean ("running", NULL, NULL, FALSE,
                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SubiterInterpreter:state:
   *
   * Where the interpreter is in its life. It changes, and is notified, in the main
   * context of the moment of construction.
   */
  properties[PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, SUBITER_TYPE_INTERPRETER_STATE, SUBITER_INTERPRETER_STATE_IDLE,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SubiterInterpreter:close-grace-period:
   *
   * How long the interpreter has to end once it is closed, in ms; what does not end,
   * such as a thread that its code left behind, is given up then. %G_MAXUINT is for
   * ever.
   */
  properties[PROP_CLOSE_GRACE_PERIOD] =
      g_param_spec_uint ("close-grace-period", NULL, NULL, 0, G_MAXUINT, SUBITER_PORT_CLOSE_GRACE_PERIOD,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
subiter_interpreter_init (SubiterInterpreter *self)
{
  static _Atomic guint64 last_id;

  self->id = atomic_fetch_add_explicit (&last_id, 1, memory_order_relaxed) + 1;
  self->wakeup = subiter_wakeup_new ();
  g_mutex_init (&self->lock);
  self->close_grace_period = SUBITER_PORT_CLOSE_GRACE_PERIOD;
  g_queue_init (&self->close_tasks);
  g_queue_init (&self->calls);
  g_queue_init (&self->farewells);
}

/**
 * subiter_interpreter_new:
 * @runtime: (nullable): the name of a runtime, or %NULL for `"subinterpreter"`
 *
 * Makes an interpreter. Nothing is started before something is to run on it.
 *
 * Returns: (transfer full): an interpreter
 */
SubiterInterpreter *
subiter_interpreter_new (const char *runtime)
{
  return g_object_new (SUBITER_TYPE_INTERPRETER, "runtime", runtime, NULL);
}

/**
 * subiter_interpreter_get_id:
 * @self: an interpreter
 *
 * Gets the number of the interpreter.
 *
 * Returns: the number, unique in the process
 */
guint64
subiter_interpreter_get_id (SubiterInterpreter *self)
{
  g_return_val_if_fail (SUBITER_IS_INTERPRETER (self), 0);

  return self->id;
}

/**
 * subiter_interpreter_get_runtime:
 * @self: an interpreter
 *
 * Gets the name of the runtime.
 *
 * Returns: the name
 */
const char *
subiter_interpreter_get_runtime (SubiterInterpreter *self)
{
  g_return_val_if_fail (SUBITER_IS_INTERPRETER (self), NULL);

  return self->runtime;
}

/**
 * subiter_interpreter_get_running:
 * @self: an interpreter
 *
 * Tells whether Python code is being run at this moment.
 *
 * Returns: whether it is
 */
gboolean
subiter_interpreter_get_running (SubiterInterpreter *self)
{
  g_autoptr (SubiterRun) current = NULL;

  g_return_val_if_fail (SUBITER_IS_INTERPRETER (self), FALSE);

  subiter_lock (&self->lock);
  if (self->port != NULL)
    current = subiter_port_dup_current (self->port);
  subiter_unlock (&self->lock);

  return current != NULL;
}

/**
 * subiter_interpreter_get_state:
 * @self: an interpreter
 *
 * Tells where the interpreter is in its life at this moment.
 *
 * Returns: the state
 */
SubiterInterpreterState
subiter_interpreter_get_state (SubiterInterpreter *self)
{
  SubiterInterpreterState state = SUBITER_INTERPRETER_STATE_LIVE;

  g_return_val_if_fail (SUBITER_IS_INTERPRETER (self), SUBITER_INTERPRETER_STATE_CLOSED);

  subiter_lock (&self->lock);
  if (self->closed)
    state = self->port == NULL || subiter_port_has_exited (self->port) ? SUBITER_INTERPRETER_STATE_CLOSED
                                                                       : SUBITER_INTERPRETER_STATE_CLOSING;
  else if (self->port == NULL)
    state = SUBITER_INTERPRETER_STATE_IDLE;
  else if (subiter_port_has_exited (self->port))
    state = subiter_port_is_abandoned (self->port) ? SUBITER_INTERPRETER_STATE_ABANDONED
                                                   : SUBITER_INTERPRETER_STATE_IDLE;
  subiter_unlock (&self->lock);

  return state;
}

/**
 * subiter_interpreter_get_close_grace_period:
 * @self: an interpreter
 *
 * Gets how long the interpreter has to end once it is closed.
 *
 * Returns: the time in ms; %G_MAXUINT is for ever
 */
guint
subiter_interpreter_get_close_grace_period (SubiterInterpreter *self)
{
  guint period;

  g_return_val_if_fail (SUBITER_IS_INTERPRETER (self), 0);

  subiter_lock (&self->lock);
  period = self->close_grace_period;
  subiter_unlock (&self->lock);

  return period;
}

/**
 * subiter_interpreter_set_close_grace_period:
 * @self: an interpreter
 * @period: the time in ms; %G_MAXUINT is for ever
 *
 * Sets how long the interpreter has to end once it is closed. This counts for a close
 * that comes after it.
 */
void
subiter_interpreter_set_close_grace_period (SubiterInterpreter *self,
                                            guint period)
{
  gboolean changed;

  g_return_if_fail (SUBITER_IS_INTERPRETER (self));

  subiter_lock (&self->lock);
  changed = self->close_grace_period != period;
  self->close_grace_period = period;
  if (self->port != NULL)
    subiter_port_set_close_grace_period (self->port, period);
  subiter_unlock (&self->lock);

  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CLOSE_GRACE_PERIOD]);
}

/**
 * subiter_interpreter_close_async:
 * @self: an interpreter
 * @cancellable: (nullable): a cancellable; closing goes on if it is cancelled
 * @callback: (scope async): called when the interpreter and its thread are gone
 * @user_data: for @callback
 *
 * Ends what runs on the interpreter and destroys it. Sources on it end, and fail
 * with %SUBITER_ERROR_CLOSED if they are started again. Calls that have not returned
 * fail with it.
 *
 * What does not end in time is given up: code that runs as
 * [method@Subiter.Source.stop] says, and all else, such as a thread that was left
 * behind, after [property@Subiter.Interpreter:close-grace-period].
 */
void
subiter_interpreter_close_async (SubiterInterpreter *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SUBITER_IS_INTERPRETER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, subiter_interpreter_close_async);

  subiter_lock (&self->lock);
  g_queue_push_tail (&self->close_tasks, g_steal_pointer (&task));
  subiter_unlock (&self->lock);

  subiter_interpreter_close (self, self->wakeup);
}

/**
 * subiter_interpreter_close_finish:
 * @self: an interpreter
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Completes [method@Subiter.Interpreter.close_async].
 *
 * Errors: %G_IO_ERROR_CANCELLED; %SUBITER_ERROR_ABANDONED if the interpreter did not
 * end in time.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
subiter_interpreter_close_finish (SubiterInterpreter *self,
                                  GAsyncResult *result,
                                  GError **error)
{
  g_return_val_if_fail (SUBITER_IS_INTERPRETER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, subiter_interpreter_close_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
