/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

G_BEGIN_DECLS

/* What both programs run in each interpreter: the one with Subiter and the one
 * without. */
#define SOAK_CODE \
  "import json, re, datetime\n" \
  "\n" \
  "def items (n):\n" \
  "    for i in range (n):\n" \
  "        day = datetime.date (2000, 1, 1) + datetime.timedelta (i)\n" \
  "        text = json.dumps ({'number': i, 'day': str (day)})\n" \
  "        yield int (re.search ('[0-9]+', text)[0])\n"

/* No machine needs this long for anything, in s. */
#define SOAK_FAILSAFE 120

/* What the system says about the process. */

static inline gint64
soak_get_rss (void)
{
  g_autofree char *text = NULL;
  gint64 pages;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_nonnull (strchr (text, ' '));
  pages = g_ascii_strtoll (strchr (text, ' '), NULL, 10);

  return pages * sysconf (_SC_PAGESIZE) / 1024;
}

/* What was allocated and not freed, in KiB: unlike the resident set, it has
 * nothing to do with how the allocator keeps what is free. */
static inline gint64
soak_get_heap (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return (gint64) ((info.uordblks + info.hblkhd) / 1024);
}

/* After a cycle. */
static inline void
soak_print_memory (void)
{
  g_print ("memory %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", soak_get_rss (), soak_get_heap ());
}

static inline guint
soak_count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* But for the one that the list is read with. */
static inline guint
soak_count_files (void)
{
  return soak_count_entries ("/proc/self/fd") - 1;
}

/* How many threads there are of a name that begins with @name and a number; if
 * that is NULL, all but those that end by themselves a while after they had
 * something to do. */
static inline guint
soak_count_threads (const char *name)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *id;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((id = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", id, "comm", NULL);
      g_autofree char *text = NULL;

      /* It may be gone by now. */
      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      if (name == NULL)
        n += !g_str_has_prefix (text, "subiter-reaper") && !g_str_has_prefix (text, "subiter-stop");
      else
        n += g_str_has_prefix (text, name) && g_ascii_isdigit (text[strlen (name)]);
    }

  return n;
}

static inline void
soak_print_figure (const char *name,
                   double value)
{
  g_print ("figure %s %.3f\n", name, value);
}

static inline void
soak_check_failsafe (gint64 *failsafe,
                     const char *what)
{
  gint64 now = g_get_monotonic_time ();

  if (*failsafe == 0)
    *failsafe = now + SOAK_FAILSAFE * G_TIME_SPAN_SECOND;
  else if (now > *failsafe)
    g_error ("Waited %d s for: %s", SOAK_FAILSAFE, what);
}

/* Iterates the main context until @condition holds. */
#define soak_wait_for(condition) \
  G_STMT_START \
  { \
    gint64 failsafe_ = 0; \
    while (!(condition)) \
      { \
        soak_check_failsafe (&failsafe_, #condition); \
        if (!g_main_context_iteration (NULL, FALSE)) \
          g_usleep (200); \
      } \
  } \
  G_STMT_END

G_END_DECLS
