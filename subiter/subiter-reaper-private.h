/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-port-private.h"

G_BEGIN_DECLS

void subiter_reaper_stop (SubiterPort *port,
                          SubiterRun *run);
void subiter_reaper_close (SubiterPort *port);

/* for as long as there is a worker */
gboolean subiter_reaper_hold (GError **error);
void subiter_reaper_release (void);

/* for as long as that: somebody may have to start a spare one */
void subiter_reaper_ask_for_spares (void);

G_END_DECLS
