/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-worker-private.h"

G_BEGIN_DECLS

/* Where a call sits. */
typedef struct
{
  char *file;
  char *function;
  int line;
} EngineFrame;

/* How deep a stack is looked into, from its innermost frame. */
#define ENGINE_STACK_MAX_FRAMES 4096

EngineFrame *engine_frame_new (char *file,
                               char *function,
                               int line);
void engine_frame_free (EngineFrame *frame);

/* A thread that is neither a main loop's nor the worker's, and holds no GIL. */
char *engine_stack_dup (SubiterPort *port,
                        SubiterRun *run);

/* Any thread; see there. */
GPtrArray *engine_peek_frames (PyThreadState *thread_state);

G_END_DECLS
