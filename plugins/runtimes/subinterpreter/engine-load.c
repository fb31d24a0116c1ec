/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-load-private.h"

#include <string.h>

/* Modules that were not imported have names of their own, which cannot be
 * in the way of importable ones. */
#define FILE_PREFIX "_subiter_file_"
#define CODE_PREFIX "_subiter_code_"

/* What is left of a text where such a name begins: "_subiter_file_1_plot.BadData"
 * reads "plot.BadData"; of source code, which has no name, "BadData" is left. */
static const char *
skip_mangling (const char *text)
{
  gsize n_digits;

  if (g_str_has_prefix (text, FILE_PREFIX))
    {
      text += strlen (FILE_PREFIX);
      n_digits = strspn (text, "0123456789");
      return n_digits > 0 && text[n_digits] == '_' ? text + n_digits + 1 : NULL;
    }

  if (g_str_has_prefix (text, CODE_PREFIX))
    {
      text += strlen (CODE_PREFIX);
      n_digits = strspn (text, "0123456789");
      return n_digits > 0 && text[n_digits] == '.' ? text + n_digits + 1 : NULL;
    }

  return NULL;
}

/* (transfer full): @text as one who does not know of those names expects it. */
char *
engine_unmangle_text (char *text)
{
  const char *from = text;
  char *to = text;

  while (*from != '\0')
    {
      const char *rest = *from == '_' ? skip_mangling (from) : NULL;

      if (rest != NULL)
        from = rest;
      else
        *to++ = *from++;
    }
  *to = '\0';

  return text;
}

/* Whether the pending exception says that @module itself, or a package that it
 * is in, is not there: rather than one that its code wants to import. Code that
 * ran has left a frame. */
static gboolean
is_module_missing (const char *module)
{
  g_autoptr (PyObject) exception = NULL;
  g_autoptr (PyObject) traceback = NULL;
  g_autoptr (PyObject) name = NULL;
  const char *text;
  gboolean missing = FALSE;

  if (!PyErr_ExceptionMatches (PyExc_ModuleNotFoundError))
    return FALSE;

  exception = PyErr_GetRaisedException ();
  traceback = PyException_GetTraceback (exception);
  name = PyObject_GetAttrString (exception, "name");
  text = name != NULL && PyUnicode_Check (name) ? PyUnicode_AsUTF8 (name) : NULL;
  if (text != NULL && traceback == NULL)
    {
      gsize length = strlen (text);

      missing = strncmp (module, text, length) == 0 && (module[length] == '\0' || module[length] == '.');
    }
  PyErr_Clear ();
  PyErr_SetRaisedException (g_steal_pointer (&exception));

  return missing;
}

/* Folders are remembered with what was in them; a file that has come since
 * then is to be found when it is tried again. */
static void
forget_folders (void)
{
  g_autoptr (PyObject) module = PyImport_ImportModule ("importlib");
  g_autoptr (PyObject) result = NULL;

  if (module != NULL)
    result = PyObject_CallMethod (module, "invalidate_caches", NULL);
  PyErr_Clear ();
}

static PyObject *
import_module (EngineInterpreter *self,
               const char *name,
               EngineOutcome *outcome)
{
  PyObject *module;

  if (self->import_failed)
    forget_folders ();

  module = PyImport_ImportModule (name);
  self->import_failed = module == NULL;
  if (module != NULL)
    return module;

  if (is_module_missing (name))
    engine_outcome_take_exception_as (outcome, SUBITER_ERROR_NOT_FOUND,
                                      "module \"%s\" was not found; it has to be installed for Python %d.%d, "
                                      "or in a folder of python-path",
                                      name, PY_MAJOR_VERSION, PY_MINOR_VERSION);
  else
    engine_outcome_take_exception (outcome);

  return NULL;
}

static char *
make_file_module_name (EngineInterpreter *self,
                       const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  char *dot = strrchr (name, '.');

  if (dot != NULL && dot != name)
    *dot = '\0';
  g_strcanon (name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS, '_');

  return g_strdup_printf (FILE_PREFIX "%u_%s", ++self->n_loaded, name);
}

/* Makes the module, without running its code. */
static PyObject *
make_file_module (PyObject *util,
                  const char *name,
                  const char *path,
                  PyObject **loader)
{
  g_autoptr (PyObject) location = PyUnicode_DecodeFSDefault (path);
  g_autoptr (PyObject) spec = NULL;
  PyObject *module;

  if (location == NULL)
    return NULL;

  /* None, where the suffix is not one of Python's: it is Python all the same. */
  spec = PyObject_CallMethod (util, "spec_from_file_location", "sO", name, location);
  if (spec == Py_None)
    {
      g_autoptr (PyObject) machinery = PyImport_ImportModule ("importlib.machinery");
      g_autoptr (PyObject) source_loader = NULL;

      if (machinery != NULL)
        source_loader = PyObject_CallMethod (machinery, "SourceFileLoader", "sO", name, location);
      Py_CLEAR (spec);
      if (source_loader != NULL)
        spec = PyObject_CallMethod (util, "spec_from_loader", "sO", name, source_loader);
    }
  if (spec == NULL)
    return NULL;

  module = PyObject_CallMethod (util, "module_from_spec", "O", spec);
  if (module == NULL)
    return NULL;

  *loader = PyObject_GetAttrString (spec, "loader");
  if (*loader == NULL)
    Py_CLEAR (module);

  return module;
}

/* Puts a module where pickle, dataclasses and others look for it by its name,
 * or takes it away without touching the pending exception. */
