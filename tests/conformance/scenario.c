/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "table.h"

#include <string.h>

/* When to believe that nothing more will happen, in s. */
#define PATIENCE 120
#define BATCH_SIZE 7

/* A scenario under way. Everything happens in the main context. */
typedef struct
{
  const Language *language;
  Record *record;
  GMainLoop *loop;
  GThread *thread;
  GObject *source;
  const char *mode;

  JsonArray *steps;
  guint next_step;
  /* the next step's time has come, or a source for it is attached */
  gboolean is_armed;
  gboolean is_time;

  /* iterations that have begun and not ended */
  guint n_due;
  guint n_grants;
  guint n_wanted_ends;
  guint first_item;
  /* calls of next that have not been dealt with, and of close */
  guint n_pulls;
  guint n_closes;
  gboolean holds;
  gboolean quiet;
  gboolean closing;
} Scenario;

static void advance (Scenario *self);

static void
check_thread (Scenario *self)
{
  if (g_thread_self () != self->thread)
    g_error ("called on another thread");
}

static gboolean
is_pulling (Scenario *self)
{
  return g_str_equal (self->mode, "pull") || g_str_equal (self->mode, "batch");
}

static void
on_closed (GObject *source,
           GAsyncResult *result,
           gpointer data)
{
  Scenario *self = data;
  g_autoptr (GError) error = NULL;

  if (!self->language->close_finish (source, result, &error))
    record_trouble (self->record, "close failed: %s", error->message);
  self->n_closes--;
  advance (self);
}

static void
close_source (Scenario *self)
{
  self->n_closes++;
  self->language->close_async (self->source, on_closed, self);
}

static void
take_item (Scenario *self,
           GVariant *item)
{
  check_thread (self);
  if (self->n_due == 0)
    record_trouble (self->record, "item %u came after the end", self->record->items->len);
  if (self->quiet)
    record_trouble (self->record, "item %u came after stop or pause", self->record->items->len);
  record_item (self->record, item);
}

static char **
get_causes (Scenario *self,
            gpointer failure)
{
  g_autoptr (GStrvBuilder) causes = g_strv_builder_new ();

  for (gpointer cause = failure; cause != NULL && (cause = self->language->get_failure_cause (cause)) != NULL;)
    g_strv_builder_take (causes, self->language->get_failure_text (cause, "exception_type"));

  return g_strv_builder_end (causes);
}

static void
take_error (Scenario *self,
            const GError *error)
{
  g_autofree char *code = self->language->get_code (error);
  g_autofree char *exception_type = NULL;
  g_autofree char *traceback = NULL;
  g_auto (GStrv) notes = NULL;
  g_auto (GStrv) causes = NULL;
  gpointer failure = NULL;

  g_object_get (self->source, "failure", &failure, NULL);
  exception_type = self->language->get_failure_text (failure, "exception_type");
  traceback = self->language->get_failure_text (failure, "traceback");
  notes = self->language->get_failure_notes (failure);
  record_error (self->record, code, error->message);
  causes = get_causes (self, failure);
  record_failure (self->record, exception_type, traceback, (const char *const *) notes);
  record_causes (self->record, (const char *const *) causes);
  if (failure != NULL)
    g_boxed_free (g_type_from_name ("SubiterFailure"), failure);
}

static void on_pulled (GObject *source,
                       GAsyncResult *result,
                       gpointer data);

static void
pull (Scenario *self)
{
  if (self->holds)
    return;

  self->n_pulls++;
  self->language->next_async (self->source, g_str_equal (self->mode, "batch") ? BATCH_SIZE : 0, on_pulled, self);
}

static void
on_pulled (GObject *source,
           GAsyncResult *result,
           gpointer data)
{
  Scenario *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = NULL;

  check_thread (self);
  items = self->language->next_finish (source, g_str_equal (self->mode, "batch") ? BATCH_SIZE : 0, result, &error);
  if (error != NULL)
    take_error (self, error);
  if (items != NULL && items->len > BATCH_SIZE)
    record_trouble (self->record, "a batch of %u", items->len);
  for (guint i = 0; items != NULL && i < items->len; i++)
    take_item (self, items->pdata[i]);

  /* It counts until the next one does: the scenario is not over in between. */
  advance (self);
  if (items != NULL && items->len > 0)
    pull (self);
  self->n_pulls--;
  advance (self);
}

/* All of the iteration, without a main loop. */
static void
block (Scenario *self)
{
  g_autoptr (GError) error = NULL;
  GVariant *item;

  while ((item = self->language->next (self->source, &error)) != NULL)
    {
      take_item (self, item);
      g_variant_unref (item);
      advance (self);
    }
  if (error != NULL)
    take_error (self, error);
}

