/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A row of the hardware list: a section or device, or the XML. */
#pragma once

#include <adwaita.h>
#include "shared/inn-domain.h"

G_BEGIN_DECLS

#define INN_HARDWARE_ROW_XML "xml" /* id of the XML's row */

/** inn_hardware_row_new: @element is copied; NULL: the row of the XML. */
GtkWidget *inn_hardware_row_new (const InnElement *element);
const InnElement *inn_hardware_row_get_element (GtkListBoxRow *row); /* NULL: the XML */
/** inn_hardware_row_dup_id: inn_element_dup_id(), or INN_HARDWARE_ROW_XML. */
char *inn_hardware_row_dup_id (GtkListBoxRow *row);
/** inn_hardware_row_dup_title: "Disk vda", "Sound"; two that look alike are told apart by what
 * identifies them. */
char *inn_hardware_row_dup_title (const InnElement *element);
/** inn_hardware_row_new_leaving: of a device that only the running machine still has; it cannot be
 * chosen. @reason: why it is still there; may be NULL or empty. */
GtkWidget *inn_hardware_row_new_leaving (const char *id, const char *reason);
gboolean inn_hardware_row_is_leaving (GtkListBoxRow *row);
/** inn_hardware_row_set_waiting: the running machine does not have it before its next start. */
void inn_hardware_row_set_waiting (GtkListBoxRow *row, gboolean waiting);
/** inn_hardware_row_show: takes title and summary anew from the element. */
void inn_hardware_row_show (GtkListBoxRow *row);

G_END_DECLS
