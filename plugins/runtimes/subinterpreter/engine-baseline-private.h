/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* What an interpreter was like before it ran anybody's code, and its way back to
 * that: what the code has made goes. */
typedef struct _EngineBaseline EngineBaseline;

EngineBaseline *engine_baseline_new (void);
void engine_baseline_free (EngineBaseline *self);
void engine_baseline_set_sys_object (EngineBaseline *self,
                                     const char *name,
                                     PyObject *object);
void engine_baseline_restore (EngineBaseline *self);

G_END_DECLS
