/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-failure.h"

struct _SubiterFailure
{
  _Atomic int ref_count;
  char *exception_type;
  char *message;
  char *traceback;
  char **notes;
};

/**
 * SubiterFailure:
 *
 * An exception that Python code raised, as text: exceptions do not leave their
 * interpreter as objects.
 *
 * A failure is immutable and may be used from any thread. Get the one of a
 * [struct@GLib.Error] with [func@Subiter.Failure.from_error], or, where a binding
 * copies no more of an error than its domain, code and message, the one of
 * the last iteration with [property@Subiter.Source:failure].
 */
G_DEFINE_BOXED_TYPE (SubiterFailure, subiter_failure, subiter_failure_ref, subiter_failure_unref)

/**
 * subiter_failure_new:
 * @exception_type: the qualified name of the exception's class, as a traceback
 *   shows it
 * @message: `str ()` of the exception
 * @traceback: (nullable): the formatted traceback with its causes
 * @notes: (nullable) (array zero-terminated=1): the exception's notes
 *   ([PEP 678](https://peps.python.org/pep-0678/))
 *
 * Describes an exception. This is for those who write a runtime.
 *
 * Returns: (transfer full): a failure
 */
SubiterFailure *
subiter_failure_new (const char *exception_type,
                     const char *message,
                     const char *traceback,
                     const char *const *notes)
{
  SubiterFailure *failure;

  g_return_val_if_fail (exception_type != NULL, NULL);
  g_return_val_if_fail (message != NULL, NULL);

  failure = g_new0 (SubiterFailure, 1);
  failure->ref_count = 1;
  failure->exception_type = g_strdup (exception_type);
  failure->message = g_strdup (message);
  failure->traceback = g_strdup (traceback);
  failure->notes = notes != NULL ? g_strdupv ((char **) notes) : g_new0 (char *, 1);

  return failure;
}

/**
 * subiter_failure_ref:
 * @failure: a failure
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @failure
 */
SubiterFailure *
subiter_failure_ref (SubiterFailure *failure)
{
  g_return_val_if_fail (failure != NULL, NULL);

  failure->ref_count++;

  return failure;
}

/**
 * subiter_failure_unref:
 * @failure: (transfer full): a failure
 *
 * Gives a reference back.
 */
void
subiter_failure_unref (SubiterFailure *failure)
{
  g_return_if_fail (failure != NULL);

  if (--failure->ref_count > 0)
    return;

  g_free (failure->exception_type);
  g_free (failure->message);
  g_free (failure->traceback);
  g_strfreev (failure->notes);
  g_free (failure);
}

/**
 * subiter_failure_get_exception_type:
 * @failure: a failure
 *
 * Gets the name of the exception's class, such as `ValueError` or
 * `json.decoder.JSONDecodeError`.
 *
 * Returns: the name
 */
const char *
subiter_failure_get_exception_type (SubiterFailure *failure)
{
  g_return_val_if_fail (failure != NULL, NULL);

  return failure->exception_type;
}

/**
 * subiter_failure_get_message:
 * @failure: a failure
 *
 * Gets the exception's own message, which may be empty.
 *
 * Returns: the message
 */
const char *
subiter_failure_get_message (SubiterFailure *failure)
{
  g_return_val_if_fail (failure != NULL, NULL);

  return failure->message;
}

/**
 * subiter_failure_get_traceback:
 * @failure: a failure
 *
 * Gets the traceback as Python prints it, several lines, with the exceptions
 * that caused this one.
 *
 * Returns: (nullable): the traceback
 */
const char *
subiter_failure_get_traceback (SubiterFailure *failure)
{
  g_return_val_if_fail (failure != NULL, NULL);

  return failure->traceback;
}

/**
 * subiter_failure_get_notes:
 * @failure: a failure
 *
 * Gets the notes that were added to the exception.
 *
 * Returns: (transfer none) (array zero-terminated=1): the notes
 */
const char *const *
subiter_failure_get_notes (SubiterFailure *failure)
{
  g_return_val_if_fail (failure != NULL, NULL);

  return (const char *const *) failure->notes;
}
