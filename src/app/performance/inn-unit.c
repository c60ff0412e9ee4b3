/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "performance/inn-unit.h"

#include <math.h>

#define KIB 1024.0

typedef struct
{
  double size;
  const char *name;
} Step;

/* From the largest on; the last one is for all that is smaller. */
static const Step bytes[] = {
  { KIB * KIB * KIB * KIB, "TiB" },
  { KIB * KIB * KIB, "GiB" },
  { KIB * KIB, "MiB" },
  { KIB, "KiB" },
  { 1, "B" },
  { 0, NULL },
};
static const Step rate[] = {
  { KIB * KIB * KIB, "GiB/s" }, { KIB * KIB, "MiB/s" }, { KIB, "KiB/s" }, { 1, "B/s" }, { 0, NULL },
};
static const Step count[] = { { 1, "/s" }, { 0, NULL } };
static const Step delay[] = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "µs" }, { 0, NULL } };
static const Step share[] = { { 0.01, "%" }, { 0, NULL } };

static const struct
{
  const Step *steps;
  gboolean binary; /* the axis' top is a power of two */
  const char *name;
  double least; /* top of an axis */
} units[INN_N_UNITS] = {
  [INN_UNIT_SHARE] = { share, FALSE, "%", 1 },
  [INN_UNIT_BYTES] = { bytes, TRUE, "B", KIB *KIB },
  [INN_UNIT_RATE] = { rate, TRUE, "B/s", 64 * KIB },
  [INN_UNIT_COUNT] = { count, FALSE, "1/s", 10 },
  [INN_UNIT_DELAY] = { delay, FALSE, "s", 1e-3 },
};

static const Step *
find_step (InnUnit unit, double value)
{
  const Step *step = units[unit].steps;

  while (value < step->size && step[1].name != NULL)
    step++;
  return step;
}

/* Three digits, as many as can be read in passing. */
char *
inn_unit_format (InnUnit unit, double value)
{
  const Step *step = find_step (unit, value);
  const double number = value / step->size;
  const gboolean whole = (step->size == 1 && unit != INN_UNIT_DELAY) || number == 0;
  g_autofree char *digits = NULL;

  if (isnan (value))
    return g_strdup ("–");
  digits = g_strdup_printf ("%.*f", whole || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2, number);
  return g_strdup_printf ("%s %s", digits, step->name);
}

char *
inn_unit_format_axis (InnUnit unit, double value)
{
  const Step *step = find_step (unit, value);
  g_autofree char *digits = g_strdup_printf ("%.6g", value / step->size);

  return g_strdup_printf ("%s %s", digits, step->name);
}

const char *
inn_unit_get_name (InnUnit unit)
{
  return units[unit].name;
}

double
inn_unit_top (InnUnit unit, double most)
{
  static const double round[] = { 1, 2, 5, 10 };
  double power;

  if (!(most > units[unit].least))
    return units[unit].least;
  if (units[unit].binary)
    return exp2 (ceil (log2 (most)));
  power = pow (10, floor (log10 (most)));
  for (guint i = 0; i < G_N_ELEMENTS (round); i++)
    if (most <= round[i] * power)
      return round[i] * power;
  return 10 * power;
}
