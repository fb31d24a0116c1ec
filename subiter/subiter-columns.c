/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-columns.h"

#include "subiter-batch.h"
#include "subiter-value-private.h"

#include <stdatomic.h>
#include <string.h>

/* What is larger than this goes its own way: one call for it is nothing then, and whoever
 * keeps a small piece of a text that is cut up may keep all of it. */
#define MAX_STRING 4096
#define MAX_BYTES 4096
#define MAX_RUN 65536

/* From here on all else goes its own way: what a column may have before its size has no
 * place in 32 bits. */
#define MAX_VALUES (1u << 26)

/* The integers that a double tells from their neighbours. */
#define MAX_EXACT G_GINT64_CONSTANT (9007199254740991)

struct _SubiterColumns
{
  _Atomic int ref_count;
  guint8 *data;
  gsize size;
  GString *text;
  GPtrArray *others;
};

/**
 * SubiterColumns:
 *
 * The items of a [struct@Subiter.Batch], or of a variant, laid out for a language in which
 * each call across its border costs more than an item does.
 *
 * Three calls get all of them: [method@Subiter.Columns.get_data],
 * [method@Subiter.Columns.get_text] and, seldom, [method@Subiter.Columns.get_others].
 * A reader goes through the kinds, and takes what belongs to each from the front of the
 * other columns.
 *
 * The data is in the machine's byte order. It begins with the head, eight unsigned
 * integers of 32 bits each:
 *
 * | | |
 * | --: | --- |
 * | 0 | the number of items |
 * | 1 | the [enum@Subiter.ColumnKind] of every item, and then there are no kinds; or `MIXED` |
 * | 2 | the number of numbers |
 * | 3 | the number of sizes |
 * | 4 | the number of kinds |
 * | 5 | the number of bytes |
 * | 6 | the length of the text, in bytes; if it is 0, nobody needs to ask for it |
 * | 7 | the number of others; the same |
 *
 * Then follow, without gaps: the numbers, a double each; the sizes, unsigned, 32 bits each;
 * the kinds, a byte each; the bytes.
 *
 * An item is one value. That of a container is followed by its members, which are values
 * too. What a kind takes from which column is said at [enum@Subiter.ColumnKind].
 *
 * Columns are immutable and may be used from any thread.
 */
G_DEFINE_BOXED_TYPE (SubiterColumns, subiter_columns, subiter_columns_ref, subiter_columns_unref)

enum
{
  HEAD_N_ITEMS,
  HEAD_KIND,
  HEAD_N_NUMBERS,
  HEAD_N_SIZES,
  HEAD_N_KINDS,
  HEAD_N_BYTES,
  HEAD_TEXT_LENGTH,
  HEAD_N_OTHERS,
  HEAD_SIZE
};

typedef struct
{
  guint8 *data;
  gsize length;
  gsize allocated;
} Column;

/* While they are put together. */
typedef struct
{
  Column numbers;
  Column sizes;
  Column kinds;
  Column bytes;
  GString *text;
  GPtrArray *others;
} Writer;

static void write_value (Writer *writer,
                         const SubiterValue *value,
                         const GVariantType *type);
static void write_variant (Writer *writer,
                           GVariant *variant);

static gpointer
column_grow (Column *column,
             gsize n_bytes)
{
  gpointer place;

  if (column->allocated - column->length < n_bytes)
    {
      column->allocated = MAX (column->allocated * 2, column->length + n_bytes);
      column->allocated = MAX (column->allocated, 256);
      column->data = g_realloc (column->data, column->allocated);
    }

  place = column->data + column->length;
  column->length += n_bytes;

  return place;
}

static inline void
add_kind (Writer *writer,
          SubiterColumnKind kind)
{
  *(guint8 *) column_grow (&writer->kinds, 1) = (guint8) kind;
}

static inline void
add_number (Writer *writer,
            double number)
{
  *(double *) column_grow (&writer->numbers, sizeof number) = number;
}

