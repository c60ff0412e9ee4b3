/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What an import says of all that no field of the schema says: THE table of words. Whatever it does
 * not list is told by its own name. */
#include "inn-import-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- devices that are set aside ---- */

static const struct
{
  const char *name;
  InnImportSort sort;
  const char *what, *text;
} devices[] = {
  { "redirdev", INN_IMPORT_ADAPTED, N_ ("USB redirection"),
    N_ ("It is left out: every machine with USB takes devices, by “USB Devices…” in its menu.") },
  { "redirfilter", INN_IMPORT_UNKNOWN, N_ ("USB redirection"),
    N_ ("It says which devices the machine takes, and is left out: it takes all.") },
  { "hostdev", INN_IMPORT_UNKNOWN, N_ ("Device of this computer"),
    N_ ("It cannot be handed to the machine yet. The machine starts without it.") },
  { "memory", INN_IMPORT_UNKNOWN, N_ ("Memory device"),
    N_ ("The machine starts without it. Its memory can be made larger in its details.") },
  { "disk", INN_IMPORT_UNKNOWN, N_ ("Disk that is passed through"),
    N_ ("It cannot be handed to the machine yet. The machine starts without it.") },
  { "input", INN_IMPORT_UNKNOWN, N_ ("Input device of this computer"),
    N_ ("It cannot be handed to the machine. The window has keyboard and pointer.") },
  { "hub", INN_IMPORT_ADAPTED, N_ ("USB hub"),
    N_ ("It is left out: the USB controller has ports enough.") },
  { "audio", INN_IMPORT_ADAPTED, N_ ("Sound"),
    N_ ("What it plays is heard where its screen is looked at.") },
};

gboolean
inn_import_name_device (const xmlNode *node,
                        InnImportSort *out_sort,
                        const char **out_what,
                        const char **out_text)
{
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    if (inn_node_is (node, devices[i].name))
      {
        *out_sort = devices[i].sort;
        *out_what = devices[i].what;
        *out_text = devices[i].text;
        return TRUE;
      }
  return FALSE;
}

/* ---- parts of what is known ---- */

#define NO_EFFECT N_ ("It is kept, but has no effect.")
#define TUNING    N_ ("What this computer keeps back for the machine or holds it to has no effect.")

/* @path: from <domain>, or of a device from its own element. An element stands for all in it, but
 * where another row begins with it. With @name behind it: only where that is its name attribute. */
typedef struct
{
  const char *kind; /* of a device: its element; "*": of any; "": the machine itself */
  const char *path;
  InnImportSort sort; /* SAME: nothing needs to be said */
  const char *what, *text;
} Part;

