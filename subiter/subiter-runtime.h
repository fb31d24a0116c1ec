/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

/**
 * SUBITER_RUNTIME_EXTENSION_POINT_NAME:
 *
 * The name of the [struct@Gio.IOExtensionPoint] that runtimes implement.
 */
#define SUBITER_RUNTIME_EXTENSION_POINT_NAME "subiter-runtime"

/**
 * SubiterInterrupt:
 * @SUBITER_INTERRUPT_RAISE: make the code of the run end with an exception
 * @SUBITER_INTERRUPT_KILL: end the worker, whatever it does
 *
 * How hard a runtime is asked to end a run.
 */
typedef enum
{
  SUBITER_INTERRUPT_RAISE,
  SUBITER_INTERRUPT_KILL,
} SubiterInterrupt;

#define SUBITER_TYPE_RUNTIME (subiter_runtime_get_type ())
SUBITER_AVAILABLE_IN_ALL
G_DECLARE_INTERFACE (SubiterRuntime, subiter_runtime, SUBITER, RUNTIME, GObject)

/**
 * SubiterRuntimeInterface:
 * @run: serve the port until [method@Subiter.Port.receive] returns %NULL;
 *   called once a worker, on the worker's own thread
 * @interrupt: end a run that does not end by itself; called from a thread
 *   that is neither a main loop's nor the worker's, and may block
 * @dup_stack: (nullable): tell where the code of a run sits, or, if that is %NULL,
 *   what keeps the worker from ending, as [method@Subiter.Runtime.dup_stack] says;
 *   called from a thread like that of @interrupt
 *
 * What a runtime implements.
 *
 * One object of a runtime's type serves all workers of the process, so @run
 * is entered by several threads at once.
 */
struct _SubiterRuntimeInterface
{
  /*< private >*/
  GTypeInterface parent_iface;

  /*< public >*/
  gboolean (*run) (SubiterRuntime *self,
                   SubiterPort *port,
                   GError **error);
  gboolean (*interrupt) (SubiterRuntime *self,
                         SubiterPort *port,
                         SubiterRun *run,
                         SubiterInterrupt how);
  char *(*dup_stack) (SubiterRuntime *self,
                      SubiterPort *port,
                      SubiterRun *run);

  /*< private >*/
  gpointer padding[7];
};

SUBITER_AVAILABLE_IN_ALL
SubiterRuntime *subiter_runtime_lookup (const char *name,
                                        GError **error);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_runtime_run (SubiterRuntime *self,
                              SubiterPort *port,
                              GError **error);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_runtime_interrupt (SubiterRuntime *self,
                                    SubiterPort *port,
                                    SubiterRun *run,
                                    SubiterInterrupt how);
SUBITER_AVAILABLE_IN_ALL
char *subiter_runtime_dup_stack (SubiterRuntime *self,
                                 SubiterPort *port,
                                 SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
guint subiter_runtime_get_n_abandoned (SubiterRuntime *self);
SUBITER_AVAILABLE_IN_ALL
guint subiter_runtime_get_n_spares (SubiterRuntime *self);
SUBITER_AVAILABLE_IN_ALL
void subiter_runtime_set_n_spares (SubiterRuntime *self,
                                   guint n_spares);
SUBITER_AVAILABLE_IN_ALL
void subiter_runtime_install_properties (GObjectClass *object_class);

G_END_DECLS
