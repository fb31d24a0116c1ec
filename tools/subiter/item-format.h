/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  ITEM_FORMAT_TEXT,
  ITEM_FORMAT_JSON,
  ITEM_FORMAT_GVARIANT,
} ItemFormat;

gboolean item_format_parse (const char *name,
                            ItemFormat *format,
                            GError **error);
void item_format_append (ItemFormat format,
                         GString *out,
                         GVariant *item);

G_END_DECLS
