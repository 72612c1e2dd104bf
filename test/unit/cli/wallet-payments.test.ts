/**
 * Payments by the CLI: from a wallet of a fake node, from the mining key, and signed in several
 * places.
 */

import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as bitcoin from "bitcoinjs-lib";
import { initEccLib, networks, Transaction } from "bitcoinjs-lib";
import { ECPairFactory } from "ecpair";
import * as ecc from "tiny-secp256k1";
import { UsageError } from "../../../src/cli/command.ts";
import { parseContractParameters } from "../../../src/cli/contract-parameters.ts";
import { parseAmount } from "../../../src/cli/parse-amount.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { fakeNode, problem, run } from "./fake-world.ts";
import { ADDRESS, bodiesOf, listOf, paymentOf, TXID, walletOf } from "./wallet-answers.ts";

initEccLib(ecc);

const PAYMENTS = "/api/wallets/alice/payments";
const KEY = `02${"ab".repeat(32)}`;
const OTHER_KEY = `03${"cd".repeat(32)}`;

const sentPayment = paymentOf({ state: "sent", txid: TXID });

const payRoutes = {
  "GET /api/wallets": listOf("alice"),
  "GET /api/wallets/alice": walletOf(),
  [`POST ${PAYMENTS}`]: paymentOf(),
  [`POST ${PAYMENTS}/p1/confirm`]: sentPayment,
  [`DELETE ${PAYMENTS}/p1`]: paymentOf({ state: "cancelled" }),
  "PUT /api/wallets/alice/labels": {},
};

describe("parseAmount", () => {
  test.each([
    ["1.5", 150_000_000],
    ["0.00000001", 1],
    ["1500sat", 1_500],
    ["1 sat", 1],
    ["2sats", 2],
    ["max", "max"],
  ] as const)("reads %p", (text, amount) => {
    expect(parseAmount(text)).toBe(amount);
  });

  test.each([
    "",
    "0",
    "0sat",
    "-1",
    "1e3",
    "1,5",
    "1.123456789",
    "9999999999999999sat",
    "all",
    "Max",
  ])("refuses %p", (text) => {
    expect(() => parseAmount(text)).toThrow(UsageError);
  });
});

describe("parseContractParameters", () => {
  test("reads parties, lists, numbers and fields", () => {
    const texts = [`keys=ada:${KEY}`, OTHER_KEY.toUpperCase(), "threshold=2", "lock.blocks=144"];
    expect(parseContractParameters([...texts, `hash=${"0".repeat(64)}`, `owner=${KEY}`])).toEqual({
      keys: [{ name: "ada", publicKey: KEY }, { publicKey: OTHER_KEY }],
      threshold: 2,
      lock: { blocks: 144 },
      hash: "0".repeat(64),
      owner: { publicKey: KEY },
    });
    expect(parseContractParameters([`heirs=${KEY}`])).toEqual({ heirs: [{ publicKey: KEY }] });
  });

  test.each([[["threshold"]], [["=2"]], [["a=1", "a=2"]], [["lock.blocks=1", "lock.time=2"]]])(
    "refuses %p",
    (texts) => {
      expect(() => parseContractParameters(texts)).toThrow(UsageError);
    },
  );
});

