/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

#include "subiter-callable.h"
#include "subiter-error.h"
#include "subiter-failure.h"
#include "subiter-interpreter-private.h"
#include "subiter-reaper-private.h"

/* The life of an iteration: it begins, and ends by itself or winds down. All of
 * this is called with the source's lock held, by whoever finds that it is
 * time, and leaves it to the dispatch to signal it. */

/* A change that ends a delivery and that blocked calls have to hear of. */
void
subiter_source_set_state (SubiterSource *self,
                          SubiterState state)
{
  self->state = state;
  atomic_fetch_add_explicit (&self->generation, 1, memory_order_seq_cst);
}

void
subiter_source_set_failure (SubiterSource *self,
                            const GError *error)
{
  SubiterFailure *failure = error != NULL ? subiter_failure_from_error (error) : NULL;

  if (failure == self->failure)
    return;

  g_clear_pointer (&self->failure, subiter_failure_unref);
  if (failure != NULL)
    self->failure = subiter_failure_ref (failure);
  self->failure_changed = TRUE;
}

static void
set_abandoned (SubiterSource *self,
               gboolean abandoned)
{
  if (self->abandoned == abandoned)
    return;

  self->abandoned = abandoned;
  self->abandoned_changed = TRUE;
}

/* Whether it was the code of @run itself that did not end. */
static gboolean
was_abandoned (SubiterRun *run)
{
  return g_error_matches (subiter_run_get_error (run), SUBITER_ERROR, SUBITER_ERROR_ABANDONED)
         && subiter_run_has_begun (run);
}

static gboolean
listens_for_ends (SubiterSource *self)
{
  const SubiterSourceSignal ends[] = {
    SUBITER_SOURCE_SIGNAL_FINISHED,
    SUBITER_SOURCE_SIGNAL_FAILED,
    SUBITER_SOURCE_SIGNAL_TIMEOUT,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      if (g_signal_has_handler_pending (self, subiter_source_signals[ends[i]], 0, TRUE))
        return TRUE;
    }

  return FALSE;
}

/* The last report of an iteration, which the dispatch need not have seen. */
static void
take_progress (SubiterSource *self,
               SubiterRun *run)
{
  g_autofree char *text = NULL;
  double fraction;

  if (!subiter_run_take_progress (run, &fraction, &text))
    return;

  self->progress = fraction;
  g_free (self->progress_text);
  self->progress_text = g_steal_pointer (&text);
  self->progress_changed = TRUE;
}

/* Takes the oldest winding off, whose run has ended, and leaves what is to be
 * signalled of it to the dispatch. */
void
subiter_source_finish_winding (SubiterSource *self)
{
  SubiterWinding *winding = g_queue_pop_head (&self->windings);
  const GError *error = subiter_run_get_error (winding->run);

  if (self->run == NULL && g_queue_is_empty (&self->windings))
    take_progress (self, winding->run);
  if (was_abandoned (winding->run) && self->run == NULL)
    set_abandoned (self, TRUE);
  if (winding->signals_end)
    {
      SubiterState state;

      /* That it was closed or given up with its interpreter before it began is
       * no failure of code that was told to stop. An exception out of its
       * clean-up is. */
      if (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_CLOSED) || !subiter_run_has_begun (winding->run))
        error = NULL;
      state = error != NULL ? SUBITER_STATE_FAILED : SUBITER_STATE_STOPPED;
      if (self->run == NULL && self->state == SUBITER_STATE_STOPPING && g_queue_is_empty (&self->windings))
        self->state = state;
      subiter_source_add_end (self, winding->run, state, error);
    }

  subiter_winding_free (winding);
}

/* The dispatch does this too, but it need not ever come by in a program that only
 * calls next (), and where next () finds an end, that of the iteration before it comes
 * first. */
void
subiter_source_drop_windings (SubiterSource *self)
{
  SubiterWinding *winding;

  while ((winding = g_queue_peek_head (&self->windings)) != NULL && subiter_run_has_ended (winding->run))
    subiter_source_finish_winding (self);
}

void
subiter_source_add_end (SubiterSource *self,
                        SubiterRun *run,
                        SubiterState state,
                        const GError *error)
{
  gboolean has_events = run != NULL && !subiter_event_queue_is_empty (subiter_run_get_events (run));
  SubiterEnd *end;

  if (error != NULL)
    subiter_source_set_failure (self, error);

  /* A program that only calls next () need never iterate the main context: what
   * nobody would hear must not pile up. */
  if (self->pulls && !has_events && !listens_for_ends (self))
    return;

  end = g_new0 (SubiterEnd, 1);
  end->run = has_events ? subiter_run_ref (run) : NULL;
  end->state = state;
  end->error = error != NULL ? g_error_copy (error) : NULL;
  if (run != NULL && self->asked_run == run)
    self->held_end = end;
  else
    g_queue_push_tail (&self->ends, end);
}

