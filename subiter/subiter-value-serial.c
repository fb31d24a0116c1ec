/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-value-private.h"

#include <string.h>

/* A container in the form that GVariant gives it on a wire, written in one go: a variant
 * for each member, and the builder that puts them together, would cost several
 * allocations and a look at the table of types each.
 *
 * The form is that of the GVariant specification: members are aligned to their type, and
 * the ends of those that have no fixed size are noted behind the last one. Here it is
 * always written at an offset that is aligned for all types, so that alignment within
 * the whole is alignment within each part. */

typedef struct
{
  guint8 *data;
  gsize length;
  gsize allocated;
  guint8 stack[512];

  /* the ends of members of the containers that are being written, outermost first */
  gsize *ends;
  gsize n_ends;
  gsize n_allocated_ends;
  gsize stack_ends[16];

  /* a buffer or a text with more bytes than this is to be shared rather than copied */
  gsize max_buffer;
  gboolean has_large_buffer;
} Writer;

static void write_value (Writer *writer,
                         const SubiterValue *value,
                         const char *type);

static void
writer_init (Writer *writer,
             gsize max_buffer)
{
  writer->data = writer->stack;
  writer->length = 0;
  writer->allocated = sizeof writer->stack;
  writer->ends = writer->stack_ends;
  writer->n_ends = 0;
  writer->n_allocated_ends = G_N_ELEMENTS (writer->stack_ends);
  writer->max_buffer = max_buffer;
  writer->has_large_buffer = FALSE;
}

static void
writer_clear (Writer *writer)
{
  if (writer->data != writer->stack)
    g_free (writer->data);
  if (writer->ends != writer->stack_ends)
    g_free (writer->ends);
}

static GBytes *
writer_end (Writer *writer)
{
  GBytes *bytes;

  if (writer->data == writer->stack)
    {
      bytes = g_bytes_new (writer->data, writer->length);
    }
  else
    {
      bytes = g_bytes_new_take (g_realloc (writer->data, writer->length), writer->length);
      writer->data = writer->stack;
    }
  writer_clear (writer);

  return bytes;
}

static void
writer_grow (Writer *writer,
             gsize n_bytes)
{
  writer->allocated = MAX (writer->allocated * 2, writer->length + n_bytes);
  if (writer->data == writer->stack)
    {
      writer->data = g_malloc (writer->allocated);
      memcpy (writer->data, writer->stack, writer->length);
    }
  else
    {
      writer->data = g_realloc (writer->data, writer->allocated);
    }
}

/* Where the next @n_bytes go. */
static inline guint8 *
writer_add (Writer *writer,
            gsize n_bytes)
{
  guint8 *place;

  if (G_UNLIKELY (writer->allocated - writer->length < n_bytes))
    writer_grow (writer, n_bytes);

  place = writer->data + writer->length;
  writer->length += n_bytes;

  return place;
}

static inline void
writer_append (Writer *writer,
               gconstpointer data,
               gsize n_bytes)
{
  if (n_bytes > 0)
    memcpy (writer_add (writer, n_bytes), data, n_bytes);
}

static inline void
writer_align (Writer *writer,
              gsize alignment)
{
  gsize padding = -writer->length & (alignment - 1);

  if (padding > 0)
    memset (writer_add (writer, padding), 0, padding);
}

static void
writer_note_end (Writer *writer,
                 gsize start)
{
  if (G_UNLIKELY (writer->n_ends == writer->n_allocated_ends))
    {
      gsize n = writer->n_allocated_ends * 2;

      if (writer->ends == writer->stack_ends)
        writer->ends = g_memdup2 (writer->stack_ends, sizeof writer->stack_ends);
      writer->ends = g_renew (gsize, writer->ends, n);
      writer->n_allocated_ends = n;
    }

  writer->ends[writer->n_ends++] = writer->length - start;
}

