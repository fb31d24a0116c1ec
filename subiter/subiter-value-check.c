/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-value-private.h"

#include "subiter-error.h"

#include <math.h>
#include <string.h>

/* How many characters of a place an error names. */
#define MAX_PATH_LENGTH 200

/* How many levels GLib reads of a variant. Those of the type of one that is in another,
 * down to a member that it has not, are among them. */
#define MAX_LEVELS 128

/* What is around a value. An item-type may have levels that are no containers. */
typedef struct
{
  guint n_containers;
  guint n_levels;
} Depth;

/* The way from the item to the value that is looked at, innermost last; made
 * into text only if something is wrong with that value. */
typedef struct _Place Place;
struct _Place
{
  const Place *parent;
  const SubiterValue *container;
  gsize index;
};

static void
append_place (GString *path,
              const Place *place)
{
  const SubiterValue *key;

  if (place == NULL)
    return;

  append_place (path, place->parent);

  if (place->container->kind != SUBITER_VALUE_DICT)
    {
      g_string_append_printf (path, "[%" G_GSIZE_FORMAT "]", place->index);
      return;
    }

  key = &subiter_value_get_node (place->container)->values[place->index * 2];
  switch (key->kind)
    {
    case SUBITER_VALUE_STRING:
      {
        const char *text = subiter_value_peek_string (key);
        gboolean is_name = g_ascii_isalpha (*text) || *text == '_';

        for (const char *p = text; *p != '\0' && is_name; p++)
          is_name = g_ascii_isalnum (*p) || *p == '_';
        if (is_name)
          g_string_append_printf (path, ".%s", text);
        else
          g_string_append_printf (path, "[\"%s\"]", text);
      }
      break;

    case SUBITER_VALUE_INT64:
      g_string_append_printf (path, "[%" G_GINT64_FORMAT "]", key->data.int64);
      break;

    default:
      g_string_append_printf (path, "[key %" G_GSIZE_FORMAT "]", place->index);
    }
}

static char *
place_to_string (const Place *place)
{
  g_autoptr (GString) path = g_string_new ("item");

  append_place (path, place);

  /* A key may be of any length. */
  if (g_utf8_strlen (path->str, -1) > MAX_PATH_LENGTH)
    return g_utf8_truncate_middle (path->str, MAX_PATH_LENGTH);

  return g_string_free_and_steal (g_steal_pointer (&path));
}

static gboolean
integer_fits (const SubiterValue *value,
              gint64 low,
              guint64 high)
{
  if (value->kind == SUBITER_VALUE_UINT64)
    return value->data.uint64 <= high;

  return value->kind == SUBITER_VALUE_INT64 && value->data.int64 >= low
         && (value->data.int64 < 0 || (guint64) value->data.int64 <= high);
}

/* An int is as good as a float as long as the float is the same number. */
static gboolean
real_fits (const SubiterValue *value)
{
  double real;

  switch ((int) value->kind)
    {
    case SUBITER_VALUE_DOUBLE:
      return TRUE;
    case SUBITER_VALUE_INT64:
      real = (double) value->data.int64;
      return real < 0x1p63 && (gint64) real == value->data.int64;
    case SUBITER_VALUE_UINT64:
      real = (double) value->data.uint64;
      return real < 0x1p64 && (guint64) real == value->data.uint64;
    default:
      return FALSE;
    }
}

static gboolean
string_fits (const SubiterValue *value,
             char type)
{
  if (value->kind != SUBITER_VALUE_STRING)
    return FALSE;
  if (type == 'o')
    return g_variant_is_object_path (subiter_value_peek_string (value));
  if (type == 'g')
    return g_variant_is_signature (subiter_value_peek_string (value));
  return TRUE;
}

static gboolean
is_sequence (const SubiterValue *value)
{
  return value->kind == SUBITER_VALUE_LIST || value->kind == SUBITER_VALUE_TUPLE;
}

