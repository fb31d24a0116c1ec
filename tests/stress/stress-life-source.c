/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stress-life.h"

/* One source: what is done to it, what it signals, and what must hold. */

guint32
life_mix (guint32 a,
          guint32 b,
          guint32 c)
{
  guint64 x = ((guint64) a << 32) ^ ((guint64) b * 0x9e3779b1u) ^ c;

  x ^= x >> 31;
  x *= G_GUINT64_CONSTANT (0x7fb5d329728ea185);
  x ^= x >> 27;
  x *= G_GUINT64_CONSTANT (0x81dadef4bc2dd44d);
  x ^= x >> 33;

  return (guint32) x;
}

gboolean
life_enter (GMainContext *context)
{
  if (!g_main_context_acquire (context))
    return FALSE;

  subiter_sync_acquired (context);
  g_main_context_push_thread_default (context);

  return TRUE;
}

void
life_leave (GMainContext *context)
{
  g_main_context_pop_thread_default (context);
  subiter_sync_release (context);
  g_main_context_release (context);
}

void
life_iterate (GMainContext *context)
{
  if (!life_enter (context))
    return;

  g_main_context_iteration (context, FALSE);
  life_leave (context);
}

/* An object is gone. */
static void
count_down (gpointer data)
{
  atomic_fetch_sub ((_Atomic int *) data, 1);
}

SubiterSource *
life_ref (Life *life)
{
  g_assert_nonnull (life->source);
  atomic_fetch_add (&life->n_refs, 1);

  return g_object_ref (life->source);
}

/* On any thread, and it may be the last. */
void
life_unref (Life *life,
            SubiterSource *source)
{
  subiter_sync_release (source);
  g_object_unref (source);
  atomic_fetch_sub (&life->n_refs, 1);
}

/* A moment in a handler, at which it does something once in @rarity times. */
static void
act_in_handler (Life *life,
                guint32 chance,
                guint rarity)
{
  guint32 what = life_mix (life->stage->seed ^ life->number, life->n_starts, chance);

  if (life->source == NULL || what % rarity != 0)
    return;

  what = (what >> 8) % 32;
  life_journal_note ("act in handler", life->number, what);
  atomic_fetch_add (&life->stage->n_handler_acts, 1);
  switch (what)
    {
    case 0:
    case 1:
      life_stop (life);
      break;
    case 2:
    case 3:
    case 4:
      life_stop (life);
      life_start (life);
      break;
    case 5:
    case 6:
      subiter_source_pause (life->source);
      break;
    case 7:
      life_close (life);
      break;
    case 8:
      life_drop (life);
      break;
    case 9:
      life_stop (life);
      life_drop (life);
      break;
    case 10:
    case 11:
      life_toggle_noise (life);
      break;
    case 12:
      /* Other sources are dispatched within this one. */
      if (life->nesting++ == 0)
        g_main_context_iteration (life->context, FALSE);
      life->nesting--;
      break;
    case 13:
      subiter_source_set_timeout (life->source, chance % 4);
      break;
    case 14:
      subiter_source_set_buffer_size (life->source, 1 + chance % 8);
      break;
    default:
      subiter_source_resume (life->source);
    }
}

static void
check_handler (Life *life)
{
  g_assert_true (g_main_context_is_owner (life->context));
  g_assert_false (life->is_silent);
}

static gint64
check_number (Life *life,
              SubiterSource *source,
              GVariant *item)
{
  gint64 number = g_variant_get_int64 (item) - life->kind->first;

  check_handler (life);
  g_assert_cmpint (atomic_load (&life->mode), ==, LIFE_SIGNALS);
  g_assert_true (life->is_active);
  /* Those before it have had their ends. */
  g_assert_cmpuint (life->n_ends + 1, ==, life->n_starts);
  g_assert_cmpint (number, ==, (gint64) subiter_source_get_n_items (source) - 1);
  if (life->kind->n_items >= 0)
    g_assert_cmpint (number, <, life->kind->n_items);

  return number;
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         Life *life)
{
  gint64 number = check_number (life, source, item);

  g_assert_true (!life->has_last || number > life->last);
  life->has_last = TRUE;
  life->last = number;
  atomic_fetch_add (&life->stage->n_items, 1);
  act_in_handler (life, (guint32) number, 16);
}

static void
take_item (SubiterSource *source,
           GVariant *item,
           gpointer user_data)
{
  check_number (user_data, source, item);
}

static void
check_end (Life *life,
           SubiterSource *source,
           const char *what)
{
  life_journal_note (what, life->number, life->n_ends);
  check_handler (life);
  g_assert_cmpuint (life->n_ends, <, life->n_starts);
  life->n_ends++;
  atomic_fetch_add (&life->stage->n_ends, 1);
  if (life->n_ends == life->n_starts)
    life->is_active = FALSE;
}

