/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

/**
 * SUBITER_ERROR:
 *
 * The error domain of Subiter. Its codes are those of [error@Subiter.Error].
 */
#define SUBITER_ERROR (subiter_error_quark ())

/**
 * SubiterError:
 * @SUBITER_ERROR_INVALID_CALLABLE: what names a callable is not well formed,
 *   such as an entry point without a colon
 * @SUBITER_ERROR_INVALID_ARGUMENT: an argument has a type or value that the
 *   call cannot use
 * @SUBITER_ERROR_NOT_FOUND: the module, attribute or file that a callable
 *   names does not exist
 * @SUBITER_ERROR_NOT_CALLABLE: the attribute exists, but cannot be called
 * @SUBITER_ERROR_NOT_ITERABLE: the callable returned something that cannot be
 *   iterated
 * @SUBITER_ERROR_RAISED: Python code raised an exception
 * @SUBITER_ERROR_NOT_SHAREABLE: an item has no [struct@GLib.Variant] form
 * @SUBITER_ERROR_WRONG_TYPE: an item does not fit [property@Subiter.Source:item-type]
 * @SUBITER_ERROR_TIMED_OUT: no item came within [property@Subiter.Source:timeout]
 * @SUBITER_ERROR_BUSY: the object is in use in a way that excludes the call
 * @SUBITER_ERROR_CLOSED: the object was closed
 * @SUBITER_ERROR_RUNTIME: a runtime cannot be found, or cannot work in this
 *   process
 * @SUBITER_ERROR_INTERPRETER: an interpreter could not be created
 * @SUBITER_ERROR_ABANDONED: Python code did not end when told to, and its
 *   worker was given up
 * @SUBITER_ERROR_NO_MEMORY: there is not enough memory
 *
 * What can go wrong in Subiter.
 *
 * Errors that come from Python code carry a [struct@Subiter.Failure]: see
 * [func@Subiter.Failure.from_error]. For an item that was refused
 * (%SUBITER_ERROR_NOT_SHAREABLE, %SUBITER_ERROR_WRONG_TYPE) it is a `TypeError` that
 * shows where a generator yielded it; there is none for other iterators.
 */
typedef enum
{
  SUBITER_ERROR_INVALID_CALLABLE,
  SUBITER_ERROR_INVALID_ARGUMENT,
  SUBITER_ERROR_NOT_FOUND,
  SUBITER_ERROR_NOT_CALLABLE,
  SUBITER_ERROR_NOT_ITERABLE,
  SUBITER_ERROR_RAISED,
  SUBITER_ERROR_NOT_SHAREABLE,
  SUBITER_ERROR_WRONG_TYPE,
  SUBITER_ERROR_TIMED_OUT,
  SUBITER_ERROR_BUSY,
  SUBITER_ERROR_CLOSED,
  SUBITER_ERROR_RUNTIME,
  SUBITER_ERROR_INTERPRETER,
  SUBITER_ERROR_ABANDONED,
  SUBITER_ERROR_NO_MEMORY,
} SubiterError;

SUBITER_AVAILABLE_IN_ALL
GQuark subiter_error_quark (void);
SUBITER_AVAILABLE_IN_ALL
GError *subiter_error_new_for_failure (SubiterError code,
                                       SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
SubiterFailure *subiter_failure_from_error (const GError *error);

G_END_DECLS
