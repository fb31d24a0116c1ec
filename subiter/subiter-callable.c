/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-callable-private.h"

#include "subiter-error.h"

#include <string.h>

/* How many levels GLib reads of a serialised variant, those of types included. */
#define MAX_LEVELS 128

/**
 * SubiterCallable:
 *
 * What to run in an interpreter: the name of something callable, with
 * arguments bound to it as `functools.partial ()` binds them.
 *
 * A callable is immutable and may be used from any thread. Making one looks
 * at no file and runs no Python: whether what it names exists shows when it
 * is called.
 */
G_DEFINE_BOXED_TYPE (SubiterCallable, subiter_callable, subiter_callable_ref, subiter_callable_unref)

SubiterCallable *
subiter_callable_new (SubiterCallableKind kind,
                      char *where,
                      char *attribute)
{
  SubiterCallable *callable = g_new0 (SubiterCallable, 1);
  g_autofree char *text = NULL;

  callable->ref_count = 1;
  callable->kind = kind;
  callable->where = where;
  callable->attribute = attribute;
  text = g_strdup_printf ("%s:%s", kind == SUBITER_CALLABLE_SOURCE_CODE ? "<source code>" : where, attribute);
  callable->name = g_ref_string_new (text);

  return callable;
}

/* Names joined by dots. What Python takes for a name beyond ASCII is for
 * Python to say: this catches the typing errors that have another meaning,
 * such as a file name or a call in place of a name. */
static gboolean
is_dotted_name (const char *text)
{
  gboolean at_start = TRUE;

  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '.')
        {
          if (at_start)
            return FALSE;
          at_start = TRUE;
          continue;
        }
      if (!(g_unichar_isalpha (c) || c == '_' || (!at_start && (g_unichar_isalnum (c) || g_unichar_ismark (c)))))
        return FALSE;
      at_start = FALSE;
    }

  return !at_start;
}

static gboolean
check_attribute (const char *attribute,
                 GError **error)
{
  g_autofree char *shown = NULL;

  if (is_dotted_name (attribute))
    return TRUE;

  shown = g_utf8_make_valid (attribute, -1);
  g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE,
               "“%s” is not the name of an attribute; it has to be one such as “main” or “Reader.rows”",
               shown);
  return FALSE;
}

/**
 * subiter_callable_new_for_entry_point:
 * @entry_point: a module and an attribute of it, such as
 *   `"package.module:function"` or `"module:Class.method"`
 * @error: return location for an error
 *
 * Names an attribute of a module that can be imported, in the form of the
 * [entry points specification](https://packaging.python.org/en/latest/specifications/entry-points/).
 *
 * Errors: %SUBITER_ERROR_INVALID_CALLABLE if @entry_point is not of that form.
 *
 * Returns: (transfer full): a callable
 */
SubiterCallable *
subiter_callable_new_for_entry_point (const char *entry_point,
                                      GError **error)
{
  g_autofree char *module = NULL;
  g_autofree char *shown = NULL;
  const char *colon;

  g_return_val_if_fail (entry_point != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  /* a GError's message is UTF-8 */
  shown = g_utf8_make_valid (entry_point, -1);
  colon = strchr (entry_point, ':');
  if (colon == NULL)
    {
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE,
                   "The entry point “%s” has no colon; it has to be “module:attribute”, such as "
                   "“package.module:function”", shown);
      return NULL;
    }

  module = g_strndup (entry_point, colon - entry_point);
  if (!is_dotted_name (module))
    {
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE,
                   "The entry point “%s” does not start with the name of a module; it has to be "
                   "“module:attribute”, such as “package.module:function”", shown);
      return NULL;
    }
  if (!is_dotted_name (colon + 1))
    {
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE,
                   "The entry point “%s” does not end with the name of an attribute; it has to be "
                   "“module:attribute”, such as “package.module:function”", shown);
      return NULL;
    }

  return subiter_callable_new (SUBITER_CALLABLE_ENTRY_POINT, g_steal_pointer (&module), g_strdup (colon + 1));
}

/**
 * subiter_callable_new_for_file:
 * @path: (type filename): the path of a Python file
 * @attribute: the name of a function or class in it
 * @error: return location for an error
 *
 * Names an attribute of a file that need not be importable. The file is run as
 * a module of its own in each interpreter.
 *
 * Errors: %SUBITER_ERROR_INVALID_CALLABLE if @path is empty or @attribute is not
 * a name.
 *
 * Returns: (transfer full): a callable
 */
SubiterCallable *
subiter_callable_new_for_file (const char *path,
                               const char *attribute,
                               GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (attribute != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (*path == '\0')
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE,
                           "The path of the Python file is empty");
      return NULL;
    }
  if (!check_attribute (attribute, error))
    return NULL;

  return subiter_callable_new (SUBITER_CALLABLE_FILE, g_canonicalize_filename (path, NULL), g_strdup (attribute));
}

