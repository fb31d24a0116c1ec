/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-lent-private.h"

/* What a view shows the memory of, and nothing else: code sees it as its "obj". The bytes
 * are such that any thread may drop the last reference. */
typedef struct
{
  PyObject_HEAD
  GBytes *bytes;
} Lent;

static int
lent_get_buffer (PyObject *object,
                 Py_buffer *view,
                 int flags)
{
  Lent *lent = (Lent *) object;
  gsize size;
  const void *data = g_bytes_get_data (lent->bytes, &size);

  /* An empty one may have no memory at all. */
  return PyBuffer_FillInfo (view, object, (void *) (data != NULL ? data : ""), (Py_ssize_t) size, 1, flags);
}

static void
lent_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  g_bytes_unref (((Lent *) object)->bytes);
  type->tp_free (object);
  Py_DECREF (type);
}

/* A type of one interpreter is never another one's: each has this one for itself. */
static PyObject *
make_type (void)
{
  static PyType_Slot slots[] = {
    { Py_bf_getbuffer, lent_get_buffer },
    { Py_tp_dealloc, lent_dealloc },
    { 0, NULL },
  };
  static PyType_Spec spec = {
    .name = "subiter.Bytes",
    .basicsize = sizeof (Lent),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
  };

  return PyType_FromSpec (&spec);
}

/* (nullable): a new reference. */
static PyObject *
ref_type (void)
{
  static const char key[] = "subiter.Bytes";
  PyObject *dict = PyInterpreterState_GetDict (PyInterpreterState_Get ());
  PyObject *type = NULL;

  if (dict == NULL)
    return PyErr_NoMemory ();
  if (PyDict_GetItemStringRef (dict, key, &type) != 0)
    return type;

  type = make_type ();
  if (type != NULL && PyDict_SetItemString (dict, key, type) != 0)
    Py_CLEAR (type);

  return type;
}

/* A view that cannot be written to, over the same memory. NULL: an exception is
 * pending. */
PyObject *
engine_object_from_bytes (GBytes *bytes)
{
  g_autoptr (PyObject) type = ref_type ();
  g_autoptr (PyObject) object = NULL;

  if (type == NULL)
    return NULL;
  object = ((PyTypeObject *) type)->tp_alloc ((PyTypeObject *) type, 0);
  if (object == NULL)
    return NULL;
  ((Lent *) object)->bytes = g_bytes_ref (bytes);

  return PyMemoryView_FromObject (object);
}
