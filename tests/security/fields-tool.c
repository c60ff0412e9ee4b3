/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* fields-tool: prints the schema as JSON, one line a field, so that a test that goes through all
 * fields cannot forget a new one. Knows no value. */
#include "shared/inn-schema.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const types[] = { "string", "bool", "present", "uint", "size",
                                     "enum",   "mac",  "uuid",    "path" };

static JsonArray *
words (const InnChoice *choices)
{
  JsonArray *array = json_array_new ();

  for (; choices != NULL && choices->value != NULL; choices++)
    json_array_add_string_element (array, choices->value);
  return array;
}

static void
print (const InnKind *kind, const InnField *field)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_string_member (object, "kind", kind->name);
  json_object_set_string_member (object, "place", kind->path);
  json_object_set_string_member (object, "match", kind->match != NULL ? kind->match : "");
  json_object_set_boolean_member (object, "device", kind->device);
  json_object_set_string_member (object, "name", field->name);
  json_object_set_string_member (object, "path", field->path);
  json_object_set_string_member (object, "type", types[field->type]);
  json_object_set_boolean_member (object, "secret", (field->flags & INN_FIELD_SECRET) != 0);
  json_object_set_boolean_member (object, "multiline", (field->flags & INN_FIELD_MULTILINE) != 0);
  json_object_set_int_member (object, "min", (gint64)field->min);
  json_object_set_int_member (object, "max", (gint64)field->max);
  json_object_set_array_member (object, "choices", words (field->choices));
  json_node_set_object (node, object);
  text = json_to_string (node, FALSE);
  puts (text);
}

int
main (void)
{
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
      print (*kind, field);
  return EXIT_SUCCESS;
}
