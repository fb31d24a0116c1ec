/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* Where a call sits. */
typedef struct
{
  char *file;
  char *function;
  int line;
} EngineFrame;

/* How deep a stack is looked into, from its innermost frame. */
#define ENGINE_FRAMES_MAX 4096

EngineFrame *engine_frame_new (char *file,
                               char *function,
                               int line);
GPtrArray *engine_frames_new (void);

/* a thread that is attached to the interpreter */
GPtrArray *engine_frames_collect (PyThreadState *thread_state);

/* any thread; see there */
GPtrArray *engine_frames_peek (PyThreadState *thread_state);

/* any thread that holds no GIL, and may wait for a disk */
char *engine_frames_format (GPtrArray *frames,
                            SubiterRun *run);

G_END_DECLS
