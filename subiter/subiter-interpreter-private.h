/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-interpreter.h"
#include "subiter-run.h"
#include "subiter-wakeup-private.h"

G_BEGIN_DECLS

SubiterPort *subiter_interpreter_submit (SubiterInterpreter *self,
                                         SubiterRun *run,
                                         gboolean *is_behind,
                                         GError **error);
void subiter_interpreter_forget (SubiterInterpreter *self,
                                 guint64 stream_id);
void subiter_interpreter_close (SubiterInterpreter *self,
                                SubiterWakeup *wakeup);
gboolean subiter_interpreter_has_closed (SubiterInterpreter *self,
                                         GError **error);

G_END_DECLS
