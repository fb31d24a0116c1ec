/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-batch-private.h"
#include "subiter-event-queue-private.h"
#include "subiter-ring-private.h"
#include "subiter-run.h"
#include "subiter-wakeup-private.h"

G_BEGIN_DECLS

/* A run in two rooms: subiter-run.c has its life and its items, subiter-run-report.c what
 * it tells beside them. */
struct _SubiterRun
{
  _Atomic int ref_count;

  /* immutable once it is handed to a port */
  SubiterRunKind kind;
  guint64 stream_id;
  SubiterCallable *callable;
  GPtrArray *initializers;
  char **python_path;
  GVariantType *item_type;
  SubiterWakeup *wakeup;

  SubiterRing ring;
  gboolean has_memory;
  SubiterEventQueue events;

  /* set by any thread, once */
  _Atomic int stopping;
  /* set by the worker, once */
  _Atomic int begun;
  /* set by whoever ends the run, once, under the lock and after the error */
  _Atomic int ended;
  /* set by the consumer */
  _Atomic int forward_output;
  /* set by the application, in ms */
  _Atomic guint interrupt_delay;
  _Atomic guint grace_period;

  GMutex lock;
  /* broadcast when the run is stopped or has ended */
  GCond changed;
  /* lock, until ended */
  GError *error;
  /* lock */
  double progress;
  char *progress_text;
  gboolean progress_changed;
};

/* How long code that was told to end has until an exception is raised in it, and
 * until its worker is given up, in ms. */
#define SUBITER_RUN_INTERRUPT_DELAY 100
#define SUBITER_RUN_GRACE_PERIOD 2000

/* the application's side: made, handed to a port, and consumed by one
 * consumer at a time */
SubiterRun *subiter_run_new (SubiterRunKind kind,
                             guint64 stream_id,
                             SubiterCallable *callable,
                             guint buffer_size,
                             const GVariantType *item_type,
                             SubiterWakeup *wakeup);
void subiter_run_set_initializers (SubiterRun *run,
                                   GPtrArray *initializers);
void subiter_run_set_python_path (SubiterRun *run,
                                  const char *const *python_path);
void subiter_run_set_forward_output (SubiterRun *run,
                                     gboolean forward_output);

gboolean subiter_run_has_memory (SubiterRun *run);
void subiter_run_set_grace (SubiterRun *run,
                            guint interrupt_delay,
                            guint grace_period);
guint subiter_run_get_interrupt_delay (SubiterRun *run);
guint subiter_run_get_grace_period (SubiterRun *run);

gboolean subiter_run_stop (SubiterRun *run);

gboolean subiter_run_has_begun (SubiterRun *run);
gboolean subiter_run_has_ended (SubiterRun *run);
gboolean subiter_run_pop (SubiterRun *run,
                          SubiterValue *value);
SubiterBatch *subiter_run_pop_batch (SubiterRun *run,
                                     guint max_items);
SubiterBatch *subiter_run_make_batch (SubiterRun *run);
guint subiter_run_peek (SubiterRun *run,
                        SubiterValue *values,
                        guint n_values);
void subiter_run_advance (SubiterRun *run,
                          guint n_values);
void subiter_run_settle (SubiterRun *run);
guint subiter_run_get_patience (SubiterRun *run);
gboolean subiter_run_is_empty (SubiterRun *run);
GVariant *subiter_run_dup_variant (SubiterRun *run,
                                   const SubiterValue *value);
GVariant *subiter_run_take_variant (SubiterRun *run,
                                    SubiterValue *value);
const GError *subiter_run_get_error (SubiterRun *run);
SubiterEventQueue *subiter_run_get_events (SubiterRun *run);
gboolean subiter_run_take_progress (SubiterRun *run,
                                    double *fraction,
                                    char **text);

/* the port's side */
void subiter_run_begin (SubiterRun *run);
/* any thread; only the first end counts: FALSE if it had ended before */
gboolean subiter_run_end (SubiterRun *run,
                          GError *error);

G_END_DECLS
