/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

#include "subiter-enums.h"
#include "subiter-error.h"
#include "subiter-failure.h"
#include "subiter-interpreter-private.h"

/* Everything here runs in the source's main context, and nothing here holds
 * a lock while it calls out: a handler may start, stop, close or drop the
 * source. */

void
subiter_end_free (SubiterEnd *end)
{
  g_clear_pointer (&end->run, subiter_run_unref);
  g_clear_error (&end->error);
  g_free (end);
}

void
subiter_winding_free (SubiterWinding *winding)
{
  subiter_run_unref (winding->run);
  g_free (winding);
}

/* Text of a signal has to be UTF-8, whatever the code wrote. */
static char *
dup_valid_text (const GString *text)
{
  return g_utf8_make_valid (text->str, (gssize) text->len);
}

static void
notify_properties (SubiterSource *self)
{
  GParamSpec **properties = subiter_source_properties;
  guint64 n_items = subiter_source_get_n_items (self);
  gboolean progress_changed;
  gboolean failure_changed;
  gboolean abandoned_changed;
  SubiterState state;

  if (subiter_source_is_dropped (self))
    return;

  subiter_lock (&self->lock);
  state = self->state;
  failure_changed = self->failure_changed;
  progress_changed = self->progress_changed;
  abandoned_changed = self->abandoned_changed;
  self->failure_changed = FALSE;
  self->abandoned_changed = FALSE;
  self->progress_changed = FALSE;
  subiter_unlock (&self->lock);

  g_object_freeze_notify (G_OBJECT (self));
  if (failure_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[SUBITER_SOURCE_PROP_FAILURE]);
  if (abandoned_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[SUBITER_SOURCE_PROP_ABANDONED]);
  if (progress_changed)
    {
      g_object_notify_by_pspec (G_OBJECT (self), properties[SUBITER_SOURCE_PROP_PROGRESS]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[SUBITER_SOURCE_PROP_PROGRESS_TEXT]);
    }
  if (self->notified_n_items != n_items)
    {
      self->notified_n_items = n_items;
      g_object_notify_by_pspec (G_OBJECT (self), properties[SUBITER_SOURCE_PROP_N_ITEMS]);
    }
  if (self->notified_state != state)
    {
      self->notified_state = state;
      g_object_notify_by_pspec (G_OBJECT (self), properties[SUBITER_SOURCE_PROP_STATE]);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

static void
deliver_event (SubiterSource *self,
               const SubiterEvent *event)
{
  g_autofree char *text = dup_valid_text (event->text);

  switch (event->kind)
    {
    case SUBITER_EVENT_OUTPUT:
      g_signal_emit (self, subiter_source_signals[SUBITER_SOURCE_SIGNAL_OUTPUT], 0, event->stream, text);
      break;
    case SUBITER_EVENT_LOG:
      g_log ("Subiter", event->level, "%s", text);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
deliver_events (SubiterSource *self,
                SubiterRun *run)
{
  g_autofree char *text = NULL;
  gboolean has_waited;
  GQueue *events;
  double fraction;

  /* Code that waited for the application owed it nothing meanwhile. */
  events = subiter_event_queue_take (subiter_run_get_events (run), &has_waited);
  if (has_waited)
    self->owed_since = 0;

  if (events != NULL)
    {
      for (GList *l = events->head; l != NULL && !subiter_source_is_dropped (self); l = l->next)
        deliver_event (self, l->data);
      g_queue_free_full (events, (GDestroyNotify) subiter_event_free);
    }

  if (subiter_run_take_progress (run, &fraction, &text))
    {
      /* That of an iteration that is over must not show as the next one's. */
      subiter_lock (&self->lock);
      if (self->run == NULL || self->run == run)
        {
          self->progress = fraction;
          g_free (self->progress_text);
          self->progress_text = g_steal_pointer (&text);
          self->progress_changed = TRUE;
        }
      subiter_unlock (&self->lock);
      notify_properties (self);
    }
}

/* Signals the ends of iterations that are over for everybody. Callbacks with the
 * last items may be still to come: they come first, and then the dispatch again. */
static void
emit_ends (SubiterSource *self)
{
  while (self->n_answers == 0)
    {
      SubiterEnd *end;

      subiter_lock (&self->lock);
      end = g_queue_pop_head (&self->ends);
      subiter_unlock (&self->lock);
      if (end == NULL)
        return;

      if (end->run != NULL)
        deliver_events (self, end->run);
      notify_properties (self);
      if (subiter_source_is_dropped (self))
        {
          subiter_end_free (end);
          return;
        }
      if (end->state == SUBITER_STATE_FAILED)
        {
          g_signal_emit (self, subiter_source_signals[SUBITER_SOURCE_SIGNAL_FAILED], 0, end->error);
        }
      else if (end->state == SUBITER_STATE_TIMED_OUT)
        {
          gboolean ignored;

          g_signal_emit (self, subiter_source_signals[SUBITER_SOURCE_SIGNAL_TIMEOUT], 0, &ignored);
        }
      else
        {
          g_signal_emit (self, subiter_source_signals[SUBITER_SOURCE_SIGNAL_FINISHED], 0);
        }
      subiter_end_free (end);
    }
}

/* Ends the iterations that were stopped and whose code has ended by now. */
static void
finish_windings (SubiterSource *self)
{
  for (;;)
    {
      g_autoptr (SubiterRun) run = NULL;
      SubiterWinding *winding;
      gboolean has_ended;

      subiter_lock (&self->lock);
      winding = g_queue_peek_head (&self->windings);
      if (winding != NULL)
        run = subiter_run_ref (winding->run);
      subiter_unlock (&self->lock);
      if (run == NULL)
        return;

      has_ended = subiter_run_has_ended (run);
      deliver_events (self, run);
      if (!has_ended)
        return;

      subiter_lock (&self->lock);
      winding = g_queue_peek_head (&self->windings);
      if (winding != NULL && winding->run == run)
        subiter_source_finish_winding (self);
      subiter_unlock (&self->lock);
    }
}

/* What is known of a timeout, while it is not yet known whether it is the end. */
static void
set_timeout_failure (SubiterSource *self,
                     SubiterRun *run,
                     const GError *error)
{
  subiter_lock (&self->lock);
  if (self->run == run)
    subiter_source_set_failure (self, error);
  subiter_unlock (&self->lock);
}

/* No item came in time: asks whether to wait on, and ends the iteration if
 * not. Meanwhile a blocked call on another thread may find its end: which of the
 * two it was is for the answer to say, and only that one is signalled. */
static void
time_out (SubiterSource *self,
          SubiterRun *run)
{
  g_autoptr (SubiterInspection) inspection = g_steal_pointer (&self->inspection);
  g_autoptr (GError) error = subiter_source_make_timeout_error (self, inspection);
  gboolean waits_on = FALSE;
  gboolean is_current;
  guint64 iteration;
  SubiterEnd *end;

  set_timeout_failure (self, run, error);
  notify_properties (self);
  if (subiter_source_is_dropped (self))
    return;

  subiter_lock (&self->lock);
  is_current = self->run == run;
  iteration = self->n_iterations;
  if (is_current)
    self->asked_run = run;
  subiter_unlock (&self->lock);
  if (!is_current)
    return;

  g_signal_emit (self, subiter_source_signals[SUBITER_SOURCE_SIGNAL_TIMEOUT], 0, &waits_on);

  self->owed_since = g_get_monotonic_time ();

  subiter_lock (&self->lock);
  self->asked_run = NULL;
  end = g_steal_pointer (&self->held_end);
  if (waits_on)
    {
      /* If it has not gone already, for that of an end that was found meanwhile. */
      if (self->failure == subiter_failure_from_error (error))
        subiter_source_set_failure (self, NULL);
      if (end != NULL)
        g_queue_push_head (&self->ends, g_steal_pointer (&end));
    }
  else if (self->run == run)
    {
      if (self->pulls)
        {
          g_clear_error (&self->pull_error);
          self->pull_error = g_error_copy (error);
        }
      subiter_source_wind_down (self, SUBITER_STATE_TIMED_OUT, FALSE);
    }
  else
    {
      /* It was stopped, or came to its end: the timeout was it all the same. */
      for (GList *l = self->windings.head; l != NULL; l = l->next)
        {
          SubiterWinding *winding = l->data;

          if (winding->run == run)
            {
              winding->signals_end = FALSE;
              /* The state is that of the last one to have been stopped. */
              if (l->next == NULL && self->state == SUBITER_STATE_STOPPING)
                self->state = SUBITER_STATE_TIMED_OUT;
            }
        }
      if (end != NULL && self->run == NULL && self->n_iterations == iteration)
        {
          subiter_source_set_failure (self, error);
          if (!self->closing)
            self->state = SUBITER_STATE_TIMED_OUT;
        }
    }
  subiter_unlock (&self->lock);

  if (end != NULL)
    {
      if (end->run != NULL)
        deliver_events (self, end->run);
      subiter_end_free (end);
    }
  subiter_source_changed (self);
}

/* When the worker's time is up, on the monotonic clock in µs; -1 if it owes no
 * item or may take for ever. It owes one while the application waits and
 * finds nothing: not while the source is paused, items wait to be taken, or
 * the worker is still at somebody else's run. */
static gint64
get_deadline (SubiterSource *self,
              SubiterRun *run)
{
  guint64 iteration;
  gint64 timeout;
  gboolean owes;

  subiter_lock (&self->lock);
  iteration = self->n_iterations;
  timeout = (gint64) self->timeout * G_TIME_SPAN_MILLISECOND;
  owes = timeout > 0 && self->run == run && self->state == SUBITER_STATE_RUNNING
         && (!self->pulls || !g_queue_is_empty (&self->requests))
         && (!self->queued || subiter_run_has_begun (run));
  subiter_unlock (&self->lock);

  if (!owes || subiter_run_has_ended (run) || !subiter_run_is_empty (run))
    {
      self->owed_since = 0;
      return -1;
    }

  if (self->owed_since == 0 || self->owed_iteration != iteration)
    {
      self->owed_since = g_get_monotonic_time ();
      self->owed_iteration = iteration;
    }

  return self->owed_since + timeout;
}

/* Code that made no item in time is looked at before anybody is told, which takes
 * a moment. TRUE: there is nothing to wait for any more. */
static gboolean
has_inspected (SubiterSource *self,
               SubiterRun *run)
{
  if (self->inspection == NULL)
    {
      self->inspection = subiter_source_inspect (self, run);
      self->inspected_by = g_get_monotonic_time () + SUBITER_INSPECTION_TIME;
    }

  return self->inspection == NULL || subiter_inspection_is_done (self->inspection)
         || g_get_monotonic_time () >= self->inspected_by;
}

static void
deliver (SubiterSource *self,
         SubiterRun *run)
{
  gboolean has_ended;
  gboolean pulls;
  gint64 deadline;
  guint n_items;

  deliver_events (self, run);

  /* An item that came before the end is in the ring if the end is seen. */
  has_ended = subiter_run_has_ended (run);

  subiter_lock (&self->lock);
  pulls = self->pulls;
  deadline = g_get_monotonic_time () + self->dispatch_budget;
  subiter_unlock (&self->lock);

  n_items = pulls ? subiter_source_serve_requests (self, run, deadline) : subiter_source_deliver_items (self, run);
  if (n_items > 0)
    self->owed_since = 0;

  if (has_ended && subiter_run_is_empty (run))
    {
      if (self->n_answers > 0)
        return;

      subiter_lock (&self->lock);
      if (self->run == run && self->state == SUBITER_STATE_RUNNING)
        subiter_source_end (self, run);
      subiter_unlock (&self->lock);
      return;
    }

  deadline = subiter_source_is_dropped (self) ? -1 : get_deadline (self, run);
  if (deadline < 0 || g_get_monotonic_time () < deadline)
    g_clear_pointer (&self->inspection, subiter_inspection_unref);
  else if (has_inspected (self, run))
    time_out (self, run);
}

static void
complete_close (SubiterSource *self)
{
  g_autoptr (GError) error = NULL;
  GQueue tasks = G_QUEUE_INIT;
  gboolean is_over;
  GTask *task;

  subiter_lock (&self->lock);
  is_over = self->closing && self->run == NULL && g_queue_is_empty (&self->windings)
            && g_queue_is_empty (&self->ends) && self->n_answers == 0
            && (!self->owns_interpreter || self->interpreter == NULL
                || subiter_interpreter_has_closed (self->interpreter, &error));
  if (is_over)
    {
      self->state = SUBITER_STATE_CLOSED;
      tasks = self->close_tasks;
      g_queue_init (&self->close_tasks);
    }
  subiter_unlock (&self->lock);

  if (!is_over)
    return;

  /* A function that knows its source would keep it for ever. */
  subiter_source_set_item_func (self, NULL, NULL, NULL);
  notify_properties (self);
  while ((task = g_queue_pop_head (&tasks)) != NULL)
    {
      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

/* Sleeps until there is news or the worker's time is up. The order matters:
 * the ready time first, then the flag, then a last look. */
static void
plan_next (SubiterSource *self)
{
  g_autoptr (SubiterRun) run = NULL;
  gint64 deadline = -1;

  /* No run: nobody waits for its items. */
  subiter_lock (&self->lock);
  if (self->run != NULL && self->state == SUBITER_STATE_RUNNING && g_queue_is_empty (&self->windings)
      && (!self->pulls || !g_queue_is_empty (&self->requests)))
    run = subiter_run_ref (self->run);
  subiter_unlock (&self->lock);

  if (run != NULL)
    deadline = get_deadline (self, run);
  if (deadline >= 0 && self->inspection != NULL)
    deadline = MAX (deadline, self->inspected_by);
  subiter_wakeup_sleep (self->wakeup, deadline);
  if (run != NULL)
    subiter_wakeup_arm (self->wakeup);
  if (subiter_wakeup_is_pending (self->wakeup)
      || (run != NULL && !subiter_run_is_empty (run))
      || (run != NULL && subiter_run_has_ended (run) && self->n_answers == 0))
    subiter_wakeup_sleep (self->wakeup, 0);
}

void
subiter_source_dispatch (SubiterSource *self)
{
  g_autoptr (SubiterRun) run = NULL;

  subiter_wakeup_begin (self->wakeup);

  subiter_source_drop_cancelled_requests (self);
  finish_windings (self);
  emit_ends (self);
  subiter_source_end_requests (self);

  /* A new iteration comes after the end of the one before it. */
  subiter_lock (&self->lock);
  if (self->run != NULL && g_queue_is_empty (&self->windings))
    run = subiter_run_ref (self->run);
  subiter_unlock (&self->lock);
  if (run != NULL)
    {
      subiter_run_set_forward_output (run, !subiter_source_wants_output (self));
      deliver (self, run);
      emit_ends (self);
    }

  subiter_source_end_requests (self);
  complete_close (self);
  notify_properties (self);
  plan_next (self);
}
