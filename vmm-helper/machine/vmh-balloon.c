/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "machine/vmh-balloon.h"

#include "core/vmh-limits.h"
#include "qemu/vmh-qemu.h"
#include "qemu/vmh-qmp-measure.h"
#include "qemu/vmh-usage.h"

#define MIB (G_GUINT64_CONSTANT (1) << 20)

/* Between the two nothing changes: what is given back must not be taken again at once. */
#define SHORT      0.10 /* of the last ten seconds something has waited for memory */
#define CALM       0.01
#define CALM_LOOKS 10 /* one after the other, before anything is given */

#define LEAST_STEP (16 * MIB)
/* What a guest keeps free for itself: this share of its memory, and so much at least. */
#define RESERVE_SHARE 8
#define LEAST_RESERVE (32 * MIB)
#define NEED_SHARE    20 /* less than a 20th is left of it: it gets some back before that */

static GHashTable *following; /* set of VmhMachine; NULL: none */
static guint timer;
static guint asking;         /* machines that have not answered yet */
static GArray *guests;       /* VmhBalloonGuest, of those that have */
static GPtrArray *of_guests; /* VmhMachine, likewise */
static VmhBalloonMind mind;
static VmhBalloonMood mood;

/* ---- what is decided ---- */

VmhBalloonMood
vmh_balloon_judge (VmhBalloonMind *it, double stall)
{
  it->calm = stall < CALM ? MIN (it->calm + 1, CALM_LOOKS) : 0;
  if (stall >= SHORT)
    return VMH_BALLOON_TAKE;
  return it->calm >= CALM_LOOKS ? VMH_BALLOON_GIVE : VMH_BALLOON_HOLD;
}

/* 0: nothing. */
static guint64
get_spare (const VmhBalloonGuest *guest)
{
  const guint64 reserve = MAX (guest->total / RESERVE_SHARE, LEAST_RESERVE);
  guint64 spare = guest->available > reserve ? (guest->available - reserve) / 2 : 0;

  spare = MIN (spare, guest->target > guest->floor ? guest->target - guest->floor : 0);
  return spare >= LEAST_STEP || spare + guest->floor == guest->target ? spare / MIB * MIB : 0;
}

static gboolean
is_in_need (const VmhBalloonGuest *guest)
{
  return guest->total > 0 && guest->available < guest->total / NEED_SHARE;
}

static gboolean
gives_before (const VmhBalloonGuest *one, const VmhBalloonGuest *other)
{
  if (one->importance != other->importance)
    return one->importance < other->importance;
  return get_spare (one) > get_spare (other);
}

/* The one in need first, then the more important. */
static gboolean
gets_before (const VmhBalloonGuest *one, const VmhBalloonGuest *other)
{
  if (is_in_need (one) != is_in_need (other))
    return is_in_need (one);
  return one->importance > other->importance;
}

gboolean
vmh_balloon_choose (const VmhBalloonGuest *all,
                    guint n,
                    VmhBalloonMood which,
                    guint *out_index,
                    guint64 *out_target)
{
  const VmhBalloonGuest *best = NULL;

  for (guint i = 0; i < n; i++)
    if (which == VMH_BALLOON_TAKE
            ? get_spare (&all[i]) > 0 && (!best || gives_before (&all[i], best))
            : all[i].target < all[i].ceiling &&
                  (which == VMH_BALLOON_GIVE || is_in_need (&all[i])) &&
                  (!best || gets_before (&all[i], best)))
      best = &all[i];
  if (!best)
    return FALSE;
  *out_index = (guint)(best - all);
  *out_target = which == VMH_BALLOON_TAKE
                    ? best->target - get_spare (best)
                    : MIN (best->target + MAX (best->ceiling / 8, LEAST_STEP), best->ceiling);
  return TRUE;
}

/* ---- whose ---- */

static gboolean
is_automatic (VmhMachine *machine)
{
  InnDomain *domain = vmh_machine_get_domain (machine);
  InnElement memory;

  if (!domain || !vmh_machine_get_qemu (machine) ||
      (vmh_machine_get_state (machine) != VMH_STATE_RUNNING &&
       vmh_machine_get_state (machine) != VMH_STATE_PAUSED))
    return FALSE;
  memory = inn_domain_get (domain, "memory");
  return inn_element_get_bool (&memory, "automatic");
}

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  /* Without a balloon that is an error. */
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);
}

static VmhQmp *
get_monitor (VmhMachine *machine)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);

  return qemu ? vmh_qemu_get_monitor (qemu) : NULL;
}

guint
vmh_balloon_get_period (VmhMachine *machine)
{
  InnDomain *live = vmh_machine_get_live (machine);
  g_autoptr (GPtrArray) balloons = live ? inn_domain_list (live, "memballoon") : NULL;
  const guint64 period =
      balloons && balloons->len > 0 ? inn_element_get_uint (balloons->pdata[0], "stats-period") : 0;

  return period == 0 && is_automatic (machine) ? VMH_BALLOON_SECONDS : (guint)period;
}

void
vmh_balloon_set_period (VmhMachine *machine)
{
  VmhQmp *monitor = get_monitor (machine);

  if (monitor)
    vmh_qmp_set_balloon_period_async (monitor, vmh_balloon_get_period (machine), on_told, NULL);
}

