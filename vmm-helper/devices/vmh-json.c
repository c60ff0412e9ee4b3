/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "devices/vmh-json.h"

#include <string.h>

JsonObject *
vmh_json (const char *key, ...)
{
  JsonObject *object = json_object_new ();
  va_list args;

  va_start (args, key);
  for (; key; key = va_arg (args, const char *))
    {
      const char *type = strchr (key, '=');
      g_autofree char *name = g_strndup (key, (gsize)(type - key));
      const char *text;

      switch (type[1])
        {
        case 's':
          text = va_arg (args, const char *);
          if (text)
            json_object_set_string_member (object, name, text);
          break;
        case 'b':
          json_object_set_boolean_member (object, name, va_arg (args, gboolean));
          break;
        case 'i':
          json_object_set_int_member (object, name, va_arg (args, gint64));
          break;
        case 'o':
          json_object_set_object_member (object, name, va_arg (args, JsonObject *));
          break;
        case 'n':
          json_object_set_null_member (object, name);
          break;
        default:
          g_assert_not_reached ();
        }
    }
  va_end (args);
  return object;
}
