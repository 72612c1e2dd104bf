/**
 * The commands about wallets themselves, against a fake node: what they ask, show and return.
 */

import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../../../src/cli/run.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { Keystore } from "../../../src/wallet/keystore.ts";
import { parseMnemonic } from "../../../src/wallet/mnemonic.ts";
import { WalletSecret } from "../../../src/wallet/wallet-secret.ts";
import { type Asked, fakeNode, fakeWorld, NOW, problem, run } from "./fake-world.ts";
import { ADDRESS, BALANCE, bodiesOf, listOf, TXID, walletOf } from "./wallet-answers.ts";

const WORDS =
  "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "cairn-wallet-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function passwordFile(folder: string, text: string, mode = 0o600): string {
  const file = join(folder, "password");
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const created = (asked: readonly Asked[]) =>
  bodiesOf(asked, "POST", "/api/wallets")[0] as { mnemonic: string; password: string };

const makeRoutes = {
  "GET /api/wallets": listOf("bob"),
  "POST /api/wallets": walletOf(),
};

describe("cairn wallet create", () => {
  test("draws the words itself, prints them without a terminal, and sends them", async () => {
    await using node = fakeNode(makeRoutes);
    const replies = ["secret", "secret"];
    const { code, stdout, stderr } = await run(["wallet", "create", "alice", "--url", node.url], {
      replies,
    });
    expect([code, stderr.text]).toEqual([0, ""]);
    const { mnemonic, password } = created(node.asked);
    expect(parseMnemonic(mnemonic)).toHaveLength(32);
    expect(password).toBe("secret");
    expect(stdout.lines[0]).toBe(mnemonic);
    expect(stdout.text).toContain(ADDRESS);
    expect(stdout.text).not.toContain("secret");
  });

  test("on a terminal shows them on the second screen, and asks for three", async () => {
    await using node = fakeNode(makeRoutes);
    const { world, stdout, stderr } = fakeWorld({ isTty: true });
    const numbered = () =>
      new Map(
        [...Bun.stripANSI(stdout.text).matchAll(/(\d+) {2}([a-z]+)/g)].map((match) => [
          match[1],
          match[2],
        ]),
      );
    const questions: string[] = [];
    const ask = async (question: string) => {
      questions.push(question);
      if (question.startsWith("Enter")) return "";
      const place = /Word number (\d+)/.exec(question)?.[1];
      return place === undefined ? "secret" : numbered().get(place);
    };
    const argv = ["wallet", "create", "alice", "--url", node.url];
    expect([await runCli(argv, { ...world, ask }), stderr.text]).toEqual([0, ""]);
    expect(questions.filter((question) => question.startsWith("Word"))).toHaveLength(3);
    const { mnemonic } = created(node.asked);
    expect(
      [...numbered()].sort(([a], [b]) => Number(a) - Number(b)).map(([, word]) => word),
    ).toEqual(mnemonic.split(" "));
    const [before = "", after = ""] = stdout.text.split("\x1b[?1049l");
    expect(before).toContain("\x1b[?1049h");
    expect(after).not.toContain(mnemonic.split(" ").slice(0, 2).join(" "));
  });

  test("makes nothing if the words are not known, or nobody answers", async () => {
    await using node = fakeNode(makeRoutes);
    const argv = ["wallet", "create", "alice", "--url", node.url];
    const wrong = ["s", "s", "", "no", "", "no", "", "no"];
    expect((await run(argv, { isTty: true, replies: wrong })).code).toBe(1);
    expect((await run(argv, { isTty: true, replies: ["s", "s", ""] })).code).toBe(2);
    expect((await run(argv)).code).toBe(2);
    expect(bodiesOf(node.asked, "POST", "/api/wallets")).toEqual([]);
  });

  test("with --json leaves the words to the node, and shows none", async () => {
    await using node = fakeNode(makeRoutes);
    const argv = ["wallet", "create", "alice", "--account", "tr", "--json", "--url", node.url];
    const { code, stdout } = await run(argv, { replies: ["s", "s"] });
    expect(code).toBe(0);
    expect(created(node.asked)).toEqual({
      name: "alice",
      password: "s",
      account: "tr",
      accountIndex: 0,
    } as never);
    expect(JSON.parse(stdout.text)).toEqual(walletOf());
  });

  test("asks again for a password that was not typed twice the same", async () => {
    await using node = fakeNode(makeRoutes);
    const replies = ["a", "b", "", "", "c", "c"];
    const argv = ["wallet", "create", "alice", "--json", "--url", node.url];
    expect((await run(argv, { replies })).code).toBe(0);
    expect(created(node.asked).password).toBe("c");
  });

  test("refuses a name that is taken, kept for the mining key, or none", async () => {
    await using node = fakeNode(makeRoutes);
    const create = (name: string) =>
      run(["wallet", "create", name, "--url", node.url], { replies: ["s", "s"] });
    expect((await create("bob")).code).toBe(1);
    for (const name of ["miner", "Alice", "..", "a/b", ""]) {
      expect([name, (await create(name)).code]).toEqual([name, 2]);
    }
    expect(bodiesOf(node.asked, "POST", "/api/wallets")).toEqual([]);
  });
});

describe("--password-file", () => {
  test("gives the first line of a file that is its owner's alone", async () => {
    using folder = temporaryFolder();
    await using node = fakeNode(makeRoutes);
    const file = passwordFile(folder.path, "of a file\r\nand more");
    const argv = ["wallet", "create", "alice", "--password-file", file, "--url", node.url];
    expect((await run(argv)).code).toBe(0);
    expect(created(node.asked).password).toBe("of a file");
  });

  test.skipIf(process.platform === "win32")("refuses one that others may read", async () => {
    using folder = temporaryFolder();
    await using node = fakeNode(makeRoutes);
    const file = passwordFile(folder.path, "secret", 0o640);
    const argv = ["wallet", "create", "alice", "--password-file", file, "--url", node.url];
    const { code, stderr } = await run(argv);
    expect(code).toBe(2);
    expect(stderr.text).not.toContain("secret");
    expect(bodiesOf(node.asked, "POST", "/api/wallets")).toEqual([]);
  });

  test("refuses one that is not there", async () => {
    await using node = fakeNode(makeRoutes);
    const argv = ["wallet", "create", "a", "--password-file", "/nowhere/at/all", "--url", node.url];
    expect((await run(argv)).code).toBe(2);
  });
});

describe("cairn wallet restore", () => {
  test("takes the words as they are typed, and says what was found", async () => {
    await using node = fakeNode(makeRoutes);
    const typed = `  ${WORDS.toUpperCase().replaceAll(" ", "   ")}`;
    const argv = ["wallet", "restore", "alice", "--passphrase", "--url", node.url];
    const replies = ["s", "s", "not a wallet", typed, "TREZOR", "TREZOR"];
    const { code, stdout } = await run(argv, { replies });
    expect(code).toBe(0);
    expect(created(node.asked)).toMatchObject({ mnemonic: WORDS, passphrase: "TREZOR" } as never);
    expect(stdout.text).toContain("1.50000000 coins");
    expect(stdout.text).not.toContain("abandon");
  });

  test("reads them from standard input", async () => {
    using folder = temporaryFolder();
    await using node = fakeNode(makeRoutes);
    const file = passwordFile(folder.path, "s");
    const argv = ["wallet", "restore", "alice", "--words-stdin", "--password-file", file];
    const { code } = await run([...argv, "--url", node.url], { stdin: `${WORDS}\n` });
    expect(code).toBe(0);
    expect(created(node.asked).mnemonic).toBe(WORDS);
  });

  test("repeats no word of what is wrong", async () => {
    using folder = temporaryFolder();
    await using node = fakeNode(makeRoutes);
    const file = passwordFile(folder.path, "s");
    const argv = ["wallet", "restore", "alice", "--words-stdin", "--password-file", file];
    const stdin = WORDS.replace("about", "wolkenkratzer");
    const { code, stderr } = await run([...argv, "--url", node.url], { stdin });
    expect(code).toBe(1);
    expect(stderr.text).not.toContain("wolkenkratzer");
    expect(stderr.text).toContain("12");
  });

  test("waits for a node that does not know the chain yet", async () => {
    let looks = 0;
    const { world, stderr } = fakeWorld({ replies: ["s", "s", WORDS] });
    const after = (_: number, ready: () => void) => {
      queueMicrotask(ready);
      return () => {};
    };
    const fetch = async (url: string, init: RequestInit) => {
      if (url.endsWith("?limit=1")) {
        looks++;
        return looks < 3 ? problem(503, "index-behind", "Not yet.") : Response.json(listOf());
      }
      return Response.json(init.method === "POST" ? walletOf() : listOf());
    };
    const patient = { ...world, fetch, clock: { ...world.clock, after } };
    expect(
      await runCli(["wallet", "restore", "alice", "--url", "http://127.0.0.1:1"], patient),
    ).toBe(0);
    expect(looks).toBe(3);
    expect(stderr.lines).toHaveLength(1);
  });
});

describe("cairn wallet words", () => {
  async function makeKeystore(data: string, kind: "encrypted" | "watch") {
    const network = findNetwork("regtest");
    const keystore = new Keystore({
      directory: join(data, "regtest", "keystore"),
      network: { name: network.name, genesis: network.genesis.hash },
      allowsPlain: false,
      now: () => NOW,
      cost: { n: 2 ** 15, r: 8, p: 1 }, // The cheapest that is read.
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    });
    const secret = new WalletSecret(parseMnemonic(WORDS), new TextEncoder().encode("x"));
    const about = { name: "alice", descriptors: ["wpkh(tpub)"] };
    await keystore.create(
      kind === "watch" ? { ...about, kind } : { ...about, kind, secret, password: "secret" },
    );
  }

  test("opens the file itself and asks no node", async () => {
    using folder = temporaryFolder();
    await makeKeystore(folder.path, "encrypted");
    const argv = ["wallet", "words", "alice", "--network", "regtest", "--data", folder.path];
    const fetch = () => Promise.reject(new Error("asked a node"));
    const shown = await run(argv, { replies: ["secret"], fetch });
    expect([shown.code, shown.stdout.lines]).toEqual([0, [WORDS]]);
    const json = await run([...argv, "--json"], { replies: ["secret"], fetch });
    expect(JSON.parse(json.stdout.text)).toEqual({
      name: "alice",
      words: WORDS.split(" "),
      hasPassphrase: true,
    });
    const wrong = await run(argv, { replies: ["another"], fetch });
    expect([wrong.code, wrong.stdout.text]).toEqual([1, ""]);
  });

  test("has none of a wallet that watches, and none where there is no wallet", async () => {
    using folder = temporaryFolder();
    const argv = (name: string) => ["wallet", "words", name, "--network", "regtest"];
    const at = ["--data", folder.path];
    expect((await run([...argv("alice"), ...at])).code).toBe(1);
    await makeKeystore(folder.path, "watch");
    expect((await run([...argv("alice"), ...at])).code).toBe(1);
    expect((await run([...argv("bob"), ...at])).code).toBe(1);
    expect((await run([...argv("../x"), ...at])).code).toBe(2);
  });
});

describe("what wallets are shown as", () => {
  test("list: one a line, those that cannot be read with the reason, of all pages", async () => {
    const broken = { name: "old", kind: null, account: null, balance: null };
    const fetch = async (url: string) =>
      Response.json(
        url.includes("cursor=1")
          ? {
              wallets: [{ ...broken, problem: { code: "X", detail: "broken\x1b[2J" } }],
              cursor: null,
            }
          : { ...listOf("alice"), cursor: "1" },
      );
    const { code, stdout } = await run(["wallet", "list", "--url", "http://127.0.0.1:1"], {
      fetch,
    });
    expect(code).toBe(0);
    expect(stdout.lines[1]).toMatch(/^alice +1\.50000000 +1\.50000000 +encrypted +wpkh$/);
    expect(stdout.lines[2]).toMatch(/^old +broken\ufffd\[2J \(X\)$/);
  });

  test("show and balance leave out what is zero", async () => {
    await using node = fakeNode({
      "GET /api/wallets/alice": walletOf(),
      "GET /api/wallets/alice/balance": { ...BALANCE, immature: 5_000 },
    });
    const show = await run(["wallet", "show", "alice", "--url", node.url]);
    expect([show.code, show.stdout.text]).toEqual([0, expect.stringContaining(ADDRESS)]);
    expect(show.stdout.text).not.toContain("mature");
    const balance = await run(["wallet", "balance", "alice", "--url", node.url]);
    expect(balance.stdout.text).toMatch(/not mature yet +0\.00005000 coins/);
  });

  test("history shows signs, states and names, and where older ones are", async () => {
    const row = {
      txid: TXID,
      status: "confirmed",
      kind: "received",
      amount: 5_000,
      fee: null,
      blockHeight: 7,
      confirmations: 3,
      timestamp: NOW - 60_000,
      counterparties: [],
      label: null,
    };
    const sent = {
      ...row,
      ...{ status: "pending", kind: "sent", amount: -7_000, label: "rent" },
      counterparties: [
        { address: ADDRESS, name: "bob" },
        { address: "x", name: null },
      ],
    };
    await using node = fakeNode({
      "GET /api/wallets/alice/transactions": { transactions: [sent, row], cursor: "9.1" },
    });
    const argv = ["wallet", "history", "alice", "--limit", "2", "--url", node.url];
    const { code, stdout } = await run(argv);
    expect([code, node.asked[0]?.path]).toEqual([0, "/api/wallets/alice/transactions?limit=2"]);
    expect(stdout.lines[1]).toMatch(
      /^1 min ago +sent: rent +-0\.00007000 +pending +bob and 1 more +(ab){32}$/,
    );
    expect(stdout.lines[2]).toMatch(/^1 min ago +received +\+0\.00005000 +3 conf\. +(ab){32}$/);
    expect(stdout.text).toContain("--cursor 9.1");
  });

  test("utxos shows what holds a coin back", async () => {
    const coin = { txid: TXID, vout: 1, amount: 5_000, address: ADDRESS, confirmations: 3 };
    const utxos = [{ ...coin, spendable: false, hold: "immature", label: null }];
    await using node = fakeNode({ "GET /api/wallets/alice/utxos": { utxos, cursor: null } });
    const { stdout } = await run(["wallet", "utxos", "alice", "--url", node.url]);
    expect(stdout.lines[1]).toMatch(/0\.00005000 +3 +immature +(ab){32}:1 +crn1q/);
  });

  test("a token goes with every question about wallets", async () => {
    await using node = fakeNode({ "GET /api/wallets": listOf() });
    await run(["wallet", "list", "--url", node.url, "--token", "t0ken"]);
    expect(node.asked[0]?.headers.get("authorization")).toBe("Bearer t0ken");
  });
});

describe("small changes", () => {
  test("address: alone on its line, with a label, as a QR code", async () => {
    const answer = { address: ADDRESS, path: "m/84h/1h/0h/0/0", label: "rent" };
    await using node = fakeNode({ "POST /api/wallets/alice/addresses": answer });
    const argv = ["wallet", "address", "alice", "--new", "--label", "rent", "--url", node.url];
    const plain = await run(argv);
    expect([plain.code, plain.stdout.lines]).toEqual([0, [ADDRESS]]);
    expect(JSON.parse(node.asked[0]?.body ?? "")).toEqual({ new: true, label: "rent" });
    const coded = await run([...argv, "--qr"]);
    expect(coded.stdout.lines.length).toBeGreaterThan(15);
  });

  test("label tells addresses, transactions and coins apart", async () => {
    await using node = fakeNode({ "PUT /api/wallets/alice/labels": {} });
    for (const ref of [ADDRESS, TXID, `${TXID}:0`]) {
      const argv = ["wallet", "label", "alice", ref, "rent", "--url", node.url];
      expect((await run(argv)).code).toBe(0);
    }
    const bodies = bodiesOf(node.asked, "PUT", "/api/wallets/alice/labels");
    expect(bodies.map((body) => (body as { type: string }).type)).toEqual(["addr", "tx", "output"]);
  });

  test("watch hands on what is to be watched", async () => {
    await using node = fakeNode(makeRoutes);
    const argv = ["wallet", "watch", "shop", ADDRESS, "--url", node.url];
    expect((await run(argv)).code).toBe(0);
    expect(created(node.asked)).toEqual({ name: "shop", watch: ADDRESS } as never);
  });

  test("password asks for the old one and twice for the new one", async () => {
    await using node = fakeNode({ "POST /api/wallets/alice/password": { changed: true } });
    const argv = ["wallet", "password", "alice", "--url", node.url];
    expect((await run(argv, { replies: ["old", "new", "new"] })).code).toBe(0);
    expect(JSON.parse(node.asked[0]?.body ?? "")).toEqual({ password: "old", newPassword: "new" });
  });

  test("remove asks first", async () => {
    await using node = fakeNode({
      "GET /api/wallets": listOf("alice"),
      "DELETE /api/wallets/alice": { removed: true },
    });
    const argv = ["wallet", "remove", "alice", "--url", node.url];
    const removals = () => node.asked.filter(({ method }) => method === "DELETE").length;
    expect([(await run(argv, { replies: ["n"] })).code, removals()]).toEqual([1, 0]);
    expect([(await run(argv)).code, removals()]).toEqual([2, 0]);
    expect([(await run(argv, { replies: ["y"] })).code, removals()]).toEqual([0, 1]);
    expect([(await run([...argv, "--yes"])).code, removals()]).toEqual([0, 2]);
    expect((await run(["wallet", "remove", "bob", "--yes", "--url", node.url])).code).toBe(1);
  });

  test("contacts are listed, added and removed", async () => {
    const bob = { name: "bob", address: ADDRESS, note: "", createdAt: NOW };
    await using node = fakeNode({
      "GET /api/contacts": { contacts: [bob] },
      "PUT /api/contacts/bob": bob,
      "DELETE /api/contacts/bob": { removed: true },
    });
    const list = await run(["contacts", "--url", node.url]);
    expect(list.stdout.lines[1]).toBe(`bob   ${ADDRESS}`);
    const add = ["contact", "add", "bob", ADDRESS, "--note", "a friend", "--url", node.url];
    expect((await run(add)).code).toBe(0);
    expect(bodiesOf(node.asked, "PUT", "/api/contacts/bob")).toEqual([
      { address: ADDRESS, note: "a friend" },
    ]);
    expect((await run(["contact", "remove", "bob", "--url", node.url])).code).toBe(0);
    for (const argv of [["contact"], ["contact", "ad"], ["contact", "add", "bob"]]) {
      expect([argv, (await run([...argv, "--url", node.url])).code]).toEqual([argv, 2]);
    }
  });
});

describe("cairn wallet sign and verify", () => {
  test("sign asks for the password, again if it was mistyped", async () => {
    const bodies: unknown[] = [];
    const fetch = async (_: string, init: RequestInit) => {
      if (init.method === "GET") return Response.json(walletOf());
      const body = JSON.parse(String(init.body));
      bodies.push(body);
      return body.password === "right"
        ? Response.json({ signature: "smpAA==" })
        : problem(403, "wrong-password-or-damaged", "No.");
    };
    const argv = ["wallet", "sign", "alice", ADDRESS, "hello", "--url", "http://127.0.0.1:1"];
    const right = await run(argv, { fetch, replies: ["wrong", "right"] });
    expect([right.code, right.stdout.text]).toEqual([0, "smpAA==\n"]);
    expect(bodies.at(-1)).toEqual({ address: ADDRESS, message: "hello", password: "right" });
    const wrong = await run(argv, { fetch, replies: ["a", "b", "c", "right"] });
    expect([wrong.code, bodies.length]).toEqual([1, 5]);
  });

  test("no password is asked of a wallet that has none", async () => {
    await using node = fakeNode({
      "GET /api/wallets/alice": walletOf({ kind: "plain" }),
      "POST /api/wallets/alice/messages": { signature: "smpAA==" },
    });
    const { code } = await run(["wallet", "sign", "alice", ADDRESS, "hello", "--url", node.url]);
    expect(code).toBe(0);
  });

  // BIP-0322's vector for segwit v0, with the address of network regtest for the same key hash.
  const SIGNATURE =
    "AkcwRAIgZRfIY3p7/DoVTty6YZbWS71bc5Vct9p9Fia83eRmw2QCICK/ENGfwLtptFluMGs2KsqoNSk89pO7F29zJLUx9a/sASECx/EgAxlkQpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI=";
  const HOLDER = "bcrt1q9vza2e8x573nczrlzms0wvx3gsqjx7vay85cr9";

  test("verify needs no node", async () => {
    const fetch = () => Promise.reject(new Error("asked a node"));
    const verify = (...argv: string[]) =>
      run(["wallet", "verify", ...argv, "--network", "regtest"], { fetch });
    const valid = await verify(HOLDER, SIGNATURE, "Hello World");
    expect([valid.code, valid.stdout.text]).toEqual([0, "valid\n"]);
    expect((await verify(HOLDER, SIGNATURE, "Hello world")).code).toBe(1);
    expect((await verify(HOLDER, "nonsense", "Hello World", "--json")).stdout.text).toBe(
      '{"valid":false,"status":"invalid","reason":"format"}\n',
    );
    expect((await verify(ADDRESS, SIGNATURE, "Hello World")).code).toBe(2);
  });
});
