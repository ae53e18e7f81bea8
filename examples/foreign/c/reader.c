// Reader prints the values of the quickstart's channel. It is a reader in another
// language: it attaches read-only, takes no place from anybody, checks all it
// relies on, and never shows a value that was overwritten while it was read. The
// numbers are those of docs/segment.md and of "blds-gen layout reading.go".
//
//	cc -O2 -o reader reader.c
//	reader /dev/shm/datahub-1000/roof SCHEMA-HASH [COUNT]
//
// "blds-gen hash" prints the hash. COUNT values are waited for, 10 if not given.
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// DataHeader, and the words of ProducerPage.
enum { MAGIC = 0, ORDER = 8, FORM = 12, HEADER_SIZE = 20, CHECKSUM = 24, HEADER_LAYOUT = 48, DATA_SIZE = 80,
       SCHEMA_HASH = 288, CAPACITY = 404, PAYLOAD = 408, PAYLOAD_SIZE = 412, SYNC = 433,
       REGION_COUNT = 440, REGIONS = 448, REGION_SIZE = 32, HEADER = 1024 };
enum { KIND = 0, OFFSET = 8, SIZE = 16, STRIDE = 24, COUNT = 28, KIND_PRODUCER = 3, KIND_SLOTS = 5 };
enum { PAGE_HEAD = 0, PAGE_GATE = 256, PAGE_STATE = 768, PAGE_SIZE_MIN = 1024, STATE_CLOSING = 2, STATE_SUPERSEDED = 3, LATEST_ONLY = 1 };
static const char *header_layout = "f1b1df5395a57255e537ec5c0e3aaf971e021a3d3880c9a7a4590bb1c140fd4a";

// The quickstart's Reading.
struct reading { int64_t time_ns; double temperature; float humidity; uint8_t state, pad[3]; char station[16]; };

static void fail(const char *what) { fprintf(stderr, "reader: %s\n", what); exit(1); }
static uint16_t u16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return v; }
static uint32_t u32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
static uint64_t u64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }
static uint64_t load64(const uint8_t *p) { return atomic_load((const _Atomic uint64_t *)p); }
static uint32_t load32(const uint8_t *p) { return atomic_load((const _Atomic uint32_t *)p); }

static int is_hash(const uint8_t *p, const char *hex) {
	char s[65];
	for (int i = 0; i < 32; i++) sprintf(s + 2 * i, "%02x", p[i]);
	return strcmp(s, hex) == 0;
}

static uint32_t crc32c(const uint8_t *p, size_t n) {
	uint32_t c = ~0u;
	while (n--) {
		c ^= *p++;
		for (int k = 0; k < 8; k++) c = c >> 1 ^ (0x82f63b78 & -(c & 1));
	}
	return ~c;
}

// region finds an entry of the region table and checks that it lies in the file.
static const uint8_t *region(const uint8_t *h, uint16_t kind, uint64_t file, uint64_t least) {
	for (uint32_t i = 0; i < u32(h + REGION_COUNT) && i < 16; i++) {
		const uint8_t *r = h + REGIONS + i * REGION_SIZE;
		uint64_t off = u64(r + OFFSET), size = u64(r + SIZE);
		if (u16(r + KIND) != kind) continue;
		if (off % 128 || off > file || size > file - off || size < least) fail("a region does not lie in the file");
		return r;
	}
	fail("a region is missing");
	return 0;
}

int main(int argc, char **argv) {
	if (argc < 3) fail("usage: reader FOLDER SCHEMA-HASH [COUNT]");
	char path[4096];
	if (snprintf(path, sizeof path, "%s/data", argv[1]) >= (int)sizeof path) fail("the path is too long");
	long left = argc > 3 ? atol(argv[3]) : 10;

	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	uint8_t h[HEADER]; // a private copy: what was checked is not read again
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) { perror(path); return 1; }
	if (pread(fd, h, HEADER, 0) != HEADER) fail("the file is shorter than a header");
	if (memcmp(h + MAGIC, "DATAHUB", 8)) fail("not a file of a block");
	if (u32(h + ORDER) != 0x04030201) fail("the block has another byte order");
	if (u32(h + FORM) != 1 || u32(h + HEADER_SIZE) != HEADER) fail("the block has another form");
	if (!is_hash(h + HEADER_LAYOUT, header_layout)) fail("the header has another layout");
	uint32_t sum = u32(h + CHECKSUM);
	memset(h + CHECKSUM, 0, 4);
	if (crc32c(h, HEADER) != sum) fail("the header is corrupt");
	if (u64(h + DATA_SIZE) != (uint64_t)st.st_size) fail("the file was cut short");
	if (!is_hash(h + SCHEMA_HASH, argv[2])) fail("the block holds values of another schema");
	if (h[SYNC] == LATEST_ONLY) fail("this reader is for values in order");

	uint32_t capacity = u32(h + CAPACITY), payload = u32(h + PAYLOAD);
	const uint8_t *pr = region(h, KIND_PRODUCER, st.st_size, PAGE_SIZE_MIN);
	const uint8_t *sr = region(h, KIND_SLOTS, st.st_size, 1);
	uint64_t stride = u32(sr + STRIDE);
	if (!capacity || u32(sr + COUNT) != capacity || stride * capacity > u64(sr + SIZE) || stride % 8 ||
	    u32(h + PAYLOAD_SIZE) != sizeof(struct reading) || payload + sizeof(struct reading) > stride) fail("impossible sizes");
	uint8_t *m = mmap(0, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED) { perror("mmap"); return 1; }
	const uint8_t *page = m + u64(pr + OFFSET), *slots = m + u64(sr + OFFSET);

	for (uint64_t q = load64(page + PAGE_HEAD); left > 0;) { // begin with the next value
		if (load64(page + PAGE_HEAD) == q) {
			uint32_t state = load32(page + PAGE_STATE);
			if (state == STATE_CLOSING) return 0;
			if (state == STATE_SUPERSEDED) fail("the block was replaced by a newer one: attach again");
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, 0);
			continue;
		}
		struct reading r;
		memcpy(&r, slots + q % capacity * stride + payload, sizeof r);
		atomic_thread_fence(memory_order_seq_cst); // the copy first, then the word that validates it
		uint64_t gate = load64(page + PAGE_GATE);
		if (q + capacity < gate) { // overwritten meanwhile: go on with the oldest that is whole
			fprintf(stderr, "reader: lost %llu\n", (unsigned long long)(gate - capacity - q));
			q = gate - capacity;
			continue;
		}
		printf("%llu %.16s %g\n", (unsigned long long)q, r.station, r.temperature);
		fflush(stdout);
		q++, left--;
	}
	return 0;
}
