/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What an element's fields say: each type's words read, checked and written. */
#include "inn-domain-private.h"
#include "inn-errors.h"
#include "inn-size.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <string.h>

static const InnChoice yes_no[] = { { "yes", NULL }, { "no", NULL }, { NULL, NULL } };

static const InnChoice *
bool_words (const InnField *field)
{
  return field->choices != NULL ? field->choices : yes_no;
}

/* -1: neither. */
static int
bool_from (const InnField *field, const char *text)
{
  const InnChoice *words = bool_words (field);

  if (strcmp (text, words[0].value) == 0)
    return TRUE;
  if (strcmp (text, words[1].value) == 0)
    return FALSE;
  return -1;
}

static const InnField *
field_of (const InnElement *element, const char *name)
{
  const InnField *field = inn_kind_find (element->kind, name);

  if (field == NULL)
    g_critical ("The kind %s has no field %s", element->kind->name, name);
  return field;
}

/* libvirt's units: a letter alone and …iB are powers of 1024, …B those of 1000. 0: unknown. */
static guint64
unit_factor (const char *unit)
{
  static const char letters[] = "kmgtpe";
  const char *letter;
  guint64 base, factor = 1;

  if (g_ascii_strcasecmp (unit, "b") == 0 || g_ascii_strcasecmp (unit, "byte") == 0 ||
      g_ascii_strcasecmp (unit, "bytes") == 0)
    return 1;
  letter = *unit != '\0' ? strchr (letters, g_ascii_tolower (*unit)) : NULL;
  if (letter == NULL)
    return 0;
  if (unit[1] == '\0' || g_ascii_strcasecmp (unit + 1, "ib") == 0)
    base = 1024;
  else if (g_ascii_strcasecmp (unit + 1, "b") == 0)
    base = 1000;
  else
    return 0;
  for (const char *power = letters; power <= letter; power++)
    factor *= base;
  return factor;
}

static gboolean
is_attribute (const InnField *field)
{
  return strchr (field->path, '@') != NULL && strchr (strrchr (field->path, '@'), ']') == NULL;
}

/* The text of an element of a size in bytes; as it stands where it cannot be read. */
static char *
size_in_bytes (const InnElement *element, const InnField *field, char *text)
{
  const char *attribute;
  xmlNode *node = inn_path_find (element->node, field->path, &attribute);
  g_autofree char *unit = inn_path_dup (node, "@unit");
  guint64 factor = unit_factor (unit != NULL ? unit : "KiB"), number, bytes;

  if (factor == 0 || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &number, NULL) ||
      !g_uint64_checked_mul (&bytes, number, factor))
    return text;
  g_free (text);
  return g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);
}

char *
inn_element_dup_said (const InnElement *element, const InnField *field)
{
  const char *attribute;
  char *text;

  if (field->type == INN_TYPE_PRESENT)
    return inn_path_find (element->node, field->path, &attribute) != NULL ? g_strdup ("yes") : NULL;
  if ((field->flags & INN_FIELD_LIST) != 0)
    return inn_path_dup_lines (element->node, field->path);
  text = inn_path_dup (element->node, field->path);
  if (text != NULL && (field->flags & INN_FIELD_UNIT) != 0)
    return size_in_bytes (element, field, text);
  if (text == NULL || is_attribute (field) || field->type == INN_TYPE_STRING)
    return text;
  g_strstrip (text);
  if (field->type == INN_TYPE_SIZE && (field->flags & INN_FIELD_BYTES) == 0)
    text = size_in_bytes (element, field, text);
  return text;
}

char *
inn_element_dup_meant (const InnElement *element, const InnField *field)
{
  char *text = inn_element_dup_said (element, field);
  guint64 number;

  if (text == NULL)
    return g_strdup (field->type == INN_TYPE_PRESENT ? "no" : field->fallback);
  if ((field->type == INN_TYPE_UINT || field->type == INN_TYPE_SIZE) &&
      g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &number, NULL))
    {
      g_free (text);
      return g_strdup_printf ("%" G_GUINT64_FORMAT, number);
    }
  if (field->type == INN_TYPE_MAC || field->type == INN_TYPE_UUID)
    for (char *c = text; *c != '\0'; c++)
      *c = g_ascii_tolower (*c);
  return text;
}

char *
inn_element_dup (const InnElement *element, const char *field_name)
{
  const InnField *field = field_of (element, field_name);
  char *said;

  if (field == NULL)
    return NULL;
  said = inn_element_dup_said (element, field);
  if (said != NULL)
    return said;
  return g_strdup (field->type == INN_TYPE_PRESENT ? "no" : field->fallback);
}

gboolean
inn_element_get_bool (const InnElement *element, const char *field_name)
{
  const InnField *field = field_of (element, field_name);
  g_autofree char *text = NULL;

  if (field == NULL || (field->type != INN_TYPE_BOOL && field->type != INN_TYPE_PRESENT))
    return FALSE;
  text = inn_element_dup (element, field_name);
  return text != NULL && bool_from (field, text) == TRUE;
}