/**
 * subiter_callable_new_for_source_code:
 * @code: Python source code
 * @attribute: the name of a function or class that it defines
 * @error: return location for an error
 *
 * Names an attribute of a piece of source code, which is run as a module of
 * its own in each interpreter.
 *
 * Errors: %SUBITER_ERROR_INVALID_CALLABLE if @attribute is not a name or @code is
 * not UTF-8.
 *
 * Returns: (transfer full): a callable
 */
SubiterCallable *
subiter_callable_new_for_source_code (const char *code,
                                      const char *attribute,
                                      GError **error)
{
  g_return_val_if_fail (code != NULL, NULL);
  g_return_val_if_fail (attribute != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!g_utf8_validate (code, -1, NULL))
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE,
                           "The source code is not UTF-8");
      return NULL;
    }
  if (!check_attribute (attribute, error))
    return NULL;

  return subiter_callable_new (SUBITER_CALLABLE_SOURCE_CODE, g_strdup (code), g_strdup (attribute));
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

/* Looks for what GVariant can hold and Python cannot, and for what GLib itself would
 * not find again in a serialised variant. @n_levels: those around @variant */
static gboolean
check_member (GVariant *variant,
              guint n_levels,
              GError **error)
{
  const char *type = g_variant_get_type_string (variant);

  if (strchr (type, 'h') != NULL)
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT,
                           "The arguments hold a file handle (“h”), which has no meaning in another "
                           "interpreter; pass the number of an open file descriptor (“i”)");
      return FALSE;
    }
  if (n_levels + count_type_levels (g_variant_get_type (variant)) > MAX_LEVELS)
    {
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT,
                   "The arguments are nested deeper than the %d levels that a GVariant may have",
                   MAX_LEVELS);
      return FALSE;
    }
  if (strchr (type, 'v') == NULL)
    return TRUE;

  for (gsize i = 0; i < g_variant_n_children (variant); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i);

      if (!check_member (child, n_levels + 1, error))
        return FALSE;
    }

  return TRUE;
}

/* The callable may be released on a worker's thread, where nothing of the
 * application's may be called: so it has to own the memory of its arguments,
 * which otherwise could be somebody's GBytes with a destroy-notify. */
static GVariant *
copy_variant (GVariant *variant)
{
  gsize size = g_variant_get_size (variant);
  gpointer data = g_malloc (MAX (size, 1));

  g_variant_store (variant, data);

  return g_variant_ref_sink (g_variant_new_from_data (g_variant_get_type (variant), data, size, FALSE, g_free, data));
}

static GVariant *
join_args (GVariant *first,
           GVariant *second)
{
  g_autoptr (GVariant) joined = NULL;
  GVariantBuilder builder;
  GVariant *member;
  GVariantIter iter;

  if (first == NULL)
    return copy_variant (second);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_TUPLE);
  g_variant_iter_init (&iter, first);
  while ((member = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_variant_builder_add_value (&builder, member);
      g_variant_unref (member);
    }
  g_variant_iter_init (&iter, second);
  while ((member = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_variant_builder_add_value (&builder, member);
      g_variant_unref (member);
    }

  joined = g_variant_ref_sink (g_variant_builder_end (&builder));

  return copy_variant (joined);
}

/* In their order, which Python code can see. */
static GVariant *
join_kwargs (GVariant *first,
             GVariant *second)
{
  g_autoptr (GVariant) joined = NULL;
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (first != NULL)
    {
      g_variant_iter_init (&iter, first);
      while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
        {
          g_autoptr (GVariant) override = g_variant_lookup_value (second, key, NULL);

          if (override == NULL)
            g_variant_builder_add (&builder, "{sv}", key, value);
        }
    }
  g_variant_iter_init (&iter, second);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    g_variant_builder_add (&builder, "{sv}", key, value);
  joined = g_variant_ref_sink (g_variant_builder_end (&builder));

  return copy_variant (joined);
}

/**
 * subiter_callable_bind:
 * @callable: a callable
 * @args: (nullable): positional arguments, a tuple; if floating, it is consumed
 * @kwargs: (nullable): keyword arguments, of type `a{sv}`; if floating, it is
 *   consumed
 * @error: return location for an error
 *
 * Makes a callable with arguments bound. Binding again appends to the
 * positional arguments and overrides keyword arguments of the same name.
 *
 * Errors: %SUBITER_ERROR_INVALID_ARGUMENT if @args is not a tuple, @kwargs is not
 * of type `a{sv}`, or one of them holds a file handle or is nested deeper than a
 * variant may be.
 *
 * Returns: (transfer full): a new callable
 */
SubiterCallable *
subiter_callable_bind (SubiterCallable *callable,
                       GVariant *args,
                       GVariant *kwargs,
                       GError **error)
{
  g_autoptr (GVariant) own_args = args != NULL ? g_variant_ref_sink (args) : NULL;
  g_autoptr (GVariant) own_kwargs = kwargs != NULL ? g_variant_ref_sink (kwargs) : NULL;
  SubiterCallable *bound;

  g_return_val_if_fail (callable != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (own_args != NULL && !g_variant_is_of_type (own_args, G_VARIANT_TYPE_TUPLE))
    {
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT,
                   "The positional arguments are of type “%s”; they have to be a tuple, such as “(%s)”",
                   g_variant_get_type_string (own_args), g_variant_get_type_string (own_args));
      return NULL;
    }
  if (own_kwargs != NULL && !g_variant_is_of_type (own_kwargs, G_VARIANT_TYPE_VARDICT))
    {
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT,
                   "The keyword arguments are of type “%s”; they have to be of type “a{sv}”",
                   g_variant_get_type_string (own_kwargs));
      return NULL;
    }
  if ((own_args != NULL && !check_member (own_args, 0, error))
      || (own_kwargs != NULL && !check_member (own_kwargs, 0, error)))
    return NULL;

  bound = subiter_callable_new (callable->kind, g_strdup (callable->where), g_strdup (callable->attribute));
  if (own_args != NULL)
    bound->args = join_args (callable->args, own_args);
  else if (callable->args != NULL)
    bound->args = g_variant_ref (callable->args);
  if (own_kwargs != NULL)
    bound->kwargs = join_kwargs (callable->kwargs, own_kwargs);
  else if (callable->kwargs != NULL)
    bound->kwargs = g_variant_ref (callable->kwargs);
  subiter_callable_copy_bytes (bound, callable, own_kwargs, NULL);

  return bound;
}

