/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-obstacle-private.h"

#include "engine-load-private.h"

/* How much is said at most: it is for people. */
#define MAX_THREADS 8
#define MAX_FRAMES 32

/* (transfer full) (nullable): what the threading module calls a thread. Its own
 * table is looked at, not its functions: those take locks. */
static char *
dup_thread_name (unsigned long thread_id)
{
  PyObject *module = PyDict_GetItemString (PyImport_GetModuleDict (), "threading");
  g_autoptr (PyObject) held = Py_XNewRef (module);
  g_autoptr (PyObject) threads = NULL;
  g_autoptr (PyObject) key = PyLong_FromUnsignedLong (thread_id);
  g_autoptr (PyObject) thread = NULL;
  g_autoptr (PyObject) name = NULL;
  const char *text = NULL;
  char *result;

  if (held != NULL)
    threads = PyObject_GetAttrString (held, "_active");
  if (threads != NULL && key != NULL && PyDict_Check (threads))
    PyDict_GetItemRef (threads, key, &thread);
  if (thread != NULL)
    name = PyObject_GetAttrString (thread, "_name");
  if (name != NULL && PyUnicode_Check (name))
    text = PyUnicode_AsUTF8 (name);
  result = g_strdup (text);
  PyErr_Clear ();

  return result;
}

static void
append_frame (GString *text,
              PyFrameObject *frame)
{
  PyCodeObject *code = PyFrame_GetCode (frame);
  const char *file = PyUnicode_AsUTF8 (code->co_filename);
  const char *name;

  if (file == NULL)
    PyErr_Clear ();
  name = PyUnicode_AsUTF8 (code->co_qualname);
  if (name == NULL)
    PyErr_Clear ();
  g_string_append_printf (text, "  File \"%s\", line %d, in %s\n", file != NULL ? file : "?",
                          PyFrame_GetLineNumber (frame), name != NULL ? name : "?");
  Py_DECREF (code);
}

/* Outermost first, as Python prints them; of many, the innermost. */
static char *
dup_stack (PyThreadState *thread_state)
{
  GString *text = g_string_new (NULL);
  PyFrameObject *frames[MAX_FRAMES];
  PyFrameObject *frame = PyThreadState_GetFrame (thread_state);
  guint n_frames = 0;

  while (frame != NULL && n_frames < MAX_FRAMES)
    {
      frames[n_frames++] = frame;
      frame = PyFrame_GetBack (frame);
    }
  Py_XDECREF (frame);

  while (n_frames > 0)
    {
      append_frame (text, frames[--n_frames]);
      Py_DECREF (frames[n_frames]);
    }

  return g_string_free (text, FALSE);
}

static void
append_title (GString *text,
              unsigned long thread_id,
              unsigned long worker_id,
              const char *work)
{
  g_autofree char *name = NULL;

  if (thread_id == worker_id)
    {
      g_string_append_printf (text, "In %s:\n", work);
      return;
    }

  name = dup_thread_name (thread_id);
  g_string_append_printf (text, "Thread \"%s\":\n", name != NULL ? name : "(without a name)");
}

/* (transfer full) (nullable): whose code is in the way, and where it is. @work is
 * what the worker's own thread is at, if that runs code. For a thread that is
 * attached to @interpreter, and is not told of itself. */
char *
engine_obstacle_describe (PyInterpreterState *interpreter,
                          unsigned long worker_id,
                          const char *work)
{
  unsigned long own_id = PyThread_get_thread_ident ();
  unsigned long ids[MAX_THREADS];
  char *stacks[MAX_THREADS];
  GString *text = g_string_new (NULL);
  guint n_threads = 0;
  guint n_told;

  /* The list of threads changes only with the GIL held. Nothing in this loop runs
   * Python code, which would let go of it. */
  for (PyThreadState *t = PyInterpreterState_ThreadHead (interpreter); t != NULL; t = PyThreadState_Next (t))
    {
      if (t->thread_id == own_id || (t->thread_id == worker_id && work == NULL))
        continue;

      if (n_threads < MAX_THREADS)
        {
          ids[n_threads] = t->thread_id;
          stacks[n_threads] = dup_stack (t);
        }
      n_threads++;
    }

  n_told = MIN (n_threads, MAX_THREADS);
  if (n_told < n_threads)
    g_string_append_printf (text, "%u threads, of which some are:\n", n_threads);
  for (guint i = 0; i < n_told; i++)
    {
      append_title (text, ids[i], worker_id, work);
      g_string_append (text, stacks[i]);
      g_free (stacks[i]);
    }

  if (text->len == 0)
    {
      g_string_free (text, TRUE);
      return NULL;
    }

  return engine_unmangle_text (g_string_free (text, FALSE));
}
