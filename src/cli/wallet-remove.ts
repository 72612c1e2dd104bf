/**
 * `cairn wallet remove`: takes a wallet out of the node.
 *
 * Its file goes to the trash; nothing is deleted.
 */

import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { askYes, YES_OPTIONS } from "./ask-yes.ts";
import { CommandError, defineCommand, EXIT_CODE } from "./command.ts";
import { listWallets } from "./list-wallets.ts";
import { formatAmount } from "./units.ts";
import { takeArguments } from "./verbs.ts";
import { MONEY_GROUP, walletPath } from "./wallet-options.ts";

export const walletRemoveCommand = defineCommand({
  name: "wallet remove",
  summary: "Take a wallet out of the node",
  group: MONEY_GROUP,
  usage: ["wallet remove NAME [OPTIONS]"],
  description:
    "Moves the wallet's file into the folder trash/ beside the others, from where it can be brought " +
    "back by hand. The coins stay where they are; the words restore the wallet too.",
  options: { ...YES_OPTIONS, ...CLIENT_OPTIONS },
  maxPositionals: 1,
  examples: [{ line: "cairn wallet remove alice", does: "Asks, then removes alice" }],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    const path = walletPath(name);
    const client = new ApiClient({ options, world });
    // By the list, since one that cannot be read can still be removed.
    const { value } = await listWallets(client);
    const wallet = value.find((each) => each.name === name);
    if (wallet === undefined) throw new CommandError(`there is no wallet ${name}`);
    const has = wallet.balance === null ? "" : ` It has ${formatAmount(wallet.balance.total)}.`;
    if (!options.yes && !(await askYes(world, `Remove wallet ${name}?${has}`))) {
      throw new CommandError("nothing was removed");
    }
    const { text } = await client.delete(path);
    if (options.json) terminal.printRaw(text);
    else terminal.print(`Wallet ${name} is in the trash`);
    return EXIT_CODE.ok;
  },
});
