/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

#define SUBITER_TYPE_CALLABLE (subiter_callable_get_type ())

/**
 * SubiterCallableKind:
 * @SUBITER_CALLABLE_ENTRY_POINT: an attribute of an importable module
 * @SUBITER_CALLABLE_FILE: an attribute of a Python file
 * @SUBITER_CALLABLE_SOURCE_CODE: an attribute of a piece of source code
 *
 * How a [struct@Subiter.Callable] names what is to be called.
 */
typedef enum
{
  SUBITER_CALLABLE_ENTRY_POINT,
  SUBITER_CALLABLE_FILE,
  SUBITER_CALLABLE_SOURCE_CODE,
} SubiterCallableKind;

SUBITER_AVAILABLE_IN_ALL
GType subiter_callable_get_type (void) G_GNUC_CONST;
SUBITER_AVAILABLE_IN_ALL
SubiterCallable *subiter_callable_new_for_entry_point (const char *entry_point,
                                                       GError **error);
SUBITER_AVAILABLE_IN_ALL
SubiterCallable *subiter_callable_new_for_file (const char *path,
                                                const char *attribute,
                                                GError **error);
SUBITER_AVAILABLE_IN_ALL
SubiterCallable *subiter_callable_new_for_source_code (const char *code,
                                                       const char *attribute,
                                                       GError **error);
SUBITER_AVAILABLE_IN_ALL
SubiterCallable *subiter_callable_bind (SubiterCallable *callable,
                                        GVariant *args,
                                        GVariant *kwargs,
                                        GError **error);
SUBITER_AVAILABLE_IN_ALL
SubiterCallable *subiter_callable_bind_bytes (SubiterCallable *callable,
                                              const char *name,
                                              GBytes *bytes);
SUBITER_AVAILABLE_IN_ALL
SubiterCallable *subiter_callable_ref (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
void subiter_callable_unref (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
SubiterCallableKind subiter_callable_get_kind (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_callable_get_module (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_callable_get_path (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_callable_get_source_code (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_callable_get_attribute (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_callable_get_args (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_callable_get_kwargs (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
guint subiter_callable_get_n_bytes (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
GBytes *subiter_callable_get_bytes (SubiterCallable *callable,
                                    guint index);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_callable_get_bytes_name (SubiterCallable *callable,
                                             guint index);
SUBITER_AVAILABLE_IN_ALL
guint subiter_callable_get_bytes_position (SubiterCallable *callable,
                                           guint index);
SUBITER_AVAILABLE_IN_ALL
char *subiter_callable_to_string (SubiterCallable *callable);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SubiterCallable, subiter_callable_unref)

G_END_DECLS
