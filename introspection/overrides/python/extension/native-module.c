/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the override for Python has in C: items become objects here, without a variant
 * and without Python code for each of them. */

#include "native-private.h"

static PyObject *
unpack (PyObject *module,
        PyObject *wrapper)
{
  GVariant *variant = native_wrapper_get_variant (PyModule_GetState (module), wrapper);

  return variant != NULL ? object_from_variant (variant, &native_conversion) : NULL;
}

static PyTypeObject *
add_type (PyObject *module,
          PyType_Spec *spec)
{
  PyTypeObject *type = (PyTypeObject *) PyType_FromModuleAndSpec (module, spec, NULL);

  if (type == NULL)
    return NULL;
  if (PyModule_AddType (module, type) != 0)
    Py_CLEAR (type);

  return type;
}

static int
module_exec (PyObject *module)
{
  NativeState *state = PyModule_GetState (module);

  if (!native_wrapper_init (state)
      || (state->iteration_type = add_type (module, &native_iteration_spec)) == NULL
      || (state->items_type = add_type (module, &native_items_spec)) == NULL
      || (state->next_type = add_type (module, &native_next_spec)) == NULL
      || (state->handler_type = add_type (module, &native_handler_spec)) == NULL
      || (state->begin_name = PyUnicode_InternFromString ("_begin")) == NULL
      || (state->fetch_name = PyUnicode_InternFromString ("_fetch")) == NULL
      || (state->convert_error_name = PyUnicode_InternFromString ("_convert_error")) == NULL
      || (state->throw_name = PyUnicode_InternFromString ("throw")) == NULL
      || (state->close_name = PyUnicode_InternFromString ("close")) == NULL
      || (state->dict_name = PyUnicode_InternFromString ("__dict__")) == NULL
      || (state->weakref_name = PyUnicode_InternFromString ("__weakref__")) == NULL)
    return -1;

  return 0;
}

static int
module_traverse (PyObject *module,
                 visitproc visit,
                 void *arg)
{
  NativeState *state = PyModule_GetState (module);

  Py_VISIT (state->object_type);
  Py_VISIT (state->pointer_type);
  Py_VISIT (state->iteration_type);
  Py_VISIT (state->items_type);
  Py_VISIT (state->next_type);
  Py_VISIT (state->handler_type);
  Py_VISIT (state->variant_type);

  return 0;
}

static int
module_clear (PyObject *module)
{
  NativeState *state = PyModule_GetState (module);

  Py_CLEAR (state->object_type);
  Py_CLEAR (state->pointer_type);
  Py_CLEAR (state->iteration_type);
  Py_CLEAR (state->items_type);
  Py_CLEAR (state->next_type);
  Py_CLEAR (state->handler_type);
  Py_CLEAR (state->variant_type);
  Py_CLEAR (state->begin_name);
  Py_CLEAR (state->fetch_name);
  Py_CLEAR (state->convert_error_name);
  Py_CLEAR (state->throw_name);
  Py_CLEAR (state->close_name);
  Py_CLEAR (state->dict_name);
  Py_CLEAR (state->weakref_name);
  g_clear_pointer (&state->no_variant, g_variant_unref);

  return 0;
}

static void
module_free (void *module)
{
  module_clear (module);
}

static PyMethodDef module_methods[] = {
  { "connect", native_connect, METH_VARARGS,
    "connect($module, source, signal, callback, args, after, /)\n--\n\n"
    "Connect a handler of item or items. Return its number." },
  { "unpack", unpack, METH_O,
    "unpack($module, variant, /)\n--\n\n"
    "Make a Python value of a GLib.Variant.\n\n"
    "This is GLib.Variant.unpack () for items: \"ay\" is bytes." },
  { NULL, NULL, 0, NULL },
};

static PyModuleDef_Slot module_slots[] = {
  { Py_mod_exec, module_exec },
  { Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED },
  { 0, NULL },
};

struct PyModuleDef native_module = {
  PyModuleDef_HEAD_INIT,
  .m_name = "gi.overrides._subiter",
  .m_doc = "What the override of Subiter has in C.",
  .m_size = sizeof (NativeState),
  .m_methods = module_methods,
  .m_slots = module_slots,
  .m_traverse = module_traverse,
  .m_clear = module_clear,
  .m_free = module_free,
};

PyMODINIT_FUNC PyInit__subiter (void);

PyMODINIT_FUNC
PyInit__subiter (void)
{
  return PyModuleDef_Init (&native_module);
}
