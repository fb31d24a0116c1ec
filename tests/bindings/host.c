/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that leaves while its source is alive: host MOMENT CODE WAY-OUT. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <subiter.h>

static const char *moment;
static GMainLoop *loop;
static GString *output;

static gboolean
is_moment (const char *name)
{
  return g_str_equal (moment, name);
}

/* Once: a handler may be called again before the loop ends. */
static void
leave (void)
{
  static gboolean leaving;

  if (!leaving)
    puts ("leaving");
  fflush (stdout);
  leaving = TRUE;
  g_main_loop_quit (loop);
}

static void
on_item (SubiterSource *source,
         GVariant *item)
{
  if (is_moment ("item"))
    leave ();
}

static void
on_output (SubiterSource *source,
           SubiterStream stream,
           const char *text)
{
  g_string_append (output, text);
  if (is_moment ("stopped"))
    subiter_source_stop (source);
  else if (is_moment ("closed"))
    subiter_source_close_async (source, NULL, NULL, NULL);

  if (is_moment ("output") || is_moment ("stopped") || is_moment ("closed")
      || (is_moment ("parked") && strstr (output->str, "\n4\n") != NULL))
    leave ();
}

static void
on_end (void)
{
  if (is_moment ("finished"))
    leave ();
}

int
main (int argc,
      char **argv)
{
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterSource) source = NULL;
  const char *way_out = argv[3];

  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  moment = argv[1];
  output = g_string_new (NULL);
  loop = g_main_loop_new (NULL, FALSE);
  callable = subiter_callable_new_for_source_code (argv[2], "items", NULL);
  source = subiter_source_new (callable);
  subiter_source_set_buffer_size (source, 4);
  g_signal_connect (source, "item", G_CALLBACK (on_item), NULL);
  g_signal_connect (source, "output", G_CALLBACK (on_output), NULL);
  g_signal_connect (source, "finished", G_CALLBACK (on_end), NULL);
  g_signal_connect (source, "failed", G_CALLBACK (on_end), NULL);
  if (!is_moment ("never"))
    subiter_source_start (source);
  /* With four items in the buffer and one in hand. */
  if (is_moment ("parked"))
    subiter_source_pause (source);
  if (is_moment ("never") || is_moment ("started"))
    leave ();
  else
    g_main_loop_run (loop);

  if (g_str_equal (way_out, "exit"))
    exit (3);
  if (g_str_equal (way_out, "_exit"))
    _exit (7);
  if (g_str_equal (way_out, "SIGTERM"))
    raise (SIGTERM);
  if (g_str_equal (way_out, "SIGINT"))
    raise (SIGINT);

  return 0;
}
