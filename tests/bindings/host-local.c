/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that loads its code, and with it the library, so that nobody else
 * finds their symbols, as many plugin systems do: host-local LIBRARY MOMENT CODE
 * WAY-OUT. It is not linked to the library, nor to GLib. */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef int (*MainFunc) (int argc, char **argv);

int
main (int argc,
      char **argv)
{
  void *library = dlopen (argv[1], RTLD_NOW | RTLD_LOCAL);
  void *symbol = library != NULL ? dlsym (library, "host_main") : NULL;
  MainFunc host_main;

  if (symbol == NULL)
    {
      fprintf (stderr, "%s\n", dlerror ());
      return 100;
    }
  if (dlsym (RTLD_DEFAULT, "subiter_source_start") != NULL)
    {
      fputs ("the library is global\n", stderr);
      return 101;
    }
  memcpy (&host_main, &symbol, sizeof host_main);

  return host_main (argc - 1, argv + 1);
}
