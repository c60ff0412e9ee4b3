/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The guest's user-mode network: a program beside the guest (passt) for each card, which is started
 * again when it ends, and between the two a door: no frame of the guest's goes to an address that
 * means the host itself. passt's --no-map-gw leaves those open in versions before 2024: it connects
 * to whatever address the guest writes into a packet, 127.0.0.1 too.
 *
 * Frames go through the sockets as QEMU's stream netdev has them: length (4 bytes, big-endian) and
 * frame. Only whole frames are counted as sent, so that a new program begins with a whole one. */
#include "vmm-shim-private.h"

#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGS      64
#define HEAD          4           /* bytes of a frame's length */
#define MAX_FRAME     (68 * 1024) /* QEMU's largest (its NET_BUFSIZE) */
#define BUFFER_SIZE   (4 * (HEAD + MAX_FRAME))
#define COMMAND_FD    3           /* the program's end, in the program */
#define MIN_BURST     (64 * 1024) /* bytes: a few of the largest packets */
#define NS            INT64_C (1000000000)
#define RETRY_SECONDS 10 /* that have to pass between two starts of a program */
#define NEVER         INT64_MAX

/* What was read from here, on its way to the other end. */
struct end
{
  struct shim_source source;
  struct net *net;
  char *buffer;
  size_t sent;    /* these have gone */
  size_t ready;   /* so far there are whole frames that may go */
  size_t length;  /* so far it is filled */
  uint64_t bytes; /* of all whole frames that went, or will */
  /* How much may come from here: 0: whatever comes. What is over it waits in the socket, and so in
   * the guest, or at who sends to it. */
  int64_t rate, burst; /* bytes in a second, at once */
  int64_t left;        /* of them now */
  int64_t looked;      /* ns, when that was */
};

struct net
{
  char name[VMM_SHIM_NAME_SIZE];
  struct end guest, host;
  pid_t child;        /* 0: none runs */
  int64_t last_start; /* seconds */
  int64_t next_start; /* NEVER: nothing to start */
};

static struct net nets[SHIM_MAX_NETS];
static char *command[MAX_ARGS + 1];
static int n_nets, n_args;

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_BOOTTIME, &time);
  return time.tv_sec;
}

static struct end *
other_end (struct end *end)
{
  return end == &end->net->guest ? &end->net->host : &end->net->guest;
}

/* ---- the door ---- */

/* This host under its own name: 127.0.0.0/8 and ::1, and what connect() takes for them: 0.0.0.0/8,
 * ::, and IPv4 addresses in IPv6's clothes. */
static bool
is_host_itself (const unsigned char *frame, size_t size)
{
  static const unsigned char zeros[10];
  const unsigned char *to;

  if (size >= 34 && frame[12] == 0x08 && frame[13] == 0x00)
    return frame[30] == 127 || frame[30] == 0;
  if (size < 54 || frame[12] != 0x86 || frame[13] != 0xdd)
    return false; /* ARP, or what passt does not read */
  to = frame + 38;
  return memcmp (to, zeros, sizeof zeros) == 0 && to[10] == to[11] &&
         (to[10] == 0x00 || to[10] == 0xff);
}

/* Moves end->ready behind the whole frames; false where they are none. */
static bool
check_frames (struct end *end)
{
  bool from_guest = end == &end->net->guest;

  while (end->length - end->ready >= HEAD)
    {
      char *at = end->buffer + end->ready;
      uint32_t size;

      memcpy (&size, at, HEAD);
      size = be32toh (size);
      if (size > MAX_FRAME)
        return false;
      if (end->length - end->ready < HEAD + size)
        break;
      if (from_guest && is_host_itself ((unsigned char *)at + HEAD, size))
        {
          end->length -= HEAD + size;
          memmove (at, at + HEAD + size, end->length - end->ready);
        }
      else
        {
          end->ready += HEAD + size;
          end->bytes += size;
        }
    }
  return true;
}

/* ---- how much ---- */

static int64_t
now_ns (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * NS + time.tv_nsec;
}

/* So many are worth a read: ten milliseconds' worth. */
static int64_t
get_share (const struct end *end)
{
  const int64_t share = end->rate / 100 + 1;

  return share < end->burst ? share : end->burst;
}

static bool
may_read (struct end *end)
{
  int64_t more;

  if (end->rate == 0)
    return true;
  more = (int64_t)((double)end->rate * (double)(now_ns () - end->looked) / (double)NS);
  /* Of what is no whole byte yet the time is kept: who looks often must not lose it. */
  end->looked += (int64_t)((double)more * (double)NS / (double)end->rate);
  end->left = more < end->burst - end->left ? end->left + more : end->burst;
  return end->left >= get_share (end);
}

/* Until it may be read again, ms. */
static int
get_wait (const struct end *end)
{
  if (end->source.fd < 0 || end->rate == 0 || end->left >= get_share (end))
    return -1;
  return (int)((double)(get_share (end) - end->left) * 1000 / (double)end->rate) + 1;
}

