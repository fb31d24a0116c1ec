/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-interpreter-private.h"

G_BEGIN_DECLS

PyObject *engine_load_module (EngineInterpreter *self,
                              SubiterCallable *callable,
                              EngineOutcome *outcome);
char *engine_unmangle_text (char *text);

G_END_DECLS