static const Part parts[] = {
  /* libvirt's own bookkeeping, or what is so here anyway. */
  { "", "@id", INN_IMPORT_SAME, NULL, NULL },
  { "", "metadata", INN_IMPORT_SAME, NULL, NULL },
  { "", "genid", INN_IMPORT_SAME, NULL, NULL },
  { "", "pm", INN_IMPORT_SAME, NULL, NULL },
  { "", "resource", INN_IMPORT_SAME, NULL, NULL },
  { "", "vcpu/@placement", INN_IMPORT_SAME, NULL, NULL },
  { "", "memory/@dumpCore", INN_IMPORT_SAME, NULL, NULL },
  { "", "memoryBacking/source", INN_IMPORT_SAME, NULL, NULL },
  { "", "os/loader/@format", INN_IMPORT_SAME, NULL, NULL },
  { "", "os/nvram/@format", INN_IMPORT_SAME, NULL, NULL },
  { "", "os/nvram/@templateFormat", INN_IMPORT_SAME, NULL, NULL },
  { "", "features/pae", INN_IMPORT_SAME, NULL, NULL },
  { "", "features/hap", INN_IMPORT_SAME, NULL, NULL },
  { "", "features/ioapic", INN_IMPORT_SAME, NULL, NULL },
  { "", "cpu/@match", INN_IMPORT_SAME, NULL, NULL },
  { "", "cpu/model/@fallback", INN_IMPORT_SAME, NULL, NULL },
  { "", "cpu/topology/@clusters", INN_IMPORT_SAME, NULL, NULL },
  { "", "clock/timer rtc", INN_IMPORT_SAME, NULL, NULL },
  { "", "clock/timer pit", INN_IMPORT_SAME, NULL, NULL },
  { "", "clock/timer kvmclock", INN_IMPORT_SAME, NULL, NULL },
  { "", "iothreadids", INN_IMPORT_SAME, NULL, NULL },
  { "", "cpu/numa/cell/@id", INN_IMPORT_SAME, NULL, NULL },
  { "", "cpu/numa/cell/distances", INN_IMPORT_SAME, NULL, NULL },
  { "", "sysinfo/@type", INN_IMPORT_SAME, NULL, NULL },
  { "", "sysinfo/system/entry uuid", INN_IMPORT_SAME, NULL, NULL },
  { "*", "@device", INN_IMPORT_SAME, NULL, NULL },
  { "*", "address", INN_IMPORT_SAME, NULL, NULL },
  { "*", "alias", INN_IMPORT_SAME, NULL, NULL },
  { "*", "driver/@name", INN_IMPORT_SAME, NULL, NULL },
  { "disk", "source/@index", INN_IMPORT_SAME, NULL, NULL },
  { "disk", "source/@startupPolicy", INN_IMPORT_SAME, NULL, NULL },
  { "disk", "source/seclabel", INN_IMPORT_SAME, NULL, NULL },
  { "disk", "source/privateData", INN_IMPORT_SAME, NULL, NULL },
  { "disk", "target/@tray", INN_IMPORT_SAME, NULL, NULL },
  { "disk", "backingStore", INN_IMPORT_SAME, NULL, NULL },
  { "controller", "model", INN_IMPORT_SAME, NULL, NULL },
  { "controller", "target", INN_IMPORT_SAME, NULL, NULL },
  { "controller", "master", INN_IMPORT_SAME, NULL, NULL },
  { "controller", "pcihole64", INN_IMPORT_SAME, NULL, NULL },
  { "filesystem", "driver/@queue", INN_IMPORT_SAME, NULL, NULL },
  { "filesystem", "driver/@format", INN_IMPORT_SAME, NULL, NULL },
  { "filesystem", "driver/@wrpolicy", INN_IMPORT_SAME, NULL, NULL },
  { "filesystem", "binary", INN_IMPORT_SAME, NULL, NULL },
  { "filesystem", "@accessmode", INN_IMPORT_ADAPTED, NULL,
    N_ ("All that the guest does there is done as the machine’s owner.") },
  { "lun", "@rawio", INN_IMPORT_SAME, NULL, NULL },  /* a note of its own where it matters */
  { "shmem", "@role", INN_IMPORT_SAME, NULL, NULL }, /* of a migration */
  { "lun", "@sgio", INN_IMPORT_SAME, NULL, NULL },
  { "interface", "target", INN_IMPORT_SAME, NULL, NULL },
  { "interface", "source/@portid", INN_IMPORT_SAME, NULL, NULL },
  { "interface", "backend", INN_IMPORT_SAME, NULL, NULL },
  { "hostdev", "driver/@name", INN_IMPORT_SAME, NULL, NULL },
  { "hostdev", "@managed", INN_IMPORT_SAME, NULL, NULL }, /* only a PCI device has another driver */
  { "serial", "source", INN_IMPORT_SAME, NULL, NULL },
  { "parallel", "source", INN_IMPORT_SAME, NULL, NULL },
  { "serial", "target/model", INN_IMPORT_SAME, NULL, NULL },
  { "console", "source", INN_IMPORT_SAME, NULL, NULL },
  { "console", "@tty", INN_IMPORT_SAME, NULL, NULL },
  { "channel", "source", INN_IMPORT_SAME, NULL, NULL },
  { "channel", "target/@state", INN_IMPORT_SAME, NULL, NULL },
  { "graphics", "", INN_IMPORT_SAME, NULL, NULL }, /* its own note says that nothing listens */
  { "sound", "audio", INN_IMPORT_SAME, NULL, NULL },
  { "sound", "codec", INN_IMPORT_SAME, NULL, NULL },
  { "video", "model/@vram64", INN_IMPORT_SAME, NULL, NULL },
  { "video", "model/acceleration/@accel2d", INN_IMPORT_SAME, NULL, NULL },

  { "", "seclabel", INN_IMPORT_ADAPTED, N_ ("Security label"),
    N_ ("Innkeeper locks each machine into a room of its own instead.") },

  { "", "cpu/vendor", INN_IMPORT_SAME, NULL, NULL },
  { "", "cputune/period", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/quota", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/emulator_period", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/emulator_quota", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/iothread_period", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/iothread_quota", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/iothreadpin", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/vcpusched", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/iothreadsched", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/emulatorsched", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/cachetune", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "cputune/memorytune", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "memtune", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "blkiotune", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "numatune", INN_IMPORT_UNKNOWN, N_ ("Tuning"), TUNING },
  { "", "os/bios", INN_IMPORT_UNKNOWN, N_ ("Firmware on the serial line"), NO_EFFECT },
  { "", "os/acpi", INN_IMPORT_UNKNOWN, N_ ("ACPI tables"),
    N_ ("Tables from a file are not given to the guest. A licence in them is not found.") },
  { "", "launchSecurity", INN_IMPORT_UNKNOWN, N_ ("Encrypted memory"),
    N_ ("The machine’s memory is not encrypted.") },
  { "", "commandline", INN_IMPORT_UNKNOWN, N_ ("Options for QEMU"),
    N_ ("They are never passed on to QEMU.") },
  { "", "override", INN_IMPORT_UNKNOWN, N_ ("Options for QEMU"),
    N_ ("They are never passed on to QEMU.") },
  { "disk", "transient", INN_IMPORT_UNKNOWN, NULL,
    N_ ("What the guest writes is kept, and not thrown away when it ends.") },
  { "disk", "driver/@copy_on_read", INN_IMPORT_UNKNOWN, NULL,
    N_ ("What is read is not copied from the image below it.") },
  { "interface", "bandwidth/inbound/@peak", INN_IMPORT_UNKNOWN, NULL,
    N_ ("It goes at once, as fast as it comes.") },
  { "interface", "bandwidth/outbound/@peak", INN_IMPORT_UNKNOWN, NULL,
    N_ ("It goes at once, as fast as it comes.") },
  { "interface", "filterref", INN_IMPORT_UNKNOWN, NULL,
    N_ ("What it may send and receive is not filtered.") },
  { "interface", "vlan", INN_IMPORT_UNKNOWN, NULL, N_ ("It is in no VLAN.") },
  { "serial", "log", INN_IMPORT_UNKNOWN, NULL, N_ ("Its text is not written to a file.") },
  { "console", "log", INN_IMPORT_UNKNOWN, NULL, N_ ("Its text is not written to a file.") },
};