/* ---- moving ---- */

static void
end_update (struct end *end)
{
  struct end *other = other_end (end);
  uint32_t events = 0;

  if (end->source.fd < 0)
    return;
  if (end->length < BUFFER_SIZE && may_read (end))
    events |= EPOLLIN;
  if (other->sent < other->ready)
    events |= EPOLLOUT;
  shim_watch (&end->source, events | EPOLLRDHUP);
}

static void
net_update (struct net *net)
{
  end_update (&net->guest);
  end_update (&net->host);
}

static void
end_compact (struct end *end)
{
  end->length -= end->sent;
  end->ready -= end->sent;
  memmove (end->buffer, end->buffer + end->sent, end->length);
  end->sent = 0;
}

static void
end_send (struct end *end)
{
  struct end *other = other_end (end);
  ssize_t n = 0;

  if (other->source.fd < 0) /* nobody is there to take it */
    n = (ssize_t)(end->ready - end->sent);
  else if (end->sent < end->ready)
    n = send (other->source.fd, end->buffer + end->sent, end->ready - end->sent,
              MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0)
    end->sent += (size_t)n;
  if (end->sent == end->ready)
    end_compact (end);
}

/* The end has closed. What of it was taken in whole still goes on its way. */
static void
end_close (struct end *end)
{
  struct end *other = other_end (end);
  size_t at = 0;

  shim_drop (&end->source);
  end->length = end->ready;
  end_send (end);
  /* What of the other's frames went only in part is lost. */
  while (at < other->sent)
    {
      uint32_t size;

      memcpy (&size, other->buffer + at, HEAD);
      at += HEAD + be32toh (size);
    }
  other->sent = at;
  end_send (other);
}

static void
end_read (struct end *end)
{
  size_t most = BUFFER_SIZE - end->length;
  ssize_t n;

  if (end->rate > 0 && end->left > 0 && most > (size_t)end->left)
    most = (size_t)end->left;
  n = recv (end->source.fd, end->buffer + end->length, most, MSG_DONTWAIT);
  if (shim_is_again (n))
    return;
  if (n > 0)
    {
      end->length += (size_t)n;
      end->left -= n;
    }
  if (n <= 0 || !check_frames (end))
    end_close (end);
  else
    end_send (end);
}

void
shim_on_net (struct shim_source *source, uint32_t events)
{
  struct end *end = (struct end *)source;

  if (events & EPOLLOUT)
    end_send (other_end (end));
  /* What closes is read to its end, however much that is. */
  if (end->length < BUFFER_SIZE && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
    end_read (end);
  else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    end_close (end); /* gone while what it said has to wait: nothing more will come of it */
  if (end->net->guest.source.fd < 0) /* which ends the program */
    shim_drop (&end->net->host.source);
  net_update (end->net);
}

/* ---- the program ---- */

static void __attribute__ ((noreturn)) run_command (int fd)
{
  /* First away from the number, so that dup2() makes a new one: it must survive the exec. */
  fd = fcntl (fd, F_DUPFD_CLOEXEC, COMMAND_FD + 1);
  if (fd < 0 || dup2 (fd, COMMAND_FD) < 0)
    _exit (126);
  execv (command[0], command);
  _exit (127);
}

static void
net_start (struct net *net)
{
  int pair[2];

  net->last_start = now ();
  net->next_start = net->last_start + RETRY_SECONDS;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    return;
  net->child = shim_fork ();
  if (net->child == 0)
    run_command (pair[1]);
  close (pair[1]);
  if (net->child < 0)
    {
      net->child = 0;
      close (pair[0]);
      return;
    }
  net->next_start = NEVER;
  net->host.source = (struct shim_source){ SHIM_NET, pair[0], 0 };
  net_update (net);
}

bool
shim_net_reap (pid_t child, int status)
{
  for (int i = 0; i < n_nets; i++)
    {
      struct net *net = &nets[i];
      bool early = now () - net->last_start < RETRY_SECONDS;

      if (net->child != child)
        continue;
      net->child = 0;
      if (net->guest.source.fd < 0)
        return true; /* QEMU has let the card go */
      if (net->host.source.fd >= 0)
        end_close (&net->host);
      net_update (net);
      shim_log ("vmm-shim: %s, which connects %s, has ended (%s %d). %s\n", command[0], net->name,
                WIFSIGNALED (status) ? "signal" : "exit status",
                WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status),
                early ? "The card has no connection; it is tried again in some seconds."
                      : "Its connections are lost; it is started again.");
      if (early)
        net->next_start = net->last_start + RETRY_SECONDS;
      else
        net_start (net);
      return true;
    }
  return false;
}

/* ms, the smaller one; -1: never */
static int
sooner (int one, int two)
{
  return one < 0 || (two >= 0 && two < one) ? two : one;
}

