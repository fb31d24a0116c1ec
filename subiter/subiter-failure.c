/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-failure.h"

#include <stdatomic.h>

/* What Python says between the traceback of a cause and that of its effect. */
#define EXPLICIT_LINK "\nThe above exception was the direct cause of the following exception:\n\n"
#define IMPLICIT_LINK "\nDuring handling of the above exception, another exception occurred:\n\n"

struct _SubiterFailure
{
  _Atomic int ref_count;
  char *exception_type;
  char *message;
  char *own_traceback;
  char **notes;
  SubiterFailure *cause;
  gboolean is_cause_explicit;
  GPtrArray *members;
  /* what is put together of the own one and those of the causes by the first
   * who asks for it, any thread; never without a cause */
  char *_Atomic traceback;
};

/**
 * SubiterFailure:
 *
 * An exception that Python code raised, as text: exceptions do not leave their
 * interpreter as objects.
 *
 * What happened before it is its cause, which may have a cause again
 * ([method@Subiter.Failure.get_cause]); the exceptions of an `ExceptionGroup` are
 * its members ([method@Subiter.Failure.get_members]).
 *
 * A failure is immutable and may be used from any thread. Get the one of a
 * [struct@GLib.Error] with [func@Subiter.Failure.from_error], or, where a binding
 * copies no more of an error than its domain, code and message, the one of
 * the last iteration with [property@Subiter.Source:failure].
 */
G_DEFINE_BOXED_TYPE (SubiterFailure, subiter_failure, subiter_failure_ref, subiter_failure_unref)

static SubiterFailure *
failure_new (const char *exception_type,
             const char *message,
             const char *own_traceback,
             const char *const *notes)
{
  SubiterFailure *failure = g_new0 (SubiterFailure, 1);

  failure->ref_count = 1;
  failure->exception_type = g_strdup (exception_type);
  failure->message = g_strdup (message);
  failure->own_traceback = g_strdup (own_traceback);
  failure->notes = notes != NULL ? g_strdupv ((char **) notes) : g_new0 (char *, 1);
  failure->members = g_ptr_array_new ();

  return failure;
}

static void
add_member (SubiterFailure *failure,
            SubiterFailure *member)
{
  g_ptr_array_add (failure->members, subiter_failure_ref (member));
}

/* A copy, but for what is set afterwards, while nobody else has it. */
static SubiterFailure *
failure_copy (SubiterFailure *failure)
{
  return failure_new (failure->exception_type, failure->message, failure->own_traceback,
                      (const char *const *) failure->notes);
}

/**
 * subiter_failure_new:
 * @exception_type: the qualified name of the exception's class, as a traceback
 *   shows it
 * @message: `str ()` of the exception
 * @traceback: (nullable): the formatted traceback of this exception, without
 *   those of its causes
 * @notes: (nullable) (array zero-terminated=1): the exception's notes
 *   ([PEP 678](https://peps.python.org/pep-0678/))
 *
 * Describes an exception that has no cause. This is for those who write a
 * runtime.
 *
 * Returns: (transfer full): a failure
 */
SubiterFailure *
subiter_failure_new (const char *exception_type,
                     const char *message,
                     const char *traceback,
                     const char *const *notes)
{
  g_return_val_if_fail (exception_type != NULL, NULL);
  g_return_val_if_fail (message != NULL, NULL);

  return failure_new (exception_type, message, traceback, notes);
}

/**
 * subiter_failure_with_cause:
 * @failure: a failure
 * @cause: (transfer none): what happened before it
 * @is_explicit: whether the code named @cause, by `raise … from`
 *
 * Makes a failure that is as @failure is, with another cause. This is for those
 * who write a runtime.
 *
 * Returns: (transfer full): a failure
 */
SubiterFailure *
subiter_failure_with_cause (SubiterFailure *failure,
                            SubiterFailure *cause,
                            gboolean is_explicit)
{
  SubiterFailure *copy;

  g_return_val_if_fail (failure != NULL, NULL);
  g_return_val_if_fail (cause != NULL, NULL);

  copy = failure_copy (failure);
  for (guint i = 0; i < failure->members->len; i++)
    add_member (copy, failure->members->pdata[i]);
  copy->cause = subiter_failure_ref (cause);
  copy->is_cause_explicit = is_explicit != FALSE;

  return copy;
}

/**
 * subiter_failure_with_members:
 * @failure: a failure
 * @members: (array length=n_members) (transfer none): the exceptions of the group
 * @n_members: how many
 *
 * Makes a failure that is as @failure is, of a group of exceptions. This is for
 * those who write a runtime.
 *
 * Returns: (transfer full): a failure
 */
