/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a machine can say about itself, declared once: kinds (sections and devices) and their
 * fields. Reading, writing, checking, diffing and the details page's rows all follow from these
 * tables. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _InnElement InnElement;

typedef enum
{
  INN_TYPE_STRING,
  INN_TYPE_BOOL, /* the XML says yes/no or on/off; `choices` names the two words, default yes/no */
  INN_TYPE_PRESENT, /* TRUE where the element at `path` exists, as <acpi/> */
  INN_TYPE_UINT,
  INN_TYPE_SIZE, /* bytes; an element with @unit (libvirt's default KiB), or a plain attribute in
                    bytes, or INN_FIELD_BYTES */
  INN_TYPE_ENUM, /* one of `choices` */
  INN_TYPE_MAC,
  INN_TYPE_UUID,
  INN_TYPE_PATH, /* an absolute file name on the host */
} InnType;

typedef enum
{
  INN_FIELD_DEFAULT = 0,       /* a change waits for the next start */
  INN_FIELD_LIVE = 1 << 0,     /* a change can be made in the running machine */
  INN_FIELD_SECRET = 1 << 1,   /* never in a property, log or command line */
  INN_FIELD_REQUIRED = 1 << 2, /* must be there */
  INN_FIELD_FIXED = 1 << 3,    /* cannot be changed after the machine is made (its uuid) */
  INN_FIELD_ADVANCED = 1 << 4, /* shown under "More" */
  INN_FIELD_HIDDEN = 1 << 5,   /* in the model, but no row on a page */
  INN_FIELD_NOT_GUEST =
      1 << 6, /* says nothing to the guest; takes effect at once when stored (name, title) */
  INN_FIELD_MULTILINE = 1 << 7, /* of STRING: may hold line breaks (description) */
  INN_FIELD_BYTES = 1 << 8,     /* of SIZE: an element in bytes, without @unit */
  INN_FIELD_FOLDER = 1 << 9,    /* of PATH: a folder, not a file */
  INN_FIELD_LIST = 1 << 10, /* of MULTILINE: any number of elements at `path`, a line each: their
                               texts, or, as in "cpu/feature/@policy='require'+@name", those
                               attributes in turn, with what one means that is not there */
  INN_FIELD_UNIT = 1 << 11, /* of SIZE: an attribute whose element has @unit, as an element has */
} InnFieldFlags;

typedef struct
{
  const char *value; /* as in the XML */
  const char *label; /* N_(), for a person */
} InnChoice;

/** InnGroup: settings that few machines need and that belong together. */
typedef struct
{
  const char *label; /* N_() */
  const char *help;  /* N_(), one line */
} InnGroup;

/** InnField: one setting. */
typedef struct
{
  const char *name; /* unique in its kind, in words of the field: "cache" */
  const char *path; /* from the kind's element: "driver/@cache", "target/@dev", "@type", "." (the
                       element's own text), "feature[@name='x']/@policy", "boot[2]/@dev" (the
                       second), "clock[@offset?='utc']/timer" (any clock; one made anew gets that
                       attribute). "innkeeper:" and "libosinfo:" prefixes are bound to those name
                       spaces. */
  InnType type;
  InnFieldFlags flags;
  const char *fallback;     /* what absence means, as XML text; NULL: nothing */
  guint64 min, max;         /* of UINT and SIZE; of STRING in characters; both 0: any */
  const InnChoice *choices; /* ended by a NULL value. ENUM: one of them. STRING: suggestions, others
                               are allowed. BOOL: first the word for yes, then that for no. */
  const char *label;        /* N_() */
  const char *help;         /* N_(), one line, or NULL */
  const char *pattern;      /* of STRING: a regular expression for all of it, or NULL */
  const char *when;         /* what another field of the kind must be for this one to mean anything:
                               "model=qxl|virtio"; NULL: it always does */
  const InnGroup *group;    /* of one under "More": the fold of its own that it is in, or NULL */
  guint64 per;       /* of UINT: so many of the XML's make one of those that are shown; 0: 1 */
  const char *shown; /* of UINT: N_() how it is shown, with a "%.0f"; NULL: as a number */
} InnField;

/** InnKind: a section of the machine (single) or a kind of device (any number). */
typedef struct
{
  const char *name;  /* "disk", "cpu" */
  const char *path;  /* of a device: "devices/disk". A section has "": its fields' paths start at
                        <domain> */
  const char *match; /* NULL, or an attribute test that tells it from others at the same path:
                        "@device=cdrom"; alternatives as in "@device=disk|" (disk, or no attribute);
                        a new element gets the first */
  const char *key;   /* names of the fields that identify one among many ("target", "type,index");
                        NULL, or one of them absent: its position */
  const char *label; /* N_() "Disk" */
  const char *icon;  /* symbolic icon name */
  gboolean device;   /* may be there many times and be added and removed */
  const InnField *fields; /* ended by a NULL name */
  gboolean (*check) (const InnElement *element,
                     GError **error); /* rules across fields; NULL: none */
  /* @field of @element has been set by a person: what else that means; other fields and elements
   * are left alone. NULL: nothing. */
  void (*follow) (InnElement *element, const InnField *field);
  char *(*summary) (const InnElement *element); /* "20 GiB, VirtIO" for the sidebar; NULL: none */
} InnKind;

/** INN_CPU_PERIOD: of what processor time is limited in, µs; libvirt's and the kernel's own choice.
 */
#define INN_CPU_PERIOD 100000

/** inn_schema_kinds: all kinds, in the order in which pages are shown; ended by NULL. */
const InnKind *const *inn_schema_kinds (void);
const InnKind *inn_schema_find (const char *kind_name);
const InnField *inn_kind_find (const InnKind *kind, const char *field_name);

/** inn_field_check: whether @text (sizes in bytes) may be the value of @field. The error is
 * INN_ERROR_INVALID_ARGUMENT and begins with the field's label. */
gboolean inn_field_check (const InnField *field, const char *text, GError **error);

G_END_DECLS