gboolean
life_is_interpreter_closed (Life *life)
{
  return life->interpreter != NULL && atomic_load (&life->interpreter->is_closed) != 0;
}

/* Whether somebody has stopped it since it began. */
static gboolean
was_stopped (Life *life)
{
  return atomic_load (&life->n_stops_begun) > life->stops_done_at_start;
}

static void
on_finished (SubiterSource *source,
             Life *life)
{
  SubiterState state = subiter_source_get_state (source);
  gint64 n_items = (gint64) subiter_source_get_n_items (source);

  check_end (life, source, "finished");
  if (life->n_ends == life->n_starts && state == SUBITER_STATE_FINISHED)
    {
      /* Who takes the last one on another thread may not have counted it yet. */
      if (atomic_load (&life->mode) == LIFE_SIGNALS)
        g_assert_cmpint (n_items, ==, life->kind->n_items);
      g_assert_false (life->kind->fails);
      g_assert_false (life->kind->waits);
    }
  else if (life->n_ends == life->n_starts)
    {
      g_assert_cmpint (state, ==, SUBITER_STATE_STOPPED);
      g_assert_true (was_stopped (life) || life_is_interpreter_closed (life));
    }
  act_in_handler (life, 1000003, 4);
}

void
life_check_error (Life *life,
                  const GError *error)
{
  if (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_RAISED))
    g_assert_true (life->kind->fails || life->kind->fails_when_stopped);
  else if (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED))
    g_assert_true (life_is_interpreter_closed (life));
  else if (!life_is_closed (life->stage, error))
    g_assert_no_error (error);
}

static void
on_failed (SubiterSource *source,
           GError *error,
           Life *life)
{
  gint64 n_items = (gint64) subiter_source_get_n_items (source);

  check_end (life, source, "failed");
  life_check_error (life, error);
  if (life->n_ends == life->n_starts && g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_RAISED))
    {
      g_autoptr (SubiterFailure) failure = subiter_source_dup_failure (source);

      g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_FAILED);
      g_assert_nonnull (failure);
      if (atomic_load (&life->mode) == LIFE_SIGNALS && !was_stopped (life) && !life_is_interpreter_closed (life))
        g_assert_cmpint (n_items, ==, life->kind->n_items);
    }
  act_in_handler (life, 1000033, 4);
}

static gboolean
on_timeout (SubiterSource *source,
            Life *life)
{
  gboolean grants = life_mix (life->stage->seed ^ life->number, life->n_starts, (guint32) life->last) % 2;
  /* A blocked call does not ask. */
  gboolean is_over = atomic_load (&life->mode) == LIFE_PULLS
                     && subiter_source_get_state (source) == SUBITER_STATE_TIMED_OUT;

  check_handler (life);
  atomic_fetch_add (&life->stage->n_timeouts, 1);
  if (!is_over)
    {
      act_in_handler (life, 1000037, 2);
      if (grants || life->source == NULL)
        return TRUE;
    }

  /* If it was started again by now, this was not the end of that. */
  check_end (life, source, "timeout");
  life->is_active = life->n_ends < life->n_starts;

  return FALSE;
}

static void
on_output (SubiterSource *source,
           SubiterStream stream,
           const char *text,
           gpointer user_data)
{
}

static void
on_noise (SubiterSource *source,
          GVariant *item,
          Life *life)
{
  check_handler (life);
}

void
life_toggle_noise (Life *life)
{
  if (life->noise_id != 0)
    g_signal_handler_disconnect (life->source, life->noise_id);
  life->noise_id = life->noise_id != 0 ? 0 : g_signal_connect (life->source, "item", G_CALLBACK (on_noise), life);
  subiter_source_set_item_func (life->source, life->noise_id != 0 ? take_item : NULL, life, NULL);
}

Life *
life_new (LifeStage *stage,
          GMainContext *context,
          const LifeKind *kind,
          LifeInterpreter *interpreter,
          guint number)
{
  Life *life = g_new0 (Life, 1);
  g_autoptr (SubiterCallable) callable = NULL;

  life->stage = stage;
  life->number = number;
  life->kind = kind;
  life->interpreter = interpreter;
  life->context = context;
  life->halt = g_cancellable_new ();
  life->last_answer = -1;
  atomic_store (&life->n_refs, 1);
  g_mutex_init (&life->gate);

  callable = stage->world->new_callable (kind);
  if (interpreter != NULL)
    life->source = g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "interpreter",
                                 interpreter->interpreter, NULL);
  else
    life->source = g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "runtime", stage->world->runtime, NULL);
  atomic_fetch_add (&stage->n_sources, 1);
  g_object_set_data_full (G_OBJECT (life->source), "life", &stage->n_sources, count_down);
  g_weak_ref_init (&life->weak_ref, life->source);

  g_signal_connect (life->source, "item", G_CALLBACK (on_item), life);
  g_signal_connect (life->source, "finished", G_CALLBACK (on_finished), life);
  g_signal_connect (life->source, "failed", G_CALLBACK (on_failed), life);
  g_signal_connect (life->source, "timeout", G_CALLBACK (on_timeout), life);
  g_signal_connect (life->source, "output", G_CALLBACK (on_output), NULL);

  return life;
}

