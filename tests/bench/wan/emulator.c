/**
 * A link between two network namespaces with a delay, a rate, and a queue, for kernels without `netem`:
 *
 *   emulator NAMESPACE DEVICE NAMESPACE DEVICE
 *
 * It makes a TUN device in each namespace and carries packets between them, so TCP is real from end to end.
 * Commands arrive on standard input, one a line, and the program ends with that stream:
 *
 *   RATE DELAY QUEUE HOLE
 *
 * RATE in Mbit/s, DELAY in ms for each direction, QUEUE in ms of waiting packets, HOLE 1 to drop every packet.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/** A packet on its way. The kernel hands over bundles of segments, which count by their bytes. */
struct packet {
  struct packet *next;
  uint64_t due;
  size_t size;
  unsigned char bytes[];
};

struct direction {
  struct packet *first, *last;
  /** When the link has sent all packets so far. */
  uint64_t idle;
};

/** Nanoseconds per byte, and nanoseconds. */
static double byte_time = 80;
static uint64_t delay = 0, queue = 1000000000;
static int is_hole = 0;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/** A TUN device in a namespace, with bundles of segments: one write for each packet would cost a core. */
static int open_device(const char *namespace, const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/var/run/netns/%s", namespace);
  int there = open(path, O_RDONLY);
  if (there < 0 || setns(there, CLONE_NEWNET)) fail(path);
  close(there);
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (device < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(device, TUNSETIFF, &request)) fail("TUNSETIFF");
  int header = sizeof(struct virtio_net_hdr);
  if (ioctl(device, TUNSETVNETHDRSZ, &header)) fail("TUNSETVNETHDRSZ");
  if (ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4)) fail("TUNSETOFFLOAD");
  return device;
}

static void take(struct direction *way, const unsigned char *bytes, size_t size) {
  uint64_t time = now();
  uint64_t start = way->idle > time ? way->idle : time;
  if (is_hole || start - time > queue) return;
  way->idle = start + (uint64_t)((size - sizeof(struct virtio_net_hdr)) * byte_time);
  struct packet *packet = malloc(sizeof *packet + size);
  if (packet == NULL) fail("malloc");
  packet->next = NULL;
  packet->due = way->idle + delay;
  packet->size = size;
  memcpy(packet->bytes, bytes, size);
  if (way->last) way->last->next = packet;
  else way->first = packet;
  way->last = packet;
}

/** Delivers what is due. Returns when the next packet is. */
static uint64_t deliver(struct direction *way, int device) {
  while (way->first && way->first->due <= now()) {
    struct packet *packet = way->first;
    way->first = packet->next;
    if (!way->first) way->last = NULL;
    // A full device loses the packet, as a real one does.
    if (write(device, packet->bytes, packet->size) < 0) {}
    free(packet);
  }
  return way->first ? way->first->due : UINT64_MAX;
}

static void obey(void) {
  char line[256];
  if (!fgets(line, sizeof line, stdin)) exit(0);
  double rate, one_way, waiting;
  if (sscanf(line, "%lf %lf %lf %d", &rate, &one_way, &waiting, &is_hole) != 4) return;
  byte_time = 8000 / rate;
  delay = one_way * 1e6;
  queue = waiting * 1e6;
  puts("done");
}

int main(int count, char **names) {
  if (count != 5) return 2;
  int devices[2] = {open_device(names[1], names[2]), open_device(names[3], names[4])};
  struct direction ways[2] = {0};
  static unsigned char bytes[70000];
  setvbuf(stdin, NULL, _IONBF, 0);
  setvbuf(stdout, NULL, _IOLBF, 0);
  // A busy machine must not add delay.
  struct sched_param priority = {.sched_priority = 1};
  if (sched_setscheduler(0, SCHED_FIFO, &priority)) perror("SCHED_FIFO");
  prctl(PR_SET_TIMERSLACK, 1000);
  puts("up");
  for (;;) {
    uint64_t next = UINT64_MAX;
    for (int i = 0; i < 2; i++) {
      // Bounded, so that a flood in one direction does not delay the other.
      for (int n = 0; n < 64; n++) {
        ssize_t size = read(devices[i], bytes, sizeof bytes);
        if (size <= 0) break;
        take(&ways[i], bytes, size);
      }
    }
    for (int i = 0; i < 2; i++) {
      uint64_t due = deliver(&ways[i], devices[1 - i]);
      if (due < next) next = due;
    }
    uint64_t time = now(), wait = next == UINT64_MAX ? 1000000000 : next > time ? next - time : 0;
    struct timespec timeout = {wait / 1000000000, wait % 1000000000};
    struct pollfd polled[] = {{devices[0], POLLIN, 0}, {devices[1], POLLIN, 0}, {0, POLLIN, 0}};
    ppoll(polled, 3, &timeout, NULL);
    if (polled[2].revents) obey();
    // A namespace was deleted.
    if ((polled[0].revents | polled[1].revents) & (POLLERR | POLLHUP)) return 1;
  }
}
