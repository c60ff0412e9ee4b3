/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* From a profile to the machine's definition. What each kind of device may say is the schema's;
 * here stands only which devices a new machine has. */

#include "inn-profile.h"
#include "shared/inn-domain-new.h"

/* Fields of one element, in the order in which they are set; ended by a NULL name. A NULL value
 * leaves the field out. */
typedef struct
{
  const char *field, *value;
} Setting;

static gboolean
set_fields (InnElement *element, const Setting *settings, GError **error)
{
  for (; settings->field != NULL; settings++)
    if (settings->value != NULL &&
        !inn_element_set (element, settings->field, settings->value, error))
      return FALSE;
  return TRUE;
}

static gboolean
add (InnDomain *domain, const char *kind, const Setting *settings, GError **error)
{
  InnElement element = inn_domain_add (domain, kind);

  return set_fields (&element, settings, error);
}

static gboolean
set (InnDomain *domain, const char *kind, const char *field, const char *value, GError **error)
{
  InnElement element = inn_domain_get (domain, kind);

  return value == NULL || inn_element_set (&element, field, value, error);
}

static gboolean
set_uint (InnDomain *domain, const char *kind, const char *field, guint64 value, GError **error)
{
  InnElement element = inn_domain_get (domain, kind);

  return inn_element_set_uint (&element, field, value, error);
}

static gboolean
build_board (InnDomain *domain, const InnProfile *profile, InnOs *os, GError **error)
{
  return set (domain, "general", "os-id", inn_os_is_generic (os) ? NULL : inn_os_get_id (os),
              error) &&
         set (domain, "machine", "machine", profile->machine, error) &&
         set (domain, "firmware", "firmware", profile->firmware, error) &&
         set_uint (domain, "memory", "size", profile->memory, error) &&
         set (domain, "memory", "growth", profile->modules ? "dimm" : NULL, error) &&
         set_uint (domain, "cpu", "vcpus", profile->vcpus, error) &&
         set (domain, "cpu", "mode", "host-passthrough", error) &&
         set (domain, "features", "acpi", "yes", error) &&
         set (domain, "features", "apic", "yes", error) &&
         set (domain, "clock", "offset", profile->clock, error);
}

/* The disk comes first: while it is empty the firmware goes on to the medium, and once a system is
 * installed the medium may stay in its drive. */
static gboolean
build_boot (InnDomain *domain, const InnSource *source, GError **error)
{
  const char *second = source->kind == INN_SOURCE_ISO       ? "cdrom"
                       : source->kind == INN_SOURCE_NETWORK ? "network"
                                                            : NULL;

  if (source->kind == INN_SOURCE_KERNEL)
    return set (domain, "kernel", "kernel", source->media->path, error) &&
           set (domain, "kernel", "initrd", source->initrd != NULL ? source->initrd->path : NULL,
                error) &&
           set (domain, "kernel", "cmdline", source->cmdline, error);
  return set (domain, "boot", "first", "hd", error) &&
         set (domain, "boot", "second", second, error);
}

static gboolean
build_storage (InnDomain *domain,
               const InnProfile *profile,
               const InnSource *source,
               GError **error)
{
  gboolean in_place = source->kind == INN_SOURCE_DISK && source->in_place;
  gboolean iso = source->kind == INN_SOURCE_ISO;
  g_autofree char *disk = inn_domain_free_target (domain, profile->disk_bus);
  g_autofree char *cdrom = NULL;

  if (!add (domain, "disk",
            (Setting[]){ { "bus", profile->disk_bus },
                         { "target", disk },
                         { "format", in_place ? source->media->format : "qcow2" },
                         { "source", in_place ? source->media->path : NULL },
                         { "discard", "unmap" },
                         { NULL } },
            error))
    return FALSE;
  cdrom = inn_domain_free_target (domain, profile->cdrom_bus);
  return add (domain, "cdrom",
              (Setting[]){ { "bus", profile->cdrom_bus },
                           { "target", cdrom },
                           { "format", "raw" },
                           { "source", iso ? source->media->path : NULL },
                           { "readonly", "yes" },
                           { NULL } },
              error);
}

static gboolean
build_devices (InnDomain *domain, const InnProfile *profile, GError **error)
{
  g_autofree char *mac = inn_mac_random ();

  if (profile->tablet &&
      (!add (
           domain, "controller",
           (Setting[]){ { "type", "usb" }, { "index", "0" }, { "model", profile->usb }, { NULL } },
           error) ||
       !add (domain, "input", (Setting[]){ { "type", "tablet" }, { "bus", "usb" }, { NULL } },
             error)))
    return FALSE;
  if (profile->sound != NULL &&
      !add (domain, "sound", (Setting[]){ { "model", profile->sound }, { NULL } }, error))
    return FALSE;
  if (profile->rng && !add (domain, "rng",
                            (Setting[]){ { "model", "virtio" },
                                         { "backend", "random" },
                                         { "path", "/dev/urandom" },
                                         { NULL } },
                            error))
    return FALSE;
  if (profile->tpm &&
      !add (domain, "tpm",
            (Setting[]){
                { "type", "emulator" }, { "version", "2.0" }, { "model", "tpm-crb" }, { NULL } },
            error))
    return FALSE;
  return add (
             domain, "interface",
             (Setting[]){ { "type", "user" }, { "mac", mac }, { "model", profile->nic }, { NULL } },
             error) &&
         add (domain, "video", (Setting[]){ { "model", profile->video }, { NULL } }, error) &&
         add (domain, "graphics", (Setting[]){ { "type", "vnc" }, { "listen", "none" }, { NULL } },
              error) &&
         add (domain, "memballoon",
              (Setting[]){ { "model", profile->balloon ? "virtio" : "none" },
                           { "free-page-reporting", profile->balloon ? "on" : NULL },
                           { NULL } },
              error);
}

static gboolean
build_lines (InnDomain *domain, const InnProfile *profile, GError **error)
{
  if (!add (domain, "serial", (Setting[]){ { "type", "pty" }, { "port", "0" }, { NULL } }, error) ||
      !add (
          domain, "console",
          (Setting[]){ { "type", "pty" }, { "target-type", "serial" }, { "port", "0" }, { NULL } },
          error))
    return FALSE;
  return !profile->channels || (add (domain, "channel",
                                     (Setting[]){ { "type", "unix" },
                                                  { "target-type", "virtio" },
                                                  { "name", "org.qemu.guest_agent.0" },
                                                  { NULL } },
                                     error) &&
                                add (domain, "channel",
                                     (Setting[]){ { "type", "qemu-vdagent" },
                                                  { "target-type", "virtio" },
                                                  { "name", "com.redhat.spice.0" },
                                                  { "clipboard", "yes" },
                                                  { NULL } },
                                     error));
}

void
inn_source_clear (InnSource *source)
{
  g_clear_pointer (&source->media, inn_media_unref);
  g_clear_pointer (&source->initrd, inn_media_unref);
  g_clear_pointer (&source->cmdline, g_free);
  source->kind = INN_SOURCE_NONE;
  source->in_place = FALSE;
}

InnDomain *
inn_profile_build (const InnProfile *profile, InnOs *os, const InnSource *source, GError **error)
{
  g_autoptr (InnDomain) domain = inn_domain_new ();

  if (!build_board (domain, profile, os, error) || !build_boot (domain, source, error) ||
      !build_storage (domain, profile, source, error) || !build_devices (domain, profile, error) ||
      !build_lines (domain, profile, error))
    return NULL;
  return g_steal_pointer (&domain);
}
