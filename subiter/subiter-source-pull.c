/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

#include "subiter-error.h"

/* Takes part in an iteration by next () and its like: begins it if the source
 * is idle. FALSE: the items go elsewhere. Called with the lock held. */
static gboolean
join_iteration (SubiterSource *self,
                GError **error)
{
  if (self->closing)
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED, "The source was closed");
      return FALSE;
    }

  if (self->state == SUBITER_STATE_IDLE)
    subiter_source_begin (self, TRUE);

  if (self->run != NULL && !self->pulls)
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_BUSY,
                           "The source was started and delivers its items by signal; call next on a "
                           "source that is idle or was rewound");
      return FALSE;
    }

  return TRUE;
}

/* What a call wants, and what it has got. */
typedef struct
{
  /* 0: a single item */
  guint max_items;
  /* (transfer full), one of them */
  GVariant *item;
  SubiterBatch *batch;
} Take;

/* How many items were taken. */
static guint
take_items (SubiterSource *self,
            SubiterRun *run,
            Take *take)
{
  SubiterValue value;
  guint n_items = 0;

  subiter_lock (&self->pull_lock);
  if (take->max_items > 0)
    {
      take->batch = subiter_run_pop_batch (run, take->max_items);
      n_items = take->batch != NULL ? subiter_batch_get_n_items (take->batch) : 0;
    }
  else if (subiter_run_pop (run, &value))
    {
      subiter_run_settle (run);
      n_items = 1;
    }
  subiter_unlock (&self->pull_lock);

  atomic_fetch_add_explicit (&self->n_items, n_items, memory_order_relaxed);
  if (n_items > 0 && take->max_items == 0)
    take->item = subiter_run_take_variant (run, &value);

  return n_items;
}

/* What a blocked call waits for. Only atomics are looked at: it is asked with
 * the wakeup's lock held. */
typedef struct
{
  SubiterSource *self;
  SubiterRun *run;
  GCancellable *cancellable;
  /* nullable: the look at code that made no item in time */
  SubiterInspection *inspection;
  guint generation;
  gboolean is_paused;
  /* whether the worker is still at something else: no item is owed yet */
  gboolean is_queued;
} Wait;

static gboolean
wait_is_over (gpointer data)
{
  const Wait *wait = data;

  return (!wait->is_paused && (!subiter_run_is_empty (wait->run) || subiter_run_has_ended (wait->run)))
         || (wait->is_queued && subiter_run_has_begun (wait->run))
         || (wait->inspection != NULL && subiter_inspection_is_done (wait->inspection))
         || atomic_load_explicit (&wait->self->generation, memory_order_seq_cst) != wait->generation
         || g_cancellable_is_cancelled (wait->cancellable);
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer user_data)
{
  subiter_wakeup_notify (user_data);
}

/* No item came in time for a blocked call: there is no main context that could
 * be asked whether to wait on. */
static void
time_out (SubiterSource *self,
          SubiterRun *run,
          SubiterInspection *inspection)
{
  g_autoptr (GError) error = subiter_source_make_timeout_error (self, inspection);

  subiter_lock (&self->lock);
  if (self->run == run && subiter_run_is_empty (run) && !subiter_run_has_ended (run))
    {
      subiter_source_drop_windings (self);
      g_clear_error (&self->pull_error);
      self->pull_error = g_error_copy (error);
      subiter_source_set_failure (self, error);
      subiter_source_wind_down (self, SUBITER_STATE_TIMED_OUT, FALSE);
      subiter_source_add_end (self, run, SUBITER_STATE_TIMED_OUT, NULL);
    }
  subiter_unlock (&self->lock);
  subiter_source_changed (self);
}

/* The time is up: what follows takes a moment, in which an item may still come. */
static void
look_and_time_out (Wait *wait)
{
  g_autoptr (SubiterInspection) inspection = subiter_source_inspect (wait->self, wait->run);

  wait->inspection = inspection;
  if (inspection != NULL)
    subiter_wakeup_wait (wait->self->wakeup, g_get_monotonic_time () + SUBITER_INSPECTION_TIME, FALSE,
                         wait_is_over, wait);
  wait->inspection = NULL;

  if (!wait_is_over (wait))
    time_out (wait->self, wait->run, inspection);
}