/* ---- the walk ---- */

typedef struct
{
  InnImport *import;
  const char *kind;  /* "" for the machine itself */
  const char *label; /* of a device, for a person; NULL */
  const InnKind *schema;
} Walk;

static gboolean
is_below (const char *path, const char *top)
{
  gsize length = strlen (top);

  return length == 0 || (strncmp (path, top, length) == 0 && path[length] == '/');
}

static const Part *
find_part (const Walk *walk, const char *path, const char *name)
{
  g_autofree char *named = name != NULL ? g_strconcat (path, " ", name, NULL) : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if ((strcmp (parts[i].kind, walk->kind) == 0 ||
         (*walk->kind != '\0' && strcmp (parts[i].kind, "*") == 0)) &&
        (strcmp (parts[i].path, path) == 0 || *parts[i].path == '\0' ||
         g_strcmp0 (parts[i].path, named) == 0))
      return &parts[i];
  return NULL;
}

static gboolean
schema_goes_below (const InnKind *kind, const char *path)
{
  for (const InnField *field = kind->fields; field->name != NULL; field++)
    {
      /* Predicates are no part of the way: "clock[@offset?='utc']/timer". */
      g_autofree char *plain = g_strdup (field->path);
      char *open, *close;

      while ((open = strchr (plain, '[')) != NULL && (close = strchr (open, ']')) != NULL)
        memmove (open, close + 1, strlen (close));
      if (is_below (plain, path))
        return TRUE;
    }
  return FALSE;
}

