/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the devices of this computer have in common: attributes in sysfs, and lists of names. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** vmh_ids_dup_path: @path below the folder that stands for this computer's root, in tests. */
char *vmh_ids_dup_path (const char *path);
/** vmh_ids_read_attribute: NULL where there is none. */
char *vmh_ids_read_attribute (const char *folder, const char *name);
guint vmh_ids_read_number (const char *folder, const char *name, guint base); /* 0: none */
/** vmh_ids_clean: one line, of letters that can be shown, VMH_MAX_USB_NAME at most. NULL where
 * nothing is left. */
char *vmh_ids_clean (const char *text);
/** vmh_ids_read: the first of these lists that there is; ended by NULL. */
char *vmh_ids_read (const char *const *paths);
/** vmh_ids_look_up: NULL what it does not say. */
void vmh_ids_look_up (const char *text,
                      guint vendor_id,
                      guint product_id,
                      char **out_vendor,
                      char **out_product);

G_END_DECLS
