/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-error-private.h"

#include "subiter-failure.h"

typedef struct
{
  SubiterFailure *failure;
} SubiterErrorPrivate;

static void
subiter_error_private_init (SubiterErrorPrivate *priv)
{
  priv->failure = NULL;
}

static void
subiter_error_private_copy (const SubiterErrorPrivate *src,
                            SubiterErrorPrivate *dest)
{
  dest->failure = src->failure != NULL ? subiter_failure_ref (src->failure) : NULL;
}

static void
subiter_error_private_clear (SubiterErrorPrivate *priv)
{
  g_clear_pointer (&priv->failure, subiter_failure_unref);
}

/**
 * subiter_error_quark:
 *
 * Gets the error domain of Subiter.
 *
 * Returns: the quark of %SUBITER_ERROR
 */
/* The name of the quark is part of how bindings find the domain. */
G_DEFINE_EXTENDED_ERROR (SubiterError, subiter_error)

/* A binding may know the domain by its name alone, and make an error of it before
 * anything here was called. One that is made before the domain is registered has no
 * room for what belongs to it, which is looked for all the same ever after. */
__attribute__ ((constructor)) static void
register_domain (void)
{
  subiter_error_quark ();
}

/**
 * subiter_error_new_for_failure: (skip)
 * @code: the code
 * @failure: (transfer none): the exception
 *
 * Makes an error whose message is the one line by which Python ends a
 * traceback, and that carries @failure. This is for those who write a runtime.
 *
 * Returns: (transfer full): an error
 */
GError *
subiter_error_new_for_failure (SubiterError code,
                               SubiterFailure *failure)
{
  const char *message = subiter_failure_get_message (failure);
  SubiterErrorPrivate *priv;
  GError *error;

  error = g_error_new (SUBITER_ERROR, code, "%s%s%s",
                       subiter_failure_get_exception_type (failure),
                       *message != '\0' ? ": " : "", message);
  priv = subiter_error_get_private (error);
  priv->failure = subiter_failure_ref (failure);

  return error;
}

/**
 * subiter_failure_from_error:
 * @error: an error
 *
 * Gets the Python exception that @error tells of.
 *
 * PyGObject hands a copy without it to this function: use
 * [property@Subiter.Source:failure] there.
 *
 * Returns: (transfer none) (nullable): the failure, or %NULL if @error is not of
 *   the domain %SUBITER_ERROR or does not come from Python
 */
SubiterFailure *
subiter_failure_from_error (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  if (error->domain != SUBITER_ERROR)
    return NULL;

  return subiter_error_get_private (error)->failure;
}

/* The whole story in words, for a log. */
char *
subiter_error_describe (const GError *error)
{
  SubiterFailure *failure = subiter_failure_from_error (error);
  const char *traceback = failure != NULL ? subiter_failure_get_traceback (failure) : NULL;

  if (traceback == NULL)
    return g_strdup (error->message);

  return g_strchomp (g_strdup_printf ("%s\n%s", error->message, traceback));
}