static void
begin (Scenario *self)
{
  guint n_calls = (guint) json_object_get_int_member_with_default (self->record->scenario, "overlap", 1);

  self->quiet = FALSE;
  self->n_due++;
  self->first_item = self->record->items->len;
  if (g_str_equal (self->mode, "blocking"))
    {
      block (self);
      return;
    }
  if (!is_pulling (self))
    {
      self->language->call (self->source, "start");
      return;
    }

  if (self->record->ends->len > 0)
    self->language->call (self->source, "rewind");
  for (guint i = 0; i < n_calls; i++)
    pull (self);
}

static void
act (Scenario *self,
     const char *action)
{
  if (g_str_equal (action, "stop") || g_str_equal (action, "pause") || g_str_equal (action, "resume"))
    {
      self->quiet = !g_str_equal (action, "resume");
      self->language->call (self->source, action);
    }
  else if (g_str_equal (action, "start"))
    {
      begin (self);
    }
  else if (g_str_equal (action, "close"))
    {
      self->quiet = TRUE;
      close_source (self);
    }
  else if (g_str_equal (action, "hold"))
    {
      self->holds = TRUE;
    }
  else if (g_str_equal (action, "go on"))
    {
      self->holds = FALSE;
      pull (self);
    }
  else if (g_str_has_prefix (action, "timeout "))
    {
      g_object_set (self->source, "timeout", (guint) g_ascii_strtoull (action + strlen ("timeout "), NULL, 10), NULL);
    }
  else if (g_str_has_prefix (action, "no-output "))
    {
      if (record_has_output (self->record, action + strlen ("no-output ")))
        record_trouble (self->record, "there is %s already", action);
    }
  else
    {
      g_error ("no such action: %s", action);
    }
}

static gboolean
on_time (gpointer data)
{
  Scenario *self = data;

  self->is_time = TRUE;
  advance (self);

  return G_SOURCE_REMOVE;
}

/* Whether it is time for the next step; a clock for it is set only once. */
static gboolean
is_due (Scenario *self,
        const char *when)
{
  const char *argument = strchr (when, ' ');
  guint number;
  double progress;

  argument = argument != NULL ? argument + 1 : "";
  number = (guint) g_ascii_strtoull (argument, NULL, 10);

  if (g_str_equal (when, "now"))
    return TRUE;
  if (g_str_has_prefix (when, "item "))
    return self->record->items->len >= number;
  if (g_str_has_prefix (when, "end "))
    return self->record->ends->len >= number && self->n_pulls == 0;
  if (g_str_has_prefix (when, "output "))
    return record_has_output (self->record, argument);
  if (g_str_has_prefix (when, "progress "))
    {
      g_object_get (self->source, "progress", &progress, NULL);
      return progress >= g_ascii_strtod (argument, NULL);
    }

  if (!self->is_armed && g_str_equal (when, "idle"))
    g_idle_add_full (G_PRIORITY_LOW, on_time, self, NULL);
  else if (!self->is_armed && g_str_has_prefix (when, "after "))
    g_timeout_add (number, on_time, self);
  else if (!self->is_armed)
    g_error ("no such time: %s", when);
  self->is_armed = TRUE;

  return self->is_time;
}

/* Takes the steps that are due, and ends the scenario after the last one. */
static void
advance (Scenario *self)
{
  while (self->next_step < json_array_get_length (self->steps))
    {
      JsonArray *step = json_array_get_array_element (self->steps, self->next_step);

      if (!is_due (self, json_array_get_string_element (step, 0)))
        return;

      self->is_armed = FALSE;
      self->is_time = FALSE;
      self->next_step++;
      act (self, json_array_get_string_element (step, 1));
    }

  if (self->record->ends->len < self->n_wanted_ends || self->n_pulls > 0)
    return;

  if (!self->closing)
    {
      self->closing = TRUE;
      close_source (self);
    }
  else if (self->n_closes == 0)
    {
      g_main_loop_quit (self->loop);
    }
}

static void
on_item (GObject *source,
         GVariant *item,
         Scenario *self)
{
  take_item (self, item);
  advance (self);
}

static void
take_end (Scenario *self,
          const char *name,
          const char *state)
{
  g_autofree char *nick = NULL;
  g_auto (GValue) value = G_VALUE_INIT;

  check_thread (self);
  if (self->n_due == 0)
    record_trouble (self->record, "there is another end: %s", name);
  else
    self->n_due--;

  g_object_get_property (self->source, "state", &value);
  nick = g_strdup (g_enum_get_value (G_ENUM_CLASS (g_type_class_peek (G_VALUE_TYPE (&value))),
                                     g_value_get_enum (&value))->value_nick);
  if (state == NULL || g_str_equal (nick, state))
    {
      record_end (self->record, name);
    }
  else if (g_str_equal (nick, "stopped"))
    {
      record_end (self->record, nick);
    }
  else
    {
      g_autofree char *text = g_strdup_printf ("%s:%s", name, nick);

      record_end (self->record, text);
    }
  advance (self);
}

static void
on_finished (GObject *source,
             Scenario *self)
{
  take_end (self, "finished", "finished");
}

