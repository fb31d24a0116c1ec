/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-baseline-private.h"

#include <string.h>

/* The modules in which code may put things without importing anything. */
static const char *const watched_modules[] = { "__main__", "builtins", "subiter", "sys" };
/* Lists in sys that code puts objects of its own into. */
static const char *const watched_lists[] = { "meta_path", "path_hooks" };

struct _EngineBaseline
{
  /* a dict whose keys are the names in sys.modules */
  PyObject *modules;
  /* what is in the watched modules */
  PyObject *namespaces[G_N_ELEMENTS (watched_modules)];
  /* what is in the watched lists */
  PyObject *lists[G_N_ELEMENTS (watched_lists)];
};

/* (nullable): new references, as all that is used here while code of the worker's
 * may run; there is no exception in any case. */
static PyObject *
ref_namespace (PyObject *modules,
               const char *module_name)
{
  PyObject *module = PyDict_GetItemString (modules, module_name);

  return module != NULL && PyModule_Check (module) ? Py_NewRef (PyModule_GetDict (module)) : NULL;
}

static PyObject *
ref_sys_object (const char *name)
{
  PyObject *object = PySys_GetObject (name);

  return object != NULL ? Py_NewRef (object) : NULL;
}

void
engine_baseline_free (EngineBaseline *self)
{
  Py_XDECREF (self->modules);
  for (gsize i = 0; i < G_N_ELEMENTS (watched_modules); i++)
    Py_XDECREF (self->namespaces[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (watched_lists); i++)
    Py_XDECREF (self->lists[i]);
  g_free (self);
}

/* NULL: an exception is pending. */
EngineBaseline *
engine_baseline_new (void)
{
  EngineBaseline *self = g_new0 (EngineBaseline, 1);

  self->modules = PyDict_Copy (PyImport_GetModuleDict ());
  for (gsize i = 0; i < G_N_ELEMENTS (watched_modules); i++)
    {
      g_autoptr (PyObject) namespace = ref_namespace (PyImport_GetModuleDict (), watched_modules[i]);

      if (namespace != NULL)
        self->namespaces[i] = PyDict_Copy (namespace);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (watched_lists); i++)
    {
      g_autoptr (PyObject) list = ref_sys_object (watched_lists[i]);

      if (list != NULL && PyList_Check (list))
        self->lists[i] = PyList_GetSlice (list, 0, PyList_GET_SIZE (list));
    }

  if (PyErr_Occurred ())
    {
      engine_baseline_free (self);
      return NULL;
    }

  return self;
}

/* From now on this is what the object in sys was in the beginning. An exception may
 * be pending. */
void
engine_baseline_set_sys_object (EngineBaseline *self,
                                const char *name,
                                PyObject *object)
{
  for (gsize i = 0; i < G_N_ELEMENTS (watched_modules); i++)
    {
      if (strcmp (watched_modules[i], "sys") == 0 && self->namespaces[i] != NULL)
        PyDict_SetItemString (self->namespaces[i], name, object);
    }
}

/* What an object does when it goes is code of the worker's as well, and may do
 * anything to the namespace: so this looks at a copy of its names. */
static void
restore_namespace (PyObject *namespace,
                   PyObject *baseline)
{
  g_autoptr (PyObject) names = PyDict_Keys (namespace);
  PyObject *name;
  PyObject *value;
  Py_ssize_t position = 0;

  for (Py_ssize_t i = 0; names != NULL && i < PyList_GET_SIZE (names); i++)
    {
      name = PyList_GET_ITEM (names, i);
      if (PyDict_Contains (baseline, name) == 0)
        PyDict_DelItem (namespace, name);
      PyErr_Clear ();
    }

  while (PyDict_Next (baseline, &position, &name, &value))
    {
      if (PyDict_GetItemWithError (namespace, name) != value)
        PyDict_SetItem (namespace, name, value);
      PyErr_Clear ();
    }
}

static void
restore_lists (EngineBaseline *self)
{
  g_autoptr (PyObject) cache = ref_sys_object ("path_importer_cache");

  for (gsize i = 0; i < G_N_ELEMENTS (watched_lists); i++)
    {
      g_autoptr (PyObject) list = ref_sys_object (watched_lists[i]);

      if (list != NULL && self->lists[i] != NULL && PyList_Check (list))
        PyList_SetSlice (list, 0, PyList_GET_SIZE (list), self->lists[i]);
    }
  if (cache != NULL && PyDict_Check (cache))
    PyDict_Clear (cache);
  PyErr_Clear ();
}

/* The context of this thread keeps what its variables are set to. */
static void
reset_context (void)
{
  g_autoptr (PyObject) context = PyContext_CopyCurrent ();
  g_autoptr (PyObject) variables = context != NULL ? PySequence_List (context) : NULL;

  g_clear_pointer (&context, Py_DecRef);
  for (Py_ssize_t i = 0; variables != NULL && i < PyList_GET_SIZE (variables); i++)
    {
      PyObject *token = PyContextVar_Set (PyList_GET_ITEM (variables, i), Py_None);

      Py_XDECREF (token);
      PyErr_Clear ();
    }
  PyErr_Clear ();
}

/* (nullable): pairs of a name and a weak reference, of what was taken out of
 * sys.modules, the latest first. */
static PyObject *
take_modules (EngineBaseline *self)
{
  PyObject *modules = PyImport_GetModuleDict ();
  PyObject *taken = PyList_New (0);
  g_autoptr (PyObject) items = PyDict_Items (modules);

  if (taken == NULL || items == NULL)
    {
      PyErr_Clear ();
      return taken;
    }

  for (Py_ssize_t i = PyList_GET_SIZE (items) - 1; i >= 0; i--)
    {
      PyObject *item = PyList_GET_ITEM (items, i);
      PyObject *name = PyTuple_GET_ITEM (item, 0);
      g_autoptr (PyObject) pair = NULL;
      g_autoptr (PyObject) reference = NULL;

      if (PyDict_Contains (self->modules, name) != 0)
        {
          PyErr_Clear ();
          continue;
        }

      if (PyModule_Check (PyTuple_GET_ITEM (item, 1)))
        reference = PyWeakref_NewRef (PyTuple_GET_ITEM (item, 1), NULL);
      pair = reference != NULL ? PyTuple_Pack (2, name, reference) : NULL;
      if (pair != NULL)
        PyList_Append (taken, pair);
      PyDict_DelItem (modules, name);
      PyErr_Clear ();
    }

  return taken;
}

static gboolean
is_of_python (PyObject *name)
{
  g_autoptr (PyObject) names = ref_sys_object ("stdlib_module_names");
  g_autofree char *package = NULL;
  g_autoptr (PyObject) key = NULL;
  const char *text = PyUnicode_Check (name) ? PyUnicode_AsUTF8 (name) : NULL;

  if (text != NULL)
    package = g_strndup (text, strcspn (text, "."));
  key = package != NULL ? PyUnicode_FromString (package) : NULL;

  return names == NULL || key == NULL || PySequence_Contains (names, key) != 0;
}

/* Something that is not Python code, or is Python's own, still holds these: what
 * is in them goes nevertheless. */
static void
empty_modules (PyObject *taken)
{
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE (taken); i++)
    {
      PyObject *pair = PyList_GET_ITEM (taken, i);
      g_autoptr (PyObject) module = NULL;
      g_autoptr (PyObject) names = NULL;
      PyObject *namespace;

      if (PyWeakref_GetRef (PyTuple_GET_ITEM (pair, 1), &module) <= 0
          || is_of_python (PyTuple_GET_ITEM (pair, 0)))
        {
          PyErr_Clear ();
          continue;
        }

      namespace = PyModule_GetDict (module);
      names = PyDict_Keys (namespace);
      for (Py_ssize_t j = 0; names != NULL && j < PyList_GET_SIZE (names); j++)
        {
          PyObject *name = PyList_GET_ITEM (names, j);

          /* What functions need as long as they are called. */
          if (!PyUnicode_Check (name) || PyUnicode_CompareWithASCIIString (name, "__builtins__") != 0)
            PyDict_SetItem (namespace, name, Py_None);
          PyErr_Clear ();
        }
      PyErr_Clear ();
    }
}

