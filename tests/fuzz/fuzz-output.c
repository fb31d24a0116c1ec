/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include "subiter-event-queue-private.h"

#include <string.h>

/* Chunks of output, as they may come from a file descriptor: a byte that says to which
 * stream, or what else happens, then a length and the bytes. However it is cut, what
 * comes out is valid text, and the same as if each stream had come at once. */

#define MAX_SIZE 4096

typedef struct
{
  SubiterEventQueue queue;
  /* by stream: what went in, and the text that came out */
  GString *written[2];
  GString *read[2];
  GString *logged;
  GString *read_log;
} Fuzz;

static void
take_events (Fuzz *fuzz)
{
  gboolean has_waited;
  GQueue *events = subiter_event_queue_take (&fuzz->queue, &has_waited);
  SubiterEvent *event;

  g_assert_false (has_waited);
  g_assert_true (subiter_event_queue_is_empty (&fuzz->queue));
  if (events == NULL)
    return;

  while ((event = g_queue_pop_head (events)) != NULL)
    {
      /* as the source's signal does */
      g_autofree char *text = g_utf8_make_valid (event->text->str, (gssize) event->text->len);

      if (event->kind == SUBITER_EVENT_LOG)
        g_string_append (fuzz->read_log, text);
      else
        {
          g_assert_cmpuint (event->text->len, >, 0);
          g_string_append (fuzz->read[event->stream == SUBITER_STREAM_STDERR], text);
        }
      subiter_event_free (event);
    }
  g_queue_free (events);
}

/* What is held back is the beginning of one character at most. */
static void
check_held_back (Fuzz *fuzz)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fuzz->queue.partial); i++)
    {
      if (fuzz->queue.partial[i] != NULL)
        {
          g_assert_cmpuint (fuzz->queue.partial[i]->len, >, 0);
          g_assert_cmpuint (fuzz->queue.partial[i]->len, <=, 3);
        }
    }
}

static void
write_chunk (Fuzz *fuzz,
             FuzzReader *reader,
             gboolean is_stderr)
{
  gsize length;
  const guint8 *bytes = fuzz_reader_take_bytes (reader, &length);
  g_autofree char *exact = g_memdup2 (bytes, length);

  subiter_event_queue_push (&fuzz->queue, SUBITER_EVENT_OUTPUT,
                            is_stderr ? SUBITER_STREAM_STDERR : SUBITER_STREAM_STDOUT, 0, exact, length);
  g_string_append_len (fuzz->written[is_stderr], exact, (gssize) length);
  check_held_back (fuzz);
}

static void
write_log (Fuzz *fuzz,
           FuzzReader *reader)
{
  g_autofree char *text = fuzz_reader_take_text (reader);

  subiter_event_queue_push (&fuzz->queue, SUBITER_EVENT_LOG, SUBITER_STREAM_STDOUT, G_LOG_LEVEL_INFO, text,
                            strlen (text));
  g_string_append (fuzz->logged, text);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  /* less than makes a writer wait */
  FuzzReader reader = { data, MIN (size, MAX_SIZE) };
  Fuzz fuzz = { 0 };

  subiter_event_queue_init (&fuzz.queue);
  for (gsize i = 0; i < 2; i++)
    {
      fuzz.written[i] = g_string_new (NULL);
      fuzz.read[i] = g_string_new (NULL);
    }
  fuzz.logged = g_string_new (NULL);
  fuzz.read_log = g_string_new (NULL);

  while (!fuzz_reader_is_at_end (&reader))
    {
      switch (fuzz_reader_take_byte (&reader))
        {
        case 'r':
          take_events (&fuzz);
          break;
        case 'l':
          write_log (&fuzz, &reader);
          break;
        case 'e':
          write_chunk (&fuzz, &reader, TRUE);
          break;
        default:
          write_chunk (&fuzz, &reader, FALSE);
        }
    }
  subiter_event_queue_flush (&fuzz.queue);
  take_events (&fuzz);

  for (gsize i = 0; i < 2; i++)
    {
      g_autofree char *expected = g_utf8_make_valid (fuzz.written[i]->str, (gssize) fuzz.written[i]->len);

      g_assert_cmpstr (fuzz.read[i]->str, ==, expected);
      g_assert_true (g_utf8_validate (fuzz.read[i]->str, -1, NULL));
      g_string_free (fuzz.written[i], TRUE);
      g_string_free (fuzz.read[i], TRUE);
    }
  g_assert_cmpstr (fuzz.read_log->str, ==, fuzz.logged->str);
  g_string_free (fuzz.logged, TRUE);
  g_string_free (fuzz.read_log, TRUE);
  subiter_event_queue_clear (&fuzz.queue);

  return 0;
}
