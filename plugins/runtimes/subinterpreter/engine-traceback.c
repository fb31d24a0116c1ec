/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-traceback-private.h"

/* How many calls a traceback shows. */
#define MAX_FRAMES 256

/* An import starts with frames of the import machinery. Where it went through
 * them from C, CPython takes them out itself. */
static void
strip_import_frames (PyObject *exception)
{
  PyObject *traceback = PyException_GetTraceback (exception);
  gboolean stripped = FALSE;

  while (traceback != NULL && traceback != Py_None)
    {
      PyFrameObject *frame = ((PyTracebackObject *) traceback)->tb_frame;
      g_autoptr (PyObject) code = (PyObject *) PyFrame_GetCode (frame);
      g_autoptr (PyObject) file = PyObject_GetAttrString (code, "co_filename");
      const char *name = file != NULL ? PyUnicode_AsUTF8 (file) : NULL;
      PyObject *next;

      if (name == NULL || !g_str_has_prefix (name, "<frozen importlib"))
        break;

      next = (PyObject *) ((PyTracebackObject *) traceback)->tb_next;
      Py_XINCREF (next);
      Py_SETREF (traceback, next);
      stripped = TRUE;
    }
  PyErr_Clear ();

  if (stripped)
    PyException_SetTraceback (exception, traceback != NULL ? traceback : Py_None);
  PyErr_Clear ();
  Py_XDECREF (traceback);
}

static guint
count_frames (PyObject *traceback)
{
  guint n_frames = 0;

  for (PyTracebackObject *entry = (PyTracebackObject *) traceback; entry != NULL; entry = entry->tb_next)
    n_frames++;

  return n_frames;
}

static gboolean
add_lines (PyObject *lines,
           PyObject *more)
{
  g_autoptr (PyObject) list = more != NULL ? PySequence_List (more) : NULL;

  return list != NULL && PyList_Extend (lines, list) == 0;
}

/* Adds what Python prints of the frames. Of many, those in the middle are left
 * out: the first say who began, the last where it ended. */
static gboolean
add_frames (PyObject *lines,
            PyObject *module,
            PyObject *traceback)
{
  guint n_frames = count_frames (traceback);
  PyTracebackObject *rest = (PyTracebackObject *) traceback;
  g_autoptr (PyObject) header = NULL;
  g_autoptr (PyObject) first = NULL;
  g_autofree char *gap_text = NULL;
  g_autoptr (PyObject) gap = NULL;
  g_autoptr (PyObject) last = NULL;

  if (traceback == NULL)
    return TRUE;

  header = PyUnicode_FromString ("Traceback (most recent call last):\n");
  if (header == NULL || PyList_Append (lines, header) != 0)
    return FALSE;

  if (n_frames > MAX_FRAMES)
    {
      first = PyObject_CallMethod (module, "format_tb", "Oi", traceback, MAX_FRAMES / 2);
      gap_text = g_strdup_printf ("  [… %u frames are left out …]\n", n_frames - MAX_FRAMES / 2 * 2);
      gap = PyUnicode_FromString (gap_text);
      if (!add_lines (lines, first) || gap == NULL || PyList_Append (lines, gap) != 0)
        return FALSE;
      for (guint i = 0; i < n_frames - MAX_FRAMES / 2; i++)
        rest = rest->tb_next;
    }

  last = PyObject_CallMethod (module, "format_tb", "O", rest);

  return add_lines (lines, last);
}

/* What Python makes of an exception alone: of another one it is to know nothing.
 * It would go through all causes, of which there may be any number. */
static PyObject *
make_traceback_exception (PyObject *module,
                          PyObject *exception,
                          PyObject *traceback)
{
  PyBaseExceptionObject *base = (PyBaseExceptionObject *) exception;
  g_autoptr (PyObject) type = PyObject_GetAttrString (module, "TracebackException");
  g_autoptr (PyObject) args = NULL;
  g_autoptr (PyObject) kwargs = NULL;
  PyObject *result = NULL;
  PyObject *context;
  PyObject *cause;

  if (type != NULL)
    args = PyTuple_Pack (3, Py_TYPE (exception), exception, traceback != NULL ? traceback : Py_None);
  if (args != NULL)
    kwargs = Py_BuildValue ("{sOsi}", "compact", Py_True, "limit", -MAX_FRAMES);

  context = g_steal_pointer (&base->context);
  cause = g_steal_pointer (&base->cause);
  if (kwargs != NULL)
    result = PyObject_Call (type, args, kwargs);
  Py_XSETREF (base->context, context);
  Py_XSETREF (base->cause, cause);

  return result;
}

/* It has text that was made once more, as long as it likes. */
static gboolean
shorten_text (PyObject *traceback_exception,
              const char *message,
              Py_ssize_t max)
{
  g_autoptr (PyObject) text = NULL;
  g_autoptr (PyObject) short_text = NULL;

  if (PyObject_GetOptionalAttrString (traceback_exception, "_str", &text) <= 0 || !PyUnicode_Check (text)
      || PyUnicode_GET_LENGTH (text) <= max)
    return !PyErr_Occurred ();

  short_text = PyUnicode_FromString (message);

  return short_text != NULL && PyObject_SetAttrString (traceback_exception, "_str", short_text) == 0;
}

static PyObject *
join_lines (PyObject *lines)
{
  g_autoptr (PyObject) separator = PyUnicode_FromString ("");

  return separator != NULL ? PyUnicode_Join (separator, lines) : NULL;
}

/* The traceback of an exception alone, as Python prints it. This runs code of
 * whoever made the exception. Of its text, @message is shown instead if that is
 * longer than @max characters. NULL: an exception is pending. */
PyObject *
engine_format_exception (PyObject *exception,
                         const char *message,
                         Py_ssize_t max)
{
  g_autoptr (PyObject) module = PyImport_ImportModule ("traceback");
  g_autoptr (PyObject) lines = module != NULL ? PyList_New (0) : NULL;
  g_autoptr (PyObject) traceback = NULL;
  g_autoptr (PyObject) traceback_exception = NULL;
  g_autoptr (PyObject) parts = NULL;
  gboolean is_long;

  if (lines == NULL)
    return NULL;

  strip_import_frames (exception);
  traceback = PyException_GetTraceback (exception);
  is_long = count_frames (traceback) > MAX_FRAMES;
  if (is_long && !add_frames (lines, module, traceback))
    return NULL;

  traceback_exception = make_traceback_exception (module, exception, is_long ? NULL : traceback);
  if (traceback_exception == NULL || !shorten_text (traceback_exception, message, max))
    return NULL;
  parts = PyObject_CallMethod (traceback_exception, "format", NULL);
  if (!add_lines (lines, parts))
    return NULL;

  return join_lines (lines);
}

/* Likewise, without asking the exception, which may be in trouble itself. */
PyObject *
engine_format_frames (PyObject *exception,
                      const char *type_name,
                      const char *message)
{
  g_autoptr (PyObject) module = PyImport_ImportModule ("traceback");
  g_autoptr (PyObject) lines = module != NULL ? PyList_New (0) : NULL;
  g_autoptr (PyObject) traceback = PyException_GetTraceback (exception);
  g_autoptr (PyObject) last = NULL;

  if (lines == NULL || !add_frames (lines, module, traceback))
    return NULL;

  last = PyUnicode_FromFormat ("%s%s%s\n", type_name, *message != '\0' ? ": " : "", message);
  if (last == NULL || PyList_Append (lines, last) != 0)
    return NULL;

  return join_lines (lines);
}
