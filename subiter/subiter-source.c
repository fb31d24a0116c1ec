/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

#include "subiter-callable.h"
#include "subiter-enums.h"
#include "subiter-error.h"
#include "subiter-failure.h"
#include "subiter-interpreter-private.h"
#include "subiter-port-private.h"
#include "subiter-reaper-private.h"

/**
 * SubiterSource:
 *
 * A Python iterable as a stream of items.
 *
 * A source calls its [property@Subiter.Source:callable] in an interpreter of its own,
 * on a thread of its own, iterates what that returns, and delivers each item
 * in a main context:
 *
 * ```c
 * SubiterSource *source = subiter_source_new_for_entry_point ("builtins:range", g_variant_new ("(i)", 5), &error);
 *
 * g_signal_connect (source, "item", G_CALLBACK (on_item), NULL);
 * g_signal_connect (source, "finished", G_CALLBACK (on_finished), NULL);
 * subiter_source_start (source);
 * ```
 *
 * **Context.** Signals are emitted, items handed over and what happens by itself is notified
 * in the thread-default main context of the moment of construction, never
 * on another thread. The methods may be called from any thread unless they say
 * otherwise; those that set a property notify where they are called.
 *
 * **Order.** Items arrive in the order in which they were produced, none is lost
 * and none comes twice. An iteration ends in exactly one of
 * [signal@Subiter.Source::finished], [signal@Subiter.Source::failed] and
 * [signal@Subiter.Source::timeout], after its last item.
 *
 * **Two ways to take items.** After [method@Subiter.Source.start] they are delivered by
 * signal. [method@Subiter.Source.next] and its like take them one call at
 * a time instead, and begin the iteration by themselves.
 *
 * **Again.** Once an iteration has ended, [method@Subiter.Source.start] iterates once more in
 * the same interpreter. Initializers are not run again. The iterable is asked for a new
 * iterator if it can give one, as a `list` or a `range` can; if it is an
 * iterator itself, as a generator is, the callable is called again.
 *
 * **Ownership.** A source lives as long as somebody holds a reference: if the last one goes
 * while it runs, it stops, and nothing more is signalled.
 */
G_DEFINE_FINAL_TYPE (SubiterSource, subiter_source, G_TYPE_OBJECT)

guint subiter_source_signals[SUBITER_SOURCE_N_SIGNALS];

/* Something that the dispatch and blocked calls look at has changed. */
void
subiter_source_changed (SubiterSource *self)
{
  subiter_wakeup_notify (self->wakeup);
}

gboolean
subiter_source_wants_output (SubiterSource *self)
{
  return g_signal_has_handler_pending (self, subiter_source_signals[SUBITER_SOURCE_SIGNAL_OUTPUT], 0, TRUE);
}

/**
 * subiter_source_start:
 * @self: a source that is not running
 *
 * Begins an iteration whose items are delivered by signal. This never blocks:
 * the interpreter is made, and the callable imported and called, on the worker's
 * thread, and what goes wrong there is told by [signal@Subiter.Source::failed].
 *
 * A source that is still stopping may be started: the new iteration begins when
 * the old one has ended. To start one that runs, or one that was closed, is
 * a programming error.
 */
void
subiter_source_start (SubiterSource *self)
{
  gboolean is_closed;
  gboolean is_active;

  g_return_if_fail (SUBITER_IS_SOURCE (self));
  g_return_if_fail (self->callable != NULL);

  subiter_lock (&self->lock);
  is_closed = self->closing;
  is_active = self->run != NULL;
  if (!is_closed && !is_active)
    subiter_source_begin (self, FALSE);
  subiter_unlock (&self->lock);

  if (is_closed)
    g_critical ("A SubiterSource cannot be started after it was closed");
  else if (is_active)
    g_critical ("A SubiterSource cannot be started while it is running");
  else
    subiter_source_changed (self);
}

/**
 * subiter_source_stop:
 * @self: a source
 *
 * Ends the iteration early. No item is delivered after this; the Python code is
 * told to end, first by `subiter.stopping ()` and by the end of
 * `subiter.wait ()` in the worker, then, after
 * [property@Subiter.Source:interrupt-delay], by an exception, and is given up
 * after [property@Subiter.Source:grace-period]. Once it has ended,
 * [signal@Subiter.Source::finished] is emitted and [property@Subiter.Source:state] is
 * %SUBITER_STATE_STOPPED; if its clean-up raised an exception, or if it was given
 * up (%SUBITER_ERROR_ABANDONED), it is [signal@Subiter.Source::failed].
 *
 * This never blocks. It does nothing if no iteration is under way.
 */
