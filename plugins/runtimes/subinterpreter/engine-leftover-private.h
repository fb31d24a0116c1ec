/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-interpreter-private.h"

G_BEGIN_DECLS

/* What Python code has left behind in an interpreter that is to end: threads,
 * exit functions, and objects with something to say when they go. */

void engine_leftover_end (EngineInterpreter *interpreter);

G_END_DECLS
