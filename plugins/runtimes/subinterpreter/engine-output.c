/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-output-private.h"

#include "engine-unraisable-private.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* What sys.stdout.buffer and sys.stderr.buffer are: a raw stream whose bytes
 * go to the run. It has the methods that io.TextIOWrapper asks for. */
typedef struct
{
  PyObject_HEAD
  EngineWorker *worker;
  SubiterStream stream;
} Output;

static void
write_to_file (int fd,
               const char *data,
               gsize length)
{
  while (length > 0)
    {
      gssize n_written = write (fd, data, length);

      if (n_written < 0)
        {
          struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

          if (errno == EINTR)
            continue;
          if (errno != EAGAIN || poll (&poll_fd, 1, -1) < 0)
            return;
          continue;
        }
      data += n_written;
      length -= (gsize) n_written;
    }
}

static PyObject *
output_write (PyObject *object,
              PyObject *argument)
{
  Output *self = (Output *) object;
  PyThreadState *thread_state;
  SubiterRun *run;
  Py_ssize_t length;
  Py_buffer view;

  if (PyObject_GetBuffer (argument, &view, PyBUF_SIMPLE) != 0)
    return NULL;

  /* This waits while much of it is unread. */
  thread_state = PyEval_SaveThread ();
  run = engine_worker_dup_run (self->worker);
  if (run != NULL)
    subiter_run_write_output (run, self->stream, view.buf, (gsize) view.len);
  else
    write_to_file (self->stream == SUBITER_STREAM_STDERR ? STDERR_FILENO : STDOUT_FILENO,
                   view.buf, (gsize) view.len);
  g_clear_pointer (&run, subiter_run_unref);
  PyEval_RestoreThread (thread_state);

  length = view.len;
  PyBuffer_Release (&view);

  return PyLong_FromSsize_t (length);
}

static PyObject *
output_return_none (PyObject *object,
                    PyObject *ignored)
{
  Py_RETURN_NONE;
}

static PyObject *
output_return_true (PyObject *object,
                    PyObject *ignored)
{
  Py_RETURN_TRUE;
}

static PyObject *
output_return_false (PyObject *object,
                     PyObject *ignored)
{
  Py_RETURN_FALSE;
}

static PyObject *
output_fileno (PyObject *object,
               PyObject *ignored)
{
  g_autoptr (PyObject) io = PyImport_ImportModule ("io");
  g_autoptr (PyObject) type = io != NULL ? PyObject_GetAttrString (io, "UnsupportedOperation") : NULL;

  if (type != NULL)
    PyErr_SetString (type, "captured output has no file descriptor");

  return NULL;
}

static PyObject *
output_get_name (PyObject *object,
                 void *closure)
{
  Output *self = (Output *) object;

  return PyUnicode_FromString (self->stream == SUBITER_STREAM_STDERR ? "<stderr>" : "<stdout>");
}

static PyObject *
output_get_mode (PyObject *object,
                 void *closure)
{
  return PyUnicode_FromString ("wb");
}

static PyObject *
output_get_closed (PyObject *object,
                   void *closure)
{
  Py_RETURN_FALSE;
}

/* The type is an object of the interpreter's too, and has to go with it. */
static int
output_traverse (PyObject *object,
                 visitproc visit,
                 void *arg)
{
  Py_VISIT (Py_TYPE (object));

  return 0;
}

static void
output_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  g_clear_pointer (&((Output *) object)->worker, engine_worker_unref);
  type->tp_free (object);
  Py_DECREF (type);
}

static PyMethodDef output_methods[] = {
  { "write", output_write, METH_O, PyDoc_STR ("write($self, data, /)\n--\n\nHand over bytes.") },
  { "flush", output_return_none, METH_NOARGS, PyDoc_STR ("flush($self, /)\n--\n\nDo nothing.") },
  { "close", output_return_none, METH_NOARGS, PyDoc_STR ("close($self, /)\n--\n\nDo nothing.") },
  { "writable", output_return_true, METH_NOARGS, PyDoc_STR ("writable($self, /)\n--\n\nReturn True.") },
  { "readable", output_return_false, METH_NOARGS, PyDoc_STR ("readable($self, /)\n--\n\nReturn False.") },
  { "seekable", output_return_false, METH_NOARGS, PyDoc_STR ("seekable($self, /)\n--\n\nReturn False.") },
  { "isatty", output_return_false, METH_NOARGS, PyDoc_STR ("isatty($self, /)\n--\n\nReturn False.") },
  { "fileno", output_fileno, METH_NOARGS, PyDoc_STR ("fileno($self, /)\n--\n\nRaise an OSError.") },
  { NULL, NULL, 0, NULL },
};

