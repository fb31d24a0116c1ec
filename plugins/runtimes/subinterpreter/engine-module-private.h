/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-worker-private.h"

G_BEGIN_DECLS

void engine_module_prepare (void);
PyObject *engine_module_new (EngineWorker *worker);
PyObject *engine_module_get_stopped_type (PyObject *module);

G_END_DECLS
