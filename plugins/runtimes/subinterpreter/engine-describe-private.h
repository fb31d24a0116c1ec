/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-worker-private.h"

G_BEGIN_DECLS

char *engine_dup_text (PyObject *text);
char *engine_dup_type_name (PyTypeObject *type);

SubiterFailure *engine_describe (EngineWorker *worker,
                                 PyObject *exception);

G_END_DECLS
