/**
 * Shapes of wallets: themselves, their addresses, coins, history and labels.
 *
 * Shapes only: where the figures come from is in view-wallet.ts. Payments are in
 * wallet-payment-schemas.ts.
 */

import { type Static, Type } from "@sinclair/typebox";
import { MAX_LABEL_LENGTH } from "../storage/label-store.ts";
import { MAX_ID_LENGTH } from "../storage/wallet-store-error.ts";
import { MAX_SESSION_SECONDS } from "../wallet/unlock-sessions.ts";
import { MAX_PASSPHRASE_BYTES } from "../wallet/wallet-secret.ts";
import {
  Amount,
  Count,
  Cursor,
  exact,
  Hash,
  MAX_LIST_LIMIT,
  Milliseconds,
  oneOf,
  orNull,
} from "./schemas.ts";
import { Password } from "./wallet-request.ts";

/** Sats that a session may spend unless it is told otherwise: 100 coins. */
export const DEFAULT_UNLOCK_LIMIT = 10_000_000_000;

/** Sats of all that there could ever be. */
const MAX_SATS = Number.MAX_SAFE_INTEGER;

/** Characters of a descriptor or key to watch. */
const MAX_WATCHED_LENGTH = 500;

/** Characters of a mnemonic; 24 words need fewer. */
const MAX_MNEMONIC_LENGTH = 1_000;

const MAX_ACCOUNT_INDEX = 2 ** 31 - 1;

const AccountKindSchema = oneOf(["wpkh", "tr", "pkh"], {
  description: "Kind of addresses: wpkh (BIP-0084), tr (BIP-0086) or pkh (BIP-0044).",
});

export const NewWalletBody = exact({
  name: Type.String({ description: "1 to 32 of a-z 0-9 _ -, not first _ or -." }),
  password: Type.Optional(Password),
  mnemonic: Type.Optional(
    Type.String({
      maxLength: MAX_MNEMONIC_LENGTH,
      description: "12 to 24 words (BIP-0039). Without them the wallet is new, of chance.",
    }),
  ),
  passphrase: Type.Optional(
    Type.String({ maxLength: MAX_PASSPHRASE_BYTES, description: "BIP-0039's: another wallet." }),
  ),
  account: Type.Optional(AccountKindSchema),
  accountIndex: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_ACCOUNT_INDEX })),
  watch: Type.Optional(
    Type.String({
      maxLength: MAX_WATCHED_LENGTH,
      description: "Descriptor, account key or address to watch, in place of all of the above.",
    }),
  ),
});

export const Balance = exact(
  {
    total: Type.Integer({ minimum: 0, description: "Sats owned if all that waits is confirmed." }),
    confirmed: Type.Integer({ minimum: 0, description: "Sats in confirmed coins." }),
    pending: Type.Integer({ description: "Sats that the mempool adds, less what it spends." }),
    immature: Type.Integer({ minimum: 0, description: "Sats mined and not spendable yet." }),
    reserved: Type.Integer({ minimum: 0, description: "Sats held for prepared payments." }),
    spendable: Type.Integer({ description: "Sats that a payment may spend now." }),
  },
  { title: "Balance" },
);

const WalletKindSchema = oneOf(["encrypted", "plain", "watch"], {
  description: "With a password, without one (on a development network), or without keys.",
});
const ShownAccount = oneOf(["wpkh", "tr", "pkh", "addr"]);

export const WalletView = exact(
  {
    name: Type.String(),
    kind: WalletKindSchema,
    account: ShownAccount,
    createdAt: Milliseconds,
    descriptor: Type.String({ description: "All that is needed to watch it elsewhere." }),
    contractKey: orNull(Type.String({ description: "The key that it brings to contracts." })),
    balance: Balance,
    addressCount: Count,
    receiveAddress: Type.String({ description: "As POST .../addresses would give it." }),
  },
  { title: "Wallet" },
);
export type WalletViewType = Static<typeof WalletView>;

export const ListedWalletView = exact(
  {
    name: Type.String(),
    kind: orNull(WalletKindSchema),
    account: orNull(ShownAccount),
    createdAt: orNull(Milliseconds),
    balance: orNull(Balance),
    problem: orNull(exact({ code: Type.String(), detail: Type.String() })),
  },
  { title: "ListedWallet" },
);
export type ListedWalletViewType = Static<typeof ListedWalletView>;

export const WalletPage = exact({ wallets: Type.Array(ListedWalletView), cursor: Cursor });