SubiterFailure *
subiter_failure_with_members (SubiterFailure *failure,
                              SubiterFailure *const *members,
                              gsize n_members)
{
  SubiterFailure *copy;

  g_return_val_if_fail (failure != NULL, NULL);
  g_return_val_if_fail (members != NULL || n_members == 0, NULL);

  copy = failure_copy (failure);
  for (gsize i = 0; i < n_members; i++)
    add_member (copy, members[i]);
  if (failure->cause != NULL)
    copy->cause = subiter_failure_ref (failure->cause);
  copy->is_cause_explicit = failure->is_cause_explicit;

  return copy;
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

static gboolean
drop_reference (SubiterFailure *failure)
{
  return --failure->ref_count == 0;
}

/* Frees what has no reference any more, and what goes with that: there may be
 * as many causes of causes, and groups in groups, as somebody liked. */
static void
free_all (SubiterFailure *first)
{
  g_autoptr (GPtrArray) failures = g_ptr_array_new ();

  g_ptr_array_add (failures, first);
  while (failures->len > 0)
    {
      SubiterFailure *failure = g_ptr_array_steal_index_fast (failures, failures->len - 1);
      char *traceback = failure->traceback;

      if (failure->cause != NULL && drop_reference (failure->cause))
        g_ptr_array_add (failures, failure->cause);
      for (guint i = 0; i < failure->members->len; i++)
        {
          if (drop_reference (failure->members->pdata[i]))
            g_ptr_array_add (failures, failure->members->pdata[i]);
        }

      g_ptr_array_unref (failure->members);
      g_free (failure->exception_type);
      g_free (failure->message);
      g_free (traceback);
      g_free (failure->own_traceback);
      g_strfreev (failure->notes);
      g_free (failure);
    }
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

  if (drop_reference (failure))
    free_all (failure);
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

/* What Python would print without a traceback. */
static void
append_line (GString *text,
             SubiterFailure *failure)
{
  g_string_append_printf (text, "%s%s%s\n", failure->exception_type,
                          *failure->message != '\0' ? ": " : "", failure->message);
}

/* The first cause comes first. */
static char *
join_tracebacks (SubiterFailure *failure)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new ();
  GString *text = g_string_new (NULL);

  for (SubiterFailure *link = failure; link != NULL; link = link->cause)
    g_ptr_array_add (chain, link);

  for (guint i = chain->len; i > 0; i--)
    {
      SubiterFailure *link = chain->pdata[i - 1];

      if (link->cause != NULL)
        g_string_append (text, link->is_cause_explicit ? EXPLICIT_LINK : IMPLICIT_LINK);
      if (link->own_traceback == NULL)
        append_line (text, link);
      else
        g_string_append (text, link->own_traceback);
      if (text->len > 0 && text->str[text->len - 1] != '\n')
        g_string_append_c (text, '\n');
    }

  return g_string_free_and_steal (text);
}

/**
 * subiter_failure_get_traceback:
 * @failure: a failure
 *
 * Gets the traceback as Python prints it, several lines, with those of the
 * exceptions that caused this one before it.
 *
 * Returns: (nullable): the traceback
 */
const char *
subiter_failure_get_traceback (SubiterFailure *failure)
{
  char *traceback;
  char *expected = NULL;

  g_return_val_if_fail (failure != NULL, NULL);

  if (failure->cause == NULL)
    return failure->own_traceback;

  traceback = atomic_load (&failure->traceback);
  if (traceback != NULL)
    return traceback;

  traceback = join_tracebacks (failure);
  if (atomic_compare_exchange_strong (&failure->traceback, &expected, traceback))
    return traceback;

  /* Another thread was quicker. */
  g_free (traceback);

  return expected;
}

/**
 * subiter_failure_get_own_traceback:
 * @failure: a failure
 *
 * Gets the traceback of this exception alone: for those who go through its
 * causes themselves.
 *
 * Returns: (nullable): the traceback
 */
const char *
subiter_failure_get_own_traceback (SubiterFailure *failure)
{
  g_return_val_if_fail (failure != NULL, NULL);

  return failure->own_traceback;
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

/**
 * subiter_failure_get_cause:
 * @failure: a failure
 *
 * Gets the exception that this one came of: the one that its code named, by
 * `raise … from`, or else the one that was handled when it was raised, unless the
 * code said `from None`.
 *
 * Of causes of causes, a runtime may leave out those that are far away; the notes
 * of the last one say so.
 *
 * Returns: (transfer none) (nullable): the cause
 */
SubiterFailure *
subiter_failure_get_cause (SubiterFailure *failure)
{
  g_return_val_if_fail (failure != NULL, NULL);

  return failure->cause;
}

/**
 * subiter_failure_is_cause_explicit:
 * @failure: a failure
 *
 * Tells whether the code named the cause, by `raise … from`. If not, the
 * exception was raised while the cause was handled, perhaps by mistake.
 *
 * Returns: whether it did; %FALSE without a cause
 */
gboolean
subiter_failure_is_cause_explicit (SubiterFailure *failure)
{
  g_return_val_if_fail (failure != NULL, FALSE);

  return failure->is_cause_explicit;
}

/**
 * subiter_failure_get_members:
 * @failure: a failure
 *
 * Gets the exceptions that an `ExceptionGroup` has in it. It must not be changed.
 *
 * Returns: (transfer none) (element-type SubiterFailure): the members, none if it
 *   is no group
 */
GPtrArray *
subiter_failure_get_members (SubiterFailure *failure)
{
  g_return_val_if_fail (failure != NULL, NULL);

  return failure->members;
}