void
subiter_source_stop (SubiterSource *self)
{
  g_return_if_fail (SUBITER_IS_SOURCE (self));

  subiter_lock (&self->lock);
  if (self->run != NULL)
    subiter_source_wind_down (self, SUBITER_STATE_STOPPING, TRUE);
  subiter_unlock (&self->lock);

  subiter_source_changed (self);
}

/**
 * subiter_source_pause:
 * @self: a source
 *
 * Holds items back until [method@Subiter.Source.resume] is called. The Python code goes
 * on until [property@Subiter.Source:buffer-size] items wait at most, then waits
 * itself: code that waits for room already goes on once half of it is free. Progress
 * and output are still delivered.
 *
 * It does nothing if no iteration is under way.
 */
void
subiter_source_pause (SubiterSource *self)
{
  g_return_if_fail (SUBITER_IS_SOURCE (self));

  subiter_lock (&self->lock);
  if (self->state == SUBITER_STATE_RUNNING)
    subiter_source_set_state (self, SUBITER_STATE_PAUSED);
  subiter_unlock (&self->lock);

  subiter_source_changed (self);
}

/**
 * subiter_source_resume:
 * @self: a source
 *
 * Lets items through again. It does nothing if the source is not paused.
 */
void
subiter_source_resume (SubiterSource *self)
{
  g_return_if_fail (SUBITER_IS_SOURCE (self));

  subiter_lock (&self->lock);
  if (self->state == SUBITER_STATE_PAUSED)
    subiter_source_set_state (self, SUBITER_STATE_RUNNING);
  subiter_unlock (&self->lock);

  subiter_source_changed (self);
}

/**
 * subiter_source_rewind:
 * @self: a source that is not running
 *
 * Makes a source whose iteration has ended idle again, so that the next call of
 * [method@Subiter.Source.next] or its like begins another one. To rewind a source
 * that runs, or one that was closed, is a programming error.
 */
void
subiter_source_rewind (SubiterSource *self)
{
  gboolean is_closed;
  gboolean is_active;

  g_return_if_fail (SUBITER_IS_SOURCE (self));

  subiter_lock (&self->lock);
  is_closed = self->closing;
  is_active = self->run != NULL;
  if (!is_active && !is_closed)
    {
      g_clear_error (&self->pull_error);
      subiter_source_set_state (self, SUBITER_STATE_IDLE);
    }
  subiter_unlock (&self->lock);

  if (is_closed)
    g_critical ("A SubiterSource cannot be rewound after it was closed");
  else if (is_active)
    g_critical ("A SubiterSource cannot be rewound while it is running");
  subiter_source_changed (self);
}

/**
 * subiter_source_close_async:
 * @self: a source
 * @cancellable: (nullable): a cancellable; closing goes on if it is cancelled
 * @callback: (scope async): called when nothing of the source runs any more
 * @user_data: for @callback
 *
 * Stops the source for good and destroys its interpreter, unless that was given
 * to it as [property@Subiter.Source:interpreter]. Once it is closed, it lets go of what
 * [method@Subiter.Source.set_item_func] set.
 */
void
subiter_source_close_async (SubiterSource *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SUBITER_IS_SOURCE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, subiter_source_close_async);

  /* It was disposed of, and is closed since. */
  if (self->interpreter == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  subiter_lock (&self->lock);
  self->closing = TRUE;
  if (self->run != NULL)
    subiter_source_wind_down (self, SUBITER_STATE_STOPPING, TRUE);
  else
    subiter_source_set_state (self, self->state);
  g_queue_push_tail (&self->close_tasks, g_steal_pointer (&task));
  subiter_unlock (&self->lock);

  if (self->owns_interpreter)
    subiter_interpreter_close (self->interpreter, self->wakeup);
  subiter_source_changed (self);
}