/* How wide an end has to be for itself, and all others, to be within reach. */
static gsize
get_end_size (gsize body_size,
              gsize n_ends)
{
  if (body_size + n_ends <= G_MAXUINT8)
    return 1;
  if (body_size + 2 * n_ends <= G_MAXUINT16)
    return 2;
  if (body_size + 4 * n_ends <= G_MAXUINT32)
    return 4;

  return 8;
}

static void
writer_append_end (Writer *writer,
                   gsize end,
                   gsize size)
{
  guint64 little = GUINT64_TO_LE ((guint64) end);

  writer_append (writer, &little, size);
}

/* Writes the ends that were noted since there were @n_before, of a container that began
 * at @start: those of an array in order, those of a tuple the other way round. */
static void
writer_append_ends (Writer *writer,
                    gsize start,
                    gsize n_before,
                    gboolean is_array)
{
  gsize n = writer->n_ends - n_before;
  gsize size = get_end_size (writer->length - start, n);

  for (gsize i = 0; i < n; i++)
    writer_append_end (writer, writer->ends[is_array ? n_before + i : writer->n_ends - 1 - i], size);

  writer->n_ends = n_before;
}

/* What comes after the first type in @type, which may be the end of a tuple. */
static const char *
skip_type (const char *type)
{
  guint depth = 0;

  for (;; type++)
    {
      if (*type == '(' || *type == '{')
        depth++;
      else if (*type == ')' || *type == '}')
        depth--;
      else if (*type == 'a' || *type == 'm')
        continue;
      if (depth == 0)
        return type + 1;
    }
}

static gsize
get_alignment (const char *type)
{
  gsize alignment = 1;

  switch (*type)
    {
    case 'n':
    case 'q':
      return 2;
    case 'i':
    case 'u':
      return 4;
    case 'x':
    case 't':
    case 'd':
    case 'v':
      return 8;
    case 'm':
    case 'a':
      return get_alignment (type + 1);
    case '(':
    case '{':
      for (type++; *type != ')' && *type != '}'; type = skip_type (type))
        {
          /* Not within MAX (), which asks twice, and so do those that are asked. */
          gsize own = get_alignment (type);

          alignment = MAX (alignment, own);
        }
      return alignment;
    default:
      return 1;
    }
}

/* Whether all of this type take the same number of bytes. */
static gboolean
is_fixed (const char *type)
{
  switch (*type)
    {
    case '(':
    case '{':
      for (type++; *type != ')' && *type != '}'; type = skip_type (type))
        {
          if (!is_fixed (type))
            return FALSE;
        }
      return TRUE;
    default:
      return subiter_value_element_size (*type) > 0;
    }
}

/* The type of a value as text, on the stack as long as it is short. */
typedef struct
{
  char small[64];
  gsize length;
  GString *long_text;
} TypeText;

static inline void
type_text_append (TypeText *text,
                  const char *type)
{
  for (; *type != '\0'; type++)
    {
      if (G_LIKELY (text->length < sizeof text->small - 1))
        {
          text->small[text->length++] = *type;
          continue;
        }

      if (text->long_text == NULL)
        text->long_text = g_string_new_len (text->small, (gssize) text->length);
      g_string_append_c (text->long_text, *type);
    }
}

static void
type_text_clear (TypeText *text)
{
  if (text->long_text != NULL)
    g_string_free (text->long_text, TRUE);
}

/* The types of the conversion table; NULL where it depends on what is in there. */
static const char *const natural_types[] = {
  [SUBITER_VALUE_NONE] = "mv",
  [SUBITER_VALUE_BOOLEAN] = "b",
  [SUBITER_VALUE_INT64] = "x",
  [SUBITER_VALUE_UINT64] = "t",
  [SUBITER_VALUE_DOUBLE] = "d",
  [SUBITER_VALUE_STRING] = "s",
  [SUBITER_VALUE_BYTES] = "ay",
  [SUBITER_VALUE_LIST] = "av",
  [SUBITER_VALUE_DICT] = "a{sv}",
  [SUBITER_VALUE_VARIANT] = NULL,
};

