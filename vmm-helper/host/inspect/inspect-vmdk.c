/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* VMDK: sparse extents (KDMV, COWD) with or without a descriptor, and the descriptor alone, which
 * names its extents. VMware's "Virtual Disk Format 5.0", and what QEMU makes of each field: it
 * takes the parent from the bytes at 512 whatever the header says, and the extents of an embedded
 * descriptor where the capacity is 0. */

#include "inspect-private.h"

#include <string.h>

#define SECTOR 512u

/* QEMU reads 20 sectors of a descriptor inside a sparse extent. */
#define DESCRIPTOR_SIZE (20u * SECTOR)

/* A descriptor in a file of its own, one line an extent of 2 GiB: enough for 4 TiB. */
#define TEXT_SIZE (128u * 1024u)

static char text[TEXT_SIZE + 1]; /* not on the stack; the parser is never re-entered */

/* Past comments and empty lines there must be "version=". */
bool
inspect_is_vmdk_text (const unsigned char *head)
{
  static const char first[] = "# Disk DescriptorFile";
  const unsigned char *p = head;
  const unsigned char *end = head + INSPECT_HEAD_SIZE;

  if (memcmp (head, first, sizeof first - 1) == 0)
    return true;
  while (p < end && (*p == '#' || *p == '\r' || *p == '\n' || *p == ' '))
    {
      const unsigned char *newline = memchr (p, '\n', (size_t)(end - p));

      if (newline == NULL)
        return false;
      p = newline + 1;
    }
  return end - p >= 8 && memcmp (p, "version=", 8) == 0;
}

static InspectProblem
load_text (const InspectSource *source, uint64_t offset, size_t size)
{
  size_t have = 0;
  InspectProblem problem = inspect_read_some (source, offset, text, size, &have);

  text[problem == INSPECT_OK ? have : 0] = '\0';
  return problem;
}

/* Copies what is between the next two quotes; where they are missing, the rest of the line. */
static void
copy_quoted (const char *p, char *out)
{
  const char *start = p + strcspn (p, "\"\n");
  size_t length;

  start = *start == '"' ? start + 1 : p;
  length = strcspn (start, "\"\r\n");
  if (length >= INSPECT_NAME_SIZE)
    length = INSPECT_NAME_SIZE - 1;
  memcpy (out, start, length);
  out[length] = '\0';
}

static void
find_parent (InspectFacts *facts)
{
  static const char key[] = "parentFileNameHint";
  const char *found = strstr (text, key);

  if (found == NULL)
    return;
  facts->has_backing_file = true;
  copy_quoted (found + sizeof key - 1, facts->backing_file);
}

static const char *
skip_word (const char *p)
{
  p += strcspn (p, " \t\r\n");
  return p + strspn (p, " \t");
}

static bool
starts (const char *p, const char *word)
{
  return strncmp (p, word, strlen (word)) == 0;
}

/* "RW 4192256 FLAT "name-flat.vmdk" 0": adds up the sectors, keeps the first name. That there is
 * data elsewhere is said in any case: it is what such a descriptor is for, and another program may
 * read its lines in other ways than we do. */
static InspectProblem
read_extents (InspectFacts *facts)
{
  uint64_t sectors = 0;
  unsigned int extents = 0;
  bool named = false;

  facts->has_data_file = true;
  for (const char *line = text; *line != '\0'; line += strcspn (line, "\n"), line += *line == '\n')
    {
      const char *p = line + strspn (line, " \t");
      uint64_t size = 0;

      if (!starts (p, "RW ") && !starts (p, "RDONLY ") && !starts (p, "NOACCESS "))
        continue;
      p = skip_word (p);
      for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow (size, 10, &size) ||
            __builtin_add_overflow (size, (uint64_t)(*p - '0'), &size))
          return INSPECT_DAMAGED;
      if (__builtin_add_overflow (sectors, size, &sectors))
        return INSPECT_DAMAGED;
      p = skip_word (p);
      extents++;
      if (starts (p, "ZERO") || named)
        continue;
      named = true;
      copy_quoted (skip_word (p), facts->data_file);
    }
  if (extents == 0 || sectors > INT64_MAX / SECTOR)
    return INSPECT_DAMAGED;
  facts->virtual_size = sectors * SECTOR;
  return INSPECT_OK;
}

static InspectProblem
read_descriptor_file (const InspectSource *source, InspectFacts *facts)
{
  InspectProblem problem = INSPECT_UNSUPPORTED;

  /* What we do not read we cannot vouch for. */
  if (source->size <= TEXT_SIZE)
    problem = load_text (source, 0, TEXT_SIZE);
  if (problem != INSPECT_OK)
    return problem;
  find_parent (facts);
  return read_extents (facts);
}

InspectProblem
inspect_vmdk (const InspectSource *source, const unsigned char *head, InspectFacts *facts)
{
  bool cowd = memcmp (head, "COWD", 4) == 0;
  uint64_t sectors, descriptor;
  InspectProblem problem;

  facts->format = "vmdk";
  facts->virtual_size = 0;
  if (!cowd && memcmp (head, "KDMV", 4) != 0)
    return read_descriptor_file (source, facts);
  if (source->size < SECTOR)
    return INSPECT_TRUNCATED;

  problem = load_text (source, SECTOR, DESCRIPTOR_SIZE);
  if (problem != INSPECT_OK)
    return problem;
  find_parent (facts);
  if (cowd)
    {
      facts->virtual_size = (uint64_t)inspect_le32 (head + 12) * SECTOR;
      return INSPECT_OK;
    }

  if (inspect_le32 (head + 4) < 1 || inspect_le32 (head + 4) > 3)
    return INSPECT_UNSUPPORTED;
  sectors = inspect_le64 (head + 12);
  descriptor = inspect_le64 (head + 28);
  if (sectors > INT64_MAX / SECTOR || descriptor > INT64_MAX / SECTOR)
    return INSPECT_DAMAGED;
  if (descriptor != 0)
    {
      problem = load_text (source, descriptor * SECTOR, DESCRIPTOR_SIZE);
      if (problem != INSPECT_OK)
        return problem;
      if (!facts->has_backing_file)
        find_parent (facts);
      if (sectors == 0)
        return read_extents (facts);
    }
  facts->virtual_size = sectors * SECTOR;
  return sectors == 0 ? INSPECT_DAMAGED : INSPECT_OK;
}
