/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-baseline-private.h"
#include "engine-failure-private.h"

G_BEGIN_DECLS

/* One subinterpreter, for the worker's thread alone. Except to create and to
 * end it, this thread is attached to it. */
typedef struct
{
  SubiterPort *port;
  EngineWorker *worker;
  PyThreadState *thread_state;
  /* NULL as long as it is being set up */
  EngineBaseline *baseline;
  /* what `import subiter` finds */
  PyObject *module;
  /* of which environment variables it knows, and whether that has been looked at since */
  guint64 environment;
  gboolean is_used;
  /* what is kept for each stream, by its number */
  GHashTable *streams;
  /* what was called, the latest first */
  GQueue called;
  /* modules of files and of source code, by what they were loaded from */
  GHashTable *loaded;
  guint n_loaded;
  /* whether the import system may have remembered that a file is not there */
  gboolean import_failed;
} EngineInterpreter;

EngineInterpreter *engine_interpreter_new (SubiterPort *port,
                                           EngineWorker *worker,
                                           GError **error);
void engine_interpreter_use (EngineInterpreter *self);
void engine_interpreter_end (EngineInterpreter *self);

G_END_DECLS
