/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "object-from-variant-private.h"

G_BEGIN_DECLS

typedef struct _PygobjectFunctions PygobjectFunctions;

/* What the module has for each interpreter that imports it. */
typedef struct
{
  /* PyGObject's */
  PyTypeObject *object_type;
  PyTypeObject *pointer_type;
  PyTypeObject *variant_type;
  const PygobjectFunctions *functions;

  PyTypeObject *iteration_type;
  PyTypeObject *items_type;
  PyTypeObject *next_type;
  PyTypeObject *handler_type;

  /* what a wrapper has that is not in use */
  GVariant *no_variant;

  /* names of methods and attributes */
  PyObject *begin_name;
  PyObject *fetch_name;
  PyObject *convert_error_name;
  PyObject *throw_name;
  PyObject *close_name;
  PyObject *dict_name;
  PyObject *weakref_name;
} NativeState;

extern struct PyModuleDef native_module;

static inline NativeState *
native_state_of_type (PyTypeObject *type)
{
  PyObject *module = PyType_GetModuleByDef (type, &native_module);

  return module != NULL ? PyModule_GetState (module) : NULL;
}

/* native-wrapper.c */
gboolean native_wrapper_init (NativeState *state);
SubiterSource *native_wrapper_get_source (const NativeState *state,
                                          PyObject *wrapper);
GVariant *native_wrapper_get_variant (const NativeState *state,
                                      PyObject *wrapper);
gpointer native_wrapper_get_object (const NativeState *state,
                                    PyObject *wrapper,
                                    GType type);
PyObject *native_wrapper_new_source (const NativeState *state,
                                     SubiterSource *source);
PyObject *native_wrapper_new_variant (const NativeState *state,
                                      GVariant *variant,
                                      PyObject *spare);
gboolean native_wrapper_release_variant (const NativeState *state,
                                         PyObject *wrapper);
GClosure *native_wrapper_new_closure (const NativeState *state,
                                      PyObject *wrapper,
                                      PyObject *callback);
void native_raise_error (const NativeState *state,
                         PyObject *source,
                         const GError *error);

/* native-value.c */
extern const ObjectConversion native_conversion;

PyObject *native_object_from_value (const SubiterValue *value,
                                    const GVariantType *type);

/* Items that were taken from a source together, on their way to be objects. */
typedef struct
{
  /* nullable: there is none left */
  SubiterBatch *batch;
  const SubiterValue *values;
  const GVariantType *type;
  guint n_values;
  guint next;
} NativeReader;

gboolean native_reader_take (NativeReader *reader,
                             SubiterBatch *batch);
void native_reader_clear (NativeReader *reader);
PyObject *native_reader_pop (NativeReader *reader);

static inline gboolean
native_reader_is_empty (const NativeReader *reader)
{
  return reader->batch == NULL;
}

/* native-signal.c */
PyObject *native_connect (PyObject *module,
                          PyObject *args);

/* the types */
extern PyType_Spec native_handler_spec;
extern PyType_Spec native_iteration_spec;
extern PyType_Spec native_items_spec;
extern PyType_Spec native_next_spec;

G_END_DECLS
