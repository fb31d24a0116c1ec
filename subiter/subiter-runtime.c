/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-runtime-private.h"

#include "subiter-error.h"
#include "subiter-fault-private.h"
#include "subiter-sync-private.h"

/**
 * SubiterRuntime:
 *
 * What runs Python: the interface of a loadable module.
 *
 * A runtime is found by name through the extension point
 * [const@Subiter.RUNTIME_EXTENSION_POINT_NAME]. Its module is looked for in the folders
 * named by the environment variable `SUBITER_RUNTIME_PATH`, then in the
 * library's own folder, and is loaded when the first worker that wants it
 * starts.
 *
 * The methods are called by the library itself. A runtime is written in C: its
 * methods are entered on worker threads, where closures of other languages
 * must not run. Its class gets the properties of all runtimes from
 * `subiter_runtime_install_properties ()`.
 */
G_DEFINE_INTERFACE (SubiterRuntime, subiter_runtime, G_TYPE_OBJECT)

static GMutex lookup_lock;
/* lookup_lock: runtimes by name, which last as long as the process */
static GHashTable *runtimes;

typedef enum
{
  PROP_N_SPARES = 1,
} SubiterRuntimeProperty;

static void
subiter_runtime_default_init (SubiterRuntimeInterface *iface)
{
  /**
   * SubiterRuntime:n-spares:
   *
   * How many workers are kept ready for interpreters that will need one, as
   * [method@Subiter.Runtime.set_n_spares] says.
   */
  g_object_interface_install_property (iface,
                                       g_param_spec_uint ("n-spares", NULL, NULL, 0, G_MAXUINT, 0,
                                                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
                                                              | G_PARAM_EXPLICIT_NOTIFY));
}

