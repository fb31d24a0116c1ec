/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

guint64 engine_environment_hash (void);
void engine_environment_refresh (void);

G_END_DECLS
