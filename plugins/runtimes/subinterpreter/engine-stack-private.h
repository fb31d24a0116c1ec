/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-worker-private.h"

G_BEGIN_DECLS

/* A thread that is neither a main loop's nor the worker's, and holds no GIL. */
char *engine_stack_dup (SubiterPort *port,
                        SubiterRun *run);

G_END_DECLS
