/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-spin-private.h"
#include "subiter-sync-private.h"

G_BEGIN_DECLS

/* Wakes the consumer of something that other threads produce: a GSource
 * without a file descriptor, and threads that block.
 *
 * Two kinds of news, two protocols:
 *
 * - Data, many times a second. The consumer arms the wakeup, then looks at the
 *   data once more before it sleeps; the producer makes data available, then
 *   signals if it finds the wakeup armed. A full fence between the two steps
 *   on both sides makes at least one see the other, so an unarmed consumer
 *   costs the producer one load and nothing is lost.
 * - Control, rare: a state has changed. Always signalled, and remembered in
 *   a flag (pending) that the consumer clears before it looks at the state
 *   and tests after it has set its ready time, so that setting the ready time
 *   cannot overwrite the news.
 *
 * Only a notifier disarms, and it always wakes everybody: a blocked thread
 * and a main context can wait for the same data. */
typedef struct _SubiterWakeup SubiterWakeup;

/* How a wait has ended. */
typedef enum
{
  SUBITER_WAIT_DONE,
  SUBITER_WAIT_TIMED_OUT,
  SUBITER_WAIT_INTERRUPTED,
} SubiterWait;

SubiterWakeup *subiter_wakeup_new (void);
SubiterWakeup *subiter_wakeup_ref (SubiterWakeup *wakeup);
void subiter_wakeup_unref (SubiterWakeup *wakeup);

/* the owner */
void subiter_wakeup_attach (SubiterWakeup *wakeup,
                            GMainContext *context,
                            const char *name,
                            int priority,
                            GSourceFunc func,
                            gpointer data,
                            GDestroyNotify destroy);
void subiter_wakeup_detach (SubiterWakeup *wakeup);
void subiter_wakeup_set_priority (SubiterWakeup *wakeup,
                                  int priority);
void subiter_wakeup_allow_recursion (SubiterWakeup *wakeup);

/* any thread */
void subiter_wakeup_notify_data (SubiterWakeup *wakeup);
void subiter_wakeup_notify (SubiterWakeup *wakeup);

/* the consumer */
void subiter_wakeup_begin (SubiterWakeup *wakeup);
void subiter_wakeup_arm (SubiterWakeup *wakeup);
void subiter_wakeup_sleep (SubiterWakeup *wakeup,
                           gint64 deadline);
gboolean subiter_wakeup_is_pending (SubiterWakeup *wakeup);

/* a consumer that blocks */
SubiterWait subiter_wakeup_wait (SubiterWakeup *wakeup,
                                 gint64 deadline,
                                 gboolean interruptible,
                                 gboolean (*is_done) (gpointer data),
                                 gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SubiterWakeup, subiter_wakeup_unref)

G_END_DECLS
