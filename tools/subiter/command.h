/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The man page names these. An interruption is 128 plus the signal's number. */
enum
{
  COMMAND_FINISHED = 0,
  COMMAND_FAILED = 1,
  COMMAND_MISUSED = 2,
  COMMAND_TIMED_OUT = 3,
  COMMAND_INTERRUPTED = 128,
};

/* Each takes its own name as argv[0]; the result is an exit status. */
int command_run (int argc,
                 char **argv);

G_END_DECLS