static GPtrArray *
collect_initializers (SubiterSource *self)
{
  GPtrArray *initializers = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_callable_unref);

  /* They were checked when they were set. */
  for (gsize i = 0; self->initializers != NULL && self->initializers[i] != NULL; i++)
    g_ptr_array_add (initializers, subiter_callable_new_for_entry_point (self->initializers[i], NULL));
  for (guint i = 0; i < self->more_initializers->len; i++)
    g_ptr_array_add (initializers, subiter_callable_ref (self->more_initializers->pdata[i]));

  return initializers;
}

/* Sends a new run to the interpreter. An interpreter that cannot be started
 * shows as a run that fails. */
void
subiter_source_begin (SubiterSource *self,
                      gboolean pulls)
{
  g_autoptr (GPtrArray) initializers = collect_initializers (self);
  GError *error = NULL;

  if (pulls)
    subiter_source_drop_windings (self);

  self->run = subiter_run_new (SUBITER_RUN_ITERATE, self->stream_id, self->callable,
                               self->buffer_size, self->item_type, self->wakeup);
  subiter_run_set_grace (self->run, self->interrupt_delay, self->grace_period);
  subiter_run_set_initializers (self->run, initializers);
  if (self->python_path != NULL)
    subiter_run_set_python_path (self->run, (const char *const *) self->python_path);
  subiter_run_set_forward_output (self->run, !subiter_source_wants_output (self));

  self->pulls = pulls;
  self->n_iterations++;
  self->polled_since = 0;
  self->progress_changed = self->progress > 0.0 || self->progress_text != NULL;
  self->progress = 0.0;
  g_clear_pointer (&self->progress_text, g_free);
  g_clear_error (&self->pull_error);
  subiter_source_set_failure (self, NULL);
  set_abandoned (self, FALSE);
  atomic_store_explicit (&self->n_items, 0, memory_order_relaxed);
  subiter_source_set_state (self, SUBITER_STATE_RUNNING);

  if (subiter_run_has_memory (self->run))
    self->port = subiter_interpreter_submit (self->interpreter, self->run, &self->queued, &error);
  else
    error = g_error_new (SUBITER_ERROR, SUBITER_ERROR_NO_MEMORY,
                         "There is no memory for a buffer of %u items; set a smaller buffer-size",
                         self->buffer_size);
  if (self->port == NULL)
    subiter_run_end (self->run, error);
}

/* Ends the iteration early: from here on its items go nowhere, and its code is
 * told to end. */
void
subiter_source_wind_down (SubiterSource *self,
                          SubiterState state,
                          gboolean signals_end)
{
  SubiterWinding *winding = g_new0 (SubiterWinding, 1);
  g_autoptr (SubiterPort) port = g_steal_pointer (&self->port);

  winding->run = g_steal_pointer (&self->run);
  winding->signals_end = signals_end;
  g_queue_push_tail (&self->windings, winding);
  subiter_source_set_state (self, state);
  subiter_source_put_requests_over (self);

  if (port != NULL)
    subiter_reaper_stop (port, winding->run);
}

/* The iteration has ended by itself, and its last item was taken. */
void
subiter_source_end (SubiterSource *self,
                    SubiterRun *run)
{
  const GError *error = subiter_run_get_error (run);
  SubiterState state = SUBITER_STATE_FINISHED;

  g_assert (self->run == run);

  if (error != NULL)
    state = SUBITER_STATE_FAILED;
  else if (subiter_run_is_stopping (run))
    state = SUBITER_STATE_STOPPED;

  /* It waited behind a run whose worker was given up: it goes to the next. */
  if (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_ABANDONED) && !subiter_run_has_begun (run))
    {
      g_clear_pointer (&self->run, subiter_run_unref);
      g_clear_pointer (&self->port, subiter_port_unref);
      subiter_source_begin (self, self->pulls);
      subiter_source_changed (self);
      return;
    }

  subiter_source_drop_windings (self);
  take_progress (self, run);
  if (was_abandoned (run))
    set_abandoned (self, TRUE);
  subiter_source_add_end (self, run, state, error);
  if (self->pulls && error != NULL)
    {
      g_clear_error (&self->pull_error);
      self->pull_error = g_error_copy (error);
    }
  subiter_source_put_requests_over (self);
  subiter_source_set_state (self, state);
  g_clear_pointer (&self->port, subiter_port_unref);
  subiter_run_unref (g_steal_pointer (&self->run));
}
