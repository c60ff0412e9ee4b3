/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Words and rules that several kinds share. */
#include "inn-words.h"
#include "shared/inn-domain-new.h"

#include <string.h>

const InnChoice inn_words_on_off[] = { { "on", NULL }, { "off", NULL }, { NULL, NULL } };

const InnChoice inn_words_disk_type[] = {
  { "file", N_ ("A file") },
  { "block", N_ ("A disk or drive of this computer") },
  { NULL, NULL },
};

/* libvirt has no word for vhdx: a domain that names it is for this program only. */
const InnChoice inn_words_disk_format[] = {
  { "qcow2", N_ ("QEMU (qcow2)") },
  { "raw", N_ ("Plain (raw)") },
  { "vmdk", N_ ("VMware (vmdk)") },
  { "vdi", N_ ("VirtualBox (vdi)") },
  { "vpc", N_ ("Virtual PC (vhd)") },
  { "vhdx", N_ ("Hyper-V (vhdx)") },
  { NULL, NULL },
};

const InnChoice inn_words_disk_cache[] = {
  { "writeback", N_ ("Host's cache (fast, safe)") },
  { "none", N_ ("No cache on the host") },
  { "writethrough", N_ ("Host's cache, each write waits") },
  { "directsync", N_ ("No cache, each write waits") },
  { "unsafe", N_ ("Fastest; a crash loses data") },
  { NULL, NULL },
};

const InnChoice inn_words_hostdev_mode[] = {
  { "subsystem", N_ ("Device") },
  { NULL, NULL },
};

const InnChoice inn_words_chardev[] = {
  { "pty", N_ ("Console in this window") },
  { "null", N_ ("Nowhere") },
  { NULL, NULL },
};

gboolean
inn_rule (gboolean holds, const char *message, GError **error)
{
  if (!holds)
    g_set_error_literal (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT, message);
  return holds;
}

static gboolean
rule_source (const InnElement *element, GError **error)
{
  if (inn_element_is (element, "type", "block"))
    return inn_rule (!inn_element_has (element, "source"),
                     _ ("It is a device of this computer, so it cannot name a file as well."),
                     error);
  return inn_rule (!inn_element_has (element, "block"),
                   _ ("It is a file, so it cannot name a device of this computer as well."), error);
}

gboolean
inn_rule_target (const InnElement *element, GError **error)
{
  g_autofree char *bus = inn_element_dup (element, "bus");
  g_autofree char *target = inn_element_dup (element, "target");
  const char *prefix = inn_target_prefix (bus);

  if (prefix == NULL || target == NULL || g_str_has_prefix (target, prefix))
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
               _ ("The name “%s” does not go with the bus %s. Names there begin with “%s”."),
               target, bus, prefix);
  return FALSE;
}

gboolean
inn_rule_storage (const InnElement *element, GError **error)
{
  return rule_source (element, error) && inn_rule_target (element, error);
}

char *
inn_dup_choice (const InnElement *element, const char *field)
{
  char *text = inn_element_dup (element, field);
  const InnChoice *choice = inn_kind_find (element->kind, field)->choices;

  for (; text != NULL && choice != NULL && choice->value != NULL; choice++)
    if (strcmp (choice->value, text) == 0 && choice->label != NULL)
      {
        g_free (text);
        return g_strdup (_ (choice->label));
      }
  return text;
}

char *
inn_dup_join (char *one, char *two)
{
  g_autofree char *first = one, *second = two;

  if (first == NULL || second == NULL)
    return g_strdup (first != NULL ? first : second);
  return g_strconcat (first, ", ", second, NULL);
}

char *
inn_dup_storage (const InnElement *element, const char *empty)
{
  const gboolean block =
      inn_element_is (element, "type", "block") || inn_kind_find (element->kind, "source") == NULL;
  g_autofree char *path = inn_element_dup (element, block ? "block" : "source");

  return inn_dup_join (inn_dup_choice (element, "bus"),
                       path != NULL ? g_path_get_basename (path) : g_strdup (empty));
}
