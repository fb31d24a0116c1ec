/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* What is in the way of the end of an interpreter, in words. */

char *engine_obstacle_describe (PyInterpreterState *interpreter,
                                unsigned long worker_id,
                                const char *work);

G_END_DECLS
