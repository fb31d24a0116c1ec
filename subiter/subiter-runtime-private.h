/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-runtime.h"

G_BEGIN_DECLS

#define SUBITER_RUNTIME_DEFAULT "subinterpreter"

void subiter_runtime_count_abandoned (SubiterRuntime *self);

G_END_DECLS
