/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

#define SUBITER_TYPE_FAILURE (subiter_failure_get_type ())

SUBITER_AVAILABLE_IN_ALL
GType subiter_failure_get_type (void) G_GNUC_CONST;
SUBITER_AVAILABLE_IN_ALL
SubiterFailure *subiter_failure_new (const char *exception_type,
                                     const char *message,
                                     const char *traceback,
                                     const char *const *notes);
SUBITER_AVAILABLE_IN_ALL
SubiterFailure *subiter_failure_with_cause (SubiterFailure *failure,
                                            SubiterFailure *cause,
                                            gboolean is_explicit);
SUBITER_AVAILABLE_IN_ALL
SubiterFailure *subiter_failure_with_members (SubiterFailure *failure,
                                              SubiterFailure *const *members,
                                              gsize n_members);
SUBITER_AVAILABLE_IN_ALL
SubiterFailure *subiter_failure_ref (SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
void subiter_failure_unref (SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_failure_get_exception_type (SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_failure_get_message (SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_failure_get_traceback (SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_failure_get_own_traceback (SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
const char *const *subiter_failure_get_notes (SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
SubiterFailure *subiter_failure_get_cause (SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_failure_is_cause_explicit (SubiterFailure *failure);
SUBITER_AVAILABLE_IN_ALL
GPtrArray *subiter_failure_get_members (SubiterFailure *failure);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SubiterFailure, subiter_failure_unref)

G_END_DECLS