/* Since when the worker owes an item to a call that is made of several attempts, so that
 * each of them does not begin anew. */
static gint64
get_owed_since (SubiterSource *self,
                gboolean owes)
{
  gint64 since;

  subiter_lock (&self->lock);
  if (!owes)
    self->polled_since = 0;
  else if (self->polled_since == 0)
    self->polled_since = g_get_monotonic_time ();
  since = self->polled_since;
  subiter_unlock (&self->lock);

  return since;
}

/* One attempt. TRUE: the call is over, at the end of the iteration with nothing taken. */
static gboolean
try_next (SubiterSource *self,
          GCancellable *cancellable,
          gboolean interruptible,
          Take *take,
          GError **error)
{
  g_autoptr (SubiterRun) run = NULL;
  Wait wait = { .self = self, .cancellable = cancellable };
  gint64 timeout;
  gint64 since;
  gboolean has_ended;
  SubiterWait outcome;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return TRUE;

  subiter_lock (&self->lock);
  if (!join_iteration (self, error))
    {
      subiter_unlock (&self->lock);
      return TRUE;
    }
  if (self->run == NULL)
    {
      if (self->pull_error != NULL)
        g_propagate_error (error, g_steal_pointer (&self->pull_error));
      subiter_unlock (&self->lock);
      return TRUE;
    }
  run = subiter_run_ref (self->run);
  wait.run = run;
  wait.is_paused = self->state == SUBITER_STATE_PAUSED;
  wait.generation = atomic_load_explicit (&self->generation, memory_order_relaxed);
  wait.is_queued = self->queued && !subiter_run_has_begun (run);
  timeout = wait.is_paused || wait.is_queued ? 0 : (gint64) self->timeout * G_TIME_SPAN_MILLISECOND;
  subiter_unlock (&self->lock);

  if (!wait.is_paused)
    {
      has_ended = subiter_run_has_ended (run);
      if (take_items (self, run, take) > 0)
        {
          if (interruptible && timeout > 0)
            get_owed_since (self, FALSE);
          return TRUE;
        }
      if (has_ended)
        {
          subiter_lock (&self->lock);
          if (self->run == run)
            subiter_source_end (self, run);
          subiter_unlock (&self->lock);
          subiter_source_changed (self);
          return FALSE;
        }
    }

  since = interruptible ? get_owed_since (self, timeout > 0) : g_get_monotonic_time ();
  subiter_event_queue_begin_blocking (subiter_run_get_events (run));
  outcome = subiter_wakeup_wait (self->wakeup, timeout > 0 ? since + timeout : -1, interruptible,
                                 wait_is_over, &wait);
  if (outcome == SUBITER_WAIT_TIMED_OUT)
    look_and_time_out (&wait);
  subiter_event_queue_end_blocking (subiter_run_get_events (run));

  if (outcome == SUBITER_WAIT_TIMED_OUT && interruptible)
    get_owed_since (self, FALSE);

  return FALSE;
}

/**
 * subiter_source_next:
 * @self: a source
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Takes the next item, and begins the iteration if the source is idle. Blocks
 * until there is one: call this on a thread that no main loop runs on, or in a
 * program that has none. Several threads may call it; each item goes to one of
 * them.
 *
 * The end of the iteration is signalled in the source's main context all the
 * same. After it, this returns %NULL until [method@Subiter.Source.rewind] is
 * called. If no item comes within [property@Subiter.Source:timeout], the
 * iteration ends, whatever a handler of [signal@Subiter.Source::timeout] says.
 *
 * Errors: %G_IO_ERROR_CANCELLED, after which no item is lost;
 * %SUBITER_ERROR_BUSY if the source was started and delivers by signal;
 * %SUBITER_ERROR_CLOSED if it was closed;
 * %SUBITER_ERROR_TIMED_OUT; those of [signal@Subiter.Source::failed].
 *
 * Returns: (transfer full) (nullable): an item, or %NULL without @error set at
 *   the end of the iteration
 */
