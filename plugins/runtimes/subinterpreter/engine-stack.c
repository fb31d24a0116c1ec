/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-stack-private.h"

#include "engine-failure-private.h"
#include "engine-load-private.h"

#include <stdatomic.h>
#include <string.h>

/* How long to wait for the GIL, in µs. Code of Python's own lets go of it when it
 * is asked to, every 5 ms; code in C that has not done so after this may not for
 * a long time. */
#define GIL_PATIENCE (50 * G_TIME_SPAN_MILLISECOND)
/* How many frames are shown at each end of a deep stack. */
#define MAX_OUTER 20
#define MAX_INNER 40
/* How many calls in a row are shown of a function that calls itself. */
#define MAX_SAME 3
/* Where a line is looked for, in bytes. */
#define MAX_FILE_SIZE (4 * 1024 * 1024)

/* Somebody who waits for the GIL of a worker to look at its stack. He may have to wait
 * for ever, so this is of those two who want to know, and of him. */
typedef struct
{
  _Atomic int ref_count;
  SubiterPort *port;
  EngineWorker *worker;

  GMutex lock;
  GCond changed;
  /* lock: NULL until it is known */
  GPtrArray *frames;
} Visit;

EngineFrame *
engine_frame_new (char *file,
                  char *function,
                  int line)
{
  EngineFrame *frame = g_new0 (EngineFrame, 1);

  frame->file = file;
  frame->function = function;
  frame->line = line;

  return frame;
}

void
engine_frame_free (EngineFrame *frame)
{
  g_free (frame->file);
  g_free (frame->function);
  g_free (frame);
}

static void
visit_unref (Visit *visit)
{
  if (atomic_fetch_sub_explicit (&visit->ref_count, 1, memory_order_acq_rel) != 1)
    return;

  g_clear_pointer (&visit->frames, g_ptr_array_unref);
  g_mutex_clear (&visit->lock);
  g_cond_clear (&visit->changed);
  subiter_port_unref (visit->port);
  g_free (visit);
}

static char *
dup_attribute (PyObject *object,
               const char *name)
{
  g_autoptr (PyObject) value = PyObject_GetAttrString (object, name);
  char *text = value != NULL && PyUnicode_Check (value) ? engine_dup_text (value) : NULL;

  PyErr_Clear ();

  return text != NULL ? text : g_strdup ("?");
}

/* The frames of a thread of the current interpreter, innermost first. None of the
 * interpreter's own code is run for it. */
static GPtrArray *
collect_frames (PyThreadState *thread_state)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify) engine_frame_free);
  PyFrameObject *frame = PyThreadState_GetFrame (thread_state);

  while (frame != NULL && frames->len < ENGINE_STACK_MAX_FRAMES)
    {
      g_autoptr (PyObject) code = (PyObject *) PyFrame_GetCode (frame);
      PyFrameObject *outer;

      g_ptr_array_add (frames, engine_frame_new (dup_attribute (code, "co_filename"),
                                                 dup_attribute (code, "co_qualname"),
                                                 PyFrame_GetLineNumber (frame)));
      outer = PyFrame_GetBack (frame);
      Py_SETREF (frame, outer);
    }
  Py_XDECREF (frame);

  return frames;
}

static gpointer
visit_main (gpointer data)
{
  Visit *visit = data;
  PyThreadState *thread_state = PyThreadState_New (engine_worker_get_interpreter (visit->worker));
  GPtrArray *frames;

  if (thread_state == NULL)
    {
      frames = g_ptr_array_new ();
    }
  else
    {
      PyEval_RestoreThread (thread_state);
      frames = collect_frames (engine_worker_get_thread_state (visit->worker));
      PyThreadState_Clear (thread_state);
      PyThreadState_DeleteCurrent ();
    }

  g_mutex_lock (&visit->lock);
  visit->frames = frames;
  g_cond_signal (&visit->changed);
  g_mutex_unlock (&visit->lock);

  engine_worker_end_visit (visit->worker);
  visit_unref (visit);

  return NULL;
}

/* (nullable): the frames of a worker that is being visited, which this ends. */
static GPtrArray *
visit_frames (SubiterPort *port,
              EngineWorker *worker)
{
  Visit *visit = g_new0 (Visit, 1);
  gint64 deadline = g_get_monotonic_time () + GIL_PATIENCE;
  GPtrArray *frames = NULL;
  GThread *thread;

  visit->ref_count = 2;
  visit->port = subiter_port_ref (port);
  visit->worker = worker;
  g_mutex_init (&visit->lock);
  g_cond_init (&visit->changed);

  thread = g_thread_try_new ("subiter-visit", visit_main, visit, NULL);
  if (thread == NULL)
    {
      engine_worker_end_visit (worker);
      visit_unref (visit);
    }
  else
    {
      g_thread_unref (thread);
      g_mutex_lock (&visit->lock);
      while (visit->frames == NULL)
        {
          if (!g_cond_wait_until (&visit->changed, &visit->lock, deadline))
            break;
        }
      frames = g_steal_pointer (&visit->frames);
      g_mutex_unlock (&visit->lock);

      /* It sits in C. */
      if (frames == NULL)
        frames = engine_peek_frames (engine_worker_get_thread_state (worker));
    }
  visit_unref (visit);

  return frames;
}

