/**
 * The data directory of one node on one network: made if missing, locked for this process alone.
 *
 * The lock is an SQLite transaction held on a file of its own: the operating system drops it with
 * the process, so a killed node never leaves a stale one, on any platform. What is kept in the
 * directory is the business of the stores.
 */

import { Database } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A directory that cannot be used: the operator must act. The message says how. */
export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
}

/** A locked directory; `release` gives it back. */
export interface DataDirectory {
  readonly path: string;
  /** Path of a file in it. */
  file(name: string): string;
  release(): void;
}

/** Locks until they are released: a collected one would be closed, and its directory free. */
const HELD_LOCKS = new Set<Database>();

/** Makes `path` if missing and locks it; DataDirectoryError if another node holds it or it cannot
 * be written. */
export function openDataDirectory(path: string): DataDirectory {
  const file = (name: string) => join(path, name);
  makeDirectory(path);

  const lock = acquireLock(path, file("lock"), file("pid"));
  try {
    writeFileSync(file("pid"), `${process.pid}\n`);
  } catch (cause) {
    lock.close();
    throw cannotWrite(path, cause);
  }
  HELD_LOCKS.add(lock);
  const release = () => {
    HELD_LOCKS.delete(lock);
    lock.close();
  };
  return { path, file, release };
}

function makeDirectory(path: string): void {
  try {
    // Coins' keys live below: nobody else on this machine needs to look.
    if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new DataDirectoryError(`cannot make the data directory ${path}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function acquireLock(path: string, lockFile: string, pidFile: string): Database {
  let lock: Database | undefined;
  try {
    lock = new Database(lockFile, { create: true });
    chmodSync(lockFile, 0o600);
    lock.run("PRAGMA busy_timeout = 0");
    lock.run("BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock?.close();
    if ((cause as { code?: string }).code?.startsWith("SQLITE_BUSY") === true) {
      throw new DataDirectoryError(
        `the data directory ${path} is in use by another node${ownerOf(pidFile)}; ` +
          "stop it, or give this one another directory with --data",
        { cause },
      );
    }
    throw cannotWrite(path, cause);
  }
}

function ownerOf(pidFile: string): string {
  try {
    const pid = readFileSync(pidFile, "utf8").trim();
    return /^\d+$/.test(pid) ? ` (process ${pid})` : "";
  } catch {
    return "";
  }
}

function cannotWrite(path: string, cause: unknown): DataDirectoryError {
  return new DataDirectoryError(`cannot write to the data directory ${path}: ${reasonOf(cause)}`, {
    cause,
  });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