/* Whether @value is of @type itself, without a look at what it contains. */
gboolean
subiter_value_fits (const SubiterValue *value,
                    const GVariantType *type)
{
  const GVariantType *element;

  switch (*g_variant_type_peek_string (type))
    {
    case 'b':
      return value->kind == SUBITER_VALUE_BOOLEAN;
    case 'y':
      return integer_fits (value, 0, G_MAXUINT8);
    case 'n':
      return integer_fits (value, G_MININT16, G_MAXINT16);
    case 'q':
      return integer_fits (value, 0, G_MAXUINT16);
    case 'i':
      return integer_fits (value, G_MININT32, G_MAXINT32);
    case 'u':
      return integer_fits (value, 0, G_MAXUINT32);
    case 'x':
      return integer_fits (value, G_MININT64, G_MAXINT64);
    case 't':
      return integer_fits (value, 0, G_MAXUINT64);
    case 'd':
      return real_fits (value);
    case 's':
    case 'o':
    case 'g':
      return string_fits (value, *g_variant_type_peek_string (type));
    case 'v':
    case 'm':
      return TRUE;
    case '(':
      return is_sequence (value)
             && subiter_value_get_node (value)->n_values == g_variant_type_n_items (type);
    case 'a':
      element = g_variant_type_element (type);
      if (g_variant_type_is_dict_entry (element))
        return value->kind == SUBITER_VALUE_DICT;
      if (value->kind == SUBITER_VALUE_BYTES)
        return g_variant_type_equal (element, G_VARIANT_TYPE_BYTE);
      if (value->kind == SUBITER_VALUE_ARRAY)
        return *g_variant_type_peek_string (element) == value->element;
      return is_sequence (value);
    case '{':
    case 'h':
    default:
      return FALSE;
    }
}

static gboolean check_typed (const SubiterValue *value,
                             const GVariantType *type,
                             const Place *place,
                             Depth depth,
                             GError **error);

/* With another container around, or, of a variant, more levels. */
static Depth
deepen (Depth depth,
        guint n_containers,
        guint n_levels)
{
  return (Depth) { depth.n_containers + n_containers, depth.n_levels + n_levels };
}

static gboolean
check_depth (Depth depth,
             const Place *place,
             GError **error)
{
  g_autofree char *path = NULL;

  if (depth.n_containers <= SUBITER_VALUE_MAX_DEPTH)
    return TRUE;

  path = place_to_string (place);
  g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE,
               "%s: nested deeper than %d containers; an item may be nested that deep at most",
               path, SUBITER_VALUE_MAX_DEPTH);
  return FALSE;
}

/* Of the type that a value has by itself. */
static guint
count_levels (const SubiterValue *value)
{
  switch ((SubiterValueKind) value->kind)
    {
    case SUBITER_VALUE_NONE:
    case SUBITER_VALUE_BYTES:
    case SUBITER_VALUE_ARRAY:
    case SUBITER_VALUE_LIST:
      return 2;
    case SUBITER_VALUE_DICT:
      return 3;
    case SUBITER_VALUE_BOOLEAN:
    case SUBITER_VALUE_INT64:
    case SUBITER_VALUE_UINT64:
    case SUBITER_VALUE_DOUBLE:
    case SUBITER_VALUE_STRING:
    case SUBITER_VALUE_TUPLE:
    default:
      return 1;
    }
}

static gboolean
check_levels (const SubiterValue *value,
              const Place *place,
              Depth depth,
              GError **error)
{
  g_autofree char *path = NULL;

  if (depth.n_levels + count_levels (value) <= MAX_LEVELS)
    return TRUE;

  path = place_to_string (place);
  g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE,
               "%s: deeper than the %d levels that a GVariant may have; make the item-type less deep",
               path, MAX_LEVELS);
  return FALSE;
}

