/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "girepository-calls.h"

static const char *loaded_namespace;

#ifdef USE_GIREPOSITORY_2
static GIRepository *repository;
#endif

gboolean
calls_load (const char *namespace,
            const char *version,
            GError **error)
{
  loaded_namespace = namespace;
#ifdef USE_GIREPOSITORY_2
  repository = gi_repository_new ();

  return gi_repository_require (repository, namespace, version, 0, error) != NULL;
#else
  return g_irepository_require (NULL, namespace, version, 0, error) != NULL;
#endif
}

static GIBaseInfo *
find (const char *name)
{
  GIBaseInfo *info;

#ifdef USE_GIREPOSITORY_2
  info = gi_repository_find_by_name (repository, loaded_namespace, name);
#else
  info = g_irepository_find_by_name (NULL, loaded_namespace, name);
#endif
  if (info == NULL)
    g_error ("there is no %s.%s", loaded_namespace, name);

  return info;
}

GType
calls_get_type (const char *type_name)
{
  GIBaseInfo *info = find (type_name);
  GType type = gi_registered_type_info_get_g_type (GI_REGISTERED_TYPE_INFO (info));

  gi_base_info_unref (info);

  return type;
}

static GIFunctionInfo *
find_method (const char *type_name,
             const char *method)
{
  GIBaseInfo *info = find (type_name);
  GIFunctionInfo *function;

  if (GI_IS_OBJECT_INFO (info))
    function = gi_object_info_find_method (GI_OBJECT_INFO (info), method);
  else
    function = gi_struct_info_find_method (GI_STRUCT_INFO (info), method);
  gi_base_info_unref (info);
  if (function == NULL)
    g_error ("there is no %s.%s.%s", loaded_namespace, type_name, method);

  return function;
}

gboolean
calls_invoke (const char *type_name,
              const char *method,
              const GIArgument *args,
              guint n_args,
              GIArgument *result,
              GError **error)
{
  GIFunctionInfo *function = find_method (type_name, method);
  g_autoptr (GError) own_error = NULL;
  GIArgument ignored;
  gboolean invoked;

  invoked = gi_function_info_invoke (function, args, n_args, NULL, 0, result != NULL ? result : &ignored, &own_error);
  gi_base_info_unref (function);
  if (invoked)
    return TRUE;

  /* A call that does not fit its function is an error of the test. */
  if (error == NULL || own_error->domain == g_quark_from_static_string ("g-invoke-error-quark")
      || own_error->domain == g_quark_from_static_string ("gi-invoke-error-quark"))
    g_error ("%s.%s cannot be called: %s", type_name, method, own_error->message);
  g_propagate_error (error, g_steal_pointer (&own_error));

  return FALSE;
}

char *
calls_get_error_name (const char *enum_name,
                      const GError *error)
{
  GIBaseInfo *info = find (enum_name);
  const char *domain = gi_enum_info_get_error_domain (GI_ENUM_INFO (info));
  guint n_values = gi_enum_info_get_n_values (GI_ENUM_INFO (info));
  char *name = NULL;

  if (domain != NULL && error->domain == g_quark_try_string (domain))
    {
      for (guint i = 0; i < n_values; i++)
        {
          GIValueInfo *value = gi_enum_info_get_value (GI_ENUM_INFO (info), i);

          if (gi_value_info_get_value (value) == error->code)
            name = g_strdelimit (g_strdup (gi_base_info_get_name (GI_BASE_INFO (value))), "_", '-');
          gi_base_info_unref (value);
        }
    }
  gi_base_info_unref (info);

  return name;
}
