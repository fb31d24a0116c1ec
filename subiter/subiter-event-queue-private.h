/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-sync-private.h"
#include "subiter-types.h"

G_BEGIN_DECLS

/* What a run tells its consumer beside its items. */
typedef enum
{
  SUBITER_EVENT_OUTPUT,
  SUBITER_EVENT_LOG,
} SubiterEventKind;

typedef struct
{
  SubiterEventKind kind;
  SubiterStream stream;
  GLogLevelFlags level;
  GString *text;
} SubiterEvent;

void subiter_event_free (SubiterEvent *event);

/* Output and log messages on their way to a main context, from any number of threads.
 * A writer has to wait while a lot is unread, unless that would be for ever. */
typedef struct
{
  GMutex lock;
  /* broadcast when writers may go on */
  GCond changed;
  /* lock: all that follows */
  GQueue events;
  gsize n_bytes;
  /* whether a writer had to wait until events were taken */
  gboolean has_waited;
  /* how many threads block for an item of whoever writes */
  guint n_blocking;
  /* whether nobody reads for sure any more */
  gboolean closed;
  /* the beginning of a character at the end of what was written to stdout and
   * stderr, which waits for the rest of it */
  GString *partial[2];
} SubiterEventQueue;

void subiter_event_queue_init (SubiterEventQueue *queue);
void subiter_event_queue_clear (SubiterEventQueue *queue);

/* the writers */
void subiter_event_queue_push (SubiterEventQueue *queue,
                               SubiterEventKind kind,
                               SubiterStream stream,
                               GLogLevelFlags level,
                               const char *text,
                               gsize length);
void subiter_event_queue_flush (SubiterEventQueue *queue);

/* the consumer */
GQueue *subiter_event_queue_take (SubiterEventQueue *queue,
                                  gboolean *has_waited);
gboolean subiter_event_queue_is_empty (SubiterEventQueue *queue);

/* any thread */
void subiter_event_queue_begin_blocking (SubiterEventQueue *queue);
void subiter_event_queue_end_blocking (SubiterEventQueue *queue);
void subiter_event_queue_close (SubiterEventQueue *queue);

G_END_DECLS
