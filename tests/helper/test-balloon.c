/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which machine gives memory back, which gets it, and when. */
#include "machine/vmh-balloon.h"

#define MIB (G_GUINT64_CONSTANT (1) << 20)

static void
test_judge (void)
{
  VmhBalloonMind mind = { 0 };

  g_assert_cmpint (vmh_balloon_judge (&mind, 0.5), ==, VMH_BALLOON_TAKE);
  g_assert_cmpint (vmh_balloon_judge (&mind, 0.05), ==, VMH_BALLOON_HOLD);
  /* Calm for a while, and only then. */
  for (int i = 0; i < 9; i++)
    g_assert_cmpint (vmh_balloon_judge (&mind, 0), ==, VMH_BALLOON_HOLD);
  g_assert_cmpint (vmh_balloon_judge (&mind, 0), ==, VMH_BALLOON_GIVE);
  g_assert_cmpint (vmh_balloon_judge (&mind, 0.05), ==, VMH_BALLOON_HOLD);
  g_assert_cmpint (vmh_balloon_judge (&mind, 0), ==, VMH_BALLOON_HOLD);
}

static void
test_take (void)
{
  VmhBalloonGuest guests[] = {
    { .importance = 1,
      .floor = 256 * MIB,
      .ceiling = 1024 * MIB,
      .target = 1024 * MIB,
      .total = 1000 * MIB,
      .available = 900 * MIB },
    { .importance = 0,
      .floor = 256 * MIB,
      .ceiling = 1024 * MIB,
      .target = 1024 * MIB,
      .total = 1000 * MIB,
      .available = 300 * MIB },
    { .importance = 0,
      .floor = 256 * MIB,
      .ceiling = 1024 * MIB,
      .target = 1024 * MIB,
      .total = 1000 * MIB,
      .available = 500 * MIB },
    { .importance = 0, .floor = 64 * MIB, .ceiling = 1024 * MIB, .target = 1024 * MIB },
  };
  guint64 target;
  guint index;

  /* The least important one with the most to spare; half of what it can spare. */
  g_assert_true (vmh_balloon_choose (guests, 4, VMH_BALLOON_TAKE, &index, &target));
  g_assert_cmpuint (index, ==, 2);
  g_assert_cmpuint (target, ==, (1024 - 187) * MIB);
  /* Never below the floor; one that does not tell how much it has free gives nothing. */
  guests[2].target = guests[2].floor + 40 * MIB;
  guests[1].available = 100 * MIB;
  g_assert_true (vmh_balloon_choose (guests, 4, VMH_BALLOON_TAKE, &index, &target));
  g_assert_cmpuint (index, ==, 2);
  g_assert_cmpuint (target, ==, guests[2].floor);
  guests[2].target = target;
  g_assert_true (vmh_balloon_choose (guests, 4, VMH_BALLOON_TAKE, &index, &target));
  g_assert_cmpuint (index, ==, 0);
  guests[0].available = 0;
  g_assert_false (vmh_balloon_choose (guests, 4, VMH_BALLOON_TAKE, &index, &target));
}

static void
test_give (void)
{
  VmhBalloonGuest guests[] = {
    { .importance = 1,
      .floor = 256 * MIB,
      .ceiling = 1024 * MIB,
      .target = 256 * MIB,
      .total = 250 * MIB,
      .available = 100 * MIB },
    { .importance = 2,
      .floor = 256 * MIB,
      .ceiling = 1024 * MIB,
      .target = 1000 * MIB,
      .total = 990 * MIB,
      .available = 800 * MIB },
  };
  guint64 target;
  guint index;

  g_assert_false (vmh_balloon_choose (guests, 2, VMH_BALLOON_HOLD, &index, &target));
  g_assert_true (vmh_balloon_choose (guests, 2, VMH_BALLOON_GIVE, &index, &target));
  g_assert_cmpuint (index, ==, 1);
  g_assert_cmpuint (target, ==, 1024 * MIB);
  guests[1].target = target;
  g_assert_true (vmh_balloon_choose (guests, 2, VMH_BALLOON_GIVE, &index, &target));
  g_assert_cmpuint (index, ==, 0);
  g_assert_cmpuint (target, ==, (256 + 128) * MIB);
  /* A guest in need gets some though nobody has become calm; nobody takes from it. */
  guests[0].available = 5 * MIB;
  g_assert_true (vmh_balloon_choose (guests, 2, VMH_BALLOON_HOLD, &index, &target));
  g_assert_cmpuint (index, ==, 0);
  guests[0].target = guests[0].ceiling;
  g_assert_false (vmh_balloon_choose (guests, 2, VMH_BALLOON_GIVE, &index, &target));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/balloon/judge", test_judge);
  g_test_add_func ("/balloon/take", test_take);
  g_test_add_func ("/balloon/give", test_give);
  return g_test_run ();
}
