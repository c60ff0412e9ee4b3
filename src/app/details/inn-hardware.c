/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a person can add to a machine. Knows the model only. */
#include "inn-hardware.h"

#include "shared/inn-domain-new.h"

#include <glib/gi18n.h>

typedef struct
{
  const char *field;
  const char *value;
} Start;

/* What a kind's required fields begin with; what depends on the machine is in the fill functions.
 */
typedef struct
{
  const char *kind;
  const char *help;
  Start starts[4];
  void (*fill) (InnElement *element);
  guint most; /* that a machine can have; 0: any number */
} Hardware;

static void
fill_storage (InnElement *element)
{
  g_autofree char *bus = inn_element_dup (element, "bus");
  g_autofree char *target = inn_domain_free_target (element->domain, bus != NULL ? bus : "sata");

  inn_element_set (element, "target", target, NULL);
}

static void
fill_interface (InnElement *element)
{
  g_autofree char *mac = inn_mac_random ();

  inn_element_set (element, "mac", mac, NULL);
}

static gboolean
has_tag (InnDomain *domain, const char *tag)
{
  g_autoptr (GPtrArray) folders = inn_domain_list (domain, "filesystem");

  for (guint i = 0; i < folders->len; i++)
    if (inn_element_is (folders->pdata[i], "tag", tag))
      return TRUE;
  return FALSE;
}

/* The folder that people share, where they have one; never all that they have. */
static void
fill_filesystem (InnElement *element)
{
  const char *known = g_get_user_special_dir (G_USER_DIRECTORY_PUBLIC_SHARE);
  g_autofree char *folder = known != NULL && !g_str_equal (known, g_get_home_dir ())
                                ? g_strdup (known)
                                : g_build_filename (g_get_home_dir (), "Public", NULL);
  g_autofree char *tag = g_strdup ("share");

  for (guint i = 2; has_tag (element->domain, tag); i++)
    {
      g_free (tag);
      tag = g_strdup_printf ("share%u", i);
    }
  inn_element_set (element, "tag", tag, NULL);
  inn_element_set (element, "source", folder, NULL);
}

static gboolean
has_shmem (InnDomain *domain, const char *name)
{
  g_autofree char *id = g_strconcat ("shmem:", name, NULL);
  g_autoptr (InnElement) other = inn_domain_find (domain, id);

  return other != NULL;
}

