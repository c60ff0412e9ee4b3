/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Devices of an import, one adapter a kind: each becomes one that the helper can build. What cannot
 * be adapted is set aside, below the machine's metadata. */
#include "inn-import-private.h"

#include "inn-domain-new.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- setting aside ---- */

static void
set_aside (InnImport *import, xmlNode *node)
{
  const char *attribute;
  xmlNode *aside;

  inn_domain_touch (import->domain);
  aside = inn_path_make (inn_domain_root (import->domain), INN_ASIDE_PATH, &attribute);
  inn_node_insert (aside, xmlDocCopyNode (node, import->domain->doc, 1), NULL);
  g_hash_table_remove (import->adapted, node);
  inn_node_drop (node);
}

/* @why: a sentence, taken over. The helper keeps secrets where it knows the field: there is none in
 * what is set aside. */
static void
leave_out (InnImport *import, InnElement *device, char *why)
{
  g_autofree char *label = inn_element_dup_label (device);

  for (const InnField *field = device->kind->fields; field->name != NULL; field++)
    if ((field->flags & INN_FIELD_SECRET) != 0)
      inn_element_clear (device, field);
  inn_import_note (import, INN_IMPORT_UNKNOWN, label, why, device->node, NULL);
  set_aside (import, device->node);
}

static void
leave_out_unknown (InnImport *import, xmlNode *node)
{
  InnImportSort sort;
  const char *what, *text;

  if (inn_import_name_device (node, &sort, &what, &text))
    inn_import_note (import, sort, _ (what), g_strdup (_ (text)), node, NULL);
  else
    {
      g_autofree char *name = inn_text_shorten ((const char *)node->name, 80);

      inn_import_note (import, INN_IMPORT_UNKNOWN, name,
                       g_strdup (_ ("Innkeeper does not know this device. The machine starts "
                                    "without it.")),
                       node, NULL);
    }
  set_aside (import, node);
}

/* ---- storage ---- */

static gboolean
resolve_volume (InnImport *import, InnElement *disk)
{
  g_autofree char *pool = inn_path_dup (disk->node, "source/@pool");
  g_autofree char *volume = inn_path_dup (disk->node, "source/@volume");
  g_autofree char *path = NULL, *shown = NULL;
  gboolean block;

  if (pool != NULL && volume != NULL && import->host->find_volume != NULL)
    path = import->host->find_volume (pool, volume, import->host->data);
  if (path == NULL)
    {
      g_autofree char *pool_shown = inn_text_shorten (pool != NULL ? pool : "", 80);
      g_autofree char *volume_shown = inn_text_shorten (volume != NULL ? volume : "", 80);

      leave_out (import, disk,
                 g_strdup_printf (_ ("Where libvirt’s pool “%s” has its files cannot be read, so "
                                     "“%s” is left out. Add the disk by its file later."),
                                  pool_shown, volume_shown));
      return FALSE;
    }
  block = g_str_has_prefix (path, "/dev/");
  inn_domain_touch (import->domain);
  inn_path_remove_element (disk->node, "source");
  if (!inn_element_set (disk, "type", block ? "block" : "file", NULL) ||
      !inn_element_set (disk, block ? "block" : "source", path, NULL))
    {
      leave_out (import, disk, g_strdup (_ ("Its file’s name cannot be written down.")));
      return FALSE;
    }
  shown = inn_text_shorten (path, 200);
  inn_import_adapted (import, disk,
                      g_strdup_printf (_ ("“%s” of libvirt’s pool “%s” is named by its file: %s."),
                                       volume, pool, shown));
  return TRUE;
}

/* libvirt goes by the name where no bus is said, as "sda". */
static void
adapt_target (InnImport *import, InnElement *disk)
{
  static const struct
  {
    const char *prefix, *bus;
  } buses[] = { { "vd", "virtio" }, { "sd", "scsi" }, { "hd", "ide" }, { "fd", "fdc" } };
  g_autofree char *target = inn_element_dup (disk, "target");
  g_autofree char *bus = NULL;
  const char *prefix;

  for (guint i = 0; i < G_N_ELEMENTS (buses) && target != NULL; i++)
    if (!inn_element_has (disk, "bus") && g_str_has_prefix (target, buses[i].prefix) &&
        inn_element_set (disk, "bus", buses[i].bus, NULL))
      inn_import_adapted (import, disk,
                          g_strdup_printf (_ ("Its bus is not said. libvirt goes by the name, so "
                                              "“%s” is written down."),
                                           buses[i].bus));
  bus = inn_element_dup (disk, "bus");
  prefix = bus != NULL ? inn_target_prefix (bus) : NULL;
  if (target != NULL && prefix != NULL && !g_str_has_prefix (target, prefix))
    {
      g_autofree char *name = inn_domain_free_target (import->domain, bus);

      if (inn_element_set (disk, "target", name, NULL))
        inn_import_adapted (import, disk,
                            g_strdup_printf (_ ("It was called “%s”, which does not go with its "
                                                "bus. The guest does not see this name."),
                                             target));
    }
}

