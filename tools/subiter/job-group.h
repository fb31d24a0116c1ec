/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "run-options.h"

G_BEGIN_DECLS

/* The sources of a run, one an interpreter, as one. */
typedef struct _JobGroup JobGroup;

typedef struct
{
  void (*item) (GVariant *item,
                gpointer user_data);
  void (*output) (const char *text,
                  gpointer user_data);
  /* a job, from 0 on, has ended badly */
  void (*failed) (guint job,
                  const GError *error,
                  gpointer user_data);
  void (*timed_out) (guint job,
                     gpointer user_data);
  /* every job has ended: the last of its calls */
  void (*ended) (gpointer user_data);
} JobGroupFuncs;

JobGroup *job_group_new (const RunOptions *options,
                         const JobGroupFuncs *funcs,
                         gpointer user_data,
                         GError **error);
void job_group_free (JobGroup *self);

void job_group_start (JobGroup *self);
void job_group_stop (JobGroup *self);
void job_group_set_paused (JobGroup *self,
                           gboolean is_paused);
gboolean job_group_has_ended (JobGroup *self);
guint64 job_group_get_n_items (JobGroup *self);
guint64 job_group_get_n_items_of (JobGroup *self,
                                  guint job);
double job_group_get_progress (JobGroup *self);
char *job_group_dup_progress_text (JobGroup *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (JobGroup, job_group_free)

G_END_DECLS
