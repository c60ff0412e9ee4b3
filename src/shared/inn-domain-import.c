/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The way of an import: what cannot be run at all is refused, sections and devices are adapted,
 * and what is left over is told. */
#include "inn-import-private.h"

#include "inn-domain-new.h"
#include "inn-errors.h"

#include <glib/gi18n-lib.h>
#include <string.h>

void
inn_import_note_free (InnImportNote *note)
{
  g_free (note->what);
  g_free (note->text);
  g_free (note->path);
  g_free (note);
}

/* "devices/disk/driver", from the node itself. */
static char *
dup_path (const xmlNode *node)
{
  GString *path = g_string_new (NULL);

  for (; node != NULL && node->type == XML_ELEMENT_NODE && node->parent != NULL &&
         node->parent->type == XML_ELEMENT_NODE;
       node = node->parent)
    {
      if (path->len > 0)
        g_string_prepend_c (path, '/');
      g_string_prepend (path, (const char *)node->name);
    }
  return g_string_free (path, FALSE);
}

void
inn_import_note (InnImport *import,
                 InnImportSort sort,
                 const char *what,
                 char *text,
                 const xmlNode *node,
                 const char *path)
{
  InnImportNote *note;
  long line = node != NULL ? xmlGetLineNo (node) : 0;

  for (guint i = 0; i < import->notes->len && sort != INN_IMPORT_SAME; i++)
    {
      note = import->notes->pdata[i];
      if (note->sort == sort && strcmp (note->what, what) == 0 && g_strcmp0 (note->text, text) == 0)
        {
          g_free (text);
          return;
        }
    }
  note = g_new0 (InnImportNote, 1);
  note->sort = sort;
  note->what = g_strdup (what);
  note->text = text;
  note->path = path != NULL ? g_strdup (path) : dup_path (node);
  note->line = line > 0 ? (guint)line : 0;
  g_ptr_array_add (import->notes, note);
}

void
inn_import_adapted (InnImport *import, const InnElement *element, char *text)
{
  g_autofree char *label = inn_element_dup_label (element);

  g_hash_table_add (import->adapted,
                    element->kind->device ? element->node : (gpointer)element->kind);
  inn_import_note (import, INN_IMPORT_ADAPTED, label, text,
                   element->kind->device ? element->node : NULL,
                   element->kind->device ? NULL : element->kind->name);
}

/* ---- what cannot be run ---- */

static gboolean
refuse (const xmlNode *node, char *message, GError **error)
{
  g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED, _ ("Line %ld: %s"), xmlGetLineNo (node),
               message);
  g_free (message);
  return FALSE;
}

static gboolean
is_board (const char *type)
{
  return strcmp (type, "q35") == 0 || strcmp (type, "pc") == 0 ||
         g_str_has_prefix (type, "pc-q35-") || g_str_has_prefix (type, "pc-i440fx-");
}

static gboolean
check_runnable (InnDomain *domain, GError **error)
{
  xmlNode *root = inn_domain_root (domain);
  const char *attribute;
  const xmlNode *os = inn_path_find (root, "os/type", &attribute);
  g_autofree char *hypervisor = inn_path_dup (root, "@type");
  g_autofree char *type = inn_path_dup (root, "os/type");
  g_autofree char *arch = inn_path_dup (root, "os/type/@arch");
  g_autofree char *board = inn_path_dup (root, "os/type/@machine");

  if (hypervisor != NULL && strcmp (hypervisor, "kvm") != 0 && strcmp (hypervisor, "qemu") != 0)
    {
      g_autofree char *shown = inn_text_shorten (hypervisor, 80);

      return refuse (root,
                     g_strdup_printf (_ ("The machine is made for “%s”. Innkeeper runs those made "
                                         "for KVM and QEMU."),
                                      shown),
                     error);
    }
  if (type != NULL && strcmp (g_strstrip (type), "hvm") != 0)
    {
      g_autofree char *shown = inn_text_shorten (type, 80);

      return refuse (os,
                     g_strdup_printf (_ ("The machine is of the kind “%s”. Innkeeper runs full "
                                         "machines (“hvm”) only."),
                                      shown),
                     error);
    }
  if (arch != NULL && strcmp (arch, "x86_64") != 0 && strcmp (arch, "i686") != 0)
    {
      g_autofree char *shown = inn_text_shorten (arch, 80);

      return refuse (os,
                     g_strdup_printf (_ ("The machine has a processor of the sort “%s”. Innkeeper "
                                         "runs PCs (x86_64, i686) only."),
                                      shown),
                     error);
    }
  if (board != NULL && !is_board (board))
    {
      g_autofree char *shown = inn_text_shorten (board, 80);

      return refuse (os,
                     g_strdup_printf (_ ("The chipset “%s” cannot be used yet. Choose Q35 or "
                                         "i440FX."),
                                      shown),
                     error);
    }
  return TRUE;
}

