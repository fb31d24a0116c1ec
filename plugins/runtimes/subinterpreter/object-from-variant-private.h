/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* What differs between those who make objects of variants. */
typedef struct
{
  /* makes the object for a variant of type "ay" */
  PyObject *(*from_bytes) (GVariant *variant);
  /* makes the object for a variant of a type that Python has nothing for, or raises */
  PyObject *(*from_other) (GVariant *variant);
} ObjectConversion;

PyObject *object_from_variant (GVariant *variant,
                               const ObjectConversion *conversion);
PyObject *object_list_from_numbers (char element_type,
                                    gconstpointer data,
                                    gsize size);

G_END_DECLS
