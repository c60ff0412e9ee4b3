/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* VirtualBox's VDI and Microsoft's VHD ("vpc" in QEMU's words) and VHDX ([MS-VHDX]). */

#include "inspect-private.h"

#include <string.h>

#define SECTOR 512u

/* VDI image types beyond these depend on another image: undo 3, differencing 4. */
#define VDI_DYNAMIC 1u
#define VDI_FIXED   2u

InspectProblem
inspect_vdi (const InspectSource *source, const unsigned char *head, InspectFacts *facts)
{
  static const unsigned char no_parent[16] = { 0 };
  uint32_t type = inspect_le32 (head + 76);
  uint32_t bitmap = inspect_le32 (head + 340);
  uint32_t block_size = inspect_le32 (head + 376);
  uint64_t blocks = inspect_le32 (head + 384);

  facts->format = "vdi";
  facts->virtual_size = inspect_le64 (head + 368);
  if (source->size < SECTOR)
    return INSPECT_TRUNCATED;
  if (inspect_le32 (head + 68) != 0x00010001)
    return INSPECT_UNSUPPORTED;
  if ((type != VDI_DYNAMIC && type != VDI_FIXED) ||
      memcmp (head + 424, no_parent, sizeof no_parent) != 0)
    facts->has_backing_file = true; /* known by its uuid only */
  if (facts->virtual_size > INT64_MAX || block_size == 0 ||
      (facts->virtual_size + block_size - 1) / block_size > blocks)
    return INSPECT_DAMAGED;
  if (bitmap + blocks * 4 > source->size)
    return INSPECT_TRUNCATED;
  return INSPECT_OK;
}

/* VHD footer: type at 60. */
#define VPC_FIXED        2u
#define VPC_DYNAMIC      3u
#define VPC_DIFFERENCING 4u

/* 65535 cylinders of 16 heads and 255 sectors mean "more than these". */
#define VPC_MAX_GEOMETRY (UINT64_C (65535) * 16 * 255)

/* Programs whose sizes are exact; all others mean cylinders × heads × sectors (as QEMU reads it).
 */
static bool
vpc_is_exact (const unsigned char *creator)
{
  return memcmp (creator, "win ", 4) == 0 || memcmp (creator, "qem2", 4) == 0 ||
         memcmp (creator, "d2v ", 4) == 0 || memcmp (creator, "tap\0", 4) == 0 ||
         memcmp (creator, "CTXS", 4) == 0;
}

/* UTF-16, big endian; what is beyond ASCII is told as "?": the name is shown, never used. */
static void
copy_utf16 (const unsigned char *p, size_t units, char *out)
{
  size_t i;

  for (i = 0; i < units && i < INSPECT_NAME_SIZE - 1; i++)
    {
      uint16_t unit = inspect_be16 (p + 2 * i);

      if (unit == 0)
        break;
      out[i] = unit < 0x80 ? (char)unit : '?';
    }
  out[i] = '\0';
}

InspectProblem
inspect_vpc (const InspectSource *source, const unsigned char *footer, InspectFacts *facts)
{
  uint64_t geometry = (uint64_t)inspect_be16 (footer + 56) * footer[58] * footer[59];
  uint32_t type = inspect_be32 (footer + 60);
  uint64_t table = inspect_be64 (footer + 16);
  unsigned char header[1024];
  InspectProblem problem;

  facts->format = "vpc";
  facts->virtual_size = geometry * SECTOR;
  if (vpc_is_exact (footer + 28) || geometry == VPC_MAX_GEOMETRY)
    facts->virtual_size = inspect_be64 (footer + 48);
  if (facts->virtual_size > INT64_MAX || facts->virtual_size == 0)
    return INSPECT_DAMAGED;
  if (type == VPC_FIXED)
    return facts->virtual_size > source->size ? INSPECT_TRUNCATED : INSPECT_OK;
  if (type != VPC_DYNAMIC && type != VPC_DIFFERENCING)
    return INSPECT_DAMAGED;

  problem = inspect_read (source, table, header, sizeof header);
  if (problem != INSPECT_OK)
    return problem;
  if (memcmp (header, "cxsparse", 8) != 0)
    return INSPECT_DAMAGED;
  if (type == VPC_DIFFERENCING)
    {
      facts->has_backing_file = true;
      copy_utf16 (header + 64, 256, facts->backing_file);
    }
  if (inspect_be64 (header + 16) > source->size)
    return INSPECT_TRUNCATED;
  return INSPECT_OK;
}

/* VHDX: two copies of the region table, then the metadata table and its items. */
#define VHDX_REGION_1     (192u * 1024u)
#define VHDX_REGION_2     (256u * 1024u)
#define VHDX_MAX_ENTRIES  2047u
#define VHDX_ENTRY        32u
#define VHDX_HAS_PARENT   2u
#define VHDX_MAX_METADATA (UINT64_C (1) << 40)

static const unsigned char vhdx_metadata[16] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
                                                 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const unsigned char vhdx_parameters[16] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
                                                   0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };
