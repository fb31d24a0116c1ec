/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-interpreter-private.h"

G_BEGIN_DECLS

PyObject *engine_callable_resolve (EngineInterpreter *self,
                                   SubiterCallable *callable,
                                   EngineOutcome *outcome);
PyObject *engine_callable_call (SubiterCallable *callable,
                                PyObject *object,
                                EngineOutcome *outcome);
PyObject *engine_callable_iterate (SubiterCallable *callable,
                                   PyObject *iterable,
                                   EngineOutcome *outcome);

G_END_DECLS
