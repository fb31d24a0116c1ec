/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"
#include "fuzz-variants.h"

#include <string.h>
#include <subiter.h>

/* Two variants that are bound one after the other, as positional or keyword arguments by
 * their type. What is bound is what was given, or it is said what cannot be. */

#define MAX_LEVELS 128

/* Whether it has to be taken. GLib reads no deeper, so that more would be lost on the way. */
static gboolean
is_possible (GVariant *variant)
{
  return !fuzz_variant_has_handle (variant) && fuzz_variant_count_levels (variant) <= MAX_LEVELS;
}

static SubiterCallable *
bind (SubiterCallable *callable,
      GVariant *args,
      GVariant *kwargs)
{
  g_autoptr (GError) error = NULL;
  SubiterCallable *bound = subiter_callable_bind (callable, args, kwargs, &error);

  if (bound == NULL)
    {
      fuzz_assert_error (error);
      g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_ARGUMENT);
      return NULL;
    }
  g_assert_no_error (error);

  return bound;
}

/* What GLib itself makes of it, whatever form it came in. */
static void
assert_same (GVariant *found,
             GVariant *given)
{
  g_autoptr (GVariant) normal_found = g_variant_get_normal_form (found);
  g_autoptr (GVariant) normal_given = g_variant_get_normal_form (given);

  g_assert_true (g_variant_is_of_type (found, g_variant_get_type (given)));
  g_assert_cmpvariant (normal_found, normal_given);
}

static void
check_args (SubiterCallable *callable,
            GVariant *first,
            GVariant *second)
{
  GVariant *args = subiter_callable_get_args (callable);
  gsize n_first = first != NULL ? g_variant_n_children (first) : 0;
  gsize n_second = g_variant_n_children (second);

  g_assert_cmpuint (g_variant_n_children (args), ==, n_first + n_second);
  for (gsize i = 0; i < n_first + n_second; i++)
    {
      g_autoptr (GVariant) found = g_variant_get_child_value (args, i);
      g_autoptr (GVariant) given = i < n_first ? g_variant_get_child_value (first, i)
                                               : g_variant_get_child_value (second, i - n_first);

      assert_same (found, given);
    }
}

static GVariant *
look_up_last (GVariant *kwargs,
              const char *key)
{
  GVariant *value = NULL;

  for (gsize i = 0; kwargs != NULL && i < g_variant_n_children (kwargs); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (kwargs, i);
      g_autoptr (GVariant) key_found = g_variant_get_child_value (entry, 0);
      g_autoptr (GVariant) boxed = g_variant_get_child_value (entry, 1);

      if (g_str_equal (g_variant_get_string (key_found, NULL), key))
        {
          g_clear_pointer (&value, g_variant_unref);
          value = g_variant_get_variant (boxed);
        }
    }

  return value;
}

/* Nothing is lost, nothing comes from elsewhere, and what is bound later counts. */
static void
check_kwargs (SubiterCallable *callable,
              GVariant *first,
              GVariant *second)
{
  GVariant *kwargs = subiter_callable_get_kwargs (callable);

  for (int i = 0; i < 3; i++)
    {
      GVariant *keys = i == 0 ? kwargs : i == 1 ? first : second;

      for (gsize j = 0; keys != NULL && j < g_variant_n_children (keys); j++)
        {
          g_autoptr (GVariant) entry = g_variant_get_child_value (keys, j);
          g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
          g_autoptr (GVariant) found = look_up_last (kwargs, g_variant_get_string (key, NULL));
          g_autoptr (GVariant) given = look_up_last (second, g_variant_get_string (key, NULL));

          if (given == NULL)
            given = look_up_last (first, g_variant_get_string (key, NULL));
          g_assert_nonnull (found);
          g_assert_nonnull (given);
          assert_same (found, given);
        }
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  FuzzReader reader = { data, size };
  g_autoptr (SubiterCallable) callable = subiter_callable_new_for_entry_point ("m:f", NULL);
  g_autoptr (GVariant) previous_args = NULL;
  g_autoptr (GVariant) previous_kwargs = NULL;

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GVariant) variant = fuzz_variant_make (&reader);
      g_autoptr (SubiterCallable) bound = NULL;

      if (variant == NULL)
        return 0;

      if (g_variant_is_of_type (variant, G_VARIANT_TYPE_TUPLE))
        {
          bound = bind (callable, variant, NULL);
          g_assert_true ((bound != NULL) == is_possible (variant));
          if (bound == NULL)
            continue;
          check_args (bound, previous_args, variant);
          g_clear_pointer (&previous_args, g_variant_unref);
          previous_args = g_variant_ref (subiter_callable_get_args (bound));
        }
      else
        {
          bound = bind (callable, NULL, variant);
          g_assert_true ((bound != NULL)
                         == (g_variant_is_of_type (variant, G_VARIANT_TYPE_VARDICT) && is_possible (variant)));
          g_assert_null (bind (callable, variant, NULL));
          if (bound == NULL)
            continue;
          check_kwargs (bound, previous_kwargs, variant);
          g_clear_pointer (&previous_kwargs, g_variant_unref);
          previous_kwargs = g_variant_ref (subiter_callable_get_kwargs (bound));
        }
      g_clear_pointer (&callable, subiter_callable_unref);
      callable = g_steal_pointer (&bound);
    }

  return 0;
}
