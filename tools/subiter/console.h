/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Standard error: messages, what Python code prints, and under it all, if it is
 * a terminal, a progress bar. There is one in a program. */
void console_open (int items_fd,
                   gboolean wants_bar);
void console_close (void);

gboolean console_has_bar (void);
void console_set_progress (double fraction,
                           guint64 n_items,
                           const char *text);

void console_print (const char *text);
void console_message (const char *format,
                      ...) G_GNUC_PRINTF (1, 2);

void console_before_items (void);
void console_after_items (gboolean at_line_start);

G_END_DECLS
