/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-interpreter-private.h"

G_BEGIN_DECLS

PyObject *engine_call (EngineInterpreter *self,
                       SubiterRun *run,
                       EngineOutcome *outcome);
void engine_call_forget_all (EngineInterpreter *self);

G_END_DECLS
