/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-describe-private.h"

G_BEGIN_DECLS

/* Why something did not work out. Functions that take one say that they failed
 * by their return value, with no Python exception left pending. */
typedef struct
{
  EngineWorker *worker;
  /* NULL if the run was interrupted, which is no error */
  GError *error;
} EngineOutcome;

void engine_outcome_fail (EngineOutcome *outcome,
                          SubiterError code,
                          const char *format,
                          ...) G_GNUC_PRINTF (3, 4);
void engine_outcome_take_exception (EngineOutcome *outcome);
void engine_outcome_take_exception_as (EngineOutcome *outcome,
                                       SubiterError code,
                                       const char *format,
                                       ...) G_GNUC_PRINTF (3, 4);
void engine_outcome_locate (EngineOutcome *outcome,
                            PyObject *iterator);

G_END_DECLS