static gboolean
adapt_storage (InnImport *import, InnElement *disk)
{
  g_autofree char *type = inn_path_dup (disk->node, "@type");
  gboolean cdrom = !g_str_equal (disk->kind->name, "disk");
  const char *attribute;

  if (g_strcmp0 (type, "volume") == 0 && !resolve_volume (import, disk))
    return FALSE;
  if (inn_path_find (disk->node, "encryption", &attribute) != NULL ||
      inn_path_find (disk->node, "source/encryption", &attribute) != NULL)
    {
      leave_out (import, disk,
                 g_strdup (_ ("It is encrypted, and Innkeeper has no way to ask for its "
                              "passphrase.")));
      return FALSE;
    }
  if (g_strcmp0 (type, "network") == 0 && cdrom)
    {
      inn_domain_touch (import->domain);
      inn_path_remove_element (disk->node, "source");
      inn_element_set (disk, "type", "file", NULL);
      inn_import_adapted (import, disk,
                          g_strdup (_ ("Its medium is on the network. The drive is empty.")));
    }
  else if (g_strcmp0 (type, "network") == 0)
    {
      leave_out (import, disk,
                 g_strdup (_ ("It is on the network. Innkeeper has disks of this computer only.")));
      return FALSE;
    }
  adapt_target (import, disk);
  if (!inn_element_has (disk, "format") && !cdrom && inn_element_set (disk, "format", "raw", NULL))
    inn_import_adapted (import, disk,
                        g_strdup (_ ("Its format is not said. libvirt takes it as plain (raw), "
                                     "and so it is written down.")));
  if (inn_path_find (disk->node, "backingStore/source", &attribute) != NULL)
    inn_import_adapted (import, disk,
                        g_strdup (_ ("Its image is based on another one. Innkeeper does not follow "
                                     "that: make one image of both, with “qemu-img convert”.")));
  return TRUE;
}

static gboolean
adapt_lun (InnImport *import, InnElement *disk)
{
  g_autofree char *type = inn_path_dup (disk->node, "@type");
  g_autofree char *rawio = inn_path_dup (disk->node, "@rawio");
  g_autofree char *path = inn_element_dup (disk, "block");

  if (!import->host->system)
    {
      leave_out (import, disk,
                 g_strdup (_ ("A disk of this computer is handed to machines of the whole system "
                              "only.")));
      return FALSE;
    }
  if (g_strcmp0 (type, "block") != 0 || path == NULL || !g_str_has_prefix (path, "/dev/"))
    {
      leave_out (import, disk,
                 g_strdup (_ ("It is no disk of this computer. Innkeeper hands SCSI commands on to "
                              "those only.")));
      return FALSE;
    }
  adapt_target (import, disk);
  if (!inn_element_is (disk, "bus", "scsi"))
    {
      g_autofree char *name = inn_domain_free_target (import->domain, "scsi");

      inn_element_set (disk, "bus", "scsi", NULL);
      inn_element_set (disk, "target", name, NULL);
      inn_import_adapted (import, disk,
                          g_strdup (_ ("The guest finds it at a SCSI controller: only there are "
                                       "commands handed on.")));
    }
  if (g_strcmp0 (rawio, "yes") == 0)
    inn_import_adapted (import, disk,
                        g_strdup (_ ("The guest sends it what every program may send to a disk. "
                                     "Other commands, and reservations, are refused.")));
  return TRUE;
}

/* ---- network cards ---- */

/* A card that goes through this computer, whatever it was connected to. */
static void
make_user (InnImport *import, InnElement *card, gboolean pulled)
{
  static const char *const parts[] = { "source", "virtualport", "vlan", "filterref", "script" };

  inn_domain_touch (import->domain);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    inn_path_remove_element (card->node, parts[i]);
  inn_element_set (card, "type", "user", NULL);
  if (pulled)
    inn_element_set (card, "link", "down", NULL);
}