/* Whether parts of the element are known, so that it is told part by part. */
static gboolean
goes_below (const Walk *walk, const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if ((strcmp (parts[i].kind, walk->kind) == 0 || strcmp (parts[i].kind, "*") == 0) &&
        is_below (parts[i].path, path))
      return TRUE;
  if (*walk->kind != '\0')
    return schema_goes_below (walk->schema, path);
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    if (!(*kind)->device && schema_goes_below (*kind, path))
      return TRUE;
  return FALSE;
}

static void
tell (const Walk *walk, const Part *part, const char *path, const xmlNode *node)
{
  g_autofree char *whole = g_strconcat (*walk->kind != '\0' ? "devices/" : "", walk->kind,
                                        *walk->kind != '\0' ? "/" : "", path, NULL);
  g_autofree char *shown = inn_text_shorten (path, 80);

  if (part == NULL)
    inn_import_note (walk->import, INN_IMPORT_UNKNOWN, walk->label != NULL ? walk->label : shown,
                     walk->label != NULL
                         ? g_strdup_printf (_ ("“%s” is kept, but has no effect."), shown)
                         : g_strdup (_ (NO_EFFECT)),
                     node, whole);
  else if (part->sort != INN_IMPORT_SAME)
    inn_import_note (walk->import, part->sort, part->what != NULL ? _ (part->what) : walk->label,
                     g_strdup (_ (part->text)), node, whole);
}

static void walk_parts (const Walk *walk, const xmlNode *node, const char *path);

static void
walk_element (const Walk *walk, const xmlNode *node, const char *above)
{
  g_autofree char *path = *above != '\0' ? g_strconcat (above, "/", (const char *)node->name, NULL)
                                         : g_strdup ((const char *)node->name);
  xmlChar *name = xmlGetNoNsProp (node, (const xmlChar *)"name");
  const Part *part = find_part (walk, path, (const char *)name);

  xmlFree (name);
  if (part == NULL && goes_below (walk, path))
    walk_parts (walk, node, path);
  else
    tell (walk, part, path, node);
}

/* Depth is bounded by the parser's limit. */
static void
walk_parts (const Walk *walk, const xmlNode *node, const char *path)
{
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    {
      g_autofree char *at =
          g_strconcat (path, *path != '\0' ? "/@" : "@", (const char *)attribute->name, NULL);

      tell (walk, find_part (walk, at, NULL), at, node);
    }
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE &&
        !(*walk->kind == '\0' && *path == '\0' && inn_node_is (child, "devices")))
      walk_element (walk, child, path);
}

/* Goes over a copy from which all that the schema says has been taken. */
void
inn_import_rest (InnImport *import)
{
  g_autoptr (InnDomain) rest = inn_domain_copy (import->domain);
  g_autoptr (GPtrArray) list = inn_domain_list (rest, NULL);
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);
  Walk walk = { import, "", NULL, NULL };

  for (guint i = 0; i < list->len; i++)
    g_ptr_array_add (labels, inn_element_dup_label (list->pdata[i]));
  inn_domain_clear_sections (rest);
  walk_parts (&walk, inn_domain_root (rest), "");
  for (guint i = 0; i < list->len; i++)
    {
      InnElement *device = list->pdata[i];

      walk.kind = strrchr (device->kind->path, '/') + 1;
      walk.label = labels->pdata[i];
      walk.schema = device->kind;
      inn_element_clear_all (device);
      walk_parts (&walk, device->node, "");
    }
}
