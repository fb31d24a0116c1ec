/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* Memory of the application's as an object. */
PyObject *engine_object_from_bytes (GBytes *bytes);

G_END_DECLS