static void
adapt_network (InnImport *import, InnElement *card)
{
  g_autofree char *name = inn_element_dup (card, "network");
  g_autofree char *bridge = NULL;
  g_autofree char *shown = inn_text_shorten (name != NULL ? name : "", 80);
  InnImportNetwork known = INN_IMPORT_NETWORK_UNKNOWN;

  if (name != NULL && import->host->find_network != NULL)
    known = import->host->find_network (name, &bridge, import->host->data);
  if (known == INN_IMPORT_NETWORK_BRIDGE && import->host->system && bridge != NULL)
    {
      make_user (import, card, FALSE);
      if (inn_element_set (card, "type", "bridge", NULL) &&
          inn_element_set (card, "bridge", bridge, NULL))
        {
          inn_import_adapted (import, card,
                              g_strdup_printf (_ ("libvirt’s network “%s” is this computer’s "
                                                  "bridge “%s”: it is named as such."),
                                               shown, bridge));
          return;
        }
      make_user (import, card, FALSE);
    }
  if (g_strcmp0 (name, "default") == 0 && known != INN_IMPORT_NETWORK_ISOLATED)
    inn_import_adapted (import, card,
                        g_strdup (_ ("It reaches the internet through this computer, as with "
                                     "libvirt’s network “default”. This computer and other "
                                     "machines cannot reach it from there.")));
  else if (import->host->system && known != INN_IMPORT_NETWORK_OUTSIDE)
    inn_import_adapted (import, card,
                        g_strdup_printf (_ ("“%s” connects machines that Innkeeper runs to each "
                                            "other. Those that libvirt runs are not among them."),
                                         shown));
  else if (known == INN_IMPORT_NETWORK_ISOLATED)
    {
      make_user (import, card, TRUE);
      inn_import_adapted (import, card,
                          g_strdup_printf (_ ("“%s” leads to other machines only, which your own "
                                              "machines cannot have. Its cable is pulled; plugged "
                                              "in, it reaches the internet."),
                                           shown));
    }
  else
    {
      make_user (import, card, FALSE);
      inn_import_adapted (import, card,
                          g_strdup_printf (_ ("It was connected to libvirt’s network “%s”. Now it "
                                              "reaches the internet through this computer."),
                                           shown));
    }
}

static void
adapt_connection (InnImport *import, InnElement *card)
{
  g_autofree char *type = inn_path_dup (card->node, "@type");
  static const char *const outside[] = {
    "direct", "ethernet", "hostdev", "vhostuser", "vdpa", NULL
  };

  if (g_strcmp0 (type, "user") == 0 || type == NULL)
    return;
  if (g_str_equal (type, "network"))
    adapt_network (import, card);
  else if ((g_str_equal (type, "bridge") || g_str_equal (type, "direct")) && import->host->system)
    return;
  else if (g_str_equal (type, "bridge"))
    {
      g_autofree char *bridge = inn_element_dup (card, "bridge");
      g_autofree char *shown = inn_text_shorten (bridge != NULL ? bridge : "", 80);

      make_user (import, card, FALSE);
      inn_import_adapted (import, card,
                          g_strdup_printf (_ ("It was connected to the bridge “%s”, which only "
                                              "machines of the system can have. Now it reaches the "
                                              "internet through this computer."),
                                           shown));
    }
  else
    {
      gboolean pulled = !g_strv_contains (outside, type);
      g_autofree char *shown = inn_text_shorten (type, 80);

      make_user (import, card, pulled);
      inn_import_adapted (
          import, card,
          g_strdup_printf (pulled ? _ ("It was connected otherwise (“%s”). Its cable is pulled; "
                                       "plugged in, it reaches the internet.")
                                  : _ ("It was connected otherwise (“%s”). Now it reaches the "
                                       "internet through this computer."),
                           shown));
    }
}

