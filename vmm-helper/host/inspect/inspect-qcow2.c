/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* qcow2, versions 2 and 3: QEMU's docs/interop/qcow2.txt. */

#include "inspect-private.h"

#include <string.h>

#define HEADER_SIZE_2 72u
#define HEADER_SIZE_3 104u

#define INCOMPATIBLE_CORRUPT   (UINT64_C (1) << 1)
#define INCOMPATIBLE_DATA_FILE (UINT64_C (1) << 2)
#define INCOMPATIBLE_KNOWN                                                                         \
  UINT64_C (0x1f) /* dirty, corrupt, data file, compression, extended L2                           \
                   */

#define EXTENSION_END       0u
#define EXTENSION_DATA_FILE 0x44415441u

/* QEMU writes four; more than this is none of its images. */
#define MAX_EXTENSIONS 32u

/* QEMU's limit of the L1 table, bytes. */
#define MAX_L1_SIZE (UINT64_C (32) << 20)

typedef struct
{
  uint32_t version;
  uint64_t cluster_size;
  uint64_t incompatible;
  uint64_t header_length;
} Header;

static InspectProblem
read_extensions (const InspectSource *source, const Header *header, InspectFacts *facts)
{
  uint64_t offset = header->header_length;

  for (unsigned int i = 0; i < MAX_EXTENSIONS; i++)
    {
      unsigned char head[8];
      uint32_t type, length;
      InspectProblem problem;

      if (offset + sizeof head > header->cluster_size)
        return INSPECT_OK;
      problem = inspect_read (source, offset, head, sizeof head);
      if (problem != INSPECT_OK)
        return problem;
      type = inspect_be32 (head);
      length = inspect_be32 (head + 4);
      offset += sizeof head;
      if (type == EXTENSION_END)
        return INSPECT_OK;
      if (length > header->cluster_size - offset)
        return INSPECT_DAMAGED;
      if (type == EXTENSION_DATA_FILE)
        {
          if (length >= INSPECT_NAME_SIZE)
            return INSPECT_DAMAGED;
          problem = inspect_read (source, offset, facts->data_file, length);
          if (problem != INSPECT_OK)
            return problem;
          facts->data_file[length] = '\0';
          facts->has_data_file = true;
        }
      offset += (length + UINT64_C (7)) & ~UINT64_C (7);
    }
  return INSPECT_DAMAGED;
}

static InspectProblem
read_backing (const InspectSource *source,
              const Header *header,
              const unsigned char *head,
              InspectFacts *facts)
{
  uint64_t offset = inspect_be64 (head + 8);
  uint32_t length = inspect_be32 (head + 16);
  InspectProblem problem;

  if (offset == 0)
    return INSPECT_OK;
  facts->has_backing_file = true;
  if (length >= INSPECT_NAME_SIZE || offset > header->cluster_size ||
      length > header->cluster_size - offset)
    return INSPECT_DAMAGED;
  problem = inspect_read (source, offset, facts->backing_file, length);
  facts->backing_file[problem == INSPECT_OK ? length : 0] = '\0';
  return problem;
}

static InspectProblem
check_tables (const InspectSource *source,
              const Header *header,
              const unsigned char *head,
              InspectFacts *facts)
{
  uint64_t l1_entries = inspect_be32 (head + 36);
  uint64_t l1_offset = inspect_be64 (head + 40);
  uint64_t refcount_offset = inspect_be64 (head + 48);
  /* One L2 table has cluster_size / 8 entries (half of it with extended ones) of a cluster each. */
  uint64_t entry_size = (header->incompatible & (UINT64_C (1) << 4)) != 0 ? 16 : 8;
  uint64_t per_l1 = header->cluster_size / entry_size * header->cluster_size;
  uint64_t needed = facts->virtual_size / per_l1 + (facts->virtual_size % per_l1 != 0);

  if (l1_entries * 8 > MAX_L1_SIZE || needed > l1_entries ||
      l1_offset % header->cluster_size != 0 || refcount_offset % header->cluster_size != 0)
    return INSPECT_DAMAGED;
  if (l1_offset > source->size || refcount_offset >= source->size)
    return INSPECT_TRUNCATED;
  return INSPECT_OK;
}

InspectProblem
inspect_qcow2 (const InspectSource *source, const unsigned char *head, InspectFacts *facts)
{
  Header header = { .version = inspect_be32 (head + 4), .header_length = HEADER_SIZE_2 };
  uint32_t cluster_bits = inspect_be32 (head + 20);
  InspectProblem problem;

  facts->format = "qcow2";
  facts->virtual_size = 0;
  if (header.version != 2 && header.version != 3)
    return INSPECT_UNSUPPORTED;
  if (source->size < (header.version == 2 ? HEADER_SIZE_2 : HEADER_SIZE_3))
    return INSPECT_TRUNCATED;
  if (cluster_bits < 9 || cluster_bits > 21)
    return INSPECT_DAMAGED;
  header.cluster_size = UINT64_C (1) << cluster_bits;
  facts->virtual_size = inspect_be64 (head + 24);
  facts->encrypted = inspect_be32 (head + 32) != 0;
  facts->snapshots = inspect_be32 (head + 60);
  if (header.version == 3)
    {
      header.incompatible = inspect_be64 (head + 72);
      header.header_length = inspect_be32 (head + 100);
      if (header.header_length < HEADER_SIZE_3 || header.header_length > header.cluster_size ||
          header.header_length % 8 != 0)
        return INSPECT_DAMAGED;
    }
  facts->has_data_file = (header.incompatible & INCOMPATIBLE_DATA_FILE) != 0;

  problem = read_backing (source, &header, head, facts);
  if (problem == INSPECT_OK)
    problem = read_extensions (source, &header, facts);
  if (problem != INSPECT_OK)
    return problem;
  if ((header.incompatible & ~INCOMPATIBLE_KNOWN) != 0)
    return INSPECT_UNSUPPORTED;
  if ((header.incompatible & INCOMPATIBLE_CORRUPT) != 0 || facts->virtual_size > INT64_MAX)
    return INSPECT_DAMAGED;
  if (facts->snapshots > INSPECT_MAX_SNAPSHOTS)
    return INSPECT_SNAPSHOTS;
  return check_tables (source, &header, head, facts);
}
