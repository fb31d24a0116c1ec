/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <subiter.h>

G_BEGIN_DECLS

SubiterCallable *entry_point_parse (const char *text,
                                    GError **error);
char *entry_point_dup_folder (SubiterCallable *callable);
char *entry_point_dup_hint (SubiterCallable *callable);

G_END_DECLS
