/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* What is in the way of the end of an interpreter. */

/* What is known of it as long as the GIL is not to be had. */
#define ENGINE_OBSTACLE_DEAF "In code in C that does not let go of its GIL.\n"

/* a thread that is attached to it */
GPtrArray *engine_obstacle_collect (PyInterpreterState *interpreter,
                                    unsigned long worker_id,
                                    const char *work);
/* any thread that holds no GIL */
char *engine_obstacle_format (GPtrArray *obstacles);

G_END_DECLS
