import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk that is slow or fails, put before a program by `LD_PRELOAD`. */
export type Shim = {
  readonly env: Readonly<Record<string, string>>
  /** What bringing anything to the disk does from now on. */
  readonly set: (how: 'well' | 'slow' | 'broken') => void
  /** How often something was brought there so far. */
  readonly done: () => number
  readonly drop: () => void
}

// fsync and fdatasync look into a file whether to sleep half a second or to fail, and note when they are done.
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
static int through(const char *name, int fd) {
  char how = 'w';
  int file = open(getenv("SHIM_HOW"), O_RDONLY | O_CLOEXEC);
  if (file >= 0) { if (read(file, &how, 1) != 1) how = 'w'; close(file); }
  if (how == 'b') { errno = EIO; return -1; }
  struct timespec half = { 0, 500000000 };
  if (how == 's') nanosleep(&half, NULL);
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  int result = real(fd);
  int note = open(getenv("SHIM_DONE"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (note >= 0) { if (write(note, ".", 1) != 1) {} close(note); }
  return result;
}
int fsync(int fd) { return through("fsync", fd); }
int fdatasync(int fd) { return through("fdatasync", fd); }
`

/** Compiles the shim; `undefined` where there is no gcc. */
export const buildShim = (): Shim | undefined => {
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-shim-'))
  const [source, library, how, done] = ['shim.c', 'shim.so', 'how', 'done'].map((name) =>
    join(dir, name),
  ) as [string, string, string, string]
  writeFileSync(source, SOURCE)
  writeFileSync(how, 'well')
  writeFileSync(done, '')
  const drop = () => rmSync(dir, { recursive: true, force: true })
  const built = spawnSync('gcc', ['-shared', '-fPIC', '-o', library, source, '-ldl'])
  if (built.status !== 0) {
    drop()
    return undefined
  }
  return {
    env: { LD_PRELOAD: library, SHIM_HOW: how, SHIM_DONE: done },
    set: (value) => writeFileSync(how, value),
    done: () => readFileSync(done).length,
    drop,
  }
}