static void
fill_shmem (InnElement *element)
{
  g_autofree char *name = g_strdup ("shared");

  for (guint i = 2; has_shmem (element->domain, name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("shared%u", i);
    }
  inn_element_set (element, "name", name, NULL);
}

/* Intel's is of Q35 alone. */
static void
fill_iommu (InnElement *element)
{
  InnElement machine = inn_domain_get (element->domain, "machine");
  g_autofree char *type = inn_element_dup (&machine, "machine");

  if (g_strrstr (type, "q35") == NULL)
    inn_element_set (element, "model", "virtio", NULL);
}

static const Hardware table[] = {
  { "disk",
    N_ ("Room for a system and its files: a new image or one you have."),
    { { "type", "file" }, { "bus", "virtio" }, { "format", "qcow2" } },
    fill_storage },
  { "lun",
    N_ ("A whole SCSI or SATA disk of this computer, which the machine sends commands to itself."),
    { { "type", "block" }, { "bus", "scsi" }, { "format", "raw" } },
    fill_storage },
  { "cdrom",
    N_ ("A drive for ISO images; the disc can be changed at any time."),
    { { "type", "file" }, { "bus", "sata" }, { "format", "raw" } },
    fill_storage },
  { "floppy",
    N_ ("A drive for floppy images, for old systems and drivers."),
    { { "type", "file" }, { "bus", "fdc" }, { "format", "raw" } },
    fill_storage,
    2 },
  { "interface",
    N_ ("A network card."),
    { { "type", "user" }, { "model", "virtio" } },
    fill_interface },
  { "filesystem",
    N_ ("A folder of this computer that a Linux guest can mount."),
    { { "driver", "virtiofs" } },
    fill_filesystem },
  { "video", N_ ("A graphics card; without one there is no screen."), { { "model", "virtio" } } },
  { "graphics", N_ ("How the screen reaches this window."), { { "type", "vnc" } } },
  { "sound", N_ ("A sound card."), { { "model", "ich9" } } },
  { "input",
    N_ ("A tablet makes the pointer follow yours; also mice and keyboards."),
    { { "type", "tablet" }, { "bus", "usb" } } },
  { "serial", N_ ("A serial port, with its text in the Console tab."), { { "type", "pty" } } },
  { "parallel",
    N_ ("A parallel port, with what is printed on it in the Console tab."),
    { { "type", "pty" } } },
  { "console",
    N_ ("A text console for systems with a VirtIO driver."),
    { { "type", "pty" }, { "target-type", "virtio" } } },
  { "channel",
    N_ ("A line to an agent in the guest: clean shutdown, clipboard."),
    { { "type", "unix" }, { "target-type", "virtio" }, { "name", "org.qemu.guest_agent.0" } } },
  { "rng",
    N_ ("Gives the guest good random numbers, so that it starts faster."),
    { { "model", "virtio" }, { "backend", "random" }, { "path", "/dev/urandom" } } },
  { "memballoon",
    N_ ("Lets a running guest give memory back to this computer."),
    { { "model", "virtio" } },
    NULL,
    1 },
  { "shmem",
    N_ ("Memory that machines of yours have in common: each finds it as a PCI device."),
    { { "model", "ivshmem-plain" }, { "size", "4194304" } },
    fill_shmem },
  { "dimm",
    N_ ("Makes some of the machine’s memory a module; the slider plugs in more by itself."),
    { { "model", "dimm" }, { "size", "134217728" } } },
  { "tpm",
    N_ ("Keeps keys outside of the disk; Windows 11 and disk encryption ask for one. It is the "
        "machine’s own, or this computer’s."),
    { { "type", "emulator" }, { "version", "2.0" }, { "model", "tpm-crb" } },
    NULL,
    1 },
  { "watchdog",
    N_ ("Resets the machine when its system hangs."),
    { { "model", "i6300esb" }, { "action", "reset" } },
    NULL,
    1 },
  { "panic",
    N_ ("Tells this computer when the guest’s system has crashed."),
    { { "model", "isa" } },
    NULL,
    1 },
  { "vsock",
    N_ ("A line to programs of this computer, without a network."),
    { { "model", "virtio" }, { "auto", "yes" } },
    NULL,
    1 },
  { "iommu",
    N_ ("Lets the guest hand its devices on to machines of its own."),
    { { "model", "intel" } },
    fill_iommu,
    1 },
  { "pstore",
    N_ ("Keeps what a crashing Linux says last, to read it after the restart."),
    { { "backend", "acpi-erst" } },
    NULL,
    1 },
  { "hostdev",
    N_ ("A USB stick, a printer, a security key: plugged in here, used in the machine."),
    { { "mode", "subsystem" }, { "type", "usb" } } },
  { "hostpci",
    N_ ("A card of this computer, which has it no more while the machine runs."),
    { { "mode", "subsystem" }, { "type", "pci" }, { "managed", "yes" } } },
  { "hostmdev",
    N_ ("A share of a graphics or other card of this computer, which keeps the rest of it."),
    { { "mode", "subsystem" }, { "type", "mdev" }, { "model", "vfio-pci" } } },
  { "smartcard",
    N_ ("A smart card reader: its card is the one in this computer’s, or made of certificates."),
    { { "mode", "host" } },
    NULL,
    1 },
  { "controller",
    N_ ("A bus for other devices; most are there without asking."),
    { { "type", "scsi" }, { "model", "virtio-scsi" } } },
};

static const Hardware *
find (const InnKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (g_str_equal (table[i].kind, kind->name))
      return &table[i];
  return NULL;
}

const char *
inn_hardware_get_help (const InnKind *kind)
{
  const Hardware *hardware = find (kind);

  return hardware != NULL ? _ (hardware->help) : NULL;
}

/* A system finds these by ACPI only. */
static gboolean
needs_acpi (const InnKind *kind)
{
  return g_str_equal (kind->name, "iommu") || g_str_equal (kind->name, "pstore") ||
         g_str_equal (kind->name, "dimm");
}

char *
inn_hardware_dup_problem (const InnKind *kind, InnDomain *domain)
{
  const Hardware *hardware = find (kind);
  g_autoptr (GPtrArray) there = inn_domain_list (domain, kind->name);
  InnElement features = inn_domain_get (domain, "features");

  if (hardware != NULL && hardware->most > 0 && there->len >= hardware->most)
    return g_strdup (hardware->most == 1 ? _ ("The machine has one already, and can have no more.")
                                         : _ ("The machine has as many as it can have."));
  if (needs_acpi (kind) && !inn_element_get_bool (&features, "acpi"))
    return g_strdup (_ ("It needs ACPI, which the machine has turned off."));
  return NULL;
}

/* No kind of the schema, but what people look for. */
static const struct
{
  const char *label, *why;
} absent[] = {
  { N_ ("USB redirection"),
    N_ ("Every machine with USB has it: “USB Devices…” in the menu of one that runs.") },
};

const char *
inn_hardware_get_absent (guint position, const char **out_why)
{
  if (position >= G_N_ELEMENTS (absent))
    return NULL;
  *out_why = _ (absent[position].why);
  return _ (absent[position].label);
}

void
inn_hardware_fill (InnElement *element)
{
  const Hardware *hardware = find (element->kind);

  if (hardware == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (hardware->starts) && hardware->starts[i].field != NULL; i++)
    inn_element_set (element, hardware->starts[i].field, hardware->starts[i].value, NULL);
  if (hardware->fill != NULL)
    hardware->fill (element);
}
