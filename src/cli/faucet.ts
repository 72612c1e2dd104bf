/**
 * `cairn faucet`: coins for somebody to begin with: given away by the node on the development
 * network, from its own mining key elsewhere.
 */

import { DEVELOPMENT_NETWORK_NAME } from "../consensus/networks.ts";
import { COIN } from "../primitives/amount.ts";
import type { StatusAnswer } from "./api-answers.ts";
import { ApiClient } from "./api-client.ts";
import { defineCommand, EXIT_CODE, UsageError } from "./command.ts";
import { CONFIRM_OPTIONS } from "./confirm-payment.ts";
import { payFromMiner } from "./miner-payment.ts";
import { parseAmount } from "./parse-amount.ts";
import { formatAmount } from "./units.ts";
import type { FaucetAnswer } from "./wallet-answers.ts";
import { FEE_OPTIONS, given, MONEY_GROUP } from "./wallet-options.ts";

/** What somebody gets from a mining key if nothing else is said. */
const USUAL_AMOUNT = COIN;

export const faucetCommand = defineCommand({
  name: "faucet",
  summary: "Give somebody coins to begin with",
  group: MONEY_GROUP,
  usage: ["faucet TO [AMOUNT] [OPTIONS]"],
  description:
    "On the development network the node gives them away. On any other they come from the mining " +
    "key of the node on this machine, as with cairn send --from miner, one coin unless an amount " +
    "is given; that is shown and asked first.",
  options: { ...FEE_OPTIONS, ...CONFIRM_OPTIONS },
  maxPositionals: 2,
  examples: [
    { line: "cairn faucet alice --dev", does: "Coins for alice of the development network" },
    { line: "cairn faucet crn1q... 0.5", does: "Half a coin that this node has mined" },
  ],
  run: async (context) => {
    const { options, positionals, terminal, world } = context;
    const [to, amountText] = positionals;
    if (to === undefined) throw new UsageError("say to whom: an address, a contact or a wallet");
    const amount = amountText === undefined ? undefined : parseAmount(amountText);
    const client = new ApiClient({ options, world });
    const { value: status } = await client.get<StatusAnswer>("/api/status");
    if (status.network !== DEVELOPMENT_NETWORK_NAME) {
      await payFromMiner(context, client, [{ to, amount: amount ?? USUAL_AMOUNT }]);
      return EXIT_CODE.ok;
    }

    if (amount === "max") throw new UsageError("the faucet gives an amount, not all it has");
    const { text, value } = await client.post<FaucetAnswer>("/api/faucet", given({ to, amount }));
    if (options.json) terminal.printRaw(text);
    else {
      const { txid, address } = value;
      terminal.print(
        { text: formatAmount(value.amount), style: "green" },
        ` to ${address}: ${txid}`,
      );
    }
    return EXIT_CODE.ok;
  },
});
