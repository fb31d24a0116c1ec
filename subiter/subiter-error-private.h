/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-error.h"

G_BEGIN_DECLS

/* (transfer full): its message, and its traceback if it has one */
char *subiter_error_describe (const GError *error);

G_END_DECLS
