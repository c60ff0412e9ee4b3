/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Mediated devices as sysfs tells of them: each a share of a parent, which is a card or, in tests
 * of the kernel's, nothing at all. This computer keeps the parent, so there is nothing it would
 * miss. */
#include "vmh-host-pci.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include "core/vmh-limits.h"
#include "host/vmh-host-ids.h"

#define BUS     "/sys/bus/mdev"
#define DEVICES BUS "/devices"

gboolean
vmh_mdev_is_there (void)
{
  g_autofree char *path = vmh_ids_dup_path (BUS);

  return g_file_test (path, G_FILE_TEST_IS_DIR);
}

/* The type's name for a person, which few drivers leave out; else its own word, "nvidia-222". */
static char *
dup_name (const char *folder)
{
  g_autofree char *type = g_build_filename (folder, "mdev_type", NULL);
  g_autofree char *text = vmh_ids_read_attribute (type, "name");
  g_autofree char *target = g_file_read_link (type, NULL);
  g_autofree char *word = target ? g_path_get_basename (target) : NULL;
  char *name = text ? vmh_ids_clean (text) : NULL;

  if (!name && word)
    name = vmh_ids_clean (word);
  return name ? name : g_strdup (_ ("Unknown device"));
}

/* What it is a share of: the folder that it is in. A card has a name in the list. */
static char *
dup_parent (GPtrArray *devices, const char *folder)
{
  g_autofree char *target = g_file_read_link (folder, NULL);
  g_autofree char *above = target ? g_path_get_dirname (target) : NULL;
  g_autofree char *word = above ? g_path_get_basename (above) : NULL;
  const VmhPciDevice *card = word ? vmh_pci_find (devices, word) : NULL;

  if (card)
    return g_strdup_printf ("%s (%s)", card->name, card->address);
  return word ? vmh_ids_clean (word) : NULL;
}

static char *
dup_problem (const VmhPciDevice *device, gboolean system)
{
  if (device->group < 0)
    return g_strdup (_ ("This computer’s driver of it does not hand it on."));
  return system ? NULL : g_strdup (_ ("Only a machine of the whole system can have it."));
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

void
vmh_mdev_add (GPtrArray *devices, gboolean system)
{
  g_autofree char *place = vmh_ids_dup_path (DEVICES);
  g_autoptr (GDir) folder = g_dir_open (place, 0, NULL);
  g_autoptr (GPtrArray) uuids = g_ptr_array_new_with_free_func (g_free);
  const char *entry;

  while (folder && uuids->len < VMH_MAX_PCI_DEVICES && (entry = g_dir_read_name (folder)))
    if (g_uuid_string_is_valid (entry))
      g_ptr_array_add (uuids, g_strdup (entry));
  g_ptr_array_sort (uuids, compare);
  for (guint i = 0; i < uuids->len; i++)
    {
      VmhPciDevice *device = g_new0 (VmhPciDevice, 1);
      g_autofree char *path = g_build_filename (place, uuids->pdata[i], NULL);

      device->address = g_strdup (uuids->pdata[i]);
      device->mediated = TRUE;
      device->name = dup_name (path);
      device->parent = dup_parent (devices, path);
      device->group = vmh_pci_read_group (path);
      device->sharing = g_new0 (char *, 1);
      device->problem = dup_problem (device, system);
      g_ptr_array_add (devices, device);
    }
}