/* ---- sections ---- */

/* A name within the schema's rule, as near as can be. */
static void
adapt_name (InnImport *import)
{
  InnElement general = inn_domain_get (import->domain, "general");
  g_autofree char *name = inn_domain_dup_name (import->domain);
  g_autofree char *fit = NULL;
  char *start;

  if (name == NULL || inn_field_check (inn_kind_find (general.kind, "name"), name, NULL))
    return;
  fit = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), 64));
  start = g_strstrip (g_strdelimit (fit, "/\n\t\r", ' '));
  while (*start == '-' || *start == '.' || *start == ' ')
    start++;
  if (!inn_element_set (&general, "name", start, NULL))
    inn_element_set (&general, "name", "machine", NULL);
  inn_import_adapted (import, &general,
                      g_strdup (_ ("Its name is written otherwise: a name has at most 64 "
                                   "characters and no slash.")));
}

/* A distribution's own name for a chipset is known to its own QEMU only. */
static void
adapt_board (InnImport *import)
{
  InnElement machine = inn_domain_get (import->domain, "machine");
  g_autofree char *type = inn_element_dup (&machine, "machine");
  const char *version = strrchr (type, '-');
  const char *plain = g_str_has_prefix (type, "pc-q35-") ? "q35" : "pc";

  if (!inn_element_has (&machine, "machine"))
    {
      inn_element_set (&machine, "machine", "pc", NULL);
      inn_import_adapted (import, &machine,
                          g_strdup (_ ("Which one is not said. libvirt’s own choice, i440FX, is "
                                       "written down.")));
      return;
    }
  /* pc-q35-7.2, but pc-q35-rhel9.2.0, pc-q35-jammy, pc-q35-noble-hpb */
  if (version == NULL ||
      g_regex_match_simple ("^pc-(q35|i440fx)-[0-9]+\\.[0-9]+(\\.[0-9]+)?$", type, 0, 0))
    return;
  inn_element_set (&machine, "machine", plain, NULL);
  inn_import_adapted (import, &machine,
                      g_strdup_printf (_ ("“%s” is the name of another distribution’s QEMU. It is "
                                          "now “%s”, as this computer’s QEMU makes it."),
                                       type, plain));
}

/* The same share of the time, counted in other periods. */
static void
adapt_limit (InnImport *import, InnElement *cpu)
{
  guint64 limit = inn_element_get_uint (cpu, "limit");
  g_autofree char *text = inn_element_dup (cpu, "limit-period");
  guint64 period = g_ascii_strtoull (text, NULL, 10);

  if (period == INN_CPU_PERIOD)
    return;
  inn_element_set (cpu, "limit-period", NULL, NULL);
  if (limit > 0 && period > 0 && limit < G_MAXUINT64 / INN_CPU_PERIOD)
    inn_element_set_uint (cpu, "limit", limit * INN_CPU_PERIOD / period, NULL);
  inn_import_adapted (
      import, cpu,
      g_strdup_printf (_ ("Its limit is counted in periods of %d µs."), INN_CPU_PERIOD));
}

static void
adapt_general (InnImport *import)
{
  InnElement general = inn_domain_get (import->domain, "general");
  InnElement cpu = inn_domain_get (import->domain, "cpu");

  adapt_name (import);
  adapt_board (import);
  adapt_limit (import, &cpu);
  if (inn_element_is (&general, "virt-type", "qemu") && !inn_element_has (&general, "accelerator"))
    inn_import_adapted (import, &general,
                        g_strdup (_ ("libvirt emulates it always. Here it runs with KVM where that "
                                     "works; the overview’s “Acceleration” can be changed.")));
  if (inn_element_is (&cpu, "mode", "host-model"))
    inn_import_adapted (import, &cpu,
                        g_strdup (_ ("The guest sees this computer’s processor itself, not only "
                                     "the named model that is most like it.")));
}

static void
adapt_groups (InnImport *import)
{
  g_autoptr (GPtrArray) disks = inn_domain_list (import->domain, "disk");

  if (inn_domain_settle_groups (import->domain))
    inn_import_adapted (import, disks->pdata[0],
                        g_strdup (_ ("Disks that share one limit have it all of them: that of the "
                                     "last of them.")));
}

/* As libvirt numbers those that virt-install writes without. */
static void
number_cells (InnImport *import)
{
  const char *attribute;
  xmlNode *numa = inn_path_find (inn_domain_root (import->domain), "cpu/numa", &attribute);
  InnElement section = inn_domain_get (import->domain, "numa");
  guint number = 0;
  gboolean without = FALSE;

  for (xmlNode *cell = numa != NULL ? xmlFirstElementChild (numa) : NULL; cell != NULL;
       cell = xmlNextElementSibling (cell), number++)
    if (xmlStrEqual (cell->name, BAD_CAST "cell") && !xmlHasProp (cell, BAD_CAST "id"))
      {
        g_autofree char *text = g_strdup_printf ("%u", number);

        inn_domain_touch (import->domain);
        xmlSetProp (cell, BAD_CAST "id", BAD_CAST text);
        without = TRUE;
      }
  if (without)
    inn_import_adapted (import, &section,
                        g_strdup (_ ("Its cells are numbered in their order, as libvirt does.")));
}

