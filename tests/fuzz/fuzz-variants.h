/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* A variant of any type: first a line with the type, then how it is made. With an 'r' the
 * rest of the input is its serialised form, which need not be the form of anything: that
 * is how variants come from a bus or a file. Otherwise its members follow.
 *
 * NULL if the line is not a definite type; not floating. */
GVariant *fuzz_variant_make (FuzzReader *reader);

/* Whether a file handle is anywhere in the types of it. */
gboolean fuzz_variant_has_handle (GVariant *variant);

/* How many levels it has, at most, with those that its types stand for. */
guint fuzz_variant_count_levels (GVariant *variant);

G_END_DECLS
