/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-callable-private.h"

#include "subiter-lease-private.h"

/* An argument that is no variant. */
typedef struct
{
  /* the name of a keyword argument; NULL for a positional one */
  char *name;
  /* how many positional arguments of any kind come before it */
  guint position;
  GBytes *bytes;
} BytesArgument;

static void
bytes_argument_free (gpointer data)
{
  BytesArgument *argument = data;

  g_free (argument->name);
  g_bytes_unref (argument->bytes);
  g_free (argument);
}

static void
add_bytes (SubiterCallable *callable,
           const char *name,
           guint position,
           GBytes *bytes)
{
  BytesArgument *argument = g_new0 (BytesArgument, 1);

  if (callable->bytes == NULL)
    callable->bytes = g_ptr_array_new_with_free_func (bytes_argument_free);
  argument->name = g_strdup (name);
  argument->position = position;
  argument->bytes = g_bytes_ref (bytes);
  g_ptr_array_add (callable->bytes, argument);
}

/* All but those whose names are in @kwargs, or @name: what is bound later counts. */
void
subiter_callable_copy_bytes (SubiterCallable *callable,
                             SubiterCallable *from,
                             GVariant *kwargs,
                             const char *name)
{
  for (guint i = 0; from->bytes != NULL && i < from->bytes->len; i++)
    {
      BytesArgument *argument = from->bytes->pdata[i];
      g_autoptr (GVariant) override = NULL;

      if (argument->name != NULL && g_strcmp0 (argument->name, name) == 0)
        continue;
      if (argument->name != NULL && kwargs != NULL)
        override = g_variant_lookup_value (kwargs, argument->name, NULL);
      if (override == NULL)
        add_bytes (callable, argument->name, argument->position, argument->bytes);
    }
}

static guint
count_positional (SubiterCallable *callable)
{
  guint n = callable->args != NULL ? (guint) g_variant_n_children (callable->args) : 0;

  for (guint i = 0; callable->bytes != NULL && i < callable->bytes->len; i++)
    {
      BytesArgument *argument = callable->bytes->pdata[i];

      n += argument->name == NULL;
    }

  return n;
}

/* (transfer full) (nullable): @kwargs without @name, in their order. */
static GVariant *
leave_out (GVariant *kwargs,
           const char *name)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (kwargs == NULL)
    return NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, kwargs);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      if (g_strcmp0 (key, name) != 0)
        g_variant_builder_add (&builder, "{sv}", key, value);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/**
 * subiter_callable_bind_bytes:
 * @callable: a callable
 * @name: (nullable): the name of a keyword argument, or %NULL for the next positional one
 * @bytes: the argument
 *
 * Makes a callable with one more argument bound, whose memory is not copied: the code
 * gets a `memoryview` of it, of unsigned bytes, that it cannot write to. It is to stay
 * as it is for as long as the code has it, which keeps it.
 *
 * Where code, or what runs it, is the last to have it, the reference is given back in the
 * main context that is the thread's default one now, when that is iterated; or, by the
 * thread that calls this now, when it calls this again: what @bytes does at its end is
 * never done by a worker's thread.
 *
 * Returns: (transfer full): a new callable
 */
SubiterCallable *
subiter_callable_bind_bytes (SubiterCallable *callable,
                             const char *name,
                             GBytes *bytes)
{
  g_autoptr (GBytes) lease = NULL;
  SubiterCallable *bound;

  g_return_val_if_fail (callable != NULL, NULL);
  g_return_val_if_fail (name == NULL || g_utf8_validate (name, -1, NULL), NULL);
  g_return_val_if_fail (bytes != NULL, NULL);

  lease = subiter_lease_new (bytes);
  bound = subiter_callable_new (callable->kind, g_strdup (callable->where), g_strdup (callable->attribute));
  if (callable->args != NULL)
    bound->args = g_variant_ref (callable->args);
  bound->kwargs = leave_out (callable->kwargs, name);
  subiter_callable_copy_bytes (bound, callable, NULL, name);
  add_bytes (bound, name, name == NULL ? count_positional (callable) : 0, lease);

  return bound;
}

/**
 * subiter_callable_get_n_bytes:
 * @callable: a callable
 *
 * Tells how many arguments [method@Subiter.Callable.bind_bytes] has bound.
 *
 * Returns: their number
 */
guint
subiter_callable_get_n_bytes (SubiterCallable *callable)
{
  g_return_val_if_fail (callable != NULL, 0);

  return callable->bytes != NULL ? callable->bytes->len : 0;
}

static BytesArgument *
get_bytes (SubiterCallable *callable,
           guint index)
{
  return callable->bytes->pdata[index];
}

/**
 * subiter_callable_get_bytes:
 * @callable: a callable
 * @index: less than [method@Subiter.Callable.get_n_bytes]
 *
 * Gets an argument that is bytes. The last reference to these may be dropped by any
 * thread. Those that are positional come in their order.
 *
 * Returns: (transfer none): the bytes
 */
GBytes *
subiter_callable_get_bytes (SubiterCallable *callable,
                            guint index)
{
  g_return_val_if_fail (callable != NULL, NULL);
  g_return_val_if_fail (index < subiter_callable_get_n_bytes (callable), NULL);

  return get_bytes (callable, index)->bytes;
}

/**
 * subiter_callable_get_bytes_name:
 * @callable: a callable
 * @index: less than [method@Subiter.Callable.get_n_bytes]
 *
 * Gets the name of an argument that is bytes.
 *
 * Returns: (nullable): the name, or %NULL if it is positional
 */
const char *
subiter_callable_get_bytes_name (SubiterCallable *callable,
                                 guint index)
{
  g_return_val_if_fail (callable != NULL, NULL);
  g_return_val_if_fail (index < subiter_callable_get_n_bytes (callable), NULL);

  return get_bytes (callable, index)->name;
}

/**
 * subiter_callable_get_bytes_position:
 * @callable: a callable
 * @index: less than [method@Subiter.Callable.get_n_bytes]
 *
 * Gets where among all positional arguments one is that is bytes. The variants have the
 * places that are left.
 *
 * Returns: the place, from 0 on; 0 too if it is a keyword argument
 */
guint
subiter_callable_get_bytes_position (SubiterCallable *callable,
                                     guint index)
{
  g_return_val_if_fail (callable != NULL, 0);
  g_return_val_if_fail (index < subiter_callable_get_n_bytes (callable), 0);

  return get_bytes (callable, index)->position;
}
