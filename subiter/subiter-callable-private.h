/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-callable.h"

G_BEGIN_DECLS

/* One type in two rooms: subiter-callable.c, and subiter-callable-bytes.c for arguments that
 * are no variants. */

struct _SubiterCallable
{
  _Atomic int ref_count;
  SubiterCallableKind kind;
  /* the module, the path or the source code */
  char *where;
  char *attribute;
  /* by what people know it */
  GRefString *name;
  GVariant *args;
  GVariant *kwargs;
  /* of BytesArgument, the positional ones in their order; NULL for none */
  GPtrArray *bytes;
};

SubiterCallable *subiter_callable_new (SubiterCallableKind kind,
                                       char *where,
                                       char *attribute);
GRefString *subiter_callable_ref_name (SubiterCallable *callable);
void subiter_callable_copy_bytes (SubiterCallable *callable,
                                  SubiterCallable *from,
                                  GVariant *kwargs,
                                  const char *name);

G_END_DECLS