describe("cairn send", () => {
  test("shows the payment, asks, asks for the password, and sends", async () => {
    await using node = fakeNode(payRoutes);
    const argv = ["send", "bob", "1.5", "--target", "3", "--label", "rent", "--url", node.url];
    const { code, stdout, stderr } = await run(argv, { replies: ["yes", "secret"] });
    expect([code, stderr.text]).toEqual([0, ""]);
    expect(bodiesOf(node.asked, "POST", PAYMENTS)).toEqual([
      { recipients: [{ to: "bob", amount: 150_000_000 }], target: 3 },
    ]);
    expect(bodiesOf(node.asked, "POST", `${PAYMENTS}/p1/confirm`)).toEqual([
      { digest: paymentOf().digest, password: "secret" },
    ]);
    expect(bodiesOf(node.asked, "PUT", "/api/wallets/alice/labels")).toEqual([
      { type: "tx", ref: TXID, label: "rent" },
    ]);
    const shown = stdout.text.replace(/ +/g, " ");
    for (const line of [
      `to bob, ${ADDRESS}`,
      "amount 1.50000000 coins",
      "fee 141 sat, 1 sat/vB for 141 vB",
      "change 0.49999859 coins, back to alice",
      "leaves in all 1.50000141 coins",
      `sent ${TXID}`,
    ]) {
      expect(shown).toContain(line);
    }
  });

  test("gives the coins back when it is not agreed to, not signed, or refused", async () => {
    const wrong = problem(403, "wrong-password-or-damaged", "No.");
    for (const [replies, code, confirm] of [
      [["n"], 1, sentPayment],
      [[""], 1, sentPayment],
      [[], 2, sentPayment],
      [["y"], 2, sentPayment],
      [["y", "a", "b", "c"], 1, wrong],
    ] as const) {
      await using node = fakeNode({ ...payRoutes, [`POST ${PAYMENTS}/p1/confirm`]: confirm });
      const outcome = await run(["send", "bob", "1.5", "--url", node.url], { replies });
      expect([replies, outcome.code]).toEqual([replies, code]);
      expect(node.asked.at(-1)).toMatchObject({ method: "DELETE", path: `${PAYMENTS}/p1` });
    }
  });

  test("tells code and hint of a refusal in one line", async () => {
    const refusal = problem(422, "insufficient-funds", "150 sat are needed.", "Send less.");
    await using node = fakeNode({ ...payRoutes, [`POST ${PAYMENTS}`]: refusal });
    const { code, stderr } = await run(["send", "bob", "1.5", "--url", node.url]);
    expect([code, stderr.lines.length]).toEqual([1, 1]);
    expect(stderr.text).toContain("(insufficient-funds): Send less.");
  });

  test("asks for everything that a payment can be", async () => {
    await using node = fakeNode(payRoutes);
    const options = ["--feerate", "2.5", "--force", "--subtract-fee", "--unconfirmed"];
    const more = ["--client-id", "id-1", "--coin", `${TXID}:1`, "--yes", "--json"];
    const argv = ["send", "bob", "1500sat", ADDRESS, "max", ...options, ...more];
    const { code, stdout } = await run([...argv, "--url", node.url], { replies: ["secret"] });
    expect([code, JSON.parse(stdout.text)]).toEqual([0, JSON.parse(JSON.stringify(sentPayment))]);
    expect(bodiesOf(node.asked, "POST", PAYMENTS)).toEqual([
      {
        recipients: [
          { to: "bob", amount: 1_500 },
          { to: ADDRESS, amount: "max" },
        ],
        feerate: 2.5,
        force: true,
        subtractFeeFrom: [0, 1],
        coins: [{ txid: TXID, vout: 1 }],
        allowUnconfirmed: true,
        clientId: "id-1",
      },
    ]);
  });

  test("sends nothing twice that was sent under its client id", async () => {
    await using node = fakeNode({ ...payRoutes, [`POST ${PAYMENTS}`]: sentPayment });
    const argv = ["send", "bob", "1.5", "--client-id", "x", "--url", node.url];
    const { code, stdout } = await run(argv);
    expect([code, stdout.lines[0]]).toEqual([0, `sent ${TXID}`]);
    expect(bodiesOf(node.asked, "POST", `${PAYMENTS}/p1/confirm`)).toEqual([]);
  });

  test("needs to know who pays where there are several, or none", async () => {
    for (const names of [[], ["alice", "bob"]]) {
      await using node = fakeNode({ "GET /api/wallets": listOf(...names) });
      expect((await run(["send", "bob", "1", "--url", node.url])).code).toBe(2);
    }
  });

  test.each([
    [["send"]],
    [["send", "bob"]],
    [["send", "bob", "1", "carol"]],
    [["send", "", "1"]],
    [["send", "bob", "-1"]],
    [["send", "bob", "1", "--from", "../x"]],
    [["send", "bob", "1", "--coin", "abc"]],
    [["send", "bob", "1", "--target", "2"]],
    [["send", "bob", "1", "--from", "miner", "--client-id", "x"]],
  ])("calls %j a usage error", async (argv) => {
    await using node = fakeNode(payRoutes);
    expect((await run([...argv, "--url", node.url])).code).toBe(2);
    expect(node.asked.filter(({ method }) => method !== "GET")).toEqual([]);
  });
});

