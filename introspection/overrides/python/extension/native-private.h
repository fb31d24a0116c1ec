/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "object-from-variant-private.h"

G_BEGIN_DECLS

/* What the module has for each interpreter that imports it. */
typedef struct
{
  /* PyGObject's */
  PyTypeObject *object_type;
  PyTypeObject *pointer_type;

  PyTypeObject *iteration_type;
  PyTypeObject *items_type;
  PyTypeObject *next_type;

  /* names of methods */
  PyObject *begin_name;
  PyObject *fetch_name;
  PyObject *convert_error_name;
  PyObject *throw_name;
  PyObject *close_name;
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

/* the types */
extern PyType_Spec native_iteration_spec;
extern PyType_Spec native_items_spec;
extern PyType_Spec native_next_spec;

G_END_DECLS
