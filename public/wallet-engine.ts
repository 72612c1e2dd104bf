/**
 * The door to the node's own wallet code: what of src/ runs in the page, and is the same in both.
 *
 * Heavy, and so loaded with the wallet of this page alone; tidy.ts says what may stand here, and that
 * none of it needs what a browser does not have.
 */

// biome-ignore-start lint/performance/noBarrelFile: the one door to src/, not a shortcut to files.
export { findNetwork } from "../src/consensus/networks.ts";
export { equalBytes, fromHex, toHex } from "../src/lib/bytes.ts";
export { decodeAll } from "../src/lib/codec.ts";
export {
  AddressError,
  type AddressPrefixes,
  formatAddress,
  parseAddress,
} from "../src/primitives/address.ts";
export { decodeTransaction, type Outpoint } from "../src/primitives/transaction.ts";
export { accountBelow, type KeyAccount, lendMasterKey } from "../src/wallet/account.ts";
export { type PaymentPlan, REPLACEABLE_SEQUENCE } from "../src/wallet/fund-payment.ts";
export { KeystoreError } from "../src/wallet/keystore-error.ts";
export {
  formatEncryptedWallet,
  MAX_WALLET_FILE_BYTES,
  NONCE_BYTES,
  openSecret,
  parseWallet,
  type WalletFile,
} from "../src/wallet/keystore-file.ts";
export { parseMnemonic } from "../src/wallet/mnemonic.ts";
export { encodeNewPassword, encodePassword } from "../src/wallet/password.ts";
export { PaymentError } from "../src/wallet/payment-error.ts";
export { planPayment } from "../src/wallet/payment-plan.ts";
export { deriveScryptKey, seedOf } from "../src/wallet/portable-keys.ts";
export { createPsbt } from "../src/wallet/psbt.ts";
export { PsbtError } from "../src/wallet/psbt-error.ts";
export type { Psbt } from "../src/wallet/psbt-facts.ts";
export { finalizePsbt, signPsbt } from "../src/wallet/psbt-signing.ts";
export { type DeriveKey, SALT_BYTES, SCRYPT_COST } from "../src/wallet/scrypt.ts";
export type { SpendableCoin } from "../src/wallet/spendable-coin.ts";
export { GAP_LIMIT } from "../src/wallet/wallet-addresses.ts";
export { WalletSecret } from "../src/wallet/wallet-secret.ts";
// biome-ignore-end lint/performance/noBarrelFile: as above.