static inline void
add_size (Writer *writer,
          gsize size)
{
  *(guint32 *) column_grow (&writer->sizes, sizeof (guint32)) = (guint32) size;
}

static inline gboolean
is_exact (gint64 number)
{
  return number >= -MAX_EXACT && number <= MAX_EXACT;
}

static void
write_int64 (Writer *writer,
             gint64 number)
{
  if (is_exact (number))
    {
      add_kind (writer, SUBITER_COLUMN_INT);
      add_number (writer, (double) number);
    }
  else
    {
      add_kind (writer, SUBITER_COLUMN_INT64);
      memcpy (column_grow (&writer->numbers, sizeof number), &number, sizeof number);
    }
}

static void
write_uint64 (Writer *writer,
              guint64 number)
{
  if (number <= (guint64) MAX_EXACT)
    {
      write_int64 (writer, (gint64) number);
    }
  else
    {
      add_kind (writer, SUBITER_COLUMN_UINT64);
      memcpy (column_grow (&writer->numbers, sizeof number), &number, sizeof number);
    }
}

static void
write_double (Writer *writer,
              double number)
{
  add_kind (writer, SUBITER_COLUMN_DOUBLE);
  add_number (writer, number);
}

static void
write_boolean (Writer *writer,
               gboolean boolean)
{
  add_kind (writer, SUBITER_COLUMN_BOOLEAN);
  add_number (writer, boolean ? 1 : 0);
}

/* (transfer full) */
static void
write_other (Writer *writer,
             GVariant *variant)
{
  add_kind (writer, SUBITER_COLUMN_OTHER);
  g_ptr_array_add (writer->others, variant);
}

static gboolean
is_full (Writer *writer)
{
  return writer->kinds.length >= MAX_VALUES || writer->numbers.length / sizeof (double) >= MAX_VALUES
         || writer->bytes.length >= MAX_VALUES || writer->text->len >= MAX_VALUES;
}

/* Of text that is known to be UTF-8. */
static gsize
count_utf16 (const char *text,
             gsize length)
{
  gsize n = 0;

  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = (guint8) text[i];

      n += (byte & 0xc0) != 0x80;
      n += byte >= 0xf0;
    }

  return n;
}

static void
write_string (Writer *writer,
              const char *text,
              gsize length)
{
  add_kind (writer, SUBITER_COLUMN_STRING);
  add_size (writer, length);
  add_size (writer, count_utf16 (text, length));
  g_string_append_len (writer->text, text, (gssize) length);
}

static void
write_bytes (Writer *writer,
             gconstpointer data,
             gsize size)
{
  add_kind (writer, SUBITER_COLUMN_BYTES);
  add_size (writer, size);
  if (size > 0)
    memcpy (column_grow (&writer->bytes, size), data, size);
}

#define READ_NUMBERS(Type, numbers, elements, n)                          \
  G_STMT_START                                                            \
  {                                                                       \
    for (gsize i_ = 0; i_ < (n); i_++)                                    \
      {                                                                   \
        Type number_;                                                     \
                                                                          \
        memcpy (&number_, (elements) + i_ * sizeof number_, sizeof number_); \
        (numbers)[i_] = (double) number_;                                 \
      }                                                                   \
  }                                                                       \
  G_STMT_END

static gboolean
are_exact (const guint8 *elements,
           gsize n,
           gboolean is_signed)
{
  for (gsize i = 0; i < n; i++)
    {
      gint64 number;

      memcpy (&number, elements + i * sizeof number, sizeof number);
      if (is_signed ? !is_exact (number) : (guint64) number > (guint64) MAX_EXACT)
        return FALSE;
    }

  return TRUE;
}

/* Some of them have to be integers of 64 bits, so that each says what it is. */
static void
write_each (Writer *writer,
            const guint8 *elements,
            gsize n,
            gboolean is_signed)
{
  add_kind (writer, SUBITER_COLUMN_LIST);
  add_size (writer, n);
  for (gsize i = 0; i < n; i++)
    {
      guint64 number;

      memcpy (&number, elements + i * sizeof number, sizeof number);
      if (is_signed)
        write_int64 (writer, (gint64) number);
      else
        write_uint64 (writer, number);
    }
}