static void
append_natural_type (TypeText *text,
                     const SubiterValue *value)
{
  const SubiterValueNode *node;

  if (natural_types[value->kind] != NULL)
    {
      type_text_append (text, natural_types[value->kind]);
    }
  else if (value->kind == SUBITER_VALUE_ARRAY)
    {
      type_text_append (text, (const char[]){ 'a', value->element, '\0' });
    }
  else
    {
      g_assert (value->kind == SUBITER_VALUE_TUPLE);
      node = subiter_value_get_node (value);
      type_text_append (text, "(");
      for (gsize i = 0; i < node->n_values; i++)
        append_natural_type (text, &node->values[i]);
      type_text_append (text, ")");
    }
}

/* @text keeps it, or need not. */
static const char *
get_natural_type (const SubiterValue *value,
                  TypeText *text)
{
  text->length = 0;
  text->long_text = NULL;
  if (natural_types[value->kind] != NULL)
    return natural_types[value->kind];

  append_natural_type (text, value);
  text->small[text->length] = '\0';

  return text->long_text != NULL ? text->long_text->str : text->small;
}

/* What a variant of type v holds: the value by the conversion table, and which type that is. */
static void
write_boxed (Writer *writer,
             const SubiterValue *value)
{
  TypeText text;
  const char *type = get_natural_type (value, &text);

  write_value (writer, value, type);
  *writer_add (writer, 1) = '\0';
  writer_append (writer, type, strlen (type));
  type_text_clear (&text);
}

static void
write_buffer (Writer *writer,
              const SubiterValue *value)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (value->data.bytes, &size);

  if (size > writer->max_buffer)
    {
      writer->has_large_buffer = TRUE;
      return;
    }

  if (value->kind == SUBITER_VALUE_ARRAY && value->element == 'b')
    {
      guint8 *booleans = writer_add (writer, size);

      for (gsize i = 0; i < size; i++)
        booleans[i] = data[i] != 0;
    }
  else
    {
      writer_append (writer, data, size);
    }
}

static void
write_pair (Writer *writer,
            const SubiterValue *pair,
            const char *type)
{
  const char *key_type = type + 1;
  const char *value_type = skip_type (key_type);
  gsize start = writer->length;
  gsize n_before = writer->n_ends;

  write_value (writer, &pair[0], key_type);
  if (!is_fixed (key_type))
    writer_note_end (writer, start);
  writer_align (writer, get_alignment (value_type));
  write_value (writer, &pair[1], value_type);

  if (is_fixed (type))
    writer_align (writer, get_alignment (type));
  else
    writer_append_ends (writer, start, n_before, FALSE);
}

/* The elements of an array: one value each, or two where they are pairs. */
static void
write_elements (Writer *writer,
                const SubiterValue *values,
                gsize n_values,
                const char *element)
{
  gsize n_each = *element == '{' ? 2 : 1;
  gsize alignment = get_alignment (element);
  gboolean has_ends = !is_fixed (element);
  gsize start = writer->length;
  gsize n_before = writer->n_ends;

  for (gsize i = 0; i < n_values && !writer->has_large_buffer; i += n_each)
    {
      writer_align (writer, alignment);
      if (n_each == 2)
        write_pair (writer, &values[i], element);
      else
        write_value (writer, &values[i], element);
      if (has_ends)
        writer_note_end (writer, start);
    }

  writer_append_ends (writer, start, n_before, TRUE);
}

static void
write_tuple (Writer *writer,
             const SubiterValue *value,
             const char *type)
{
  const SubiterValueNode *node = subiter_value_get_node (value);
  gsize start = writer->length;
  gsize n_before = writer->n_ends;
  gsize whole_alignment = 1;
  gboolean all_fixed = TRUE;
  const char *member = type + 1;

  for (gsize i = 0; i < node->n_values && !writer->has_large_buffer; i++, member = skip_type (member))
    {
      gsize alignment = get_alignment (member);
      gboolean fixed = is_fixed (member);

      writer_align (writer, alignment);
      write_value (writer, &node->values[i], member);
      if (!fixed && i + 1 < node->n_values)
        writer_note_end (writer, start);
      all_fixed = all_fixed && fixed;
      whole_alignment = MAX (whole_alignment, alignment);
    }

  if (node->n_values == 0)
    *writer_add (writer, 1) = '\0';
  else if (all_fixed)
    writer_align (writer, whole_alignment);
  else
    writer_append_ends (writer, start, n_before, FALSE);
}