int
shim_net_get_timeout (void)
{
  int64_t next = NEVER;
  int wait = -1;

  for (int i = 0; i < n_nets; i++)
    {
      if (nets[i].next_start < next)
        next = nets[i].next_start;
      wait = sooner (wait, sooner (get_wait (&nets[i].guest), get_wait (&nets[i].host)));
    }
  if (next == NEVER)
    return wait;
  next -= now ();
  return sooner (wait, next > 0 ? (int)next * 1000 : 0);
}

void
shim_net_start_due (void)
{
  for (int i = 0; i < n_nets; i++)
    if (nets[i].guest.source.fd < 0)
      nets[i].next_start = NEVER; /* QEMU has let the card go */
    else if (nets[i].next_start <= now ())
      net_start (&nets[i]);
    else if (nets[i].guest.rate > 0 || nets[i].host.rate > 0)
      net_update (&nets[i]); /* what was waited for may be there */
}

/* ---- start and end ---- */

static bool
net_init (struct net *net, const char *name, int fd)
{
  char *one = net->guest.buffer ? net->guest.buffer : malloc (BUFFER_SIZE);
  char *two = net->host.buffer ? net->host.buffer : malloc (BUFFER_SIZE);

  memcpy (net->name, name, strlen (name) + 1);
  net->guest = (struct end){ .source = { SHIM_NET, fd, 0 }, .net = net, .buffer = one };
  net->host = (struct end){ .source = { SHIM_NET, -1, 0 }, .net = net, .buffer = two };
  net->next_start = 0;
  return one && two;
}

void
shim_net_add (const char *name, int fd)
{
  if (!name || n_nets == SHIM_MAX_NETS || strlen (name) >= VMM_SHIM_NAME_SIZE)
    shim_fail ("bad or too many network cards");
  if (!net_init (&nets[n_nets++], name, fd))
    shim_fail ("out of memory");
}

/* The place of a card that has gone is free when its program has, too. */
int
shim_net_plug (const struct vmm_shim_request *request, int fd)
{
  int type = 0, i = 0;
  socklen_t size = sizeof type;

  if (n_args == 0)
    return ENOTSUP;
  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM)
    return ENOTSOCK;
  while (i < n_nets && (nets[i].guest.source.fd >= 0 || nets[i].child > 0))
    i++;
  if (i == SHIM_MAX_NETS)
    return EUSERS;
  if (!net_init (&nets[i], request->name, fd))
    {
      nets[i].guest.source.fd = -1;
      return ENOMEM;
    }
  if (i == n_nets)
    n_nets++;
  return 0;
}

int
shim_net_count (const struct vmm_shim_request *request, int fd)
{
  for (int i = 0; i < n_nets; i++)
    if (nets[i].guest.source.fd >= 0 && strcmp (nets[i].name, request->name) == 0)
      {
        struct vmm_shim_count count = { nets[i].guest.bytes, nets[i].host.bytes };

        if (send (fd, &count, sizeof count, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof count)
          return EIO;
        close (fd);
        return 0;
      }
  return ENOENT;
}

static void
end_limit (struct end *end, uint64_t rate, uint64_t burst)
{
  const uint64_t most = INT64_MAX / 4;

  end->rate = (int64_t)(rate < most ? rate : most);
  end->burst = (int64_t)(burst < most ? burst : most);
  if (end->burst < MIN_BURST)
    end->burst = MIN_BURST;
  end->left = end->burst;
  end->looked = now_ns ();
}

int
shim_net_limit (const struct vmm_shim_request *request, int fd)
{
  struct vmm_shim_limit limit;

  if (recv (fd, &limit, sizeof limit, MSG_DONTWAIT) != sizeof limit)
    return EINVAL;
  for (int i = 0; i < n_nets; i++)
    if (nets[i].guest.source.fd >= 0 && strcmp (nets[i].name, request->name) == 0)
      {
        end_limit (&nets[i].guest, limit.from_guest, limit.from_guest_burst);
        end_limit (&nets[i].host, limit.to_guest, limit.to_guest_burst);
        net_update (&nets[i]);
        close (fd);
        return 0;
      }
  return ENOENT;
}

void
shim_net_add_arg (char *arg)
{
  if (!arg || n_args == MAX_ARGS)
    shim_fail ("bad or too many arguments of the network");
  command[n_args++] = arg;
}

int
shim_net_get_fds (int *fds)
{
  if (n_nets > 0 && n_args == 0)
    shim_fail ("--net without --net-command");
  for (int i = 0; i < n_nets; i++)
    fds[i] = nets[i].guest.source.fd;
  return n_nets;
}

void
shim_net_end (void)
{
  for (int i = 0; i < n_nets; i++)
    if (nets[i].child > 0)
      kill (nets[i].child, SIGKILL); /* ours, and not yet reaped: the pid is still its own */
}
