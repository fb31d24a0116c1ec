/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "job-group.h"

typedef struct
{
  JobGroup *group;
  guint number;
  SubiterSource *source;
  gboolean has_ended;
} Job;

struct _JobGroup
{
  JobGroupFuncs funcs;
  gpointer user_data;

  Job *jobs;
  guint n_jobs;
  guint n_running;
  /* whose progress text is the newest */
  Job *newest_text;
};

static void
end_job (Job *job)
{
  JobGroup *self = job->group;

  if (job->has_ended)
    return;

  job->has_ended = TRUE;
  self->n_running--;
  if (self->n_running == 0)
    self->funcs.ended (self->user_data);
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         gpointer user_data)
{
  Job *job = user_data;

  job->group->funcs.item (item, job->group->user_data);
}

static void
on_output (SubiterSource *source,
           SubiterStream stream,
           const char *text,
           gpointer user_data)
{
  Job *job = user_data;

  job->group->funcs.output (text, job->group->user_data);
}

static void
on_progress_text (SubiterSource *source,
                  GParamSpec *pspec,
                  gpointer user_data)
{
  Job *job = user_data;

  job->group->newest_text = job;
}

static void
on_finished (SubiterSource *source,
             gpointer user_data)
{
  end_job (user_data);
}

static void
on_failed (SubiterSource *source,
           const GError *error,
           gpointer user_data)
{
  Job *job = user_data;

  job->group->funcs.failed (job->number, error, job->group->user_data);
  end_job (job);
}

static gboolean
on_timeout (SubiterSource *source,
            gpointer user_data)
{
  Job *job = user_data;

  job->group->funcs.timed_out (job->number, job->group->user_data);
  end_job (job);

  return FALSE;
}

/* The callable of one job among several. */
static SubiterCallable *
bind_shard (SubiterCallable *callable,
            guint job,
            guint n_jobs,
            GError **error)
{
  GVariantDict kwargs = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&kwargs, "shard", "u", job);
  g_variant_dict_insert (&kwargs, "shards", "u", n_jobs);

  return subiter_callable_bind (callable, NULL, g_variant_dict_end (&kwargs), error);
}

static gboolean
job_init (Job *job,
          JobGroup *self,
          guint number,
          const RunOptions *options,
          GError **error)
{
  g_autoptr (SubiterCallable) callable = subiter_callable_ref (options->callable);

  job->group = self;
  job->number = number;
  if (options->n_jobs > 1)
    {
      subiter_callable_unref (callable);
      callable = bind_shard (options->callable, number, options->n_jobs, error);
      if (callable == NULL)
        return FALSE;
    }

  job->source = g_object_new (SUBITER_TYPE_SOURCE,
                              "callable", callable,
                              "runtime", options->runtime,
                              "buffer-size", options->buffer_size,
                              "timeout", options->timeout,
                              "item-type", options->item_type,
                              "python-path", options->python_path,
                              NULL);
  for (guint i = 0; i < options->initializers->len; i++)
    subiter_source_add_initializer (job->source, options->initializers->pdata[i]);

  subiter_source_set_item_func (job->source, on_item, job, NULL);
  g_signal_connect (job->source, "output", G_CALLBACK (on_output), job);
  g_signal_connect (job->source, "notify::progress-text", G_CALLBACK (on_progress_text), job);
  g_signal_connect (job->source, "finished", G_CALLBACK (on_finished), job);
  g_signal_connect (job->source, "failed", G_CALLBACK (on_failed), job);
  g_signal_connect (job->source, "timeout", G_CALLBACK (on_timeout), job);

  return TRUE;
}

JobGroup *
job_group_new (const RunOptions *options,
               const JobGroupFuncs *funcs,
               gpointer user_data,
               GError **error)
{
  g_autoptr (JobGroup) self = g_new0 (JobGroup, 1);

  self->funcs = *funcs;
  self->user_data = user_data;
  self->n_jobs = options->n_jobs;
  self->jobs = g_new0 (Job, self->n_jobs);
  for (guint i = 0; i < self->n_jobs; i++)
    {
      if (!job_init (&self->jobs[i], self, i, options, error))
        return NULL;
    }

  return g_steal_pointer (&self);
}

void
job_group_free (JobGroup *self)
{
  for (guint i = 0; i < self->n_jobs; i++)
    {
      Job *job = &self->jobs[i];

      if (job->source == NULL)
        continue;
      g_signal_handlers_disconnect_by_data (job->source, job);
      subiter_source_set_item_func (job->source, NULL, NULL, NULL);
      g_clear_object (&job->source);
    }
  g_free (self->jobs);
  g_free (self);
}

void
job_group_start (JobGroup *self)
{
  self->n_running = self->n_jobs;
  for (guint i = 0; i < self->n_jobs; i++)
    subiter_source_start (self->jobs[i].source);
}

void
job_group_stop (JobGroup *self)
{
  for (guint i = 0; i < self->n_jobs; i++)
    subiter_source_stop (self->jobs[i].source);
}

void
job_group_set_paused (JobGroup *self,
                      gboolean is_paused)
{
  for (guint i = 0; i < self->n_jobs; i++)
    {
      if (is_paused)
        subiter_source_pause (self->jobs[i].source);
      else
        subiter_source_resume (self->jobs[i].source);
    }
}

gboolean
job_group_has_ended (JobGroup *self)
{
  return self->n_running == 0;
}

guint64
job_group_get_n_items_of (JobGroup *self,
                          guint job)
{
  return subiter_source_get_n_items (self->jobs[job].source);
}

guint64
job_group_get_n_items (JobGroup *self)
{
  guint64 n_items = 0;

  for (guint i = 0; i < self->n_jobs; i++)
    n_items += job_group_get_n_items_of (self, i);

  return n_items;
}

/* The mean of all, from 0 to 1; 0 if none of them tells. */
double
job_group_get_progress (JobGroup *self)
{
  gboolean is_known = FALSE;
  double sum = 0.0;

  for (guint i = 0; i < self->n_jobs; i++)
    {
      double progress = subiter_source_get_progress (self->jobs[i].source);

      is_known = is_known || progress > 0.0;
      sum += self->jobs[i].has_ended ? 1.0 : progress;
    }

  return is_known ? sum / self->n_jobs : 0.0;
}

/* (nullable) */
char *
job_group_dup_progress_text (JobGroup *self)
{
  return self->newest_text != NULL ? subiter_source_dup_progress_text (self->newest_text->source) : NULL;
}
