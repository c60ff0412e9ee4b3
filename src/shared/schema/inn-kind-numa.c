/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* NUMA: which processors are near to which memory, as the guest sees it. libvirt has any number of
 * cells; four are what a page can show. */
#include "inn-words.h"

#include <string.h>

static const InnGroup cells[] = {
  { N_ ("Second cell"), N_ ("Splits the machine in two") },
  { N_ ("Third cell"), N_ ("Splits it further") },
  { N_ ("Fourth cell"), N_ ("Splits it further") },
};
static const InnGroup distances = { N_ ("Distances"), N_ ("10 is near, 20 is usual between two") };

#define CELL(number, place, more, processors, memory)                                              \
  { .name = "cpus-" number,                                                                        \
    .path = "cpu/numa/cell[@id='" number "']/@cpus",                                               \
    .type = INN_TYPE_STRING,                                                                       \
    .flags = more,                                                                                 \
    .max = 255,                                                                                    \
    .pattern = "[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*",                             \
    .group = place,                                                                                \
    .label = processors,                                                                           \
    .help = N_ ("Numbers from 0, as 0-1,4.") },                                                    \
  {                                                                                                \
    .name = "memory-" number, .path = "cpu/numa/cell[@id='" number "']/@memory",                   \
    .type = INN_TYPE_SIZE, .flags = more | INN_FIELD_UNIT, .min = 1024 * 1024,                     \
    .max = (guint64)16 << 40, .group = place, .label = memory,                                     \
    .help = N_ ("The cells’ together is the machine’s.")                                           \
  }

#define DISTANCE(from, to, title)                                                                  \
  {                                                                                                \
    .name = "distance-" from "-" to,                                                               \
    .path = "cpu/numa/cell[@id='" from "']/distances/sibling[@id='" to "']/@value",                \
    .type = INN_TYPE_UINT, .flags = INN_FIELD_ADVANCED, .min = 11, .max = 254,                     \
    .group = &distances, .label = title, .help = N_ ("In both directions.")                        \
  }

static const InnField fields[] = {
  CELL ("0", NULL, INN_FIELD_DEFAULT, N_ ("First cell’s processors"), N_ ("First cell’s memory")),
  CELL ("1",
        &cells[0],
        INN_FIELD_ADVANCED,
        N_ ("Second cell’s processors"),
        N_ ("Second cell’s memory")),
  CELL ("2",
        &cells[1],
        INN_FIELD_ADVANCED,
        N_ ("Third cell’s processors"),
        N_ ("Third cell’s memory")),
  CELL ("3",
        &cells[2],
        INN_FIELD_ADVANCED,
        N_ ("Fourth cell’s processors"),
        N_ ("Fourth cell’s memory")),
  DISTANCE ("0", "1", N_ ("First to second")),
  DISTANCE ("0", "2", N_ ("First to third")),
  DISTANCE ("0", "3", N_ ("First to fourth")),
  DISTANCE ("1", "2", N_ ("Second to third")),
  DISTANCE ("1", "3", N_ ("Second to fourth")),
  DISTANCE ("2", "3", N_ ("Third to fourth")),
  { NULL },
};

static const char *const cpus[] = { "cpus-0", "cpus-1", "cpus-2", "cpus-3" };
static const char *const memories[] = { "memory-0", "memory-1", "memory-2", "memory-3" };

static guint
count_cells (const InnElement *element)
{
  guint count = 0;

  while (count < G_N_ELEMENTS (cpus) && inn_element_has (element, memories[count]))
    count++;
  return count;
}

static gboolean
check_cells (const InnElement *element, guint count, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (cpus); i++)
    {
      if (!inn_rule (i < count || (!inn_element_has (element, cpus[i]) &&
                                   !inn_element_has (element, memories[i])),
                     _ ("Say each cell’s memory, from the first one on."), error))
        return FALSE;
    }
  return inn_rule (count != 1 || !inn_element_has (element, "distance-0-1"),
                   _ ("Distances need two cells."), error);
}

/* Each processor in one cell at most. */
static gboolean
check_processors (const InnElement *element, GError **error)
{
  InnElement cpu = inn_domain_get (element->domain, "cpu");
  guint64 most = MIN (inn_element_get_uint (&cpu, "vcpus"), 512);
  g_autofree gboolean *taken = g_new0 (gboolean, most + 1);

  for (guint i = 0; i < G_N_ELEMENTS (cpus); i++)
    {
      g_autofree char *text = inn_element_dup (element, cpus[i]);
      g_auto (GStrv) ranges = g_strsplit (text != NULL ? text : "", ",", -1);

      for (char **range = ranges; *range != NULL; range++)
        {
          const char *dash = strchr (*range, '-');
          guint64 first = g_ascii_strtoull (*range, NULL, 10);
          guint64 last = dash != NULL ? g_ascii_strtoull (dash + 1, NULL, 10) : first;

          if (!inn_rule (first <= last && last < most,
                         _ ("A cell has a processor that the machine has not. They are counted "
                            "from 0."),
                         error))
            return FALSE;
          for (guint64 n = first; n <= last; n++)
            {
              if (!inn_rule (!taken[n], _ ("A processor cannot be in two cells."), error))
                return FALSE;
              taken[n] = TRUE;
            }
        }
    }
  return TRUE;
}

static gboolean
check (const InnElement *element, GError **error)
{
  guint count = count_cells (element);

  for (const InnField *field = element->kind->fields; field->name != NULL; field++)
    if (g_str_has_prefix (field->name, "distance-") && inn_element_has (element, field->name) &&
        !inn_rule ((guint)(field->name[11] - '0') < count, _ ("There is no such cell."), error))
      return FALSE;
  return check_cells (element, count, error) && check_processors (element, error);
}

static char *
summary (const InnElement *element)
{
  guint count = count_cells (element);

  return count == 0 ? g_strdup (_ ("All is near")) : g_strdup_printf (_ ("Cells: %u"), count);
}

const InnKind inn_kind_numa = {
  .name = "numa",
  .path = "",
  .label = N_ ("NUMA"),
  .icon = "view-grid-symbolic",
  .fields = fields,
  .check = check,
  .summary = summary,
};