static void
get_property (GObject *object,
              guint property_id,
              GValue *value,
              GParamSpec *pspec)
{
  switch ((SubiterRuntimeProperty) property_id)
    {
    case PROP_N_SPARES:
      g_value_set_uint (value, subiter_runtime_get_n_spares (SUBITER_RUNTIME (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
set_property (GObject *object,
              guint property_id,
              const GValue *value,
              GParamSpec *pspec)
{
  switch ((SubiterRuntimeProperty) property_id)
    {
    case PROP_N_SPARES:
      subiter_runtime_set_n_spares (SUBITER_RUNTIME (object), g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/**
 * subiter_runtime_install_properties: (skip)
 * @object_class: the class of a runtime
 *
 * Gives a class the properties that every runtime has, which it does not implement by
 * itself. A class that has others of its own chains up to what this sets in
 * @object_class for number 1.
 *
 * Call this in the class's initialisation.
 */
void
subiter_runtime_install_properties (GObjectClass *object_class)
{
  g_return_if_fail (G_IS_OBJECT_CLASS (object_class));

  object_class->get_property = get_property;
  object_class->set_property = set_property;
  g_object_class_override_property (object_class, PROP_N_SPARES, "n-spares");
}

/* A module that is in several folders is taken from the first one. */
static void
scan_modules (void)
{
  GIOModuleScope *scope = g_io_module_scope_new (G_IO_MODULE_SCOPE_BLOCK_DUPLICATES);
  const char *path = g_getenv ("SUBITER_RUNTIME_PATH");

  if (path != NULL)
    {
      g_auto (GStrv) folders = g_strsplit (path, G_SEARCHPATH_SEPARATOR_S, -1);

      for (gsize i = 0; folders[i] != NULL; i++)
        {
          if (*folders[i] != '\0')
            g_io_modules_scan_all_in_directory_with_scope (folders[i], scope);
        }
    }

  g_io_modules_scan_all_in_directory_with_scope (SUBITER_RUNTIMES_DIR, scope);
  g_io_module_scope_free (scope);
}

static GIOExtensionPoint *
ensure_extension_point (void)
{
  static GIOExtensionPoint *point;

  if (point == NULL)
    {
      point = g_io_extension_point_lookup (SUBITER_RUNTIME_EXTENSION_POINT_NAME);
      if (point == NULL)
        {
          point = g_io_extension_point_register (SUBITER_RUNTIME_EXTENSION_POINT_NAME);
          g_io_extension_point_set_required_type (point, SUBITER_TYPE_RUNTIME);
        }
    }

  return point;
}

static char *
list_names (GIOExtensionPoint *point)
{
  GString *names = g_string_new (NULL);

  for (GList *l = g_io_extension_point_get_extensions (point); l != NULL; l = l->next)
    g_string_append_printf (names, "%s“%s”", names->len > 0 ? ", " : "", g_io_extension_get_name (l->data));

  return g_string_free_and_steal (names);
}

/* Called with lookup_lock held. */
static SubiterRuntime *
find_runtime (const char *name,
              GError **error)
{
  GIOExtensionPoint *point = ensure_extension_point ();
  GIOExtension *extension = g_io_extension_point_get_extension_by_name (point, name);
  static gboolean scanned;

  /* What is already registered, by a program that links its runtime, needs
   * no look at the disk. */
  if (extension == NULL && !scanned)
    {
      scanned = TRUE;
      scan_modules ();
      extension = g_io_extension_point_get_extension_by_name (point, name);
    }

  if (subiter_fault (SUBITER_FAULT_MODULE))
    extension = NULL;

  if (extension == NULL)
    {
      g_autofree char *names = list_names (point);

      if (*names == '\0')
        g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                     "There is no runtime “%s”: no runtime module is in %s or a folder of "
                     "SUBITER_RUNTIME_PATH", name, SUBITER_RUNTIMES_DIR);
      else
        g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME,
                     "There is no runtime “%s”; those found are %s", name, names);
      return NULL;
    }

  return g_object_new (g_io_extension_get_type (extension), NULL);
}

static GQuark
name_quark (void)
{
  return g_quark_from_static_string ("subiter-name");
}

/* (nullable): by what it is found, for as long as the process lasts; NULL if it is not the
 * one that is found. */
const char *
subiter_runtime_get_name (SubiterRuntime *self)
{
  return g_object_get_qdata (G_OBJECT (self), name_quark ());
}

/**
 * subiter_runtime_lookup:
 * @name: the name of a runtime, such as `"subinterpreter"`
 * @error: return location for an error
 *
 * Finds a runtime. This may be called from any thread; it may load a module
 * from disk.
 *
 * Errors: %SUBITER_ERROR_RUNTIME if there is none of that name.
 *
 * Returns: (transfer full): the runtime
 */
SubiterRuntime *
subiter_runtime_lookup (const char *name,
                        GError **error)
{
  SubiterRuntime *runtime;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  subiter_lock (&lookup_lock);
  if (runtimes == NULL)
    runtimes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  runtime = g_hash_table_lookup (runtimes, name);
  if (runtime == NULL)
    {
      runtime = find_runtime (name, error);
      if (runtime != NULL)
        {
          char *key = g_strdup (name);

          g_object_set_qdata (G_OBJECT (runtime), name_quark (), key);
          g_hash_table_insert (runtimes, key, runtime);
        }
    }
  if (runtime != NULL)
    g_object_ref (runtime);
  subiter_unlock (&lookup_lock);

  return runtime;
}

/**
 * subiter_runtime_run:
 * @self: a runtime
 * @port: a port
 * @error: return location for an error
 *
 * Serves @port on the calling thread until its mailbox is closed.
 *
 * Errors: those of the runtime, such as %SUBITER_ERROR_RUNTIME and
 * %SUBITER_ERROR_INTERPRETER.
 *
 * Returns: whether the worker could work; if not, its runs fail with @error
 */
gboolean
subiter_runtime_run (SubiterRuntime *self,
                     SubiterPort *port,
                     GError **error)
{
  g_return_val_if_fail (SUBITER_IS_RUNTIME (self), FALSE);
  g_return_val_if_fail (port != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return SUBITER_RUNTIME_GET_IFACE (self)->run (self, port, error);
}

/**
 * subiter_runtime_interrupt:
 * @self: a runtime
 * @port: the port of the worker
 * @run: the run that is to end
 * @how: how hard
 *
 * Ends a run that did not end when it was told to. This blocks for as long as
 * the worker does not let go of its GIL, so it may not be called on a thread that
 * iterates a main context.
 *
 * Returns: whether something was done; %FALSE if @run is not the worker's
 *   current one any more, or the runtime cannot do @how
 */
gboolean
subiter_runtime_interrupt (SubiterRuntime *self,
                           SubiterPort *port,
                           SubiterRun *run,
                           SubiterInterrupt how)
{
  g_return_val_if_fail (SUBITER_IS_RUNTIME (self), FALSE);
  g_return_val_if_fail (port != NULL, FALSE);
  g_return_val_if_fail (run != NULL, FALSE);

  return SUBITER_RUNTIME_GET_IFACE (self)->interrupt (self, port, run, how);
}

/**
 * subiter_runtime_dup_stack:
 * @self: a runtime
 * @port: the port of a worker
 * @run: (nullable): a run of the worker, or %NULL for all that keeps the worker
 *
 * Tells where Python code sits, in the form in which Python prints a stack: for
 * each frame, outermost first, a line that begins with two spaces and `File`,
 * and below it the line of the source if that can be had.
 *
 * This may block for as long as the worker does not let go of its GIL, so it may
 * not be called on a thread that iterates a main context.
 *
 * Returns: (transfer full) (nullable): the frames, or %NULL if @run is not the
 *   worker's current one any more, or nothing can be told
 */
char *
subiter_runtime_dup_stack (SubiterRuntime *self,
                           SubiterPort *port,
                           SubiterRun *run)
{
  SubiterRuntimeInterface *iface;

  g_return_val_if_fail (SUBITER_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (port != NULL, NULL);

  iface = SUBITER_RUNTIME_GET_IFACE (self);

  return iface->dup_stack != NULL ? iface->dup_stack (self, port, run) : NULL;
}

static GQuark
abandoned_quark (void)
{
  return g_quark_from_static_string ("subiter-n-abandoned");
}

/* A worker of the runtime was given up. */
void
subiter_runtime_count_abandoned (SubiterRuntime *self)
{
  GQuark quark = abandoned_quark ();
  gpointer n;

  do
    n = g_object_get_qdata (G_OBJECT (self), quark);
  while (!g_object_replace_qdata (G_OBJECT (self), quark, n, GUINT_TO_POINTER (GPOINTER_TO_UINT (n) + 1),
                                  NULL, NULL));
}

/**
 * subiter_runtime_get_n_abandoned:
 * @self: a runtime
 *
 * Tells how many of the workers that this runtime ever ran were given up because
 * their code did not end when it was told to. What such a worker holds, at least
 * an interpreter and a thread, is not given back before its code ends by itself.
 * This may be called from any thread.
 *
 * Returns: how many
 */
guint
subiter_runtime_get_n_abandoned (SubiterRuntime *self)
{
  g_return_val_if_fail (SUBITER_IS_RUNTIME (self), 0);

  return GPOINTER_TO_UINT (g_object_get_qdata (G_OBJECT (self), abandoned_quark ()));
}
