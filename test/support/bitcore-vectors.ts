/**
 * Bitcoin's published test data, read from the development dependency `bitcore-lib`.
 *
 * Data only: that library's code is never run. Smaller sets stand in test/vectors.
 */

const LIBRARY = new URL("../../node_modules/bitcore-lib/", import.meta.url);
const FOLDER = new URL("test/data/", LIBRARY);

/** Returns the parsed JSON file `name`; the caller says what shape it has. */
export async function readBitcoreVectors<T>(name: string): Promise<T> {
  return (await Bun.file(new URL(name, FOLDER)).json()) as T;
}

/** Hex of the transactions in Bitcoin Core's `tx_valid.json` or `tx_invalid.json`. */
export async function readCoreTransactions(name: "tx_valid" | "tx_invalid"): Promise<string[]> {
  const rows = await readBitcoreVectors<unknown[][]>(`bitcoind/${name}.json`);
  return rows.flatMap((row) => (typeof row[1] === "string" ? [row[1]] : []));
}

/** A block of `bitcoind/blocks.json`, in hex, with the hash that its comment gives. */
export interface RealBlock {
  readonly hash: string;
  readonly hex: string;
  readonly count: number;
}

/** The real blocks that come with the library: five of the main chain, one of testnet. */
export async function readRealBlocks(): Promise<RealBlock[]> {
  const rows =
    await readBitcoreVectors<{ comment: string; transactions: number; data: string }[]>(
      "bitcoind/blocks.json",
    );
  const testnet = await Bun.file(new URL("blk86756-testnet.dat", FOLDER)).bytes();
  const { header, transactions } = await readBitcoreVectors<{
    header: { hash: string };
    transactions: unknown[];
  }>("blk86756-testnet.json");

  // A .dat file has four bytes of magic and four of length before each block, and padding after.
  const length = new DataView(testnet.buffer).getUint32(4, true);
  const hex = testnet.subarray(8, 8 + length).toHex();
  return [
    ...rows.map((row) => ({
      hash: /\(([0-9a-f]{64})\)/.exec(row.comment)?.[1] ?? "",
      hex: row.data,
      count: row.transactions,
    })),
    { hash: header.hash, hex, count: transactions.length },
  ];
}

/** Hex of block 357238 of the main chain, on which the library's benchmarks run: 369 transactions. */
export async function readLargeBlock(): Promise<string> {
  return (await Bun.file(new URL("benchmark/block-357238.json", LIBRARY)).json()) as string;
}

/** A tree of transactions of which a part is known (BIP-0037). Hashes are in wire order. */
export interface PartialMerkleTree {
  readonly merkleRoot: Uint8Array;
  readonly transactions: number;
  readonly hashes: readonly Uint8Array[];
  readonly flags: readonly number[];
}

/** The trees of real blocks in `merkleblocks.js`, taken from its text: the file is never run. */
export async function readMerkleBlocks(): Promise<PartialMerkleTree[]> {
  const text = await Bun.file(new URL("merkleblocks.js", FOLDER)).text();
  const objects = text
    .slice(text.indexOf("JSON: ["))
    .split(/\/\/ Mainnet (?:Filtered)?Block/)
    .slice(1);
  return objects.map((object) => ({
    merkleRoot: Uint8Array.fromHex(field(object, /merkleRoot"?\s*:\s*"([0-9a-f]{64})"/)).reverse(),
    transactions: Number(field(object, /numTransactions"?\s*:\s*(\d+)/)),
    hashes: [...field(object, /\bhashes"?\s*:\s*\[([^\]]*)\]/).matchAll(/[0-9a-f]{64}/g)].map(
      ([hex]) => Uint8Array.fromHex(hex),
    ),
    flags: [...field(object, /flags"?\s*:\s*\[([^\]]*)\]/).matchAll(/\d+/g)].map(Number),
  }));
}

function field(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`merkleblocks.js has no ${pattern}`);
  return found;
}