static gboolean
adapt_interface (InnImport *import, InnElement *card)
{
  g_autofree char *model = inn_path_dup (card->node, "model/@type");
  const InnField *field = inn_kind_find (card->kind, "model");

  adapt_connection (import, card);
  if (model == NULL && inn_element_set (card, "model", "rtl8139", NULL))
    inn_import_adapted (import, card,
                        g_strdup (_ ("Which card it is, is not said. libvirt’s own choice, the "
                                     "Realtek 8139, is written down.")));
  else if (model != NULL && !inn_field_check (field, model, NULL))
    {
      g_autofree char *shown = inn_text_shorten (model, 80);
      gboolean virtio = g_str_has_prefix (model, "virtio");

      inn_element_set (card, "model", virtio ? "virtio" : "e1000", NULL);
      inn_import_adapted (import, card,
                          g_strdup_printf (_ ("The card “%s” is not known here. The guest sees "
                                              "another one: %s."),
                                           shown, virtio ? "VirtIO" : "Intel 82540EM"));
    }
  return TRUE;
}

/* ---- the others ---- */

static gboolean
adapt_line (InnImport *import, InnElement *line)
{
  const InnField *field = inn_kind_find (line->kind, "type");
  g_autofree char *type = inn_element_dup (line, "type");
  g_autofree char *shown = NULL;

  if (type == NULL || inn_field_check (field, type, NULL))
    return TRUE;
  inn_domain_touch (import->domain);
  inn_path_remove_element (line->node, "source");
  inn_path_remove_element (line->node, "protocol");
  inn_element_set (line, "type", "pty", NULL);
  shown = inn_text_shorten (type, 80);
  inn_import_adapted (import, line,
                      g_strdup_printf (_ ("It led elsewhere (“%s”). Now it is a console in this "
                                          "window."),
                                       shown));
  return TRUE;
}

static gboolean
adapt_graphics (InnImport *import, InnElement *graphics)
{
  gboolean secret = inn_element_has (graphics, "passwd");

  if (!inn_element_is (graphics, "type", "egl-headless"))
    inn_element_set (graphics, "render-node", NULL, NULL);
  inn_import_adapted (
      import, graphics,
      secret ? g_strdup (_ ("The screen is shown in Innkeeper’s window. Nothing listens on the "
                            "network, so its password is not asked for."))
             : g_strdup (_ ("The screen is shown in Innkeeper’s window. Nothing listens on the "
                            "network.")));
  return TRUE;
}

static gboolean
adapt_video (InnImport *import, InnElement *card)
{
  if (inn_element_get_bool (card, "accel3d"))
    inn_import_adapted (
        import, card,
        g_strdup (
            _ ("The guest draws by this computer’s graphics card (3D), which has to be one that "
               "the machine may use. Else switch 3D acceleration off.")));
  return TRUE;
}

/* TRUE: the machine can have this computer's, and nothing is said that such a one does not have. */
static gboolean
keep_computers_chip (InnImport *import, InnElement *chip)
{
  g_autofree char *path = inn_element_dup (chip, "device");

  if (!import->host->system || !inn_element_is (chip, "type", "passthrough") ||
      !inn_field_check (inn_kind_find (chip->kind, "device"), path, NULL))
    return FALSE;
  inn_element_set (chip, "version", NULL, NULL);
  inn_import_adapted (
      import, chip,
      g_strdup (_ ("It is this computer’s. The guest can change and clear what this computer keeps "
                   "there.")));
  return TRUE;
}

/* What is in the chip stays with libvirt, or with this computer. */
static gboolean
adapt_tpm (InnImport *import, InnElement *chip)
{
  const InnField *model = inn_kind_find (chip->kind, "model");
  g_autofree char *was = inn_element_dup (chip, "model");
  gboolean computers = keep_computers_chip (import, chip);

  if (!computers && !inn_element_is (chip, "type", "emulator"))
    {
      inn_domain_touch (import->domain);
      inn_path_remove_element (chip->node, "backend");
      inn_element_set (chip, "type", "emulator", NULL);
    }
  if (was == NULL || !inn_field_check (model, was, NULL))
    inn_element_set (chip, "model", "tpm-tis", NULL);
  if (!computers)
    inn_import_adapted (
        import, chip,
        g_strdup (_ ("It is a new, empty one. A system that keeps its keys there, as "
                     "BitLocker does, asks for the recovery key.")));
  return TRUE;
}