describe("cairn send --from miner", () => {
  const wif = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA"; // Of the key 1.
  const pair = ECPairFactory(ecc).fromPrivateKey(Buffer.from(`${"00".repeat(31)}01`, "hex"), {
    network: networks.regtest,
  });
  const own = bitcoin.payments.p2wpkh({ pubkey: pair.publicKey, network: networks.regtest });
  const recipient = "bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry";

  function makeWorld(mode = 0o600) {
    const data = mkdtempSync(join(tmpdir(), "cairn-miner-"));
    mkdirSync(join(data, "regtest"));
    const file = join(data, "regtest", "payout-key.json");
    writeFileSync(file, JSON.stringify({ wif }));
    chmodSync(file, mode);
    return {
      argv: ["--network", "regtest", "--data", data],
      [Symbol.dispose]: () => rmSync(data, { recursive: true, force: true }),
    };
  }

  const coin = (vout: number, changes = {}) => {
    const rest = { txid: TXID, amount: 50_000_000, height: 5, spendable: true };
    return { ...rest, vout, ...changes };
  };

  const minerRoutes = {
    "GET /api/status": {
      network: "regtest",
      genesis: findNetwork("regtest").genesis.hash,
      height: 205,
    },
    "GET /api/fees": { minFeerate: 1, estimates: [{ blocks: 1, feerate: 2.0001 }] },
    [`GET /api/addresses/${own.address}/utxos`]: {
      utxos: [
        coin(0),
        coin(1),
        coin(2, { spendable: false, amount: 900_000_000 }),
        coin(3, { height: null, amount: 900_000_000 }),
      ],
      cursor: null,
    },
    "GET /api/contacts/bob": { name: "bob", address: recipient, note: "" },
    "POST /api/transactions": { txid: TXID },
  };

  test("signs a transaction of its own that another library finds right", async () => {
    using files = makeWorld();
    await using node = fakeNode(minerRoutes);
    const argv = ["send", "bob", "0.7", "--from", "miner", ...files.argv, "--url", node.url];
    const { code, stdout, stderr } = await run(argv, { replies: ["y"] });
    expect([code, stderr.text]).toEqual([0, ""]);
    expect(stdout.text).toContain(`bob, ${recipient}`);
    const [{ hex }] = bodiesOf(node.asked, "POST", "/api/transactions") as [{ hex: string }];
    const tx = Transaction.fromHex(hex);
    expect(tx.ins.map(({ index }) => index).sort()).toEqual([0, 1]);
    expect(tx.locktime).toBe(205);
    const outputs = tx.outs.map(({ script, value }) => [
      bitcoin.address.fromOutputScript(script, networks.regtest),
      Number(value),
    ]);
    const paid = outputs.find(([address]) => address === recipient);
    const change = outputs.find(([address]) => address === own.address);
    expect([outputs.length, paid?.[1]]).toEqual([2, 70_000_000]);
    const fee = 30_000_000 - Number(change?.[1]);
    expect(fee / tx.virtualSize()).toBeGreaterThanOrEqual(2.001);
    expect(fee / tx.virtualSize()).toBeLessThan(2.1);
    const scriptCode = bitcoin.payments.p2pkh({ pubkey: pair.publicKey }).output as Uint8Array;
    for (const [index, { witness }] of tx.ins.entries()) {
      const { signature, hashType } = bitcoin.script.signature.decode(witness[0] as Uint8Array);
      const hash = tx.hashForWitnessV0(index, scriptCode, 50_000_000n, hashType);
      expect(ecc.verify(hash, pair.publicKey, signature)).toBe(true);
    }
  });

  test("sends nothing that was not agreed to, or that is not there", async () => {
    using files = makeWorld();
    await using node = fakeNode(minerRoutes);
    const pay = (amount: string, ...replies: string[]) =>
      run(["send", recipient, amount, "--from", "miner", ...files.argv, "--url", node.url], {
        replies,
      });
    expect((await pay("0.7", "n")).code).toBe(1);
    expect((await pay("0.7")).code).toBe(2);
    const poor = await pay("1", "y");
    expect([poor.code, poor.stderr.text]).toEqual([
      1,
      expect.stringContaining("insufficient-funds"),
    ]);
    expect(bodiesOf(node.asked, "POST", "/api/transactions")).toEqual([]);
    expect((await pay("max", "y")).code).toBe(0);
    expect(bodiesOf(node.asked, "POST", "/api/transactions")).toHaveLength(1);
  });

  test("refuses strangers, other networks, and keys that others may read", async () => {
    using files = makeWorld();
    const pay = async (to: string, routes: object, argv: readonly string[]) => {
      await using node = fakeNode({
        ...minerRoutes,
        "GET /api/contacts/zoe": problem(404, "contact-not-found", "None."),
        "GET /api/wallets": listOf(),
        ...routes,
      });
      const from = ["--from", "miner", "--yes", ...argv, "--url", node.url];
      const { code } = await run(["send", to, "0.7", ...from]);
      return [code, bodiesOf(node.asked, "POST", "/api/transactions").length];
    };
    expect(await pay("zoe", {}, files.argv)).toEqual([1, 0]);
    const elsewhere = { network: "other", genesis: "00".repeat(32), height: 1 };
    expect(await pay(recipient, { "GET /api/status": elsewhere }, files.argv)).toEqual([1, 0]);
    if (process.platform === "win32") return;
    using open = makeWorld(0o644);
    expect(await pay(recipient, {}, open.argv)).toEqual([1, 0]);
    expect(await pay(recipient, {}, files.argv)).toEqual([0, 1]);
  });

  test("cairn faucet gives a coin of it, and asks the node on the development network", async () => {
    using files = makeWorld();
    await using node = fakeNode(minerRoutes);
    const argv = ["faucet", recipient, "0.5", "--yes", ...files.argv, "--url", node.url];
    expect((await run(argv)).code).toBe(0);
    expect(bodiesOf(node.asked, "POST", "/api/transactions")).toHaveLength(1);

    const given = { txid: TXID, amount: 100_000_000, address: ADDRESS };
    await using development = fakeNode({
      "GET /api/status": { network: "dev" },
      "POST /api/faucet": given,
    });
    const { code, stdout } = await run(["faucet", "alice", "--dev", "--url", development.url]);
    expect([code, stdout.text]).toEqual([0, `1.00000000 coins to ${ADDRESS}: ${TXID}\n`]);
    expect(bodiesOf(development.asked, "POST", "/api/faucet")).toEqual([{ to: "alice" }]);
    expect((await run(["faucet", "alice", "max", "--url", development.url])).code).toBe(2);
  });
});

