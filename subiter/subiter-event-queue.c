/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-event-queue-private.h"

/* How many bytes of output and log messages may be unread before those who write
 * them have to wait. */
#define MAX_BYTES (256 * 1024)

void
subiter_event_free (SubiterEvent *event)
{
  g_string_free (event->text, TRUE);
  g_free (event);
}

/* Queues an event, or adds to the last one. Called with the lock held. */
static void
add_event (SubiterEventQueue *queue,
           SubiterEventKind kind,
           SubiterStream stream,
           GLogLevelFlags level,
           const char *text,
           gsize length)
{
  SubiterEvent *event = g_queue_peek_tail (&queue->events);

  if (kind != SUBITER_EVENT_OUTPUT || event == NULL || event->kind != kind || event->stream != stream)
    {
      event = g_new0 (SubiterEvent, 1);
      event->kind = kind;
      event->stream = stream;
      event->level = level;
      event->text = g_string_new (NULL);
      g_queue_push_tail (&queue->events, event);
      queue->n_bytes += sizeof (SubiterEvent);
    }

  g_string_append_len (event->text, text, length);
  queue->n_bytes += length;
}

/* How many bytes at the end of some text are the beginning of a character. */
static gsize
count_partial (const char *text,
               gsize length)
{
  for (gsize n = 1; n <= MIN (length, 3); n++)
    {
      const char *start = text + length - n;

      /* Back to the first byte of the last character. */
      if (((guchar) *start & 0xc0) == 0x80)
        continue;
      return g_utf8_get_char_validated (start, (gssize) n) == (gunichar) -2 ? n : 0;
    }

  return 0;
}

/* What is written need not end where a character does, and goes out as text.
 * Called with the lock held. */
static void
add_output (SubiterEventQueue *queue,
            SubiterStream stream,
            const char *data,
            gsize length)
{
  GString **partial = &queue->partial[stream == SUBITER_STREAM_STDERR];
  g_autoptr (GString) whole = NULL;
  gsize n_partial;

  if (*partial != NULL)
    {
      whole = g_string_append_len (g_steal_pointer (partial), data, (gssize) length);
      data = whole->str;
      length = whole->len;
    }

  n_partial = count_partial (data, length);
  if (n_partial > 0)
    *partial = g_string_new_len (data + length - n_partial, (gssize) n_partial);
  if (length > n_partial)
    add_event (queue, SUBITER_EVENT_OUTPUT, stream, 0, data, length - n_partial);
}

void
subiter_event_queue_init (SubiterEventQueue *queue)
{
  g_mutex_init (&queue->lock);
  g_cond_init (&queue->changed);
  g_queue_init (&queue->events);
  queue->n_bytes = 0;
  queue->has_waited = FALSE;
  queue->n_blocking = 0;
  queue->closed = FALSE;
  queue->partial[0] = NULL;
  queue->partial[1] = NULL;
}

/* Only once nobody uses it. */
void
subiter_event_queue_clear (SubiterEventQueue *queue)
{
  g_queue_clear_full (&queue->events, (GDestroyNotify) subiter_event_free);
  for (gsize i = 0; i < G_N_ELEMENTS (queue->partial); i++)
    {
      if (queue->partial[i] != NULL)
        g_string_free (queue->partial[i], TRUE);
    }
  g_mutex_clear (&queue->lock);
  g_cond_clear (&queue->changed);
}

/* Waits while a lot is unread. A writer that is to end does not wait: the output that
 * it has beyond the limit is lost, what it logs is not. */
void
subiter_event_queue_push (SubiterEventQueue *queue,
                          SubiterEventKind kind,
                          SubiterStream stream,
                          GLogLevelFlags level,
                          const char *text,
                          gsize length)
{
  subiter_lock (&queue->lock);
  while (queue->n_bytes >= MAX_BYTES && queue->n_blocking == 0 && !queue->closed)
    {
      queue->has_waited = TRUE;
      subiter_cond_wait (&queue->changed, &queue->lock);
    }
  if (kind == SUBITER_EVENT_LOG)
    add_event (queue, kind, stream, level, text, length);
  else if (queue->n_bytes < MAX_BYTES || queue->n_blocking > 0)
    add_output (queue, stream, text, length);
  subiter_unlock (&queue->lock);
}

/* There is no rest to come. */
void
subiter_event_queue_flush (SubiterEventQueue *queue)
{
  subiter_lock (&queue->lock);
  for (gsize i = 0; i < G_N_ELEMENTS (queue->partial); i++)
    {
      g_autoptr (GString) rest = g_steal_pointer (&queue->partial[i]);

      if (rest != NULL)
        add_event (queue, SUBITER_EVENT_OUTPUT, i == 0 ? SUBITER_STREAM_STDOUT : SUBITER_STREAM_STDERR, 0,
                   rest->str, rest->len);
    }
  subiter_unlock (&queue->lock);
}

/* (transfer full) (nullable): what is unread, oldest first. @has_waited tells whether
 * a writer had to wait for this. */
GQueue *
subiter_event_queue_take (SubiterEventQueue *queue,
                          gboolean *has_waited)
{
  GQueue *events = NULL;

  subiter_lock (&queue->lock);
  if (!g_queue_is_empty (&queue->events))
    {
      events = g_queue_new ();
      *events = queue->events;
      g_queue_init (&queue->events);
      queue->n_bytes = 0;
      g_cond_broadcast (&queue->changed);
    }
  *has_waited = queue->has_waited;
  queue->has_waited = FALSE;
  subiter_unlock (&queue->lock);

  return events;
}

gboolean
subiter_event_queue_is_empty (SubiterEventQueue *queue)
{
  gboolean is_empty;

  subiter_lock (&queue->lock);
  is_empty = g_queue_is_empty (&queue->events);
  subiter_unlock (&queue->lock);

  return is_empty;
}

/* A thread is about to block until the code that writes here makes an item. It may
 * be the one that iterates the main context: so the code must not wait for that
 * to take events meanwhile, and they pile up instead. */
void
subiter_event_queue_begin_blocking (SubiterEventQueue *queue)
{
  subiter_lock (&queue->lock);
  queue->n_blocking++;
  g_cond_broadcast (&queue->changed);
  subiter_unlock (&queue->lock);
}

void
subiter_event_queue_end_blocking (SubiterEventQueue *queue)
{
  subiter_lock (&queue->lock);
  queue->n_blocking--;
  subiter_unlock (&queue->lock);
}

/* The writers are to end: nobody waits any more. What is unread stays. */
void
subiter_event_queue_close (SubiterEventQueue *queue)
{
  subiter_lock (&queue->lock);
  queue->closed = TRUE;
  g_cond_broadcast (&queue->changed);
  subiter_unlock (&queue->lock);
}