static const unsigned char vhdx_size[16] = { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
                                             0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };

static InspectProblem
find_vhdx_metadata (const InspectSource *source, uint64_t table, uint64_t *out_offset)
{
  unsigned char entry[VHDX_ENTRY];
  InspectProblem problem = inspect_read (source, table, entry, 16);
  uint32_t count;

  if (problem != INSPECT_OK)
    return problem;
  count = inspect_le32 (entry + 8);
  if (memcmp (entry, "regi", 4) != 0 || count > VHDX_MAX_ENTRIES)
    return INSPECT_DAMAGED;
  for (uint32_t i = 0; i < count; i++)
    {
      problem = inspect_read (source, table + 16 + i * VHDX_ENTRY, entry, sizeof entry);
      if (problem != INSPECT_OK)
        return problem;
      if (memcmp (entry, vhdx_metadata, sizeof vhdx_metadata) == 0)
        {
          *out_offset = inspect_le64 (entry + 16);
          return *out_offset > VHDX_MAX_METADATA ? INSPECT_DAMAGED : INSPECT_OK;
        }
    }
  return INSPECT_DAMAGED;
}

InspectProblem
inspect_vhdx (const InspectSource *source, InspectFacts *facts)
{
  unsigned char head[VHDX_ENTRY];
  uint64_t metadata = 0;
  bool has_size = false, has_parameters = false;
  uint16_t count;
  InspectProblem problem;

  facts->format = "vhdx";
  facts->virtual_size = 0;
  problem = find_vhdx_metadata (source, VHDX_REGION_1, &metadata);
  if (problem == INSPECT_DAMAGED)
    problem = find_vhdx_metadata (source, VHDX_REGION_2, &metadata);
  if (problem == INSPECT_OK)
    problem = inspect_read (source, metadata, head, sizeof head);
  if (problem != INSPECT_OK)
    return problem;
  count = inspect_le16 (head + 10);
  if (memcmp (head, "metadata", 8) != 0 || count > VHDX_MAX_ENTRIES)
    return INSPECT_DAMAGED;

  for (uint16_t i = 0; i < count; i++)
    {
      unsigned char entry[VHDX_ENTRY];
      unsigned char item[8];
      bool is_size, is_parameters;

      problem =
          inspect_read (source, metadata + VHDX_ENTRY * (i + UINT64_C (1)), entry, sizeof entry);
      if (problem != INSPECT_OK)
        return problem;
      is_size = memcmp (entry, vhdx_size, sizeof vhdx_size) == 0;
      is_parameters = memcmp (entry, vhdx_parameters, sizeof vhdx_parameters) == 0;
      if (!is_size && !is_parameters)
        continue;
      problem = inspect_read (source, metadata + inspect_le32 (entry + 16), item, sizeof item);
      if (problem != INSPECT_OK)
        return problem;
      if (is_size)
        facts->virtual_size = inspect_le64 (item);
      else if ((inspect_le32 (item + 4) & VHDX_HAS_PARENT) != 0)
        facts->has_backing_file = true; /* its locator is a list of ways to find it; none is used */
      has_size |= is_size;
      has_parameters |= is_parameters;
    }
  return has_size && has_parameters && facts->virtual_size <= INT64_MAX ? INSPECT_OK
                                                                        : INSPECT_DAMAGED;
}
