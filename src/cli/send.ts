/**
 * `cairn send`: pays somebody from a wallet of the node, or from its mining key.
 *
 * Nothing leaves before it was shown and agreed to.
 */

import { listOf, setting, textLike, type ValuesOf } from "../node/settings.ts";
import { MINER_NAME, WALLET_NAME_PATTERN } from "../wallet/keystore-file.ts";
import { ApiClient } from "./api-client.ts";
import { defineCommand, EXIT_CODE, flagOnly, UsageError } from "./command.ts";
import { CONFIRM_OPTIONS, confirmPayment } from "./confirm-payment.ts";
import { listWallets } from "./list-wallets.ts";
import { payFromMiner } from "./miner-payment.ts";
import { MAX_RECIPIENT_ARGUMENTS, readRecipients, type TypedRecipient } from "./read-recipients.ts";
import type { PaymentAnswer } from "./wallet-answers.ts";
import {
  CLIENT_ID_OPTIONS,
  FEE_OPTIONS,
  feeWish,
  given,
  LABEL_OPTIONS,
  MONEY_GROUP,
  switchOption,
  WALLET_GROUP,
  walletPath,
} from "./wallet-options.ts";

/** What a payment from a wallet can be asked to be; the mining key knows the first of them alone. */
export const PAYMENT_OPTIONS = {
  subtractFee: switchOption("Fee", "Take the fee from what is paid"),
  coin: flagOnly(
    setting<readonly string[]>({
      kind: listOf(textLike(/^[0-9a-f]{64}:\d{1,10}$/i, "TXID:VOUT of a coin", "TXID:VOUT")),
      group: WALLET_GROUP,
      help: "Spend this coin, and none that is not named so",
      default: [],
      defaultText: "what suits best",
    }),
  ),
  unconfirmed: switchOption(WALLET_GROUP, "Spend what others sent and no block has yet"),
  ...FEE_OPTIONS,
  ...CLIENT_ID_OPTIONS,
} as const;

export const sendCommand = defineCommand({
  name: "send",
  summary: "Pay somebody",
  group: MONEY_GROUP,
  usage: ["send TO AMOUNT [TO AMOUNT ...] [OPTIONS]"],
  description:
    "TO is an address, or the name of a contact or wallet. AMOUNT is in coins (1.5), in sat " +
    "(1500sat), or max for all there is. Shows what will be paid and what it costs, asks, and then " +
    "asks for the wallet's password. With --from miner it pays from the node's own mining key, " +
    "whose file in the data folder of this machine is all that is needed.",
  options: {
    from: flagOnly(
      setting<string | undefined>({
        kind: textLike(WALLET_NAME_PATTERN, "a wallet's name, or miner", "NAME"),
        group: WALLET_GROUP,
        help: "Wallet that pays, or miner: the node's own mining key",
        default: undefined,
        defaultText: "the only wallet there is",
      }),
    ),
    ...LABEL_OPTIONS,
    ...PAYMENT_OPTIONS,
    ...CONFIRM_OPTIONS,
  },
  maxPositionals: MAX_RECIPIENT_ARGUMENTS,
  examples: [
    { line: "cairn send bob 1.5 --from alice", does: "1.5 coins to the contact bob" },
    { line: "cairn send crn1q... max --from alice", does: "All that alice has" },
    { line: "cairn send alice 20 --from miner", does: "Mined coins into a wallet" },
  ],
  run: async (context) => {
    const { options, positionals, world } = context;
    const recipients = readRecipients(positionals);
    const client = new ApiClient({ options, world });
    const from = options.from ?? (await findOnlyWallet(client));
    if (from === MINER_NAME) {
      const { coin, unconfirmed, clientId, label } = options;
      if (coin.length > 0 || unconfirmed || clientId !== undefined || label !== undefined) {
        throw new UsageError(
          "--coin, --unconfirmed, --client-id and --label are for wallets, not for the mining key",
        );
      }
      await payFromMiner(context, client, recipients);
      return EXIT_CODE.ok;
    }
    const prepared = await preparePayment(client, from, recipients, options);
    const txid = await confirmPayment(context, client, from, prepared);
    if (options.label !== undefined) {
      const label = { type: "tx", ref: txid, label: options.label };
      await client.put(walletPath(from, "labels"), label);
    }
    return EXIT_CODE.ok;
  },
});

/** Has wallet `name` plan a payment; extra fields of the request are in `more`. */
export async function preparePayment(
  client: ApiClient,
  name: string,
  recipients: readonly TypedRecipient[],
  options: ValuesOf<typeof PAYMENT_OPTIONS>,
  more: Readonly<Record<string, number>> = {},
) {
  const { coin, unconfirmed, clientId, subtractFee } = options;
  return await client.post<PaymentAnswer>(
    walletPath(name, "payments"),
    given({
      recipients: recipients.map(({ to, amount }) => ({ to, amount })),
      ...feeWish(options),
      ...(subtractFee && { subtractFeeFrom: [...recipients.keys()] }),
      ...(coin.length > 0 && { coins: coin.map(readOutpoint) }),
      ...(unconfirmed && { allowUnconfirmed: true }),
      clientId,
      ...more,
    }),
  );
}

async function findOnlyWallet(client: ApiClient): Promise<string> {
  const { value } = await listWallets(client);
  const names = value.map(({ name }) => name);
  const [only, another] = names;
  if (only !== undefined && another === undefined) return only;
  throw new UsageError(
    only === undefined
      ? "there is no wallet to pay from; --from miner pays from the node's mining key"
      : `say who pays with --from: ${names.slice(0, 20).join(", ")}`,
  );
}

function readOutpoint(text: string): { readonly txid: string; readonly vout: number } {
  const [txid = "", vout] = text.toLowerCase().split(":");
  return { txid, vout: Number(vout) };
}
