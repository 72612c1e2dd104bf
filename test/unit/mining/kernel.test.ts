/**
 * The mining kernel against plain double SHA-256 and real Bitcoin headers, and the worker around it.
 *
 * Nothing here sleeps or measures time; every wait is for a message of the worker.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildKernel } from "../../../scripts/build-kernel.ts";
import { chooseKernel } from "../../../src/mining/kernel/choose-kernel.ts";
import { createEngineKernel } from "../../../src/mining/kernel/engine-kernel.ts";
import { createKernel } from "../../../src/mining/kernel/kernel.ts";
import { loadKernel } from "../../../src/mining/kernel/load-kernel.ts";
import { loadOpensslKernel } from "../../../src/mining/kernel/openssl-kernel.ts";
import type { MinerCommand, MinerReport } from "../../../src/mining/worker-messages.ts";
import { pinThreadToCpu } from "../../../src/platform/cpu-affinity.ts";

const WASM_PATH = fileURLToPath(new URL("../../../src/mining/kernel/kernel.wasm", import.meta.url));
const WORKER_URL = new URL("../../../src/mining/miner.worker.ts", import.meta.url);

const MAX_NONCE = 2 ** 32 - 1;
const EASIEST = targetOf(0x7fffffn << 232n);
const EVERYTHING = new Uint8Array(32).fill(0xff);
const NOTHING = new Uint8Array(32);

const GENESIS_MERKLE_ROOT = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";

// Version, previous block, merkle root, time, bits, nonce, hash. Hashes as they are displayed.
const BITCOIN_HEADERS = {
  "main genesis": {
    version: 1,
    prevBlockHash: "00".repeat(32),
    merkleRoot: GENESIS_MERKLE_ROOT,
    time: 1231006505,
    bits: 0x1d00ffff,
    nonce: 2083236893,
    hash: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
  },
  "main block 1": {
    version: 1,
    prevBlockHash: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    merkleRoot: "0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098",
    time: 1231469665,
    bits: 0x1d00ffff,
    nonce: 2573394689,
    hash: "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048",
  },
  "main block 125552": {
    version: 1,
    prevBlockHash: "00000000000008a3a41b85b8b29ad444def299fee21793cd8b9e567eab02cd81",
    merkleRoot: "2b12fcf1b09288fcaff797d71e950e71ae42b91e8bdb2304758dfcffc2b620e3",
    time: 1305998791,
    bits: 0x1a44b9f2,
    nonce: 2504433986,
    hash: "00000000000000001e8d6829a8a21adc5d38d0a473b144b6765798e61f98bd1d",
  },
  "testnet genesis": {
    version: 1,
    prevBlockHash: "00".repeat(32),
    merkleRoot: GENESIS_MERKLE_ROOT,
    time: 1296688602,
    bits: 0x1d00ffff,
    nonce: 414098458,
    hash: "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943",
  },
  "regtest genesis": {
    version: 1,
    prevBlockHash: "00".repeat(32),
    merkleRoot: GENESIS_MERKLE_ROOT,
    time: 1296688602,
    bits: 0x207fffff,
    nonce: 2,
    hash: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
  },
};

type Fields = (typeof BITCOIN_HEADERS)["main genesis"];

function headerOf(fields: Fields): Uint8Array {
  const header = new Uint8Array(80);
  const view = new DataView(header.buffer);
  view.setUint32(0, fields.version, true);
  header.set(Uint8Array.fromHex(fields.prevBlockHash).reverse(), 4);
  header.set(Uint8Array.fromHex(fields.merkleRoot).reverse(), 36);
  view.setUint32(68, fields.time, true);
  view.setUint32(72, fields.bits, true);
  view.setUint32(76, fields.nonce, true);
  return header;
}

function targetOf(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(64, "0")).reverse();
}

function targetOfBits(bits: number): Uint8Array {
  return targetOf(BigInt(bits & 0xffffff) << BigInt(8 * ((bits >>> 24) - 3)));
}

function hashOf(header: Uint8Array, nonce: number): Uint8Array {
  const copy = header.slice();
  new DataView(copy.buffer).setUint32(76, nonce, true);
  const inner = createHash("sha256").update(copy).digest();
  return new Uint8Array(createHash("sha256").update(inner).digest());
}

function isAtMost(hash: Uint8Array, target: Uint8Array): boolean {
  return Buffer.compare(hash.toReversed(), target.toReversed()) <= 0;
}

function searchPlainly(header: Uint8Array, target: Uint8Array, first: number, count: number) {
  for (let nonce = first; nonce < first + count; nonce++) {
    if (isAtMost(hashOf(header, nonce), target)) return nonce;
  }
  return undefined;
}

/** Returns a function giving the same 32-bit numbers for the same seed (xorshift32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function randomBytes(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random() & 0xff);
}

function randomHeader(seed: number): Uint8Array {
  return randomBytes(randomFrom(seed), 80);
}

describe.each([
  ["wasm-simd", loadKernel()],
  ["engine", createEngineKernel()],
  ["openssl", loadOpensslKernel()],
] as const)("search, %s", (_, loaded) => {
  // Only OpenSSL's may be missing; its tests then run the one that always is there.
  const kernel = loaded ?? loadKernel();

  for (const [name, fields] of Object.entries(BITCOIN_HEADERS)) {
    test(`finds the nonce of Bitcoin's ${name}, with its hash as target and with its bits`, () => {
      const header = headerOf(fields);
      const hash = Uint8Array.fromHex(fields.hash).reverse();
      expect(hashOf(header, fields.nonce)).toEqual(hash);

      const first = Math.max(0, fields.nonce - 4_001);
      const count = fields.nonce - first + 3;
      for (const target of [hash, targetOfBits(fields.bits)]) {
        expect(kernel.search(header, target, fields.nonce, 1)).toBe(fields.nonce);
        expect(kernel.search(header, target, first, count)).toBe(
          searchPlainly(header, target, first, count),
        );
      }
    });

    test(`rejects a target one below the hash of Bitcoin's ${name}`, () => {
      const below = targetOf(BigInt(`0x${fields.hash}`) - 1n);
      expect(kernel.search(headerOf(fields), below, fields.nonce, 1)).toBeUndefined();
    });
  }

  test("gives what plain hashing gives for random headers, targets and ranges", () => {
    const random = randomFrom(0x5eed);
    const hits = { none: 0, some: 0 };
    for (let round = 0; round < 600; round++) {
      const header = randomBytes(random, 80);
      const first = random() % (2 ** 32 - 64);
      const count = random() % 40;
      // Of a random number of bits, so that from none to every second hash meets it.
      const target = targetOf(
        BigInt(`0x${randomBytes(random, 32).toHex()}`) >> BigInt(random() % 9),
      );
      const expected = searchPlainly(header, target, first, count);
      hits[expected === undefined ? "none" : "some"]++;
      expect(kernel.search(header, target, first, count)).toBe(expected);
    }
    expect(hits.none).toBeGreaterThan(50);
    expect(hits.some).toBeGreaterThan(50);
  });

  test("compares all 256 bits when the highest 32 are equal", () => {
    const header = randomHeader(7);
    for (let nonce = 0; nonce < 16; nonce++) {
      const hash = BigInt(`0x${hashOf(header, nonce).toReversed().toHex()}`);
      for (const shift of [0n, 31n, 32n, 100n, 192n, 223n]) {
        expect(kernel.search(header, targetOf(hash + (1n << shift)), nonce, 1)).toBe(nonce);
        expect(kernel.search(header, targetOf(hash - (1n << shift)), nonce, 1)).toBeUndefined();
      }
      expect(kernel.search(header, targetOf(hash), nonce, 1)).toBe(nonce);
    }
  });

  test("returns the lowest nonce of several with regtest's target, at every alignment", () => {
    const header = randomHeader(11);
    for (let first = 0; first < 64; first++) {
      for (let count = 0; count < 10; count++) {
        expect(kernel.search(header, EASIEST, first, count)).toBe(
          searchPlainly(header, EASIEST, first, count),
        );
      }
    }
  });

  test("returns the first nonce when every hash is good, and none when none is", () => {
    const header = randomHeader(13);
    for (const first of [0, 1, 2 ** 31 - 1, 2 ** 31, MAX_NONCE]) {
      expect(kernel.search(header, EVERYTHING, first, 1)).toBe(first);
      expect(kernel.search(header, NOTHING, first, 1)).toBeUndefined();
    }
    expect(kernel.search(header, EVERYTHING, 0, 2 ** 32)).toBe(0);
    expect(kernel.search(header, EVERYTHING, 5, 0)).toBeUndefined();
    expect(kernel.search(header, EVERYTHING, 2 ** 32, 0)).toBeUndefined();
  });

  test("ends at the last nonce of all, and goes no further round", () => {
    const header = randomHeader(17);
    for (let back = 0; back < 12; back++) {
      const first = MAX_NONCE - back;
      expect(kernel.search(header, hashOf(header, MAX_NONCE), MAX_NONCE, 1)).toBe(MAX_NONCE);
      expect(kernel.search(header, EASIEST, first, back + 1)).toBe(
        searchPlainly(header, EASIEST, first, back + 1),
      );
      expect(kernel.search(header, NOTHING, first, back + 1)).toBeUndefined();
    }
  });

  test("crosses the middle of the range, where 32-bit numbers change sign", () => {
    const header = randomHeader(19);
    const hash = hashOf(header, 2 ** 31);
    const first = 2 ** 31 - 3;
    expect(kernel.search(header, hash, first, 8)).toBe(searchPlainly(header, hash, first, 8));
  });

  test("never answers beyond a count that is no multiple of four", () => {
    const header = randomHeader(23);
    for (let count = 1; count < 24; count++) {
      const next = hashOf(header, 1_000 + count);
      expect(kernel.search(header, next, 1_000, count)).toBe(
        searchPlainly(header, next, 1_000, count),
      );
    }
  });

  test("keeps nothing of the search before, and leaves its arguments alone", () => {
    const [header, other] = [randomHeader(29), randomHeader(31)];
    const [headerBefore, targetBefore] = [header.slice(), EASIEST.slice()];
    const alone = kernel.search(header, EASIEST, 0, 100);
    kernel.search(other, NOTHING, 0, 1_000);
    expect(kernel.search(header, EASIEST, 0, 100)).toBe(alone);
    expect(header).toEqual(headerBefore);
    expect(EASIEST).toEqual(targetBefore);
  });

  test("rejects wrong sizes and ranges", () => {
    const header = randomHeader(37);
    expect(() => kernel.search(header.subarray(1), EASIEST, 0, 1)).toThrow(RangeError);
    expect(() => kernel.search(header, EASIEST.subarray(1), 0, 1)).toThrow(RangeError);
    expect(() => kernel.search(header, EASIEST, MAX_NONCE, 2)).toThrow(RangeError);
    expect(() => kernel.search(header, EASIEST, -1, 1)).toThrow(RangeError);
    expect(() => kernel.search(header, EASIEST, 0, -1)).toThrow(RangeError);
    expect(() => kernel.search(header, EASIEST, 0.5, 1)).toThrow(RangeError);
  });
});

test("of all kernels the fastest is chosen, by measuring", () => {
  // A clock by which the first one takes a moment and every other one ever longer.
  const count = loadOpensslKernel() === undefined ? 2 : 3;
  let calls = 0;
  let now = 0;
  const biased = () => {
    const trial = Math.floor(calls / 2) % count;
    now += calls % 2 === 1 ? trial + 1 : 0;
    calls += 1;
    return now;
  };
  expect(chooseKernel(biased).name).toBe("wasm-simd");
  expect(["wasm-simd", "engine", "openssl"]).toContain(chooseKernel().name);
});

describe("createKernel", () => {
  test("takes bytes as well as a compiled module, and shares nothing between kernels", () => {
    const bytes = readFileSync(WASM_PATH);
    const fromBytes = createKernel(bytes);
    const fromModule = createKernel(new WebAssembly.Module(bytes));
    const header = headerOf(BITCOIN_HEADERS["regtest genesis"]);
    expect(fromBytes.search(header, EASIEST, 2, 1)).toBe(2);
    expect(fromModule.search(randomHeader(41), NOTHING, 0, 4)).toBeUndefined();
    expect(fromBytes.search(header, EASIEST, 2, 1)).toBe(2);
  });
});

describe("kernel.wasm", async () => {
  const build = await buildKernel();
  const skipped = build.status === "no-compiler" ? ` (skipped: ${build.reason})` : "";
  test.skipIf(build.status !== "built")(`is what its source compiles to${skipped}`, () => {
    if (build.status !== "built") return;
    expect(readFileSync(WASM_PATH).equals(build.bytes)).toBe(true);
  });
});

/** A worker whose reports are awaited one by one, in order. */
class TestMiner {
  readonly #worker = new Worker(WORKER_URL);
  readonly #waiting: ((message: MinerReport) => void)[] = [];
  readonly #arrived: MinerReport[] = [];

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<MinerReport>) => {
      const resolve = this.#waiting.shift();
      if (resolve === undefined) this.#arrived.push(data);
      else resolve(data);
    };
  }

  send(command: MinerCommand): void {
    this.#worker.postMessage(command);
  }

  start(id: number, target: Uint8Array, firstNonce: number, nonceCount: number): void {
    const header = headerOf(BITCOIN_HEADERS["main genesis"]);
    this.send({ type: "start", job: { id, header, target, firstNonce, nonceCount } });
  }

  next(): Promise<MinerReport> {
    const message = this.#arrived.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves with the first report that is not progress, and the hashes counted before it. */
  async nextEnd(): Promise<{ end: MinerReport; hashes: Map<number, number> }> {
    const hashes = new Map<number, number>();
    for (;;) {
      const message = await this.next();
      if (message.type !== "progress") return { end: message, hashes };
      hashes.set(message.jobId, (hashes.get(message.jobId) ?? 0) + message.hashes);
    }
  }

  terminate(): void {
    this.#worker.terminate();
  }
}

