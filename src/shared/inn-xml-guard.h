/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Looks over XML text before the parser sees it, in one linear pass. Where this scanner and an XML
 * parser could disagree the document is not well-formed up to that point, so the parser refuses it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint elements;   /* with comments and all else that begins with "<" */
  guint attributes; /* of one element */
  guint depth;
} InnXmlLimits;

/** inn_xml_guard: refuses document types (and with them all entities but XML's own five), and more
 * than @limits allow. Error: INN_ERROR_INVALID_XML, INN_ERROR_LIMIT, with "Line L, column C: ". */
gboolean inn_xml_guard (const char *xml, gsize length, const InnXmlLimits *limits, GError **error);

G_END_DECLS
