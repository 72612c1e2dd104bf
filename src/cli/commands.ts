/**
 * The list of all commands, in the order in which help shows them.
 *
 * A new command is one file and one line here.
 */

import { banCommand, unbanCommand } from "./ban.ts";
import { blockCommand } from "./block.ts";
import { chainCommand } from "./chain.ts";
import type { Command, CommandFamily } from "./command.ts";
import { connectCommand, disconnectCommand } from "./connect.ts";
import { contactCommand, contactsCommand } from "./contact.ts";
import { exportCommand } from "./export.ts";
import { faucetCommand } from "./faucet.ts";
import { importCommand } from "./import.ts";
import { mempoolCommand } from "./mempool.ts";
import { mineCommand } from "./mine.ts";
import { nodesCommand } from "./nodes.ts";
import { peersCommand } from "./peers.ts";
import { sendCommand } from "./send.ts";
import { startCommand } from "./start.ts";
import { statusCommand } from "./status.ts";
import { txCommand } from "./tx.ts";
import { verifyCommand } from "./verify.ts";
import { walletAddressCommand } from "./wallet-address.ts";
import { walletAbandonCommand, walletBumpCommand, walletChildCommand } from "./wallet-bump.ts";
import { walletContractCommand } from "./wallet-contract.ts";
import { walletCreateCommand } from "./wallet-create.ts";
import { walletHistoryCommand } from "./wallet-history.ts";
import { walletLabelCommand } from "./wallet-label.ts";
import { walletListCommand } from "./wallet-list.ts";
import { MONEY_GROUP } from "./wallet-options.ts";
import { walletPasswordCommand } from "./wallet-password.ts";
import { walletPaymentsCommand } from "./wallet-payments.ts";
import { walletPsbtCommand } from "./wallet-psbt.ts";
import { walletRemoveCommand } from "./wallet-remove.ts";
import { walletRestoreCommand } from "./wallet-restore.ts";
import { walletBalanceCommand, walletShowCommand } from "./wallet-show.ts";
import { walletSignCommand, walletVerifyCommand } from "./wallet-sign.ts";
import { walletUtxosCommand } from "./wallet-utxos.ts";
import { walletWatchCommand } from "./wallet-watch.ts";
import { walletWordsCommand } from "./wallet-words.ts";

/** Families of commands; the overview shows each as one. */
export const FAMILIES: readonly CommandFamily[] = [
  { name: "wallet", summary: "Wallets: make, see, sign, and all else", group: MONEY_GROUP },
];

/** Every command of `cairn`. */
export const COMMANDS: readonly Command[] = [
  startCommand,
  mineCommand,
  statusCommand,
  chainCommand,
  blockCommand,
  txCommand,
  mempoolCommand,
  walletCreateCommand,
  walletRestoreCommand,
  walletWatchCommand,
  walletListCommand,
  walletShowCommand,
  walletAddressCommand,
  walletBalanceCommand,
  walletHistoryCommand,
  walletUtxosCommand,
  walletPaymentsCommand,
  walletLabelCommand,
  walletBumpCommand,
  walletAbandonCommand,
  walletChildCommand,
  walletSignCommand,
  walletVerifyCommand,
  walletPsbtCommand,
  walletContractCommand,
  walletWordsCommand,
  walletPasswordCommand,
  walletRemoveCommand,
  sendCommand,
  faucetCommand,
  contactsCommand,
  contactCommand,
  peersCommand,
  nodesCommand,
  connectCommand,
  disconnectCommand,
  banCommand,
  unbanCommand,
  verifyCommand,
  exportCommand,
  importCommand,
];