/* Without a type, the only thing that can be wrong is a key. */
static gboolean
check_untyped (const SubiterValue *value,
               const Place *parent,
               Depth depth,
               GError **error)
{
  const SubiterValueNode *node;
  gboolean is_dict = value->kind == SUBITER_VALUE_DICT;
  Place place = { parent, value, 0 };

  if (!check_levels (value, parent, depth, error))
    return FALSE;
  if (!subiter_value_is_container (value))
    return TRUE;
  depth = deepen (depth, 1, count_levels (value));
  if (!check_depth (depth, parent, error))
    return FALSE;

  node = subiter_value_get_node (value);
  for (gsize i = 0; i < node->n_values; i++)
    {
      place.index = is_dict ? i / 2 : i;
      if (is_dict && i % 2 == 0 && node->values[i].kind != SUBITER_VALUE_STRING)
        {
          g_autofree char *path = place_to_string (parent);

          g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_SHAREABLE,
                       "%s: key %" G_GSIZE_FORMAT " of the dict is of type %s; without an "
                       "item-type that says otherwise, such as \"a{xv}\", the keys have to be str",
                       path, place.index, subiter_value_kind_to_string (node->values[i].kind));
          return FALSE;
        }
      if (!check_untyped (&node->values[i], &place, depth, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
check_members (const SubiterValue *value,
               const GVariantType *type,
               const Place *parent,
               Depth depth,
               GError **error)
{
  const SubiterValueNode *node = subiter_value_get_node (value);
  const GVariantType *member;
  Place place = { parent, value, 0 };

  if (*g_variant_type_peek_string (type) == '(')
    {
      member = g_variant_type_first (type);
      for (gsize i = 0; i < node->n_values; i++, member = g_variant_type_next (member))
        {
          place.index = i;
          if (!check_typed (&node->values[i], member, &place, depth, error))
            return FALSE;
        }
      return TRUE;
    }

  member = g_variant_type_element (type);
  for (gsize i = 0; i < node->n_values; i++)
    {
      const GVariantType *wanted = member;

      place.index = i;
      if (value->kind == SUBITER_VALUE_DICT)
        {
          place.index = i / 2;
          wanted = i % 2 == 0 ? g_variant_type_key (member) : g_variant_type_value (member);
        }
      if (!check_typed (&node->values[i], wanted, &place, depth, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
check_typed (const SubiterValue *value,
             const GVariantType *type,
             const Place *place,
             Depth depth,
             GError **error)
{
  char kind = *g_variant_type_peek_string (type);

  if (kind == 'v')
    return check_untyped (value, place, deepen (depth, 0, 1), error);

  if (kind == 'm')
    {
      if (value->kind == SUBITER_VALUE_NONE)
        return TRUE;
      return check_typed (value, g_variant_type_element (type), place, deepen (depth, 0, 1), error);
    }

  if (!subiter_value_fits (value, type))
    {
      g_autofree char *path = place_to_string (place);
      g_autofree char *wanted = g_variant_type_dup_string (type);

      if (kind == '(' && is_sequence (value))
        g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE,
                     "%s: a %s of %u does not fit \"%s\", which has %" G_GSIZE_FORMAT
                     " members", path, subiter_value_kind_to_string (value->kind),
                     subiter_value_get_node (value)->n_values, wanted, g_variant_type_n_items (type));
      else if (value->kind == SUBITER_VALUE_INT64 && strchr ("ynqiuxtd", kind) != NULL)
        g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE,
                     "%s: %" G_GINT64_FORMAT " is out of the range of \"%s\"",
                     path, value->data.int64, wanted);
      else if (value->kind == SUBITER_VALUE_UINT64 && strchr ("ynqiuxtd", kind) != NULL)
        g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE,
                     "%s: %" G_GUINT64_FORMAT " is out of the range of \"%s\"",
                     path, value->data.uint64, wanted);
      else
        g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_WRONG_TYPE,
                     "%s: a value of type %s does not fit \"%s\"",
                     path, subiter_value_kind_to_string (value->kind), wanted);
      return FALSE;
    }

  if (!subiter_value_is_container (value))
    return TRUE;
  depth = deepen (depth, 1, value->kind == SUBITER_VALUE_DICT ? 2 : 1);
  if (!check_depth (depth, place, error))
    return FALSE;

  return check_members (value, type, place, depth, error);
}

/**
 * subiter_value_check:
 * @value: a value
 * @type: (nullable): the type that it is to have, or %NULL for the one that
 *   the conversion table gives it
 * @error: return location for an error
 *
 * Tells whether @value can be made into a variant of @type, which
 * [method@Subiter.Run.try_push] asks of every value.
 *
 * An `int` fits every integer type whose range it is in, and `d` if a double
 * holds it exactly; a `list` or `tuple` fits arrays and, with the right number
 * of members, tuples; `None` fits a maybe type only.
 *
 * Errors: %SUBITER_ERROR_WRONG_TYPE, naming the first place that does not fit;
 * %SUBITER_ERROR_NOT_SHAREABLE for a key that is not a `str` where no type
 * allows it, and for nesting deeper than %SUBITER_VALUE_MAX_DEPTH, or than a
 * variant can be within a deep @type.
 *
 * Returns: whether it can
 */
gboolean
subiter_value_check (const SubiterValue *value,
                     const GVariantType *type,
                     GError **error)
{
  const Depth outermost = { 0, 0 };

  if (type == NULL)
    return check_untyped (value, NULL, outermost, error);

  return check_typed (value, type, NULL, outermost, error);
}
