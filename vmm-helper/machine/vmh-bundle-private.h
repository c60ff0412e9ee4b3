/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the two files of VmhBundle share. Nobody else includes it. */
#pragma once

#include "vmh-bundle.h"

G_BEGIN_DECLS

struct _VmhBundle
{
  grefcount refs;
  char *uuid;
  char *entry; /* its name among the machines: the uuid, or that behind a prefix */
  char *path;
  char *runtime_path;
  int fd, runtime_fd;

  /* the `state` file */
  uid_t owner;
  guint64 generation;
  uid_t guest_uid; /* 0: none yet */
  GHashTable *created;
  GHashTable *making;
  GStrv kept, erased;
  char *moved_from;
  char *crash; /* NULL: none */
};

gboolean vmh_bundle_load_state (VmhBundle *bundle, GError **error);
gboolean vmh_bundle_save_state (VmhBundle *bundle, GError **error);
/** vmh_bundle_adopt_uid: @uid becomes the bundle's, if it is one for guests and no other bundle has
 * it. */
void vmh_bundle_adopt_uid (VmhBundle *bundle, guint64 uid);
/** vmh_bundle_forget_uid: the guest uid is free again. */
void vmh_bundle_forget_uid (VmhBundle *bundle);

G_END_DECLS