/* At an offset that is aligned for @type, of a value that is accepted for it. What is in
 * the union for an int is the same whether it is signed or not. */
static void
write_value (Writer *writer,
             const SubiterValue *value,
             const char *type)
{
  gint64 number = value->data.int64;
  gsize size;

  switch (*type)
    {
    case 'b':
      *writer_add (writer, 1) = value->data.boolean != 0;
      break;
    case 'y':
      *writer_add (writer, 1) = (guint8) number;
      break;
    case 'n':
    case 'q':
      writer_append (writer, &(guint16){ (guint16) number }, 2);
      break;
    case 'i':
    case 'u':
      writer_append (writer, &(guint32){ (guint32) number }, 4);
      break;
    case 'x':
    case 't':
      writer_append (writer, &number, 8);
      break;
    case 'd':
      writer_append (writer, &(double){ subiter_value_to_double (value) }, 8);
      break;
    case 's':
    case 'o':
    case 'g':
      size = subiter_value_get_string_length (value) + 1;
      if (size > writer->max_buffer)
        writer->has_large_buffer = TRUE;
      else
        writer_append (writer, subiter_value_peek_string (value), size);
      break;
    case 'v':
      write_boxed (writer, value);
      break;
    case 'm':
      if (value->kind == SUBITER_VALUE_NONE)
        break;
      write_value (writer, value, type + 1);
      if (!is_fixed (type + 1))
        *writer_add (writer, 1) = '\0';
      break;
    case 'a':
      if (value->kind == SUBITER_VALUE_BYTES || value->kind == SUBITER_VALUE_ARRAY)
        write_buffer (writer, value);
      else
        write_elements (writer, subiter_value_get_node (value)->values, subiter_value_get_node (value)->n_values,
                        type + 1);
      break;
    case '(':
      write_tuple (writer, value, type);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* A variant, floating, of a container that is accepted for @type, or for the conversion
 * table if that is NULL. NULL: it has a buffer or a text of more than @max_buffer bytes in it. */
GVariant *
subiter_value_serialize (const SubiterValue *value,
                         const GVariantType *type,
                         gsize max_buffer)
{
  g_autoptr (GBytes) bytes = NULL;
  const char *type_string;
  GVariant *variant = NULL;
  TypeText text;
  Writer writer;

  text.long_text = NULL;
  type_string = type != NULL ? g_variant_type_peek_string (type) : get_natural_type (value, &text);
  writer_init (&writer, max_buffer);
  write_value (&writer, value, type_string);
  if (writer.has_large_buffer)
    {
      writer_clear (&writer);
    }
  else
    {
      bytes = writer_end (&writer);
      variant = g_variant_new_from_bytes ((const GVariantType *) type_string, bytes, TRUE);
    }
  type_text_clear (&text);

  return variant;
}

/* A variant, floating, of an array of @type whose elements are accepted for that; likewise
 * NULL. */
GVariant *
subiter_value_serialize_array (const SubiterValue *values,
                               gsize n_values,
                               const GVariantType *type,
                               gsize max_buffer)
{
  g_autoptr (GBytes) bytes = NULL;
  Writer writer;

  writer_init (&writer, max_buffer);
  write_elements (&writer, values, n_values, g_variant_type_peek_string (type) + 1);
  if (writer.has_large_buffer)
    {
      writer_clear (&writer);
      return NULL;
    }

  bytes = writer_end (&writer);

  return g_variant_new_from_bytes (type, bytes, TRUE);
}
