/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-columns.h"

G_BEGIN_DECLS

/* Reads columns as a binding would, and checks that nothing is left over: the values, as
 * text that does not say which column they were in. */
char *subiter_test_columns_print (SubiterColumns *columns);

/* The same text, of what is found in a variant by asking it. */
char *subiter_test_columns_print_variant (GVariant *variant);

G_END_DECLS
