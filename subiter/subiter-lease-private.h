/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of the application's that others may have, and let go of on any thread. */

GBytes *subiter_lease_new (GBytes *bytes);

G_END_DECLS