static void
empty_list (PyObject *module,
            const char *name)
{
  g_autoptr (PyObject) list = PyObject_GetAttrString (module, name);

  if (list != NULL && PyList_Check (list))
    PyList_SetSlice (list, 0, PyList_GET_SIZE (list), NULL);
  PyErr_Clear ();
}

/* Also where the code has switched that off. */
static void
collect_garbage (void)
{
  g_autoptr (PyObject) gc = PyImport_ImportModule ("gc");
  g_autoptr (PyObject) unfrozen = NULL;
  g_autoptr (PyObject) collected = NULL;

  if (gc != NULL)
    {
      empty_list (gc, "callbacks");
      unfrozen = PyObject_CallMethod (gc, "unfreeze", NULL);
      PyErr_Clear ();
      collected = PyObject_CallMethod (gc, "collect", NULL);
      empty_list (gc, "garbage");
    }
  PyErr_Clear ();
}

/* Lets go of all that code has put into the current interpreter, which runs what
 * that does when it goes: methods __del__, callbacks of weak references, finally
 * blocks of generators that were never ended. Python does this when it ends an
 * interpreter, but then nobody can interrupt it, or create another one. */
void
engine_baseline_restore (EngineBaseline *self)
{
  g_autoptr (PyObject) taken = NULL;

  PyEval_SetTrace (NULL, NULL);
  PyEval_SetProfile (NULL, NULL);
  reset_context ();

  /* By the modules of then: code may have put others in their place. */
  for (gsize i = 0; i < G_N_ELEMENTS (watched_modules); i++)
    {
      g_autoptr (PyObject) namespace = ref_namespace (self->modules, watched_modules[i]);

      if (namespace != NULL && self->namespaces[i] != NULL)
        restore_namespace (namespace, self->namespaces[i]);
    }
  restore_lists (self);
  taken = take_modules (self);
  restore_namespace (PyImport_GetModuleDict (), self->modules);

  collect_garbage ();
  if (taken != NULL)
    empty_modules (taken);
  collect_garbage ();
}
