/**
 * Wallets as a user has them on the command line, from source, against nodes of their own: made,
 * restored, paid, spent, hurried, signed for, and paid from the mining key.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CommandOptions,
  type CommandResult,
  type ProcessNode,
  runCommand,
  startProcessNode,
} from "../support/process-node.ts";

const COIN = 100_000_000;

/** A node with a folder of its own, and `cairn` beside it. */
class Place {
  readonly folder = mkdtempSync(join(tmpdir(), "cairn-cli-wallet-"));
  readonly passwordFile = join(this.folder, "password");
  readonly #network: readonly string[];
  #node: ProcessNode | undefined;

  constructor(network: readonly string[]) {
    this.#network = [...network, "--data", join(this.folder, "data")];
    writeFileSync(this.passwordFile, "correct horse\n", { mode: 0o600 });
  }

  async start(...argv: string[]): Promise<void> {
    this.#node = await startProcessNode([...this.#network, ...argv]);
  }

  async end(): Promise<void> {
    await this.#node?.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand([...argv, ...this.#network], options);
  }

  /** Standard output of what must succeed. */
  async say(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(argv, options);
    if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  async ask(...argv: string[]) {
    return JSON.parse(await this.say([...argv, "--json"]));
  }

  async mine(blocks = 1): Promise<void> {
    const response = await fetch(`${this.#node?.url}/api/mine`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ blocks }),
    });
    if (!response.ok) throw new Error(await response.text());
  }
}

