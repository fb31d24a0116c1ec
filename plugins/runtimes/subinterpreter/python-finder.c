/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "python-finder-private.h"

#include "subiter-fault-private.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#define OLDEST_PYTHON 313

typedef const char *(*GetVersionFunc) (void);

typedef struct
{
  guint version;
  char *path;
} EngineFile;

static GMutex lock;
/* set by init, then immutable: the folder that has the engines */
static char *engine_folder;
/* lock: once found, it stays: a process has one Python */
static const SubiterPythonEngine *engine;

/* Finds the folder of the module itself, so that the engines beside it are
 * found both where they were built and where they are installed. */
void
subiter_python_finder_init (void)
{
  g_autofree char *module_path = NULL;
  g_autofree char *module_folder = NULL;
  Dl_info info;

  if (engine_folder != NULL)
    return;

  if (dladdr (subiter_python_finder_init, &info) == 0 || info.dli_fname == NULL)
    return;

  module_path = g_canonicalize_filename (info.dli_fname, NULL);
  module_folder = g_path_get_dirname (module_path);
  engine_folder = g_build_filename (module_folder, "subinterpreter", NULL);
}

/* Reads "3.14" at the start of @text. */
static guint
parse_version (const char *text)
{
  char *end;
  gulong major = strtoul (text, &end, 10);
  gulong minor;

  if (end == text || *end != '.')
    return 0;

  text = end + 1;
  minor = strtoul (text, &end, 10);
  if (end == text || major > 9 || minor > 99)
    return 0;

  return (guint) (major * 100 + minor);
}

static char *
format_version (guint version)
{
  return g_strdup_printf ("%u.%u", version / 100, version % 100);
}

static void
engine_file_free (gpointer data)
{
  EngineFile *file = data;

  g_free (file->path);
  g_free (file);
}

static int
compare_newest_first (gconstpointer a,
                      gconstpointer b)
{
  const EngineFile *file_a = *(const EngineFile *const *) a;
  const EngineFile *file_b = *(const EngineFile *const *) b;

  return (int) file_b->version - (int) file_a->version;
}

static GPtrArray *
list_engines (void)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (engine_file_free);
  g_autoptr (GDir) folder = engine_folder != NULL ? g_dir_open (engine_folder, 0, NULL) : NULL;
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      EngineFile *file;
      guint version;

      if (!g_str_has_prefix (name, "engine-") || !g_str_has_suffix (name, ".so"))
        continue;
      version = parse_version (name + strlen ("engine-"));
      if (version == 0)
        continue;

      file = g_new0 (EngineFile, 1);
      file->version = version;
      file->path = g_build_filename (engine_folder, name, NULL);
      g_ptr_array_add (files, file);
    }
  g_ptr_array_sort (files, compare_newest_first);

  return files;
}

static char *
describe_engines (GPtrArray *files)
{
  GString *text = g_string_new (NULL);

  if (files->len == 0)
    {
      g_string_append (text, "no engine is in ");
      g_string_append (text, engine_folder != NULL ? engine_folder : "its folder");
      return g_string_free_and_steal (text);
    }

  g_string_append (text, "there are engines for Python ");
  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *version = format_version (((EngineFile *) files->pdata[i])->version);

      if (i > 0)
        g_string_append (text, i + 1 < files->len ? ", " : " and ");
      g_string_append (text, version);
    }

  return g_string_free_and_steal (text);
}

static const EngineFile *
find_engine_file (GPtrArray *files,
                  guint version)
{
  for (guint i = 0; i < files->len; i++)
    {
      const EngineFile *file = files->pdata[i];

      if (file->version == version)
        return file;
    }

  return NULL;
}

static GetVersionFunc
look_up_get_version (void)
{
  GetVersionFunc get_version;
  void *symbol = dlsym (RTLD_DEFAULT, "Py_GetVersion");

  memcpy (&get_version, &symbol, sizeof get_version);

  return get_version;
}

/* Whether @path is that of a libpython with a minor version; "libpython3.so"
 * is only a redirection to one. */
static gboolean
is_libpython (const char *path)
{
  const char *slash = strrchr (path, '/');
  const char *name = slash != NULL ? slash + 1 : path;

  return g_str_has_prefix (name, "libpython") && parse_version (name + strlen ("libpython")) != 0;
}

static int
find_local_libpython (struct dl_phdr_info *info,
                      size_t size,
                      void *user_data)
{
  char **path = user_data;

  if (info->dlpi_name == NULL || !is_libpython (info->dlpi_name))
    return 0;

  *path = g_strdup (info->dlpi_name);
  return 1;
}

/* Python may have been opened by somebody who kept its symbols to himself: a
 * plugin of the program, say. A second one beside it would be asking for
 * trouble, so the first one's symbols are made global. */
static gboolean
promote_local_libpython (void)
{
  g_autofree char *path = NULL;

  dl_iterate_phdr (find_local_libpython, &path);

  return path != NULL && dlopen (path, RTLD_NOLOAD | RTLD_GLOBAL | RTLD_NOW) != NULL;
}

/* Where the pkg-config file that the engine was built with says that its
 * library is: for a Python that the linker's own search does not find. */
static char *
get_build_time_libdir (guint version)
{
  g_auto (GStrv) entries = g_strsplit (SUBITER_PYTHON_LIBDIRS, ":", -1);

  for (gsize i = 0; entries[i] != NULL; i++)
    {
      const char *equals = strchr (entries[i], '=');

      if (equals != NULL && parse_version (entries[i]) == version)
        return g_strdup (equals + 1);
    }

  return NULL;
}