/* @elements need not be aligned. */
static void
write_run (Writer *writer,
           char element_type,
           const guint8 *elements,
           gsize n)
{
  double *numbers;

  if ((element_type == 'x' || element_type == 't') && !are_exact (elements, n, element_type == 'x'))
    {
      write_each (writer, elements, n, element_type == 'x');
      return;
    }

  add_kind (writer, element_type == 'b' ? SUBITER_COLUMN_BOOLEANS : element_type == 'd' ? SUBITER_COLUMN_DOUBLES
                                                                                        : SUBITER_COLUMN_INTS);
  add_size (writer, n);
  if (n == 0)
    return;

  numbers = column_grow (&writer->numbers, n * sizeof *numbers);
  switch (element_type)
    {
    case 'b':
      for (gsize i = 0; i < n; i++)
        numbers[i] = elements[i] != 0;
      break;
    case 'n':
      READ_NUMBERS (gint16, numbers, elements, n);
      break;
    case 'q':
      READ_NUMBERS (guint16, numbers, elements, n);
      break;
    case 'i':
    case 'h':
      READ_NUMBERS (gint32, numbers, elements, n);
      break;
    case 'u':
      READ_NUMBERS (guint32, numbers, elements, n);
      break;
    case 'x':
      READ_NUMBERS (gint64, numbers, elements, n);
      break;
    case 't':
      READ_NUMBERS (guint64, numbers, elements, n);
      break;
    case 'd':
      memcpy (numbers, elements, n * sizeof *numbers);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
write_variant_members (Writer *writer,
                       GVariant *variant)
{
  gsize n_members = g_variant_n_children (variant);

  for (gsize i = 0; i < n_members; i++)
    {
      g_autoptr (GVariant) member = g_variant_get_child_value (variant, i);

      write_variant (writer, member);
    }
}

static void
write_variant_pairs (Writer *writer,
                     GVariant *variant,
                     SubiterColumnKind kind)
{
  gsize n_pairs = g_variant_n_children (variant);

  add_kind (writer, kind);
  add_size (writer, n_pairs);
  for (gsize i = 0; i < n_pairs; i++)
    {
      g_autoptr (GVariant) pair = g_variant_get_child_value (variant, i);

      write_variant_members (writer, pair);
    }
}

static void
write_variant_array (Writer *writer,
                     GVariant *variant)
{
  const char *type = g_variant_get_type_string (variant);
  gsize element_size = type[1] == 'h' ? 4 : subiter_value_element_size (type[1]);
  gconstpointer elements;
  gsize n_elements;

  if (element_size > 0)
    {
      elements = g_variant_get_fixed_array (variant, &n_elements, element_size);
      if (n_elements > (type[1] == 'y' ? MAX_BYTES : MAX_RUN))
        write_other (writer, g_variant_ref (variant));
      else if (type[1] == 'y')
        write_bytes (writer, elements, n_elements);
      else
        write_run (writer, type[1], elements, n_elements);
    }
  else if (type[1] == '{')
    {
      write_variant_pairs (writer, variant, type[2] == 's' ? SUBITER_COLUMN_OBJECT : SUBITER_COLUMN_MAP);
    }
  else
    {
      add_kind (writer, SUBITER_COLUMN_LIST);
      add_size (writer, g_variant_n_children (variant));
      write_variant_members (writer, variant);
    }
}

static void
write_boxed_variant (Writer *writer,
                     GVariant *variant)
{
  g_autoptr (GVariant) inner = NULL;

  if (g_variant_n_children (variant) == 0)
    {
      add_kind (writer, SUBITER_COLUMN_NONE);
      return;
    }

  inner = g_variant_get_child_value (variant, 0);
  write_variant (writer, inner);
}

static void
write_variant (Writer *writer,
               GVariant *variant)
{
  const char *text;
  gsize length;

  if (is_full (writer))
    {
      write_other (writer, g_variant_ref (variant));
      return;
    }

  switch (g_variant_classify (variant))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      write_boolean (writer, g_variant_get_boolean (variant));
      break;
    case G_VARIANT_CLASS_BYTE:
      write_int64 (writer, g_variant_get_byte (variant));
      break;
    case G_VARIANT_CLASS_INT16:
      write_int64 (writer, g_variant_get_int16 (variant));
      break;
    case G_VARIANT_CLASS_UINT16:
      write_int64 (writer, g_variant_get_uint16 (variant));
      break;
    case G_VARIANT_CLASS_INT32:
      write_int64 (writer, g_variant_get_int32 (variant));
      break;
    case G_VARIANT_CLASS_UINT32:
      write_int64 (writer, g_variant_get_uint32 (variant));
      break;
    case G_VARIANT_CLASS_INT64:
      write_int64 (writer, g_variant_get_int64 (variant));
      break;
    case G_VARIANT_CLASS_UINT64:
      write_uint64 (writer, g_variant_get_uint64 (variant));
      break;
    case G_VARIANT_CLASS_HANDLE:
      write_int64 (writer, g_variant_get_handle (variant));
      break;
    case G_VARIANT_CLASS_DOUBLE:
      write_double (writer, g_variant_get_double (variant));
      break;
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
      text = g_variant_get_string (variant, &length);
      if (length > MAX_STRING)
        write_other (writer, g_variant_ref (variant));
      else
        write_string (writer, text, length);
      break;
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
      write_boxed_variant (writer, variant);
      break;
    case G_VARIANT_CLASS_ARRAY:
      write_variant_array (writer, variant);
      break;
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
      add_kind (writer, SUBITER_COLUMN_TUPLE);
      add_size (writer, g_variant_n_children (variant));
      write_variant_members (writer, variant);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* The one kind that a run of all members could have; MIXED if they have not. */
static SubiterColumnKind
find_run_kind (const SubiterValue *members,
               gsize n_members,
               const GVariantType *type)
{
  SubiterValueKind kind;

  if (n_members == 0 || n_members > MAX_RUN)
    return SUBITER_COLUMN_MIXED;

  kind = subiter_value_get_kind (&members[0]);
  if (kind != SUBITER_VALUE_INT64 && kind != SUBITER_VALUE_DOUBLE)
    return SUBITER_COLUMN_MIXED;
  while (type != NULL && g_variant_type_is_maybe (type))
    type = g_variant_type_element (type);
  if (kind == SUBITER_VALUE_INT64 && type != NULL && g_variant_type_equal (type, G_VARIANT_TYPE_DOUBLE))
    return SUBITER_COLUMN_MIXED;

  for (gsize i = 0; i < n_members; i++)
    {
      if (subiter_value_get_kind (&members[i]) != kind
          || (kind == SUBITER_VALUE_INT64 && !is_exact (subiter_value_get_int64 (&members[i]))))
        return SUBITER_COLUMN_MIXED;
    }

  return kind == SUBITER_VALUE_INT64 ? SUBITER_COLUMN_INTS : SUBITER_COLUMN_DOUBLES;
}

/* @type: (nullable): that of each */
static void
write_list (Writer *writer,
            const SubiterValue *members,
            gsize n_members,
            const GVariantType *type)
{
  SubiterColumnKind kind = find_run_kind (members, n_members, type);
  double *numbers;

  if (kind == SUBITER_COLUMN_MIXED)
    {
      add_kind (writer, SUBITER_COLUMN_LIST);
      add_size (writer, n_members);
      for (gsize i = 0; i < n_members; i++)
        write_value (writer, &members[i], type);
      return;
    }

  add_kind (writer, kind);
  add_size (writer, n_members);
  numbers = column_grow (&writer->numbers, n_members * sizeof *numbers);
  for (gsize i = 0; i < n_members; i++)
    numbers[i] = kind == SUBITER_COLUMN_INTS ? (double) subiter_value_get_int64 (&members[i])
                                             : subiter_value_get_double (&members[i]);
}

static void
write_members (Writer *writer,
               const SubiterValue *value,
               const GVariantType *type)
{
  const GVariantType *member = NULL;
  const SubiterValue *members;
  gsize n_members;

  members = subiter_value_get_members (value, &n_members);

  if (subiter_value_get_kind (value) == SUBITER_VALUE_DICT)
    {
      const GVariantType *entry = type != NULL ? g_variant_type_element (type) : NULL;
      const GVariantType *key_type = entry != NULL ? g_variant_type_key (entry) : NULL;
      const GVariantType *value_type = entry != NULL ? g_variant_type_value (entry) : NULL;
      gboolean is_object = key_type == NULL || g_variant_type_equal (key_type, G_VARIANT_TYPE_STRING);

      add_kind (writer, is_object ? SUBITER_COLUMN_OBJECT : SUBITER_COLUMN_MAP);
      add_size (writer, n_members / 2);
      for (gsize i = 0; i < n_members; i += 2)
        {
          write_value (writer, &members[i], key_type);
          write_value (writer, &members[i + 1], value_type);
        }
    }
  else if (type != NULL ? g_variant_type_is_tuple (type) : subiter_value_get_kind (value) == SUBITER_VALUE_TUPLE)
    {
      add_kind (writer, SUBITER_COLUMN_TUPLE);
      add_size (writer, n_members);
      if (type != NULL)
        member = g_variant_type_first (type);
      for (gsize i = 0; i < n_members; i++)
        {
          write_value (writer, &members[i], member);
          if (member != NULL)
            member = g_variant_type_next (member);
        }
    }
  else
    {
      write_list (writer, members, n_members, type != NULL ? g_variant_type_element (type) : NULL);
    }
}

static void
write_number (Writer *writer,
              const SubiterValue *value,
              const GVariantType *type)
{
  gboolean is_signed = subiter_value_get_kind (value) == SUBITER_VALUE_INT64;

  if (type != NULL && g_variant_type_equal (type, G_VARIANT_TYPE_DOUBLE))
    write_double (writer, is_signed ? (double) subiter_value_get_int64 (value)
                                    : (double) subiter_value_get_uint64 (value));
  else if (is_signed)
    write_int64 (writer, subiter_value_get_int64 (value));
  else
    write_uint64 (writer, subiter_value_get_uint64 (value));
}

/* Whether it is for the variant to say what it is: with @type it is something else, or it
 * is large. */
static gboolean
is_other (Writer *writer,
          const SubiterValue *value,
          const GVariantType *type)
{
  gsize length = 0;

  if (is_full (writer))
    return TRUE;

  switch (subiter_value_get_kind (value))
    {
    case SUBITER_VALUE_STRING:
      subiter_value_get_string (value, &length);
      return length > MAX_STRING;
    case SUBITER_VALUE_BYTES:
      return g_bytes_get_size (subiter_value_get_bytes (value)) > MAX_BYTES;
    case SUBITER_VALUE_ARRAY:
      length = g_bytes_get_size (subiter_value_get_bytes (value));
      if (subiter_value_get_element_type (value) == 'y')
        return length > MAX_BYTES;
      return length / subiter_value_element_size (subiter_value_get_element_type (value)) > MAX_RUN;
    case SUBITER_VALUE_TUPLE:
    case SUBITER_VALUE_LIST:
      return type != NULL && g_variant_type_equal (type, G_VARIANT_TYPE_BYTESTRING);
    default:
      return FALSE;
    }
}

static void
write_buffer (Writer *writer,
              const SubiterValue *value)
{
  char element_type = subiter_value_get_kind (value) == SUBITER_VALUE_ARRAY ? subiter_value_get_element_type (value)
                                                                            : 'y';
  gconstpointer data;
  gsize size;

  data = g_bytes_get_data (subiter_value_get_bytes (value), &size);
  if (element_type == 'y')
    write_bytes (writer, data, size);
  else
    write_run (writer, element_type, data, size / subiter_value_element_size (element_type));
}

/* @type: (nullable): what @value has to be, which it fits */
static void
write_value (Writer *writer,
             const SubiterValue *value,
             const GVariantType *type)
{
  const char *text;
  gsize length;

  while (type != NULL && g_variant_type_is_maybe (type) && subiter_value_get_kind (value) != SUBITER_VALUE_NONE)
    type = g_variant_type_element (type);
  if (type != NULL && g_variant_type_is_variant (type))
    type = NULL;

  if (is_other (writer, value, type))
    {
      write_other (writer, subiter_value_dup_variant (value, type));
      return;
    }

  switch (subiter_value_get_kind (value))
    {
    case SUBITER_VALUE_NONE:
      add_kind (writer, SUBITER_COLUMN_NONE);
      break;
    case SUBITER_VALUE_BOOLEAN:
      write_boolean (writer, subiter_value_get_boolean (value));
      break;
    case SUBITER_VALUE_INT64:
    case SUBITER_VALUE_UINT64:
      write_number (writer, value, type);
      break;
    case SUBITER_VALUE_DOUBLE:
      write_double (writer, subiter_value_get_double (value));
      break;
    case SUBITER_VALUE_STRING:
      text = subiter_value_get_string (value, &length);
      write_string (writer, text, length);
      break;
    case SUBITER_VALUE_BYTES:
    case SUBITER_VALUE_ARRAY:
      write_buffer (writer, value);
      break;
    case SUBITER_VALUE_TUPLE:
    case SUBITER_VALUE_LIST:
    case SUBITER_VALUE_DICT:
      write_members (writer, value, type);
      break;
    case SUBITER_VALUE_VARIANT:
      write_variant (writer, subiter_value_get_variant (value));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
writer_init (Writer *writer)
{
  *writer = (Writer) {
    .text = g_string_new (NULL),
    .others = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref),
  };
}

static gboolean
is_one_column (const Column *kinds,
               guint n_items)
{
  switch ((SubiterColumnKind) (n_items > 0 && kinds->length == n_items ? kinds->data[0] : SUBITER_COLUMN_MIXED))
    {
    case SUBITER_COLUMN_BOOLEAN:
    case SUBITER_COLUMN_INT:
    case SUBITER_COLUMN_DOUBLE:
    case SUBITER_COLUMN_STRING:
      return memcmp (kinds->data, kinds->data + 1, n_items - 1) == 0;
    default:
      return FALSE;
    }
}

static guint8 *
put_column (guint8 *place,
            Column *column)
{
  if (column->length > 0)
    memcpy (place, column->data, column->length);
  place += column->length;
  g_free (column->data);

  return place;
}

static SubiterColumns *
writer_finish (Writer *writer,
               guint n_items)
{
  SubiterColumns *columns = g_new0 (SubiterColumns, 1);
  guint32 head[HEAD_SIZE] = { [HEAD_N_ITEMS] = n_items };
  guint8 *place;

  if (is_one_column (&writer->kinds, n_items))
    {
      head[HEAD_KIND] = writer->kinds.data[0];
      writer->kinds.length = 0;
    }
  head[HEAD_N_NUMBERS] = (guint32) (writer->numbers.length / sizeof (double));
  head[HEAD_N_SIZES] = (guint32) (writer->sizes.length / sizeof (guint32));
  head[HEAD_N_KINDS] = (guint32) writer->kinds.length;
  head[HEAD_N_BYTES] = (guint32) writer->bytes.length;
  head[HEAD_TEXT_LENGTH] = (guint32) writer->text->len;
  head[HEAD_N_OTHERS] = writer->others->len;

  atomic_init (&columns->ref_count, 1);
  columns->text = writer->text;
  columns->others = writer->others;
  columns->size = sizeof head + writer->numbers.length + writer->sizes.length + writer->kinds.length
                  + writer->bytes.length;
  columns->data = place = g_malloc (columns->size);
  memcpy (place, head, sizeof head);
  place = put_column (place + sizeof head, &writer->numbers);
  place = put_column (place, &writer->sizes);
  place = put_column (place, &writer->kinds);
  put_column (place, &writer->bytes);

  return columns;
}

/**
 * subiter_columns_new:
 * @batch: a batch
 *
 * Lays out the items of @batch. What [method@Subiter.Batch.get_item_type] asks for is done:
 * a value is what the variant of the item would tell.
 *
 * Returns: (transfer full): the columns
 */
SubiterColumns *
subiter_columns_new (SubiterBatch *batch)
{
  const SubiterValue *values;
  const GVariantType *type;
  Writer writer;
  guint n_values;

  g_return_val_if_fail (batch != NULL, NULL);

  values = subiter_batch_peek_values (batch, &n_values);
  type = subiter_batch_get_item_type (batch);
  writer_init (&writer);
  for (guint i = 0; i < n_values; i++)
    write_value (&writer, &values[i], type);

  return writer_finish (&writer, n_values);
}

/**
 * subiter_columns_new_for_variant:
 * @variant: any variant
 *
 * Lays out @variant, as one item. This is for what handlers of
 * [signal@Subiter.Source::item] get, and pays for containers.
 *
 * Returns: (transfer full): the columns
 */
SubiterColumns *
subiter_columns_new_for_variant (GVariant *variant)
{
  Writer writer;

  g_return_val_if_fail (variant != NULL, NULL);

  writer_init (&writer);
  write_variant (&writer, variant);

  return writer_finish (&writer, 1);
}

/**
 * subiter_columns_ref:
 * @columns: columns
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @columns
 */
SubiterColumns *
subiter_columns_ref (SubiterColumns *columns)
{
  g_return_val_if_fail (columns != NULL, NULL);

  atomic_fetch_add_explicit (&columns->ref_count, 1, memory_order_relaxed);

  return columns;
}

/**
 * subiter_columns_unref:
 * @columns: (transfer full): columns
 *
 * Gives a reference back.
 */
void
subiter_columns_unref (SubiterColumns *columns)
{
  g_return_if_fail (columns != NULL);

  if (atomic_fetch_sub_explicit (&columns->ref_count, 1, memory_order_acq_rel) != 1)
    return;

  g_free (columns->data);
  g_string_free (columns->text, TRUE);
  g_ptr_array_unref (columns->others);
  g_free (columns);
}

/**
 * subiter_columns_get_data:
 * @columns: columns
 * @size: (out): how many bytes there are
 *
 * Gets the head, the numbers, the sizes, the kinds and the bytes, as the description of
 * [struct@Subiter.Columns] says. In memory they begin at a place that is aligned for
 * doubles.
 *
 * Returns: (transfer none) (array length=size) (element-type guint8): the data, valid as
 *   long as @columns is
 */
const guint8 *
subiter_columns_get_data (SubiterColumns *columns,
                          gsize *size)
{
  g_return_val_if_fail (columns != NULL, NULL);

  *size = columns->size;

  return columns->data;
}

/**
 * subiter_columns_get_text:
 * @columns: columns
 *
 * Gets all strings, one after the other without anything between them.
 *
 * Returns: (transfer none): the text, valid as long as @columns is
 */
const char *
subiter_columns_get_text (SubiterColumns *columns)
{
  g_return_val_if_fail (columns != NULL, NULL);

  return columns->text->str;
}

/**
 * subiter_columns_get_others:
 * @columns: columns
 *
 * Gets what has no place in a column: strings and buffers that are large, and lists that
 * an item-type makes bytes of.
 *
 * Returns: (transfer none) (element-type GLib.Variant): the others, valid as long as
 *   @columns is
 */
GPtrArray *
subiter_columns_get_others (SubiterColumns *columns)
{
  g_return_val_if_fail (columns != NULL, NULL);

  return columns->others;
}
