/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* Calls by name, through whichever libgirepository there is. */

#include <gio/gio.h>

#ifdef USE_GIREPOSITORY_2
#include <girepository/girepository.h>
#else
#include <girepository.h>
#endif

#ifndef USE_GIREPOSITORY_2
/* The old one, in the words of the new one. */
#define gi_base_info_unref(info) g_base_info_unref ((GIBaseInfo *) (info))
#define gi_base_info_get_name(info) g_base_info_get_name ((GIBaseInfo *) (info))
#define gi_registered_type_info_get_g_type(info) g_registered_type_info_get_g_type (info)
#define gi_object_info_find_method(info, name) g_object_info_find_method (info, name)
#define gi_struct_info_find_method(info, name) g_struct_info_find_method (info, name)
#define gi_function_info_invoke(info, in, n_in, out, n_out, ret, error) \
  g_function_info_invoke (info, in, (int) (n_in), out, n_out, ret, error)
#define gi_enum_info_get_n_values(info) ((guint) g_enum_info_get_n_values (info))
#define gi_enum_info_get_value(info, n) g_enum_info_get_value (info, (int) (n))
#define gi_enum_info_get_error_domain(info) g_enum_info_get_error_domain (info)
#define gi_value_info_get_value(info) g_value_info_get_value (info)
#define GI_REGISTERED_TYPE_INFO(info) ((GIRegisteredTypeInfo *) (info))
#define GI_ENUM_INFO(info) ((GIEnumInfo *) (info))
#define GI_OBJECT_INFO(info) ((GIObjectInfo *) (info))
#define GI_STRUCT_INFO(info) ((GIStructInfo *) (info))
#define GI_BASE_INFO(info) ((GIBaseInfo *) (info))
#endif

gboolean calls_load (const char *namespace,
                     const char *version,
                     GError **error);
GType calls_get_type (const char *type_name);
/* Aborts if there is no such method; FALSE if it gave an error. */
gboolean calls_invoke (const char *type_name,
                       const char *method,
                       const GIArgument *args,
                       guint n_args,
                       GIArgument *result,
                       GError **error);
/* (nullable): the name of an error's code in the enumeration, if it is of its domain */
char *calls_get_error_name (const char *enum_name,
                            const GError *error);
