/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the parts of the model know of each other. Private to src/shared. */
#pragma once

#include "inn-domain.h"
#include "inn-path.h"

G_BEGIN_DECLS

struct _InnDomain
{
  gatomicrefcount refs;
  xmlDoc *doc;       /* NULL while it is folded */
  char *original;    /* the text as parsed, given back while nothing is changed; NULL once it is */
  gboolean declared; /* it began with an XML declaration */
};

xmlNode *inn_domain_root (InnDomain *domain);
xmlNode *inn_domain_devices (InnDomain *domain); /* NULL where there are none */
/** inn_domain_check_count: INN_ERROR_LIMIT where @devices (may be NULL) has too many. */
gboolean inn_domain_check_count (const xmlNode *devices, GError **error);
void inn_domain_touch (InnDomain *domain);
/** inn_kind_of: the device kind of @node, NULL for one that we do not know. */
const InnKind *inn_kind_of (const xmlNode *node);

/** inn_domain_check_groups: @devices that share one limit say the same. */
gboolean inn_domain_check_groups (GPtrArray *devices, GError **error);
/** inn_domain_settle_groups: makes it so, by the last one of each group. TRUE: that took something.
 */
gboolean inn_domain_settle_groups (InnDomain *domain);

/** inn_element_check: its fields and its kind's rule, without its name or line in the error. */
gboolean inn_element_check (const InnElement *element, GError **error);

/** inn_elements_dup_ids: the ids of @elements, which are all devices of a domain, or all of one
 * kind, in document order. In one pass, where asking each would look at each other one. */
GPtrArray *inn_elements_dup_ids (GPtrArray *elements);

/** inn_element_dup_said: what the XML says of @field, with sizes in bytes where they can be read;
 * NULL where it says nothing. */
char *inn_element_dup_said (const InnElement *element, const InnField *field);
/** inn_element_dup_meant: one text for all ways to say the same, the fallback where it is not
 * said. */
char *inn_element_dup_meant (const InnElement *element, const InnField *field);
/** inn_field_remove: what @field says, from @node, its element's, where it is there. */
void inn_field_remove (const InnField *field, xmlNode *node);
/** inn_element_clear: removes what @field says. */
void inn_element_clear (InnElement *element, const InnField *field);
/** inn_element_clear_all, inn_domain_clear_sections: of a copy that will be thrown away: only what
 * the schema does not know is left. */
void inn_element_clear_all (InnElement *element);
void inn_domain_clear_sections (InnDomain *domain);
/** inn_device_dup_place: one text for each place on a bus, NULL for a device that names none. */
char *inn_device_dup_place (xmlNode *device);
/** inn_text_shorten: at most @max characters of @text, for a message. */
char *inn_text_shorten (const char *text, gsize max);

G_END_DECLS