/* Of what the machine began with: what was plugged in is not the balloon's. */
static guint64
get_ceiling (VmhMachine *machine, guint64 first)
{
  InnElement memory = inn_domain_get (vmh_machine_get_domain (machine), "memory");
  const guint64 now = inn_element_get_uint (&memory, "current");

  return now > 0 ? MIN (now, first) : first;
}

static VmhBalloonGuest
look_at (VmhMachine *machine, const VmhQmpMeasures *measures)
{
  InnElement memory = inn_domain_get (vmh_machine_get_domain (machine), "memory");
  const guint64 ceiling = get_ceiling (machine, measures->memory.first);
  const guint64 floor = inn_element_get_uint (&memory, "floor");

  return (VmhBalloonGuest){ .importance = inn_element_is (&memory, "importance", "low")    ? 0
                                          : inn_element_is (&memory, "importance", "high") ? 2
                                                                                           : 1,
                            .floor = MIN (floor > 0 ? floor : ceiling / 2, ceiling),
                            .ceiling = ceiling,
                            .target = measures->memory.balloon,
                            .total = measures->guest_total,
                            .available = measures->guest_available > 0 ? measures->guest_available
                                                                       : measures->guest_free };
}

/* ---- one look ---- */

static void
decide (void)
{
  guint index;
  guint64 target;

  if (vmh_balloon_choose ((const VmhBalloonGuest *)(gpointer)guests->data, guests->len, mood,
                          &index, &target))
    {
      VmhQmp *monitor = get_monitor (of_guests->pdata[index]);

      if (monitor)
        vmh_qmp_set_balloon_async (monitor, target, on_told, NULL);
    }
  g_array_set_size (guests, 0);
  g_ptr_array_set_size (of_guests, 0);
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VmhMachine) machine = data;
  g_autoptr (VmhQmpMeasures) measures = vmh_qmp_measure_finish (VMH_QMP (source), result);

  asking--;
  if (!following)
    return;
  if (is_automatic (machine) && measures->memory.first > 0 && measures->memory.balloon > 0)
    {
      const VmhBalloonGuest guest = look_at (machine, measures);

      g_array_append_val (guests, guest);
      g_ptr_array_add (of_guests, g_object_ref (machine));
    }
  if (asking == 0)
    decide ();
}

static gboolean
on_due (gpointer data)
{
  GHashTableIter iter;
  VmhMachine *machine;
  double stall;

  g_hash_table_iter_init (&iter, following);
  while (g_hash_table_iter_next (&iter, (gpointer *)&machine, NULL))
    if (!is_automatic (machine))
      g_hash_table_iter_remove (&iter);
  if (g_hash_table_size (following) == 0)
    {
      timer = 0;
      vmh_balloon_end ();
      return G_SOURCE_REMOVE;
    }
  if (asking > 0 || !vmh_usage_read_stall (&stall))
    return G_SOURCE_CONTINUE;
  mood = vmh_balloon_judge (&mind, stall);
  g_hash_table_iter_init (&iter, following);
  while (g_hash_table_iter_next (&iter, (gpointer *)&machine, NULL))
    if (get_monitor (machine) && vmh_machine_get_state (machine) == VMH_STATE_RUNNING)
      {
        asking++;
        vmh_qmp_measure_async (get_monitor (machine), on_measured, g_object_ref (machine));
      }
  return G_SOURCE_CONTINUE;
}

static void
on_memory_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VmhMachine) machine = data;
  VmhQmpMemory memory;

  if (vmh_qmp_query_memory_finish (VMH_QMP (source), result, &memory, NULL) && memory.balloon > 0 &&
      !is_automatic (machine) && memory.balloon < get_ceiling (machine, memory.first))
    vmh_qmp_set_balloon_async (VMH_QMP (source), get_ceiling (machine, memory.first), on_told,
                               NULL);
}

void
vmh_balloon_follow (VmhMachine *machine)
{
  const gboolean follows = following && g_hash_table_contains (following, machine);

  if (is_automatic (machine) == follows)
    return;
  vmh_balloon_set_period (machine);
  if (follows)
    {
      g_hash_table_remove (following, machine);
      if (get_monitor (machine))
        vmh_qmp_query_memory_async (get_monitor (machine), on_memory_known, g_object_ref (machine));
      return;
    }
  if (!following)
    {
      following = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
      guests = g_array_new (FALSE, FALSE, sizeof (VmhBalloonGuest));
      of_guests = g_ptr_array_new_with_free_func (g_object_unref);
      mind = (VmhBalloonMind){ 0 };
    }
  g_hash_table_add (following, g_object_ref (machine));
  if (timer == 0)
    timer = g_timeout_add_seconds (VMH_BALLOON_SECONDS, on_due, NULL);
}

void
vmh_balloon_end (void)
{
  g_clear_handle_id (&timer, g_source_remove);
  g_clear_pointer (&following, g_hash_table_unref);
  g_clear_pointer (&guests, g_array_unref);
  g_clear_pointer (&of_guests, g_ptr_array_unref);
}
