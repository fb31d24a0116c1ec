/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-place-private.h"

#include <string.h>

/* From here on memory is shared rather than copied. A pin costs as much as the copy of some
 * KiB, and a main loop that holds it keeps the object. */
#define PIN_SIZE 4096

/* Copies memory that Python owns. */
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

/* Whether the object has its memory for itself. Others, such as an array of ctypes, may
 * show that of something else, which somebody has. */
static gboolean
owns_memory (PyObject *object)
{
  /* A class that is written in Python has no module in this name. */
  return PyByteArray_CheckExact (object) || strcmp (Py_TYPE (object)->tp_name, "array.array") == 0;
}

/* Whether nobody is left who could change the memory of a buffer that can be changed. */
static gboolean
is_given_away (PyObject *object,
               const EnginePlace *place)
{
  _PyManagedBufferObject *managed;
  PyObject *owner;

  if (engine_place_is_shared (place, object))
    return FALSE;
  if (!PyMemoryView_Check (object))
    return owns_memory (object);

  /* A view has the owner by something that all views of one share. */
  owner = PyMemoryView_GET_BASE (object);
  managed = ((PyMemoryViewObject *) object)->mbuf;

  return owner != NULL && managed->exports == 1 && owns_memory (owner)
         && !engine_place_is_shared (&(EnginePlace){ .n_references = 1 }, owner);
}

/* Of a bytes object. */
static GBytes *
pin_bytes (PyObject *object,
           EngineOutcome *outcome)
{
  EnginePin *pin = engine_pin_new ();

  pin->object = Py_NewRef (object);

  return engine_pins_share (engine_worker_get_pins (outcome->worker), pin, PyBytes_AS_STRING (object),
                            (gsize) PyBytes_GET_SIZE (object));
}

/* Of a bytes or bytearray object. */
gboolean
engine_value_from_bytes (SubiterValue *value,
                         PyObject *object,
                         const EnginePlace *place,
                         EngineOutcome *outcome)
{
  gboolean is_bytes = PyBytes_Check (object);
  gsize length = (gsize) (is_bytes ? PyBytes_GET_SIZE (object) : PyByteArray_GET_SIZE (object));
  GBytes *bytes;

  if (is_bytes && length >= PIN_SIZE)
    {
      subiter_value_take_pinned_bytes (value, pin_bytes (object, outcome));
      return TRUE;
    }
  if (!is_bytes && length >= PIN_SIZE && is_given_away (object, place))
    return engine_value_from_buffer (value, object, place, outcome);

  bytes = copy_bytes (is_bytes ? PyBytes_AS_STRING (object) : PyByteArray_AS_STRING (object), length);
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

/* Whether what Python has in memory is what GVariant has, too. */
static gboolean
needs_conversion (const Py_buffer *view,
                  char element_type)
{
  return element_type == 'b' || (element_type == 'd' && view->itemsize == sizeof (float));
}

static GBytes *
convert (const Py_buffer *view,
         char element_type)
{
  if (element_type == 'b')
    return normalize_booleans (view);
  if (element_type == 'd' && view->itemsize == sizeof (float))
    return widen_floats (view);

  return copy_bytes (view->buf, (gsize) view->len);
}

/* Takes @pin over if what its view shows is shared. */
static gboolean
value_from_view (SubiterValue *value,
                 EnginePin **pin,
                 char element_type,
                 gboolean can_be_shared,
                 const EnginePlace *place,
                 EngineOutcome *outcome)
{
  const Py_buffer *view = &(*pin)->view;
  const void *data = view->buf;
  gsize length = (gsize) view->len;
  GBytes *bytes;

  if (can_be_shared && length >= PIN_SIZE && !needs_conversion (view, element_type))
    {
      bytes = engine_pins_share (engine_worker_get_pins (outcome->worker), g_steal_pointer (pin), data, length);
      if (element_type == 'y')
        subiter_value_take_pinned_bytes (value, bytes);
      else
        subiter_value_take_pinned_array (value, element_type, bytes);
      return TRUE;
    }

  bytes = convert (view, element_type);
  if (bytes == NULL)
    return refuse_size (place, outcome, length);

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
  /* before there is a view, which holds the object as well */
  gboolean given_away = is_given_away (object, place);
  g_autofree char *type_name = NULL;
  EnginePin *pin = engine_pin_new ();
  Py_buffer *view = &pin->view;
  gboolean converted = FALSE;
  char element_type;

  if (PyObject_GetBuffer (object, view, PyBUF_FULL_RO) != 0)
    {
      engine_pin_free (pin);
      engine_outcome_take_exception (outcome);
      return FALSE;
    }

  element_type = get_element_type (view);
  if (view->ndim == 1 && element_type != '\0' && PyBuffer_IsContiguous (view, 'C'))
    {
      converted = value_from_view (value, &pin, element_type, view->readonly || given_away, place, outcome);
      g_clear_pointer (&pin, engine_pin_free);
      return converted;
    }

  type_name = engine_dup_type_name (Py_TYPE (object));
  if (view->ndim != 1)
    engine_place_refuse (place, outcome,
                         "a buffer of type \"%s\" with %d dimensions cannot be shared; it has to have one, "
                         "as after memoryview.cast (\"B\"), or be made a list",
                         type_name, view->ndim);
  else if (element_type == '\0')
    engine_place_refuse (place, outcome,
                         "a buffer of type \"%s\" with elements of format \"%s\" cannot be shared; the "
                         "format has to be one of \"B\" (bytes), \"?\", \"h\", \"H\", \"i\", \"I\", \"l\", "
                         "\"L\", \"q\", \"Q\", \"f\" and \"d\" in the machine's byte order",
                         type_name, view->format);
  else
    engine_place_refuse (place, outcome,
                         "a buffer of type \"%s\" that is not contiguous cannot be shared; make it "
                         "contiguous, as memoryview.tobytes () does, or a list",
                         type_name);
  engine_pin_free (pin);

  return FALSE;
}