GVariant *
subiter_source_next (SubiterSource *self,
                     GCancellable *cancellable,
                     GError **error)
{
  Take take = { .max_items = 0 };
  gulong cancelled_id = 0;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);
  g_return_val_if_fail (self->callable != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (cancellable != NULL)
    cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                          subiter_wakeup_ref (self->wakeup),
                                          (GDestroyNotify) subiter_wakeup_unref);

  g_object_ref (self);
  while (!try_next (self, cancellable, FALSE, &take, error))
    continue;
  subiter_sync_release (self);
  g_object_unref (self);

  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, cancelled_id);

  return take.item;
}

/**
 * subiter_source_poll_batch: (skip)
 * @self: a source
 * @max_items: how many items to take at most, at least 1
 * @cancellable: (nullable): a cancellable
 * @batch: (out) (transfer full) (nullable): return location for the items, none of them at the end
 *   of the iteration
 * @error: return location for an error
 *
 * Takes the items that there are, at least one, as [method@Subiter.Source.next] takes one,
 * or waits for them once.
 *
 * This is for bindings, whose language has to look after something else when a wait was
 * interrupted: on Linux it is by a handler of a Unix signal that ran on the calling
 * thread, unless that was installed with `SA_RESTART`. How often it is called makes no
 * difference to [property@Subiter.Source:timeout].
 *
 * Errors: those of [method@Subiter.Source.next].
 *
 * Returns: %TRUE if @batch or @error is set; %FALSE if there is nothing yet: call it again
 */
gboolean
subiter_source_poll_batch (SubiterSource *self,
                           guint max_items,
                           GCancellable *cancellable,
                           SubiterBatch **batch,
                           GError **error)
{
  Take take = { .max_items = max_items };
  GError *own_error = NULL;
  gulong cancelled_id = 0;
  gboolean is_over;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), TRUE);
  g_return_val_if_fail (self->callable != NULL, TRUE);
  g_return_val_if_fail (max_items > 0, TRUE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), TRUE);
  g_return_val_if_fail (batch != NULL, TRUE);
  g_return_val_if_fail (error == NULL || *error == NULL, TRUE);

  if (cancellable != NULL)
    cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                          subiter_wakeup_ref (self->wakeup),
                                          (GDestroyNotify) subiter_wakeup_unref);

  g_object_ref (self);
  is_over = try_next (self, cancellable, TRUE, &take, &own_error);
  if (is_over && take.batch == NULL)
    get_owed_since (self, FALSE);
  subiter_sync_release (self);
  g_object_unref (self);

  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, cancelled_id);

  *batch = take.batch;
  if (is_over && *batch == NULL && own_error == NULL)
    *batch = subiter_batch_new (NULL);
  if (own_error != NULL)
    g_propagate_error (error, own_error);

  return is_over;
}

static void
request_free (SubiterRequest *request)
{
  GCancellable *cancellable = g_task_get_cancellable (request->task);

  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, request->cancelled_id);
  g_object_unref (request->task);
  g_clear_error (&request->error);
  g_free (request);
}

static void
add_request (SubiterSource *self,
             GTask *task,
             guint max_items)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  SubiterRequest *request;
  GError *error = NULL;
  gboolean joined;

  /* Nothing is begun for a call that is over. */
  if (g_task_return_error_if_cancelled (task))
    return;

  request = g_new0 (SubiterRequest, 1);
  request->task = g_object_ref (task);
  request->max_items = max_items;
  if (cancellable != NULL)
    request->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                                   subiter_wakeup_ref (self->wakeup),
                                                   (GDestroyNotify) subiter_wakeup_unref);

  subiter_lock (&self->lock);
  joined = join_iteration (self, &error);
  if (joined)
    g_queue_push_tail (&self->requests, request);
  if (joined && self->run == NULL)
    subiter_source_put_requests_over (self);
  subiter_unlock (&self->lock);

  if (!joined)
    {
      g_task_return_error (task, error);
      request_free (request);
      return;
    }

  subiter_source_changed (self);
}

