/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that leaves while its source is alive: host MOMENT CODE WAY-OUT.
 * test-process.py says which moments there are. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <subiter.h>

/* host-local.c loads this program as a library. */
int main (int argc, char **argv);

static const char *moment;
static const char *way_out;
static GMainLoop *loop;
static GString *output;
static SubiterSource *source;

static gboolean
is_moment (const char *name)
{
  return g_str_equal (moment, name);
}

static gpointer
unref_main (gpointer data)
{
  g_object_unref (data);

  return NULL;
}

/* Once: a handler may be called again before the loop ends. */
static void
leave (void)
{
  static gboolean leaving;

  if (leaving)
    return;

  leaving = TRUE;
  if (is_moment ("unref-thread"))
    g_thread_join (g_thread_new ("unref", unref_main, g_steal_pointer (&source)));
  else if (g_str_has_prefix (moment, "unref-"))
    g_clear_object (&source);
  puts ("leaving");
  fflush (stdout);
  if (g_str_equal (way_out, "exit in the handler"))
    exit (3);
  g_main_loop_quit (loop);
}

static void
on_gone (GObject *object,
         GAsyncResult *result,
         gpointer user_data)
{
  leave ();
}

static void
on_item (SubiterSource *self,
         GVariant *item)
{
  /* never let go of */
  static GVariant *kept;

  if (g_str_has_prefix (moment, "keep"))
    kept = g_variant_ref (item);
  if (is_moment ("keep-closed") && kept != NULL)
    subiter_source_close_async (self, NULL, on_gone, NULL);
  if (is_moment ("item") || is_moment ("unref-item") || is_moment ("keep"))
    leave ();
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  g_error ("nobody waits for this");
}

static void
on_output (SubiterSource *self,
           SubiterStream stream,
           const char *text)
{
  static const char *const moments[] = { "output", "stopped", "closed", "closing", "next", "batch", "context",
                                         "unref-output", "unref-thread", "fork", NULL };

  g_string_append (output, text);
  if (is_moment ("stopped"))
    subiter_source_stop (self);
  else if (is_moment ("closed"))
    subiter_source_close_async (self, NULL, NULL, NULL);
  else if (is_moment ("closing"))
    subiter_source_close_async (self, NULL, on_closed, NULL);

  if (g_strv_contains (moments, moment) || (is_moment ("parked") && strstr (output->str, "\n4\n") != NULL))
    leave ();
}

static void
on_finished (void)
{
  if (is_moment ("finished") || is_moment ("unref-finished"))
    leave ();
}

static void
on_failed (SubiterSource *self,
           GError *error)
{
  if (is_moment ("finished") || is_moment ("unref-failed"))
    leave ();
}

static gboolean
on_timeout (void)
{
  if (is_moment ("unref-timeout"))
    leave ();

  return FALSE;
}

/* What is to come never comes before the program has left. */
static void
on_next (GObject *object,
         GAsyncResult *result,
         gpointer user_data)
{
  g_error ("nobody waits for this");
}

static void
begin (void)
{
  if (is_moment ("never"))
    return;
  if (is_moment ("next"))
    subiter_source_next_async (source, NULL, on_next, NULL);
  else if (is_moment ("batch"))
    subiter_source_next_batch_async (source, 10, NULL, on_next, NULL);
  else
    subiter_source_start (source);

  /* With four items in the buffer and one in hand. */
  if (is_moment ("parked"))
    subiter_source_pause (source);
}

/* A child that ends as such children do, by exit (), and one that ends at once. */
static void
fork_children (void)
{
  for (guint i = 0; i < 2; i++)
    {
      pid_t pid = fork ();
      int status;

      if (pid == 0 && i == 0)
        exit (0);
      if (pid == 0)
        _exit (0);
      if (waitpid (pid, &status, 0) != pid || status != 0)
        g_error ("the child ended with status %d", status);
    }
}

int
main (int argc,
      char **argv)
{
  g_autoptr (SubiterCallable) callable = NULL;
  GMainContext *context = NULL;

  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  moment = argv[1];
  way_out = argv[3];
  output = g_string_new (NULL);
  if (is_moment ("context"))
    {
      context = g_main_context_new ();
      g_main_context_push_thread_default (context);
    }
  loop = g_main_loop_new (context, FALSE);
  callable = subiter_callable_new_for_source_code (argv[2], "items", NULL);
  source = subiter_source_new (callable);
  subiter_source_set_buffer_size (source, 4);
  if (is_moment ("unref-timeout"))
    subiter_source_set_timeout (source, 50);
  g_signal_connect (source, "item", G_CALLBACK (on_item), NULL);
  g_signal_connect (source, "output", G_CALLBACK (on_output), NULL);
  g_signal_connect (source, "finished", G_CALLBACK (on_finished), NULL);
  g_signal_connect (source, "failed", G_CALLBACK (on_failed), NULL);
  g_signal_connect (source, "timeout", G_CALLBACK (on_timeout), NULL);
  begin ();
  if (g_str_has_prefix (moment, "after-"))
    g_usleep (g_ascii_strtoull (moment + strlen ("after-"), NULL, 10) * G_TIME_SPAN_MILLISECOND);
  if (is_moment ("never") || is_moment ("started") || g_str_has_prefix (moment, "after-"))
    leave ();
  else
    g_main_loop_run (loop);

  g_clear_pointer (&loop, g_main_loop_unref);
  if (context != NULL)
    {
      g_main_context_pop_thread_default (context);
      g_main_context_unref (context);
    }
  if (is_moment ("fork"))
    fork_children ();

  if (g_str_equal (way_out, "exit"))
    exit (3);
  if (g_str_equal (way_out, "_exit"))
    _exit (7);
  if (g_str_equal (way_out, "SIGTERM"))
    raise (SIGTERM);
  if (g_str_equal (way_out, "SIGINT"))
    raise (SIGINT);

  g_clear_object (&source);

  return 0;
}
