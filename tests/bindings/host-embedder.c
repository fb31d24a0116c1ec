/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that embeds Python by itself, and ends it by itself while its source
 * is alive: host-embedder MOMENT CODE WAY-OUT ORDER.
 *
 * ORDER says when it initialises Python, and who keeps the GIL:
 *   before   before its source; the GIL is free while it waits
 *   held     before its source; it never lets go of the GIL
 *   grabbed  before its source; it takes the GIL when the interpreter is there
 *   after    by Py_Initialize (), after the first source has done it
 *   ended    before, and ends it; then the first source does it
 *   again    before; ends it while the source is alive, and does it once more
 */

/* Python's header first: it sets what the system's headers declare. */
#include <Python.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <subiter.h>

static const char *moment;
static const char *order;
static GMainLoop *loop;
static PyThreadState *saved;

static gboolean
is_moment (const char *name)
{
  return g_str_equal (moment, name);
}

static gboolean
is_order (const char *name)
{
  return g_str_equal (order, name);
}

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
on_output (SubiterSource *source)
{
  if (is_moment ("output"))
    leave ();
}

static void
on_finished (void)
{
  if (is_moment ("finished"))
    leave ();
}

static void
on_failed (SubiterSource *source,
           GError *error)
{
  printf ("failed: %s\n", error->message);
  if (is_moment ("finished") || is_moment ("failed"))
    leave ();
}

static gboolean
look_for_mark (gpointer user_data)
{
  if (!g_file_test (g_getenv ("HOST_MARK"), G_FILE_TEST_EXISTS))
    return G_SOURCE_CONTINUE;

  leave ();

  return G_SOURCE_REMOVE;
}

static SubiterSource *
start_source (const char *code)
{
  g_autoptr (SubiterCallable) callable = subiter_callable_new_for_source_code (code, "items", NULL);
  SubiterSource *source = subiter_source_new (callable);

  g_signal_connect (source, "item", G_CALLBACK (on_item), NULL);
  g_signal_connect (source, "output", G_CALLBACK (on_output), NULL);
  g_signal_connect (source, "finished", G_CALLBACK (on_finished), NULL);
  g_signal_connect (source, "failed", G_CALLBACK (on_failed), NULL);
  subiter_source_start (source);

  return source;
}

static void
wait_for_moment (void)
{
  if (is_moment ("started"))
    leave ();
  else
    g_main_loop_run (loop);
}

/* Uses Python, as a program that embeds it does; with its GIL. */
static void
use_python (void)
{
  if (PyRun_SimpleString ("import threading, json, sys\n"
                          "assert json.loads ('[1]') == [1]\n"
                          "sys.stdout.write ('')\n")
      != 0)
    exit (101);
}

static void
initialize (void)
{
  Py_InitializeEx (0);
  use_python ();
}

/* With the GIL. */
static void
finalize (void)
{
  use_python ();
  if (Py_FinalizeEx () != 0)
    exit (102);
  puts ("finalized");
  fflush (stdout);
}

int
main (int argc,
      char **argv)
{
  g_autoptr (SubiterSource) source = NULL;

  /* A warning that a source was given up is allowed in some cases: the test looks at stderr. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  moment = argv[1];
  order = argv[4];
  loop = g_main_loop_new (NULL, FALSE);
  if (is_moment ("creating"))
    g_timeout_add (1, look_for_mark, NULL);

  if (!is_order ("after"))
    initialize ();
  if (is_order ("ended"))
    finalize ();
  else if (!is_order ("after") && !is_order ("held"))
    saved = PyEval_SaveThread ();

  source = start_source (argv[2]);
  wait_for_moment ();

  if (is_order ("after"))
    {
      /* It is there already: this does nothing, and attaches nobody. */
      Py_InitializeEx (0);
      PyGILState_Ensure ();
    }
  else if (saved != NULL)
    {
      PyEval_RestoreThread (saved);
    }

  if (is_order ("grabbed"))
    {
      subiter_source_stop (source);
      while (subiter_source_get_state (source) == SUBITER_STATE_STOPPING)
        g_main_context_iteration (NULL, TRUE);
    }

  /* Without a Python of its own, it has none to end. */
  if (!is_order ("ended"))
    finalize ();

  if (is_order ("again"))
    {
      g_autoptr (SubiterSource) second = NULL;

      initialize ();
      saved = PyEval_SaveThread ();
      moment = "failed";
      second = start_source ("def items (): yield 1");
      g_main_loop_run (loop);
      PyEval_RestoreThread (saved);
      finalize ();
    }

  if (g_str_equal (argv[3], "exit"))
    exit (3);

  return 5;
}