static void
on_completed (GTask *task,
              GParamSpec *pspec,
              gpointer user_data)
{
  SubiterSource *self = g_task_get_source_object (task);

  self->n_answers--;
  subiter_source_changed (self);
}

/* A task calls back when its main context comes to it, and the end of the
 * iteration has to come after its last item: it waits until all have. */
static void
add_answer (SubiterSource *self,
            GTask *task)
{
  self->n_answers++;
  g_signal_connect (task, "notify::completed", G_CALLBACK (on_completed), NULL);
}

/* There is no item yet. The iteration may have been ended by another thread
 * meanwhile, with all requests but this one. */
static void
give_back (SubiterSource *self,
           SubiterRun *run,
           SubiterRequest *request)
{
  subiter_lock (&self->lock);
  if (self->run == run)
    {
      g_queue_push_head (&self->requests, request);
    }
  else
    {
      if (self->run == NULL)
        request->error = g_steal_pointer (&self->pull_error);
      g_queue_push_head (&self->over_requests, request);
    }
  subiter_unlock (&self->lock);
}

/* Answers requests, oldest first, until there are none, no items, or @deadline
 * (monotonic, µs) has passed. How many items were given out. */
guint
subiter_source_serve_requests (SubiterSource *self,
                               SubiterRun *run,
                               gint64 deadline)
{
  guint n_given = 0;

  do
    {
      SubiterRequest *request = NULL;
      Take take = { .max_items = 0 };
      guint n_items;

      subiter_lock (&self->lock);
      if (self->run == run && self->state == SUBITER_STATE_RUNNING)
        request = g_queue_pop_head (&self->requests);
      subiter_unlock (&self->lock);
      if (request == NULL)
        break;

      take.max_items = request->max_items;
      n_items = take_items (self, run, &take);
      if (n_items == 0)
        {
          give_back (self, run, request);
          break;
        }

      n_given += n_items;
      add_answer (self, request->task);
      if (request->max_items == 0)
        g_task_return_pointer (request->task, take.item, (GDestroyNotify) g_variant_unref);
      else
        g_task_return_pointer (request->task, take.batch, (GDestroyNotify) subiter_batch_unref);
      request_free (request);
    }
  while (g_get_monotonic_time () < deadline);

  return n_given;
}

/* Answers requests that were cancelled; no item is taken for them. */
void
subiter_source_drop_cancelled_requests (SubiterSource *self)
{
  GQueue dropped = G_QUEUE_INIT;
  SubiterRequest *request;

  subiter_lock (&self->lock);
  for (GList *l = self->requests.head; l != NULL;)
    {
      GList *next = l->next;

      request = l->data;
      if (g_cancellable_is_cancelled (g_task_get_cancellable (request->task)))
        {
          g_queue_unlink (&self->requests, l);
          g_queue_push_tail_link (&dropped, l);
        }
      l = next;
    }
  subiter_unlock (&self->lock);

  while ((request = g_queue_pop_head (&dropped)) != NULL)
    {
      g_task_return_error_if_cancelled (request->task);
      request_free (request);
    }
}

/* The iteration is over: no item will come for those that wait. The first of them
 * is to get the error that ended it, if one did. Called with the lock held. */
void
subiter_source_put_requests_over (SubiterSource *self)
{
  SubiterRequest *request;

  while ((request = g_queue_pop_head (&self->requests)) != NULL)
    {
      request->error = g_steal_pointer (&self->pull_error);
      g_queue_push_tail (&self->over_requests, request);
    }
}

/* Who was to get the error was cancelled: it is for whoever asks next. */
static void
keep_error (SubiterSource *self,
            GError *error)
{
  subiter_lock (&self->lock);
  if (self->run == NULL && self->pull_error == NULL)
    self->pull_error = g_steal_pointer (&error);
  subiter_unlock (&self->lock);

  g_clear_error (&error);
}

