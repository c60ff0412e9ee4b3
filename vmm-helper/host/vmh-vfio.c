/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns /dev/innkeeper. The nodes are the guest's own: those of the host stay as they are. */
#include "host/vmh-vfio.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "host/vmh-host-ids.h"
#include "host/vmh-host-pci.h"
#include "shared/inn-errors.h"

#define FOLDER     "/dev/innkeeper"
#define GROUPS     "/sys/kernel/iommu_groups"
#define NODES      "/sys/class/vfio"
#define CONTAINER  "vfio"
#define MISC_MAJOR 10
#define VFIO_MINOR 196 /* linux/miscdevice.h */
/* Links in a device's folder: what they lead to is only read. */
#define ELEMENT "element"
#define DRIVER  "driver"
#define GROUP   "iommu_group" /* as QEMU reads it */
#define NONE    "-"           /* no link is empty */
#define STORE   "store"       /* in a guest's folder */

static char *store; /* which one it is */

/* The groups of mediated devices come and go with them. */
gboolean
vmh_vfio_is_there (void)
{
  g_autofree char *path = vmh_ids_dup_path (GROUPS);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);

  return (folder && g_dir_read_name (folder)) || vmh_mdev_is_there ();
}

/* Those for one maker's devices are called “…-vfio-pci” or “…_vfio_pci”. */
gboolean
vmh_vfio_is_driver (const char *driver)
{
  return driver && (g_str_has_suffix (driver, "vfio-pci") || g_str_has_suffix (driver, "vfio_pci"));
}

static char *
dup_path (const char *uuid, const char *address, const char *name)
{
  g_autofree char *root = vmh_ids_dup_path (FOLDER);

  return g_build_filename (root, uuid, address, name, NULL); /* ends with the first NULL */
}

static gboolean
fail (const char *path, GError **error)
{
  g_set_error (error, INN_ERROR, INN_ERROR_IO, "%s: %s", path, g_strerror (errno));
  return FALSE;
}

/* Root's, and everybody may go through: what is in there says who may open it. */
static gboolean
make_folder (const char *path, GError **error)
{
  if ((mkdir (path, 0711) < 0 && errno != EEXIST) || chmod (path, 0711) < 0)
    return fail (path, error);
  return TRUE;
}

static gboolean
make_node (const char *path, dev_t device, uid_t uid, GError **error)
{
  struct stat facts;

  /* Groups are counted anew: what a killed helper has left may be another's node. */
  if (lstat (path, &facts) == 0 && (!S_ISCHR (facts.st_mode) || facts.st_rdev != device) &&
      unlink (path) < 0)
    return fail (path, error);
  if ((mknod (path, S_IFCHR | 0600, device) < 0 && errno != EEXIST) ||
      lchown (path, uid, (gid_t)-1) < 0)
    return fail (path, error);
  return TRUE;
}

static gboolean
make_link (const char *path, const char *text, GError **error)
{
  g_autofree char *before = g_file_read_link (path, NULL);

  if (g_strcmp0 (before, text) == 0)
    return TRUE;
  if ((before && unlink (path) < 0) || symlink (text, path) < 0)
    return fail (path, error);
  return TRUE;
}

void
vmh_vfio_begin (const char *path)
{
  struct stat facts;

  g_free (store);
  store = stat (path, &facts) == 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                                                      (guint64)facts.st_dev, (guint64)facts.st_ino)
                                   : g_strdup (NONE);
}

gboolean
vmh_vfio_make_folder (const char *uuid, uid_t uid, GError **error)
{
  g_autofree char *root = vmh_ids_dup_path (FOLDER);
  g_autofree char *folder = dup_path (uuid, NULL, NULL);
  g_autofree char *container = dup_path (uuid, CONTAINER, NULL);
  g_autofree char *link = dup_path (uuid, STORE, NULL);

  return make_folder (root, error) && make_folder (folder, error) &&
         make_link (link, store ? store : NONE, error) &&
         make_node (container, makedev (MISC_MAJOR, VFIO_MINOR), uid, error);
}

char *
vmh_vfio_dup_folder (const char *uuid)
{
  g_autofree char *path = dup_path (uuid, NULL, NULL);

  return g_file_test (path, G_FILE_TEST_IS_DIR) ? g_steal_pointer (&path) : NULL;
}

static GStrv
list (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  const char *name;

  while (folder && (name = g_dir_read_name (folder)))
    g_strv_builder_add (names, name);
  return g_strv_builder_end (names);
}

void
vmh_vfio_remove_folder (const char *uuid)
{
  g_autofree char *path = dup_path (uuid, NULL, NULL);
  g_auto (GStrv) names = list (path);

  for (char **name = names; *name; name++)
    {
      g_autofree char *node = g_build_filename (path, *name, NULL);

      unlink (node); /* a device that is still to be given back is a folder, and stays */
    }
  if (rmdir (path) < 0 && errno != ENOENT)
    g_warning ("%s: %s", path, g_strerror (errno));
}