static gboolean
register_module (const char *name,
                 PyObject *module)
{
  return PyDict_SetItemString (PyImport_GetModuleDict (), name, module) == 0;
}

static void
unregister_module (const char *name)
{
  PyObject *exception = PyErr_GetRaisedException ();

  if (PyDict_DelItemString (PyImport_GetModuleDict (), name) != 0)
    PyErr_Clear ();
  PyErr_SetRaisedException (exception);
}

static PyObject *
run_file (EngineInterpreter *self,
          const char *path)
{
  g_autofree char *name = make_file_module_name (self, path);
  g_autoptr (PyObject) util = PyImport_ImportModule ("importlib.util");
  g_autoptr (PyObject) loader = NULL;
  g_autoptr (PyObject) module = NULL;
  g_autoptr (PyObject) result = NULL;

  if (util != NULL)
    module = make_file_module (util, name, path, &loader);
  if (module == NULL || !register_module (name, module))
    return NULL;

  result = PyObject_CallMethod (loader, "exec_module", "O", module);
  if (result == NULL)
    {
      unregister_module (name);
      return NULL;
    }

  return g_steal_pointer (&module);
}

/* So that tracebacks can show the lines. */
static void
remember_lines (const char *file_name,
                PyObject *text)
{
  g_autoptr (PyObject) linecache = PyImport_ImportModule ("linecache");
  g_autoptr (PyObject) io = PyImport_ImportModule ("io");
  g_autoptr (PyObject) cache = NULL;
  g_autoptr (PyObject) file = NULL;
  g_autoptr (PyObject) lines = NULL;
  g_autoptr (PyObject) entry = NULL;

  if (linecache != NULL && io != NULL)
    cache = PyObject_GetAttrString (linecache, "cache");
  if (cache != NULL)
    file = PyObject_CallMethod (io, "StringIO", "OO", text, Py_None);
  if (file != NULL)
    lines = PyObject_CallMethod (file, "readlines", NULL);
  if (lines != NULL)
    entry = Py_BuildValue ("(nOOs)", PyUnicode_GET_LENGTH (text), Py_None, lines, file_name);
  if (entry != NULL && PyDict_Check (cache))
    PyDict_SetItemString (cache, file_name, entry);
  PyErr_Clear ();
}

static PyObject *
compile_code (const char *source_code,
              const char *file_name)
{
  PyCompilerFlags flags = {
    .cf_flags = PyCF_SOURCE_IS_UTF8 | PyCF_IGNORE_COOKIE,
    .cf_feature_version = PY_MINOR_VERSION,
  };
  g_autoptr (PyObject) text = PyUnicode_FromString (source_code);

  if (text == NULL)
    return NULL;

  remember_lines (file_name, text);

  return Py_CompileStringExFlags (source_code, file_name, Py_file_input, &flags, -1);
}

static PyObject *
run_source_code (EngineInterpreter *self,
                 const char *source_code)
{
  guint number = ++self->n_loaded;
  g_autofree char *name = g_strdup_printf (CODE_PREFIX "%u", number);
  g_autofree char *file_name = g_strdup_printf ("<subiter:%u>", number);
  g_autoptr (PyObject) code = compile_code (source_code, file_name);
  g_autoptr (PyObject) module = NULL;
  g_autoptr (PyObject) result = NULL;
  PyObject *names;

  if (code != NULL)
    module = PyModule_New (name);
  if (module == NULL)
    return NULL;

  names = PyModule_GetDict (module);
  if (PyDict_SetItemString (names, "__builtins__", PyEval_GetBuiltins ()) != 0
      || !register_module (name, module))
    return NULL;

  result = PyEval_EvalCode (code, names, names);
  if (result == NULL)
    {
      unregister_module (name);
      return NULL;
    }

  return g_steal_pointer (&module);
}

static gboolean
check_file (const char *path,
            EngineOutcome *outcome)
{
  g_autofree char *name = NULL;

  if (g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;

  name = g_filename_display_name (path);
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    engine_outcome_fail (outcome, SUBITER_ERROR_NOT_FOUND,
                         "\"%s\" is a folder; it has to be a file of Python code", name);
  else
    engine_outcome_fail (outcome, SUBITER_ERROR_NOT_FOUND, "file \"%s\" does not exist", name);

  return FALSE;
}

/* Loads the module that @callable is of: once an interpreter, so that an
 * initializer and the callable it prepares for share its variables. A module
 * that failed is loaded anew the next time. */
PyObject *
engine_load_module (EngineInterpreter *self,
                    SubiterCallable *callable,
                    EngineOutcome *outcome)
{
  const char *path = subiter_callable_get_path (callable);
  const char *source_code = subiter_callable_get_source_code (callable);
  g_autofree char *key = NULL;
  PyObject *module;

  if (subiter_callable_get_kind (callable) == SUBITER_CALLABLE_ENTRY_POINT)
    return import_module (self, subiter_callable_get_module (callable), outcome);

  key = path != NULL ? g_strconcat ("file:", path, NULL) : g_strconcat ("code:", source_code, NULL);
  module = g_hash_table_lookup (self->loaded, key);
  if (module != NULL)
    return Py_NewRef (module);

  if (path != NULL && !check_file (path, outcome))
    return NULL;

  module = path != NULL ? run_file (self, path) : run_source_code (self, source_code);
  if (module == NULL)
    {
      engine_outcome_take_exception (outcome);
      return NULL;
    }

  g_hash_table_insert (self->loaded, g_steal_pointer (&key), Py_NewRef (module));

  return module;
}
