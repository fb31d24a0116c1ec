/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <subiter.h>

G_BEGIN_DECLS

SubiterCallable *arguments_bind (SubiterCallable *callable,
                                 const char *const *arguments,
                                 GError **error);
gboolean arguments_have_key (const char *const *arguments,
                             const char *key);

G_END_DECLS
