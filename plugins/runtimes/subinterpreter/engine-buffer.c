/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-place-private.h"

#include <string.h>

/* Copies memory that Python owns. This is the place where large bytes are to
 * be pinned instead, once there is a way to give them back to their own
 * interpreter. */
static GBytes *
copy_bytes (const void *data,
            gsize length)
{
  void *copy;

  if (length == 0)
    return g_bytes_new_static ("", 0);

  copy = g_try_malloc (length);
  if (copy == NULL)
    return NULL;
  memcpy (copy, data, length);

  return g_bytes_new_take (copy, length);
}

static gboolean
refuse_size (const EnginePlace *place,
             EngineOutcome *outcome,
             gsize length)
{
  engine_place_refuse (place, outcome,
                       "there is no memory for a copy of %" G_GSIZE_FORMAT " bytes; make the items smaller",
                       length);

  return FALSE;
}

/* Of a bytes or bytearray object. */
gboolean
engine_value_from_bytes (SubiterValue *value,
                         PyObject *object,
                         const EnginePlace *place,
                         EngineOutcome *outcome)
{
  gboolean is_bytes = PyBytes_Check (object);
  const char *data = is_bytes ? PyBytes_AS_STRING (object) : PyByteArray_AS_STRING (object);
  gsize length = (gsize) (is_bytes ? PyBytes_GET_SIZE (object) : PyByteArray_GET_SIZE (object));
  GBytes *bytes = copy_bytes (data, length);

  if (bytes == NULL)
    return refuse_size (place, outcome, length);

  subiter_value_take_bytes (value, bytes);

  return TRUE;
}

/* The GVariant type of an element; '\0' for none. A byte order is looked at
 * only as far as to see whether it is the machine's. */
static char
get_element_type (const Py_buffer *view)
{
  const char *format = view->format != NULL ? view->format : "B";
  gboolean is_signed;

  if (*format == '@' || *format == '=' || *format == (G_BYTE_ORDER == G_LITTLE_ENDIAN ? '<' : '>'))
    format++;
#if G_BYTE_ORDER == G_BIG_ENDIAN
  else if (*format == '!')
    format++;
#endif

  if (*format == '\0' || format[1] != '\0')
    return '\0';

  switch (*format)
    {
    case 'B':
      return 'y';
    case '?':
      return view->itemsize == 1 ? 'b' : '\0';
    case 'f':
    case 'd':
      return 'd';
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n':
      is_signed = TRUE;
      break;
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
      is_signed = FALSE;
      break;
    default:
      return '\0';
    }

  switch (view->itemsize)
    {
    case 2:
      return is_signed ? 'n' : 'q';
    case 4:
      return is_signed ? 'i' : 'u';
    case 8:
      return is_signed ? 'x' : 't';
    default:
      return '\0';
    }
}

static GBytes *
widen_floats (const Py_buffer *view)
{
  gsize n_numbers = (gsize) view->len / sizeof (float);
  const char *data = view->buf;
  double *numbers = g_try_new (double, n_numbers);

  if (numbers == NULL)
    return n_numbers == 0 ? g_bytes_new_static ("", 0) : NULL;

  for (gsize i = 0; i < n_numbers; i++)
    {
      float number;

      memcpy (&number, data + i * sizeof number, sizeof number);
      numbers[i] = (double) number;
    }

  return g_bytes_new_take (numbers, n_numbers * sizeof (double));
}

/* Any byte but 0 is true for Python; GVariant wants a 1. */
static GBytes *
normalize_booleans (const Py_buffer *view)
{
  const guint8 *data = view->buf;
  guint8 *booleans = g_try_malloc ((gsize) view->len);

  if (booleans == NULL)
    return view->len == 0 ? g_bytes_new_static ("", 0) : NULL;

  for (Py_ssize_t i = 0; i < view->len; i++)
    booleans[i] = data[i] != 0;

  return g_bytes_new_take (booleans, (gsize) view->len);
}

static gboolean
value_from_view (SubiterValue *value,
                 const Py_buffer *view,
                 char element_type,
                 const EnginePlace *place,
                 EngineOutcome *outcome)
{
  GBytes *bytes;

  if (element_type == 'b')
    bytes = normalize_booleans (view);
  else if (element_type == 'd' && view->itemsize == sizeof (float))
    bytes = widen_floats (view);
  else
    bytes = copy_bytes (view->buf, (gsize) view->len);

  if (bytes == NULL)
    return refuse_size (place, outcome, (gsize) view->len);

  if (element_type == 'y')
    subiter_value_take_bytes (value, bytes);
  else
    subiter_value_take_array (value, element_type, bytes);

  return TRUE;
}

/* Of an object with the buffer interface: array, memoryview, ctypes array. */
gboolean
engine_value_from_buffer (SubiterValue *value,
                          PyObject *object,
                          const EnginePlace *place,
                          EngineOutcome *outcome)
{
  g_autofree char *type_name = NULL;
  gboolean converted = FALSE;
  char element_type;
  Py_buffer view;

  if (PyObject_GetBuffer (object, &view, PyBUF_FULL_RO) != 0)
    {
      engine_outcome_take_exception (outcome);
      return FALSE;
    }

  type_name = engine_dup_type_name (Py_TYPE (object));
  element_type = get_element_type (&view);
  if (view.ndim != 1)
    engine_place_refuse (place, outcome,
                         "a buffer of type \"%s\" with %d dimensions cannot be shared; it has to have one, "
                         "as after memoryview.cast (\"B\"), or be made a list",
                         type_name, view.ndim);
  else if (element_type == '\0')
    engine_place_refuse (place, outcome,
                         "a buffer of type \"%s\" with elements of format \"%s\" cannot be shared; the "
                         "format has to be one of \"B\" (bytes), \"?\", \"h\", \"H\", \"i\", \"I\", \"l\", "
                         "\"L\", \"q\", \"Q\", \"f\" and \"d\" in the machine's byte order",
                         type_name, view.format);
  else if (!PyBuffer_IsContiguous (&view, 'C'))
    engine_place_refuse (place, outcome,
                         "a buffer of type \"%s\" that is not contiguous cannot be shared; make it "
                         "contiguous, as memoryview.tobytes () does, or a list",
                         type_name);
  else
    converted = value_from_view (value, &view, element_type, place, outcome);

  PyBuffer_Release (&view);

  return converted;
}
