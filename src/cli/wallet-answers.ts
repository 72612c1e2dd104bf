/**
 * The shapes of the API's answers about wallets, as far as the commands print them.
 *
 * As api-answers.ts for the rest. Amounts are in sat, feerates in sat/vB, times in milliseconds
 * since 1970.
 */

/** What a wallet has, by what can be done with it. */
export interface BalanceAnswer {
  readonly total: number;
  readonly confirmed: number;
  readonly pending: number;
  readonly immature: number;
  readonly reserved: number;
  readonly spendable: number;
}

/** GET /api/wallets */
export interface WalletsAnswer {
  readonly wallets: readonly ListedWalletAnswer[];
  readonly cursor?: string | null;
}

/** A wallet in the list, or why its file cannot be one. */
export interface ListedWalletAnswer {
  readonly name: string;
  readonly kind: WalletKindAnswer | null;
  readonly account: string | null;
  readonly balance: BalanceAnswer | null;
  readonly problem: { readonly code: string; readonly detail: string } | null;
}

/** Whether a wallet asks for a password, or cannot sign at all. */
export type WalletKindAnswer = "encrypted" | "plain" | "watch";

/** GET /api/wallets/{name} */
export interface WalletAnswer {
  readonly name: string;
  readonly kind: WalletKindAnswer;
  readonly account: string;
  readonly createdAt: number;
  readonly descriptor: string;
  readonly contractKey: string | null;
  readonly balance: BalanceAnswer;
  readonly addressCount: number;
  readonly receiveAddress: string | null;
}

/** POST /api/wallets/{name}/addresses */
export interface NewAddressAnswer {
  readonly address: string;
  readonly path: string | null;
  readonly label: string | null;
}

/** GET /api/wallets/{name}/transactions */
export interface WalletHistoryAnswer {
  readonly transactions: readonly WalletTransactionAnswer[];
  readonly cursor: string | null;
}

/** What a transaction did to a wallet. */
export interface WalletTransactionAnswer {
  readonly txid: string;
  readonly status: string;
  readonly kind: string;
  readonly amount: number;
  readonly fee: number | null;
  readonly blockHeight: number | null;
  readonly confirmations: number;
  readonly timestamp: number;
  readonly counterparties: readonly { readonly address: string; readonly name: string | null }[];
  readonly label: string | null;
}

/** GET /api/wallets/{name}/utxos */
export interface WalletUtxosAnswer {
  readonly utxos: readonly WalletUtxoAnswer[];
  readonly cursor: string | null;
}

/** A coin of a wallet. */
export interface WalletUtxoAnswer {
  readonly txid: string;
  readonly vout: number;
  readonly amount: number;
  readonly address: string;
  readonly confirmations: number;
  readonly spendable: boolean;
  readonly hold: string | null;
  readonly label: string | null;
}

/** What a payment will do: all that is asked about before it is signed. */
export interface PaymentPreview {
  readonly outputs: readonly {
    readonly address: string | null;
    readonly amount: number;
    readonly role: "payment" | "change";
    readonly name: string | null;
  }[];
  readonly fee: number;
  readonly feerate: number;
  readonly virtualSize: number;
  readonly droppedChange: number;
  readonly ancestorFee: number;
  readonly replaces: string | null;
  readonly leaving: number;
}

/** A payment of POST /api/wallets/{name}/payments. */
export interface PaymentAnswer extends PaymentPreview {
  readonly id: string;
  readonly state: "open" | "sent" | "failed" | "cancelled" | "expired";
  readonly kind: string;
  readonly digest: string;
  readonly psbt: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly txid: string | null;
}

/** GET /api/wallets/{name}/payments */
export interface PaymentsAnswer {
  readonly payments: readonly PaymentAnswer[];
  readonly cursor: string | null;
}

/** POST /api/wallets/{name}/psbt, and /sign of a contract. */
export interface SignedPsbtAnswer {
  readonly psbt: string;
  readonly added: number;
  readonly complete: boolean;
  readonly missing?: readonly string[];
}

/** POST /api/psbt/combine */
export interface CombinedPsbtAnswer {
  readonly psbt: string;
  readonly complete: boolean;
}

/** POST /api/psbt/finalize, and /finish of a contract. */
export interface FinalTransactionAnswer {
  readonly hex: string;
  readonly txid: string;
  readonly submitted: boolean;
}

/** POST /api/psbt/decode */
export interface DecodedPsbtAnswer {
  readonly inputs: readonly {
    readonly txid: string;
    readonly vout: number;
    readonly amount: number | null;
    readonly address: string | null;
  }[];
  readonly outputs: readonly {
    readonly address: string | null;
    readonly amount: number;
  }[];
  readonly fee: number | null;
  readonly feeVerified: boolean;
  readonly complete: boolean;
}

/** GET /api/contacts */
export interface ContactsAnswer {
  readonly contacts: readonly ContactAnswer[];
}

/** A name for an address. */
export interface ContactAnswer {
  readonly name: string;
  readonly address: string;
  readonly note: string | null;
}

/** GET /api/contracts/templates */
export interface ContractTemplatesAnswer {
  readonly templates: readonly {
    readonly name: string;
    readonly summary: string;
    readonly parameters: unknown;
  }[];
}

/** POST /api/wallets/{name}/contract-keys */
export interface ContractKeyAnswer {
  readonly publicKey: string;
  readonly path: string;
}

/** GET /api/wallets/{name}/contracts */
export interface ContractsAnswer {
  readonly contracts: readonly ContractAnswer[];
}

/** A contract that a wallet is a party of. */
export interface ContractAnswer {
  readonly address: string;
  readonly template: string;
  readonly label: string | null;
  readonly words: readonly string[];
  readonly descriptor: string;
  readonly balance: number | BalanceAnswer;
  readonly branches: readonly {
    readonly name: string;
    readonly threshold: number;
    readonly keys: readonly {
      readonly role: string;
      readonly name: string | null;
      readonly publicKey: string;
      readonly mine: boolean;
    }[];
    readonly canSpendNow: boolean;
    readonly missing: readonly string[];
  }[];
}

/** POST /api/wallets/{name}/contracts/{address}/spend */
export interface ContractSpendAnswer {
  readonly psbt: string;
  readonly complete: boolean;
  readonly missing: readonly string[];
  readonly fee: number;
}

/** POST /api/faucet */
export interface FaucetAnswer {
  readonly txid: string;
  readonly amount: number;
  readonly address: string;
}

/** GET /api/fees */
export interface FeesAnswer {
  readonly minFeerate: number;
  readonly estimates: readonly { readonly blocks: number; readonly feerate: number }[];
}

/** GET /api/addresses/{address}/utxos */
export interface AddressUtxosAnswer {
  readonly utxos: readonly {
    readonly txid: string;
    readonly vout: number;
    readonly amount: number;
    readonly height: number | null;
    readonly spendable: boolean;
  }[];
  readonly cursor: string | null;
}
