/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-error.h"
#include "subiter-port-private.h"

G_BEGIN_DECLS

/* A look at where the code of a run sits. It may have to wait for a GIL, so it has a
 * thread of its own, and whoever asked for it goes on without an answer when
 * he has waited for long enough. */
typedef struct _SubiterInspection SubiterInspection;

/* How long an answer is worth waiting for, in µs. */
#define SUBITER_INSPECTION_TIME (250 * G_TIME_SPAN_MILLISECOND)

/* any thread; @done is called on the inspection's own, or at once */
SubiterInspection *subiter_inspection_new (SubiterPort *port,
                                           SubiterRun *run,
                                           void (*done) (gpointer data),
                                           gpointer data,
                                           GDestroyNotify destroy);
void subiter_inspection_unref (SubiterInspection *inspection);

gboolean subiter_inspection_is_done (SubiterInspection *inspection);
GError *subiter_inspection_make_error (SubiterInspection *inspection,
                                       SubiterError code,
                                       const char *format,
                                       ...) G_GNUC_PRINTF (3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SubiterInspection, subiter_inspection_unref)

G_END_DECLS
