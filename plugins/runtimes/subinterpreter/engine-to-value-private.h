/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-failure-private.h"

G_BEGIN_DECLS

gboolean engine_value_from_object (SubiterValue *value,
                                   PyObject *object,
                                   EngineOutcome *outcome);

G_END_DECLS
