/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

#define SUBITER_TYPE_INTERPRETER (subiter_interpreter_get_type ())

SUBITER_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (SubiterInterpreter, subiter_interpreter, SUBITER, INTERPRETER, GObject)

SUBITER_AVAILABLE_IN_ALL
SubiterInterpreter *subiter_interpreter_new (const char *runtime);
SUBITER_AVAILABLE_IN_ALL
guint64 subiter_interpreter_get_id (SubiterInterpreter *self);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_interpreter_get_runtime (SubiterInterpreter *self);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_interpreter_get_running (SubiterInterpreter *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_interpreter_call_async (SubiterInterpreter *self,
                                     SubiterCallable *callable,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_interpreter_call_finish (SubiterInterpreter *self,
                                           GAsyncResult *result,
                                           GError **error);
SUBITER_AVAILABLE_IN_ALL
void subiter_interpreter_close_async (SubiterInterpreter *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_interpreter_close_finish (SubiterInterpreter *self,
                                           GAsyncResult *result,
                                           GError **error);

SUBITER_AVAILABLE_IN_ALL
SubiterInterpreterState subiter_interpreter_get_state (SubiterInterpreter *self);
SUBITER_AVAILABLE_IN_ALL
guint subiter_interpreter_get_close_grace_period (SubiterInterpreter *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_interpreter_set_close_grace_period (SubiterInterpreter *self,
                                                 guint period);

G_END_DECLS
