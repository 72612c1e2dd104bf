/**
 * Private files on a real disk: modes, links, versions. What is left of a write that was cut off is
 * tried with wallets, in test/unit/wallet/keystore.test.ts.
 */

import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  PrivateFileError,
  readPrivateFile,
  versionOf,
  writePrivateFile,
} from "../../../src/storage/private-file.ts";
import { temporaryFolder } from "../../support/chain-builder.ts";

function codeOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error instanceof PrivateFileError ? error.code : error;
  }
}

describe("writePrivateFile", () => {
  test("makes a file for its owner alone, whatever was there before", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "file");
    writeFileSync(path, "open to all", { mode: 0o666 });
    writePrivateFile(path, "text");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toBe("text");
    expect(readdirSync(folder.path)).toEqual(["file"]);
  });

  test("replaces a link, and leaves alone what it led to", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "file");
    const other = join(folder.path, "other");
    writeFileSync(other, "other");
    symlinkSync(other, path);
    symlinkSync(other, `${path}.${process.pid}.tmp`);
    writePrivateFile(path, "text");
    expect(readFileSync(other, "utf8")).toBe("other");
    expect(readFileSync(path, "utf8")).toBe("text");
  });

  test("leaves nothing behind where the name cannot be taken", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "folder");
    mkdirSync(join(path, "full"), { recursive: true });
    expect(() => writePrivateFile(path, "text")).toThrow();
    expect(readdirSync(folder.path)).toEqual(["folder"]);
  });

  test("K-10: keeps as many versions as it is told", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "file");
    for (const text of ["1", "2", "3", "4"]) writePrivateFile(path, text, { versions: 2 });
    const texts = [path, versionOf(path, 1), versionOf(path, 2)].map((file) =>
      readFileSync(file, "utf8"),
    );
    expect(texts).toEqual(["4", "3", "2"]);
    expect(readdirSync(folder.path)).toHaveLength(3);
  });
});

describe("readPrivateFile", () => {
  test("returns what was written, byte order mark and all", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "file");
    writePrivateFile(path, "\ufeffä");
    expect(readPrivateFile(path, 5)).toBe("\ufeffä");
    expect(codeOf(() => readPrivateFile(path, 4))).toBe("too-large");
    expect(codeOf(() => readPrivateFile(join(folder.path, "none"), 5))).toBe("not-found");
  });

  test("refuses what others may read, write or exchange", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "file");
    writePrivateFile(path, "text");
    for (const mode of [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666]) {
      chmodSync(path, mode);
      expect(codeOf(() => readPrivateFile(path, 9))).toBe("not-private");
    }
    chmodSync(path, 0o600);
    linkSync(path, join(folder.path, "same"));
    expect(readPrivateFile(path, 9)).toBe("text");
    const link = join(folder.path, "link");
    symlinkSync(path, link);
    for (const other of [link, folder.path]) {
      expect(codeOf(() => readPrivateFile(other, 9))).toBe("not-private");
    }
  });
});
