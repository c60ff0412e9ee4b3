/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The end of a bundle: what is to be kept goes to "Kept disks", the rest is removed. A helper that
 * was killed in between goes on where it was. */
#pragma once

#include "vmh-bundle.h"

G_BEGIN_DECLS

/** vmh_trash_keep: moves the files that the bundle's state names as kept to "Kept disks"; those
 * that are gone already were moved before. @label is what the file is called there ("Debian"). */
gboolean vmh_trash_keep (VmhBundle *bundle, const char *label, GError **error);
/** vmh_trash_erase_async: removes the images elsewhere that the bundle's state names, as their
 * owner; not what a machine has got meanwhile. Goes on after one that fails. */
void vmh_trash_erase_async (VmhBundle *bundle, GAsyncReadyCallback callback, gpointer data);
/** vmh_trash_erase_finish: FALSE with the first of the reasons. */
gboolean vmh_trash_erase_finish (GAsyncResult *result, GError **error);
/** vmh_trash_empty: at the helper's start: finishes all deletions and removes what was never
 * finished being made. */
gboolean vmh_trash_empty (GError **error);

G_END_DECLS
