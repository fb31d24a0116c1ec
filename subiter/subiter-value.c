/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-value-private.h"

#include "subiter-block-private.h"

#include <string.h>

G_STATIC_ASSERT (sizeof (SubiterValue) == 16);

/* From here on it takes long enough to free memory that the main loop is spared
 * it: about 0.3 ms. */
#define LARGE_SIZE (4 << 20)

static gpointer
release_main (gpointer data)
{
  g_bytes_unref (data);

  return NULL;
}

static void
release_on_thread (gpointer data)
{
  GThread *thread = g_thread_try_new ("subiter-free", release_main, data, NULL);

  if (thread != NULL)
    g_thread_unref (thread);
  else
    g_bytes_unref (data);
}

/* (transfer full): the last reference to an item is usually the main loop's, and
 * 1 GiB takes 70 ms to give back to the system. */
GBytes *
subiter_value_release_elsewhere (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  if (size < LARGE_SIZE)
    return bytes;

  return g_bytes_new_with_free_func (data, size, release_on_thread, bytes);
}

/**
 * subiter_value_init:
 * @value: (out caller-allocates): a value
 *
 * Makes @value hold Python's `None`, whatever it held before.
 */
void
subiter_value_init (SubiterValue *value)
{
  memset (value, 0, sizeof *value);
}

/* Releases what @value holds, unless it is a container: that is returned. */
static SubiterValueNode *
release (const SubiterValue *value)
{
  switch ((SubiterValueKind) value->kind)
    {
    case SUBITER_VALUE_VARIANT:
      g_variant_unref (value->data.variant);
      return NULL;

    case SUBITER_VALUE_STRING:
      if (value->element == SUBITER_VALUE_LONG_STRING)
        g_bytes_unref (value->data.bytes);
      else
        subiter_block_free (value->data.text, value->length + 1);
      return NULL;

    case SUBITER_VALUE_BYTES:
    case SUBITER_VALUE_ARRAY:
      g_bytes_unref (value->data.bytes);
      return NULL;

    case SUBITER_VALUE_TUPLE:
    case SUBITER_VALUE_LIST:
    case SUBITER_VALUE_DICT:
      return subiter_value_get_node (value);

    case SUBITER_VALUE_NONE:
    case SUBITER_VALUE_BOOLEAN:
    case SUBITER_VALUE_INT64:
    case SUBITER_VALUE_UINT64:
    case SUBITER_VALUE_DOUBLE:
    default:
      return NULL;
    }
}

/**
 * subiter_value_clear:
 * @value: a value
 *
 * Releases what @value holds and makes it hold Python's `None`.
 */
void
subiter_value_clear (SubiterValue *value)
{
  SubiterValueNode *node = release (value);

  /* Without recursion: what is refused for its depth may be of any, and a worker's
   * stack is not. */
  while (node != NULL)
    {
      SubiterValueNode *inner;

      if (node->n_values == 0)
        {
          SubiterValueNode *outer = node->outer;

          if (node->block_size > 0)
            subiter_block_free (node, node->block_size);
          else
            g_free (node);
          node = outer;
          continue;
        }

      inner = release (&node->values[--node->n_values]);
      if (inner != NULL)
        {
          inner->outer = node;
          node = inner;
        }
    }

  subiter_value_init (value);
}

/**
 * subiter_value_get_kind:
 * @value: a value
 *
 * Tells what @value holds.
 *
 * Returns: the kind
 */
SubiterValueKind
subiter_value_get_kind (const SubiterValue *value)
{
  return value->kind;
}

/**
 * subiter_value_set_boolean:
 * @value: an initialised value that holds `None`
 * @boolean: what to hold
 *
 * Makes @value hold a `bool`.
 */
void
subiter_value_set_boolean (SubiterValue *value,
                           gboolean boolean)
{
  value->kind = SUBITER_VALUE_BOOLEAN;
  value->data.boolean = !!boolean;
}

/**
 * subiter_value_set_int64:
 * @value: an initialised value that holds `None`
 * @number: what to hold
 *
 * Makes @value hold an `int`.
 */
void
subiter_value_set_int64 (SubiterValue *value,
                         gint64 number)
{
  value->kind = SUBITER_VALUE_INT64;
  value->data.int64 = number;
}