static void *
load (const char *path,
      int flags)
{
  if (subiter_fault (SUBITER_FAULT_MODULE))
    path = "made-to-fail.so";

  return dlopen (path, flags);
}

/* CPython's symbols have to be global: the extension modules that Python code
 * imports do not name the library that they need. */
static gboolean
load_libpython (guint version,
                char **message)
{
  g_autofree char *text = format_version (version);
  g_autofree char *name = g_strdup_printf ("libpython%s.so.1.0", text);
  g_autofree char *libdir = NULL;
  g_autofree char *path = NULL;

  if (load (name, RTLD_NOW | RTLD_GLOBAL) != NULL)
    return TRUE;

  g_free (*message);
  *message = g_strdup (dlerror ());

  libdir = get_build_time_libdir (version);
  if (libdir == NULL)
    return FALSE;

  path = g_build_filename (libdir, name, NULL);

  return load (path, RTLD_NOW | RTLD_GLOBAL) != NULL;
}

/* Loads the newest Python that there is an engine for, or the one that
 * SUBITER_PYTHON names. */
static gboolean
load_some_libpython (GPtrArray *files,
                     GError **error)
{
  const char *wanted = g_getenv ("SUBITER_PYTHON");
  g_autofree char *engines = describe_engines (files);
  g_autofree char *message = NULL;

  if (wanted != NULL && *wanted != '\0')
    {
      guint version = parse_version (wanted);

      if (find_engine_file (files, version) == NULL)
        {
          g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                       "SUBITER_PYTHON asks for Python “%s”, but %s", wanted, engines);
          return FALSE;
        }
      if (!load_libpython (version, &message))
        {
          g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                       "SUBITER_PYTHON asks for Python %s, whose library cannot be loaded: %s",
                       wanted, message);
          return FALSE;
        }
      return TRUE;
    }

  for (guint i = 0; i < files->len; i++)
    {
      if (load_libpython (((EngineFile *) files->pdata[i])->version, &message))
        return TRUE;
    }

  if (files->len == 0)
    g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                 "The subinterpreter runtime was built without Python: %s", engines);
  else
    g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                 "No library of Python can be loaded (%s), although %s; install the package that has it, "
                 "such as libpython3",
                 message, engines);

  return FALSE;
}

/* Makes sure that Python's symbols are there, and tells of which version. */
static const char *
find_python (GPtrArray *files,
             GError **error)
{
  GetVersionFunc get_version = look_up_get_version ();

  if (get_version == NULL && promote_local_libpython ())
    get_version = look_up_get_version ();

  if (get_version == NULL)
    {
      if (!load_some_libpython (files, error))
        return NULL;
      get_version = look_up_get_version ();
    }

  if (get_version == NULL)
    {
      g_set_error_literal (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                           "Python's library is loaded, but has no Py_GetVersion ()");
      return NULL;
    }

  return get_version ();
}

static const EngineFile *
choose_engine (GPtrArray *files,
               const char *running,
               GError **error)
{
  guint version = parse_version (running);
  const EngineFile *file = find_engine_file (files, version);
  g_autofree char *engines = NULL;
  g_autofree char *number = NULL;

  number = g_strndup (running, strcspn (running, " "));
  engines = describe_engines (files);

  if (version < OLDEST_PYTHON)
    g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                 "The Python in this process is %s, which is too old for subinterpreters with a GIL of their "
                 "own; it has to be 3.13 or newer",
                 number);
  else if (strstr (running, "free-threading") != NULL)
    g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                 "The Python in this process is a free-threaded build of %s; the subinterpreter runtime "
                 "needs one with a GIL",
                 number);
  else if (file == NULL)
    g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                 "The Python in this process is %s, but %s; install the one for %u.%u, or run the program "
                 "with a Python that there is one for",
                 number, engines, version / 100, version % 100);
  else
    return file;

  return NULL;
}

static const SubiterPythonEngine *
load_engine (const EngineFile *file,
             GError **error)
{
  const SubiterPythonEngine *loaded;
  void *handle = load (file->path, RTLD_NOW | RTLD_LOCAL);

  if (handle == NULL)
    {
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                   "The engine cannot be loaded: %s", dlerror ());
      return NULL;
    }

  loaded = dlsym (handle, SUBITER_PYTHON_ENGINE_SYMBOL);
  if (loaded == NULL || loaded->abi != SUBITER_PYTHON_ENGINE_ABI || loaded->python_version != file->version)
    {
      g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                   "The engine %s is not of this version of Subiter; install both from the same build",
                   file->path);
      dlclose (handle);
      return NULL;
    }

  return loaded;
}

/* Finds or loads Python, then the engine for it. A failure is not kept: what
 * was missing may be there the next time. */
const SubiterPythonEngine *
subiter_python_finder_get_engine (GError **error)
{
  const SubiterPythonEngine *found;

  g_mutex_lock (&lock);
  if (engine == NULL)
    {
      g_autoptr (GPtrArray) files = list_engines ();
      const char *running = find_python (files, error);
      const EngineFile *file = running != NULL ? choose_engine (files, running, error) : NULL;

      if (file != NULL)
        engine = load_engine (file, error);
    }
  found = engine;
  g_mutex_unlock (&lock);

  return found;
}
