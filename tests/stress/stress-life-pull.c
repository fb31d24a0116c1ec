/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stress-life.h"

/* The epochs of a source in which its items are taken by calls, from several
 * threads at once. */

/* An item of this epoch has been given to somebody. */
static void
count_taken (Life *life,
             gint64 number)
{
  g_assert_cmpint (number, >=, 0);
  if (life->kind->n_items >= 0)
    g_assert_cmpint (number, <, life->kind->n_items);
  atomic_fetch_add (&life->n_taken, 1);
  atomic_fetch_add (&life->stage->n_items, 1);
  atomic_fetch_add (&life->sum_taken, number);
  atomic_fetch_add (&life->squares_taken, number * number);
}

static void
check_pull_error (Life *life,
                  const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_TIMED_OUT))
    return;

  if (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED))
    g_assert_true (atomic_load (&life->is_closing) || life_is_interpreter_closed (life));
  else
    life_check_error (life, error);
}

/* Takes items by blocking calls, on any thread but the context's. */
void
life_take (Life *life,
           SubiterSource *source,
           guint n)
{
  gint64 last = -1;

  atomic_fetch_add (&life->n_callers, 1);
  while (n-- > 0 && atomic_load (&life->mode) == LIFE_PULLS && atomic_load (&life->drains) == 0)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) item = subiter_source_next (source, life->halt, &error);
      gint64 number;

      if (error != NULL)
        check_pull_error (life, error);
      if (item == NULL)
        break;
      g_assert_no_error (error);
      number = g_variant_get_int64 (item) - life->kind->first;
      g_assert_cmpint (number, >, last);
      last = number;
      count_taken (life, number);
    }
  atomic_fetch_sub (&life->n_callers, 1);
}

static void
count_answer (Life *life,
              GVariant *item)
{
  gint64 number = g_variant_get_int64 (item) - life->kind->first;

  g_assert_cmpint (number, >, life->last_answer);
  life->last_answer = number;
  count_taken (life, number);
}

static void
on_next (GObject *object,
         GAsyncResult *result,
         gpointer user_data)
{
  Life *life = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) item = subiter_source_next_finish (SUBITER_SOURCE (object), result, &error);

  g_assert_true (g_main_context_is_owner (life->context));
  if (error != NULL)
    check_pull_error (life, error);
  else if (item != NULL)
    count_answer (life, item);
  life->n_pending--;
  atomic_fetch_sub (&life->stage->n_calls, 1);
  /* The task has a reference, and may have the last. */
  subiter_sync_release (object);
}

static void
on_batch (GObject *object,
          GAsyncResult *result,
          gpointer user_data)
{
  Life *life = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = subiter_source_next_batch_finish (SUBITER_SOURCE (object), result, &error);

  g_assert_true (g_main_context_is_owner (life->context));
  if (error != NULL)
    check_pull_error (life, error);
  for (guint i = 0; items != NULL && i < items->len; i++)
    count_answer (life, items->pdata[i]);
  life->n_pending--;
  atomic_fetch_sub (&life->stage->n_calls, 1);
  /* The task has a reference, and may have the last. */
  subiter_sync_release (object);
}

/* @max_items: 0 for a single one */
void
life_next (Life *life,
           guint max_items,
           GCancellable *cancellable)
{
  if (life->source == NULL || atomic_load (&life->mode) != LIFE_PULLS || atomic_load (&life->drains) != 0)
    return;

  life->n_pending++;
  atomic_fetch_add (&life->stage->n_calls, 1);
  if (max_items == 0)
    subiter_source_next_async (life->source, cancellable, on_next, life);
  else
    subiter_source_next_batch_async (life->source, max_items, cancellable, on_batch, life);
}

/* All items from the first one on, each once, however they were divided. */
static void
check_taken (Life *life,
             SubiterState state)
{
  gint64 n = atomic_load (&life->n_taken);

  g_assert_cmpint (atomic_load (&life->sum_taken), ==, n * (n - 1) / 2);
  g_assert_cmpint (atomic_load (&life->squares_taken), ==, (n - 1) * n * (2 * n - 1) / 6);
  /* One that was closed need not have begun, and has the number of the one before. */
  if (state != SUBITER_STATE_CLOSED)
    g_assert_cmpint (n, ==, (gint64) subiter_source_get_n_items (life->source));
  if (state == SUBITER_STATE_FINISHED)
    g_assert_cmpint (n, ==, life->kind->n_items);
}

void
life_turn (Life *life,
           LifeMode mode)
{
  SubiterState state;

  if (life->source == NULL || life->n_pending > 0)
    return;
  state = subiter_source_get_state (life->source);
  if (state == SUBITER_STATE_RUNNING || state == SUBITER_STATE_PAUSED || state == SUBITER_STATE_STOPPING)
    return;

  if (atomic_load (&life->mode) == LIFE_PULLS)
    {
      /* Nobody begins to take from here on. */
      atomic_store (&life->mode, LIFE_SIGNALS);
      if (atomic_load (&life->n_callers) > 0)
        {
          atomic_store (&life->mode, LIFE_PULLS);
          return;
        }
      state = subiter_source_get_state (life->source);
      if (state == SUBITER_STATE_RUNNING || state == SUBITER_STATE_PAUSED || state == SUBITER_STATE_STOPPING
          || (state != SUBITER_STATE_IDLE && life->n_ends < life->n_starts && !atomic_load (&life->is_closing)))
        {
          atomic_store (&life->mode, LIFE_PULLS);
          return;
        }
      if (state == SUBITER_STATE_IDLE)
        life->n_starts--;
      else
        check_taken (life, state);
      atomic_fetch_add (&life->stage->n_epochs, state != SUBITER_STATE_IDLE);
    }
  if (life->n_ends < life->n_starts)
    return;

  subiter_lock (&life->gate);
  if (!atomic_load (&life->is_closing) && life_can_start (life))
    {
      subiter_source_rewind (life->source);
      if (mode == LIFE_PULLS)
        {
          /* As soon as somebody asks. */
          life->n_starts++;
          life->stops_done_at_start = atomic_load (&life->n_stops_done);
          life->last_answer = -1;
          atomic_store (&life->n_taken, 0);
          atomic_store (&life->sum_taken, 0);
          atomic_store (&life->squares_taken, 0);
          atomic_store (&life->mode, LIFE_PULLS);
        }
    }
  subiter_unlock (&life->gate);
}
