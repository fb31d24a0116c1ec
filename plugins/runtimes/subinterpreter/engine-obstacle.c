/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-obstacle-private.h"

#include "engine-failure-private.h"
#include "engine-frames-private.h"

/* How much is said at most: it is for people. */
#define MAX_THREADS 8

/* A thread whose code is in the way. */
typedef struct
{
  unsigned long thread_id;
  char *title;
  GPtrArray *frames;
} Obstacle;

static void
obstacle_free (gpointer data)
{
  Obstacle *obstacle = data;

  g_free (obstacle->title);
  g_clear_pointer (&obstacle->frames, g_ptr_array_unref);
  g_free (obstacle);
}

static Obstacle *
add_obstacle (GPtrArray *obstacles)
{
  Obstacle *obstacle = g_new0 (Obstacle, 1);

  g_ptr_array_add (obstacles, obstacle);

  return obstacle;
}

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
  char *text = NULL;

  if (held != NULL)
    threads = PyObject_GetAttrString (held, "_active");
  if (threads != NULL && key != NULL && PyDict_Check (threads))
    PyDict_GetItemRef (threads, key, &thread);
  if (thread != NULL)
    name = PyObject_GetAttrString (thread, "_name");
  if (name != NULL && PyUnicode_Check (name))
    text = engine_dup_text (name);
  PyErr_Clear ();

  return text;
}

static char *
dup_title (unsigned long thread_id,
           unsigned long worker_id,
           const char *work)
{
  g_autofree char *name = NULL;

  if (thread_id == worker_id)
    return g_strdup_printf ("In %s:\n", work);

  name = dup_thread_name (thread_id);

  return g_strdup_printf ("Thread \"%s\":\n", name != NULL ? name : "(without a name)");
}

/* (transfer full): whose code is in the way, and where it is. @work is what the
 * worker's own thread is at, if that runs code. For a thread that is attached to
 * @interpreter, and is not told of itself. */
GPtrArray *
engine_obstacle_collect (PyInterpreterState *interpreter,
                         unsigned long worker_id,
                         const char *work)
{
  GPtrArray *obstacles = g_ptr_array_new_with_free_func (obstacle_free);
  unsigned long own_id = PyThread_get_thread_ident ();
  guint n_threads = 0;

  /* The list of threads changes only with the GIL held. Nothing in this loop runs
   * Python code, which would let go of it. */
  for (PyThreadState *t = PyInterpreterState_ThreadHead (interpreter); t != NULL; t = PyThreadState_Next (t))
    {
      if (t->thread_id == own_id || (t->thread_id == worker_id && work == NULL))
        continue;

      if (n_threads++ < MAX_THREADS)
        {
          Obstacle *obstacle = add_obstacle (obstacles);

          obstacle->thread_id = t->thread_id;
          obstacle->frames = engine_frames_collect (t);
        }
    }

  for (guint i = 0; i < obstacles->len; i++)
    {
      Obstacle *obstacle = obstacles->pdata[i];

      obstacle->title = dup_title (obstacle->thread_id, worker_id, work);
    }
  if (n_threads > MAX_THREADS)
    {
      Obstacle *rest = g_new0 (Obstacle, 1);

      rest->title = g_strdup_printf ("%u threads, of which some are:\n", n_threads);
      g_ptr_array_insert (obstacles, 0, rest);
    }

  return obstacles;
}

/* (transfer full) (nullable): the same in words. */
char *
engine_obstacle_format (GPtrArray *obstacles)
{
  GString *text;

  if (obstacles->len == 0)
    return NULL;

  text = g_string_new (NULL);
  for (guint i = 0; i < obstacles->len; i++)
    {
      Obstacle *obstacle = obstacles->pdata[i];
      g_autofree char *stack = NULL;

      g_string_append (text, obstacle->title);
      if (obstacle->frames != NULL)
        stack = engine_frames_format (obstacle->frames, NULL);
      if (stack != NULL)
        g_string_append (text, stack);
    }

  return g_string_free_and_steal (text);
}