static PyGetSetDef output_properties[] = {
  { "name", output_get_name, NULL, PyDoc_STR ("what the stream is called"), NULL },
  { "mode", output_get_mode, NULL, PyDoc_STR ("how the stream is opened"), NULL },
  { "closed", output_get_closed, NULL, PyDoc_STR ("whether the stream is closed"), NULL },
  { NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot output_slots[] = {
  { Py_tp_doc, (char *) PyDoc_STR ("Standard output or standard error, captured.") },
  { Py_tp_methods, output_methods },
  { Py_tp_getset, output_properties },
  { Py_tp_traverse, output_traverse },
  { Py_tp_dealloc, output_dealloc },
  { 0, NULL },
};

static PyType_Spec output_spec = {
  .name = "subiter._Output",
  .basicsize = sizeof (Output),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION
           | Py_TPFLAGS_IMMUTABLETYPE,
  .slots = output_slots,
};

static PyObject *
output_new (PyTypeObject *type,
            EngineWorker *worker,
            SubiterStream stream)
{
  Output *self = (Output *) type->tp_alloc (type, 0);

  if (self == NULL)
    return NULL;

  self->worker = engine_worker_ref (worker);
  self->stream = stream;

  return (PyObject *) self;
}

static gboolean
install_stream (PyObject *wrapper_type,
                PyObject *output_type,
                EngineWorker *worker,
                SubiterStream stream)
{
  gboolean is_stderr = stream == SUBITER_STREAM_STDERR;
  g_autoptr (PyObject) output = output_new ((PyTypeObject *) output_type, worker, stream);
  g_autoptr (PyObject) args = output != NULL ? PyTuple_Pack (1, output) : NULL;
  g_autoptr (PyObject) kwargs = NULL;
  g_autoptr (PyObject) wrapper = NULL;

  if (args != NULL)
    kwargs = Py_BuildValue ("{sssssO}", "encoding", "utf-8", "errors", "backslashreplace",
                            "line_buffering", Py_True);
  if (kwargs != NULL)
    wrapper = PyObject_Call (wrapper_type, args, kwargs);

  return wrapper != NULL
         && PySys_SetObject (is_stderr ? "stderr" : "stdout", wrapper) == 0
         && PySys_SetObject (is_stderr ? "__stderr__" : "__stdout__", wrapper) == 0;
}

/* Puts the capturing streams in the place of those that a new interpreter
 * opens on the program's own. What those are made of is there already, without the
 * module by which code knows it. FALSE: an exception is pending. */
gboolean
engine_output_install (PyObject *module,
                       EngineWorker *worker)
{
  g_autoptr (PyObject) io = PyImport_ImportModule ("_io");
  g_autoptr (PyObject) wrapper_type = io != NULL ? PyObject_GetAttrString (io, "TextIOWrapper") : NULL;
  g_autoptr (PyObject) output_type = NULL;

  if (wrapper_type != NULL)
    output_type = PyType_FromModuleAndSpec (module, &output_spec, NULL);

  return output_type != NULL
         && install_stream (wrapper_type, output_type, worker, SUBITER_STREAM_STDOUT)
         && install_stream (wrapper_type, output_type, worker, SUBITER_STREAM_STDERR)
         && engine_unraisable_install ()
         && PySys_SetObject ("stdin", Py_None) == 0
         && PySys_SetObject ("__stdin__", Py_None) == 0;
}

static void
flush_stream (const char *name)
{
  PyObject *stream = PySys_GetObject (name);
  g_autoptr (PyObject) held = NULL;
  g_autoptr (PyObject) result = NULL;

  if (stream == NULL || stream == Py_None)
    return;

  held = Py_NewRef (stream);
  result = PyObject_CallMethod (held, "flush", NULL);
  PyErr_Clear ();
}

/* What a run has written without a newline at its end is its own too. */
void
engine_output_flush (void)
{
  flush_stream ("stdout");
  flush_stream ("stderr");
}
