/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-runtime.h"

G_BEGIN_DECLS

#define SUBITER_RUNTIME_DEFAULT "subinterpreter"

const char *subiter_runtime_get_name (SubiterRuntime *self);
void subiter_runtime_count_abandoned (SubiterRuntime *self);

G_END_DECLS