/* What a field cannot say here is left out, so that its fallback counts. */
static void
adapt_sections (InnImport *import)
{
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      InnElement section;

      if ((*kind)->device)
        continue;
      section = inn_domain_get (import->domain, (*kind)->name);
      for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
        {
          g_autofree char *said = inn_element_dup_said (&section, field);
          g_autofree char *shown = NULL;

          if (said == NULL || *said == '\0' || inn_field_check (field, said, NULL) ||
              (field->flags & INN_FIELD_REQUIRED) != 0)
            continue;
          shown = inn_text_shorten (said, 80);
          inn_domain_touch (import->domain);
          inn_element_clear (&section, field);
          inn_import_adapted (
              import, &section,
              g_strdup_printf (_ ("%s: “%s” is not known here, and left out."), _ (field->label),
                               (field->flags & INN_FIELD_SECRET) != 0 ? "***" : shown));
        }
    }
}

/* ---- what is the same ---- */

static gboolean
is_worth_telling (const InnElement *element)
{
  static const char *const sections[] = { "machine", "cpu", "memory", "firmware", "kernel", NULL };

  if (element->kind->device) /* how its bus is branched nobody has chosen */
    return !g_str_equal (element->kind->name, "controller") ||
           !inn_element_is (element, "type", "pci");
  return g_strv_contains (sections, element->kind->name);
}

static void
note_same (InnImport *import, const InnElement *element)
{
  g_autofree char *label = NULL;
  char *summary = element->kind->summary != NULL ? element->kind->summary (element) : NULL;

  if (!is_worth_telling (element) || (!element->kind->device && summary == NULL) ||
      g_hash_table_contains (import->adapted,
                             element->kind->device ? element->node : (gpointer)element->kind))
    {
      g_free (summary);
      return;
    }
  label = inn_element_dup_label (element);
  inn_import_note (import, INN_IMPORT_SAME, label, summary,
                   element->kind->device ? element->node : NULL,
                   element->kind->device ? NULL : element->kind->name);
}

static void
note_all_same (InnImport *import)
{
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    if ((*kind)->device)
      {
        g_autoptr (GPtrArray) devices = inn_domain_list (import->domain, (*kind)->name);

        for (guint i = 0; i < devices->len; i++)
          note_same (import, devices->pdata[i]);
      }
    else
      {
        InnElement section = inn_domain_get (import->domain, (*kind)->name);

        note_same (import, &section);
      }
}

/* By sort; what is the same in the order of the pages, the rest in that of the text. */
static int
compare_notes (gconstpointer a, gconstpointer b)
{
  const InnImportNote *one = *(const InnImportNote *const *)a;
  const InnImportNote *two = *(const InnImportNote *const *)b;

  if (one->sort != two->sort || one->sort == INN_IMPORT_SAME)
    return (int)one->sort - (int)two->sort;
  return (one->line > two->line) - (one->line < two->line);
}

/* The lines are still those of the text that was read, whatever was changed. */
static gboolean
check_with_lines (InnDomain *domain, const char *xml, gsize length, GError **error)
{
  gboolean good, touched = domain->original == NULL;

  if (touched)
    domain->original = g_strndup (xml, length);
  good = inn_domain_check (domain, error);
  if (touched)
    inn_domain_touch (domain);
  return good;
}

InnDomain *
inn_domain_import (const char *xml,
                   gssize length,
                   const InnImportHost *host,
                   GPtrArray **out_notes,
                   GError **error)
{
  static const InnImportHost nothing = { 0 };
  g_autoptr (GPtrArray) notes =
      g_ptr_array_new_with_free_func ((GDestroyNotify)inn_import_note_free);
  g_autoptr (GHashTable) adapted = g_hash_table_new (NULL, NULL);
  g_autoptr (InnDomain) domain = inn_domain_parse (xml, length, error);
  InnImport import = { domain, host != NULL ? host : &nothing, notes, adapted };

  if (domain == NULL || !check_runnable (domain, error))
    return NULL;
  number_cells (&import);
  adapt_general (&import);
  adapt_sections (&import);
  adapt_groups (&import);
  inn_import_devices (&import);
  if (!check_with_lines (domain, xml, length < 0 ? strlen (xml) : (gsize)length, error))
    return NULL;
  inn_import_rest (&import);
  note_all_same (&import);
  g_ptr_array_sort (notes, compare_notes);
  if (out_notes != NULL)
    *out_notes = g_steal_pointer (&notes);
  return g_steal_pointer (&domain);
}
