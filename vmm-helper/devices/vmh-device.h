/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A device is a list of QMP-shaped nodes, the same for cold start (argv) and hot-plug (QMP). Each
 * kind of the schema has one ops row in a file of its own here. Makes no process and opens no file:
 * what a device needs is asked of the plan. */
#pragma once

#include <json-glib/json-glib.h>
#include "shared/inn-domain.h"

G_BEGIN_DECLS

typedef enum
{
  VMH_NODE_OBJECT,   /* object-add,   -object   */
  VMH_NODE_CHARDEV,  /* chardev-add,  -chardev  (formatted, not JSON) */
  VMH_NODE_BLOCKDEV, /* blockdev-add, -blockdev */
  VMH_NODE_NETDEV,   /* netdev_add,   -netdev   */
  VMH_NODE_AUDIODEV, /* (cold only),  -audiodev */
  VMH_NODE_DEVICE,   /* device_add,   -device   */
  VMH_NODE_ARGUMENT, /* (cold only): { "option": "-smp", "value": … } for what is no node */
} VmhNodeType;

typedef struct
{
  VmhNodeType type;
  JsonObject *object;
} VmhNode;

/** VmhPlan: what is collected for one machine: nodes, and the fds they refer to. In golden tests
 * fds are only names. */
typedef struct _VmhPlan VmhPlan;

void vmh_plan_add (VmhPlan *plan, VmhNodeType type, JsonObject *object /* consumed */);
void vmh_plan_option (VmhPlan *plan, const char *option, const char *value /* NULL: none */);
/** vmh_plan_file: the fd set for the file @path of @element ("/dev/fdset/3"); opened when the plan
 * is carried out. */
char *vmh_plan_file (VmhPlan *plan, const InnElement *element, const char *path, gboolean writable);
/** vmh_plan_bus: a free slot: "bus" and "addr" members are set on @device for its kind of bus. */
gboolean vmh_plan_bus (VmhPlan *plan, JsonObject *device, GError **error);

typedef struct
{
  const char *kind; /* of the schema */
  gboolean (*build) (VmhPlan *plan, const InnElement *element, guint index, GError **error);
} VmhDeviceOps;

G_END_DECLS
