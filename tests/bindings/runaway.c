/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A main loop with a heartbeat, while a source runs away: runaway CODE HOW. HOW is
 * "stop", "timeout" or "end", which waits for the end that comes by itself, as does
 * "long-timeout". With "control" for CODE there is no source: the heartbeat goes on
 * until stdin ends.
 * It prints how the iteration ended, and the longest gap of the heartbeat in µs, less
 * the time in it for which the thread could have run and others were on the
 * processor: that says something about the machine. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include <subiter.h>

/* ms */
#define HEARTBEAT 5
#define RUNNING_TIME 200
#define TIMEOUT 200
#define LONG_TIMEOUT 60000
#define TIME_AFTER 100

static GMainLoop *loop;
static const char *how;
static gint64 last_beat;
static gint64 last_delay;
static gint64 longest_gap;
static gint64 longest_gap_at;
static gint64 started_at;
static gboolean ready;

/* For how long this thread has waited for a processor, in µs. */
static gint64
get_delay (void)
{
  g_autofree char *text = NULL;
  const char *space;

  if (!g_file_get_contents ("/proc/thread-self/schedstat", &text, NULL, NULL))
    return 0;

  space = strchr (text, ' ');

  return space != NULL ? g_ascii_strtoll (space, NULL, 10) / 1000 : 0;
}

static gboolean
on_beat (gpointer user_data)
{
  gint64 now = g_get_monotonic_time ();
  gint64 delay = get_delay ();
  gint64 gap = now - last_beat - (delay - last_delay);

  if (last_beat != 0 && gap > longest_gap)
    {
      longest_gap = gap;
      longest_gap_at = last_beat;
    }
  last_beat = now;
  last_delay = delay;

  return G_SOURCE_CONTINUE;
}

static gboolean
on_stop_time (gpointer source)
{
  subiter_source_stop (source);

  return G_SOURCE_REMOVE;
}

/* The code runs now. */
static void
be_ready (SubiterSource *source)
{
  if (ready)
    return;

  ready = TRUE;
  if (g_str_equal (how, "stop"))
    g_timeout_add (RUNNING_TIME, on_stop_time, source);
}

static void
on_item (SubiterSource *source,
         GVariant *item)
{
  /* Whoever gets an item looks at it. */
  if (g_variant_get_size (item) == G_MAXSIZE)
    abort ();
  be_ready (source);
}

static void
on_output (SubiterSource *source,
           SubiterStream stream,
           const char *text)
{
  be_ready (source);
}

static gboolean
on_time_after (gpointer user_data)
{
  g_main_loop_quit (loop);

  return G_SOURCE_REMOVE;
}

static void
end (const char *text)
{
  printf ("end %s\n", text);
  g_timeout_add (TIME_AFTER, on_time_after, NULL);
}

static void
on_failed (SubiterSource *source,
           GError *error)
{
  g_autofree char *text = g_strdup_printf ("failed %d %.60s", error->code, error->message);

  end (g_strdelimit (text, "\n", ' '));
}

static void
on_finished (void)
{
  end ("finished");
}

static gboolean
on_timeout (void)
{
  end ("timeout");

  return FALSE;
}

static gboolean
on_stdin (int fd,
          GIOCondition condition,
          gpointer user_data)
{
  g_main_loop_quit (loop);

  return G_SOURCE_REMOVE;
}

int
main (int argc,
      char **argv)
{
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterSource) source = NULL;

  loop = g_main_loop_new (NULL, FALSE);
  g_timeout_add (HEARTBEAT, on_beat, NULL);
  started_at = g_get_monotonic_time ();
  if (g_str_equal (argv[1], "control"))
    {
      g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, NULL);
    }
  else
    {
      how = argv[2];
      callable = subiter_callable_new_for_source_code (argv[1], "items", NULL);
      source = subiter_source_new (callable);
      subiter_source_set_buffer_size (source, 2);
      if (g_str_equal (how, "timeout"))
        subiter_source_set_timeout (source, TIMEOUT);
      if (g_str_equal (how, "long-timeout"))
        subiter_source_set_timeout (source, LONG_TIMEOUT);
      g_signal_connect (source, "item", G_CALLBACK (on_item), NULL);
      g_signal_connect (source, "output", G_CALLBACK (on_output), NULL);
      g_signal_connect (source, "finished", G_CALLBACK (on_finished), NULL);
      g_signal_connect (source, "failed", G_CALLBACK (on_failed), NULL);
      g_signal_connect (source, "timeout", G_CALLBACK (on_timeout), NULL);
      subiter_source_start (source);
    }
  g_main_loop_run (loop);

  printf ("gap %" G_GINT64_FORMAT " at %" G_GINT64_FORMAT "\n", longest_gap, longest_gap_at - started_at);
  fflush (stdout);

  return 4;
}
