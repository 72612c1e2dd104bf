/**
 * Bitcoin's published test data, read from the development dependency `bitcore-lib`.
 *
 * Data only: that library's code is never run. Smaller sets stand in test/vectors.
 */

const FOLDER = new URL("../../node_modules/bitcore-lib/test/data/", import.meta.url);

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
