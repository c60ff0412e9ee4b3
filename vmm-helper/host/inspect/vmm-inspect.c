/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* vmm-inspect: the image on fd 0 → its facts as one line of key=value on fd 1, values
 * percent-encoded, ended by "end=1". Gives up all rights before it looks: another uid, no new
 * privileges, limits on memory and CPU, and a system call filter that leaves pread from fd 0,
 * write to fd 1 and exit. Wall time is the caller's to limit. libc only. */

#include "inspect-format.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY       65534
#define MEMORY_LIMIT (UINT64_C (1) << 30)
#define CPU_LIMIT    2 /* seconds */
#define LINE_SIZE    8192

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#else
#error "vmm-inspect: name this architecture's AUDIT_ARCH here"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FIRST_ARGUMENT offsetof (struct seccomp_data, args[0])
#else
#define FIRST_ARGUMENT (offsetof (struct seccomp_data, args[0]) + 4)
#endif

/* Jumps over what follows it unless the word loaded is @value. */
#define IF(value, skip) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define LOAD(where)     BPF_STMT (BPF_LD | BPF_W | BPF_ABS, (where))
#define ALLOW           BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL            BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static char line[LINE_SIZE];
static size_t line_length;

static void
fail (const char *what)
{
  dprintf (2, "vmm-inspect: %s: %s\n", what, strerror (errno));
  _exit (1);
}

static void
limit (int resource, uint64_t value)
{
  struct rlimit limits = { .rlim_cur = value, .rlim_max = value };

  if (setrlimit ((__rlimit_resource_t)resource, &limits) != 0)
    fail ("setrlimit");
}

static void
drop_rights (void)
{
  limit (RLIMIT_AS, MEMORY_LIMIT);
  limit (RLIMIT_CPU, CPU_LIMIT);
  limit (RLIMIT_CORE, 0);
  if (getuid () == 0 || geteuid () == 0)
    {
      if (setgroups (0, NULL) != 0 || setresgid (NOBODY, NOBODY, NOBODY) != 0 ||
          setresuid (NOBODY, NOBODY, NOBODY) != 0)
        fail ("setresuid");
    }
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    fail ("prctl");
}

static void
filter_calls (void)
{
  /* The image is only read (its fd may be open for writing), the answer only written. */
  static struct sock_filter code[] = {
    LOAD (offsetof (struct seccomp_data, arch)),
    IF (ARCH, 11),
    LOAD (offsetof (struct seccomp_data, nr)),
    IF (__NR_exit_group, 1),
    ALLOW,
    IF (__NR_pread64, 3),
    LOAD (FIRST_ARGUMENT),
    IF (0, 5),
    ALLOW,
    IF (__NR_write, 3),
    LOAD (FIRST_ARGUMENT),
    IF (1, 1),
    ALLOW,
    KILL,
  };
  static const struct sock_fprog program = { sizeof code / sizeof code[0], code };

  if (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
    fail ("seccomp");
}

static long
read_fd (void *data, uint64_t offset, void *buffer, size_t size)
{
  long got;

  do
    got = pread (0, buffer, size, (off_t)offset);
  while (got < 0 && errno == EINTR);
  return got;
}

static void
put (char c)
{
  if (line_length < sizeof line)
    line[line_length++] = c;
}

static void
put_text (const char *p)
{
  static const char digits[] = "0123456789ABCDEF";

  for (; *p != '\0'; p++)
    {
      unsigned char c = (unsigned char)*p;

      if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
          c == '-' || c == '_' || c == '/')
        {
          put ((char)c);
          continue;
        }
      put ('%');
      put (digits[c >> 4]);
      put (digits[c & 15]);
    }
}

static void
put_key (const char *key)
{
  if (line_length > 0)
    put (' ');
  while (*key != '\0')
    put (*key++);
  put ('=');
}

static void
put_string (const char *key, const char *value)
{
  put_key (key);
  put_text (value);
}

static void
put_number (const char *key, uint64_t value)
{
  char digits[24];
  size_t n = sizeof digits;

  digits[--n] = '\0';
  do
    digits[--n] = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  put_string (key, digits + n);
}

static int
print_facts (InspectProblem problem,
             const InspectFacts *facts,
             const struct stat *st,
             uint64_t size)
{
  size_t done = 0;

  put_string ("problem", inspect_problem_name (problem));
  put_string ("format", facts->format);
  put_number ("virtual-size", facts->virtual_size);
  put_number ("file-size", size);
  put_number ("allocated-size", S_ISREG (st->st_mode) ? (uint64_t)st->st_blocks * 512 : size);
  put_number ("block-device", S_ISBLK (st->st_mode));
  put_number ("encrypted", facts->encrypted);
  put_number ("snapshots", facts->snapshots);
  if (facts->has_backing_file)
    put_string ("backing-file", facts->backing_file);
  if (facts->has_data_file)
    put_string ("data-file", facts->data_file);
  if (facts->label[0] != '\0')
    put_string ("label", facts->label);
  if (facts->packed != NULL)
    put_string ("packed", facts->packed);
  put_key ("end");
  put ('1');
  put ('\n');
  while (done < line_length)
    {
      ssize_t put_now = write (1, line + done, line_length - done);

      if (put_now < 0 && errno != EINTR)
        return 1;
      done += put_now > 0 ? (size_t)put_now : 0;
    }
  return 0;
}

int
main (void)
{
  InspectSource source = { .read = read_fd };
  InspectProblem problem;
  InspectFacts facts;
  struct stat st;

  drop_rights ();
  if (fstat (0, &st) != 0)
    fail ("fstat");
  if (S_ISREG (st.st_mode))
    source.size = (uint64_t)st.st_size;
  else if (!S_ISBLK (st.st_mode) || ioctl (0, BLKGETSIZE64, &source.size) != 0)
    {
      dprintf (2, "vmm-inspect: neither a file nor a disk\n");
      return 1;
    }
  filter_calls ();
  problem = inspect_image (&source, &facts);
  _exit (print_facts (problem, &facts, &st, source.size));
}