static void
on_failed (GObject *source,
           GError *error,
           Scenario *self)
{
  Record *record = self->record;

  if (!g_str_equal (self->mode, "push") && self->n_pulls == 0 && record->message != NULL && !g_str_equal (record->message, error->message))
    record_trouble (record, "next gave “%s”, the signal “%s”", record->message, error->message);
  take_error (self, error);
  take_end (self, "failed", "failed");
}

static gboolean
on_timeout (GObject *source,
            Scenario *self)
{
  if (self->n_grants > 0)
    {
      self->n_grants--;
      return TRUE;
    }

  take_end (self, "timeout", NULL);

  return FALSE;
}

static void
on_output (GObject *source,
           int stream,
           const char *text,
           Scenario *self)
{
  check_thread (self);
  record_output (self->record, stream, text);
  advance (self);
}

static void
on_notify_progress (GObject *source,
                    GParamSpec *pspec,
                    Scenario *self)
{
  check_thread (self);
  advance (self);
}

static gboolean
on_patience (gpointer data)
{
  Scenario *self = data;

  record_trouble (self->record, "nothing more has happened for %d s", PATIENCE);
  g_main_loop_quit (self->loop);

  return G_SOURCE_CONTINUE;
}

static void
set_properties (GObject *source,
                JsonObject *scenario,
                const char *folder)
{
  static const char *const numbers[] = { "buffer-size", "timeout", "dispatch-items", "dispatch-budget", "priority" };
  const char *type = json_object_get_string_member_with_default (scenario, "item-type", NULL);
  g_auto (GStrv) initializers = scenario_get_strv (scenario, "initializers", NULL);
  g_auto (GStrv) python_path = scenario_get_strv (scenario, "python-path", folder);
  const char *const default_path[] = { folder, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      if (json_object_has_member (scenario, numbers[i]))
        g_object_set (source, numbers[i], (int) json_object_get_int_member (scenario, numbers[i]), NULL);
    }
  if (type != NULL)
    g_object_set (source, "item-type", type, NULL);
  g_object_set (source, "initializers", initializers,
                "python-path", python_path != NULL ? (const char *const *) python_path : default_path, NULL);
}

static void
connect_signals (Scenario *self)
{
  g_signal_connect (self->source, "finished", G_CALLBACK (on_finished), self);
  g_signal_connect (self->source, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (self->source, "timeout", G_CALLBACK (on_timeout), self);
  g_signal_connect (self->source, "output", G_CALLBACK (on_output), self);
  g_signal_connect (self->source, "notify::progress", G_CALLBACK (on_notify_progress), self);
  if (g_str_equal (self->mode, "func"))
    self->language->set_item_func (self->source, G_CALLBACK (on_item), self);
  else if (g_str_equal (self->mode, "push"))
    g_signal_connect (self->source, "item", G_CALLBACK (on_item), self);
}

static guint
count_wanted_ends (JsonObject *scenario)
{
  JsonNode *node = json_object_get_member (scenario, "end");

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_array_get_length (json_node_get_array (node)) : 1;
}

static void
run (Scenario *self)
{
  guint patience_id = g_timeout_add_seconds (PATIENCE, on_patience, self);
  gpointer source = self->source;
  g_autofree char *progress_text = NULL;
  double progress;
  guint64 n_items;

  connect_signals (self);
  if (!g_str_equal (self->mode, "none"))
    begin (self);
  advance (self);
  g_main_loop_run (self->loop);
  g_source_remove (patience_id);

  g_object_get (self->source, "n-items", &n_items, "progress", &progress, "progress-text", &progress_text, NULL);
  record_progress (self->record, progress, progress_text);
  if (n_items != self->record->items->len - self->first_item)
    record_trouble (self->record, "n-items is %" G_GUINT64_FORMAT, n_items);
  if (self->n_grants > 0)
    record_trouble (self->record, "%u periods that were not asked for", self->n_grants);

  g_object_add_weak_pointer (self->source, &source);
  g_object_unref (self->source);
  if (source != NULL)
    record_trouble (self->record, "the source is kept alive by something");
}

void
run_scenario (Record *record,
              const char *folder,
              gpointer data)
{
  const Language *language = data;
  JsonObject *scenario = record->scenario;
  Scenario self = { .language = language, .record = record, .thread = g_thread_self () };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonArray) no_steps = json_array_new ();

  self.source = language->new_source (scenario, folder, &error);
  if (self.source == NULL)
    {
      g_autofree char *code = language->get_code (error);

      record_error (record, code, error->message);
      record_check_refused (record);
      return;
    }

  self.mode = json_object_get_string_member_with_default (scenario, "mode", "push");
  self.steps = json_object_has_member (scenario, "steps") ? json_object_get_array_member (scenario, "steps") : no_steps;
  self.n_grants = (guint) json_object_get_int_member_with_default (scenario, "grants", 0);
  self.n_wanted_ends = count_wanted_ends (scenario);
  self.loop = g_main_loop_new (NULL, FALSE);
  set_properties (self.source, scenario, folder);
  run (&self);
  g_main_loop_unref (self.loop);
  record_check (record);
}
