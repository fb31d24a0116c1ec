/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fuzz.h"

#include "subiter-value-private.h"

G_BEGIN_DECLS

/* Values as a runtime makes them, and what the conversion's tables say of them, written
 * down a second time in the plainest way. */

/* @value: (out); mostly one that fits @type, if that is not NULL */
void fuzz_model_make (SubiterValue *value,
                      FuzzReader *reader,
                      const GVariantType *type);

gboolean fuzz_model_fits (const SubiterValue *value,
                          const GVariantType *type);

/* Whether @variant, which is to be of @type, says what @value says. */
gboolean fuzz_model_equal (const SubiterValue *value,
                           GVariant *variant,
                           const GVariantType *type);

G_END_DECLS
