/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The machine's XML as text, to be read and edited. */
#pragma once

#include "details/inn-draft.h"
#include <adwaita.h>

G_BEGIN_DECLS

#define INN_TYPE_XML_VIEW (inn_xml_view_get_type ())
G_DECLARE_FINAL_TYPE (InnXmlView, inn_xml_view, INN, XML_VIEW, GtkWidget)

GtkWidget *inn_xml_view_new (InnDraft *draft);
/** inn_xml_view_show: takes the text anew from the draft. */
void inn_xml_view_show (InnXmlView *self);
/** inn_xml_view_show_error: tells @error above the text and puts the cursor where its message says
 * "line L, column C"; NULL: nothing is wrong. */
void inn_xml_view_show_error (InnXmlView *self, const GError *error);
GtkTextView *inn_xml_view_get_text_view (InnXmlView *self);

G_END_DECLS