static gboolean
adapt_shmem (InnImport *import, InnElement *memory)
{
  g_autofree char *bytes = inn_path_dup (memory->node, "size");
  g_autofree char *unit = inn_path_dup (memory->node, "size/@unit");

  if (!inn_element_is (memory, "model", "ivshmem-plain"))
    {
      leave_out (import, memory,
                 g_strdup (_ ("Only its plain sort is known here (ivshmem-plain).")));
      return FALSE;
    }
  /* libvirt counts bytes where no unit is said. */
  if (bytes != NULL && unit == NULL)
    inn_element_set (memory, "size", g_strstrip (bytes), NULL);
  if (bytes == NULL && inn_element_set (memory, "size", "4194304", NULL))
    inn_import_adapted (import, memory,
                        g_strdup (_ ("Its size is not said. libvirt’s own 4 MiB are written "
                                     "down.")));
  inn_import_adapted (import, memory,
                      g_strdup (_ ("It is in common with machines that Innkeeper runs. Those that "
                                   "libvirt runs are not among them.")));
  return TRUE;
}

/* The card of whoever looks at the screen: that is a window of this computer. */
static gboolean
adapt_smartcard (InnImport *import, InnElement *card)
{
  g_autofree char *mode = inn_path_dup (card->node, "@mode");

  if (g_strcmp0 (mode, "passthrough") != 0)
    return TRUE;
  inn_domain_touch (import->domain);
  xmlUnsetProp (card->node, BAD_CAST "type");
  inn_path_remove_element (card->node, "source");
  inn_path_remove_element (card->node, "protocol");
  inn_element_set (card, "mode", "host", NULL);
  inn_import_adapted (import, card,
                      g_strdup (_ ("It was that of a viewer, and now is the one in this computer’s "
                                   "reader.")));
  return TRUE;
}

static gboolean
adapt_filesystem (InnImport *import, InnElement *folder)
{
  if (inn_element_is (folder, "type", "mount") && !inn_element_is (folder, "driver", "virtiofs") &&
      inn_element_set (folder, "driver", "virtiofs", NULL))
    inn_import_adapted (import, folder,
                        g_strdup (_ ("It was reached by 9p, and now is by virtiofs. In the guest, "
                                     "mount it with “-t virtiofs”.")));
  return TRUE;
}

/* FALSE: the device has been set aside. */
static const struct
{
  const char *kind;
  gboolean (*adapt) (InnImport *import, InnElement *device);
} adapters[] = {
  { "disk", adapt_storage },
  { "cdrom", adapt_storage },
  { "lun", adapt_lun },
  { "shmem", adapt_shmem },
  { "floppy", adapt_storage },
  { "interface", adapt_interface },
  { "serial", adapt_line },
  { "parallel", adapt_line },
  { "console", adapt_line },
  { "graphics", adapt_graphics },
  { "video", adapt_video },
  { "tpm", adapt_tpm },
  { "filesystem", adapt_filesystem },
  { "smartcard", adapt_smartcard },
};

static void
adapt_device (InnImport *import, InnElement *device)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (adapters); i++)
    if (g_str_equal (adapters[i].kind, device->kind->name) && !adapters[i].adapt (import, device))
      return;
  /* Whatever else a rule forbids: better a machine without the device than none. */
  if (!inn_element_check (device, &error))
    leave_out (import, device,
               g_strdup_printf (_ ("The machine starts without it. %s"), error->message));
}

/* The guest finds its devices where the helper's plan puts them. */
static void
note_places (InnImport *import)
{
  g_autoptr (GPtrArray) cards = inn_domain_list (import->domain, "interface");

  for (guint i = 0; i < cards->len; i++)
    {
      const InnElement *card = cards->pdata[i];
      g_autofree char *type = inn_path_dup (card->node, "address/@type");
      const char *attribute;

      if (g_strcmp0 (type, "pci") != 0)
        continue;
      inn_import_note (import, INN_IMPORT_ADAPTED, _ ("Places on the PCI bus"),
                       g_strdup (_ ("Innkeeper puts devices where they can be unplugged. A system "
                                    "that names its network card by its place, as “enp1s0”, may "
                                    "name it otherwise.")),
                       inn_path_find (card->node, "address", &attribute), NULL);
      return;
    }
}

void
inn_import_devices (InnImport *import)
{
  xmlNode *devices = inn_domain_devices (import->domain), *next;

  note_places (import);
  for (xmlNode *node = devices != NULL ? devices->children : NULL; node != NULL; node = next)
    {
      InnElement device = { import->domain, node, inn_kind_of (node) };

      next = node->next;
      if (node->type != XML_ELEMENT_NODE || inn_node_is (node, "emulator"))
        continue;
      /* What stands behind it may go along with it: its line. */
      next = xmlNextElementSibling (node);
      if (device.kind == NULL)
        leave_out_unknown (import, node);
      else
        adapt_device (import, &device);
    }
}
