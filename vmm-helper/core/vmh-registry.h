/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The objects on the bus: one ObjectManager that shows each caller only what is its own, unicast
 * signals, and the gate in front of every call. Knows nothing of machines. */
#pragma once

#include "vmh-call.h"

G_BEGIN_DECLS

#define VMH_TYPE_REGISTRY (vmh_registry_get_type ())
G_DECLARE_FINAL_TYPE (VmhRegistry, vmh_registry, VMH, REGISTRY, GObject)

#define VMH_OWNER_ALL ((uid_t)-1) /* an object that everybody sees (the manager) */

VmhRegistry *vmh_registry_new (GDBusConnection *connection, gboolean system_mode);
/** vmh_registry_declare: makes the interfaces of this introspection XML known; what is exported
 * must have been declared. Methods without an org.innkeeper.Action annotation are refused when
 * called. */
gboolean vmh_registry_declare (VmhRegistry *registry, const char *xml, GError **error);
/** vmh_registry_close: takes everything off the bus, cancels the calls under way. */
void vmh_registry_close (VmhRegistry *registry);
/** vmh_registry_export: @interfaces ended by NULL, static. Emits InterfacesAdded to those who see
 * it. */
void vmh_registry_export (VmhRegistry *registry,
                          const char *path,
                          uid_t owner,
                          GObject *object,
                          const VmhInterface *const *interfaces);
void vmh_registry_unexport (VmhRegistry *registry, GObject *object);
/** vmh_registry_changed: PropertiesChanged for these properties, values read in an idle, once for
 * many changes. */
void vmh_registry_changed (VmhRegistry *registry, GObject *object, const char *interface, ...)
    G_GNUC_NULL_TERMINATED;
/** vmh_registry_show_others: from now on the caller's connection sees the objects of all users. */
void vmh_registry_show_others (VmhRegistry *registry, VmhCall *call);
/** vmh_registry_sees: the caller may see @object. */
gboolean vmh_registry_sees (VmhRegistry *registry, VmhCall *call, GObject *object);
/** vmh_registry_is_idle: no client has asked for the objects and still lives, no call is under way.
 */
gboolean vmh_registry_is_idle (VmhRegistry *registry);

G_END_DECLS
