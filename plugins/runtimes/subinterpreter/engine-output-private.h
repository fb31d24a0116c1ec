/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-worker-private.h"

G_BEGIN_DECLS

gboolean engine_output_install (PyObject *module,
                                EngineWorker *worker);
void engine_output_flush (void);

G_END_DECLS