/* Those of the import machinery say nothing that is not said by those around them. */
static void
remove_import_frames (GPtrArray *frames)
{
  for (guint i = frames->len; i > 0; i--)
    {
      EngineFrame *frame = frames->pdata[i - 1];

      if (g_str_has_prefix (frame->file, "<frozen importlib"))
        g_ptr_array_remove_index (frames, i - 1);
    }
}

/* (nullable): a line of some text, without the space around it. */
static char *
dup_line (const char *text,
          int number)
{
  for (int i = 1; i < number && text != NULL; i++)
    {
      text = strchr (text, '\n');
      if (text != NULL)
        text++;
    }
  if (text == NULL)
    return NULL;

  return g_strstrip (g_strndup (text, strcspn (text, "\r\n")));
}

/* Code that was given as text is in no file; all of it that a run has is that of its
 * callable, unless its initializers bring some of their own. */
static const char *
get_source_code (SubiterRun *run)
{
  SubiterCallable *callable = subiter_run_get_callable (run);
  GPtrArray *initializers = subiter_run_get_initializers (run);

  for (guint i = 0; i < initializers->len; i++)
    {
      if (subiter_callable_get_kind (initializers->pdata[i]) == SUBITER_CALLABLE_SOURCE_CODE)
        return NULL;
    }

  return callable != NULL ? subiter_callable_get_source_code (callable) : NULL;
}

static char *
dup_source_line (SubiterRun *run,
                 const EngineFrame *frame)
{
  g_autofree char *text = NULL;
  g_autoptr (GFile) file = NULL;
  g_autoptr (GFileInfo) info = NULL;

  if (g_str_has_prefix (frame->file, "<subiter:"))
    return dup_line (get_source_code (run), frame->line);
  if (*frame->file == '<')
    return NULL;

  file = g_file_new_for_path (frame->file);
  info = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE,
                            G_FILE_QUERY_INFO_NONE, NULL, NULL);
  if (info == NULL || g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR
      || g_file_info_get_size (info) > MAX_FILE_SIZE
      || !g_file_load_contents (file, NULL, &text, NULL, NULL, NULL))
    return NULL;

  return dup_line (text, frame->line);
}

static void
append_frame (GString *text,
              SubiterRun *run,
              const EngineFrame *frame)
{
  g_autofree char *line = dup_source_line (run, frame);

  g_string_append_printf (text, "  File \"%s\", line %d, in %s\n", frame->file, frame->line, frame->function);
  if (line != NULL && *line != '\0' && g_utf8_validate (line, -1, NULL))
    g_string_append_printf (text, "    %s\n", line);
}

static gboolean
is_same_call (const EngineFrame *frame,
              const EngineFrame *other)
{
  return frame->line == other->line && g_str_equal (frame->file, other->file)
         && g_str_equal (frame->function, other->function);
}

/* How many of the frames from @i on inwards are of one and the same call. */
static guint
count_same (GPtrArray *frames,
            guint i)
{
  guint n = 1;

  while (n < i && is_same_call (frames->pdata[i - 1], frames->pdata[i - 1 - n]))
    n++;

  return n;
}

/* As Python prints it: outermost first, and of a recursion no more than its
 * beginning. */
static char *
format_frames (SubiterRun *run,
               GPtrArray *frames)
{
  GString *text = g_string_new (NULL);
  guint n_shown = 0;

  for (guint i = frames->len; i > 0;)
    {
      guint n_same = count_same (frames, i);

      for (guint n = 0; n < MIN (n_same, MAX_SAME); n++)
        append_frame (text, run, frames->pdata[i - 1]);
      if (n_same > MAX_SAME)
        g_string_append_printf (text, "  [Previous line repeated %u more times]\n", n_same - MAX_SAME);
      i -= n_same;

      /* A deep one that is none of that kind. */
      if (++n_shown == MAX_OUTER && i > MAX_INNER)
        {
          g_string_append_printf (text, "  [%u more frames]\n", i - MAX_INNER);
          i = MAX_INNER;
        }
    }

  return engine_unmangle_text (g_string_free_and_steal (text));
}

/* (nullable): where the code of @run sits; or, if that is NULL, what is in the way of
 * the end of the worker. */
char *
engine_stack_dup (SubiterPort *port,
                  SubiterRun *run)
{
  EngineWorker *worker = subiter_port_get_data (port);
  g_autoptr (GPtrArray) frames = NULL;

  if (worker == NULL)
    return NULL;
  if (run == NULL)
    return engine_worker_dup_obstacle (worker);
  if (!engine_worker_begin_visit (worker, run))
    return NULL;

  frames = visit_frames (port, worker);
  if (frames == NULL)
    return NULL;

  remove_import_frames (frames);

  return frames->len > 0 ? format_frames (run, frames) : NULL;
}
