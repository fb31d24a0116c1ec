/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

#include "subiter-batch-private.h"

/* Items that are asked for and not waited for: next_async () and next_batch_async (). The
 * dispatch answers. */

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
  request->cancelled_id = subiter_source_connect_cancellable (self, cancellable);

  subiter_lock (&self->lock);
  joined = subiter_source_join_iteration (self, &error);
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
      SubiterTake take = { .max_items = 0 };
      guint n_items;

      subiter_lock (&self->lock);
      if (self->run == run && self->state == SUBITER_STATE_RUNNING)
        request = g_queue_pop_head (&self->requests);
      subiter_unlock (&self->lock);
      if (request == NULL)
        break;

      take.max_items = request->max_items;
      n_items = subiter_source_take (self, run, &take);
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
