/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

SUBITER_AVAILABLE_IN_ALL
gboolean subiter_shutdown (guint timeout);

SUBITER_AVAILABLE_IN_ALL
void subiter_set_exit_timeout (guint timeout);
SUBITER_AVAILABLE_IN_ALL
guint subiter_get_exit_timeout (void);

G_END_DECLS
