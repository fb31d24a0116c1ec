/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-abi-private.h"

G_BEGIN_DECLS

void subiter_python_finder_init (void);
const SubiterPythonEngine *subiter_python_finder_get_engine (GError **error);

G_END_DECLS