describe("payments that wait", () => {
  test.each([
    ["bump", ["--feerate", "20"], { txid: TXID, feerate: 20 }],
    ["abandon", [], { txid: TXID }],
    ["child", ["--target", "6"], { txid: TXID, target: 6 }],
  ] as const)("wallet %s plans, asks and sends", async (how, options, body) => {
    await using node = fakeNode({
      ...payRoutes,
      [`POST ${PAYMENTS}/${how}`]: paymentOf({ replaces: "ef".repeat(32) }),
    });
    const argv = ["wallet", how, "alice", TXID.toUpperCase(), ...options, "--url", node.url];
    const { code, stdout } = await run(argv, { replies: ["y", "secret"] });
    expect(code).toBe(0);
    expect(bodiesOf(node.asked, "POST", `${PAYMENTS}/${how}`)).toEqual([body]);
    expect(stdout.text).toContain("ef".repeat(32));
    expect((await run(["wallet", how, "alice", "abc", "--url", node.url])).code).toBe(2);
  });

  test("wallet payments lists and cancels", async () => {
    await using node = fakeNode({
      ...payRoutes,
      [`GET ${PAYMENTS}`]: { payments: [paymentOf(), sentPayment], cursor: null },
    });
    const list = await run(["wallet", "payments", "alice", "--url", node.url]);
    expect(list.stdout.lines[1]).toMatch(/^1 s ago +open +payment +1\.50000141 +141 sat +p1$/);
    expect(list.stdout.lines[2]).toEndWith(TXID);
    const cancel = ["wallet", "payments", "alice", "cancel", "p1", "--url", node.url];
    expect((await run(cancel)).code).toBe(0);
    for (const argv of [["cancel"], ["drop", "p1"], ["cancel", "p1", "p2"]]) {
      const { code } = await run(["wallet", "payments", "alice", ...argv, "--url", node.url]);
      expect([argv, code]).toEqual([argv, 2]);
    }
  });
});

