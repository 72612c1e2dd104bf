/**
 * A process that makes drafts and marks them sent, for tests that kill it meanwhile.
 *
 * Tells of each step only after the store has returned: whatever was told must be in the file.
 */

import type { Txid } from "../../src/primitives/hash-id.ts";
import { WalletStore } from "../../src/storage/wallet-store.ts";

const [path, wallet] = process.argv.slice(2);
if (path === undefined || wallet === undefined) throw new Error("usage: FILE WALLET");

const store = new WalletStore(path, { network: "regtest", genesis: "00" });
for (let number = 0; ; number++) {
  const id = `draft-${number}`;
  const txid = number.toString(16).padStart(64, "0") as Txid;
  store.drafts.createDraft(
    {
      id,
      wallet,
      clientId: `client-${number}`,
      requestHash: "hash",
      psbt: new Uint8Array(200),
      facts: "{}",
      createdAt: number,
      expiresAt: number + 1,
    },
    [{ txid, vout: 0 }],
  );
  console.log(`made ${id}`);
  store.drafts.markSent(id, txid, Uint8Array.of(1, 2, 3));
  console.log(`sent ${id}`);
}
