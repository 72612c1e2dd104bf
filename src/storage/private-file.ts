/**
 * Small files that only their owner may read, written whole or not at all.
 *
 * For keys, tokens and wallets: a new file is complete on the disk before it takes the old one's
 * name. Touches nothing but the names given and those made of them; what the text means is not
 * known here.
 */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** Owner may read and write, nobody else anything. */
const PRIVATE_MODE = 0o600;

/** What group and others may do, and must not with a private file. */
const OTHERS_MODE = 0o077;

const IS_WINDOWS = process.platform === "win32";

/** Windows has no such flags; there `lstat` alone tells a link. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NO_WAIT = constants.O_NONBLOCK ?? 0;

const { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = constants;

/** Why a private file was not read. */
export type PrivateFileErrorCode = "not-found" | "not-private" | "too-large";

/** A file that is missing, larger than the reader allows, or open to others. */
export class PrivateFileError extends Error {
  override readonly name = "PrivateFileError";
  readonly code: PrivateFileErrorCode;

  constructor(code: PrivateFileErrorCode, path: string) {
    super(`${path}: ${code}`);
    this.code = code;
  }
}

/** What stands before each step of a write: a test ends the process there, or throws. */
export type OnStep = (step: string) => void;

export interface WriteOptions {
  /** Versions of before that stay, as `path.bak1` (the newest) and so on. */
  readonly versions?: number;
  /** Longest text that is kept as a version, in bytes. */
  readonly maxBytes?: number;
  readonly onStep?: OnStep;
}

/**
 * Writes `text` to `path` atomically, readable by its owner alone.
 *
 * Whatever goes wrong on the way, `path` holds the old text or the new one. All that needs space
 * is written before the first name changes, so a full disk costs no version either.
 */
export function writePrivateFile(path: string, text: string, options: WriteOptions = {}): void {
  const { versions = 0, maxBytes = Number.MAX_SAFE_INTEGER, onStep = () => undefined } = options;
  const current = versions > 0 && exists(path) ? readPrivateFile(path, maxBytes) : undefined;
  const next = temporaryOf(path);
  const copy = temporaryOf(versionOf(path, 1));
  try {
    writeNew(next, text, onStep);
    if (current !== undefined) {
      writeNew(copy, current, onStep);
      for (let version = versions; version > 1; version--) {
        onStep(`keep version ${version}`);
        moveIfExists(versionOf(path, version - 1), versionOf(path, version));
      }
      onStep("keep version 1");
      renameSync(copy, versionOf(path, 1));
    }
    onStep("take the name");
    renameSync(next, path);
  } catch (cause) {
    rmSync(next, { force: true });
    rmSync(copy, { force: true });
    throw cause;
  }
  onStep("sync the directory");
  syncDirectory(dirname(path));
}

/**
 * Returns the text of `path`, of at most `maxBytes`.
 *
 * Throws PrivateFileError if there is none, if it is longer, or if it is not private: a link, not a
 * plain file, or (where there are such modes) one that others may read or write.
 */
export function readPrivateFile(path: string, maxBytes: number): string {
  if (!exists(path)) throw new PrivateFileError("not-found", path);
  if (!lstatSync(path).isFile()) throw new PrivateFileError("not-private", path);

  // The name may have changed hands since: the flags refuse a link, and do not wait for a pipe.
  const file = openSync(path, O_RDONLY | NO_FOLLOW | NO_WAIT);
  try {
    const { mode, size } = fstatSync(file);
    if (!IS_WINDOWS && (mode & OTHERS_MODE) !== 0) throw new PrivateFileError("not-private", path);
    if (size > maxBytes) throw new PrivateFileError("too-large", path);
    return decodeText(readAtMost(file, size));
  } finally {
    closeSync(file);
  }
}

/** The name of the version that `path` had so many writes ago. */
export function versionOf(path: string, version: number): string {
  return `${path}.bak${version}`;
}

/** Makes renames in a directory durable; Windows neither needs nor allows it. */
export function syncDirectory(path: string): void {
  if (IS_WINDOWS) return;
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Renames `from` to `to` if there is such a file. */
export function moveIfExists(from: string, to: string): void {
  if (exists(from)) renameSync(from, to);
}

/** True for anything of that name, a link to nowhere included. */
export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function temporaryOf(path: string): string {
  return `${path}.${process.pid}.tmp`;
}

function writeNew(path: string, text: string, onStep: OnStep): void {
  rmSync(path, { force: true });
  onStep("make a file");
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | NO_FOLLOW, PRIVATE_MODE);
  try {
    onStep("write it");
    const bytes = new TextEncoder().encode(text);
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    onStep("sync it");
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function readAtMost(file: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = readSync(file, bytes, length, size - length, null);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** A byte order mark stays: it is no part of what was written here. */
function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
