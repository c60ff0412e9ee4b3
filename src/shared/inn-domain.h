/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine's definition: libvirt domain XML, kept as a document so that what we do not know
 * survives, read and written through the schema's fields. Does no I/O. */
#pragma once

#include "inn-schema.h"

G_BEGIN_DECLS

#define INN_DOMAIN_MAX_XML                                                                         \
  (1024 * 1024) /* bytes; libvirt's own are a few KiB, and parsing is linear */
#define INN_DOMAIN_MAX_DEVICES    512  /* elements in <devices> */
#define INN_DOMAIN_MAX_ELEMENTS   8192 /* in the whole document, with comments and the like */
#define INN_DOMAIN_MAX_ATTRIBUTES 64   /* of one element; libxml2 compares each with each */
#define INN_DOMAIN_MAX_DEPTH      64   /* elements within elements */

typedef struct _InnDomain InnDomain; /* reference counted, not thread safe */

/** inn_domain_parse: @length -1 for a NUL-terminated string. No DTD, no entities, no network.
 * Error: INN_ERROR_INVALID_XML with "line L, column C: …", INN_ERROR_LIMIT. */
InnDomain *inn_domain_parse (const char *xml, gssize length, GError **error);
InnDomain *inn_domain_new (void); /* a valid, nameless, empty x86-64 domain with a new uuid */
InnDomain *inn_domain_copy (InnDomain *domain);
InnDomain *inn_domain_ref (InnDomain *domain);
void inn_domain_unref (InnDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InnDomain, inn_domain_unref)

/** inn_domain_fold: of a domain that nobody else has a reference to only the text is kept, a tenth
 * of its size, until it is asked for anything; no InnElement by value of it may be in use.
 * FALSE where others have one. */
gboolean inn_domain_fold (InnDomain *domain);

/** inn_domain_to_xml: indented; what was parsed and not touched comes back unchanged. */
char *inn_domain_to_xml (InnDomain *domain);

/** inn_domain_check: every field of every element by its type and range, every kind's own rule, and
 * what spans kinds (two disks with one target, two devices on one address). The error names the
 * field by its label and, where the XML was parsed, the line. */
gboolean inn_domain_check (InnDomain *domain, GError **error);

/** InnElement: one section or device of a domain. Valid while it is not removed; one by value only
 * while the domain lives, one that is to be freed has a reference to it: who waits for something
 * keeps what it looks at, whatever the machine's domain is by then. */
struct _InnElement
{
  InnDomain *domain;
  gpointer node; /* xmlNode; of a section the <domain> itself, never NULL */
  const InnKind *kind;
};

InnElement *inn_element_copy (const InnElement *element);
void inn_element_free (InnElement *element);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InnElement, inn_element_free)

/** inn_element_dup_label: "Disk vda", "Memory": for a person. */
char *inn_element_dup_label (const InnElement *element);

/** inn_domain_get: the single section @kind_name, never NULL for a kind that is not a device. */
InnElement inn_domain_get (InnDomain *domain, const char *kind_name);
/** inn_domain_list: (element-type InnElement) devices of @kind_name in document order, NULL for
 * those of all kinds. */
GPtrArray *inn_domain_list (InnDomain *domain, const char *kind_name);
/** inn_domain_find: by inn_element_dup_id(); NULL where there is none. Free with
 * inn_element_free(). */
InnElement *inn_domain_find (InnDomain *domain, const char *id);
/** inn_domain_add: a new empty device element with only what tells its kind. */
InnElement inn_domain_add (InnDomain *domain, const char *kind_name);
/** inn_domain_adopt: a copy of @element, of another domain, with all that we do not know in it. */
void inn_domain_adopt (InnDomain *domain, const InnElement *element);
void inn_domain_remove (InnElement *element);

/** inn_disk_follow_group: @field of @disk has been set: it shares its limits with other disks of
 * the machine, which get them, or from which it has them now that it has joined them. Other fields
 * and devices are left alone. */
void inn_disk_follow_group (InnElement *disk, const InnField *field);
/** inn_element_dup_id: "disk:vda", "interface:52:54:00:…", "video:0", "memory": stable over edits
 * of other fields. One that says the same key as one before it: "controller:usb:0#2". */
char *inn_element_dup_id (const InnElement *element);

/* Reading: by field name. Absent: the field's fallback; absent without fallback: NULL, FALSE, 0. */
char *inn_element_dup (const InnElement *element, const char *field);
gboolean inn_element_get_bool (const InnElement *element, const char *field);
guint64 inn_element_get_uint (const InnElement *element,
                              const char *field); /* UINT, and SIZE in bytes */
gboolean inn_element_is (const InnElement *element, const char *field, const char *value);
gboolean inn_element_has (const InnElement *element,
                          const char *field); /* said in the XML itself */
/** inn_element_wants: whether @field means anything beside what the others say (its "when"), or is
 * there all the same, so that it can be seen and removed. */
gboolean inn_element_wants (const InnElement *element, const char *field);

/* Writing: @text as in the XML (sizes in bytes, bools "yes"/"no" or the field's own words), NULL or
 * "" removes. FALSE with INN_ERROR_INVALID_ARGUMENT, and nothing changed, where the field's type or
 * range forbids it. */
gboolean inn_element_set (InnElement *element, const char *field, const char *text, GError **error);
gboolean
inn_element_set_uint (InnElement *element, const char *field, guint64 value, GError **error);
gboolean
inn_element_set_bool (InnElement *element, const char *field, gboolean value, GError **error);

/** InnChange: one difference. A device that came or went has field NULL. */
typedef struct
{
  char *id; /* inn_element_dup_id() */
  const InnKind *kind;
  const InnField *field; /* NULL: the whole element came (before NULL) or went (after NULL) */
  char *before, *after;  /* as XML text, NULL where absent; "***" for a secret that is there */
} InnChange;

void inn_change_free (InnChange *change);
/** inn_domain_diff: (element-type InnChange), in the schema's order; unknown elements that differ
 * are one change with field NULL and id "other". */
GPtrArray *inn_domain_diff (InnDomain *before, InnDomain *after);

/* What everyone asks for. */
char *inn_domain_dup_name (InnDomain *domain);
char *inn_domain_dup_uuid (InnDomain *domain);

G_END_DECLS
