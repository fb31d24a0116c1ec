/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-interpreter-private.h"

#include "subiter-callable.h"
#include "subiter-error.h"
#include "subiter-port-private.h"
#include "subiter-reaper-private.h"
#include "subiter-run-private.h"

/* How many calls are answered until others have their turn in the main context. */
#define MAX_ANSWERS 64

/* One call of call_async (), which has a reference to the interpreter. */
typedef struct
{
  GTask *task;
  SubiterRun *run;
  /* NULL if it could not be handed to a worker */
  SubiterPort *port;
  gulong cancelled_id;
} SubiterCall;

static void
call_free (SubiterCall *call)
{
  GCancellable *cancellable = g_task_get_cancellable (call->task);

  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, call->cancelled_id);
  g_object_unref (call->task);
  subiter_run_unref (call->run);
  g_clear_pointer (&call->port, subiter_port_unref);
  g_free (call);
}

/* On the thread of whoever cancels. The call, which has a reference to @user_data, is
 * not freed before this has returned. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer user_data)
{
  SubiterInterpreter *self = user_data;

  atomic_store_explicit (&self->has_cancelled, 1, memory_order_release);
  subiter_wakeup_notify (self->wakeup);
}

/* Called with the lock held. A run that no worker takes has ended. */
static void
submit (SubiterInterpreter *self,
        SubiterCall *call,
        SubiterCallable *callable)
{
  GError *error = NULL;
  gboolean is_behind;

  call->run = subiter_run_new (SUBITER_RUN_CALL, 0, callable, 1, NULL, self->wakeup);
  /* There is nobody else to take its output. */
  subiter_run_set_forward_output (call->run, TRUE);

  if (subiter_run_has_memory (call->run))
    call->port = subiter_interpreter_submit_locked (self, call->run, &is_behind, &error);
  else
    error = g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_NO_MEMORY, "There is no memory for a call");
  if (call->port == NULL)
    subiter_run_end (call->run, error);
}

/* It waited behind code whose worker was given up: it goes to the next one. */
static gboolean
is_to_be_repeated (SubiterInterpreter *self,
                   SubiterCall *call)
{
  return !self->closed && call->port != NULL && subiter_run_has_ended (call->run)
         && !subiter_run_has_begun (call->run)
         && g_error_matches (subiter_run_get_error (call->run), SUBITER_ERROR, SUBITER_ERROR_ABANDONED);
}

/* Called with the lock held. */
static void
repeat_calls (SubiterInterpreter *self)
{
  for (GList *l = self->calls.head; l != NULL; l = l->next)
    {
      SubiterCall *call = l->data;

      if (is_to_be_repeated (self, call))
        {
          g_autoptr (SubiterRun) run = g_steal_pointer (&call->run);

          g_clear_pointer (&call->port, subiter_port_unref);
          submit (self, call, subiter_run_get_callable (run));
        }
    }
}

/* (nullable): the next that was cancelled before it has returned. */
static SubiterCall *
take_cancelled (SubiterInterpreter *self)
{
  SubiterCall *cancelled = NULL;

  subiter_lock (&self->lock);
  for (GList *l = self->calls.head; l != NULL; l = l->next)
    {
      SubiterCall *call = l->data;

      if (g_cancellable_is_cancelled (g_task_get_cancellable (call->task)) && !subiter_run_has_ended (call->run))
        {
          cancelled = call;
          g_queue_delete_link (&self->calls, l);
          break;
        }
    }
  subiter_unlock (&self->lock);

  return cancelled;
}

/* (nullable): the next that is to be answered. */
static SubiterCall *
take_answered (SubiterInterpreter *self,
               gboolean *is_closed)
{
  SubiterCall *call;

  subiter_lock (&self->lock);
  *is_closed = self->closed;
  call = g_queue_peek_head (&self->calls);
  if (call != NULL && is_to_be_repeated (self, call))
    repeat_calls (self);
  if (call != NULL && (self->closed || subiter_run_has_ended (call->run)))
    g_queue_pop_head (&self->calls);
  else
    call = NULL;
  subiter_unlock (&self->lock);

  return call;
}

/* (transfer full) (nullable): what the code returned. */
static GVariant *
take_result (SubiterCall *call,
             gboolean is_closed,
             GError **error)
{
  gboolean has_ended = subiter_run_has_ended (call->run);
  gboolean is_stopping = subiter_run_is_stopping (call->run);
  const GError *failure = has_ended ? subiter_run_get_error (call->run) : NULL;
  SubiterValue value;

  /* What code raises that was told to end is not its answer. */
  if (is_closed && is_stopping && g_error_matches (failure, SUBITER_ERROR, SUBITER_ERROR_RAISED))
    failure = NULL;

  if (failure != NULL)
    g_propagate_error (error, g_error_copy (failure));
  else if (has_ended && subiter_run_pop (call->run, &value))
    return subiter_run_take_variant (call->run, &value);
  else if (!has_ended || is_stopping)
    g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED, "The interpreter was closed");
  else
    g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                 "The runtime “%s” ended a call without what it returned",
                 subiter_port_get_runtime_name (call->port));

  return NULL;
}

