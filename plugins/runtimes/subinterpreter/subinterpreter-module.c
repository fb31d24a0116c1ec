/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "python-finder-private.h"

#define SUBITER_TYPE_SUBINTERPRETER_RUNTIME (subiter_subinterpreter_runtime_get_type ())
G_DECLARE_FINAL_TYPE (SubiterSubinterpreterRuntime, subiter_subinterpreter_runtime,
                      SUBITER, SUBINTERPRETER_RUNTIME, GObject)

struct _SubiterSubinterpreterRuntime
{
  GObject parent_instance;
};

static void subiter_subinterpreter_runtime_iface_init (SubiterRuntimeInterface *iface);

G_DEFINE_DYNAMIC_TYPE_EXTENDED (SubiterSubinterpreterRuntime, subiter_subinterpreter_runtime, G_TYPE_OBJECT,
                                G_TYPE_FLAG_FINAL,
                                G_IMPLEMENT_INTERFACE_DYNAMIC (SUBITER_TYPE_RUNTIME,
                                                               subiter_subinterpreter_runtime_iface_init))

static gboolean
subiter_subinterpreter_runtime_run (SubiterRuntime *runtime,
                                    SubiterPort *port,
                                    GError **error)
{
  const SubiterPythonEngine *engine = subiter_python_finder_get_engine (error);

  return engine != NULL && engine->run (port, error);
}

static gboolean
subiter_subinterpreter_runtime_interrupt (SubiterRuntime *runtime,
                                          SubiterPort *port,
                                          SubiterRun *run,
                                          SubiterInterrupt how)
{
  const SubiterPythonEngine *engine;

  /* A worker that has data got it from an engine; asking for the engine of
   * one that has none yet would wait for Python to be loaded. */
  if (subiter_port_get_data (port) == NULL)
    return FALSE;

  engine = subiter_python_finder_get_engine (NULL);

  return engine != NULL && engine->interrupt (port, run, how);
}

static char *
subiter_subinterpreter_runtime_dup_stack (SubiterRuntime *self,
                                          SubiterPort *port,
                                          SubiterRun *run)
{
  const SubiterPythonEngine *engine;

  /* Likewise. */
  if (subiter_port_get_data (port) == NULL)
    return NULL;

  engine = subiter_python_finder_get_engine (NULL);

  return engine != NULL ? engine->dup_stack (port, run) : NULL;
}

static void
subiter_subinterpreter_runtime_iface_init (SubiterRuntimeInterface *iface)
{
  iface->run = subiter_subinterpreter_runtime_run;
  iface->interrupt = subiter_subinterpreter_runtime_interrupt;
  iface->dup_stack = subiter_subinterpreter_runtime_dup_stack;
}

static void
subiter_subinterpreter_runtime_class_init (SubiterSubinterpreterRuntimeClass *klass)
{
  subiter_runtime_install_properties (G_OBJECT_CLASS (klass));
}

static void
subiter_subinterpreter_runtime_class_finalize (SubiterSubinterpreterRuntimeClass *klass)
{
}

static void
subiter_subinterpreter_runtime_init (SubiterSubinterpreterRuntime *self)
{
}

/* GIO looks for the names with the module's own in them, and for the plain
 * ones where those are missing. */
SUBITER_AVAILABLE_IN_ALL
void g_io_subiter_runtime_subinterpreter_load (GIOModule *module);
SUBITER_AVAILABLE_IN_ALL
void g_io_subiter_runtime_subinterpreter_unload (GIOModule *module);
SUBITER_AVAILABLE_IN_ALL
char **g_io_subiter_runtime_subinterpreter_query (void);

void
g_io_subiter_runtime_subinterpreter_load (GIOModule *module)
{
  /* For ever: Python cannot be unloaded, nor can what worker threads run. */
  g_type_module_use (G_TYPE_MODULE (module));

  subiter_python_finder_init ();
  subiter_subinterpreter_runtime_register_type (G_TYPE_MODULE (module));
  g_io_extension_point_implement (SUBITER_RUNTIME_EXTENSION_POINT_NAME,
                                  SUBITER_TYPE_SUBINTERPRETER_RUNTIME, "subinterpreter", 0);
}

void
g_io_subiter_runtime_subinterpreter_unload (GIOModule *module)
{
}

char **
g_io_subiter_runtime_subinterpreter_query (void)
{
  static const char *const extension_points[] = { SUBITER_RUNTIME_EXTENSION_POINT_NAME, NULL };

  return g_strdupv ((char **) extension_points);
}

void
g_io_module_load (GIOModule *module)
{
  g_io_subiter_runtime_subinterpreter_load (module);
}

void
g_io_module_unload (GIOModule *module)
{
  g_io_subiter_runtime_subinterpreter_unload (module);
}

char **
g_io_module_query (void)
{
  return g_io_subiter_runtime_subinterpreter_query ();
}