/* Once its source is gone. */
void
life_free (Life *life)
{
  g_assert_null (life->source);
  g_assert_cmpuint (life->n_pending, ==, 0);
  g_weak_ref_clear (&life->weak_ref);
  g_object_unref (life->halt);
  g_mutex_clear (&life->gate);
  g_free (life);
}

gboolean
life_can_start (Life *life)
{
  SubiterState state = subiter_source_get_state (life->source);

  return !atomic_load (&life->is_closing) && state != SUBITER_STATE_RUNNING && state != SUBITER_STATE_PAUSED;
}

void
life_start (Life *life)
{
  if (life->source == NULL || atomic_load (&life->mode) != LIFE_SIGNALS)
    return;

  subiter_lock (&life->gate);
  if (life_can_start (life))
    {
      life->n_starts++;
      life->is_active = TRUE;
      life->has_last = FALSE;
      life->stops_done_at_start = atomic_load (&life->n_stops_done);
      subiter_source_start (life->source);
    }
  subiter_unlock (&life->gate);
}

void
life_stop (Life *life)
{
  if (life->source == NULL)
    return;

  life_stop_from_afar (life, life->source);
  /* Not one item more, here. */
  life->is_active = FALSE;
}

void
life_stop_from_afar (Life *life,
                     SubiterSource *source)
{
  atomic_fetch_add (&life->n_stops_begun, 1);
  subiter_source_stop (source);
  atomic_fetch_add (&life->n_stops_done, 1);
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  Life *life = user_data;
  g_autoptr (GError) error = NULL;
  gboolean closed = subiter_source_close_finish (SUBITER_SOURCE (object), result, &error);

  g_assert_true (closed == (error == NULL));
  if (!life_is_closed (life->stage, error))
    g_assert_no_error (error);
  g_assert_cmpint (subiter_source_get_state (SUBITER_SOURCE (object)), ==, SUBITER_STATE_CLOSED);
  atomic_fetch_sub (&life->stage->n_closings, 1);
  atomic_fetch_sub (&life->stage->n_calls, 1);
  subiter_sync_release (object);
}

void
life_close_from_afar (Life *life,
                      SubiterSource *source)
{
  subiter_lock (&life->gate);
  atomic_store (&life->is_closing, 1);
  subiter_unlock (&life->gate);

  atomic_fetch_add (&life->stage->n_calls, 1);
  atomic_fetch_add (&life->stage->n_closings, 1);
  atomic_fetch_add (&life->n_stops_begun, 1);
  subiter_source_close_async (source, NULL, on_closed, life);
  atomic_fetch_add (&life->n_stops_done, 1);
}

void
life_close (Life *life)
{
  if (life->source == NULL)
    return;

  life_close_from_afar (life, life->source);
  life->is_active = FALSE;
}

/* Lets go of it, as it is. What was asked of it is answered all the same. */
void
life_drop (Life *life)
{
  LifeStage *stage = life->stage;
  SubiterSource *visible = NULL;
  SubiterSource *source = life->source;

  if (source == NULL)
    return;

  subiter_lock (&stage->lock);
  for (guint i = 0; i < LIFE_N_PLACES; i++)
    {
      if (stage->visible[i] == life)
        {
          stage->visible[i] = NULL;
          visible = g_steal_pointer (&stage->visible_sources[i]);
        }
    }
  subiter_unlock (&stage->lock);

  atomic_store (&life->drains, 1);
  if (atomic_load (&life->mode) == LIFE_PULLS)
    {
      life_stop (life);
      g_cancellable_cancel (life->halt);
    }
  if (life->noise_id != 0)
    g_signal_handler_disconnect (source, life->noise_id);
  life->source = NULL;
  if (visible != NULL)
    life_unref (life, visible);
  life_unref (life, source);
  /* Whoever may still hold it hears of it as before. */
  life->is_silent = atomic_load (&life->n_refs) == 0 && life->n_pending == 0 && !atomic_load (&life->is_closing);
}