/**
 * subiter_value_set_uint64:
 * @value: an initialised value that holds `None`
 * @number: what to hold
 *
 * Makes @value hold an `int` that may be larger than a signed one can be.
 */
void
subiter_value_set_uint64 (SubiterValue *value,
                          guint64 number)
{
  if (number <= G_MAXINT64)
    {
      subiter_value_set_int64 (value, (gint64) number);
      return;
    }

  value->kind = SUBITER_VALUE_UINT64;
  value->data.uint64 = number;
}

/**
 * subiter_value_set_double:
 * @value: an initialised value that holds `None`
 * @number: what to hold
 *
 * Makes @value hold a `float`.
 */
void
subiter_value_set_double (SubiterValue *value,
                          double number)
{
  value->kind = SUBITER_VALUE_DOUBLE;
  value->data.real = number;
}

/**
 * subiter_value_set_string:
 * @value: an initialised value that holds `None`
 * @text: UTF-8 without a NUL in it, which the caller has made sure of
 * @length: how many bytes of @text to take, or -1 for all up to its NUL
 *
 * Makes @value hold a copy of a `str`.
 *
 * Returns: %FALSE if there is no memory for it
 */
gboolean
subiter_value_set_string (SubiterValue *value,
                          const char *text,
                          gssize length)
{
  gsize n_bytes = length < 0 ? strlen (text) : (gsize) length;
  char *copy;

  if (n_bytes < SUBITER_BLOCK_MAX_SIZE)
    {
      copy = subiter_block_alloc (n_bytes + 1);
      memcpy (copy, text, n_bytes);
      copy[n_bytes] = '\0';
      value->kind = SUBITER_VALUE_STRING;
      value->element = 0;
      value->length = (guint32) n_bytes;
      value->data.text = copy;
      return TRUE;
    }

  copy = g_try_malloc (n_bytes + 1);
  if (copy == NULL)
    return FALSE;
  memcpy (copy, text, n_bytes);
  copy[n_bytes] = '\0';

  value->kind = SUBITER_VALUE_STRING;
  value->element = SUBITER_VALUE_LONG_STRING;
  value->data.bytes = subiter_value_release_elsewhere (g_bytes_new_take (copy, n_bytes + 1));

  return TRUE;
}

/**
 * subiter_value_take_bytes:
 * @value: an initialised value that holds `None`
 * @bytes: (transfer full): what to hold
 *
 * Makes @value hold `bytes`.
 */
void
subiter_value_take_bytes (SubiterValue *value,
                          GBytes *bytes)
{
  value->kind = SUBITER_VALUE_BYTES;
  value->data.bytes = subiter_value_release_elsewhere (bytes);
}

/**
 * subiter_value_take_pinned_bytes:
 * @value: an initialised value that holds `None`
 * @bytes: (transfer full): what to hold
 *
 * Makes @value hold `bytes` whose last reference may go on any thread, a main loop's too,
 * as that takes no time, whatever their size.
 */
void
subiter_value_take_pinned_bytes (SubiterValue *value,
                                 GBytes *bytes)
{
  value->kind = SUBITER_VALUE_BYTES;
  value->data.bytes = bytes;
}

/* How many bytes an element of a fixed-size type takes; 0 if it is none. */
gsize
subiter_value_element_size (char element_type)
{
  switch (element_type)
    {
    case 'b':
    case 'y':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'i':
    case 'u':
      return 4;
    case 'x':
    case 't':
    case 'd':
      return 8;
    default:
      return 0;
    }
}

/**
 * subiter_value_take_array:
 * @value: an initialised value that holds `None`
 * @element_type: the GVariant type character of an element, one of
 *   `b y n q i u x t d`
 * @bytes: (transfer full): the elements, in the machine's byte order
 *
 * Makes @value hold a buffer of numbers.
 */
void
subiter_value_take_array (SubiterValue *value,
                          char element_type,
                          GBytes *bytes)
{
  gsize size = subiter_value_element_size (element_type);

  g_return_if_fail (size > 0 && g_bytes_get_size (bytes) % size == 0);

  value->kind = SUBITER_VALUE_ARRAY;
  value->element = element_type;
  value->data.bytes = subiter_value_release_elsewhere (bytes);
}

