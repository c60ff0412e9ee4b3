/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-threads.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "qemu/vmh-usage.h"
#include "shared/inn-errors.h"

#define ROUNDS 8 /* for threads that are started while we look */

/* What we ourselves may run on is what there is. */
static gboolean
get_all (cpu_set_t *set, GError **error)
{
  if (sched_getaffinity (0, sizeof *set, set) == 0)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_FAILED, "sched_getaffinity: %s", g_strerror (errno));
  return FALSE;
}

static void
change (cpu_set_t *set, const char *part)
{
  gboolean out = *part == '^';
  char *end;
  unsigned long first = strtoul (part + (out ? 1 : 0), &end, 10);
  unsigned long last = *end == '-' ? strtoul (end + 1, NULL, 10) : first;

  for (unsigned long cpu = first; cpu <= last && cpu < CPU_SETSIZE; cpu++)
    if (out)
      CPU_CLR (cpu, set);
    else
      CPU_SET (cpu, set);
}

/* Of what is taken out counts all that it is taken out of, whatever stands first. */
static gboolean
parse (const char *list, cpu_set_t *result, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (list ? list : "", ",", -1);
  cpu_set_t all, wanted;

  if (!get_all (&all, error))
    return FALSE;
  CPU_ZERO (&wanted);
  for (char **part = parts; *part; part++)
    if (**part != '^')
      change (&wanted, *part);
  for (char **part = parts; *part; part++)
    if (**part == '^')
      change (&wanted, *part);
  if (list)
    CPU_AND (result, &all, &wanted);
  else
    *result = all;
  if (CPU_COUNT (result) > 0)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
               _ ("This computer has no processor of “%s”. It has %d, the first of which is 0."),
               list, CPU_COUNT (&all));
  return FALSE;
}

gboolean
vmh_threads_check (const char *list, GError **error)
{
  cpu_set_t set;

  return parse (list, &set, error);
}

/* What each thread is wanted to run on. */
typedef struct
{
  cpu_set_t others;
  const VmhThreadPin *pins;
  cpu_set_t *sets; /* of the pins */
  guint n;
} Wanted;

static const cpu_set_t *
find_set (const Wanted *wanted, const char *folder, const char *thread)
{
  const pid_t inside = wanted->n > 0 ? vmh_usage_get_inner_number (folder, thread) : 0;

  for (guint i = 0; inside != 0 && i < wanted->n; i++)
    if (wanted->pins[i].inside == inside)
      return &wanted->sets[i];
  return &wanted->others;
}

/* Answers how many were not yet as they are wanted. */
static guint
pin_all (const char *folder, const Wanted *wanted, int *out_errno)
{
  g_autoptr (GDir) tasks = g_dir_open (folder, 0, NULL);
  const char *name;
  guint changed = 0;

  *out_errno = tasks ? 0 : ESRCH;
  while (tasks && (name = g_dir_read_name (tasks)) != NULL)
    {
      pid_t thread = (pid_t)strtol (name, NULL, 10);
      const cpu_set_t *set = find_set (wanted, folder, name);
      cpu_set_t now;

      if (sched_getaffinity (thread, sizeof now, &now) < 0 || CPU_EQUAL (&now, set))
        continue; /* it has ended, or is as it should be */
      changed++;
      if (sched_setaffinity (thread, sizeof *set, set) < 0 && errno != ESRCH)
        *out_errno = errno;
    }
  return changed;
}

gboolean
vmh_threads_pin (pid_t pid,
                 const char *others,
                 const VmhThreadPin *pins,
                 guint n_pins,
                 GError **error)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/task", (int)pid);
  g_autofree cpu_set_t *sets = g_new0 (cpu_set_t, n_pins);
  Wanted wanted = { .pins = pins, .sets = sets, .n = n_pins };
  int code = 0;

  if (!parse (others, &wanted.others, error))
    return FALSE;
  for (guint i = 0; i < n_pins; i++)
    if (!parse (pins[i].list, &sets[i], error))
      return FALSE;
  /* Each thread that is started by one that was not pinned yet is seen in the next round. */
  for (int i = 0; i < ROUNDS && code == 0; i++)
    if (pin_all (folder, &wanted, &code) == 0)
      break;
  if (code == 0)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_FAILED,
               _ ("The machine cannot be kept to processors: %s."), g_strerror (code));
  return FALSE;
}
