/**
 * Every command as a user types it, from source and compiled, against a node of its own.
 *
 * The compiled binary runs from a copy in an empty folder, with nothing of this repository near it.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BINARY_PATH,
  type CommandResult,
  FROM_SOURCE,
  HAS_BINARY,
  type ProcessNode,
  runCommand,
  startProcessNode,
} from "../support/process-node.ts";

const NETWORK = ["--network", "regtest"];
const SOMEBODY = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

const programs: [name: string, isThere: boolean][] = [
  ["from source", true],
  ["compiled", HAS_BINARY],
];

for (const [name, isThere] of programs) {
  // `bun run build` makes it; `bun run test` builds before it tests.
  describe.skipIf(!isThere)(`cairn, ${name}`, () => {
    // A suite that is skipped cleans nothing up, so it must make nothing.
    const folder = isThere ? mkdtempSync(join(tmpdir(), "cairn-cli-")) : "";
    const data = ["--data", join(folder, "data")];
    let program: readonly string[] = FROM_SOURCE;
    let node: ProcessNode;

    beforeAll(async () => {
      if (name === "compiled") {
        program = [join(folder, "cairn")];
        copyFileSync(BINARY_PATH, program[0] as string);
        chmodSync(program[0] as string, 0o755);
      }
      node = await startProcessNode([...NETWORK, ...data, "--address", SOMEBODY], {
        program,
        cwd: folder,
      });
    });

    afterAll(async () => {
      await node.kill();
      rmSync(folder, { recursive: true, force: true });
    });

    const run = (...argv: string[]): Promise<CommandResult> =>
      runCommand(argv, { program, cwd: folder });
    const ask = (...argv: string[]) => run(...argv, "--url", node.url);
    const askJson = async (...argv: string[]) => {
      const { exitCode, stdout, stderr } = await ask(...argv, "--json");
      if (exitCode !== 0) throw new Error(stderr);
      return JSON.parse(stdout);
    };
    const mine = async (blocks: number) => {
      const response = await fetch(`${node.url}/api/mine`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ blocks }),
      });
      return (await response.json()) as { hashes: string[] };
    };

    test("serves its page, its documents and everything they need", async () => {
      for (const path of ["/", "/swagger", "/swagger/json", "/health/live", "/health/ready"]) {
        const response = await fetch(node.url + path);
        expect([path, response.status]).toEqual([path, 200]);
      }
      const status = (await (await fetch(`${node.url}/api/status`)).json()) as any;
      expect(status).toMatchObject({ network: "regtest", mining: { running: false } });
      // The addon is inside the binary where there is one for the platform.
      if (process.platform === "linux" && process.arch === "x64") {
        expect(status.signatures).toBe("native");
      }
    });

    test("mines when asked, and shows status, chain, block, mempool and transaction", async () => {
      const { hashes } = await mine(5);
      expect(await askJson("status")).toMatchObject({ height: 5, tip: hashes[4] });
      expect((await askJson("chain")).blocks.length).toBeGreaterThanOrEqual(5);
      const block = await askJson("block", "3");
      expect(block).toMatchObject({ hash: hashes[2], miner: { address: SOMEBODY } });
      const { txid } = block.transactions[0];
      expect(await askJson("tx", txid)).toMatchObject({
        txid,
        status: "confirmed",
        blockHeight: 3,
      });
      expect(await askJson("mempool")).toMatchObject({ count: 0 });

      for (const argv of [
        ["status"],
        ["chain"],
        ["block", "3"],
        ["tx", txid],
        ["mempool"],
        ["peers"],
        ["nodes"],
        ["ban"],
      ]) {
        const { exitCode, stdout, stderr } = await ask(...argv);
        expect({ argv, exitCode, stderr }).toEqual({ argv, exitCode: 0, stderr: "" });
        expect(stdout).not.toContain("undefined");
        expect(stdout).not.toContain("NaN");
        expect(stdout).not.toMatch(/[+-]\d{6}-/); // A year that no clock shows.
      }
    });

    test("finds the node of the same folder without being told its port", async () => {
      const { exitCode, stdout } = await run("status", ...NETWORK, ...data, "--json");
      expect({ exitCode, network: JSON.parse(stdout).network }).toEqual({
        exitCode: 0,
        network: "regtest",
      });
    });

    test("refuses what is no transaction and what is not there with one line", async () => {
      const sent = await ask("tx", "send", "00ff");
      expect(sent.exitCode).toBe(1);
      expect(sent.stderr).toContain("tx-decode-failed");
      expect(sent.stderr.trim().split("\n").length).toBe(1);
      expect((await ask("block", "999999")).exitCode).toBe(1);
      expect((await ask("block", "-1")).exitCode).toBe(2);
    });

    test("connects to a node by hand, shows it, and sends it away", async () => {
      const other = await startProcessNode([...NETWORK, "--data", join(folder, "other")], {
        program,
      });
      try {
        const { p2pPort, nodeId } = await (await fetch(`${other.url}/api/status`)).json();
        const address = `127.0.0.1:${p2pPort}`;
        const connected = await ask("connect", address);
        expect({ ...connected, stdout: "" }).toMatchObject({ exitCode: 0, stderr: "" });
        expect((await askJson("peers")).peers).toMatchObject([{ address, nodeId }]);
        expect((await ask("peers")).stdout).toContain(address);
        expect((await ask("nodes")).stdout).toContain("connected");
        expect((await askJson("status")).peers).toMatchObject({ outbound: 1 });
        expect((await ask("connect", address)).stderr).toContain("peer-already-connected");
        expect((await ask("disconnect", nodeId)).exitCode).toBe(0);
        expect((await ask("disconnect", nodeId)).stderr).toContain("peer-not-found");
        expect((await ask("connect", "localhost:8333")).exitCode).toBe(2);
      } finally {
        await other.kill();
      }
    });

    test("mines from outside over template and submission", async () => {
      const before = (await askJson("status")).height;
      const argv = ["mine", "--address", SOMEBODY, "--blocks", "3", "--miner-tag", "outside"];
      const { exitCode, stdout, stderr } = await ask(...argv);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout.match(/connected/g)?.length).toBe(3);
      const status = await askJson("status");
      expect(status.height).toBe(before + 3);
      const { miner } = await askJson("block", String(status.height));
      expect(miner).toMatchObject({ tag: "outside", address: SOMEBODY });
    });

    test("verifies, exports and imports the chain", async () => {
      const status = await askJson("status");
      const verified = await run("verify", ...NETWORK, ...data, "--json");
      expect(JSON.parse(verified.stdout)).toEqual({ status: "valid", blocks: status.height });

      const file = join(folder, "chain.ndjson");
      const exported = await run("export", file, ...NETWORK, ...data);
      expect({ ...exported, stdout: "" }).toMatchObject({ exitCode: 0 });
      expect(readFileSync(file, "utf8").trim().split("\n").length).toBe(status.height + 2);
      expect((await run("export", file, ...NETWORK, ...data)).exitCode).toBe(1);

      const copy = ["--data", join(folder, "copy")];
      const imported = await run("import", file, ...NETWORK, ...copy, "--json");
      expect(JSON.parse(imported.stdout)).toMatchObject({
        added: status.height,
        known: 0,
        height: status.height,
        tip: status.tip,
      });
      const again = await run("import", file, ...NETWORK, ...copy, "--json");
      expect(JSON.parse(again.stdout)).toMatchObject({ added: 0, known: status.height });
      expect((await run("verify", ...NETWORK, ...copy)).exitCode).toBe(0);
    });

    test("does not import what is cut short, of another network, or changed", async () => {
      const lines = readFileSync(join(folder, "chain.ndjson"), "utf8").split("\n");
      const attempts = {
        cut: `${lines.slice(0, 3).join("\n")}\n`,
        changed: lines.join("\n").replace(/("block":"[0-9a-f]{200})./, "$1x"),
        empty: "",
        garbage: "not a chain\n",
      };
      for (const [attempt, text] of Object.entries(attempts)) {
        const file = join(folder, `${attempt}.ndjson`);
        writeFileSync(file, text);
        const result = await run("import", file, ...NETWORK, "--data", join(folder, attempt));
        expect([attempt, result.exitCode]).toEqual([attempt, 1]);
        expect(result.stderr.trim().split("\n").at(-1)).toMatch(/^cairn import: .*line/);
      }
      const other = await run("import", join(folder, "chain.ndjson"), "--data", join(folder, "o"));
      expect(other.exitCode).toBe(1);
    });

    test("says in one line what is in the way, and exits with 1", async () => {
      const taken = new URL(node.url).port;
      const attempts: [argv: string[], about: RegExp][] = [
        [["start", ...NETWORK, ...data, "--port", "0"], new RegExp(`in use.*${node.process.pid}`)],
        [["start", ...NETWORK, "--data", join(folder, "p"), "--port", taken], /port/],
        [["status", "--url", "http://127.0.0.1:9"], /no node answers/],
        [["verify", "--data", join(folder, "nothing")], /no chain/],
      ];
      for (const [argv, about] of attempts) {
        const { exitCode, stderr } = await run(...argv);
        expect([argv, exitCode]).toEqual([argv, 1]);
        expect(stderr).toMatch(about);
        expect(stderr).not.toMatch(/\n\s+at /);
      }
    });

    test("says in one line what was typed wrong, and exits with 2", async () => {
      const file = join(folder, "bad.toml");
      writeFileSync(file, "prot = 8080\n");
      const attempts: [argv: string[], about: RegExp][] = [
        [["start", "--prot", "1"], /--port/],
        [["start", "--port", "99999"], /65535/],
        [["start", "--config", file], /prot.*port/],
        [["start", "--api-host", "0.0.0.0"], /api-expose/],
        [["start", ...data, "--address", SOMEBODY], /another network/],
        [["strat"], /start/],
        [["tx"], /txid/],
      ];
      for (const [argv, about] of attempts) {
        const { exitCode, stderr } = await run(...argv);
        expect([argv, exitCode]).toEqual([argv, 2]);
        expect(stderr).toMatch(about);
        expect(stderr.trim().split("\n").length).toBe(1);
      }
    });

    test("helps with every command, and says its version", async () => {
      const { stdout } = await run("--help");
      const commands = [..."start mine status chain block tx mempool peers connect".split(" ")];
      for (const command of [...commands, "verify", "export", "import"]) {
        expect(stdout).toContain(command);
        const help = await run(command, "--help");
        expect(help.exitCode).toBe(0);
        expect(help.stdout).toContain("Examples");
        for (const line of help.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
      }
      expect((await run("--version")).stdout).toMatch(/^cairn \d+\.\d+\.\d+\n$/);
    });

    test("keeps token and key readable by their owner alone", async () => {
      const own = await startProcessNode([...NETWORK, "--data", join(folder, "own")], { program });
      try {
        for (const file of ["api.token", "payout-key.json"]) {
          const path = join(folder, "own", "regtest", file);
          expect([file, existsSync(path)]).toEqual([file, true]);
          if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
        }
      } finally {
        await own.kill();
      }
    });

    test("C-27: refuses the database of another network, and exits with 1", async () => {
      const place = join(folder, "mixed");
      const first = await startProcessNode(["--network", "one", "--no-mine", "--data", place], {
        program,
      });
      await first.stop();
      rmSync(join(place, "two"), { recursive: true, force: true });
      const { renameSync } = await import("node:fs");
      renameSync(join(place, "one"), join(place, "two"));
      const { exitCode, stderr } = await run("start", "--network", "two", "--data", place);
      expect(exitCode).toBe(1);
      expect(stderr).toContain('network "one"');
    });

    test("ends in order when it is told to, with nothing lost", async () => {
      await mine(1);
      const { height } = await askJson("status");
      expect(await node.stop()).toBe(0);
      node = await startProcessNode([...NETWORK, ...data], { program, cwd: folder });
      expect((await askJson("status")).height).toBe(height);
    });
  });
}