guint64
inn_element_get_uint (const InnElement *element, const char *field_name)
{
  g_autofree char *text = inn_element_dup (element, field_name);
  guint64 value;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &value, NULL))
    return 0;
  return value;
}

gboolean
inn_element_is (const InnElement *element, const char *field_name, const char *value)
{
  g_autofree char *text = inn_element_dup (element, field_name);

  return g_strcmp0 (text, value) == 0;
}

gboolean
inn_element_has (const InnElement *element, const char *field_name)
{
  const InnField *field = field_of (element, field_name);
  g_autofree char *said = field != NULL ? inn_element_dup_said (element, field) : NULL;

  return said != NULL;
}

gboolean
inn_element_wants (const InnElement *element, const char *field_name)
{
  const InnField *field = field_of (element, field_name);
  g_auto (GStrv) parts = NULL;
  g_auto (GStrv) words = NULL;
  g_autofree char *value = NULL;

  if (field == NULL || field->when == NULL || inn_element_has (element, field_name))
    return field != NULL;
  parts = g_strsplit (field->when, "=", 2);
  words = g_strsplit (parts[1], "|", -1);
  value = inn_element_dup (element, parts[0]);
  return value != NULL && g_strv_contains ((const char *const *)words, value);
}

static gboolean
is_xml_text (const char *text, gboolean multiline)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar ch = g_utf8_get_char (c);

      if (ch == '\n' && multiline)
        continue;
      if (ch == '\r' || ch == '\n' || (ch < 0x20 && ch != '\t') || ch == 0x7f || ch == 0xfffe ||
          ch == 0xffff)
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_mac (const char *text)
{
  if (strlen (text) != 17)
    return FALSE;
  for (guint i = 0; i < 17; i++)
    if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit (text[i]))
      return FALSE;
  return (g_ascii_xdigit_value (text[1]) & 1) == 0; /* the low bit is a group's address */
}

char *
inn_text_shorten (const char *text, gsize max)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize)strnlen (text, 4 * max + 4));

  if ((gsize)g_utf8_strlen (valid, -1) <= max)
    return g_steal_pointer (&valid);
  *g_utf8_offset_to_pointer (valid, (glong)max - 1) = '\0';
  return g_strconcat (valid, "…", NULL);
}

static gboolean refuse (const InnField *field, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static gboolean
refuse (const InnField *field, GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT, "%s: %s",
               field->label != NULL ? _ (field->label) : field->name, message);
  return FALSE;
}

static gboolean
check_string (const InnField *field, const char *text, const char *shown, GError **error)
{
  glong length = g_utf8_strlen (text, -1);

  if (field->max > 0 && (guint64)length > field->max)
    return refuse (field, error, _ ("At most %u characters are allowed."), (guint)field->max);
  if ((guint64)length < field->min)
    return refuse (field, error, _ ("At least %u characters are needed."), (guint)field->min);
  if (field->pattern != NULL)
    {
      g_autofree char *whole = g_strconcat ("\\A(?:", field->pattern, ")\\z", NULL);

      if (!g_regex_match_simple (whole, text, G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT))
        return refuse (field, error, _ ("“%s” is not allowed here."), shown);
    }
  return TRUE;
}

static gboolean
check_number (const InnField *field, const char *text, const char *shown, GError **error)
{
  guint64 max = field->max > 0 ? field->max : G_MAXUINT64;
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &value, NULL))
    return refuse (field, error, _ ("“%s” is not a whole number."), shown);
  if (value >= field->min && value <= max)
    return TRUE;
  if (field->type == INN_TYPE_SIZE)
    {
      g_autofree char *low = inn_size_format (field->min);
      g_autofree char *high = inn_size_format (max);

      return refuse (field, error, _ ("Choose a size from %s to %s."), low, high);
    }
  return refuse (field, error, _ ("Choose a number from %" PRIu64 " to %" PRIu64 "."), field->min,
                 max);
}

static gboolean
check_choice (const InnField *field, const char *text, const char *shown, GError **error)
{
  g_autoptr (GString) words = g_string_new (NULL);

  for (const InnChoice *choice = field->choices; choice->value != NULL; choice++)
    {
      if (strcmp (choice->value, text) == 0)
        return TRUE;
      g_string_append_printf (words, "%s%s", words->len > 0 ? ", " : "", choice->value);
    }
  return refuse (field, error, _ ("“%s” is not one of: %s."), shown, words->str);
}