GStrv
vmh_vfio_list_folders (void)
{
  g_autofree char *root = vmh_ids_dup_path (FOLDER);
  g_auto (GStrv) names = list (root);
  g_autoptr (GStrvBuilder) ours = g_strv_builder_new ();

  for (char **name = names; *name; name++)
    {
      g_autofree char *path = dup_path (*name, STORE, NULL);
      g_autofree char *whose = g_file_read_link (path, NULL);

      if (g_strcmp0 (whose, store ? store : NONE) == 0)
        g_strv_builder_add (ours, *name);
    }
  return g_strv_builder_end (ours);
}

/* ---- the record ---- */

static void
claim_free (gpointer data)
{
  VmhVfioClaim *claim = data;

  g_free (claim->uuid);
  g_free (claim->address);
  g_free (claim->element);
  g_free (claim->driver);
  g_free (claim);
}

static char *
read_link (const char *uuid, const char *address, const char *name)
{
  g_autofree char *path = dup_path (uuid, address, name);

  return g_file_read_link (path, NULL);
}

static void
add_claims (GPtrArray *claims, const char *uuid)
{
  g_autofree char *path = dup_path (uuid, NULL, NULL);
  g_auto (GStrv) names = list (path);

  for (char **name = names; *name; name++)
    {
      g_autofree char *driver = NULL;
      VmhVfioClaim *claim;

      if (!strpbrk (*name, ":-")) /* an address, or a UUID */
        continue;
      claim = g_new0 (VmhVfioClaim, 1);
      driver = read_link (uuid, *name, DRIVER);
      claim->uuid = g_strdup (uuid);
      claim->address = g_strdup (*name);
      claim->element = read_link (uuid, *name, ELEMENT);
      claim->driver = g_strcmp0 (driver, NONE) == 0 ? g_strdup ("") : g_steal_pointer (&driver);
      g_ptr_array_add (claims, claim);
    }
}

GPtrArray *
vmh_vfio_list (const char *uuid)
{
  GPtrArray *claims = g_ptr_array_new_with_free_func (claim_free);
  g_auto (GStrv) folders = uuid ? NULL : vmh_vfio_list_folders ();

  if (uuid)
    add_claims (claims, uuid);
  for (char **folder = folders; folder && *folder; folder++)
    add_claims (claims, *folder);
  return claims;
}

gboolean
vmh_vfio_claim (const VmhVfioClaim *claim, GError **error)
{
  g_autofree char *folder = dup_path (claim->uuid, claim->address, NULL);
  g_autofree char *element = dup_path (claim->uuid, claim->address, ELEMENT);
  g_autofree char *driver = dup_path (claim->uuid, claim->address, DRIVER);
  g_autofree char *before = g_file_read_link (driver, NULL);

  return make_folder (folder, error) && make_link (element, claim->element, error) &&
         (before || make_link (driver, *claim->driver ? claim->driver : NONE, error));
}

void
vmh_vfio_let_go (const char *uuid, const char *element)
{
  g_autoptr (GPtrArray) claims = vmh_vfio_list (uuid);

  for (guint i = 0; i < claims->len; i++)
    {
      const VmhVfioClaim *claim = claims->pdata[i];
      g_autofree char *path = dup_path (uuid, claim->address, ELEMENT);

      if (claim->element && (!element || g_str_equal (claim->element, element)))
        unlink (path);
    }
}

void
vmh_vfio_forget (const VmhVfioClaim *claim, int group)
{
  static const char *const links[] = { GROUP, ELEMENT, DRIVER };
  g_autofree char *folder = dup_path (claim->uuid, claim->address, NULL);
  g_autofree char *number = g_strdup_printf ("%d", group);
  g_autofree char *node = dup_path (claim->uuid, number, NULL);

  unlink (node);
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    {
      g_autofree char *path = g_build_filename (folder, links[i], NULL);

      unlink (path);
    }
  if (rmdir (folder) < 0)
    g_warning ("%s: %s", folder, g_strerror (errno));
}

/* The kernel makes the group's device with the first of its devices that vfio-pci has. */
gboolean
vmh_vfio_add_node (const char *uuid, const char *address, int group, uid_t uid, GError **error)
{
  g_autofree char *number = g_strdup_printf ("%d", group);
  g_autofree char *place = vmh_ids_dup_path (NODES);
  g_autofree char *facts = g_build_filename (place, number, NULL);
  g_autofree char *text = vmh_ids_read_attribute (facts, "dev");
  g_auto (GStrv) parts = g_strsplit (text ? text : "", ":", 2);
  g_autofree char *node = dup_path (uuid, number, NULL);
  g_autofree char *link = dup_path (uuid, address, GROUP);
  guint64 major, minor;

  if (g_strv_length (parts) != 2 ||
      !g_ascii_string_to_unsigned (parts[0], 10, 1, G_MAXUINT16, &major, NULL) ||
      !g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT32, &minor, NULL))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                   _ ("This computer’s kernel cannot hand on the device %s."), address);
      return FALSE;
    }
  return make_node (node, makedev (major, minor), uid, error) && make_link (link, number, error);
}
