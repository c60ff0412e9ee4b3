/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* D-Bus properties kept as GObject properties, from one table: what InnMachine and InnJob share.
 * Knows no interface by name. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  const char *property; /* of the GObject; NULL: kept, but not a property of its own */
  const char *interface;
  const char *member; /* of the D-Bus interface */
  const char *type;   /* D-Bus signature; a value of another type is ignored */
} InnProp;

typedef struct
{
  const InnProp *table;
  guint n;
  GVariant **values; /* NULL where nothing has come yet */
} InnProps;

/** inn_props_install: property ids are 1 + the row's index; rows without a name are left out. */
void inn_props_install (GObjectClass *klass, const InnProp *table, guint n);
void inn_props_init (InnProps *props, const InnProp *table, guint n);
void inn_props_clear (InnProps *props);
/** inn_props_update: takes over what @members (a{sv}) says and notifies what is new. */
void inn_props_update (InnProps *props, GObject *object, const char *interface, GVariant *members);
void inn_props_get (InnProps *props, guint row, GValue *value);
const char *inn_props_string (InnProps *props, guint row); /* "" where nothing has come yet */

G_END_DECLS
