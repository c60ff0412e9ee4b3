/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the parsers of the formats share. */
#pragma once

#include "inspect-format.h"

/** inspect_read: all @size bytes at @offset, or a problem. */
InspectProblem
inspect_read (const InspectSource *source, uint64_t offset, void *buffer, size_t size);
/** inspect_read_some: as many as there are; how many in @out_size. */
InspectProblem inspect_read_some (const InspectSource *source,
                                  uint64_t offset,
                                  void *buffer,
                                  size_t size,
                                  size_t *out_size);

static inline uint16_t
inspect_be16 (const unsigned char *p)
{
  return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
inspect_be32 (const unsigned char *p)
{
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
inspect_be64 (const unsigned char *p)
{
  return (uint64_t)inspect_be32 (p) << 32 | inspect_be32 (p + 4);
}

static inline uint16_t
inspect_le16 (const unsigned char *p)
{
  return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t
inspect_le32 (const unsigned char *p)
{
  return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t
inspect_le64 (const unsigned char *p)
{
  return (uint64_t)inspect_le32 (p + 4) << 32 | inspect_le32 (p);
}

/* Each gets the first bytes of the file, zeros after its end. */
#define INSPECT_HEAD_SIZE 1024
bool inspect_is_vmdk_text (const unsigned char *head);
InspectProblem
inspect_qcow2 (const InspectSource *source, const unsigned char *head, InspectFacts *facts);
InspectProblem
inspect_vmdk (const InspectSource *source, const unsigned char *head, InspectFacts *facts);
InspectProblem
inspect_vdi (const InspectSource *source, const unsigned char *head, InspectFacts *facts);
InspectProblem
inspect_vpc (const InspectSource *source, const unsigned char *footer, InspectFacts *facts);
InspectProblem inspect_vhdx (const InspectSource *source, InspectFacts *facts);
