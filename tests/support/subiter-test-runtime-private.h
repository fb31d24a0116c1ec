/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-test-runtime.h"

#include "subiter-sync-private.h"

G_BEGIN_DECLS

/* The data of a port. */
typedef struct
{
  /* the worker's own: what is kept of each source, by stream id */
  GHashTable *streams;
  gboolean leaves;
  gboolean lingers;
  gboolean queues;

  GMutex lock;
  /* lock: the run that may be interrupted, and how often it was */
  SubiterRun *current;
  int n_interrupts;
} SubiterTestWorker;

typedef struct
{
  SubiterRun *run;
  SubiterTestWorker *worker;
  GVariant *args;
} SubiterTestCall;

/* What an entry point names. It has to end the run, unless it leaves. */
typedef struct
{
  const char *name;
  gboolean is_one_shot;
  void (*iterate) (SubiterTestCall *call);
} SubiterTestFunction;

const SubiterTestFunction *subiter_test_function_find (SubiterCallable *callable,
                                                       GError **error);

void subiter_test_runtime_add (SubiterTestCount count);
gboolean subiter_test_runtime_take_permit (void);
gboolean subiter_test_runtime_is_released (void);

G_END_DECLS
