/**
 * The lock of a data directory: one node at a time, and none left behind by a dead one.
 *
 * The second process is a real one, which imports the same file.
 */

import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataDirectoryError, openDataDirectory } from "../../../src/storage/data-directory.ts";
import { temporaryFolder } from "../../support/chain-builder.ts";

const MODULE = new URL("../../../src/storage/data-directory.ts", import.meta.url).href;

/** Runs `script` in another process, with `openDataDirectory` and `path` at hand. */
function spawn(path: string, script: string) {
  const source = `import { openDataDirectory } from ${JSON.stringify(MODULE)};
    const path = ${JSON.stringify(path)};
    ${script}`;
  return Bun.spawn([process.execPath, "-e", source], { stdout: "pipe", stderr: "pipe" });
}

/** The first line that a process writes. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0]!;
}

describe("openDataDirectory", () => {
  test("makes the directory for its owner alone, and names files in it", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "deep", "down");
    const directory = openDataDirectory(path);
    expect(directory.path).toBe(path);
    expect(directory.file("cairn.db")).toBe(join(path, "cairn.db"));
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, "lock")).mode & 0o777).toBe(0o600);
    directory.release();
  });

  test("D-07: a second lock in the same process is refused and names the process", () => {
    using folder = temporaryFolder();
    const directory = openDataDirectory(folder.path);
    expect(() => openDataDirectory(folder.path)).toThrow(DataDirectoryError);
    expect(() => openDataDirectory(folder.path)).toThrow(`process ${process.pid}`);
    directory.release();
    openDataDirectory(folder.path).release();
  });

  test("D-07: a second process is refused and names the first", async () => {
    using folder = temporaryFolder();
    const directory = openDataDirectory(folder.path);
    const second = spawn(
      folder.path,
      "try { openDataDirectory(path); console.log('opened'); } catch (e) { console.log(e.name, e.message); }",
    );
    const line = await firstLine(second.stdout);
    expect(await second.exited).toBe(0);
    expect(line).toStartWith("DataDirectoryError");
    expect(line).toContain(`process ${process.pid}`);
    expect(line).toContain("--data");
    directory.release();
  });

  test("D-07: what a killed process held is free at once, its pid file notwithstanding", async () => {
    using folder = temporaryFolder();
    const holder = spawn(
      folder.path,
      "const held = openDataDirectory(path); console.log('held'); setInterval(() => held, 1000);",
    );
    expect(await firstLine(holder.stdout)).toBe("held");
    expect(() => openDataDirectory(folder.path)).toThrow(`process ${holder.pid}`);

    holder.kill("SIGKILL");
    await holder.exited;
    const directory = openDataDirectory(folder.path);
    expect(await Bun.file(directory.file("pid")).text()).toBe(`${process.pid}\n`);
    directory.release();
  });

  test("D-07: a lock that nobody looks at any more is still held", async () => {
    using folder = temporaryFolder();
    const holder = spawn(
      folder.path,
      `(() => { openDataDirectory(path); })();
       setTimeout(() => { Bun.gc(true); console.log("held"); setInterval(() => {}, 1000); }, 1);`,
    );
    expect(await firstLine(holder.stdout)).toBe("held");
    expect(() => openDataDirectory(folder.path)).toThrow(`process ${holder.pid}`);
    holder.kill("SIGKILL");
    await holder.exited;
  });

  test("D-09: a path that is a file is refused with a plain message", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "file");
    writeFileSync(path, "");
    expect(() => openDataDirectory(path)).toThrow(DataDirectoryError);
    expect(() => openDataDirectory(join(path, "below"))).toThrow(DataDirectoryError);
  });

  test("D-09: a lock file that is no lock is refused with a plain message", () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "lock"), "this is no database, by any means. ".repeat(50));
    expect(() => openDataDirectory(folder.path)).toThrow(DataDirectoryError);
  });

  test("D-09: a pid file that cannot be written is refused, and the lock let go", () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "pid"));
    expect(() => openDataDirectory(folder.path)).toThrow(DataDirectoryError);
    // Refused again for the same reason, not as locked.
    expect(() => openDataDirectory(folder.path)).not.toThrow("in use");
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot)(
    `D-09: a directory that cannot be written is refused${isRoot ? " (not for root, who can)" : ""}`,
    () => {
      using folder = temporaryFolder();
      chmodSync(folder.path, 0o500);
      expect(() => openDataDirectory(folder.path)).toThrow(DataDirectoryError);
      chmodSync(folder.path, 0o700);
    },
  );
});