export const PasswordBody = exact({ password: Password, newPassword: Password });

export const UnlockBody = exact({
  password: Password,
  seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_SESSION_SECONDS })),
  limit: Type.Optional(
    Type.Integer({ minimum: 0, maximum: MAX_SATS, description: "Sats, fees included." }),
  ),
});

export const Unlocked = exact({
  session: Type.String({
    pattern: "^[0-9a-f]{64}$",
    description: "The only copy. Keep it secret.",
  }),
  expiresAt: Milliseconds,
  limit: Amount,
});

export const Removed = exact({ removed: Type.Boolean() });
export const Changed = exact({ changed: Type.Boolean() });
export const Locked = exact({ locked: Type.Boolean() });

const Label = orNull(Type.String());
const Path = orNull(Type.String({ description: "Null where the way to the key is unknown." }));
const BranchName = oneOf(["receive", "change"]);

export const AddressQuery = exact({
  branch: Type.Optional(
    oneOf(["receive", "change"], {
      description: "Only those to be paid at, or only those for change.",
    }),
  ),
  limit: Type.Integer({ minimum: 1, maximum: MAX_LIST_LIMIT, default: MAX_LIST_LIMIT }),
  cursor: Type.Optional(Type.String({ maxLength: 64, description: "From the page before." })),
});

export const OwnAddress = exact(
  {
    address: Type.String(),
    path: Path,
    branch: BranchName,
    index: Count,
    used: Type.Boolean({ description: "True if it was ever paid." }),
    handedOut: Type.Boolean({ description: "True if it was paid or shown to somebody." }),
    balance: Type.Integer({ minimum: 0, description: "Sats in confirmed coins." }),
    transactionCount: Count,
    label: Label,
  },
  { title: "OwnAddress" },
);
export type OwnAddressView = Static<typeof OwnAddress>;

export const OwnAddressPage = exact({ addresses: Type.Array(OwnAddress), cursor: Cursor });

export const NewAddressBody = exact({
  new: Type.Optional(Type.Boolean({ description: "True for another, though the last one waits." })),
  label: Type.Optional(Type.String({ maxLength: MAX_LABEL_LENGTH })),
});

export const ReceiveAddress = exact({
  address: Type.String(),
  path: Path,
  branch: BranchName,
  index: Count,
  label: Label,
});
export type ReceiveAddressView = Static<typeof ReceiveAddress>;

export const OwnTransaction = exact(
  {
    txid: Hash,
    status: oneOf(["pending", "confirmed", "conflicted", "orphaned", "dropped"]),
    kind: oneOf(["received", "sent", "self", "mined"]),
    amount: Type.Integer({ description: "Sats received, less sats sent." }),
    fee: orNull(Amount),
    balance: orNull(Type.Integer({ description: "Confirmed sats after it." })),
    blockHeight: orNull(Count),
    confirmations: Count,
    timestamp: Milliseconds,
    counterparties: Type.Array(exact({ address: Type.String(), name: orNull(Type.String()) })),
    conflictsWith: orNull(Hash),
    label: Label,
  },
  { title: "OwnTransaction" },
);
export type OwnTransactionView = Static<typeof OwnTransaction>;

export const OwnTransactionPage = exact({
  transactions: Type.Array(OwnTransaction),
  cursor: Cursor,
});

export const OwnUtxo = exact(
  {
    txid: Hash,
    vout: Count,
    amount: Amount,
    address: Type.String(),
    path: Path,
    blockHeight: orNull(Count),
    confirmations: Count,
    coinbase: Type.Boolean(),
    spendable: Type.Boolean(),
    hold: orNull(oneOf(["immature", "spent", "reserved", "unconfirmed"])),
    label: Label,
  },
  { title: "OwnUtxo" },
);
export type OwnUtxoView = Static<typeof OwnUtxo>;

export const OwnUtxoPage = exact({ utxos: Type.Array(OwnUtxo), cursor: Cursor });

export const LabelBody = exact(
  {
    type: oneOf(["addr", "tx", "output"]),
    ref: Type.String({
      maxLength: MAX_ID_LENGTH,
      description: "An address, a txid, or a txid and an index with a colon between.",
    }),
    label: Type.String({ maxLength: MAX_LABEL_LENGTH, description: "Empty to take it away." }),
  },
  { title: "Label" },
);

export const LabelPage = exact({ labels: Type.Array(LabelBody), cursor: Cursor });
