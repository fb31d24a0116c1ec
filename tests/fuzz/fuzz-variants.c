/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-variants.h"

#include <string.h>

#define MAX_DEPTH 60
#define MAX_MEMBERS 12
/* Larger ones take long to look at, and show nothing else. */
#define MAX_RAW 4096

static GVariant *make (FuzzReader *reader,
                       const GVariantType *type,
                       guint depth);

static const char *const boxed_types[] = {
  "b", "y", "n", "q", "i", "u", "x", "t", "d", "s", "o", "g", "v", "mv", "ms", "mmx", "ay", "as", "av", "ax", "ab",
  "ad", "aay", "a{sv}", "a{xs}", "a{dv}", "a{oy}", "a{bv}", "a{sa{sv}}", "()", "(v)", "(sx)", "(a{sv}av)", "{sv}",
  "{yv}", "mas", "a()", "amv", "h", "am(sv)",
};

static GVariant *
make_boxed (FuzzReader *reader,
            guint depth)
{
  guint8 choice = fuzz_reader_take_byte (reader);
  GVariant *variant;
  guint n_boxes;

  if (choice >= 0xf0)
    {
      /* Boxes in boxes, around the depth that GLib reads. */
      n_boxes = 100 + fuzz_reader_take_choice (reader, 60);
      variant = g_variant_new_variant (g_variant_new_byte (choice));
      for (guint i = 0; i < n_boxes; i++)
        variant = choice & 1 ? g_variant_new_variant (variant)
                             : g_variant_new_variant (g_variant_new_array (NULL, &variant, 1));
      return variant;
    }

  variant = make (reader, G_VARIANT_TYPE (boxed_types[choice % G_N_ELEMENTS (boxed_types)]), depth + 1);

  return g_variant_new_variant (variant);
}

static GVariant *
make_members (FuzzReader *reader,
              const GVariantType *type,
              guint depth)
{
  GVariantBuilder builder;
  const GVariantType *member;
  guint n_members;

  g_variant_builder_init (&builder, type);
  if (g_variant_type_is_array (type))
    {
      n_members = depth < MAX_DEPTH ? fuzz_reader_take_choice (reader, MAX_MEMBERS) : 0;
      for (guint i = 0; i < n_members; i++)
        g_variant_builder_add_value (&builder, make (reader, g_variant_type_element (type), depth + 1));
    }
  else
    {
      for (member = g_variant_type_first (type); member != NULL; member = g_variant_type_next (member))
        g_variant_builder_add_value (&builder, make (reader, member, depth + 1));
    }

  return g_variant_builder_end (&builder);
}

static GVariant *
make_maybe (FuzzReader *reader,
            const GVariantType *type,
            guint depth)
{
  const GVariantType *element = g_variant_type_element (type);
  gboolean is_nothing = fuzz_reader_take_choice (reader, 3) == 0;

  return g_variant_new_maybe (element, is_nothing ? NULL : make (reader, element, depth + 1));
}

static GVariant *
make_string (FuzzReader *reader,
             char kind)
{
  static const char *const paths[] = { "/", "/a", "/org/gtk/_1" };
  static const char *const signatures[] = { "", "s", "a{sv}(ii)" };
  g_autofree char *text = NULL;

  if (kind == 'o')
    return g_variant_new_object_path (paths[fuzz_reader_take_choice (reader, G_N_ELEMENTS (paths))]);
  if (kind == 'g')
    return g_variant_new_signature (signatures[fuzz_reader_take_choice (reader, G_N_ELEMENTS (signatures))]);

  text = fuzz_reader_take_text (reader);

  return g_variant_new_string (text);
}

static GVariant *
make (FuzzReader *reader,
      const GVariantType *type,
      guint depth)
{
  char kind = *g_variant_type_peek_string (type);

  switch (kind)
    {
    case 'b':
      return g_variant_new_boolean (fuzz_reader_take_byte (reader) & 1);
    case 'y':
      return g_variant_new_byte (fuzz_reader_take_byte (reader));
    case 'n':
      return g_variant_new_int16 ((gint16) fuzz_reader_take_int (reader));
    case 'q':
      return g_variant_new_uint16 ((guint16) fuzz_reader_take_int (reader));
    case 'i':
      return g_variant_new_int32 ((gint32) fuzz_reader_take_int (reader));
    case 'u':
      return g_variant_new_uint32 ((guint32) fuzz_reader_take_int (reader));
    case 'x':
      return g_variant_new_int64 (fuzz_reader_take_int (reader));
    case 't':
      return g_variant_new_uint64 ((guint64) fuzz_reader_take_int (reader));
    case 'h':
      return g_variant_new_handle (fuzz_reader_take_byte (reader));
    case 'd':
      return g_variant_new_double (fuzz_reader_take_double (reader));
    case 's':
    case 'o':
    case 'g':
      return make_string (reader, kind);
    case 'v':
      return depth < MAX_DEPTH ? make_boxed (reader, depth) : g_variant_new_variant (g_variant_new_byte (0));
    case 'm':
      return make_maybe (reader, type, depth);
    default:
      return make_members (reader, type, depth);
    }
}

GVariant *
fuzz_variant_make (FuzzReader *reader)
{
  g_autofree char *line = fuzz_reader_take_line (reader);
  const GVariantType *type;
  guint8 *copy;
  gsize size;

  if (!g_variant_type_string_is_valid (line) || !g_variant_type_is_definite (G_VARIANT_TYPE (line)))
    return NULL;

  type = G_VARIANT_TYPE (line);
  if (fuzz_reader_take_byte (reader) != 'r')
    return g_variant_ref_sink (make (reader, type, 0));

  size = MIN (reader->size, MAX_RAW);
  copy = g_memdup2 (reader->data, size);
  reader->data += size;
  reader->size -= size;

  return g_variant_ref_sink (g_variant_new_from_data (type, copy, size, FALSE, g_free, copy));
}

gboolean
fuzz_variant_has_handle (GVariant *variant)
{
  if (strchr (g_variant_get_type_string (variant), 'h') != NULL)
    return TRUE;
  if (!g_variant_is_container (variant))
    return FALSE;

  for (gsize i = 0; i < g_variant_n_children (variant); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i);

      if (fuzz_variant_has_handle (child))
        return TRUE;
    }

  return FALSE;
}

static guint
count_type_levels (const GVariantType *type)
{
  guint n_levels = 0;

  if (g_variant_type_is_array (type) || g_variant_type_is_maybe (type))
    return 1 + count_type_levels (g_variant_type_element (type));

  if (g_variant_type_is_tuple (type) || g_variant_type_is_dict_entry (type))
    {
      for (const GVariantType *member = g_variant_type_first (type); member != NULL;
           member = g_variant_type_next (member))
        {
          guint n_below = count_type_levels (member);

          n_levels = MAX (n_levels, n_below);
        }
    }

  return 1 + n_levels;
}

guint
fuzz_variant_count_levels (GVariant *variant)
{
  guint n_levels = count_type_levels (g_variant_get_type (variant));

  if (!g_variant_is_container (variant))
    return n_levels;

  for (gsize i = 0; i < g_variant_n_children (variant); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i);

      guint n_below = fuzz_variant_count_levels (child);

      n_levels = MAX (n_levels, 1 + n_below);
    }

  return n_levels;
}
