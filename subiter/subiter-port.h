/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

#define SUBITER_TYPE_PORT (subiter_port_get_type ())

/**
 * SubiterPortFunc:
 * @port: the port
 * @data: what was given with the function
 *
 * Something that a worker's thread does beside its runs.
 */
typedef void (*SubiterPortFunc) (SubiterPort *port,
                                 gpointer data);

SUBITER_AVAILABLE_IN_ALL
GType subiter_port_get_type (void) G_GNUC_CONST;
SUBITER_AVAILABLE_IN_ALL
SubiterPort *subiter_port_ref (SubiterPort *port);
SUBITER_AVAILABLE_IN_ALL
void subiter_port_unref (SubiterPort *port);
SUBITER_AVAILABLE_IN_ALL
guint64 subiter_port_get_id (SubiterPort *port);
SUBITER_AVAILABLE_IN_ALL
SubiterRun *subiter_port_receive (SubiterPort *port);
SUBITER_AVAILABLE_IN_ALL
void subiter_port_set_chore (SubiterPort *port,
                             SubiterPortFunc func,
                             gpointer data);
SUBITER_AVAILABLE_IN_ALL
void subiter_port_poke (SubiterPort *port);
SUBITER_AVAILABLE_IN_ALL
void subiter_port_wait_for_poke (SubiterPort *port);
SUBITER_AVAILABLE_IN_ALL
void subiter_port_set_epilogue (SubiterPort *port,
                                SubiterPortFunc func,
                                gpointer data);
SUBITER_AVAILABLE_IN_ALL
void subiter_port_begin_wait (SubiterPort *port);
SUBITER_AVAILABLE_IN_ALL
void subiter_port_end_wait (SubiterPort *port);
SUBITER_AVAILABLE_IN_ALL
void subiter_port_set_data (SubiterPort *port,
                            gpointer data,
                            GDestroyNotify destroy);
SUBITER_AVAILABLE_IN_ALL
gpointer subiter_port_get_data (SubiterPort *port);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SubiterPort, subiter_port_unref)

G_END_DECLS
