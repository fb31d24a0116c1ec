/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "console.h"

#include "progress-bar.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ProgressBar *bar;
/* whether items go to a terminal, which then is the one with the bar */
static gboolean items_share_terminal;
/* whether something was printed there that has not ended its line: a bar would
 * overwrite it */
static gboolean text_is_mid_line;
static gboolean items_are_mid_line;

gboolean
console_has_bar (void)
{
  return bar != NULL;
}

static void
show_bar (void)
{
  if (bar != NULL && !text_is_mid_line && !items_are_mid_line)
    progress_bar_show (bar);
}

static void
hide_bar (void)
{
  if (bar != NULL)
    progress_bar_hide (bar);
}

void
console_set_progress (double fraction,
                      guint64 n_items,
                      const char *text)
{
  if (bar == NULL)
    return;

  progress_bar_update (bar, fraction, n_items, text);
  show_bar ();
}

/* Prints text as it is. */
void
console_print (const char *text)
{
  gsize length = strlen (text);

  if (length == 0)
    return;

  hide_bar ();
  fputs (text, stderr);
  fflush (stderr);
  text_is_mid_line = text[length - 1] != '\n';
}

/* Prints a line of the program's own. */
void
console_message (const char *format,
                 ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  hide_bar ();
  g_printerr ("%ssubiter: %s\n", text_is_mid_line ? "\n" : "", text);
  text_is_mid_line = FALSE;
}

/* Call these around writing items. */
void
console_before_items (void)
{
  if (items_share_terminal)
    hide_bar ();
}

void
console_after_items (gboolean at_line_start)
{
  if (!items_share_terminal)
    return;

  items_are_mid_line = !at_line_start;
  show_bar ();
}

static const char *
find_field (const GLogField *fields,
            gsize n_fields,
            const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, key) && fields[i].length < 0)
        return fields[i].value;
    }

  return NULL;
}

/* What Python code logs with subiter.log () is for who called the command: it
 * needs no process number and time of day. */
static GLogWriterOutput
write_log (GLogLevelFlags level,
           const GLogField *fields,
           gsize n_fields,
           gpointer user_data)
{
  const char *domain = find_field (fields, n_fields, "GLIB_DOMAIN");
  const char *message = find_field (fields, n_fields, "MESSAGE");

  if (message != NULL && g_strcmp0 (domain, "Subiter") == 0
      && (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_WARNING)) != 0)
    {
      console_message ("%s%s", (level & G_LOG_LEVEL_WARNING) != 0 ? "warning: " : "", message);
      return G_LOG_WRITER_HANDLED;
    }

  hide_bar ();

  return g_log_writer_default (level, fields, n_fields, user_data);
}

void
console_open (int items_fd,
              gboolean wants_bar)
{
  if (wants_bar && progress_bar_is_possible (STDERR_FILENO))
    {
      bar = progress_bar_new (STDERR_FILENO);
      items_share_terminal = isatty (items_fd);
    }
  g_log_set_writer_func (write_log, NULL, NULL);
}

/* Takes the bar away for good. */
void
console_close (void)
{
  g_clear_pointer (&bar, progress_bar_free);
}
