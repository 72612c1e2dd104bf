/**
 * D-12: a wallet's change that is cut off before any of its steps, by the end of the process or by a
 * failing disk, leaves the old wallet or the new one, and every file of others.
 */

import { expect, test } from "bun:test";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KEPT_VERSIONS, type Keystore } from "../../src/wallet/keystore.ts";
import { temporaryFolder } from "../support/chain-builder.ts";
import { openTestKeystore, TEST_SECRET } from "../support/keystore-world.ts";

const CHILD = join(import.meta.dir, "..", "support", "keystore-child.ts");
const PASSWORD = "old password";

const OLD = {
  name: "old",
  kind: "encrypted",
  descriptors: ["wpkh()"],
  secret: TEST_SECRET,
  password: PASSWORD,
} as const;

const ACTS = ["create", "change", "remove"] as const;

const bystanders = {
  "notes.txt": "mine",
  "old.wallet.json.bak4": "mine too",
  "old.wallet.json.bak": "and this",
  "new.wallet.json.old": "and that",
};

/** A folder with a wallet that has all its versions, and files of others. */
async function makeFolder() {
  const folder = temporaryFolder();
  const keystore = openTestKeystore(folder.path);
  await keystore.create(OLD);
  for (let save = 0; save < KEPT_VERSIONS; save++) {
    await keystore.changePassword("old", PASSWORD, PASSWORD);
  }
  for (const [name, text] of Object.entries(bystanders)) {
    writeFileSync(join(folder.path, name), text);
  }
  return folder;
}

/** Wallets are whole, old or new; nothing of others was touched; nothing kept was lost. */
async function expectWhole(path: string, act: string, before: Map<string, string>) {
  const after = snapshot(path);
  for (const name of Object.keys(bystanders)) expect(after.get(name)).toBe(before.get(name));
  const keystore = openTestKeystore(path);
  for (const wallet of keystore.list()) expect(wallet.status).toBe("readable");

  const texts = new Set(after.values());
  const oldest = `old.wallet.json.bak${KEPT_VERSIONS}`;
  for (const [name, text] of before) {
    // Only a change lets go of anything: of the oldest version.
    if (act !== "change" || name !== oldest) expect(texts.has(text)).toBe(true);
  }
  switch (act) {
    case "create":
      await expectOpens(keystore, "old", PASSWORD);
      if (keystore.find("new") === undefined) return "old";
      await expectOpens(keystore, "new", "password");
      return "new";
    case "change":
      if (after.get("old.wallet.json") === before.get("old.wallet.json")) {
        await expectOpens(keystore, "old", PASSWORD);
        return "old";
      }
      await expectOpens(keystore, "old", "new password");
      return "new";
    default:
      if (keystore.find("old") === undefined) return "new";
      await expectOpens(keystore, "old", PASSWORD);
      return "old";
  }
}

async function runChild(path: string, act: string, step: number) {
  const child = Bun.spawn([process.execPath, CHILD, path, act, String(step)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const said = await new Response(child.stdout).text();
  await child.exited;
  return { signal: child.signalCode, steps: Number(said) };
}

for (const act of ACTS) {
  test(`D-12: killed before any step of ${act}, the old or the new is whole`, async () => {
    using template = await makeFolder();
    const seen: string[] = [];
    for (let step = 0; ; step++) {
      using folder = temporaryFolder();
      copyAll(template.path, folder.path);
      const before = snapshot(folder.path);
      const { signal, steps } = await runChild(folder.path, act, step);
      seen.push(await expectWhole(folder.path, act, before));
      if (signal === "SIGKILL") continue;
      expect(steps).toBe(step);
      break;
    }
    // First old, then new, and both were seen.
    expect(seen.join(" ")).toMatch(/^(?:old )+(?:new ?)+$/);
    expect(seen.length).toBeGreaterThan(5);
  }, 120_000);

  test(`D-12: failing at any step of ${act}, the old or the new is whole, and it can go on`, async () => {
    using template = await makeFolder();
    for (let failing = 0, fails = true; fails; failing++) {
      using folder = temporaryFolder();
      copyAll(template.path, folder.path);
      const before = snapshot(folder.path);
      let step = 0;
      const keystore = openTestKeystore(folder.path, {
        onStep() {
          if (step++ === failing) throw new Error("no space left on the device");
        },
      });
      const outcome = await run(keystore, act).catch((error: Error) => error.message);
      fails = outcome !== "done";
      if (fails) expect(outcome).toBe("no space left on the device");
      const state = await expectWhole(folder.path, act, before);
      expect(readdirSync(folder.path).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      // What failed can be done again, with the same keystore.
      if (state === "old") expect(await run(keystore, act)).toBe("done");
    }
  }, 120_000);
}

async function run(keystore: Keystore, act: (typeof ACTS)[number]): Promise<"done"> {
  if (act === "create") await keystore.create({ ...OLD, name: "new", password: "password" });
  if (act === "change") await keystore.changePassword("old", PASSWORD, "new password");
  if (act === "remove") await keystore.remove("old");
  return "done";
}

function copyAll(from: string, to: string): void {
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
}

async function expectOpens(keystore: Keystore, name: string, password: string): Promise<void> {
  const secret = await keystore.open(name, password);
  expect(secret.entropy).toEqual(TEST_SECRET.entropy);
  expect(secret.passphrase).toEqual(TEST_SECRET.passphrase);
  secret.wipe();
}

/** All files below a folder, with their contents. */
function snapshot(path: string): Map<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((file) => [file.slice(path.length + 1), readFileSync(file, "utf8")]));
}