/**
 * subiter_source_close_finish:
 * @self: a source
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Completes [method@Subiter.Source.close_async].
 *
 * Errors: %G_IO_ERROR_CANCELLED; %SUBITER_ERROR_ABANDONED if the interpreter did not
 * end in time, as [method@Subiter.Interpreter.close_async] says.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
subiter_source_close_finish (SubiterSource *self,
                             GAsyncResult *result,
                             GError **error)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, subiter_source_close_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
source_dispatch (gpointer user_data)
{
  GWeakRef *weak_ref = user_data;
  g_autoptr (SubiterSource) self = g_weak_ref_get (weak_ref);

  if (self != NULL)
    {
      subiter_source_dispatch (self);
      subiter_sync_release (self);
    }

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
subiter_source_constructed (GObject *object)
{
  SubiterSource *self = SUBITER_SOURCE (object);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  GWeakRef *weak_ref = g_new0 (GWeakRef, 1);

  G_OBJECT_CLASS (subiter_source_parent_class)->constructed (object);

  if (self->interpreter == NULL)
    {
      self->interpreter = subiter_interpreter_new (self->runtime);
      self->owns_interpreter = TRUE;
    }
  g_set_str (&self->runtime, subiter_interpreter_get_runtime (self->interpreter));

  g_weak_ref_init (weak_ref, self);
  subiter_wakeup_attach (self->wakeup, context, "[subiter] source", self->priority,
                         source_dispatch, weak_ref, weak_ref_free);
}

static void
subiter_source_dispose (GObject *object)
{
  SubiterSource *self = SUBITER_SOURCE (object);

  subiter_sync_acquired (self);

  subiter_lock (&self->lock);
  self->closing = TRUE;
  if (self->run != NULL)
    subiter_source_wind_down (self, SUBITER_STATE_CLOSED, FALSE);
  subiter_unlock (&self->lock);

  if (self->interpreter != NULL)
    {
      /* Others may hold it: one that the source has made ends with it all the
       * same. */
      if (self->owns_interpreter)
        subiter_interpreter_close (self->interpreter, NULL);
      else
        subiter_interpreter_forget (self->interpreter, self->stream_id);
      g_clear_object (&self->interpreter);
    }
  subiter_wakeup_detach (self->wakeup);

  G_OBJECT_CLASS (subiter_source_parent_class)->dispose (object);
}

static void
subiter_source_finalize (GObject *object)
{
  SubiterSource *self = SUBITER_SOURCE (object);

  subiter_sync_acquired (self);

  subiter_source_set_item_func (self, NULL, NULL, NULL);
  g_queue_clear_full (&self->windings, (GDestroyNotify) subiter_winding_free);
  g_queue_clear_full (&self->ends, (GDestroyNotify) subiter_end_free);
  g_clear_pointer (&self->held_end, subiter_end_free);
  g_clear_pointer (&self->callable, subiter_callable_unref);
  g_clear_pointer (&self->failure, subiter_failure_unref);
  g_clear_pointer (&self->inspection, subiter_inspection_unref);
  g_clear_pointer (&self->item_type, g_variant_type_free);
  g_clear_error (&self->pull_error);
  g_ptr_array_unref (self->more_initializers);
  g_strfreev (self->initializers);
  g_strfreev (self->python_path);
  g_free (self->runtime);
  g_free (self->progress_text);
  subiter_wakeup_unref (self->wakeup);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->pull_lock);

  G_OBJECT_CLASS (subiter_source_parent_class)->finalize (object);
}

static void
subiter_source_class_init (SubiterSourceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->constructed = subiter_source_constructed;
  object_class->dispose = subiter_source_dispose;
  object_class->finalize = subiter_source_finalize;
  subiter_source_install_properties (object_class);

  /**
   * SubiterSource::item:
   * @self: the source
   * @item: the item
   *
   * An item has arrived, after [method@Subiter.Source.start].
   */
  subiter_source_signals[SUBITER_SOURCE_SIGNAL_ITEM] =
      g_signal_new ("item", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    g_cclosure_marshal_VOID__VARIANT, G_TYPE_NONE, 1, G_TYPE_VARIANT);
  g_signal_set_va_marshaller (subiter_source_signals[SUBITER_SOURCE_SIGNAL_ITEM], type,
                              g_cclosure_marshal_VOID__VARIANTv);

  /**
   * SubiterSource::items:
   * @self: the source
   * @items: an array of items
   *
   * Items have arrived, after [method@Subiter.Source.start]: those that one dispatch
   * delivers, in an array of [property@Subiter.Source:item-type], or of variants (`av`) if that
   * is not set. There are 1024 in it at most, and a dispatch that finds no more gives what it
   * has before it looks again: several may come of one. If the type has a fixed size, such as
   * `x` or `d`, the array's data is a plain array of numbers.
   *
   * One signal for many items costs far less than one for each. The items are the same
   * that [signal@Subiter.Source::item] brings: with handlers for both, `items` comes after the last
   * `item` of those in it. A call of [method@Subiter.Source.stop] or
   * [method@Subiter.Source.pause] in a handler of `item` ends the array before the next
   * item, and after `stop ()` it does not come at all.
   */
  subiter_source_signals[SUBITER_SOURCE_SIGNAL_ITEMS] =
      g_signal_new ("items", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    g_cclosure_marshal_VOID__VARIANT, G_TYPE_NONE, 1, G_TYPE_VARIANT);
  g_signal_set_va_marshaller (subiter_source_signals[SUBITER_SOURCE_SIGNAL_ITEMS], type,
                              g_cclosure_marshal_VOID__VARIANTv);

  /**
   * SubiterSource::finished:
   * @self: the source
   *
   * The iteration has ended without an error: its items are exhausted, or it was
   * stopped. [property@Subiter.Source:state] tells which.
   */
  subiter_source_signals[SUBITER_SOURCE_SIGNAL_FINISHED] =
      g_signal_new ("finished", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * SubiterSource::timeout:
   * @self: the source
   *
   * No item came within [property@Subiter.Source:timeout]. If no handler
   * returns %TRUE, this is the end of the iteration: its code is told to end as
   * [method@Subiter.Source.stop] does it, and nothing more is signalled but what it writes
   * meanwhile.
   *
   * [property@Subiter.Source:failure] tells where the code sits, if that can be
   * found out in a moment: even in a call of a function in C that does not let
   * go of the GIL, on Linux with Python 3.14 and newer.
   *
   * Returns: %TRUE to grant another period of the same length
   */
  subiter_source_signals[SUBITER_SOURCE_SIGNAL_TIMEOUT] =
      g_signal_new ("timeout", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL,
                    NULL, G_TYPE_BOOLEAN, 0);

  /**
   * SubiterSource::failed:
   * @self: the source
   * @error: what went wrong
   *
   * The iteration has ended with an error. If it comes from Python code,
   * [property@Subiter.Source:failure] has the traceback.
   */
  subiter_source_signals[SUBITER_SOURCE_SIGNAL_FAILED] =
      g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    g_cclosure_marshal_VOID__BOXED, G_TYPE_NONE, 1, G_TYPE_ERROR);
  g_signal_set_va_marshaller (subiter_source_signals[SUBITER_SOURCE_SIGNAL_FAILED], type,
                              g_cclosure_marshal_VOID__BOXEDv);

  /**
   * SubiterSource::output:
   * @self: the source
   * @stream: which stream it was written to
   * @text: what was written; a byte that is not UTF-8 is replaced
   *
   * The Python code has written to its standard output or standard error.
   *
   * As long as no handler is connected, output goes to the program's own
   * standard streams. It comes in its own order, all of it before the end of
   * the iteration, but not in a fixed order with the items.
   */
  subiter_source_signals[SUBITER_SOURCE_SIGNAL_OUTPUT] =
      g_signal_new ("output", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                    SUBITER_TYPE_STREAM, G_TYPE_STRING);
}