describe("miner.worker", () => {
  const miners: TestMiner[] = [];

  async function startMiner(cpu?: number): Promise<TestMiner> {
    const miner = new TestMiner();
    miners.push(miner);
    // Sent before the worker has run at all, and so must not be lost.
    miner.send({ type: "init", name: "miner-test", ...(cpu === undefined ? {} : { cpu }) });
    expect(await miner.next()).toEqual({ type: "ready" });
    return miner;
  }

  afterEach(() => {
    for (const miner of miners.splice(0)) miner.terminate();
  });

  test("finds a nonce, having counted exactly the hashes up to it", async () => {
    const miner = await startMiner();
    const { nonce } = BITCOIN_HEADERS["main genesis"];
    miner.start(1, targetOfBits(0x1d00ffff), nonce - 50_000, 60_000);
    const { end, hashes } = await miner.nextEnd();
    expect(end).toEqual({ type: "found", jobId: 1, nonce });
    expect(hashes).toEqual(new Map([[1, 50_001]]));
  });

  test("exhausts its nonces, over many slices and down to none", async () => {
    const miner = await startMiner();
    for (const [id, count] of [100_003, 1, 0].entries()) {
      miner.start(id, NOTHING, 5, count);
      const { end, hashes } = await miner.nextEnd();
      expect(end).toEqual({ type: "exhausted", jobId: id });
      expect(hashes).toEqual(new Map([[id, count]]));
    }
  });

  test("replaces a job that would take hours, with a last report on it", async () => {
    const miner = await startMiner();
    miner.start(1, NOTHING, 0, 2 ** 32);
    const progress = await miner.next();
    expect(progress).toMatchObject({ type: "progress", jobId: 1 });

    miner.start(2, EVERYTHING, 77, 10);
    const { end, hashes } = await miner.nextEnd();
    expect(end).toEqual({ type: "found", jobId: 2, nonce: 77 });
    expect([...hashes.keys()]).toEqual([1, 2]);
    expect(hashes.get(2)).toBe(1);
  });

  test("stops a job for good, and takes the next", async () => {
    const miner = await startMiner();
    miner.start(1, NOTHING, 0, 2 ** 32);
    miner.send({ type: "stop" });
    miner.send({ type: "stop" });
    expect(await miner.next()).toMatchObject({ type: "progress", jobId: 1 });

    // An answer to a later command proves that nothing more was said about the stopped job.
    miner.start(2, NOTHING, 0, 10_000);
    const { end, hashes } = await miner.nextEnd();
    expect(end).toEqual({ type: "exhausted", jobId: 2 });
    expect(hashes).toEqual(new Map([[2, 10_000]]));
  });

  test("ignores a stop without a job", async () => {
    const miner = await startMiner();
    miner.send({ type: "stop" });
    miner.start(1, EVERYTHING, 0, 1);
    expect((await miner.nextEnd()).end).toEqual({ type: "found", jobId: 1, nonce: 0 });
  });

  const cpus = threadCpuLists().get("self");
  const isPinnable = cpus !== undefined && /[,-]/.test(cpus);
  test.skipIf(!isPinnable)(
    "ties its own thread, and no other, to the processor named",
    async () => {
      const cpu = Number.parseInt(cpus ?? "", 10);
      const countPinned = () =>
        [...threadCpuLists().values()].filter((list) => list === `${cpu}`).length;
      expect(countPinned()).toBe(0);
      await startMiner(cpu);
      expect(countPinned()).toBe(1);
      expect(threadCpuLists().get("self")).toBe(cpus ?? "");
    },
  );
});

describe("pinThreadToCpu", () => {
  test("returns false for processors that cannot exist", () => {
    for (const cpu of [-1, 0.5, 1_023, 1_024, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(pinThreadToCpu(cpu)).toBe(false);
    }
  });
});

/** Returns the processors each thread of this process may use, empty where Linux is not there. */
function threadCpuLists(): Map<string, string> {
  if (process.platform !== "linux") return new Map();
  const lists = new Map<string, string>();
  const read = (name: string, path: string) => {
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(path, "utf8"))?.[1];
    if (list !== undefined) lists.set(name, list);
  };
  read("self", "/proc/thread-self/status");
  for (const thread of readdirSync("/proc/self/task")) {
    try {
      read(thread, `/proc/self/task/${thread}/status`);
    } catch {
      // The thread ended since it was listed.
    }
  }
  return lists;
}
