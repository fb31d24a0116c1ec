/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

#define SUBITER_TYPE_SOURCE (subiter_source_get_type ())

/**
 * SubiterItemFunc:
 * @source: the source
 * @item: the item
 * @user_data: what was given to [method@Subiter.Source.set_item_func]
 *
 * Takes an item in the source's main context.
 */
typedef void (*SubiterItemFunc) (SubiterSource *source,
                                 GVariant *item,
                                 gpointer user_data);

SUBITER_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (SubiterSource, subiter_source, SUBITER, SOURCE, GObject)

SUBITER_AVAILABLE_IN_ALL
SubiterSource *subiter_source_new (SubiterCallable *callable);
SUBITER_AVAILABLE_IN_ALL
SubiterSource *subiter_source_new_for_entry_point (const char *entry_point,
                                                   GVariant *args,
                                                   GError **error);

SUBITER_AVAILABLE_IN_ALL
void subiter_source_start (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_stop (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_pause (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_resume (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_rewind (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_close_async (SubiterSource *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_source_close_finish (SubiterSource *self,
                                      GAsyncResult *result,
                                      GError **error);

SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_source_next (SubiterSource *self,
                               GCancellable *cancellable,
                               GError **error);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_next_async (SubiterSource *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_source_next_finish (SubiterSource *self,
                                      GAsyncResult *result,
                                      GError **error);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_next_batch_async (SubiterSource *self,
                                      guint max_items,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
SUBITER_AVAILABLE_IN_ALL
GPtrArray *subiter_source_next_batch_finish (SubiterSource *self,
                                             GAsyncResult *result,
                                             GError **error);
SUBITER_AVAILABLE_IN_ALL
SubiterBatch *subiter_source_next_batch_finish_packed (SubiterSource *self,
                                                       GAsyncResult *result,
                                                       GError **error);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_source_poll_batch (SubiterSource *self,
                                    guint max_items,
                                    GCancellable *cancellable,
                                    SubiterBatch **batch,
                                    GError **error);

SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_item_func (SubiterSource *self,
                                   SubiterItemFunc func,
                                   gpointer user_data,
                                   GDestroyNotify destroy);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_add_initializer (SubiterSource *self,
                                     SubiterCallable *initializer);

SUBITER_AVAILABLE_IN_ALL
SubiterCallable *subiter_source_get_callable (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
SubiterInterpreter *subiter_source_get_interpreter (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
const char *subiter_source_get_runtime (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
guint subiter_source_get_buffer_size (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_buffer_size (SubiterSource *self,
                                     guint buffer_size);
SUBITER_AVAILABLE_IN_ALL
guint subiter_source_get_timeout (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_timeout (SubiterSource *self,
                                 guint timeout);
SUBITER_AVAILABLE_IN_ALL
const char *const *subiter_source_get_initializers (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_initializers (SubiterSource *self,
                                      const char *const *entry_points);
SUBITER_AVAILABLE_IN_ALL
const GVariantType *subiter_source_get_item_type (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_item_type (SubiterSource *self,
                                   const GVariantType *item_type);
SUBITER_AVAILABLE_IN_ALL
int subiter_source_get_priority (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_priority (SubiterSource *self,
                                  int priority);
SUBITER_AVAILABLE_IN_ALL
guint subiter_source_get_dispatch_budget (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_dispatch_budget (SubiterSource *self,
                                         guint dispatch_budget);
SUBITER_AVAILABLE_IN_ALL
guint subiter_source_get_dispatch_items (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_dispatch_items (SubiterSource *self,
                                        guint dispatch_items);
SUBITER_AVAILABLE_IN_ALL
const char *const *subiter_source_get_python_path (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_python_path (SubiterSource *self,
                                     const char *const *python_path);
SUBITER_AVAILABLE_IN_ALL
SubiterState subiter_source_get_state (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
guint64 subiter_source_get_n_items (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
double subiter_source_get_progress (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
char *subiter_source_dup_progress_text (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
SubiterFailure *subiter_source_dup_failure (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
guint subiter_source_get_interrupt_delay (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_interrupt_delay (SubiterSource *self,
                                         guint delay);
SUBITER_AVAILABLE_IN_ALL
guint subiter_source_get_grace_period (SubiterSource *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_source_set_grace_period (SubiterSource *self,
                                      guint period);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_source_get_abandoned (SubiterSource *self);

G_END_DECLS