/* Answers requests whose iteration is over, after all that got an item of it. */
void
subiter_source_end_requests (SubiterSource *self)
{
  while (self->n_answers == 0)
    {
      SubiterRequest *request;

      subiter_lock (&self->lock);
      request = g_queue_pop_head (&self->over_requests);
      subiter_unlock (&self->lock);
      if (request == NULL)
        return;

      if (g_task_return_error_if_cancelled (request->task))
        keep_error (self, g_steal_pointer (&request->error));
      else if (request->error != NULL)
        g_task_return_error (request->task, g_steal_pointer (&request->error));
      else if (request->max_items == 0)
        g_task_return_pointer (request->task, NULL, NULL);
      else
        g_task_return_pointer (request->task, subiter_batch_new (NULL), (GDestroyNotify) subiter_batch_unref);
      request_free (request);
    }
}

/**
 * subiter_source_next_async:
 * @self: a source
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when there is an item
 * @user_data: for @callback
 *
 * Takes the next item, and begins the iteration if the source is idle. Calls may
 * overlap: they are answered in their order.
 *
 * Call this in the source's main context.
 */
void
subiter_source_next_async (SubiterSource *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SUBITER_IS_SOURCE (self));
  g_return_if_fail (self->callable != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, subiter_source_next_async);
  g_task_set_check_cancellable (task, FALSE);
  add_request (self, task, 0);
}

/**
 * subiter_source_next_finish:
 * @self: a source
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Completes [method@Subiter.Source.next_async].
 *
 * Errors: those of [method@Subiter.Source.next].
 *
 * Returns: (transfer full) (nullable): an item, or %NULL without @error set at
 *   the end of the iteration
 */
GVariant *
subiter_source_next_finish (SubiterSource *self,
                            GAsyncResult *result,
                            GError **error)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, subiter_source_next_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * subiter_source_next_batch_async:
 * @self: a source
 * @max_items: how many items to take at most, at least 1
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when there is at least one item
 * @user_data: for @callback
 *
 * Takes the items that there are, at least one, and begins the iteration if the
 * source is idle. One call for many items costs far less than one for each.
 *
 * Call this in the source's main context.
 */
void
subiter_source_next_batch_async (SubiterSource *self,
                                 guint max_items,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SUBITER_IS_SOURCE (self));
  g_return_if_fail (self->callable != NULL);
  g_return_if_fail (max_items > 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, subiter_source_next_batch_async);
  g_task_set_check_cancellable (task, FALSE);
  add_request (self, task, max_items);
}

/**
 * subiter_source_next_batch_finish:
 * @self: a source
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Completes [method@Subiter.Source.next_batch_async].
 *
 * Errors: those of [method@Subiter.Source.next].
 *
 * Returns: (transfer container) (element-type GLib.Variant): the items, none at the
 *   end of the iteration, or %NULL with @error set; the array owns them
 */
GPtrArray *
subiter_source_next_batch_finish (SubiterSource *self,
                                  GAsyncResult *result,
                                  GError **error)
{
  g_autoptr (SubiterBatch) batch = NULL;
  GPtrArray *items;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, subiter_source_next_batch_async), NULL);

  batch = g_task_propagate_pointer (G_TASK (result), error);
  if (batch == NULL)
    return NULL;

  items = g_ptr_array_new_full (subiter_batch_get_n_items (batch), (GDestroyNotify) g_variant_unref);
  for (guint i = 0; i < subiter_batch_get_n_items (batch); i++)
    g_ptr_array_add (items, subiter_batch_get_item (batch, i));

  return items;
}

/**
 * subiter_source_next_batch_finish_packed:
 * @self: a source
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Completes [method@Subiter.Source.next_batch_async] without making a variant of each
 * item.
 *
 * Errors: those of [method@Subiter.Source.next].
 *
 * Returns: (transfer full): the items, none at the end of the iteration, or %NULL with
 *   @error set
 */
SubiterBatch *
subiter_source_next_batch_finish_packed (SubiterSource *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, subiter_source_next_batch_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
