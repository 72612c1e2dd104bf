/**
 * Ties the calling thread to one processor, where the system lets a program do so.
 *
 * Linux only, through the C library's sched_setaffinity. Knows nothing of what the thread does, and
 * failing here must never matter: an untied miner mines as well, only less evenly.
 */
import { dlopen } from "bun:ffi";

/** Bytes of a cpu_set_t in both C libraries, enough for 1,024 processors. */
const CPU_SET_SIZE = 128;

/** The C library's names: glibc's, then musl's. */
const LIBRARY_NAMES = [
  "libc.so.6",
  `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`,
];

/**
 * Ties the calling thread, and no other, to processor `cpu`, numbered as in /proc/cpuinfo. Returns
 * false if the system does not know how or refuses; never throws.
 */
export function pinThreadToCpu(cpu: number): boolean {
  if (process.platform !== "linux") return false;
  if (!Number.isInteger(cpu) || cpu < 0 || cpu >= CPU_SET_SIZE * 8) return false;

  const cpuSet = new Uint8Array(CPU_SET_SIZE);
  cpuSet[cpu >> 3] = 1 << (cpu & 7);
  return LIBRARY_NAMES.some((name) => setAffinity(name, cpuSet));
}

function setAffinity(libraryName: string, cpuSet: Uint8Array): boolean {
  try {
    const library = dlopen(libraryName, {
      sched_setaffinity: { args: ["i32", "u64", "ptr"], returns: "i32" },
    });
    // Process 0 stands for the calling thread.
    const result = library.symbols.sched_setaffinity(0, cpuSet.length, cpuSet);
    library.close();
    return result === 0;
  } catch {
    return false;
  }
}