describe("cairn wallet on a development network", () => {
  const place = new Place(["--dev"]);
  const password = ["--password-file", place.passwordFile];

  beforeAll(async () => {
    await place.start("--dev-mine", "manual");
  });
  afterAll(() => place.end());

  const balanceOf = async (name: string): Promise<number> =>
    (await place.ask("wallet", "balance", name)).total;

  let words = "";

  test("makes a wallet whose words are those that its file gives back", async () => {
    const made = await place.say(["wallet", "create", "vault", ...password]);
    words = made.split("\n")[0] ?? "";
    expect(words.split(" ")).toHaveLength(24);
    expect(await place.say(["wallet", "words", "vault", ...password])).toBe(words);
    const { wallets } = await place.ask("wallet", "list");
    expect(wallets.map(({ name }: { name: string }) => name)).toContain("vault");
    for (const argv of [["list"], ["show", "vault"], ["history", "vault"], ["utxos", "vault"]]) {
      const text = await place.say(["wallet", ...argv]);
      expect(text).not.toMatch(/undefined|null|NaN/);
      expect(text).not.toContain(words.split(" ").slice(0, 3).join(" "));
    }
    expect((await place.run(["wallet", "create", "vault", ...password])).exitCode).toBe(1);
  });

  test("is paid by the faucet and by others, and pays a contact", async () => {
    expect(await place.ask("faucet", "vault", "2")).toMatchObject({ amount: 2 * COIN });
    await place.say(["send", "vault", "1.5", "--from", "alice", "--yes"]);
    await place.mine();
    expect(await balanceOf("vault")).toBe(3.5 * COIN);

    const address = await place.say(["wallet", "address", "bob"]);
    await place.say(["contact", "add", "Robert", address]);
    expect(await place.say(["contacts"])).toContain(address);
    const before = await balanceOf("bob");
    const sending = ["send", "Robert", "10000sat", "--from", "vault", "--yes", "--label", "rent"];
    const sent = await place.say([...sending, ...password]);
    expect(sent).toContain("Robert");
    await place.mine();
    expect(await balanceOf("bob")).toBe(before + 10_000);
    expect(await place.say(["wallet", "history", "vault"])).toContain("rent");
  });

  test("three agree on an escrow, and two of them give its coins to one", async () => {
    const parties = { buyer: "alice", seller: "bob", arbiter: "carol" };
    const parameters: string[] = [];
    for (const [role, name] of Object.entries(parties)) {
      const { publicKey } = await place.ask("wallet", "contract", "key", name);
      parameters.push("--param", `${role}=${name}:${publicKey}`);
    }
    const made = new Set<string>();
    for (const name of Object.values(parties)) {
      const creating = ["wallet", "contract", "create", name, "--template", "escrow"];
      made.add((await place.ask(...creating, ...parameters)).address);
    }
    const [address = ""] = made;
    expect(made.size).toBe(1);

    await place.say(["send", address, "2", "--from", "alice", "--yes"]);
    await place.mine();
    expect(await place.say(["wallet", "contract", "show", "alice", address])).toContain(
      "2.00000000",
    );
    const before = await balanceOf("bob");
    // Standard output is the PSBT and nothing else.
    const first = await place.say([
      "wallet",
      "contract",
      "spend",
      "alice",
      address,
      "spend",
      "bob",
    ]);
    const alone = await place.run([
      "wallet",
      "contract",
      "finish",
      "alice",
      address,
      "spend",
      first,
    ]);
    expect(alone.exitCode).toBe(1);
    const both = await place.say(["wallet", "contract", "sign", "bob", address, first]);
    await place.say(["wallet", "contract", "finish", "bob", address, "spend", both]);
    await place.mine();
    const received = (await balanceOf("bob")) - before;
    expect(received).toBeGreaterThan(2 * COIN - 1_000);
    expect(received).toBeLessThan(2 * COIN);
  });

  test("sends nothing without a yes and a password, and keeps no coins back", async () => {
    const before = await place.ask("wallet", "balance", "vault");
    const refused = await place.run(["send", "alice", "1", "--from", "vault"]);
    expect(refused.exitCode).toBe(2);
    const noPassword = await place.run(["send", "alice", "1", "--from", "vault", "--yes"]);
    expect(noPassword.exitCode).toBe(2);
    const wrong = join(place.folder, "wrong");
    writeFileSync(wrong, "incorrect", { mode: 0o600 });
    const argv = ["send", "alice", "1", "--from", "vault", "--yes", "--password-file", wrong];
    const { exitCode, stderr } = await place.run(argv);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("wrong-password-or-damaged")]);
    const tooMuch = await place.run(["send", "alice", "1000", "--from", "vault", "--yes"]);
    expect([tooMuch.exitCode, tooMuch.stderr]).toEqual([
      1,
      expect.stringContaining("insufficient-funds"),
    ]);
    expect(await place.ask("wallet", "balance", "vault")).toEqual(before);
  });

  test("hurries a payment, and takes one back", async () => {
    const { txid } = await place.ask("send", "alice", "0.1", "--from", "bob", "--yes");
    const bumped = await place.ask("wallet", "bump", "bob", txid, "--feerate", "10", "--yes");
    expect(bumped).toMatchObject({ state: "sent", replaces: txid });
    const back = await place.ask("wallet", "abandon", "bob", bumped.txid, "--yes");
    expect(back).toMatchObject({ state: "sent", replaces: bumped.txid });
    await place.mine();
    const { payments } = await place.ask("wallet", "payments", "bob");
    expect(payments.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(["payment", "bump", "cancellation"]),
    );
  });

  test("proves that an address is its own", async () => {
    const address = await place.say(["wallet", "address", "vault"]);
    const signature = await place.say(["wallet", "sign", "vault", address, "mine", ...password]);
    expect(await place.say(["wallet", "verify", address, signature, "mine"])).toBe("valid");
    const other = await place.run(["wallet", "verify", address, signature, "yours"]);
    expect(other.exitCode).toBe(1);
  });

  test("plans by a wallet that watches, and signs by the one that has the keys", async () => {
    const { descriptor } = await place.ask("wallet", "show", "vault");
    await place.say(["wallet", "watch", "cold", descriptor]);
    const before = await balanceOf("carol");
    const planned = await place.say(["wallet", "psbt", "create", "cold", "carol", "0.25"]);
    expect(await place.say(["wallet", "psbt", "show", planned])).toContain(
      "signatures are missing",
    );
    const signing = ["wallet", "psbt", "sign", "vault", "-", ...password];
    const signed = await place.say(signing, { stdin: planned });
    const file = join(place.folder, "signed.psbt");
    writeFileSync(file, signed);
    expect(await place.say(["wallet", "psbt", "finalize", file, "--submit"])).toStartWith("sent ");
    await place.mine();
    expect(await balanceOf("carol")).toBe(before + COIN / 4);
  });

  test("comes back from its words, after a change of password and a removal", async () => {
    const newFile = join(place.folder, "new");
    writeFileSync(newFile, "battery staple", { mode: 0o600 });
    const changing = ["wallet", "password", "vault", "--new-password-file", newFile];
    await place.say([...changing, ...password]);
    expect((await place.run(["wallet", "words", "vault", ...password])).exitCode).toBe(1);
    const total = await balanceOf("vault");
    await place.say(["wallet", "remove", "vault", "--yes"]);
    expect((await place.run(["wallet", "balance", "vault"])).exitCode).toBe(1);
    const restoring = ["wallet", "restore", "again", "--words-stdin", "--password-file", newFile];
    await place.say(restoring, { stdin: words });
    expect(await balanceOf("again")).toBe(total);
    expect(total).toBeGreaterThan(3 * COIN);
  });
});

describe("cairn send --from miner", () => {
  const place = new Place(["--network", "regtest"]);
  const password = ["--password-file", place.passwordFile];

  beforeAll(async () => {
    await place.start("--no-mine");
    await place.mine(102);
  });
  afterAll(() => place.end());

  test("pays a wallet from the node's own mining key, and all that is left", async () => {
    await place.say(["wallet", "create", "vault", "--json", ...password]);
    await place.ask("send", "vault", "60", "--from", "miner", "--yes");
    await place.mine();
    expect(await place.ask("wallet", "balance", "vault")).toMatchObject({ confirmed: 60 * COIN });
    await place.ask("faucet", "vault", "--yes");
    await place.mine();
    expect(await place.ask("wallet", "balance", "vault")).toMatchObject({ confirmed: 61 * COIN });
    const { exitCode, stderr } = await place.run([
      ...["send", "vault", "1000", "--from", "miner", "--yes"],
    ]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("insufficient-funds")]);
  });

  test("takes the only wallet there is as the one that pays", async () => {
    const address = await place.say(["wallet", "address", "vault", "--new"]);
    const sent = await place.ask("send", address, "max", "--yes", ...password);
    expect(sent).toMatchObject({ state: "sent", outputs: [{ address }] });
  });
});
