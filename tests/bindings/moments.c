/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ends a source in one way, at one moment: moments ACTION MOMENT [twice]. It prints
 * how often the source told of its end, how often the call to close it came back,
 * and whether all workers had ended within 10 s. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <subiter.h>

static const char *action;
static const char *moment;
static gboolean twice;
static SubiterSource *source;
static GString *output;
static guint n_items;
static guint n_ends;
static guint n_closed;
static gboolean done;

static gboolean
is_moment (const char *name)
{
  return g_str_equal (moment, name);
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!subiter_source_close_finish (SUBITER_SOURCE (object), result, &error))
    g_error ("%s", error->message);
  n_closed++;
}

static void
act_once (void)
{
  if (g_str_equal (action, "stop"))
    subiter_source_stop (source);
  else if (g_str_equal (action, "close"))
    subiter_source_close_async (source, NULL, on_closed, NULL);
  else if (g_str_equal (action, "dispose"))
    g_object_run_dispose (G_OBJECT (source));
  else
    g_clear_object (&source);
}

static void
act (void)
{
  if (done)
    return;

  done = TRUE;
  act_once ();
  if (twice)
    act_once ();
}

static void
on_item (void)
{
  n_items++;
  if (is_moment ("own-handler"))
    act ();
}

static void
on_output (SubiterSource *self,
           SubiterStream stream,
           const char *text)
{
  g_string_append (output, text);
}

static void
on_end (void)
{
  n_ends++;
  if (is_moment ("own-end"))
    act ();
}

static gboolean
on_idle (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

/* Dispatches what is there, and what comes of it. */
static void
drain (void)
{
  gboolean idle = FALSE;

  g_idle_add_full (G_PRIORITY_LOW, on_idle, &idle, NULL);
  while (!idle)
    g_main_context_iteration (NULL, TRUE);
}

static SubiterSource *
make_source (const char *code)
{
  g_autoptr (SubiterCallable) callable = subiter_callable_new_for_source_code (code, "items", NULL);
  SubiterSource *made = subiter_source_new (callable);

  subiter_source_set_buffer_size (made, 2);
  g_signal_connect (made, "output", G_CALLBACK (on_output), NULL);

  return made;
}

int
main (int argc,
      char **argv)
{
  static const char *const codes[][2] = {
    { "importing", "import subiter\nprint ('ready')\nsubiter.wait ()\ndef items (): yield 1" },
    { "parked", "def items ():\n  for i in range (10):\n    print (i)\n    yield i" },
    { "between", "import subiter\ndef items ():\n  yield 1\n  subiter.wait ()\n  yield 2" },
    { "own-end", "def items (): yield 1" },
    { NULL, "import itertools\nitems = itertools.count" },
  };
  g_autoptr (SubiterSource) other = NULL;
  const char *code;
  guint i = 0;

  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  action = argv[1];
  moment = argv[2];
  twice = argc > 3;
  output = g_string_new (NULL);
  while (codes[i][0] != NULL && !is_moment (codes[i][0]))
    i++;
  code = codes[i][1];

  source = make_source (code);
  g_signal_connect (source, "item", G_CALLBACK (on_item), NULL);
  g_signal_connect (source, "finished", G_CALLBACK (on_end), NULL);
  g_signal_connect (source, "failed", G_CALLBACK (on_end), NULL);
  g_signal_connect (source, "timeout", G_CALLBACK (on_end), NULL);
  if (!is_moment ("never"))
    subiter_source_start (source);

  if (is_moment ("parked"))
    {
      subiter_source_pause (source);
      while (strstr (output->str, "2\n") == NULL)
        g_main_context_iteration (NULL, TRUE);
    }
  if (is_moment ("importing"))
    {
      while (output->len == 0)
        g_main_context_iteration (NULL, TRUE);
    }
  if (is_moment ("between"))
    {
      while (n_items == 0)
        g_main_context_iteration (NULL, TRUE);
    }
  if (is_moment ("other-handler"))
    {
      other = make_source ("import itertools\nitems = itertools.count");
      g_signal_connect (other, "item", G_CALLBACK (act), NULL);
      subiter_source_start (other);
    }
  if (is_moment ("own-handler") || is_moment ("own-end") || is_moment ("other-handler"))
    {
      while (!done)
        g_main_context_iteration (NULL, TRUE);
    }
  else
    {
      act ();
    }

  /* Whoever said to stop or to close it hears of it. */
  if (g_str_equal (action, "stop") && !is_moment ("never"))
    {
      while (n_ends == 0)
        g_main_context_iteration (NULL, TRUE);
    }
  if (g_str_equal (action, "close"))
    {
      while (n_closed < (twice ? 2 : 1))
        g_main_context_iteration (NULL, TRUE);
    }
  drain ();
  g_clear_object (&source);
  g_clear_object (&other);
  drain ();

  printf ("ends %u closed %u ", n_ends, n_closed);
  printf ("gone %d\n", subiter_shutdown (10000));
  g_string_free (output, TRUE);

  return 0;
}
