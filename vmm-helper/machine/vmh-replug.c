/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* USB devices that are plugged in and out while machines run: what has gone is taken out of its
 * machine, and what a machine's definition names and nobody has is plugged into it. All follows
 * from what is there, so the helper after one that was killed begins with the same look. */
#include "vmh-replug.h"

#include "core/vmh-limits.h"
#include "host/vmh-host-usb.h"
#include "vmh-hostdev.h"
#include "vmh-life.h"
#include "vmh-live.h"
#include "vmh-manager.h"

/* First all that has gone, so that it is free for whoever wants it. */
typedef enum
{
  PASS_GONE,
  PASS_COME,
  N_PASSES,
} Pass;

typedef struct
{
  GPtrArray *devices, *machines; /* VmhUsbDevice, VmhMachine */
  Pass pass;
  guint next;
  gboolean again; /* one had something else to do */
} Look;

static Look *look;         /* the one that is under way */
static gboolean look_more; /* something has happened meanwhile */
static guint look_later;

static void go_on (void);

static gboolean
wants_usb (VmhMachine *machine)
{
  InnDomain *live = vmh_machine_get_live (machine);
  g_autoptr (GPtrArray) wanted = NULL;
  g_autoptr (GPtrArray) running = NULL;

  if (!live || !vmh_machine_get_domain (machine))
    return FALSE;
  wanted = inn_domain_list (vmh_machine_get_domain (machine), "hostdev");
  running = inn_domain_list (live, "hostdev");
  return wanted->len + running->len > 0;
}

static GPtrArray *
list_followers (void)
{
  GPtrArray *machines = vmh_manager_list (vmh_manager_get ());

  for (guint i = machines->len; i > 0; i--)
    if (!wants_usb (machines->pdata[i - 1]))
      g_ptr_array_remove_index (machines, i - 1);
  return machines;
}

static gboolean
on_look_later (gpointer data)
{
  look_later = 0;
  vmh_replug_look ();
  return G_SOURCE_REMOVE;
}

static void
end_look (void)
{
  gboolean again = look->again || look_more;

  g_ptr_array_unref (look->devices);
  g_ptr_array_unref (look->machines);
  g_clear_pointer (&look, g_free);
  look_more = FALSE;
  if (again && look_later == 0)
    look_later = g_timeout_add (VMH_REPLUG_MS, on_look_later, NULL);
}

static void
on_followed (gpointer data)
{
  go_on ();
}

/* Answers whether something is under way. */
static gboolean
follow (VmhMachine *machine)
{
  VmhState state = vmh_machine_get_state (machine);
  g_autoptr (GPtrArray) changes = NULL;

  if ((state != VMH_STATE_RUNNING && state != VMH_STATE_PAUSED) || !wants_usb (machine) ||
      !vmh_life_get_monitor (machine, NULL))
    return FALSE;
  if (!vmh_machine_begin (machine, NULL))
    {
      look->again = TRUE;
      return FALSE;
    }
  changes = look->pass == PASS_GONE ? vmh_hostdev_find_gone (machine, look->devices)
                                    : vmh_hostdev_find_come (machine, look->devices);
  if (changes->len > 0)
    {
      vmh_live_follow (machine, g_steal_pointer (&changes), on_followed, NULL);
      return TRUE;
    }
  vmh_machine_end (machine);
  return FALSE;
}

static void
go_on (void)
{
  for (; look->pass < N_PASSES; look->pass++)
    {
      while (look->next < look->machines->len)
        if (follow (look->machines->pdata[look->next++]))
          return;
      look->next = 0;
    }
  end_look ();
}

void
vmh_replug_look (void)
{
  g_autoptr (GPtrArray) machines = NULL;

  vmh_replug_follow ();
  if (look)
    {
      look_more = TRUE;
      return;
    }
  machines = list_followers ();
  if (machines->len == 0)
    return;
  look = g_new0 (Look, 1);
  look->devices = vmh_usb_list (FALSE);
  look->machines = g_steal_pointer (&machines);
  go_on ();
}

void
vmh_replug_follow (void)
{
  g_autoptr (GPtrArray) machines = list_followers ();

  vmh_usb_watch (machines->len > 0 ? vmh_replug_look : NULL);
}
