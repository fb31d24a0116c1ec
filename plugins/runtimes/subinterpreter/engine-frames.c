/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-frames-private.h"

#include "engine-failure-private.h"
#include "engine-load-private.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* How many frames are shown at each end of a deep stack. */
#define MAX_OUTER 20
#define MAX_INNER 40
/* How many calls in a row are shown of a function that calls itself. */
#define MAX_SAME 3
/* Where a line is looked for, in bytes. */
#define MAX_FILE_SIZE (4 * 1024 * 1024)

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

static void
frame_free (gpointer data)
{
  EngineFrame *frame = data;

  g_free (frame->file);
  g_free (frame->function);
  g_free (frame);
}

GPtrArray *
engine_frames_new (void)
{
  return g_ptr_array_new_with_free_func (frame_free);
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
GPtrArray *
engine_frames_collect (PyThreadState *thread_state)
{
  GPtrArray *frames = engine_frames_new ();
  PyFrameObject *frame = PyThreadState_GetFrame (thread_state);

  while (frame != NULL && frames->len < ENGINE_FRAMES_MAX)
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
  SubiterCallable *callable;
  GPtrArray *initializers;

  if (run == NULL)
    return NULL;

  callable = subiter_run_get_callable (run);
  initializers = subiter_run_get_initializers (run);
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
  GStatBuf info;

  if (g_str_has_prefix (frame->file, "<subiter:"))
    return dup_line (get_source_code (run), frame->line);
  if (*frame->file == '<')
    return NULL;

  /* Not as a GFile: that would make the program's GVfs here, and log. */
  if (g_stat (frame->file, &info) != 0 || !S_ISREG (info.st_mode) || info.st_size > MAX_FILE_SIZE
      || !g_file_get_contents (frame->file, &text, NULL, NULL))
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

/* (nullable): as Python prints it: outermost first, and of a recursion no more than
 * its beginning. @run (nullable) has code of its own that is in no file. NULL: there
 * is nothing to show. */
char *
engine_frames_format (GPtrArray *frames,
                      SubiterRun *run)
{
  GString *text;
  guint n_shown = 0;

  remove_import_frames (frames);
  if (frames->len == 0)
    return NULL;

  text = g_string_new (NULL);
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