gboolean
inn_field_check (const InnField *field, const char *text, GError **error)
{
  g_autofree char *shown =
      (field->flags & INN_FIELD_SECRET) != 0 ? g_strdup ("***") : inn_text_shorten (text, 80);

  if (!is_xml_text (text, (field->flags & INN_FIELD_MULTILINE) != 0))
    return refuse (field, error, _ ("Only printable characters are allowed."));
  switch (field->type)
    {
    case INN_TYPE_STRING:
      return check_string (field, text, shown, error);
    case INN_TYPE_BOOL:
    case INN_TYPE_PRESENT:
      if (bool_from (field, text) >= 0)
        return TRUE;
      return refuse (field, error, _ ("“%s” is neither %s nor %s."), shown,
                     bool_words (field)[0].value, bool_words (field)[1].value);
    case INN_TYPE_UINT:
    case INN_TYPE_SIZE:
      return check_number (field, text, shown, error);
    case INN_TYPE_ENUM:
      return check_choice (field, text, shown, error);
    case INN_TYPE_MAC:
      if (is_mac (text))
        return TRUE;
      return refuse (field, error, _ ("“%s” is not an address like 52:54:00:12:34:56."), shown);
    case INN_TYPE_UUID:
      if (g_uuid_string_is_valid (text))
        return TRUE;
      return refuse (field, error, _ ("“%s” is not a UUID."), shown);
    case INN_TYPE_PATH:
      if (text[0] == '/' && text[1] != '\0' && strlen (text) < 4096)
        return TRUE;
      return refuse (field, error, _ ("“%s” is not a whole file name from / on."), shown);
    default:
      g_assert_not_reached ();
    }
}

void
inn_field_remove (const InnField *field, xmlNode *node)
{
  if ((field->flags & INN_FIELD_LIST) != 0)
    inn_path_remove_lines (node, field->path);
  else
    inn_path_remove (node, field->path);
}

void
inn_element_clear (InnElement *element, const InnField *field)
{
  g_autofree char *said = inn_element_dup_said (element, field);
  const char *attribute;
  xmlNode *node;

  if (said == NULL)
    return;
  inn_domain_touch (element->domain);
  node =
      field->type == INN_TYPE_SIZE ? inn_path_find (element->node, field->path, &attribute) : NULL;
  if (node != NULL && (attribute == NULL || (field->flags & INN_FIELD_UNIT) != 0))
    xmlUnsetNsProp (node, NULL, (const xmlChar *)"unit");
  if (field->type == INN_TYPE_PRESENT)
    inn_path_remove_element (element->node, field->path);
  else
    inn_field_remove (field, element->node);
}

static gboolean
write_size (InnElement *element, const InnField *field, const char *text)
{
  guint64 bytes = g_ascii_strtoull (text, NULL, 10);
  gboolean whole = bytes % 1024 == 0;
  g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, whole ? bytes / 1024 : bytes);
  const char *attribute;

  if (!inn_path_set (element->node, field->path, number))
    return FALSE;
  xmlSetNsProp (inn_path_find (element->node, field->path, &attribute), NULL,
                (const xmlChar *)"unit", (const xmlChar *)(whole ? "KiB" : "bytes"));
  return TRUE;
}

gboolean
inn_element_set (InnElement *element, const char *field_name, const char *text, GError **error)
{
  const InnField *field = inn_kind_find (element->kind, field_name);
  const char *attribute;
  gboolean written;

  if (field == NULL)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   _ ("%s: There is no setting “%s”."), _ (element->kind->label), field_name);
      return FALSE;
    }
  if (text == NULL || *text == '\0')
    {
      inn_element_clear (element, field);
      return TRUE;
    }
  if (field->type == INN_TYPE_BOOL && (strcmp (text, "yes") == 0 || strcmp (text, "no") == 0))
    text = bool_words (field)[*text == 'n'].value;
  if (!inn_field_check (field, text, error))
    return FALSE;
  if (field->type == INN_TYPE_PRESENT)
    {
      if (bool_from (field, text) == FALSE)
        inn_element_clear (element, field);
      written = bool_from (field, text) == FALSE ||
                inn_path_make (element->node, field->path, &attribute) != NULL;
    }
  else if ((field->flags & INN_FIELD_LIST) != 0)
    {
      inn_path_set_lines (element->node, field->path, text);
      written = TRUE;
    }
  else if (field->type == INN_TYPE_SIZE && (field->flags & INN_FIELD_BYTES) == 0 &&
           (!is_attribute (field) || (field->flags & INN_FIELD_UNIT) != 0))
    written = write_size (element, field, text);
  else
    written = inn_path_set (element->node, field->path, text);
  if (!written)
    return refuse (field, error, _ ("Set the one before it first."));
  inn_domain_touch (element->domain);
  return TRUE;
}

gboolean
inn_element_set_uint (InnElement *element, const char *field, guint64 value, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, value);

  return inn_element_set (element, field, text, error);
}

gboolean
inn_element_set_bool (InnElement *element, const char *field, gboolean value, GError **error)
{
  return inn_element_set (element, field, value ? "yes" : "no", error);
}
