/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The graphics card of this computer that draws for machines: its render node, which can draw and
 * no more, and what a program must see of the card to know it. */
#include "vmh-host-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "shared/inn-errors.h"

#define NODES     "/dev/dri"
#define PREFIX    NODES "/renderD"
#define FIRST     128 /* of render nodes, linux/Documentation/gpu/drm-uapi */
#define LAST      191
#define DRM_MAJOR 226

void
vmh_render_free (VmhRender *render)
{
  g_free (render->node);
  g_free (render->link);
  g_free (render->place);
  g_free (render->device);
  g_free (render);
}

/* Whom it opens for: us, or, where we are root, a guest's user in one group more. */
static gboolean
read_rights (const char *node, const struct stat *facts, gid_t *out_group)
{
  const mode_t all = S_IROTH | S_IWOTH, group = S_IRGRP | S_IWGRP;

  *out_group = 0;
  if (geteuid () != 0)
    return access (node, R_OK | W_OK) == 0;
  if ((facts->st_mode & all) == all)
    return TRUE;
  *out_group = facts->st_gid;
  return (facts->st_mode & group) == group && facts->st_gid != 0;
}

static VmhRender *
look_at (const char *node, GError **error)
{
  struct stat facts;
  gid_t group;
  g_autofree char *link = NULL;
  g_autofree char *place = NULL;
  g_autofree char *inside = NULL;
  g_autofree char *device = NULL;
  VmhRender *render;

  if (lstat (node, &facts) < 0 || !S_ISCHR (facts.st_mode) || major (facts.st_rdev) != DRM_MAJOR)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                   _ ("This computer has no graphics card “%s”. Choose another one, or switch 3D "
                      "acceleration off."),
                   node);
      return NULL;
    }
  if (!read_rights (node, &facts, &group))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                   _ ("The machine may not draw with this computer’s graphics card “%s”. Ask to "
                      "become a member of the group “render”, or switch 3D acceleration off."),
                   node);
      return NULL;
    }
  link = g_strdup_printf ("/sys/dev/char/%u:%u", major (facts.st_rdev), minor (facts.st_rdev));
  place = g_file_read_link (link, NULL);
  inside = g_strconcat (link, "/device", NULL);
  device = realpath (inside, NULL);
  render = g_new0 (VmhRender, 1);
  render->node = g_strdup (node);
  render->link = g_steal_pointer (&link);
  render->place = g_steal_pointer (&place);
  render->device = device && g_str_has_prefix (device, "/sys/devices/") ? g_strdup (device) : NULL;
  render->group = group;
  return render;
}

VmhRender *
vmh_host_find_render (const char *node, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (node && *node)
    return look_at (node, error);
  for (guint i = FIRST; i <= LAST; i++)
    {
      g_autofree char *path = g_strdup_printf (PREFIX "%u", i);
      VmhRender *render;

      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        continue;
      g_clear_error (&failure);
      render = look_at (path, &failure);
      if (render)
        return render;
    }
  if (failure)
    g_propagate_error (error, g_steal_pointer (&failure));
  else
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("This computer has no graphics card that draws for others (/dev/dri/renderD…), "
                    "which 3D acceleration needs. Switch it off."));
  return NULL;
}
