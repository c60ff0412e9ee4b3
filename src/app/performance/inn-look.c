/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "performance/inn-look.h"

#include <glib/gi18n.h>

/* Those of one section stand one after the other. */
static const InnGraphLook looks[INN_N_CHARTS] = {
  [INN_CHART_CPU] = { N_ ("Processors"), N_ ("All Processors"), { NULL }, INN_UNIT_SHARE },
  [INN_CHART_VCPU] = { N_ ("Processors"), N_ ("Processor %s"), { NULL }, INN_UNIT_SHARE },
  [INN_CHART_GUEST_MEMORY] = { N_ ("Memory"),
                               N_ ("Memory in the Machine"),
                               { N_ ("Used"), N_ ("Caches"), N_ ("In all") },
                               INN_UNIT_BYTES },
  [INN_CHART_MEMORY] = { N_ ("Memory"),
                         N_ ("Memory of This Computer"),
                         { N_ ("Taken by the machine") },
                         INN_UNIT_BYTES },
  [INN_CHART_ALL_DISKS] = { N_ ("Disks"),
                            N_ ("Data of All Disks"),
                            { N_ ("Read"), N_ ("Written") },
                            INN_UNIT_RATE },
  [INN_CHART_DISK_RATE] = { N_ ("Disks"),
                            N_ ("Data of %s"),
                            { N_ ("Read"), N_ ("Written") },
                            INN_UNIT_RATE },
  [INN_CHART_DISK_REQUESTS] = { N_ ("Disks"),
                                N_ ("Requests to %s"),
                                { N_ ("Reads"), N_ ("Writes") },
                                INN_UNIT_COUNT },
  [INN_CHART_DISK_DELAY] = { N_ ("Disks"),
                             N_ ("Time of a Request to %s"),
                             { N_ ("Read"), N_ ("Write") },
                             INN_UNIT_DELAY },
  [INN_CHART_ALL_CARDS] = { N_ ("Network"),
                            N_ ("All Network Cards"),
                            { N_ ("Received"), N_ ("Sent") },
                            INN_UNIT_RATE },
  [INN_CHART_NETWORK] = { N_ ("Network"),
                          N_ ("Network Card %s"),
                          { N_ ("Received"), N_ ("Sent") },
                          INN_UNIT_RATE },
  [INN_CHART_PRESSURE] = { N_ ("This Computer"),
                           N_ ("Time in Which Programs Wait"),
                           { N_ ("For a processor"), N_ ("Memory"), N_ ("Disks") },
                           INN_UNIT_SHARE },
};

const InnGraphLook *
inn_look_get (InnChartKind kind)
{
  g_return_val_if_fail (kind < INN_N_CHARTS, NULL);
  return &looks[kind];
}

char *
inn_look_dup_title (const InnGraphLook *look, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (_ (look->title), "%s", 2);

  return g_strjoinv (name, parts);
}
