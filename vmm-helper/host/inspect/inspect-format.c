/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which format it is, and those formats that need few words: raw, packed, ISO 9660. */

#include "inspect-private.h"

#include <string.h>

/* ISO 9660 (ECMA-119): volume descriptors from sector 16, type at 0, "CD001" at 1. */
#define ISO_DESCRIPTOR  32768
#define ISO_SECTOR      2048
#define ISO_DESCRIPTORS 16

static const struct
{
  const char *name;
  uint16_t offset;
  uint8_t size;
  const char *magic;
} packed_kinds[] = {
  { "gzip", 0, 2, "\x1f\x8b" },
  { "xz", 0, 6,
    "\xfd"
    "7zXZ" },
  { "zstd", 0, 4, "\x28\xb5\x2f\xfd" },
  { "bzip2", 0, 3, "BZh" },
  { "zip", 0, 4, "PK\3\4" },
  { "7z", 0, 6, "7z\xbc\xaf\x27\x1c" },
  { "tar", 257, 5, "ustar" },
};

InspectProblem
inspect_read_some (const InspectSource *source,
                   uint64_t offset,
                   void *buffer,
                   size_t size,
                   size_t *out_size)
{
  size_t have = 0;

  while (have < size && offset + have < source->size)
    {
      long got = source->read (source->data, offset + have, (char *)buffer + have, size - have);

      if (got < 0)
        return INSPECT_READ_ERROR;
      if (got == 0)
        break;
      have += (size_t)got;
    }
  *out_size = have;
  return INSPECT_OK;
}

InspectProblem
inspect_read (const InspectSource *source, uint64_t offset, void *buffer, size_t size)
{
  size_t have = 0;
  InspectProblem problem;

  if (offset > source->size || size > source->size - offset)
    return INSPECT_TRUNCATED;
  problem = inspect_read_some (source, offset, buffer, size, &have);
  if (problem == INSPECT_OK && have < size)
    problem = INSPECT_TRUNCATED;
  return problem;
}

/* TRUE with the volume's name where there is an ISO 9660 or UDF medium. */
static bool
read_iso (const InspectSource *source, InspectFacts *facts)
{
  unsigned char sector[80];

  for (unsigned int i = 0; i < ISO_DESCRIPTORS; i++)
    {
      size_t length = 32;

      if (inspect_read (source, ISO_DESCRIPTOR + i * ISO_SECTOR, sector, sizeof sector) !=
          INSPECT_OK)
        return false;
      /* UDF without ISO 9660 starts its own volume recognition here (ECMA-167). */
      if (memcmp (sector + 1, "BEA01", 5) == 0)
        return true;
      if (memcmp (sector + 1, "CD001", 5) != 0)
        return false;
      if (sector[0] != 1)
        continue;
      memcpy (facts->label, sector + 40, length);
      while (length > 0 && (facts->label[length - 1] == ' ' || facts->label[length - 1] == '\0'))
        length--;
      facts->label[length] = '\0';
      return true;
    }
  return false;
}

static const char *
find_packed (const unsigned char *head)
{
  for (size_t i = 0; i < sizeof packed_kinds / sizeof packed_kinds[0]; i++)
    if (memcmp (head + packed_kinds[i].offset, packed_kinds[i].magic, packed_kinds[i].size) == 0)
      return packed_kinds[i].name;
  return NULL;
}

InspectProblem
inspect_image (const InspectSource *source, InspectFacts *facts)
{
  unsigned char head[INSPECT_HEAD_SIZE] = { 0 };
  unsigned char footer[512];
  size_t have = 0;
  InspectProblem problem;

  memset (facts, 0, sizeof *facts);
  facts->format = "raw";
  facts->virtual_size = source->size;
  problem = inspect_read_some (source, 0, head, sizeof head, &have);
  if (problem != INSPECT_OK)
    return problem;

  if (memcmp (head, "QFI\xfb", 4) == 0)
    return inspect_qcow2 (source, head, facts);
  if (memcmp (head, "KDMV", 4) == 0 || memcmp (head, "COWD", 4) == 0 || inspect_is_vmdk_text (head))
    return inspect_vmdk (source, head, facts);
  if (memcmp (head, "vhdxfile", 8) == 0)
    return inspect_vhdx (source, facts);
  if (inspect_le32 (head + 64) == 0xbeda107f)
    return inspect_vdi (source, head, facts);
  if (memcmp (head, "conectix", 8) == 0)
    return inspect_vpc (source, head, facts);
  if (read_iso (source, facts))
    {
      facts->format = "iso";
      return INSPECT_OK;
    }
  /* A VHD of fixed size has its one header at the end. */
  if (source->size > sizeof footer &&
      inspect_read (source, source->size - sizeof footer, footer, sizeof footer) == INSPECT_OK &&
      memcmp (footer, "conectix", 8) == 0)
    return inspect_vpc (source, footer, facts);
  facts->packed = find_packed (head);
  return INSPECT_OK;
}
