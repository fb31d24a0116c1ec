/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-interpreter-private.h"

G_BEGIN_DECLS

void engine_run_serve (EngineInterpreter *self,
                       SubiterRun *run);

G_END_DECLS