static void
subiter_source_init (SubiterSource *self)
{
  static _Atomic guint64 last_id;

  self->stream_id = atomic_fetch_add_explicit (&last_id, 1, memory_order_relaxed) + 1;
  self->wakeup = subiter_wakeup_new ();
  self->more_initializers = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_callable_unref);
  self->buffer_size = SUBITER_SOURCE_DEFAULT_BUFFER_SIZE;
  self->dispatch_budget = SUBITER_SOURCE_DEFAULT_DISPATCH_BUDGET;
  self->priority = G_PRIORITY_DEFAULT_IDLE;
  self->interrupt_delay = SUBITER_RUN_INTERRUPT_DELAY;
  self->grace_period = SUBITER_RUN_GRACE_PERIOD;
  g_mutex_init (&self->lock);
  g_mutex_init (&self->pull_lock);
  g_queue_init (&self->windings);
  g_queue_init (&self->ends);
  g_queue_init (&self->requests);
  g_queue_init (&self->over_requests);
  g_queue_init (&self->close_tasks);
}

/**
 * subiter_source_new:
 * @callable: what returns the iterable
 *
 * Makes a source. Nothing is started yet.
 *
 * Returns: (transfer full): a source
 */
SubiterSource *
subiter_source_new (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, NULL);

  return g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, NULL);
}

/**
 * subiter_source_new_for_entry_point:
 * @entry_point: a module and an attribute of it, such as
 *   `"package.module:function"`
 * @args: (nullable): the positional arguments, a tuple; if floating, it is consumed
 * @error: return location for an error
 *
 * Makes a source for [ctor@Subiter.Callable.new_for_entry_point] with
 * [method@Subiter.Callable.bind] applied.
 *
 * Errors: %SUBITER_ERROR_INVALID_CALLABLE, %SUBITER_ERROR_INVALID_ARGUMENT.
 *
 * Returns: (transfer full): a source
 */
SubiterSource *
subiter_source_new_for_entry_point (const char *entry_point,
                                    GVariant *args,
                                    GError **error)
{
  g_autoptr (GVariant) own_args = args != NULL ? g_variant_ref_sink (args) : NULL;
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterCallable) bound = NULL;

  g_return_val_if_fail (entry_point != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  callable = subiter_callable_new_for_entry_point (entry_point, error);
  if (callable == NULL)
    return NULL;
  bound = subiter_callable_bind (callable, own_args, NULL, error);
  if (bound == NULL)
    return NULL;

  return subiter_source_new (bound);
}