/**
 * subiter_value_take_pinned_array:
 * @value: an initialised value that holds `None`
 * @element_type: the GVariant type character of an element, one of
 *   `b y n q i u x t d`
 * @bytes: (transfer full): the elements, in the machine's byte order
 *
 * Makes @value hold a buffer of numbers as [method@Subiter.Value.take_array] does, whose
 * last reference may go on any thread as in [method@Subiter.Value.take_pinned_bytes].
 */
void
subiter_value_take_pinned_array (SubiterValue *value,
                                 char element_type,
                                 GBytes *bytes)
{
  gsize size = subiter_value_element_size (element_type);

  g_return_if_fail (size > 0 && g_bytes_get_size (bytes) % size == 0);

  value->kind = SUBITER_VALUE_ARRAY;
  value->element = element_type;
  value->data.bytes = bytes;
}

static SubiterValue *
set_container (SubiterValue *value,
               SubiterValueKind kind,
               gsize n_values)
{
  SubiterValueNode *node;
  gsize size;

  if (n_values > MIN (G_MAXUINT32, (G_MAXSIZE - sizeof (SubiterValueNode)) / sizeof (SubiterValue)))
    return NULL;

  size = sizeof (SubiterValueNode) + n_values * sizeof (SubiterValue);
  if (size <= SUBITER_BLOCK_MAX_SIZE)
    {
      node = subiter_block_alloc (size);
      memset (node, 0, size);
      node->block_size = (guint32) size;
    }
  else
    {
      node = g_try_malloc0 (size);
      if (node == NULL)
        return NULL;
    }

  node->n_values = (guint32) n_values;
  value->kind = kind;
  value->data.node = node;

  return node->values;
}

/**
 * subiter_value_set_tuple: (skip)
 * @value: an initialised value that holds `None`
 * @n_values: how many values the tuple has
 *
 * Makes @value hold a `tuple` of values that the caller fills in.
 *
 * Returns: (transfer none) (nullable): the values, all `None`, or %NULL if there is no
 *   memory for them
 */
SubiterValue *
subiter_value_set_tuple (SubiterValue *value,
                         gsize n_values)
{
  return set_container (value, SUBITER_VALUE_TUPLE, n_values);
}

/**
 * subiter_value_set_list: (skip)
 * @value: an initialised value that holds `None`
 * @n_values: how many values the list has
 *
 * Makes @value hold a `list` of values that the caller fills in.
 *
 * Returns: (transfer none) (nullable): the values, all `None`, or %NULL if there is no
 *   memory for them
 */
SubiterValue *
subiter_value_set_list (SubiterValue *value,
                        gsize n_values)
{
  return set_container (value, SUBITER_VALUE_LIST, n_values);
}

/**
 * subiter_value_set_dict: (skip)
 * @value: an initialised value that holds `None`
 * @n_pairs: how many pairs the dict has
 *
 * Makes @value hold a `dict` of keys and values that the caller fills in.
 *
 * Returns: (transfer none) (nullable): twice @n_pairs values, all `None`: each key is
 *   followed by its value; or %NULL if there is no memory for them
 */
SubiterValue *
subiter_value_set_dict (SubiterValue *value,
                        gsize n_pairs)
{
  return n_pairs <= G_MAXSIZE / 2 ? set_container (value, SUBITER_VALUE_DICT, n_pairs * 2) : NULL;
}

/* What Python calls it. */
const char *
subiter_value_kind_to_string (SubiterValueKind kind)
{
  static const char *const names[] = {
    [SUBITER_VALUE_NONE] = "None",
    [SUBITER_VALUE_BOOLEAN] = "bool",
    [SUBITER_VALUE_INT64] = "int",
    [SUBITER_VALUE_UINT64] = "int",
    [SUBITER_VALUE_DOUBLE] = "float",
    [SUBITER_VALUE_STRING] = "str",
    [SUBITER_VALUE_BYTES] = "bytes",
    [SUBITER_VALUE_ARRAY] = "array",
    [SUBITER_VALUE_TUPLE] = "tuple",
    [SUBITER_VALUE_LIST] = "list",
    [SUBITER_VALUE_DICT] = "dict",
    [SUBITER_VALUE_VARIANT] = "container",
  };

  return names[kind];
}
