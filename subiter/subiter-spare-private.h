/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-port-private.h"

G_BEGIN_DECLS

/* Workers that are ready before somebody wants them: runtimes may keep some. They are like
 * all others, but that their mailbox is nobody's yet.
 *
 * They are made one after the other, each while no other worker starts, by the reaper: to
 * create an interpreter takes its runtime for itself, so a spare one must not be in the
 * way of one that is wanted. Who wants one while one is being made takes that. */
SubiterPort *subiter_spare_take (const char *runtime_name);

/* the reaper */
void subiter_spare_fill (void);

/* every worker: it is about to start; it has asked for something to do for the first
 * time; it ends */
void subiter_spare_worker_starts (void);
void subiter_spare_worker_is_ready (SubiterPort *port);
void subiter_spare_worker_ends (SubiterPort *port);

G_END_DECLS
