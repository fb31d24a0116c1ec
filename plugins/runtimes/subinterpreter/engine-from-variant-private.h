/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

PyObject *engine_object_from_variant (GVariant *variant);

G_END_DECLS