/**
 * subiter_callable_ref:
 * @callable: a callable
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @callable
 */
SubiterCallable *
subiter_callable_ref (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, NULL);

  callable->ref_count++;

  return callable;
}

/**
 * subiter_callable_unref:
 * @callable: (transfer full): a callable
 *
 * Gives a reference back.
 */
void
subiter_callable_unref (SubiterCallable *callable)
{
  g_return_if_fail (callable != NULL);

  if (--callable->ref_count > 0)
    return;

  g_free (callable->where);
  g_free (callable->attribute);
  g_ref_string_release (callable->name);
  g_clear_pointer (&callable->args, g_variant_unref);
  g_clear_pointer (&callable->kwargs, g_variant_unref);
  g_clear_pointer (&callable->bytes, g_ptr_array_unref);
  g_free (callable);
}

/**
 * subiter_callable_get_kind:
 * @callable: a callable
 *
 * Tells how @callable names what is to be called.
 *
 * Returns: the kind
 */
SubiterCallableKind
subiter_callable_get_kind (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, SUBITER_CALLABLE_ENTRY_POINT);

  return callable->kind;
}

/**
 * subiter_callable_get_module:
 * @callable: a callable
 *
 * Gets the name of the module of an entry point.
 *
 * Returns: (nullable): the name, or %NULL if @callable is not an entry point
 */
const char *
subiter_callable_get_module (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, NULL);

  return callable->kind == SUBITER_CALLABLE_ENTRY_POINT ? callable->where : NULL;
}

/**
 * subiter_callable_get_path:
 * @callable: a callable
 *
 * Gets the absolute path of the Python file.
 *
 * Returns: (nullable) (type filename): the path, or %NULL if @callable is not of a
 *   file
 */
const char *
subiter_callable_get_path (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, NULL);

  return callable->kind == SUBITER_CALLABLE_FILE ? callable->where : NULL;
}

/**
 * subiter_callable_get_source_code:
 * @callable: a callable
 *
 * Gets the source code.
 *
 * Returns: (nullable): the code, or %NULL if @callable is not of source code
 */
const char *
subiter_callable_get_source_code (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, NULL);

  return callable->kind == SUBITER_CALLABLE_SOURCE_CODE ? callable->where : NULL;
}

/**
 * subiter_callable_get_attribute:
 * @callable: a callable
 *
 * Gets the name of the attribute that is called, which may have dots in it.
 *
 * Returns: the name
 */
const char *
subiter_callable_get_attribute (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, NULL);

  return callable->attribute;
}

/**
 * subiter_callable_get_args:
 * @callable: a callable
 *
 * Gets the positional arguments that are variants: [method@Subiter.Callable.get_bytes]
 * has others.
 *
 * Returns: (transfer none) (nullable): a tuple, or %NULL if none are bound
 */
GVariant *
subiter_callable_get_args (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, NULL);

  return callable->args;
}

/**
 * subiter_callable_get_kwargs:
 * @callable: a callable
 *
 * Gets the keyword arguments.
 *
 * Returns: (transfer none) (nullable): a variant of type `a{sv}`, or %NULL if none
 *   are bound
 */
GVariant *
subiter_callable_get_kwargs (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, NULL);

  return callable->kwargs;
}

/**
 * subiter_callable_to_string:
 * @callable: a callable
 *
 * Describes @callable for a message: the entry point, the file and attribute,
 * or `<source code>` and the attribute.
 *
 * Returns: (transfer full): the description
 */
char *
subiter_callable_to_string (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, NULL);

  return g_strdup (callable->name);
}

/* (transfer full): the same, without a copy. */
GRefString *
subiter_callable_ref_name (SubiterCallable *callable)
{
  return g_ref_string_acquire (callable->name);
}
