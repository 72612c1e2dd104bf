/**
 * `cairn wallet list`: the wallets of a node, one a line.
 *
 * One that cannot be read is there too, with the reason.
 */

import { formatCoins } from "../primitives/amount.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import { listWallets } from "./list-wallets.ts";
import { MONEY_GROUP } from "./wallet-options.ts";

export const walletListCommand = defineCommand({
  name: "wallet list",
  summary: "All wallets of a node",
  group: MONEY_GROUP,
  usage: ["wallet list [OPTIONS]"],
  description: "Lists the wallets by name, with what they have, and those that cannot be read.",
  options: CLIENT_OPTIONS,
  maxPositionals: 0,
  examples: [{ line: "cairn wallet list", does: "Those of the node on this machine" }],
  run: async ({ options, terminal, world }) => {
    const client = new ApiClient({ options, world });
    const { text, value } = await listWallets(client);
    if (options.json) {
      terminal.printRaw(text);
    } else if (value.length === 0) {
      terminal.print("There is no wallet yet; make one with: cairn wallet create NAME");
    } else {
      terminal.printTable(
        [
          { title: "name" },
          { title: "coins", align: "right" },
          { title: "spendable", align: "right" },
          { title: "kind" },
          { title: "account" },
          { title: "" },
        ],
        value.map(({ name, balance, kind, account, problem }) => [
          { text: name, style: "bold" },
          balance === null ? "" : formatCoins(balance.total),
          balance === null ? "" : formatCoins(balance.spendable),
          kind ?? "",
          account ?? "",
          problem === null ? "" : { text: `${problem.detail} (${problem.code})`, style: "red" },
        ]),
      );
    }
    return EXIT_CODE.ok;
  },
});
