/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "command.h"

#include <subiter.h>

#include <locale.h>
#include <string.h>

typedef struct
{
  const char *name;
  const char *summary;
  int (*main) (int argc,
               char **argv);
} Command;

static const Command commands[] = {
  { "run", "Iterate Python code and print its items", command_run },
};

static const Command *
find_command (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_str_equal (commands[i].name, name))
        return &commands[i];
    }

  return NULL;
}

static char *
describe_usage (void)
{
  GString *text = g_string_new ("Usage:\n  subiter COMMAND [ARGUMENT…]\n\nCommands:\n");

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "  %-10s %s\n", commands[i].name, commands[i].summary);
  g_string_append (text,
                   "  help       Show this, or the help of a command\n"
                   "\n"
                   "Options:\n"
                   "  -h, --help     Show this\n"
                   "  -V, --version  Show the version\n");

  return g_string_free_and_steal (text);
}

static int
call_command (const Command *command,
              int argc,
              char **argv)
{
  g_autofree char *program = g_strconcat ("subiter ", command->name, NULL);

  /* So that its help shows how it is called. */
  g_set_prgname (program);

  return command->main (argc, argv);
}

G_GNUC_PRINTF (1, 2)
static int
misuse (const char *format,
        ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("subiter: %s\nTry “subiter help”.\n", message);

  return COMMAND_MISUSED;
}

static int
show_help (const char *name)
{
  g_autofree char *usage = NULL;
  const Command *command;
  char *arguments[] = { (char *) name, (char *) "--help", NULL };

  if (name == NULL)
    {
      usage = describe_usage ();
      g_print ("%s", usage);
      return COMMAND_FINISHED;
    }

  command = find_command (name);
  if (command == NULL)
    return misuse ("there is no command “%s”", name);

  return call_command (command, 2, arguments);
}

int
main (int argc,
      char **argv)
{
  const Command *command;
  const char *name;

  setlocale (LC_ALL, "");
  g_set_prgname ("subiter");

  if (argc < 2)
    {
      g_autofree char *usage = describe_usage ();

      g_printerr ("%s", usage);
      return COMMAND_MISUSED;
    }

  name = argv[1];
  if (g_str_equal (name, "--help") || g_str_equal (name, "-h"))
    return show_help (NULL);
  if (g_str_equal (name, "help"))
    return show_help (argv[2]);
  if (g_str_equal (name, "--version") || g_str_equal (name, "-V"))
    {
      g_print ("subiter %s\n", SUBITER_VERSION_S);
      return COMMAND_FINISHED;
    }

  command = find_command (name);
  if (command != NULL)
    return call_command (command, argc - 1, argv + 1);

  if (*name == '-')
    return misuse ("there is no option “%s” before a command", name);
  if (strchr (name, ':') != NULL)
    return misuse ("there is no command “%s”; say “subiter run” in front of an entry point", name);

  return misuse ("there is no command “%s”", name);
}
