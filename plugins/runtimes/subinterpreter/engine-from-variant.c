/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-from-variant-private.h"

#include "object-from-variant-private.h"

static PyObject *
bytes_from_variant (GVariant *variant)
{
  gsize length;
  const char *data = g_variant_get_fixed_array (variant, &length, 1);

  return PyBytes_FromStringAndSize (data, (Py_ssize_t) length);
}

static PyObject *
refuse (GVariant *variant)
{
  PyErr_Format (PyExc_TypeError,
                "an argument of GVariant type \"%s\" cannot be passed to Python; pass a number, a string "
                "or another type that it has",
                g_variant_get_type_string (variant));
  return NULL;
}

static const ObjectConversion of_arguments = {
  .from_bytes = bytes_from_variant,
  .from_other = refuse,
};

/* The object for an argument. NULL: an exception is pending. */
PyObject *
engine_object_from_variant (GVariant *variant)
{
  return object_from_variant (variant, &of_arguments);
}
