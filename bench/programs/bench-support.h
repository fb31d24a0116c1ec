/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <subiter.h>

G_BEGIN_DECLS

/* Arguments are --NAME=VALUE. One that nobody asks for is an error, so that
 * none can be misspelt. */
void bench_parse (int argc,
                  char **argv);
const char *bench_get_string (const char *name,
                              const char *fallback);
gint64 bench_get_int (const char *name,
                      gint64 fallback);
void bench_check_arguments (void);

/* The monotonic clock in ns: the same as time.monotonic_ns () in a worker. */
gint64 bench_now (void);
void bench_spin_until (gint64 until);

/* The result: one JSON object on the standard output. */
void bench_put (const char *name,
                double value);
void bench_put_percentiles (const char *prefix,
                            GArray *values);
void bench_print (void);

/* How much memory the process has, noted whenever there is one worker more. */
typedef struct
{
  GArray *resident;
  GArray *proportional;
} BenchMemory;

void bench_note_memory (BenchMemory *memory);
void bench_put_memory (BenchMemory *memory);

/* What callgrind counts is what happens in between, in all threads. Without it,
 * nothing. */
void bench_begin_counting (void);
void bench_end_counting (void);

/* Ends the program with a message. */
void bench_fail (const char *format,
                 ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;

SubiterSource *bench_new_source (SubiterInterpreter *interpreter,
                                 const char *entry_point,
                                 GVariant *args);
SubiterSource *bench_new_items (SubiterInterpreter *interpreter,
                                const char *kind,
                                gint64 n_items);
gint64 bench_weigh (GVariant *item);
gint64 bench_weigh_value (const SubiterValue *value);

/* Iterates the main context until @condition holds. What hangs is ended by the
 * program that started this one. */
#define bench_wait_for(condition) \
  G_STMT_START \
  { \
    while (!(condition)) \
      g_main_context_iteration (NULL, TRUE); \
  } \
  G_STMT_END

/* Iterates @source to its end, and throws the items away. */
void bench_exhaust (SubiterSource *source);
void bench_close (SubiterSource *source);

G_END_DECLS