static void
answer (SubiterCall *call,
        gboolean is_closed)
{
  GError *error = NULL;
  GVariant *result = take_result (call, is_closed, &error);

  if (result != NULL)
    g_task_return_pointer (call->task, result, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (call->task, error);
}

static void
on_completed (GTask *task,
              GParamSpec *pspec,
              gpointer user_data)
{
  SubiterInterpreter *self = g_task_get_source_object (task);

  self->n_deferred--;
  subiter_wakeup_notify (self->wakeup);
}

/* A task calls back at once, unless it was made in this very turn of the main context: then
 * it does in the next, and no other may be before it. Those of other main contexts, each
 * of which does it in its own turn, are in order anyway. */
static void
wait_if_deferred (SubiterInterpreter *self,
                  GTask *task)
{
  GSource *source = g_main_current_source ();

  if (g_task_get_completed (task) || source == NULL || g_source_get_context (source) != g_task_get_context (task))
    return;

  self->n_deferred++;
  g_signal_connect (task, "notify::completed", G_CALLBACK (on_completed), NULL);
}

/* What the code has logged; its output goes elsewhere. */
static void
deliver_logs (SubiterRun *run)
{
  gboolean has_waited;
  GQueue *events = subiter_event_queue_take (subiter_run_get_events (run), &has_waited);

  if (events == NULL)
    return;

  for (GList *l = events->head; l != NULL; l = l->next)
    {
      const SubiterEvent *event = l->data;
      g_autofree char *text = g_utf8_make_valid (event->text->str, (gssize) event->text->len);

      if (event->kind == SUBITER_EVENT_LOG)
        g_log ("Subiter", event->level, "%s", text);
    }
  g_queue_free_full (events, (GDestroyNotify) subiter_event_free);
}

/* (transfer full) (nullable): of the call that runs. */
static SubiterRun *
dup_current_run (SubiterInterpreter *self)
{
  SubiterRun *run = NULL;

  subiter_lock (&self->lock);
  for (GList *l = self->calls.head; l != NULL && run == NULL; l = l->next)
    {
      SubiterCall *call = l->data;

      if (subiter_run_has_begun (call->run) && !subiter_run_has_ended (call->run))
        run = subiter_run_ref (call->run);
    }
  subiter_unlock (&self->lock);

  return run;
}

/* Any callback may close the interpreter, cancel other calls, or make new ones: nothing
 * is kept from one to the next. */
void
subiter_interpreter_answer_calls (SubiterInterpreter *self)
{
  g_autoptr (SubiterRun) current = NULL;
  gboolean is_closed;
  SubiterCall *call;

  if (atomic_exchange_explicit (&self->has_cancelled, 0, memory_order_acq_rel))
    {
      while ((call = take_cancelled (self)) != NULL)
        {
          if (call->port != NULL)
            subiter_reaper_stop (call->port, call->run);
          g_task_return_error_if_cancelled (call->task);
          call_free (call);
        }
    }

  for (guint i = 0; self->n_deferred == 0 && (call = take_answered (self, &is_closed)) != NULL; i++)
    {
      deliver_logs (call->run);
      answer (call, is_closed);
      wait_if_deferred (self, call->task);
      call_free (call);
      if (i == MAX_ANSWERS && !is_closed)
        {
          subiter_wakeup_notify (self->wakeup);
          break;
        }
    }

  current = dup_current_run (self);
  if (current != NULL)
    deliver_logs (current);
}

/**
 * subiter_interpreter_call_async:
 * @self: an interpreter
 * @callable: what to call, with the arguments that are bound to it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the callable has returned
 * @user_data: for @callback
 *
 * Calls a function on the interpreter, which is started if it is not running. What is
 * already to be done there comes first, and calls are answered in their order.
 *
 * What @callable names is looked up once: calling the same [struct@Subiter.Callable]
 * again costs no more than the call.
 *
 * What the code prints goes to the program's own standard streams, and what it logs is
 * logged in the main context of the interpreter's construction.
 *
 * A call that is cancelled before it begins never does. One that has begun is told to
 * end, as [method@Subiter.Source.stop] says of an iteration, and nobody waits for that:
 * the answer comes at once.
 *
 * The interpreter lasts for as long as there is a call without an answer.
 */
void
subiter_interpreter_call_async (SubiterInterpreter *self,
                                SubiterCallable *callable,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  SubiterCall *call;

  g_return_if_fail (SUBITER_IS_INTERPRETER (self));
  g_return_if_fail (callable != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, subiter_interpreter_call_async);
  /* What has returned has done so. */
  g_task_set_check_cancellable (task, FALSE);
  /* Nothing is begun for a call that is over. */
  if (g_task_return_error_if_cancelled (task))
    return;

  call = g_new0 (SubiterCall, 1);
  call->task = g_steal_pointer (&task);
  if (cancellable != NULL)
    call->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);

  /* In one go, so that they are in the order in which the worker gets them. */
  subiter_lock (&self->lock);
  submit (self, call, callable);
  g_queue_push_tail (&self->calls, call);
  subiter_unlock (&self->lock);
}

/**
 * subiter_interpreter_call_finish:
 * @self: an interpreter
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Completes [method@Subiter.Interpreter.call_async].
 *
 * What was returned is converted as an item of a [class@Subiter.Source] without an
 * [property@Subiter.Source:item-type] is; `None` is a `mv` of nothing.
 *
 * Errors: %G_IO_ERROR_CANCELLED; %SUBITER_ERROR_CLOSED if the interpreter was closed
 * before the callable had returned; and those of
 * [method@Subiter.Source.next] but the timeout, with a [struct@Subiter.Failure] if
 * an exception was raised.
 *
 * Returns: (transfer full): what the callable returned, or %NULL with @error set
 */
GVariant *
subiter_interpreter_call_finish (SubiterInterpreter *self,
                                 GAsyncResult *result,
                                 GError **error)
{
  g_return_val_if_fail (SUBITER_IS_INTERPRETER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, subiter_interpreter_call_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
