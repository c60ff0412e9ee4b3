/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Last words: what of a guest's bytes, and of QEMU's log, is fit for a person. */
#include <glib.h>
#include <string.h>

#include "machine/vmh-words.h"

static void
assert_serial (const char *said, gsize length, const char *wanted)
{
  g_autoptr (GBytes) bytes = g_bytes_new (said, length);
  g_autofree char *words = vmh_words_dup_serial (bytes);

  g_assert_cmpstr (words, ==, wanted);
}

#define ASSERT_SERIAL(said, wanted) assert_serial (said, sizeof (said) - 1, wanted)

static void
test_serial (void)
{
  g_autofree char *nothing = vmh_words_dup_serial (NULL);

  g_assert_cmpstr (nothing, ==, "");
  ASSERT_SERIAL ("", "");
  ASSERT_SERIAL ("one\r\ntwo", "one\ntwo\n");
  ASSERT_SERIAL ("\r\n\n  \r\n", "");
  /* A terminal's commands, whole and cut off. */
  ASSERT_SERIAL ("\033[1;31mred\033[0m \033[2J\033[Hhome", "red home\n");
  ASSERT_SERIAL ("\033]0;a title\afor \033]2;one\033\\you", "for you\n");
  ASSERT_SERIAL ("\033(Bplain\033", "plain\n");
  ASSERT_SERIAL ("cut \033[12", "cut\n");
  ASSERT_SERIAL ("cut \033]0;never ended", "cut\n");
  ASSERT_SERIAL ("cut \033(", "cut\n");
  /* Written over, removed. */
  ASSERT_SERIAL ("10 %\r20 %\r\r\nend", "20 %\nend\n");
  ASSERT_SERIAL ("\b\bab\bc", "ac\n");
  /* No text: NUL, bytes that are no UTF-8, control characters, one that turns the direction. */
  ASSERT_SERIAL ("a\0b\xff\xfe\x01\x7f\xc2\x9b"
                 "c\xe2\x80\xae"
                 "d\te",
                 "abcd e\n");
  ASSERT_SERIAL ("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f\n");
}

static void
test_long (void)
{
  g_autoptr (GString) said = g_string_new (NULL);
  g_autofree char *line = g_strnfill (4000, 'x');
  g_autofree char *shown = g_strnfill (300, 'x');
  g_autofree char *wanted = g_strconcat (shown, "…\n", NULL);

  assert_serial (line, 4000, wanted);
  for (int i = 1; i <= 30; i++)
    g_string_append_printf (said, "line %d\n\n", i);
  assert_serial (said->str, said->len,
                 "line 21\nline 22\nline 23\nline 24\nline 25\nline 26\nline 27\nline 28\nline 29\n"
                 "line 30\n");
}

static void
test_errors (void)
{
  g_autofree char *nothing = vmh_words_dup_errors ("");
  g_autofree char *errors = vmh_words_dup_errors (
      "vmm-helper: info: Innkeeper keeps these parts\n"
      "qemu-system-x86_64: warning: Could not detect THP size, falling back to 2097152\n"
      "qemu-system-x86_64: -device nonsense: no such device\n\n"
      "free(): invalid pointer\n");

  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpstr (errors, ==,
                   "qemu-system-x86_64: -device nonsense: no such device\n"
                   "free(): invalid pointer\n");
  g_assert_null (vmh_words_explain (errors));
  g_assert_nonnull (
      strstr (vmh_words_explain ("qemu-system-x86_64: Requested buffer size of 3968 is "
                                 "smaller than host TPM's fixed buffer size of 4096\n"),
              "Choose TIS"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper/words/serial", test_serial);
  g_test_add_func ("/helper/words/long", test_long);
  g_test_add_func ("/helper/words/errors", test_errors);
  return g_test_run ();
}