describe("cairn wallet psbt", () => {
  const psbt = "cHNidP8BAA==";

  test("create prints the PSBT alone on standard output, and keeps its coins for a week", async () => {
    await using node = fakeNode(payRoutes);
    const argv = ["wallet", "psbt", "create", "alice", "bob", "1.5", "--url", node.url];
    const { code, stdout } = await run(argv);
    expect([code, stdout.text]).toEqual([0, `${psbt}\n`]);
    expect(bodiesOf(node.asked, "POST", PAYMENTS)).toEqual([
      { recipients: [{ to: "bob", amount: 150_000_000 }], target: 1, lifeSeconds: 604_800 },
    ]);
  });

  test("sign reads it from the argument, a file or standard input", async () => {
    await using node = fakeNode({
      ...payRoutes,
      "POST /api/wallets/alice/psbt": { psbt, added: 1, complete: true },
    });
    const given = { replies: ["secret"], files: { "/tmp/a.psbt": `${psbt}\n` }, stdin: psbt };
    for (const argument of [psbt, "/tmp/a.psbt", "-"]) {
      const argv = ["wallet", "psbt", "sign", "alice", argument, "--url", node.url];
      const { code, stdout } = await run(argv, given);
      expect([argument, code, stdout.text]).toEqual([argument, 0, `${psbt}\n`]);
    }
    const bodies = bodiesOf(node.asked, "POST", "/api/wallets/alice/psbt");
    expect(bodies).toEqual(Array(3).fill({ psbt, password: "secret" }));
    const nothing = ["wallet", "psbt", "sign", "alice", "/tmp/b.psbt", "--url", node.url];
    expect((await run(nothing, given)).code).toBe(2);
  });

  test("combine, finalize and show", async () => {
    const input = { txid: TXID, vout: 0, amount: null, address: null };
    await using node = fakeNode({
      "POST /api/psbt/combine": { psbt, complete: false },
      "POST /api/psbt/finalize": { hex: "00", txid: TXID, submitted: true },
      "POST /api/psbt/decode": {
        inputs: [input],
        outputs: [{ address: ADDRESS, amount: 5_000 }],
        ...{ fee: 141, feeVerified: false, complete: false },
      },
    });
    const psbtCommand = (...argv: string[]) => run(["wallet", "psbt", ...argv, "--url", node.url]);
    expect((await psbtCommand("combine", psbt, psbt)).stdout.text).toBe(`${psbt}\n`);
    expect((await psbtCommand("combine", psbt)).code).toBe(2);
    const sent = await psbtCommand("finalize", psbt, "--submit");
    expect([sent.code, sent.stdout.lines[0]]).toEqual([0, `sent ${TXID}`]);
    expect(bodiesOf(node.asked, "POST", "/api/psbt/finalize")).toEqual([{ psbt, submit: true }]);
    const shown = await psbtCommand("show", psbt);
    expect(shown.stdout.text).toContain("by what the PSBT itself says");
    expect(shown.stdout.text).toContain("unknown");
    expect((await psbtCommand("sing", psbt)).stderr.text).toContain("sign");
  });
});

