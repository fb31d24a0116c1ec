/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-interpreter-private.h"

G_BEGIN_DECLS

GHashTable *engine_stream_table_new (void);
PyObject *engine_stream_open (EngineInterpreter *self,
                              SubiterRun *run,
                              EngineOutcome *outcome);
void engine_stream_forget (EngineInterpreter *self,
                           SubiterRun *run);

G_END_DECLS
