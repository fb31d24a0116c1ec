/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A python3 that has Python as a library, as a program in C has it. Where python3
 * has it built in, that is not as fast, whoever uses it. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

int
main (int argc,
      char **argv)
{
  return Py_BytesMain (argc, argv);
}