describe("cairn wallet contract", () => {
  const psbt = "cHNidP8BAA==";
  const contract = {
    address: ADDRESS,
    template: "multisig",
    label: null,
    words: ["Both of ada and bob can spend at any time."],
    descriptor: "wsh(...)",
    balance: 5_000,
    branches: [
      {
        name: "spend",
        threshold: 2,
        keys: [{ role: "signer 1", name: "ada", publicKey: KEY, mine: true }],
        canSpendNow: false,
        missing: ["A signature of bob is missing."],
      },
    ],
  };
  const at = "/api/wallets/alice/contracts";

  test("create takes what is typed, or a file", async () => {
    await using node = fakeNode({ [`POST ${at}`]: contract });
    const create = (argv: readonly string[]) =>
      run(["wallet", "contract", "create", "alice", ...argv, "--url", node.url], {
        files: {
          "/tmp/c.json": JSON.stringify({ template: "escrow", parameters: { buyer: 1 } }),
          "/tmp/d.json": "[",
          "/tmp/e.json": "{}",
        },
      });
    const typed = ["--template", "multisig", "--param", `keys=${KEY},${OTHER_KEY}`];
    const made = await create([...typed, "--param", "threshold=2"]);
    expect([made.code, made.stdout.text]).toEqual([0, expect.stringContaining("ada")]);
    expect((await create(["--file", "/tmp/c.json", "--label", "x"])).code).toBe(0);
    expect(bodiesOf(node.asked, "POST", at)).toEqual([
      {
        template: "multisig",
        parameters: { keys: [{ publicKey: KEY }, { publicKey: OTHER_KEY }], threshold: 2 },
      },
      { template: "escrow", parameters: { buyer: 1 }, label: "x" },
    ]);
    for (const argv of [
      [],
      ["--file", "/tmp/d.json"],
      ["--file", "/tmp/e.json"],
      ["--file", "/tmp/none.json"],
      ["--file", "/tmp/c.json", "--template", "htlc"],
    ]) {
      expect([argv, (await create(argv)).code]).toEqual([argv, 2]);
    }
  });

  test("key, list and show", async () => {
    await using node = fakeNode({
      "POST /api/wallets/alice/contract-keys": { publicKey: KEY, path: "m/48h", index: 0 },
      [`GET ${at}`]: { contracts: [contract] },
      [`GET ${at}/${ADDRESS}`]: contract,
      "GET /api/contracts/templates": {
        templates: [{ name: "htlc", summary: "Two parties.", parameters: { hash: "a hash" } }],
      },
    });
    const ask = async (...argv: string[]) =>
      (await run(["wallet", "contract", ...argv, "--url", node.url])).stdout.text;
    expect(await ask("key", "alice")).toBe(`${KEY}\n`);
    expect(await ask("list", "alice")).toContain("multisig");
    expect(await ask("show", "alice", ADDRESS)).toContain("A signature of bob is missing.");
    expect(await ask("templates")).toMatch(/htlc\n {2}Two parties\.\n {2}hash {2}a hash/);
  });

  test("spend, sign and finish hand PSBTs on", async () => {
    const missing = ["A signature of bob is missing."];
    await using node = fakeNode({
      "GET /api/wallets/alice": walletOf(),
      [`POST ${at}/${ADDRESS}/spend`]: { psbt, complete: false, missing, fee: 200 },
      [`POST ${at}/${ADDRESS}/sign`]: { psbt, added: 1, complete: true, missing: [] },
      [`POST ${at}/${ADDRESS}/finish`]: { hex: "00", txid: TXID, submitted: true },
    });
    const act = (...argv: string[]) =>
      run(["wallet", "contract", ...argv, "--url", node.url], { replies: ["secret"] });
    const secret = "11".repeat(32);
    const spent = await act("spend", "alice", ADDRESS, "claim", "bob", "--preimage", secret);
    expect([spent.code, spent.stdout.text]).toEqual([0, `${psbt}\n`]);
    expect(spent.stderr.text).toContain("A signature of bob is missing.");
    expect((await act("sign", "alice", ADDRESS, psbt)).stdout.text).toBe(`${psbt}\n`);
    const sent = await act("finish", "alice", ADDRESS, "claim", psbt, psbt, "--preimage", secret);
    expect([sent.code, sent.stdout.lines[0]]).toEqual([0, `sent ${TXID}`]);
    expect(bodiesOf(node.asked, "POST", `${at}/${ADDRESS}/spend`)).toEqual([
      { branch: "claim", to: "bob", preimage: secret, password: "secret" },
    ]);
    expect(bodiesOf(node.asked, "POST", `${at}/${ADDRESS}/finish`)).toEqual([
      { psbts: [psbt, psbt], branch: "claim", preimage: secret },
    ]);
    expect((await act("finish", "alice", ADDRESS, "claim")).code).toBe(2);
  });
});
