/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-pin-private.h"

G_BEGIN_DECLS

/* What several threads know of a worker: the worker's own thread, threads that
 * Python code started in its interpreter, and those that interrupt it. It
 * outlives the interpreter, so that what such a thread still holds is never
 * more than out of date. */
typedef struct _EngineWorker EngineWorker;

EngineWorker *engine_worker_new (SubiterPort *port);
EngineWorker *engine_worker_ref (EngineWorker *worker);
void engine_worker_unref (EngineWorker *worker);

/* the worker's thread, attached to its interpreter */
void engine_worker_set_interpreter (EngineWorker *worker,
                                    PyObject *stopped_type);
PyObject *engine_worker_get_stopped_type (EngineWorker *worker);
EnginePins *engine_worker_get_pins (EngineWorker *worker);
void engine_worker_begin (EngineWorker *worker,
                          SubiterRun *run);
void engine_worker_drop_interrupt (EngineWorker *worker);
void engine_worker_shield (EngineWorker *worker);
void engine_worker_unshield (EngineWorker *worker);
void engine_worker_end (EngineWorker *worker);
void engine_worker_close (EngineWorker *worker);

/* any thread */
PyInterpreterState *engine_worker_get_interpreter (EngineWorker *worker);
PyThreadState *engine_worker_get_thread_state (EngineWorker *worker);
SubiterRun *engine_worker_dup_run (EngineWorker *worker);
gboolean engine_worker_is_stopping (EngineWorker *worker);
void engine_worker_take_obstacle (EngineWorker *worker,
                                  char *obstacle);
char *engine_worker_dup_obstacle (EngineWorker *worker);

/* any thread that holds no GIL */
gboolean engine_worker_begin_visit (EngineWorker *worker,
                                    SubiterRun *run);
void engine_worker_end_visit (EngineWorker *worker);
gboolean engine_worker_begin_entry (EngineWorker *worker,
                                    gint64 deadline);
void engine_worker_end_entry (EngineWorker *worker);
gboolean engine_worker_wait (EngineWorker *worker,
                             gint64 timeout);
gboolean engine_worker_interrupt (EngineWorker *worker,
                                  SubiterRun *run);

G_END_DECLS
